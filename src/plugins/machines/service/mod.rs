//! Links to the machines, what is kept about them, and what a person may do with them. Server only.

mod actor;
pub mod argv;
mod channel;
pub mod collect;
mod connect;
mod edit;
mod fleet;
mod link;
mod machine;
mod manage;
mod plugin;
mod row;
mod shown;
mod socket;
pub mod ssh;
mod store;
#[cfg(test)]
mod tests;

pub use collect::Numbers;
pub use fleet::{Fleet, Paces, World};
pub use machine::{
    Machine, MachinesCreate, MachinesDelete, MachinesDisable, MachinesEdit, MachinesEnable, MachinesReconnect,
    MachinesTrust, MachinesView,
};
pub use manage::MachinesService;
pub use plugin::MachinesPlugin;
pub use store::migrations;
