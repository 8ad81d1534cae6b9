//! The containers page, the page of one container, and what other pages show of containers.

mod actions;
mod card;
mod list;
mod overview;
mod page;
mod row;

pub use card::machine_containers;
pub use list::ContainersPage;
pub use overview::{attention_card, consumers_card, overview_card};
pub use page::ContainerPage;

use super::model::{ContainerState, Health};
use crate::ui::Tone;

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
