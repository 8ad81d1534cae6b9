//! From the engine's list to rows: pure, and safe against what a host may say.

use crate::{
    core::{id::UnixMillis, live::service::LiveRow, server::text},
    plugins::{
        docker::model::{ContainerRow, ContainerState, EngineRow, Health, Port},
        machines::model::MachineRow,
    },
};
use bollard::models::{ContainerSummary, ContainerSummaryStateEnum as S, PortSummary};
use std::cmp::Ordering;

/// Longest text that a row takes from a host, in characters.
const MAX_TEXT: usize = 256;

/// The row of one container; `None` when it has no usable id.
pub(super) fn container(machine: &MachineRow, summary: ContainerSummary) -> Option<ContainerRow> {
    let status = summary.status.unwrap_or_default();
    let id = summary.id?.parse().ok()?;
    let name = summary.names.unwrap_or_default().into_iter().next().unwrap_or_default();
    let mut ports: Vec<Port> = summary.ports.unwrap_or_default().into_iter().map(port).collect();
    // The engine lists a port once for IPv4 and once for IPv6; people mean one.
    ports.sort();
    ports.dedup_by(|a, b| a.label() == b.label());
    let project = summary.labels.and_then(|mut l| l.remove("com.docker.compose.project"));
    Some(ContainerRow {
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
        project: project.map(|p| cut(&p)),
        command: cut(&summary.command.unwrap_or_default()),
    })
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

impl LiveRow for ContainerRow {
    fn matches(&self, filter: &str) -> bool {
        let filter = filter.to_lowercase();
        let fields = [&self.name, &self.image, &self.machine_name];
        filter.split_whitespace().all(|word| {
            fields.iter().any(|f| f.to_lowercase().contains(word))
                || self.state.as_str() == word
                || self.id.as_str().starts_with(word)
        })
    }
    fn compare(&self, other: &Self, column: &str) -> Ordering {
        let by_name = || (&self.name, &self.machine_name, &self.id).cmp(&(&other.name, &other.machine_name, &other.id));
        let first = match column {
            "host" => self.machine_name.cmp(&other.machine_name),
            "image" => self.image.cmp(&other.image),
            "state" => self.state.cmp(&other.state),
            "health" => self.health.cmp(&other.health),
            "age" => other.created_at.cmp(&self.created_at),
            _ => Ordering::Equal,
        };
        first.then_with(by_name)
    }
}

impl LiveRow for EngineRow {}

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
}
