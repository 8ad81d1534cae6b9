//! Wire types of identity.

use crate::{core::id::UnixMillis, id_type};
use serde::{Deserialize, Serialize};

id_type!(
    /// One account.
    UserId
);
id_type!(
    /// One login of one browser.
    SessionId
);

/// What a user may do. The other built-in roles and custom ones come with the rights page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        (text == "admin").then_some(Self::Admin)
    }
}

/// The logged-in user, for the top bar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    pub id: UserId,
    pub name: String,
    pub role: Role,
    pub session_expires_at: UnixMillis,
}

/// One of the caller's own sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnSession {
    pub id: SessionId,
    /// `Firefox on Linux`
    pub device: String,
    /// Where it was opened.
    pub address: String,
    pub created_at: UnixMillis,
    /// To the minute.
    pub last_used_at: UnixMillis,
    /// It is the one that asks.
    pub current: bool,
}
