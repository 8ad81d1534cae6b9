//! Server functions of the docker plugin: authorise, one call, done.

use super::model::{
    ContainerAction, ContainerDetails, ContainerId, ContainerNumbers, ContainerRef, ContainerRow, Fleet, FleetSummary,
};
use crate::{
    core::{
        call::PageClient, jobs::model::JobId, lines::LogLine, live::model::Rows, palette::model::Hit, series::SeriesSet,
    },
    error::AppError,
    plugins::machines::model::MachineId,
};
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use {
    super::{
        model::ContainerQuery,
        service::{
            Chosen, ContainersLogs, ContainersView, DockerService, Options, authorise_all, authorised, with_right,
        },
    },
    crate::core::auth::{
        api::{actor, go_to, service, wants_page},
        service::Anywhere,
    },
};

/// A page of the table of all containers, from memory. `query` is that of the page's address.
#[server(prefix = "/api", endpoint = "docker/fleet", client = PageClient)]
pub async fn list_containers(#[server(default)] query: String) -> Result<Fleet, AppError> {
    let granted = actor()?.authorise::<Anywhere, ContainersView>(()).await?;
    Ok(service::<DockerService>()?.fleet(granted.actor(), &ContainerQuery::read(&query)))
}

/// Containers whose name, image or host fit what was typed.
#[server(prefix = "/api", endpoint = "docker/find", client = PageClient)]
pub async fn find(query: String) -> Result<Vec<Hit>, AppError> {
    let granted = actor()?.authorise::<Anywhere, ContainersView>(()).await?;
    Ok(service::<DockerService>()?.find(granted.actor(), &query))
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

/// One container in detail, asked from its engine.
#[server(prefix = "/api", endpoint = "docker/inspect", client = PageClient)]
pub async fn inspect(machine: MachineId, container: ContainerId) -> Result<ContainerDetails, AppError> {
    let found = authorised::<ContainersView>(&actor()?, machine, container).await?;
    service::<DockerService>()?.inspect(found).await
}

/// The newest 200 lines of a container's log.
#[server(prefix = "/api", endpoint = "docker/log_tail", client = PageClient)]
pub async fn log_tail(machine: MachineId, container: ContainerId) -> Result<Vec<LogLine>, AppError> {
    let found = authorised::<ContainersLogs>(&actor()?, machine, container).await?;
    service::<DockerService>()?.log_tail(found, 200).await
}

/// All containers in a few numbers.
#[server(prefix = "/api", endpoint = "docker/summary", client = PageClient)]
pub async fn summary() -> Result<Rows<FleetSummary>, AppError> {
    let granted = actor()?.authorise::<Anywhere, ContainersView>(()).await?;
    Ok(service::<DockerService>()?.summary_for(granted.actor()))
}

/// The newest numbers of every running container.
#[server(prefix = "/api", endpoint = "docker/numbers", client = PageClient)]
pub async fn numbers() -> Result<Rows<ContainerNumbers>, AppError> {
    let granted = actor()?.authorise::<Anywhere, ContainersView>(()).await?;
    Ok(service::<DockerService>()?.numbers_for(granted.actor()))
}

/// The last hour of a container's numbers, by the names of `CONTAINER_SERIES`.
#[server(prefix = "/api", endpoint = "docker/container_history", client = PageClient)]
pub async fn container_history(machine: MachineId, container: ContainerId) -> Result<SeriesSet, AppError> {
    let found = authorised::<ContainersView>(&actor()?, machine, container).await?;
    let row = &found.object().0;
    Ok(service::<DockerService>()?.history(row.machine, &row.id))
}

/// Does `action` to the containers in `targets`, or, where `matching` is a query (beginning with `?`), to all that
/// its filter finds; answers with the job that does it. `seen` is how many the person saw that the filter finds,
/// `typed` how many they typed that are to be removed. `force` and `volumes` concern removal.
#[server(prefix = "/api", endpoint = "docker/act", client = PageClient)]
pub async fn act(
    action: ContainerAction,
    #[server(default)] targets: Vec<ContainerRef>,
    #[server(default)] matching: String,
    #[server(default)] seen: String,
    #[server(default)] typed: String,
    #[server(default)] force: bool,
    #[server(default)] volumes: bool,
) -> Result<JobId, AppError> {
    let (actor, docker) = (actor()?, service::<DockerService>()?);
    let chosen = Chosen {
        targets,
        matching: (!matching.is_empty()).then(|| (matching, seen.trim().parse().unwrap_or_default())),
    };
    let ids = docker.chosen(&actor, chosen)?;
    let job = with_right!(action, Right => {
        let (granted, refused) = authorise_all::<Right>(&actor, ids).await;
        docker.confirmed(&granted, refused.len(), typed.trim().parse().ok())?;
        docker.act(&actor, granted, refused, Options { force, volumes }).await?
    });
    // Without JavaScript the answer is the job's page; a script shows the job where it is.
    if wants_page() {
        go_to(&format!("/activity/{job}"));
    }
    Ok(job)
}
