//! From the engine's list to rows: pure, and safe against what a host may say.

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
use bollard::models::{ContainerSummary, ContainerSummaryStateEnum as S, PortSummary};
use serde::Serialize;
use std::collections::HashMap;

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

/// The row of one container; `None` when it has no usable id.
pub(super) fn container(machine: &MachineRow, summary: ContainerSummary) -> Option<Listed> {
    let status = summary.status.unwrap_or_default();
    let id = summary.id?.parse().ok()?;
    let name = summary.names.unwrap_or_default().into_iter().next().unwrap_or_default();
    let mut ports: Vec<Port> = summary.ports.unwrap_or_default().into_iter().map(port).collect();
    // The engine lists a port once for IPv4 and once for IPv6; people mean one.
    ports.sort();
    ports.dedup_by(|a, b| a.label() == b.label());
    let labels = summary.labels.unwrap_or_default();
    let row = ContainerRow {
        machine: machine.id,
        machine_name: machine.name.clone(),
        id,
        name: cut(name.trim_start_matches('/')),
        image: cut(&summary.image.unwrap_or_default()),
        state: state(summary.state),
        health: health(&status),
        exit_code: exit_code(&status),
        ports,
        created_at: UnixMillis(summary.created.unwrap_or(0).saturating_mul(1000)),
        project: labels.get("com.docker.compose.project").map(|p| cut(p)),
        command: cut(&summary.command.unwrap_or_default()),
    };
    Some(Listed::new(row, labels))
}

fn cut(text: &str) -> String {
    text::cut(text, MAX_TEXT)
}

fn state(state: Option<S>) -> ContainerState {
    match state {
        Some(S::RUNNING) => ContainerState::Running,
        Some(S::PAUSED) => ContainerState::Paused,
        Some(S::RESTARTING) => ContainerState::Restarting,
        Some(S::CREATED) => ContainerState::Created,
        Some(S::EXITED) => ContainerState::Exited,
        Some(S::REMOVING) => ContainerState::Removing,
        Some(S::STOPPING) => ContainerState::Stopping,
        Some(S::DEAD) => ContainerState::Dead,
        Some(S::EMPTY) | None => ContainerState::Unknown,
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

fn port(port: PortSummary) -> Port {
    Port {
        container_port: port.private_port,
        protocol: port.typ.map(|t| t.to_string()).unwrap_or_default(),
        host_port: port.public_port,
        host_ip: port.ip.map(|ip| cut(&ip)),
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
    }

    #[test]
    fn control_characters_of_a_host_do_not_reach_a_row() {
        assert_eq!(cut("a\u{1b}]0;x\u{7}b"), "a\u{fffd}]0;x\u{fffd}b");
        assert_eq!(cut(&"x".repeat(10_000)).len(), MAX_TEXT);
    }

    #[test]
    fn labels_of_a_host_are_bounded_and_stay_on_the_server() {
        let id = "a".repeat(64);
        let labels = (0..1_000)
            .map(|n| (format!("k{n:04}\u{1b}"), "v".repeat(5_000)))
            .collect();
        let summary = ContainerSummary {
            id: Some(id),
            labels: Some(labels),
            ..ContainerSummary::default()
        };
        let machine = serde_json::from_value(serde_json::json!({
            "id": "01890a5d-ac96-774b-bcce-b302099a8057", "name": "h1", "kind": "local", "address": "this host",
            "user": null, "key_id": null, "state": "online", "since": 0, "reason": null, "next_try_at": null,
            "docker": null, "connect_ms": null, "tags": [], "facts": null, "created_at": 0
        }));
        let listed = container(&machine.unwrap(), summary).unwrap();
        assert_eq!(listed.labels.len(), MAX_LABELS);
        let longest = listed.labels.iter().map(|(k, v)| k.len().max(v.len())).max();
        assert!(longest.unwrap() <= MAX_TEXT + 2);
        let sent = serde_json::to_value(&listed).unwrap();
        assert_eq!(sent, serde_json::to_value(&listed.row).unwrap());
    }
}
