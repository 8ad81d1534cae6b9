//! What is measured on a machine. Numbers travel on a topic of their own, apart from the machine's state.

use super::MachineId;
use crate::core::{id::UnixMillis, live::model::RowKey};
use serde::{Deserialize, Serialize};

/// Topic of the machines' newest readings; the shard is the machine's id, the one row a [`HostNumbers`].
pub const TOPIC_NUMBERS: &str = "machines.numbers";

/// How long the server keeps readings in memory.
pub const HISTORY_MILLIS: i64 = 3_600_000;

/// Names of the series of a machine's history, in their order (see [`HostNumbers::values`]).
pub const HOST_SERIES: [&str; 9] = [
    "cpu_ratio",
    "memory_used_bytes",
    "swap_used_bytes",
    "load_1",
    "disk_used_ratio",
    "disk_read_bytes_per_second",
    "disk_written_bytes_per_second",
    "network_received_bytes_per_second",
    "network_sent_bytes_per_second",
];

/// One mounted file system of a real device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiskSpace {
    pub mount: String,
    pub device: String,
    pub used_bytes: i64,
    /// What an ordinary user can use: used and available together, as `df` counts its percentage.
    pub total_bytes: i64,
}

impl DiskSpace {
    /// The used part, 0 to 1; `None` for a file system without space of its own.
    pub fn used_ratio(&self) -> Option<f64> {
        (self.total_bytes > 0).then(|| self.used_bytes as f64 / self.total_bytes as f64)
    }
}

/// One reading of a machine. What needs two readings is `None` in the first, and after a counter went back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostNumbers {
    pub machine: MachineId,
    /// When the server took it, by the server's clock.
    pub at: UnixMillis,
    /// Of all cores together, 0 to 1.
    pub cpu_ratio: Option<f64>,
    /// Of each core, 0 to 1.
    pub core_ratios: Vec<f64>,
    pub load_1: f64,
    pub load_5: f64,
    pub load_15: f64,
    /// Total less available, as `free` counts it.
    pub memory_used_bytes: i64,
    pub memory_total_bytes: i64,
    pub swap_used_bytes: i64,
    pub swap_total_bytes: i64,
    /// By mount point; read once a minute.
    pub disks: Vec<DiskSpace>,
    /// Of whole disks, partitions not counted again.
    pub disk_read_bytes_per_second: Option<f64>,
    pub disk_written_bytes_per_second: Option<f64>,
    /// Of physical interfaces: no loopback, bridge or veth.
    pub network_received_bytes_per_second: Option<f64>,
    pub network_sent_bytes_per_second: Option<f64>,
    pub uptime_seconds: i64,
}

impl HostNumbers {
    /// The fullest disk's used part, 0 to 1.
    pub fn disk_used_ratio(&self) -> Option<f64> {
        self.disks.iter().filter_map(DiskSpace::used_ratio).reduce(f64::max)
    }
    pub fn memory_used_ratio(&self) -> Option<f64> {
        (self.memory_total_bytes > 0).then(|| self.memory_used_bytes as f64 / self.memory_total_bytes as f64)
    }
    /// One value per name of [`HOST_SERIES`].
    pub fn values(&self) -> [Option<f64>; HOST_SERIES.len()] {
        [
            self.cpu_ratio,
            Some(self.memory_used_bytes as f64),
            Some(self.swap_used_bytes as f64),
            Some(self.load_1),
            self.disk_used_ratio(),
            self.disk_read_bytes_per_second,
            self.disk_written_bytes_per_second,
            self.network_received_bytes_per_second,
            self.network_sent_bytes_per_second,
        ]
    }
}

impl RowKey for HostNumbers {
    fn shard_id(&self) -> String {
        self.machine.to_string()
    }
    fn row_id(&self) -> String {
        self.machine.to_string()
    }
}

/// What a machine is; read at each connect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFacts {
    /// `Debian GNU/Linux 12 (bookworm)`
    pub os: String,
    /// `6.1.0-18-amd64`
    pub kernel: String,
    /// `x86_64`
    pub architecture: String,
    pub hostname: String,
    pub cpu_model: String,
    pub cpu_count: u32,
    pub memory_total_bytes: i64,
    /// The host's clock less the server's, as far as the round trip lets it be known.
    pub clock_offset_millis: i64,
}
