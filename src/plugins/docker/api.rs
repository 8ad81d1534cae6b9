//! Server functions of the docker plugin: authorise, one call, done.

use super::model::{ContainerDetails, ContainerId, ContainerRow, Fleet, FleetSummary};
use crate::{
    core::{jobs::model::JobId, lines::LogLine, live::model::Rows, series::SeriesSet},
    error::AppError,
    plugins::machines::model::MachineId,
};
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use {
    super::{
        model::ContainerAction,
        service::{
            ContainersLogs, ContainersRestart, ContainersStart, ContainersStop, ContainersView, DockerService,
            authorised,
        },
    },
    crate::core::auth::{
        api::{actor, go_to, service},
        service::{Action, Instance},
    },
};

/// Every container of every machine, from memory.
#[server(prefix = "/api", endpoint = "docker/fleet")]
pub async fn list_containers() -> Result<Fleet, AppError> {
    actor()?.authorise::<Instance, ContainersView>(()).await?;
    Ok(service::<DockerService>()?.fleet())
}

/// One container.
#[server(prefix = "/api", endpoint = "docker/container")]
pub async fn container(machine: MachineId, container: ContainerId) -> Result<Rows<ContainerRow>, AppError> {
    let found = authorised::<ContainersView>(&actor()?, machine, container).await?;
    let row = &found.object().0;
    service::<DockerService>()?
        .container(row.machine, &row.id)
        .ok_or_else(|| AppError::not_found("container"))
}

/// The last hour of a container's numbers, by the names of `CONTAINER_SERIES`.
#[server(prefix = "/api", endpoint = "docker/container_history")]
pub async fn container_history(machine: MachineId, container: ContainerId) -> Result<SeriesSet, AppError> {
    let found = authorised::<ContainersView>(&actor()?, machine, container).await?;
    let row = &found.object().0;
    Ok(service::<DockerService>()?.history(row.machine, &row.id))
}

/// One container in detail, asked from its engine.
#[server(prefix = "/api", endpoint = "docker/inspect")]
pub async fn inspect(machine: MachineId, container: ContainerId) -> Result<ContainerDetails, AppError> {
    let found = authorised::<ContainersView>(&actor()?, machine, container).await?;
    service::<DockerService>()?.inspect(found).await
}

/// The newest 200 lines of a container's log.
#[server(prefix = "/api", endpoint = "docker/log_tail")]
pub async fn log_tail(machine: MachineId, container: ContainerId) -> Result<Vec<LogLine>, AppError> {
    let found = authorised::<ContainersLogs>(&actor()?, machine, container).await?;
    service::<DockerService>()?.log_tail(found, 200).await
}

/// All containers in a few numbers.
#[server(prefix = "/api", endpoint = "docker/summary")]
pub async fn summary() -> Result<Rows<FleetSummary>, AppError> {
    actor()?.authorise::<Instance, ContainersView>(()).await?;
    Ok(service::<DockerService>()?.summary())
}

/// Starts a container; answers with the job that does it.
#[server(prefix = "/api", endpoint = "docker/start")]
pub async fn start(machine: MachineId, container: ContainerId) -> Result<JobId, AppError> {
    act::<ContainersStart>(machine, container, ContainerAction::Start).await
}

/// Stops a container; answers with the job that does it.
#[server(prefix = "/api", endpoint = "docker/stop")]
pub async fn stop(machine: MachineId, container: ContainerId) -> Result<JobId, AppError> {
    act::<ContainersStop>(machine, container, ContainerAction::Stop).await
}

/// Restarts a container; answers with the job that does it.
#[server(prefix = "/api", endpoint = "docker/restart")]
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
