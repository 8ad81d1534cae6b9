//! The containers of the fleet, in memory and true; and what can be done to them.

mod attention;
mod bulk;
mod container;
mod engine;
mod inspect;
mod instant;
mod jobs;
mod logs;
mod numbers;
mod row;
mod select;
mod summary;
mod table;
mod watch;

pub use bulk::Chosen;
pub(crate) use container::with_right;
pub use container::{
    Container, ContainersKill, ContainersLogs, ContainersPause, ContainersRemove, ContainersRestart, ContainersStart,
    ContainersStop, ContainersUnpause, ContainersView, Does,
};
pub use jobs::{Options, authorise_all, kinds};
pub use logs::Logs;
pub use row::Listed;

use super::{
    META,
    model::{
        CONTAINER_SERIES, ContainerAction, ContainerDetails, ContainerId, ContainerNumbers, ContainerQuery,
        ContainerRow, ContainerState, EngineRow, Fleet, TOPIC_CONTAINER_NUMBERS, TOPIC_CONTAINERS, TOPIC_ENGINES,
        TOPIC_FLEET, TOPIC_LOGS, TOPIC_SUMMARY,
    },
};
use crate::{
    core::{
        auth::service::{Action, Actor, Authorized},
        id::UnixMillis,
        jobs::service::Jobs,
        lines::LogLine,
        live::{
            model::Rows,
            service::{Hub, RowTopic},
        },
        palette::model::{Hit, best},
        plugin::PluginMeta,
        server::{
            http::RouteTable,
            plugin::{PluginServer, Running},
            rings::Rings,
            state::Core,
            tasks::TaskSet,
        },
    },
    error::{AppError, AppResult},
    plugins::machines::{
        model::{ContainerCounts, HISTORY_MILLIS, MachineId, MachineRow},
        port::MachinesPort,
    },
};
use bytes::Bytes;
use engine::Engine;
use futures::stream::BoxStream;
use std::sync::Arc;
use table::Table;

/// The running docker plugin.
pub struct DockerService {
    /// What the engines say, by machine.
    pub containers: Arc<RowTopic<Listed>>,
    /// The newest reading of each running container.
    pub numbers: Arc<RowTopic<ContainerNumbers>>,
    /// How each engine is reached.
    pub engines: Arc<RowTopic<EngineRow>>,
    table: Arc<Table>,
    /// The last hour of each container.
    hours: Rings<(MachineId, ContainerId)>,
    memory: attention::Memory,
    summary: Arc<summary::Summary>,
    logs: Arc<Logs>,
    machines: Arc<MachinesPort>,
    jobs: Arc<Jobs>,
}

impl DockerService {
    /// The machines whose containers `actor` may see.
    fn sees<'a>(&'a self, actor: &'a Actor) -> impl Fn(&str) -> bool + 'a {
        |machine| {
            actor
                .may(ContainersView::NAME, &self.containers.tags_of(machine))
                .allowed
        }
    }

    /// A page of the table, as far as `actor` may see it; answered from memory.
    pub fn fleet(&self, actor: &Actor, query: &ContainerQuery) -> Fleet {
        let (rows, seqs) = self.engines.rows();
        let sees = self.sees(actor);
        Fleet {
            window: self.table.page(&query.view(), &sees),
            engines: Rows {
                rows: rows.into_iter().filter(|row| sees(&row.machine.to_string())).collect(),
                seqs: seqs.into_iter().filter(|seq| sees(&seq.shard)).collect(),
            },
        }
    }

    /// Containers that `actor` may see, for the palette, best first.
    pub fn find(&self, actor: &Actor, query: &str) -> Vec<Hit> {
        let sees = self.sees(actor);
        let hit = |it: &Listed| Hit {
            path: format!("/containers/{}/{}", it.row.machine, it.row.id),
            detail: format!("{} on {}", it.row.image, it.row.machine_name),
            title: it.row.name.clone(),
        };
        self.containers.read(|shards, _| {
            let seen = shards.iter().filter(|(shard, _)| sees(shard));
            best(query, seen.flat_map(|(_, rows)| rows.values()).map(|it| hit(it)))
        })
    }

    /// One container and where its stream starts.
    pub fn container(&self, machine: MachineId, id: &ContainerId) -> Option<Rows<ContainerRow>> {
        let (rows, seq) = self.containers.shard_with_seq(&machine.to_string());
        let it = rows.into_iter().find(|it| it.row.id == *id)?;
        Some(Rows {
            rows: vec![it.row],
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

    pub(self) fn row(&self, machine: MachineId, id: &ContainerId) -> Option<ContainerRow> {
        self.containers.get(&machine.to_string(), id.as_str()).map(|it| it.row)
    }

    /// Does what the right is for, to one container.
    pub(self) async fn run<A: Does>(&self, container: Authorized<Container, A>, options: Options) -> AppResult<()> {
        let row = &container.object().0;
        let engine = self.engine(row.machine).await?;
        match A::ACTION {
            ContainerAction::Start => engine.start(&row.id).await,
            ContainerAction::Stop => engine.stop(&row.id).await,
            ContainerAction::Restart => engine.restart(&row.id).await,
            ContainerAction::Pause => engine.pause(&row.id).await,
            ContainerAction::Unpause => engine.unpause(&row.id).await,
            ContainerAction::Kill => engine.kill(&row.id).await,
            ContainerAction::Remove => engine.remove(&row.id, options.force, options.volumes).await,
        }
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

    /// Tells the machines how much runs there.
    fn count(&self, machine: MachineId) {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let counts = self.containers.read(|shards, _| {
            let rows = shards.get(&machine.to_string());
            let running = |it: &&std::sync::Arc<Listed>| it.row.state == ContainerState::Running;
            ContainerCounts {
                running: number(rows.map_or(0, |rows| rows.values().filter(running).count())),
                total: number(rows.map_or(0, std::collections::BTreeMap::len)),
            }
        });
        self.machines.count_containers(machine, Some(counts));
    }

    fn forget(&self, machine: MachineId) {
        self.containers.drop_shard(&machine.to_string());
        self.engines.drop_shard(&machine.to_string());
        self.forget_numbers(machine);
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
        let numbers = RowTopic::new(hub.clone(), TOPIC_CONTAINER_NUMBERS, ContainersView::NAME);
        let engines = RowTopic::new(hub.clone(), TOPIC_ENGINES, ContainersView::NAME);
        let table = Table::open(
            &hub,
            containers.clone(),
            numbers.clone(),
            engines.clone(),
            machines.clone(),
        );
        let logs = Logs::new(hub.clone(), containers.clone(), machines.clone(), tasks.clone());
        let service = Arc::new(DockerService {
            containers,
            numbers,
            engines,
            table,
            hours: Rings::new(&CONTAINER_SERIES, HISTORY_MILLIS, core.series.clone()),
            memory: attention::Memory::default(),
            summary: summary::Summary::new(hub.clone()),
            logs: logs.clone(),
            machines,
            jobs: core.jobs.clone(),
        });
        hub.set_source(Arc::new(logs::LogSource(logs)));
        watch::start(service.clone(), &tasks);
        numbers::start(service.clone(), &tasks);
        summary::start(service.clone(), &tasks);
        tasks.spawn({
            let (hub, token) = (hub, tasks.token().clone());
            async move {
                token.cancelled().await;
                for topic in [
                    TOPIC_FLEET,
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
