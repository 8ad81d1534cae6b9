//! What runs on the host: one `sh` that answers each line it is sent and ends when its input does.
//!
//! It never sleeps, leaves nothing behind and starts one `grep` per reading: the shell's own patterns find the
//! files of all containers, in whichever layout of control groups the host has. It runs in dash, bash and busybox.

use super::talk::Talk;
use crate::{error::AppResult, plugins::machines::service::channel::Channel};

/// Constant: nothing of a machine's fields, and nothing that a host said, is ever written into it.
///
/// `$0` is the mark that ends an answer; `$1`, `$2` and `$3` are where /proc, the control groups and /sys are.
/// A request is a number and a letter. The list of processes whose network is read (one per container) is made by
/// `p` and kept until the next one.
const SCRIPT: &str = include_str!("collect.sh");

/// What the script can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Nothing but the answer's mark.
    Beat,
    /// All numbers.
    Read,
    /// First which process of each container comes first, then all numbers.
    ReadAnew,
    /// Mounted file systems, and what has a device behind it.
    Devices,
    /// What the host is.
    Facts,
}

impl Request {
    pub(super) fn letter(self) -> &'static str {
        match self {
            Self::Beat => "",
            Self::Read => "r",
            Self::ReadAnew => "p",
            Self::Devices => "d",
            Self::Facts => "f",
        }
    }
}

/// The program and its arguments, for answers that end with `mark`.
pub fn argv(mark: &str) -> [&str; 7] {
    ["sh", "-c", SCRIPT, mark, "/proc", "/sys/fs/cgroup", "/sys"]
}

/// A conversation with the script on this host.
pub fn local() -> AppResult<Talk> {
    let mark = super::talk::mark();
    Ok(Talk::new(Channel::local(&argv(&mark))?, mark))
}

#[cfg(test)]
#[path = "script_test.rs"]
mod tests;
