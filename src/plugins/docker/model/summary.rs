//! The whole fleet's containers in a few numbers, for the overview.

use super::{ContainerId, ContainerState, Health};
use crate::{
    core::{id::UnixMillis, live::model::RowKey},
    plugins::machines::model::MachineId,
};
use serde::{Deserialize, Serialize};

/// Topic of the summary; one shard (`fleet`) with one row, a [`FleetSummary`], at most once a second.
pub const TOPIC_SUMMARY: &str = "docker.summary";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FleetSummary {
    pub containers: u32,
    /// How many are in each state; states that none is in are left out.
    pub states: Vec<(ContainerState, u32)>,
    /// The same for running containers that have a health check.
    pub healths: Vec<(Health, u32)>,
    /// The busiest first; `value` is a ratio of one core.
    pub top_cpu: Vec<Consumer>,
    /// The largest first; `value` is in bytes.
    pub top_memory: Vec<Consumer>,
    /// The worst first.
    pub attention: Vec<Attention>,
    /// How many more need attention.
    pub more: u32,
}

impl RowKey for FleetSummary {
    fn shard_id(&self) -> String {
        "fleet".to_owned()
    }
    fn row_id(&self) -> String {
        "fleet".to_owned()
    }
}

/// A container that takes much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Consumer {
    pub machine: MachineId,
    pub machine_name: String,
    pub id: ContainerId,
    pub name: String,
    pub value: f64,
}

/// A container that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attention {
    pub machine: MachineId,
    pub machine_name: String,
    pub id: ContainerId,
    pub name: String,
    pub trouble: Trouble,
    pub since: Option<UnixMillis>,
}

/// What is wrong with it, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// It ends and is started again: so often in the last five minutes (0: the engine waits to start it).
    RestartLoop {
        starts: u32,
    },
    Unhealthy,
    Dead,
    /// It ended by itself or was killed, in the last day.
    Exited {
        code: i64,
    },
}
