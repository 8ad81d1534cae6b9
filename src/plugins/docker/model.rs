//! Wire types of the docker plugin.

mod action;
mod fleet;
mod inspect;
mod logs;
mod numbers;
mod query;
mod summary;

pub use action::{ContainerAction, ContainerRef, MAX_CHOSEN};
pub use fleet::{Facets, Fleet, FleetWindow, HostCount, Reading, TOPIC_FLEET};
pub use inspect::{
    ContainerDetails, HealthCheck, HealthDetails, ImageDetails, Limits, Mount, Network, ProcessDetails, Security,
    StateDetails,
};
pub use logs::{LogEvent, LogState, TOPIC_LOGS, log_shard};
pub use numbers::{CONTAINER_SERIES, ContainerNumbers, TOPIC_CONTAINER_NUMBERS};
pub use query::{Cell, ContainerQuery, MAX_PER_PAGE, PER_PAGE, Sort, SortBy};
pub use summary::{Attention, Consumer, FleetSummary, TOPIC_SUMMARY, Trouble};

use crate::{
    core::{id::UnixMillis, live::model::RowKey},
    plugins::machines::model::MachineId,
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Topic of all containers; the shard is the machine's id, the rows are [`ContainerRow`]s.
pub const TOPIC_CONTAINERS: &str = "docker.containers";
/// Topic of the engines; the shard is the machine's id, the one row an [`EngineRow`].
pub const TOPIC_ENGINES: &str = "docker.engines";

/// A container's full id: 64 lower-case hex digits. Nothing else ever gets into a request path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContainerId(String);

impl ContainerId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The twelve digits that people know.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}
impl FromStr for ContainerId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 64 && text.bytes().all(hex) {
            return Ok(Self(text.to_owned()));
        }
        Err("A container id has 64 hex digits.".to_owned())
    }
}
impl TryFrom<String> for ContainerId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}
impl From<ContainerId> for String {
    fn from(id: ContainerId) -> Self {
        id.0
    }
}
impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerState {
    Running,
    Restarting,
    Paused,
    Created,
    Stopping,
    Exited,
    Removing,
    Dead,
    /// The engine said something that this version does not know.
    Unknown,
}

impl ContainerState {
    /// In the order in which lists show them.
    pub const ALL: [Self; 9] = [
        Self::Running,
        Self::Restarting,
        Self::Paused,
        Self::Created,
        Self::Stopping,
        Self::Exited,
        Self::Removing,
        Self::Dead,
        Self::Unknown,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Restarting => "restarting",
            Self::Paused => "paused",
            Self::Created => "created",
            Self::Stopping => "stopping",
            Self::Exited => "exited",
            Self::Removing => "removing",
            Self::Dead => "dead",
            Self::Unknown => "unknown",
        }
    }
    /// Whether it can be started.
    pub fn can_start(self) -> bool {
        matches!(self, Self::Created | Self::Exited | Self::Dead | Self::Unknown)
    }
    /// Whether it can be stopped.
    pub fn can_stop(self) -> bool {
        matches!(self, Self::Running | Self::Restarting | Self::Paused | Self::Unknown)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It has no health check.
    None,
    Starting,
    Healthy,
    Unhealthy,
}

impl Health {
    /// In the order in which lists show them.
    pub const ALL: [Self; 4] = [Self::None, Self::Starting, Self::Healthy, Self::Unhealthy];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// One published or exposed port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Port {
    pub container_port: u16,
    pub protocol: String,
    pub host_port: Option<u16>,
    pub host_ip: Option<String>,
}

impl Port {
    /// `8080→80/tcp`, or `80/tcp` when it is not published.
    pub fn label(&self) -> String {
        let any = |ip: &str| matches!(ip, "" | "0.0.0.0" | "::");
        let inside = format!("{}/{}", self.container_port, self.protocol);
        match (self.host_port, self.host_ip.as_deref()) {
            (Some(port), Some(ip)) if !any(ip) && ip.contains(':') => format!("[{ip}]:{port}→{inside}"),
            (Some(port), Some(ip)) if !any(ip) => format!("{ip}:{port}→{inside}"),
            (Some(port), _) => format!("{port}→{inside}"),
            (None, _) => inside,
        }
    }
}

/// A container as the table shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerRow {
    pub machine: MachineId,
    pub machine_name: String,
    pub id: ContainerId,
    pub name: String,
    pub image: String,
    pub state: ContainerState,
    pub health: Health,
    /// For a stopped one: its exit code.
    pub exit_code: Option<i64>,
    pub ports: Vec<Port>,
    pub created_at: UnixMillis,
    /// The compose project, from its label.
    pub project: Option<String>,
    pub command: String,
}

impl RowKey for ContainerRow {
    fn shard_id(&self) -> String {
        self.machine.to_string()
    }
    fn row_id(&self) -> String {
        self.id.to_string()
    }
}

/// How the engine of one machine is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineRow {
    pub machine: MachineId,
    pub machine_name: String,
    pub watching: bool,
    /// Since when it has been so.
    pub since: UnixMillis,
    /// Version of the engine (`20.10.24`), once known.
    pub version: Option<String>,
    /// Why the rows of this machine may be old.
    pub problem: Option<String>,
}

impl RowKey for EngineRow {
    fn shard_id(&self) -> String {
        self.machine.to_string()
    }
    fn row_id(&self) -> String {
        self.machine.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dk_05_only_64_lower_case_hex_digits_are_a_container_id() {
        let good = "0123456789abcdef".repeat(4);
        assert!(good.parse::<ContainerId>().is_ok());
        let bad = [
            "../version".to_owned(),
            "abc".to_owned(),
            good[..11].to_owned(),
            format!("{good}0"),
            good.to_uppercase(),
            format!("{}/", &good[..63]),
            format!("{}?", &good[..63]),
            format!("{}#", &good[..63]),
            format!("{}%", &good[..63]),
            String::new(),
        ];
        for text in bad {
            assert!(text.parse::<ContainerId>().is_err(), "{text:?}");
            assert!(
                serde_json::from_value::<ContainerId>(text.clone().into()).is_err(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_port_reads_as_people_write_it() {
        let port = |host_port, ip: &str| Port {
            container_port: 80,
            protocol: "tcp".into(),
            host_port,
            host_ip: (!ip.is_empty()).then(|| ip.into()),
        };
        assert_eq!(port(Some(8080), "0.0.0.0").label(), "8080→80/tcp");
        assert_eq!(port(Some(8080), "127.0.0.1").label(), "127.0.0.1:8080→80/tcp");
        assert_eq!(port(Some(8080), "fe80::1").label(), "[fe80::1]:8080→80/tcp");
        assert_eq!(port(None, "").label(), "80/tcp");
    }
}
