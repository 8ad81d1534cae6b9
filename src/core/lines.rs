//! Lines of text output, as a log view takes them.

use serde::{Deserialize, Serialize};

/// Where a program wrote a line to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LogStream {
    #[default]
    #[serde(rename = "out")]
    Stdout,
    #[serde(rename = "err")]
    Stderr,
}

/// One line of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Counts up by one from line to line: a hole says how many lines were left out.
    pub n: u64,
    /// When it was written, in nanoseconds since 1970; `None` where nobody knows.
    pub at_nanos: Option<i64>,
    #[serde(default)]
    pub stream: LogStream,
    /// Without its line break. It may hold ANSI sequences, and no other control character than tabs.
    pub text: String,
    /// Bytes that were left out at the line's end, because it was too long.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cut_bytes: u64,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}
