//! Followed logs.

use super::ContainerId;
use crate::{core::lines::LogLine, plugins::machines::model::MachineId};
use serde::{Deserialize, Serialize};

/// Topic of followed logs; the shard is [`log_shard`]. A log is followed on its host while somebody
/// subscribes to its shard by name, and not longer.
pub const TOPIC_LOGS: &str = "docker.logs";

/// The shard of one container's log.
pub fn log_shard(machine: MachineId, id: &ContainerId) -> String {
    format!("{machine}/{id}")
}

/// How it stands with the following of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogState {
    /// The engine is asked.
    #[default]
    Opening,
    /// Lines come as they are written.
    Following,
    /// The container does not run; the log goes on when it is started.
    Waiting,
    /// It is tried again; the reason in a sentence.
    Broken(String),
    /// The container was removed.
    Gone,
}

/// What travels on [`TOPIC_LOGS`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogEvent {
    /// The newest lines that the server holds. `follow` names this following: line numbers of another one
    /// do not compare.
    Snapshot {
        follow: u32,
        state: LogState,
        lines: Vec<LogLine>,
    },
    /// New lines. A hole in their numbers is what was left out because too much was written at once.
    Lines {
        lines: Vec<LogLine>,
    },
    State(LogState),
}
