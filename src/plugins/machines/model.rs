//! Wire types of the machines: what pages show and forms send. No secret leaves the server in any of
//! them; the only one that carries a secret is the form, on its way in.

mod address;
mod attention;
mod detail;
mod form;
mod numbers;
mod tags;

pub use address::{HostAddress, MachineName, SshUser};
pub use attention::{FULL_DISK_RATIO, Worry, worries};
pub use detail::{Connect, Duplicate, LinkEnd, MachineDetail, Sharing};
pub use form::{Edited, EditedTarget, KeyChoice, MachineForm, ValidMachine};
pub use numbers::{DiskSpace, HISTORY_MILLIS, HOST_SERIES, HostFacts, HostNumbers, TOPIC_NUMBERS};
pub use tags::{MOST_TAGS, parse_tags};

use crate::{
    core::{id::UnixMillis, live::model::RowKey},
    id_type,
};
use serde::{Deserialize, Serialize};
use std::fmt;

id_type!(
    /// One host.
    MachineId
);
id_type!(
    /// One SSH key that the server holds.
    KeyId
);

/// Topic of the machines' state; the shard is the machine's id, the rows are [`MachineRow`]s.
pub const TOPIC_MACHINES: &str = "machines.state";

/// How a machine is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MachineKind {
    /// The host that the server runs on: its own Docker socket, no SSH.
    Local,
    Ssh {
        host: HostAddress,
        port: u16,
    },
}

/// What the link to a machine is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// No host key has been accepted: nothing was authenticated, nothing will be before a person looks.
    Untrusted,
    Connecting,
    Online,
    /// The link stands, but something on it does not work (Docker is missing, answers are late).
    Degraded,
    Unreachable,
    /// The host showed another key than the accepted one: all work stopped until a person decides.
    HostKeyChanged,
    Maintenance,
    Disabled,
}

impl LinkState {
    /// The state as URLs and database rows spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Untrusted => "untrusted",
            Self::Connecting => "connecting",
            Self::Online => "online",
            Self::Degraded => "degraded",
            Self::Unreachable => "unreachable",
            Self::HostKeyChanged => "host_key_changed",
            Self::Maintenance => "maintenance",
            Self::Disabled => "disabled",
        }
    }
    /// The state as a person reads it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Untrusted => "Not trusted yet",
            Self::Connecting => "Connecting",
            Self::Online => "Online",
            Self::Degraded => "Degraded",
            Self::Unreachable => "Unreachable",
            Self::HostKeyChanged => "Host key changed",
            Self::Maintenance => "Maintenance",
            Self::Disabled => "Disabled",
        }
    }
    /// Commands and Docker calls can be sent.
    pub fn is_up(self) -> bool {
        matches!(self, Self::Online | Self::Degraded)
    }
    /// Nothing will happen before a person compares host keys.
    pub fn needs_trust(self) -> bool {
        matches!(self, Self::Untrusted | Self::HostKeyChanged)
    }
}

impl fmt::Display for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// The Docker engine's socket as found on the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DockerSummary {
    /// Path of the socket on that machine.
    pub socket: String,
    /// The engine's version, once somebody asked it.
    pub version: Option<String>,
    pub via: DockerVia,
}

/// The way to the engine's socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DockerVia {
    /// The socket itself, forwarded by sshd where it is on another host.
    #[default]
    Socket,
    /// `docker system dial-stdio` on the host, one command per call: its sshd forwards no sockets.
    Commands,
}

/// What runs on a machine, as the plugin that watches its engine counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerCounts {
    pub running: u32,
    pub total: u32,
}

/// One machine as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineRow {
    pub id: MachineId,
    pub name: String,
    pub kind: MachineKind,
    /// `host:port`, or `this host`.
    pub address: String,
    /// The account on the host; `None` for the local one.
    pub user: Option<String>,
    pub key_id: Option<KeyId>,
    pub state: LinkState,
    /// When it came into this state.
    pub since: UnixMillis,
    /// Why it is not online and what to do about it, in one or two sentences.
    pub reason: Option<String>,
    /// When the next try to connect begins.
    pub next_try_at: Option<UnixMillis>,
    pub docker: Option<DockerSummary>,
    /// Last known; `None` until its engine was watched once.
    pub containers: Option<ContainerCounts>,
    /// How long the last connect took.
    pub connect_ms: Option<u32>,
    /// Sorted; `env=prod` or a bare word.
    pub tags: Vec<String>,
    /// What it is, once it was connected.
    pub facts: Option<HostFacts>,
    pub created_at: UnixMillis,
}

impl RowKey for MachineRow {
    fn shard_id(&self) -> String {
        self.id.to_string()
    }
    fn row_id(&self) -> String {
        self.id.to_string()
    }
}

/// One host key that the machine offers right now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferedHostKey {
    /// `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, ...
    pub algorithm: String,
    /// `SHA256:...`, as `ssh-keygen -lf` prints it.
    pub fingerprint: String,
    /// It is one of the accepted keys.
    pub pinned: bool,
}

/// One host key that a person accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedHostKey {
    pub algorithm: String,
    pub fingerprint: String,
    pub accepted_by: String,
    pub accepted_at: UnixMillis,
}

/// The public side of a key that the server holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySummary {
    pub id: KeyId,
    pub name: String,
    pub algorithm: String,
    /// The line to put into `~/.ssh/authorized_keys` of the host's account.
    pub public_line: String,
    pub fingerprint: String,
}
