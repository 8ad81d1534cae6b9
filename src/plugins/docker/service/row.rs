//! From the engine's list to rows: pure, and safe against what a host may say.

use super::engine::{PortSummary, Summary};
use crate::{
    core::{
        id::UnixMillis,
        live::{model::RowKey, service::LiveRow},
        server::text,
    },
    plugins::{
        docker::model::{ContainerNumbers, ContainerRow, ContainerState, EngineRow, Health, Port},
        machines::model::MachineRow,
    },
};
use serde::Serialize;
use std::{collections::HashMap, time::Duration};

/// Longest text that a row takes from a host, in characters.
const MAX_TEXT: usize = 256;
/// Labels of a container that filters know.
const MAX_LABELS: usize = 64;

/// A container as the server keeps it: the row that pages get, and what only filters read.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Listed {
    pub row: ContainerRow,
    /// By key. Cut, and never sent in a list.
    #[serde(skip)]
    pub(super) labels: Vec<(String, String)>,
    /// Name, image, host and stack in lower case, one a line; begins with the name, so it is also the order by name.
    #[serde(skip)]
    pub(super) search: String,
    /// The image in lower case.
    #[serde(skip)]
    pub(super) image: String,
}

impl Listed {
    /// `labels` may be anything that a host says.
    pub fn new(row: ContainerRow, labels: HashMap<String, String>) -> Self {
        let mut labels: Vec<_> = labels
            .into_iter()
            .map(|(key, value)| (cut(&key), cut(&value)))
            .collect();
        labels.sort_unstable();
        labels.truncate(MAX_LABELS);
        let stack = row.project.as_deref().unwrap_or_default();
        let search = format!("{}\n{}\n{}\n{stack}", row.name, row.image, row.machine_name).to_lowercase();
        Self {
            labels,
            search,
            image: row.image.to_lowercase(),
            row,
        }
    }
}

impl RowKey for Listed {
    fn shard_id(&self) -> String {
        self.row.shard_id()
    }
    fn row_id(&self) -> String {
        self.row.row_id()
    }
}
/// Lists of containers are views of the table (`table.rs`), which filters and sorts.
impl LiveRow for Listed {}
impl LiveRow for ContainerNumbers {}
impl LiveRow for EngineRow {}

/// A row and what the list says beside it.
pub(super) struct Seen {
    pub listed: Listed,
    /// For a stopped one: how long ago it ended, as roughly as the engine says it.
    pub ended_ago: Option<Duration>,
}

/// The row of one container; `None` when it has no usable id.
pub(super) fn container(machine: &MachineRow, summary: Summary) -> Option<Seen> {
    let status = summary.status.0.unwrap_or_default();
    let id = summary.id.0?.parse().ok()?;
    let name = summary
        .names
        .0
        .unwrap_or_default()
        .into_iter()
        .next()
        .unwrap_or_default();
    let mut ports: Vec<Port> = summary.ports.0.into_iter().map(port).collect();
    // The engine lists a port once for IPv4 and once for IPv6; people mean one.
    ports.sort();
    ports.dedup_by(|a, b| a.label() == b.label());
    let labels = summary.labels.0.unwrap_or_default();
    let row = ContainerRow {
        machine: machine.id,
        machine_name: machine.name.clone(),
        id,
        name: cut(name.trim_start_matches('/')),
        image: cut(&summary.image.0.unwrap_or_default()),
        state: state(summary.state.as_deref().unwrap_or_default()),
        health: health(&status),
        exit_code: exit_code(&status),
        ports,
        created_at: UnixMillis(summary.created.0.unwrap_or(0).saturating_mul(1000)),
        project: labels.get("com.docker.compose.project").map(|p| cut(p)),
        command: cut(&summary.command.0.unwrap_or_default()),
    };
    Some(Seen {
        listed: Listed::new(row, labels),
        ended_ago: ended_ago(&status),
    })
}

pub(super) fn cut(text: &str) -> String {
    text::cut(text, MAX_TEXT)
}

/// A word that nobody knows yet is a state that nobody knows, not an error.
pub(super) fn state(word: &str) -> ContainerState {
    match word {
        "running" => ContainerState::Running,
        "paused" => ContainerState::Paused,
        "restarting" => ContainerState::Restarting,
        "created" => ContainerState::Created,
        "exited" => ContainerState::Exited,
        "removing" => ContainerState::Removing,
        "stopping" => ContainerState::Stopping,
        "dead" => ContainerState::Dead,
        _ => ContainerState::Unknown,
    }
}

