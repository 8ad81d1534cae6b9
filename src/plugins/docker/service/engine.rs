//! The adapter around the engine: changes go through bollard, which only this file knows; what is read
//! goes through [`http`], which is bounded where bollard is not, and is decoded so that one odd value
//! loses nothing else.

mod events;
mod http;
mod inspect;
mod list;
mod loose;
mod version;

pub(super) use events::Event;
pub(super) use http::Answer;
pub(super) use inspect::{Binding, ImageSaid, Said as InspectSaid};
pub(super) use list::{PortSummary, Summary};
pub(super) use loose::{Loose, LooseList};

use super::row::{self, Seen};
use crate::{
    error::{AppError, AppResult, ErrorKind},
    plugins::{
        docker::model::ContainerId,
        machines::{
            model::{MachineId, MachineRow},
            port::{LocalSocket, MachinesPort},
        },
    },
};
use bollard::{
    API_DEFAULT_VERSION, ClientVersion, Docker,
    errors::Error,
    query_parameters::{
        KillContainerOptions, RemoveContainerOptionsBuilder, RestartContainerOptionsBuilder, StartContainerOptions,
        StopContainerOptionsBuilder,
    },
};
use futures::Stream;
use std::{fmt::Write as _, time::Duration};

/// How long bollard waits for the answer to a change.
const TIMEOUT_SECONDS: u64 = 60;
/// How long each wait for something that is read may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// What an engine says of itself is short.
const VERSION_BYTES: usize = 1 << 20;
/// The longest description of one container or image that is read.
const INSPECT_BYTES: usize = 4 << 20;

/// One engine, reached through a local socket. The forward lives as long as this does.
pub struct Engine {
    docker: Docker,
    /// `/v1.41`
    prefix: String,
    version: Option<String>,
    patience: Duration,
    socket: LocalSocket,
}

/// Which lines of a log are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogRange {
    All,
    /// The newest ones.
    Tail(u32),
    /// Those written at or after this instant, in nanoseconds since 1970.
    Since(i64),
}

impl Engine {
    /// The engine of a machine, over a forward of its own.
    pub(super) async fn of(machines: &MachinesPort, machine: MachineId) -> AppResult<Self> {
        Self::connect(machines.docker_socket(machine).await?, PATIENCE).await
    }

    /// Connects and agrees on an API version.
    pub(super) async fn connect(socket: LocalSocket, patience: Duration) -> AppResult<Self> {
        let said: version::Said = http::get(socket.path(), "/version", patience)
            .await?
            .json(VERSION_BYTES)
            .await?;
        let ours = (API_DEFAULT_VERSION.major_version, API_DEFAULT_VERSION.minor_version);
        let (major_version, minor_version) = version::agree(&said, ours)?;
        let version = ClientVersion {
            major_version,
            minor_version,
        };
        let path = socket.path().to_string_lossy().into_owned();
        let docker = Docker::connect_with_unix(&path, TIMEOUT_SECONDS, &version).map_err(|e| explain(&e))?;
        Ok(Self {
            docker,
            prefix: format!("/v{major_version}.{minor_version}"),
            version: said.version.0.map(|text| http::clean(&text, 64)),
            patience,
            socket,
        })
    }

    /// The engine's version, such as `20.10.24`.
    pub fn version(&self) -> Option<String> {
        self.version.clone()
    }

    /// All containers, or those of `ids`. One that cannot be read is left out, not fatal.
    pub async fn list(&self, machine: &MachineRow, ids: Option<&[String]>) -> AppResult<Vec<Seen>> {
        let mut target = "/containers/json?all=true".to_owned();
        if let Some(ids) = ids {
            let filters = serde_json::json!({ "id": ids }).to_string();
            let _ = write!(target, "&filters={}", encoded(&filters));
        }
        let found: list::Summaries = self.get(&target).await?.json(list::LIST_BYTES).await?;
        Ok(found
            .0
            .into_iter()
            .filter_map(|summary| row::container(machine, summary))
            .collect())
    }

    /// What happens to containers from now on. Ends with an error when the engine goes away.
    pub async fn events(&self) -> AppResult<impl Stream<Item = AppResult<Event>> + Send + 'static> {
        let filters = encoded(r#"{"type":["container"]}"#);
        Ok(events::events(self.get(&format!("/events?filters={filters}")).await?))
    }

    /// Everything that the engine knows of a container.
    pub async fn inspect(&self, id: &ContainerId) -> AppResult<InspectSaid> {
        self.get(&format!("/containers/{id}/json"))
            .await?
            .json(INSPECT_BYTES)
            .await
    }

    /// What the engine knows of an image; `id` is its digest, as an inspect names it.
    pub async fn image(&self, id: &str) -> AppResult<ImageSaid> {
        let hex = id.strip_prefix("sha256:").unwrap_or_default();
        if hex.is_empty() || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(AppError::not_found("image"));
        }
        self.get(&format!("/images/sha256:{hex}/json"))
            .await?
            .json(INSPECT_BYTES)
            .await
    }

    /// The log as the engine sends it: raw where the container has a terminal, framed where it has none.
    /// Each message begins with its time.
    pub(super) async fn logs(&self, id: &ContainerId, range: LogRange, follow: bool) -> AppResult<Answer> {
        let mut target = format!(
            "/containers/{id}/logs?stdout=1&stderr=1&timestamps=1&follow={}",
            u8::from(follow)
        );
        let _ = match range {
            LogRange::All => write!(target, "&tail=all"),
            LogRange::Tail(lines) => write!(target, "&tail={lines}"),
            LogRange::Since(at) => {
                let (seconds, nanos) = (at.div_euclid(1_000_000_000), at.rem_euclid(1_000_000_000));
                write!(target, "&tail=all&since={seconds}.{nanos:09}")
            }
        };
        self.get(&target).await
    }

    async fn get(&self, target: &str) -> AppResult<Answer> {
        http::get(self.socket.path(), &format!("{}{target}", self.prefix), self.patience).await
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
            let message = http::clean(message, 500);
            AppError::new(
                ErrorKind::Upstream,
                format!("The engine refused with {status_code}: {message}"),
            )
        }
        Error::RequestTimeoutError => AppError::new(
            ErrorKind::Timeout,
            format!("The engine did not answer within {TIMEOUT_SECONDS} s."),
        ),
        other => AppError::new(
            ErrorKind::HostUnreachable,
            format!(
                "The Docker engine cannot be reached: {}",
                http::clean(&other.to_string(), 300)
            ),
        ),
    }
}

/// Text as a part of a query.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod faults_test;
#[cfg(test)]
pub(super) mod testing;
