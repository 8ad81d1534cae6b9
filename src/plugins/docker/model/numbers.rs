//! What is measured of a container. Numbers travel on a topic of their own, apart from the container's state.

use super::ContainerId;
use crate::{
    core::{id::UnixMillis, live::model::RowKey},
    plugins::machines::model::MachineId,
};
use serde::{Deserialize, Serialize};

/// Topic of the containers' newest readings; the shard is the machine's id, the rows are [`ContainerNumbers`].
pub const TOPIC_CONTAINER_NUMBERS: &str = "docker.numbers";

/// Names of the series of a container's history, in their order (see [`ContainerNumbers::values`]).
pub const CONTAINER_SERIES: [&str; 7] = [
    "cpu_ratio",
    "memory_used_bytes",
    "network_received_bytes_per_second",
    "network_sent_bytes_per_second",
    "block_read_bytes_per_second",
    "block_written_bytes_per_second",
    "pids",
];

/// One reading of a running container. What needs two readings is `None` in the first, and after a reset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContainerNumbers {
    pub machine: MachineId,
    pub id: ContainerId,
    pub at: UnixMillis,
    /// Of one core: 2 means two cores busy, as `docker stats` counts its percentage.
    pub cpu_ratio: Option<f64>,
    /// Without the page cache that could be dropped, as `docker stats` counts it.
    pub memory_used_bytes: i64,
    /// The limit, or the host's memory where none is set.
    pub memory_limit_bytes: i64,
    /// `None` also where the container uses the host's network.
    pub network_received_bytes_per_second: Option<f64>,
    pub network_sent_bytes_per_second: Option<f64>,
    pub block_read_bytes_per_second: Option<f64>,
    pub block_written_bytes_per_second: Option<f64>,
    pub pids: i64,
}

impl ContainerNumbers {
    /// One value per name of [`CONTAINER_SERIES`].
    pub fn values(&self) -> [Option<f64>; CONTAINER_SERIES.len()] {
        [
            self.cpu_ratio,
            Some(self.memory_used_bytes as f64),
            self.network_received_bytes_per_second,
            self.network_sent_bytes_per_second,
            self.block_read_bytes_per_second,
            self.block_written_bytes_per_second,
            Some(self.pids as f64),
        ]
    }
}

impl RowKey for ContainerNumbers {
    fn shard_id(&self) -> String {
        self.machine.to_string()
    }
    fn row_id(&self) -> String {
        self.id.to_string()
    }
}
