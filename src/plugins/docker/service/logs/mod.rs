//! Followed logs: while somebody watches a container's log, one task follows it on the engine, however many
//! watch. Its frames carry batches of lines; the newest lines are kept for those who come later.
//!
//! Lines are numbered before anything is left out, so a hole in the numbers that a page sees is exactly
//! what it did not get.

mod demux;
mod download;
mod follow;
mod lines;
mod resume;
mod ring;
mod tail;

use super::{Listed, container::ContainersLogs, engine::Engine};
use crate::{
    core::{
        auth::service::Action,
        lines::LogLine,
        live::{
            model::{Seq, ShardKey},
            service::{Hub, RowTopic, TopicSource},
        },
        server::tasks::TaskSet,
    },
    error::{AppError, AppResult},
    plugins::{
        docker::model::{ContainerId, ContainerRow, ContainerState, LogState, TOPIC_LOGS, log_shard},
        machines::{model::MachineId, port::MachinesPort},
    },
};
use follow::Follow;
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
#[cfg(test)]
pub(super) use tail::read_all;
use tokio::sync::Semaphore;

/// Logs that may be followed on one machine at a time: each takes a connection to its engine.
const MOST_PER_MACHINE: usize = 64;
/// Logs that are written into files at a time.
const MOST_DOWNLOADS: usize = 8;
/// How long a log is still followed when nobody watches any more: a reload costs no new connection.
const LINGER: Duration = Duration::from_secs(3);

/// The logs that are followed now.
pub struct Logs {
    hub: Arc<Hub>,
    containers: Arc<RowTopic<Listed>>,
    machines: Arc<MachinesPort>,
    tasks: TaskSet,
    follows: Mutex<HashMap<String, Arc<Follow>>>,
    downloads: Arc<Semaphore>,
}

impl Logs {
    /// The topic of followed logs; its tasks end with `tasks`.
    pub(super) fn new(
        hub: Arc<Hub>,
        containers: Arc<RowTopic<Listed>>,
        machines: Arc<MachinesPort>,
        tasks: TaskSet,
    ) -> Arc<Self> {
        Arc::new(Self {
            hub,
            containers,
            machines,
            tasks,
            follows: Mutex::default(),
            downloads: Arc::new(Semaphore::new(MOST_DOWNLOADS)),
        })
    }

    /// The newest `most` lines: from memory while the log is followed, else from the engine.
    pub(super) async fn tail(&self, row: &ContainerRow, most: u32) -> AppResult<Vec<LogLine>> {
        let held = self
            .find(&log_shard(row.machine, &row.id))
            .map(|f| f.tail(most as usize));
        if let Some(lines) = held.filter(|lines| !lines.is_empty()) {
            return Ok(lines);
        }
        tail::tail_of(&Engine::of(&self.machines, row.machine).await?, &row.id, most).await
    }

    /// The engine of a machine reported something: about these containers, or (`None`) about all of them.
    /// Logs that wait for their container look again.
    pub(super) fn touched(&self, machine: MachineId, ids: Option<&[String]>) {
        for follow in self.lock().values().filter(|f| f.machine == machine) {
            if ids.is_none_or(|ids| ids.iter().any(|id| id == follow.id.as_str())) {
                follow.wake.notify_one();
            }
        }
    }

    /// How many logs are followed.
    pub fn followed(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Follow>>> {
        self.follows.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn find(&self, shard: &str) -> Option<Arc<Follow>> {
        self.lock().get(shard).cloned()
    }

    /// `None` when the container is gone.
    fn container_state(&self, machine: MachineId, id: &ContainerId) -> Option<ContainerState> {
        self.containers
            .get(&machine.to_string(), id.as_str())
            .map(|it| it.row.state)
    }

    /// Ends the following unless somebody came back meanwhile.
    fn end_unwatched(&self, follow: &Arc<Follow>) -> bool {
        let mut follows = self.lock();
        if follow.is_watched() {
            return false;
        }
        follows.remove(&follow.key.shard);
        self.hub.end(&follow.key);
        true
    }

    fn begin(self: &Arc<Self>, shard: &str, follows: &mut HashMap<String, Arc<Follow>>) {
        let Some((machine, id)) = parse_shard(shard) else {
            return;
        };
        if self.container_state(machine, &id).is_none() {
            return;
        }
        let follow = Arc::new(Follow::new(ShardKey::new(TOPIC_LOGS, shard), machine, id));
        let full = follows.values().filter(|f| f.machine == machine).count() >= MOST_PER_MACHINE;
        if full {
            let why = format!(
                "{MOST_PER_MACHINE} logs of this host are followed already. Close some of them, then open this page again."
            );
            follow.set_state(&self.hub, LogState::Broken(why));
        }
        let (logs, task) = (self.clone(), follow.clone());
        self.tasks.spawn_until_stopped(async move {
            if full {
                task.unwatched(&logs).await;
            } else {
                task.run(&logs).await;
            }
        });
        follows.insert(shard.to_owned(), follow);
    }
}

fn parse_shard(shard: &str) -> Option<(MachineId, ContainerId)> {
    let (machine, id) = shard.split_once('/')?;
    Some((machine.parse().ok()?, id.parse().ok()?))
}

/// What the hub asks: the source of [`TOPIC_LOGS`].
pub(super) struct LogSource(pub Arc<Logs>);

impl TopicSource for LogSource {
    fn topic(&self) -> &'static str {
        TOPIC_LOGS
    }
    fn action(&self) -> &'static str {
        ContainersLogs::NAME
    }
    fn shards(&self) -> Vec<String> {
        self.0.lock().keys().cloned().collect()
    }
    fn snapshot(&self, shard: &str) -> Option<(Seq, Value)> {
        let follow = self.0.find(shard)?;
        follow.snapshot(&self.0.hub)
    }
    fn watched(&self, shard: &str, on: bool) {
        let mut follows = self.0.lock();
        match follows.get(shard) {
            Some(follow) => follow.set_watched(on),
            None if on => self.0.begin(shard, &mut follows),
            None => {}
        }
    }
}

fn too_many_downloads() -> AppError {
    AppError::unavailable(format!(
        "{MOST_DOWNLOADS} logs are being downloaded already. Try again when one of them is done."
    ))
}
