//! The list of containers, member by member: one that cannot be read does not lose the others.

use super::loose::{Loose, LooseList};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use std::{collections::HashMap, fmt};

/// The longest list that is read: room for tens of thousands of containers.
pub(super) const LIST_BYTES: usize = 64 << 20;

/// A container as the engine lists it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::plugins::docker::service) struct Summary {
    pub id: Loose<String>,
    pub names: Loose<Vec<String>>,
    pub image: Loose<String>,
    pub command: Loose<String>,
    /// Seconds since 1970.
    pub created: Loose<i64>,
    pub ports: LooseList<PortSummary>,
    pub labels: Loose<HashMap<String, String>>,
    pub state: Loose<String>,
    pub status: Loose<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::plugins::docker::service) struct PortSummary {
    #[serde(rename = "IP", default)]
    pub ip: Loose<String>,
    pub private_port: u16,
    #[serde(default)]
    pub public_port: Loose<u16>,
    #[serde(rename = "Type", default)]
    pub protocol: Loose<String>,
}

/// What can be read of a list. Members are read one at a time, so that a long list is never held twice.
pub(super) struct Summaries(pub Vec<Summary>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Member {
    Read(Box<Summary>),
    Odd(IgnoredAny),
}

impl<'de> Deserialize<'de> for Summaries {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Summaries;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of containers")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Summaries, A::Error> {
                let mut read = Vec::new();
                while let Some(member) = seq.next_element::<Member>()? {
                    if let Member::Read(summary) = member {
                        read.push(*summary);
                    }
                }
                Ok(Summaries(read))
            }
            /// An engine without containers may say `null`.
            fn visit_unit<E>(self) -> Result<Summaries, E> {
                Ok(Summaries(Vec::new()))
            }
        }
        from.deserialize_any(Members)
    }
}
