//! One container in detail, as its page shows it. Texts are cut and hold no control characters, lists have
//! an end, and the values of environment variables are not there at all.

use super::Port;
use crate::core::id::UnixMillis;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerDetails {
    pub state: StateDetails,
    pub health: Option<HealthDetails>,
    pub image: ImageDetails,
    pub process: ProcessDetails,
    pub limits: Limits,
    pub security: Security,
    /// `no`, `always`, `unless-stopped`, `on-failure`; `on-failure:5` with a bound.
    pub restart_policy: String,
    pub restart_count: i64,
    /// `json-file`, `journald`, ...; `none` keeps nothing.
    pub log_driver: String,
    /// `bridge`, `host`, `none`, `container:...`, or a network's name.
    pub network_mode: String,
    pub created_at: Option<UnixMillis>,
    /// Published and exposed ones, all of them.
    pub ports: Vec<Port>,
    pub mounts: Vec<Mount>,
    pub networks: Vec<Network>,
    /// In the order of their names.
    pub labels: Vec<(String, String)>,
    /// How many entries of lists were left out because there were too many.
    pub left_out: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateDetails {
    /// The engine's own word.
    pub word: String,
    pub exit_code: i64,
    /// Why it could not be started.
    pub error: String,
    pub oom_killed: bool,
    /// On the host; 0 while it does not run.
    pub pid: i64,
    pub started_at: Option<UnixMillis>,
    pub finished_at: Option<UnixMillis>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthDetails {
    pub status: String,
    pub failing_streak: i64,
    pub test: Vec<String>,
    pub interval_seconds: i64,
    pub timeout_seconds: i64,
    pub retries: i64,
    /// The newest first.
    pub checks: Vec<HealthCheck>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    pub at: Option<UnixMillis>,
    pub took_millis: Option<i64>,
    pub exit_code: i64,
    pub output: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageDetails {
    /// As it was named when the container was made.
    pub name: String,
    /// `sha256:...`, of the image's configuration on that host.
    pub id: String,
    /// `name@sha256:...`, as registries know it.
    pub digests: Vec<String>,
    pub platform: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessDetails {
    pub entrypoint: Vec<String>,
    pub command: Vec<String>,
    /// Empty: the image's, mostly root.
    pub user: String,
    pub working_dir: String,
    pub hostname: String,
    pub terminal: bool,
    pub stop_signal: String,
    /// Names only.
    pub environment: Vec<String>,
}

/// 0 and empty mean: none is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub memory_bytes: i64,
    pub memory_reservation_bytes: i64,
    /// Memory and swap together; -1 is without end.
    pub memory_swap_bytes: i64,
    /// Thousandths of a core.
    pub cpu_millis: i64,
    pub cpu_shares: i64,
    pub cpu_set: String,
    pub pids: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Security {
    pub privileged: bool,
    pub read_only: bool,
    pub added: Vec<String>,
    pub dropped: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// `bind`, `volume`, `tmpfs`, ...
    pub kind: String,
    /// Of a volume.
    pub name: String,
    pub source: String,
    pub destination: String,
    pub mode: String,
    pub writable: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    pub name: String,
    /// With the prefix length: `172.17.0.2/16`.
    pub ipv4: String,
    pub ipv6: String,
    pub gateway: String,
    pub mac: String,
    pub aliases: Vec<String>,
}
