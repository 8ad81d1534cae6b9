//! Server functions of the docker plugin: authorise, one call, done.

use super::model::{ContainerId, ContainerNumbers, ContainerRow, Fleet};
use crate::{
    core::{call::PageClient, jobs::model::JobId, live::model::Rows, palette::model::Hit, series::SeriesSet},
    error::AppError,
    plugins::machines::model::MachineId,
};
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use {
    super::{
        model::ContainerAction,
        service::{ContainersRestart, ContainersStart, ContainersStop, ContainersView, DockerService, authorised},
    },
    crate::core::auth::{
        api::{actor, go_to, service},
        service::{Action, Instance},
    },
};

/// Every container of every machine, from memory.
#[server(prefix = "/api", endpoint = "docker/fleet", client = PageClient)]
pub async fn list_containers() -> Result<Fleet, AppError> {
    actor()?.authorise::<Instance, ContainersView>(()).await?;
    Ok(service::<DockerService>()?.fleet())
}

/// Containers whose name, image or host fit what was typed.
#[server(prefix = "/api", endpoint = "docker/find", client = PageClient)]
pub async fn find(query: String) -> Result<Vec<Hit>, AppError> {
    actor()?.authorise::<Instance, ContainersView>(()).await?;
    Ok(service::<DockerService>()?.find(&query))
}

/// One container.
#[server(prefix = "/api", endpoint = "docker/container", client = PageClient)]
pub async fn container(machine: MachineId, container: ContainerId) -> Result<Rows<ContainerRow>, AppError> {
    let found = authorised::<ContainersView>(&actor()?, machine, container).await?;
    let row = &found.object().0;
    service::<DockerService>()?
        .container(row.machine, &row.id)
        .ok_or_else(|| AppError::not_found("container"))
}

/// The newest numbers of every running container.
#[server(prefix = "/api", endpoint = "docker/numbers", client = PageClient)]
pub async fn numbers() -> Result<Rows<ContainerNumbers>, AppError> {
    actor()?.authorise::<Instance, ContainersView>(()).await?;
    Ok(service::<DockerService>()?.all_numbers())
}

/// The last hour of a container's numbers, by the names of `CONTAINER_SERIES`.
#[server(prefix = "/api", endpoint = "docker/container_history", client = PageClient)]
pub async fn container_history(machine: MachineId, container: ContainerId) -> Result<SeriesSet, AppError> {
    let found = authorised::<ContainersView>(&actor()?, machine, container).await?;
    let row = &found.object().0;
    Ok(service::<DockerService>()?.history(row.machine, &row.id))
}

/// Starts a container; answers with the job that does it.
#[server(prefix = "/api", endpoint = "docker/start", client = PageClient)]
pub async fn start(machine: MachineId, container: ContainerId) -> Result<JobId, AppError> {
    act::<ContainersStart>(machine, container, ContainerAction::Start).await
}

/// Stops a container; answers with the job that does it.
#[server(prefix = "/api", endpoint = "docker/stop", client = PageClient)]
pub async fn stop(machine: MachineId, container: ContainerId) -> Result<JobId, AppError> {
    act::<ContainersStop>(machine, container, ContainerAction::Stop).await
}

/// Restarts a container; answers with the job that does it.
#[server(prefix = "/api", endpoint = "docker/restart", client = PageClient)]
pub async fn restart(machine: MachineId, container: ContainerId) -> Result<JobId, AppError> {
    act::<ContainersRestart>(machine, container, ContainerAction::Restart).await
}

#[cfg(feature = "ssr")]
async fn act<A: Action>(
    machine: MachineId,
    container: ContainerId,
    action: ContainerAction,
) -> Result<JobId, AppError> {
    let container = authorised::<A>(&actor()?, machine, container).await?;
    let job = service::<DockerService>()?.act(container, action).await?;
    // Without JavaScript the answer is the job's page; a script shows the job where it is.
    if crate::core::auth::api::wants_page() {
        go_to(&format!("/activity/{job}"));
    }
    Ok(job)
}
