//! The container as an object that rights are given on, and its actions.

use super::{DockerService, unknown_container};
use crate::{
    action,
    core::{auth::service::Guarded, id::ObjectRef, server::services::Services},
    error::AppResult,
    plugins::{
        docker::model::{ContainerId, ContainerRow},
        machines::model::MachineId,
    },
};
use async_trait::async_trait;

action!(
    /// See containers.
    ContainersView = "docker.containers.view",
    ContainersStart = "docker.containers.start",
    ContainersStop = "docker.containers.stop",
    ContainersRestart = "docker.containers.restart",
    /// Read what a container wrote.
    ContainersLogs = "docker.containers.logs",
);

/// A container that exists, as far as the fleet's memory knows.
pub struct Container(pub ContainerRow);

impl Container {
    /// How jobs and audit rows name it; [`parse_target`] reads it back.
    pub fn target(&self) -> ObjectRef {
        let label = format!("{} on {}", self.0.name, self.0.machine_name);
        ObjectRef::new(Self::KIND, format!("{}/{}", self.0.machine, self.0.id), label)
    }
}

/// The ids in a job's target.
pub(super) fn parse_target(target: &ObjectRef) -> AppResult<(MachineId, ContainerId)> {
    let (machine, id) = target.id.split_once('/').ok_or_else(unknown_container)?;
    Ok((
        machine.parse().map_err(|_| unknown_container())?,
        id.parse().map_err(|_| unknown_container())?,
    ))
}

#[async_trait]
impl Guarded for Container {
    type Id = (MachineId, ContainerId);
    const KIND: &'static str = "container";
    async fn load(services: &Services, (machine, id): &Self::Id) -> AppResult<Option<Self>> {
        Ok(services.get::<DockerService>()?.row(*machine, id).map(Self))
    }
    fn object_ref(&self) -> ObjectRef {
        self.target()
    }
}
