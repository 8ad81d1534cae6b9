//! The machine as an object that rights are given on, and its actions.

use super::Fleet;
use crate::{
    action,
    core::{auth::service::Guarded, id::ObjectRef, server::services::Services},
    error::AppResult,
    plugins::machines::model::{MachineId, MachineRow},
};
use async_trait::async_trait;

action!(
    /// See machines and the state of their links.
    MachinesView = "machines.view",
    /// Enrol a host; see the public sides of the stored keys.
    MachinesCreate = "machines.create",
    /// Accept a machine's host keys.
    MachinesTrust = "machines.trust",
    MachinesReconnect = "machines.reconnect",
    MachinesDisable = "machines.disable",
    MachinesEnable = "machines.enable",
    /// Change a machine's name, address, account, key, tags and notes.
    MachinesEdit = "machines.edit",
    MachinesDelete = "machines.delete",
);

/// A machine that exists.
#[derive(Debug)]
pub struct Machine(pub MachineRow);

#[async_trait]
impl Guarded for Machine {
    type Id = MachineId;
    const KIND: &'static str = "machine";
    async fn load(services: &Services, id: &MachineId) -> AppResult<Option<Self>> {
        Ok(services.get::<Fleet>()?.row(*id).map(Self))
    }
    fn object_ref(&self) -> ObjectRef {
        ObjectRef::new(Self::KIND, self.0.id, self.0.name.clone())
    }
    fn tags(&self) -> &[String] {
        &self.0.tags
    }
}
