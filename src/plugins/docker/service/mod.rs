//! The containers of the fleet, in memory and true; and the three things that can be done to one.

mod attention;
mod container;
mod engine;
mod inspect;
mod instant;
mod jobs;
mod logs;
mod numbers;
mod row;
mod summary;
mod watch;

pub use container::{Container, ContainersLogs, ContainersRestart, ContainersStart, ContainersStop, ContainersView};
pub use jobs::kinds;
pub use logs::Logs;

use super::{
    META,
    model::{
        ContainerAction, ContainerDetails, ContainerId, ContainerRow, EngineRow, Fleet, TOPIC_CONTAINER_NUMBERS,
        TOPIC_CONTAINERS, TOPIC_ENGINES, TOPIC_LOGS, TOPIC_SUMMARY,
    },
};
use crate::{
    core::{
        auth::service::{Action, Actor, Authorized},
        id::UnixMillis,
        jobs::{
            model::JobId,
            service::{Jobs, NewJob},
        },
        lines::LogLine,
        live::{
            model::Rows,
            service::{Hub, RowTopic},
        },
        plugin::PluginMeta,
        server::{
            http::RouteTable,
            plugin::{PluginServer, Running},
            state::Core,
            tasks::TaskSet,
        },
    },
    error::{AppError, AppResult},
    plugins::machines::{
        model::{MachineId, MachineRow},
        port::MachinesPort,
    },
};
use bytes::Bytes;
use engine::Engine;
use futures::stream::BoxStream;
use serde_json::json;
use std::sync::Arc;

/// The running docker plugin.
pub struct DockerService {
    containers: Arc<RowTopic<ContainerRow>>,
    engines: Arc<RowTopic<EngineRow>>,
    numbers: numbers::Numbers,
    memory: attention::Memory,
    summary: Arc<summary::Summary>,
    logs: Arc<Logs>,
    machines: Arc<MachinesPort>,
    jobs: Arc<Jobs>,
}

impl DockerService {
    /// Everything the containers page shows, answered from memory.
    pub fn fleet(&self) -> Fleet {
        let ((rows, seqs), (engine_rows, engine_seqs)) = (self.containers.rows(), self.engines.rows());
        Fleet {
            containers: Rows { rows, seqs },
            engines: Rows {
                rows: engine_rows,
                seqs: engine_seqs,
            },
        }
    }

    /// One container and where its stream starts.
    pub fn container(&self, machine: MachineId, id: &ContainerId) -> Option<Rows<ContainerRow>> {
        let (rows, seq) = self.containers.shard_with_seq(&machine.to_string());
        let row = rows.into_iter().find(|row| row.id == *id)?;
        Some(Rows {
            rows: vec![row],
            seqs: vec![seq],
        })
    }

    /// One container in detail, asked from its engine now.
    pub async fn inspect(&self, container: Authorized<Container, ContainersView>) -> AppResult<ContainerDetails> {
        let row = &container.object().0;
        let engine = self.engine(row.machine).await?;
        let said = engine.inspect(&row.id).await?;
        // An image that was removed meanwhile is no reason to show nothing.
        let image = match said.image.as_deref() {
            Some(id) => engine.image(id).await.ok(),
            None => None,
        };
        Ok(inspect::details(said, image))
    }

    /// The newest `most` lines of a container's log.
    pub async fn log_tail(
        &self,
        container: Authorized<Container, ContainersLogs>,
        most: u32,
    ) -> AppResult<Vec<LogLine>> {
        self.logs.tail(&container.object().0, most).await
    }

