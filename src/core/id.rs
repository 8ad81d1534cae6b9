//! Ids, object references and time: the vocabulary that all wire types share.

use serde::{Deserialize, Serialize};

/// Makes a UUIDv7 newtype. `new()` exists on the server only: a browser never makes ids.
#[macro_export]
macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub uuid::Uuid);
        impl $name {
            #[cfg(feature = "ssr")]
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(uuid::Uuid::now_v7())
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                s.parse().map(Self)
            }
        }
    };
}

/// Milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    #[cfg(feature = "ssr")]
    pub fn now() -> Self {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Self(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
    /// This instant plus `seconds` (which may be negative).
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }
}

/// How jobs and audit rows know an object of any plugin: by name only, no foreign key crosses plugins.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ObjectRef {
    /// `machine`, `container`, `user`, ...
    pub kind: String,
    /// The owner's id as text.
    pub id: String,
    /// What a person calls it. A copy: it may be older than the object.
    pub label: String,
    /// The host that it is on, where it is on one: long lists are grouped by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl ObjectRef {
    pub fn new(kind: &str, id: impl ToString, label: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.to_string(),
            label: label.into(),
            place: None,
        }
    }
    /// The same, on the host of this name.
    #[must_use]
    pub fn at(self, place: &str) -> Self {
        Self {
            place: Some(place.to_owned()),
            ..self
        }
    }
}
