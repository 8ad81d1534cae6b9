//! The adapter around bollard: the only file that knows it.

use super::row::{self, Listed};
use crate::{
    error::{AppError, AppResult, ErrorKind},
    plugins::{
        docker::model::ContainerId,
        machines::{model::MachineRow, port::LocalSocket},
    },
};
use bollard::{
    API_DEFAULT_VERSION, Docker,
    errors::Error,
    query_parameters::{
        EventsOptionsBuilder, KillContainerOptions, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
        RestartContainerOptionsBuilder, StartContainerOptions, StopContainerOptionsBuilder,
    },
};
use futures::{Stream, StreamExt};
use std::{collections::HashMap, time::Duration};

/// How long any one answer may take.
const TIMEOUT_SECONDS: u64 = 60;
/// How long the first answer may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// One engine, reached through a local socket. The forward lives as long as this does.
pub struct Engine {
    docker: Docker,
    _socket: LocalSocket,
}

impl Engine {
    /// Connects and agrees on an API version.
    pub async fn connect(socket: LocalSocket) -> AppResult<Self> {
        let path = socket.path().to_string_lossy().into_owned();
        let docker = Docker::connect_with_unix(&path, TIMEOUT_SECONDS, API_DEFAULT_VERSION).map_err(|e| explain(&e))?;
        let docker = tokio::time::timeout(CONNECT_WITHIN, docker.negotiate_version())
            .await
            .map_err(|_| {
                AppError::new(
                    ErrorKind::Timeout,
                    "The Docker engine did not answer within 10 s. Check it on the host: docker info.",
                )
            })?
            .map_err(|e| explain(&e))?;
        Ok(Self {
            docker,
            _socket: socket,
        })
    }

    /// The engine's version, such as `20.10.24`.
    pub async fn version(&self) -> AppResult<Option<String>> {
        Ok(self.docker.version().await.map_err(|e| explain(&e))?.version)
    }

    /// All containers, or those of `ids`. One that cannot be read is left out, not fatal.
    pub async fn list(&self, machine: &MachineRow, ids: Option<&[String]>) -> AppResult<Vec<Listed>> {
        let mut options = ListContainersOptionsBuilder::new().all(true);
        if let Some(ids) = ids {
            options = options.filters(&HashMap::from([("id", ids.to_vec())]));
        }
        let found = self
            .docker
            .list_containers(Some(options.build()))
            .await
            .map_err(|e| explain(&e))?;
        Ok(found
            .into_iter()
            .filter_map(|summary| row::container(machine, summary))
            .collect())
    }

    /// Ids of containers that something happened to. Ends with an error when the engine goes away.
    pub fn events(&self) -> impl Stream<Item = AppResult<String>> + Send + 'static {
        let options = EventsOptionsBuilder::new()
            .filters(&HashMap::from([("type", vec!["container"])]))
            .build();
        self.docker.events(Some(options)).filter_map(|event| async move {
            match event {
                // An exec (each health check is one) changes nothing that a row shows.
                Ok(event) if event.action.as_deref().is_some_and(|a| a.starts_with("exec_")) => None,
                Ok(event) => event.actor.and_then(|actor| actor.id).map(Ok),
                Err(why) => Some(Err(explain(&why))),
            }
        })
    }

    pub async fn start(&self, id: &ContainerId) -> AppResult<()> {
        self.docker
            .start_container(id.as_str(), None::<StartContainerOptions>)
            .await
            .or_else(done_already)
    }
    /// Asks it to end; the engine kills it after the container's own grace time (ten seconds unless it says otherwise).
    pub async fn stop(&self, id: &ContainerId) -> AppResult<()> {
        let options = StopContainerOptionsBuilder::new().build();
        self.docker
            .stop_container(id.as_str(), Some(options))
            .await
            .or_else(done_already)
    }
    pub async fn restart(&self, id: &ContainerId) -> AppResult<()> {
        let options = RestartContainerOptionsBuilder::new().build();
        self.docker
            .restart_container(id.as_str(), Some(options))
            .await
            .map_err(|e| explain(&e))
    }
    /// Ends it at once (SIGKILL).
    pub async fn kill(&self, id: &ContainerId) -> AppResult<()> {
        self.docker
            .kill_container(id.as_str(), None::<KillContainerOptions>)
            .await
            .map_err(|e| explain(&e))
    }
    pub async fn pause(&self, id: &ContainerId) -> AppResult<()> {
        self.docker.pause_container(id.as_str()).await.map_err(|e| explain(&e))
    }
    pub async fn unpause(&self, id: &ContainerId) -> AppResult<()> {
        self.docker
            .unpause_container(id.as_str())
            .await
            .map_err(|e| explain(&e))
    }
    /// `force` also ends a running one; `volumes` takes its anonymous volumes along. One that is gone is removed.
    pub async fn remove(&self, id: &ContainerId, force: bool, volumes: bool) -> AppResult<()> {
        let options = RemoveContainerOptionsBuilder::new().force(force).v(volumes).build();
        match self.docker.remove_container(id.as_str(), Some(options)).await {
            Ok(()) | Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
            Err(why) => Err(explain(&why)),
        }
    }
}

/// 304: it was started or stopped already, which is what was asked for.
fn done_already(why: Error) -> AppResult<()> {
    match why {
        Error::DockerResponseServerError { status_code: 304, .. } => Ok(()),
        other => Err(explain(&other)),
    }
}

/// An engine's error as a sentence. Its text comes from the host: it is cut, and shown as text only.
fn explain(why: &Error) -> AppError {
    match why {
        Error::DockerResponseServerError { status_code: 404, .. } => AppError::new(
            ErrorKind::NotFound,
            "The engine says that there is no such container any more.",
        ),
        Error::DockerResponseServerError { status_code, message } => {
            let message: String = message.chars().filter(|c| !c.is_control()).take(500).collect();
            AppError::new(
                ErrorKind::Upstream,
                format!("The engine refused with {status_code}: {message}"),
            )
        }
        Error::RequestTimeoutError => AppError::new(
            ErrorKind::Timeout,
            format!("The engine did not answer within {TIMEOUT_SECONDS} s."),
        ),
        other => {
            let text: String = other
                .to_string()
                .chars()
                .filter(|c| !c.is_control())
                .take(300)
                .collect();
            AppError::new(
                ErrorKind::HostUnreachable,
                format!("The Docker engine cannot be reached: {text}"),
            )
        }
    }
}