    /// A container's whole log, as text that comes piece by piece.
    pub async fn download_log(
        &self,
        container: Authorized<Container, ContainersLogs>,
        timestamps: bool,
    ) -> AppResult<BoxStream<'static, AppResult<Bytes>>> {
        self.logs.download(&container.object().0, timestamps).await
    }

    /// The logs that are followed now.
    pub fn logs(&self) -> &Logs {
        &self.logs
    }

    /// Puts an action on one container into a job.
    pub async fn act<A: Action>(
        &self,
        container: Authorized<Container, A>,
        action: ContainerAction,
    ) -> AppResult<JobId> {
        let row = &container.object().0;
        let new = NewJob {
            kind: jobs::kind_name(action),
            title: format!("{} {} on {}", action.label(), row.name, row.machine_name),
            params: json!({}),
            targets: vec![container.object().target()],
        };
        self.jobs.submit(container.actor(), new).await
    }

    pub(self) fn row(&self, machine: MachineId, id: &ContainerId) -> Option<ContainerRow> {
        self.containers.get(&machine.to_string(), id.as_str())
    }

    pub(self) async fn start(&self, container: Authorized<Container, ContainersStart>) -> AppResult<()> {
        let row = &container.object().0;
        self.engine(row.machine).await?.start(&row.id).await
    }
    pub(self) async fn stop(&self, container: Authorized<Container, ContainersStop>) -> AppResult<()> {
        let row = &container.object().0;
        self.engine(row.machine).await?.stop(&row.id).await
    }
    pub(self) async fn restart(&self, container: Authorized<Container, ContainersRestart>) -> AppResult<()> {
        let row = &container.object().0;
        self.engine(row.machine).await?.restart(&row.id).await
    }

    async fn engine(&self, machine: MachineId) -> AppResult<Engine> {
        Engine::of(&self.machines, machine).await
    }

    fn watching(&self, machine: &MachineRow, watching: bool, version: Option<String>, problem: Option<String>) {
        let (shard, id) = (machine.id.to_string(), machine.id.to_string());
        let old = self.engines.get(&shard, &id);
        let since = old
            .as_ref()
            .filter(|e| e.watching == watching)
            .map_or_else(UnixMillis::now, |e| e.since);
        let version = version.or_else(|| old.and_then(|e| e.version));
        let row = EngineRow {
            machine: machine.id,
            machine_name: machine.name.clone(),
            watching,
            since,
            version,
            problem,
        };
        self.engines.upsert(&shard, row);
    }

    fn forget(&self, machine: MachineId) {
        self.containers.drop_shard(&machine.to_string());
        self.engines.drop_shard(&machine.to_string());
        self.memory.forget(machine);
        self.logs.touched(machine, None);
    }
}

/// A container that `actor` names, for any of the actions.
pub async fn authorised<A: Action>(
    actor: &Actor,
    machine: MachineId,
    id: ContainerId,
) -> AppResult<Authorized<Container, A>> {
    actor.authorise::<Container, A>((machine, id)).await
}

/// The plugin as the manager sees it.
pub struct DockerPlugin;

#[async_trait::async_trait]
impl PluginServer for DockerPlugin {
    fn meta(&self) -> &'static PluginMeta {
        &META
    }
    fn job_kinds(&self) -> Vec<Arc<dyn crate::core::jobs::service::JobKind>> {
        kinds()
    }
    fn routes(&self, table: &mut RouteTable) {
        super::http::routes(table);
    }
    async fn start(&self, core: Arc<Core>) -> AppResult<Running> {
        let hub: Arc<Hub> = core.hub.clone();
        let tasks = TaskSet::new();
        let machines = core.services.get::<MachinesPort>()?;
        let containers = RowTopic::new(hub.clone(), TOPIC_CONTAINERS, ContainersView::NAME);
        let logs = Logs::new(hub.clone(), containers.clone(), machines.clone(), tasks.clone());
        let service = Arc::new(DockerService {
            containers,
            engines: RowTopic::new(hub.clone(), TOPIC_ENGINES, ContainersView::NAME),
            numbers: numbers::Numbers::new(hub.clone()),
            memory: attention::Memory::default(),
            summary: summary::Summary::new(hub.clone()),
            logs: logs.clone(),
            machines,
            jobs: core.jobs.clone(),
        });
        hub.set_source(Arc::new(logs::LogSource(logs)));
        watch::start(service.clone(), &tasks);
        summary::start(service.clone(), &tasks);
        tasks.spawn({
            let (hub, token) = (hub, tasks.token().clone());
            async move {
                token.cancelled().await;
                for topic in [
                    TOPIC_LOGS,
                    TOPIC_SUMMARY,
                    TOPIC_CONTAINER_NUMBERS,
                    TOPIC_CONTAINERS,
                    TOPIC_ENGINES,
                ] {
                    hub.remove_source(topic);
                }
            }
        });
        core.services.provide(META.id, service.clone());
        let health = Arc::new(move || {
            let down = service.engines.rows().0.into_iter().filter(|e| !e.watching).count();
            (down > 0).then(|| format!("{down} engines are not watched"))
        });
        Ok(Running { tasks, health })
    }
}

fn unknown_container() -> AppError {
    AppError::not_found("container")
}
