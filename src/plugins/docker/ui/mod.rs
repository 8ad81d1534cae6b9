//! The containers page, the page of one container, and what other pages show of containers.

mod actions;
mod bulk;
mod card;
mod filter;
mod list;
mod overview;
mod page;
mod row;
mod select;
mod table;

pub use card::machine_containers;
pub use overview::{attention_card, consumers_card, overview_card};

use super::model::{ContainerState, Facets, Health, Reading};
use crate::{
    core::live::client::LiveWindow,
    plugins::docker::model::ContainerRow,
    ui::{Tone, lazy::lazy_page},
};

lazy_page!(containers, ContainersRoute = list::ContainersPage);
lazy_page!(logs, ContainerRoute = page::ContainerPage);

/// The rows of the table as a page holds them.
type Window = LiveWindow<ContainerRow, Option<Reading>, Facets>;

/// How a process ends that was asked to (SIGTERM) or made to (SIGKILL): a stop, not a fault.
const STOPPED: [i64; 2] = [143, 137];

/// State and health as one word for people, and how it is meant.
fn condition(state: ContainerState, health: Health, exit_code: Option<i64>) -> (Tone, String) {
    let text = state.as_str().to_owned();
    match (state, health) {
        (ContainerState::Running, Health::Unhealthy) => (Tone::Bad, text),
        (ContainerState::Running, Health::Starting) => (Tone::Info, text),
        (ContainerState::Running, _) => (Tone::Ok, text),
        (ContainerState::Restarting | ContainerState::Dead, _) => (Tone::Bad, text),
        (ContainerState::Paused | ContainerState::Stopping | ContainerState::Removing | ContainerState::Unknown, _) => {
            (Tone::Warn, text)
        }
        (ContainerState::Exited, _) => match exit_code {
            Some(code) if STOPPED.contains(&code) => (Tone::Idle, format!("exited {code}")),
            Some(code) if code != 0 => (Tone::Bad, format!("exited {code}")),
            _ => (Tone::Idle, text),
        },
        (ContainerState::Created, _) => (Tone::Idle, text),
    }
}

fn health(health: Health) -> Option<(Tone, &'static str)> {
    match health {
        Health::None => None,
        Health::Starting => Some((Tone::Info, "starting")),
        Health::Healthy => Some((Tone::Ok, "healthy")),
        Health::Unhealthy => Some((Tone::Bad, "unhealthy")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_that_was_stopped_is_no_fault() {
        let tone = |code| condition(ContainerState::Exited, Health::None, code).0;
        assert_eq!(
            (tone(Some(143)), tone(Some(137)), tone(Some(0))),
            (Tone::Idle, Tone::Idle, Tone::Idle)
        );
        assert_eq!((tone(Some(1)), tone(Some(139))), (Tone::Bad, Tone::Bad));
    }
}
