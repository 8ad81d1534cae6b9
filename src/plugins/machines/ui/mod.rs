//! The machines page, the form that adds a host, and the page of one machine.

mod card;
mod connection;
mod danger;
mod fields;
mod figures;
mod filter;
mod history;
mod keys;
mod links;
mod list;
mod new;
mod notes;
mod overview;
mod page;
mod query;
mod row;
mod settings;
mod tags;
mod tile;
mod trust;

pub use card::overview_card;
pub use page::MachinePage;

use super::model::LinkState;
use crate::ui::{Tone, lazy::lazy_page};

lazy_page!(machines, MachinesRoute = list::MachinesPage);
lazy_page!(machines, NewMachineRoute = new::NewMachinePage);

fn tone(state: LinkState) -> Tone {
    match state {
        LinkState::Online => Tone::Ok,
        LinkState::Connecting => Tone::Info,
        LinkState::Untrusted | LinkState::Degraded => Tone::Warn,
        LinkState::Unreachable | LinkState::HostKeyChanged => Tone::Bad,
        LinkState::Maintenance | LinkState::Disabled => Tone::Idle,
    }
}