/// The list says the health only inside its status text: `Up 2 minutes (healthy)`.
fn health(status: &str) -> Health {
    match status.rsplit_once('(').map(|(_, tail)| tail.trim_end_matches(')')) {
        Some("healthy") => Health::Healthy,
        Some("unhealthy") => Health::Unhealthy,
        Some("health: starting") => Health::Starting,
        _ => Health::None,
    }
}

/// `Exited (137) 2 hours ago` -> 137
fn exit_code(status: &str) -> Option<i64> {
    status.strip_prefix("Exited (")?.split(')').next()?.parse().ok()
}

/// `Exited (137) 2 hours ago` -> 2 hours. The engine rounds, so this is no better than its unit.
fn ended_ago(status: &str) -> Option<Duration> {
    let (_, age) = status.strip_prefix("Exited (")?.split_once(") ")?;
    let (count, unit) = match age.strip_suffix(" ago")? {
        "Less than a second" => (0, "second"),
        "About a minute" => (1, "minute"),
        "About an hour" => (1, "hour"),
        other => {
            let (count, unit) = other.split_once(' ')?;
            (count.parse::<u32>().ok()?, unit.trim_end_matches('s'))
        }
    };
    let seconds = match unit {
        "second" => 1,
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        "week" => 7 * 86_400,
        "month" => 30 * 86_400,
        "year" => 365 * 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(u64::from(count) * seconds))
}

fn port(port: PortSummary) -> Port {
    Port {
        container_port: port.private_port,
        protocol: cut(&port.protocol.0.unwrap_or_default()),
        host_port: port.public_port.0,
        host_ip: port.ip.0.map(|ip| cut(&ip)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_and_exit_code_are_read_from_the_status_text() {
        assert_eq!(health("Up 2 minutes (healthy)"), Health::Healthy);
        assert_eq!(health("Up 1 second (health: starting)"), Health::Starting);
        assert_eq!(health("Up 3 days (unhealthy)"), Health::Unhealthy);
        assert_eq!(health("Up 3 days"), Health::None);
        assert_eq!(health("Exited (137) 2 hours ago"), Health::None);
        assert_eq!(exit_code("Exited (137) 2 hours ago"), Some(137));
        assert_eq!(exit_code("Up 3 days"), None);
        let ago = |text: &str| ended_ago(text).map(|d| d.as_secs());
        assert_eq!(ago("Exited (137) 2 hours ago"), Some(7_200));
        assert_eq!(ago("Exited (0) Less than a second ago"), Some(0));
        assert_eq!(ago("Exited (1) About a minute ago"), Some(60));
        assert_eq!(ago("Exited (1) 99 parsecs ago"), None);
        assert_eq!(ago("Up 3 days"), None);
    }

    #[test]
    fn control_characters_of_a_host_do_not_reach_a_row() {
        assert_eq!(cut("a\u{1b}]0;x\u{7}b"), "a\u{fffd}]0;x\u{fffd}b");
        assert_eq!(cut(&"x".repeat(10_000)).len(), MAX_TEXT);
    }

    #[test]
    fn labels_of_a_host_are_bounded_and_stay_on_the_server() {
        let id = "a".repeat(64);
        let labels: HashMap<String, String> = (0..1_000)
            .map(|n| (format!("k{n:04}\u{1b}"), "v".repeat(5_000)))
            .collect();
        let summary = serde_json::from_value(serde_json::json!({ "Id": id, "Labels": labels })).unwrap();
        let machine = serde_json::from_value(serde_json::json!({
            "id": "01890a5d-ac96-774b-bcce-b302099a8057", "name": "h1", "kind": "local", "address": "this host",
            "user": null, "key_id": null, "state": "online", "since": 0, "reason": null, "next_try_at": null,
            "docker": null, "connect_ms": null, "tags": [], "facts": null, "created_at": 0
        }));
        let listed = container(&machine.unwrap(), summary).unwrap().listed;
        assert_eq!(listed.labels.len(), MAX_LABELS);
        let longest = listed.labels.iter().map(|(k, v)| k.len().max(v.len())).max();
        assert!(longest.unwrap() <= MAX_TEXT + 2);
        let sent = serde_json::to_value(&listed).unwrap();
        assert_eq!(sent, serde_json::to_value(&listed.row).unwrap());
    }
}
