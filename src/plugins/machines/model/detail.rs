//! One machine as its page shows it.

use super::{KeySummary, MachineId, MachineRow, OfferedHostKey, PinnedHostKey};
use crate::core::id::UnixMillis;
use serde::{Deserialize, Serialize};

/// Everything about a machine that is not on a live topic, and its row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineDetail {
    pub row: MachineRow,
    /// What people wrote down about it.
    pub notes: String,
    /// The path that was set by hand; `None`: found by itself.
    pub docker_socket: Option<String>,
    /// The keys it offers, asked for when a decision about them is due; else empty.
    pub offered: Vec<OfferedHostKey>,
    pub pinned: Vec<PinnedHostKey>,
    pub key: Option<KeySummary>,
    /// How many other machines the login key opens.
    pub key_shared_with: u32,
    /// Why the offered keys could not be read.
    pub probe_error: Option<String>,
    /// The last tries to connect, newest first; since the server started.
    pub connects: Vec<Connect>,
    /// Machines that seem to be this one again.
    pub duplicates: Vec<Duplicate>,
}

/// One try to connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connect {
    pub at: UnixMillis,
    pub took_ms: u32,
    /// Why it failed, in a sentence; `None`: the link stood.
    pub failure: Option<String>,
    /// How the link ended, if it did.
    pub ended: Option<LinkEnd>,
}

/// The end of a link that stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkEnd {
    pub at: UnixMillis,
    pub why: String,
}

/// Another machine that is perhaps the same host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicate {
    pub id: MachineId,
    pub name: String,
    pub shares: Sharing,
}

/// What two machines have in common that no two hosts should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// Same address and port.
    Address,
    /// Another address, the same host key: one host with two names, or a copied disk image.
    HostKey,
}
