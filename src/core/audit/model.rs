//! Wire types of the audit log.

use crate::core::id::{ObjectRef, UnixMillis};
use serde::{Deserialize, Serialize};

/// What a row records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// A change of our own data, in the transaction of the change.
    Change,
    /// A remote action is about to happen.
    Intent,
    /// How the action of an intent ended.
    Outcome,
    /// A try that was refused.
    Refused,
}

/// One row as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Place in the chain, from 1, without gaps.
    pub seq: i64,
    pub at: UnixMillis,
    /// `user:<id>`, `system` or `anonymous`.
    pub actor_id: String,
    pub actor_name: String,
    /// Remote address of the request, or empty for the system.
    pub address: String,
    pub request_id: String,
    pub action: String,
    pub object: ObjectRef,
    pub phase: Phase,
    /// `ok`, or the error's message; `None` for an intent.
    pub outcome: Option<String>,
    /// For an outcome: the `seq` of its intent.
    pub intent_seq: Option<i64>,
    /// Before and after, or parameters; secrets cannot get in here (they do not serialise).
    pub detail: serde_json::Value,
}
