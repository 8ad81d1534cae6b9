//! Wire types of the audit log.

use crate::core::id::{ObjectRef, UnixMillis};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

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
    pub detail: Value,
}

/// Which rows a page asks for. Empty fields let everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditFilter {
    /// Part of the actor's name, or their whole id.
    pub actor: String,
    /// How the action's name begins.
    pub action: String,
    /// Part of the object's label, its whole id, or its kind.
    pub object: String,
    /// [`Ending::as_str`].
    pub ending: String,
    /// First and last day, in UTC: `2026-01-31`.
    pub from: String,
    pub to: String,
    /// Rows below this one only.
    pub before: Option<i64>,
}

/// How a row ended, as a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Any,
    Done,
    Failed,
    Refused,
    Announced,
}

impl Ending {
    pub const ALL: [Self; 5] = [Self::Any, Self::Done, Self::Failed, Self::Refused, Self::Announced];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Announced => "announced",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ending| ending.as_str() == text)
    }
    pub fn words(self) -> &'static str {
        match self {
            Self::Any => "Any",
            Self::Done => "Done",
            Self::Failed => "Failed",
            Self::Refused => "Refused",
            Self::Announced => "Announced",
        }
    }
}

/// Rows, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    pub rows: Vec<AuditRow>,
    /// The `before` of the next page, if there is one.
    pub next: Option<i64>,
}

/// One line of a row's detail: a value that changed, or a parameter (which has no `before`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub name: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// The detail of a row as lines. `before` and `after` are compared field by field, and what is equal is left out.
pub fn changes(detail: &Value) -> Vec<Change> {
    let Some(map) = detail.as_object() else {
        return text(detail)
            .map(|after| Change::parameter("detail", after))
            .into_iter()
            .collect();
    };
    let (before, after) = (map.get("before"), map.get("after"));
    let mut lines = match (before, after) {
        (None, None) => Vec::new(),
        (before, after) => compared(before.unwrap_or(&Value::Null), after.unwrap_or(&Value::Null)),
    };
    let others = map
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "before" | "after"));
    lines.extend(others.filter_map(|(name, value)| Some(Change::parameter(name, text(value)?))));
    lines
}

fn compared(before: &Value, after: &Value) -> Vec<Change> {
    let empty = Map::new();
    if !(before.is_object() || after.is_object()) {
        let (before, after) = (text(before), text(after));
        let name = "value".to_owned();
        return vec![Change { name, before, after }];
    }
    let fields = |value: &Value| value.as_object().unwrap_or(&empty).clone();
    let (before, after) = (fields(before), fields(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    changed
        .map(|name| Change {
            name: name.clone(),
            before: before.get(name).and_then(text),
            after: after.get(name).and_then(text),
        })
        .collect()
}

/// A value as a person reads it; `None` for null.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

impl Change {
    fn parameter(name: &str, after: String) -> Self {
        Self {
            name: name.to_owned(),
            before: None,
            after: Some(after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lines(detail: &Value) -> Vec<String> {
        let line = |c: Change| format!("{}: {:?} -> {:?}", c.name, c.before, c.after);
        changes(detail).into_iter().map(line).collect()
    }

    #[test]
    fn a_detail_shows_what_changed_and_the_parameters() {
        let both = json!({"before": {"name": "a", "port": 22, "user": "x"}, "after": {"name": "b", "port": 22, "key": true}, "why": "moved"});
        assert_eq!(
            lines(&both),
            [
                "key: None -> Some(\"true\")",
                "name: Some(\"a\") -> Some(\"b\")",
                "user: Some(\"x\") -> None",
                "why: None -> Some(\"moved\")",
            ]
        );
        assert_eq!(
            lines(&json!({"before": "5", "after": null})),
            ["value: Some(\"5\") -> None"]
        );
        assert_eq!(lines(&json!(null)), [""; 0]);
        assert_eq!(lines(&json!([1])), ["detail: None -> Some(\"[1]\")"]);
    }
}
