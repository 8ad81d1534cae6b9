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

id_type!(
    /// One invitation to make an account.
    InvitationId
);

id_type!(
    /// One custom role.
    RoleId
);
id_type!(
    /// One grant of a custom role to an account.
    GrantId
);

/// What a user may do by itself; `service/roles.rs` says it action by action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Nothing but what is granted.
    Member,
    /// Looks.
    Viewer,
    /// Looks, and runs what is there.
    Operator,
    /// Everything.
    Admin,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Member, Self::Viewer, Self::Operator, Self::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
    pub fn words(self) -> &'static str {
        match self {
            Self::Member => "Member",
            Self::Viewer => "Viewer",
            Self::Operator => "Operator",
            Self::Admin => "Admin",
        }
    }
    /// What it is for, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Member => "Nothing by itself: only what custom roles grant, on the hosts whose tags they name.",
            Self::Viewer => "Sees hosts, containers, their logs and jobs; changes nothing.",
            Self::Operator => "Also starts, stops and restarts containers, reconnects hosts and cancels jobs.",
            Self::Admin => "Everything: hosts and their keys, users, settings and the audit log.",
        }
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

/// One account as the users page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    pub id: UserId,
    pub name: String,
    pub role: Role,
    pub disabled: bool,
    /// Newest use of any session that is still known, to the minute.
    pub last_used_at: Option<UnixMillis>,
}

/// An invitation that was not used yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    pub id: InvitationId,
    pub name: String,
    pub role: Role,
    pub expires_at: UnixMillis,
}

/// Accounts by name, and open invitations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserList {
    pub users: Vec<UserRow>,
    pub roles: Vec<CustomRole>,
    /// With the account that each belongs to.
    pub grants: Vec<(UserId, Grant)>,
    pub invitations: Vec<Invitation>,
}

/// A new invitation. The path holds its code, which nobody can read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    pub name: String,
    /// Below the base path.
    pub path: String,
    pub expires_at: UnixMillis,
}

/// A role made here: rows of an action and the tags of what it may be done to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomRole {
    pub id: RoleId,
    pub name: String,
    /// One row a line: `docker.containers.* env=prod`.
    pub rules: String,
}

/// A custom role that an account has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub id: GrantId,
    pub role: String,
    pub until: Option<UnixMillis>,
}

/// What an account may do to one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// Ids and names of the places that can be asked about.
    pub places: Vec<(String, String)>,
    /// Tags of the one that was.
    pub tags: Vec<String>,
    pub verdicts: Vec<Verdict>,
}

/// Whether one action is allowed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub action: String,
    /// What gives the right; `None`: nothing does.
    pub because: Option<String>,
}
