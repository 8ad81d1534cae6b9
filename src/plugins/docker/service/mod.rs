//! The containers of the fleet, in memory and true; and the three things that can be done to one.

mod container;
mod engine;
mod jobs;
mod numbers;
mod row;
mod watch;

pub use container::{Container, ContainersRestart, ContainersStart, ContainersStop, ContainersView};
pub use jobs::kinds;

use super::{
    META,
    model::{
        ContainerAction, ContainerId, ContainerRow, ContainerState, EngineRow, Fleet, TOPIC_CONTAINER_NUMBERS,
        TOPIC_CONTAINERS, TOPIC_ENGINES,
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
        live::{
            model::Rows,
            service::{Hub, RowTopic},
        },
        palette::model::{Hit, best},
        plugin::PluginMeta,
        server::{
            plugin::{PluginServer, Running},
            state::Core,
            tasks::TaskSet,
        },
    },
    error::{AppError, AppResult},
    plugins::machines::{
        model::{ContainerCounts, MachineId, MachineRow},
        port::MachinesPort,
    },
};
use engine::Engine;
use serde_json::json;
use std::sync::Arc;

/// The running docker plugin.
pub struct DockerService {
    containers: Arc<RowTopic<ContainerRow>>,
    engines: Arc<RowTopic<EngineRow>>,
    numbers: numbers::Numbers,
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

    /// Containers for the palette, best first.
    pub fn find(&self, query: &str) -> Vec<Hit> {
        let (rows, _) = self.containers.rows();
        let hit = |row: ContainerRow| Hit {
            path: format!("/containers/{}/{}", row.machine, row.id),
            detail: format!("{} on {}", row.image, row.machine_name),
            title: row.name,
        };
        best(query, rows.into_iter().map(hit))
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
        Engine::connect(self.machines.docker_socket(machine).await?).await
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

    /// Tells the machines how much runs there.
    fn count(&self, machine: MachineId) {
        let rows = self.containers.shard(&machine.to_string());
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let running = rows.iter().filter(|row| row.state == ContainerState::Running).count();
        let counts = ContainerCounts {
            running: number(running),
            total: number(rows.len()),
        };
        self.machines.count_containers(machine, Some(counts));
    }

    fn forget(&self, machine: MachineId) {
        self.containers.drop_shard(&machine.to_string());
        self.engines.drop_shard(&machine.to_string());
        self.numbers.forget(machine);
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
    async fn start(&self, core: Arc<Core>) -> AppResult<Running> {
        let hub: Arc<Hub> = core.hub.clone();
        let service = Arc::new(DockerService {
            containers: RowTopic::new(hub.clone(), TOPIC_CONTAINERS, ContainersView::NAME),
            engines: RowTopic::new(hub.clone(), TOPIC_ENGINES, ContainersView::NAME),
            numbers: numbers::Numbers::new(hub.clone(), core.series.clone()),
            machines: core.services.get::<MachinesPort>()?,
            jobs: core.jobs.clone(),
        });
        let tasks = TaskSet::new();
        watch::start(service.clone(), &tasks);
        numbers::start(service.clone(), &tasks);
        tasks.spawn({
            let (hub, token) = (hub, tasks.token().clone());
            async move {
                token.cancelled().await;
                hub.remove_source(TOPIC_CONTAINERS);
                hub.remove_source(TOPIC_ENGINES);
                hub.remove_source(TOPIC_CONTAINER_NUMBERS);
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
