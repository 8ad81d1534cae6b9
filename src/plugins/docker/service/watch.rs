//! One watcher per online machine: events first, then the list, so that nothing falls between.

use super::{DockerService, engine::Engine};
use crate::{
    core::server::tasks::TaskSet,
    error::AppResult,
    plugins::machines::{
        model::{MachineId, MachineRow},
        port::LinkEvent,
    },
};
use futures::{Stream, StreamExt};
use std::{
    collections::{BTreeSet, HashMap},
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tokio::sync::broadcast::error::RecvError;

/// Events that come within this time are answered by one list.
const GATHER: Duration = Duration::from_millis(40);
/// More changed containers than this: list them all.
const MANY: usize = 40;
/// The whole list is read again this often, in case an event was lost.
const RESYNC: Duration = Duration::from_secs(60);
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_LAST: Duration = Duration::from_secs(15);

/// Follows the links of all machines.
pub(super) fn start(service: Arc<DockerService>, tasks: &TaskSet) {
    let tasks = tasks.clone();
    let owner = tasks.clone();
    tasks.spawn_until_stopped(async move {
        let mut watchers: HashMap<MachineId, TaskSet> = HashMap::new();
        let mut links = service.machines.watch();
        for machine in service.machines.machines() {
            follow(&service, &owner, &mut watchers, machine.id).await;
        }
        loop {
            match links.recv().await {
                Ok(LinkEvent::Online { id } | LinkEvent::Down { id }) => {
                    follow(&service, &owner, &mut watchers, id).await
                }
                Ok(LinkEvent::Deleted { id }) => {
                    end(&mut watchers, id).await;
                    service.forget(id);
                }
                Err(RecvError::Lagged(_)) => {
                    for machine in service.machines.machines() {
                        follow(&service, &owner, &mut watchers, machine.id).await;
                    }
                }
                Err(RecvError::Closed) => return,
            }
        }
    });
}

/// Makes the watcher of one machine fit the state of its link.
async fn follow(
    service: &Arc<DockerService>,
    owner: &TaskSet,
    watchers: &mut HashMap<MachineId, TaskSet>,
    id: MachineId,
) {
    end(watchers, id).await;
    let Some(machine) = service.machines.machine(id) else {
        return service.forget(id);
    };
    if !machine.state.is_up() {
        service.numbers_are_old(id);
        return service.watching(
            &machine,
            false,
            None,
            Some(
                machine
                    .reason
                    .clone()
                    .unwrap_or_else(|| "The host is not connected.".to_owned()),
            ),
        );
    }
    let set = owner.child();
    let service = service.clone();
    set.spawn_until_stopped(async move { watch(service, machine).await });
    watchers.insert(id, set);
}

async fn end(watchers: &mut HashMap<MachineId, TaskSet>, id: MachineId) {
    if let Some(old) = watchers.remove(&id) {
        old.stop(Duration::from_secs(2)).await;
    }
}

async fn watch(service: Arc<DockerService>, machine: MachineRow) {
    let mut pause = RETRY_FIRST;
    loop {
        let was = tokio::time::Instant::now();
        if let Err(why) = session(&service, &machine).await {
            tracing::warn!(machine = %machine.id, error = %why, "the engine is not watched");
            service.watching(&machine, false, None, Some(why.message));
        }
        pause = if was.elapsed() > RETRY_LAST {
            RETRY_FIRST
        } else {
            (pause * 2).min(RETRY_LAST)
        };
        tokio::time::sleep(pause.mul_f64(1.0 + rand::random::<f64>() / 4.0)).await;
    }
}

/// From connect until the engine goes away.
async fn session(service: &DockerService, machine: &MachineRow) -> AppResult<()> {
    let engine = Engine::connect(service.machines.docker_socket(machine.id).await?).await?;
    let events = pin!(engine.events().ready_chunks(256));
    let version = engine.version().await?;
    let shard = machine.id.to_string();
    // The request for the events is sent by the first poll: poll it while the list is read.
    let (mut changes, listed) = (Changes::new(events), engine.list(machine, None));
    let rows = changes.during(listed).await??;
    service.containers.replace(&shard, rows);
    service.settle_numbers(machine.id);
    service.watching(machine, true, version, None);
    loop {
        service.count(machine.id);
        match changes.next().await? {
            Some(ids) if ids.len() <= MANY => {
                let ids: Vec<String> = ids.into_iter().collect();
                let rows = engine.list(machine, Some(&ids)).await?;
                let gone: Vec<String> = ids
                    .into_iter()
                    .filter(|id| rows.iter().all(|r| r.row.id.as_str() != id))
                    .collect();
                service.containers.change(&shard, rows, &gone);
            }
            _ => service.containers.replace(&shard, engine.list(machine, None).await?),
        }
        service.settle_numbers(machine.id);
    }
}

/// Events, gathered into sets of container ids.
struct Changes<S> {
    events: S,
    waiting: BTreeSet<String>,
    resync_at: tokio::time::Instant,
}

impl<S: Stream<Item = Vec<AppResult<String>>> + Unpin> Changes<S> {
    fn new(events: S) -> Self {
        Self {
            events,
            waiting: BTreeSet::new(),
            resync_at: tokio::time::Instant::now() + RESYNC,
        }
    }

    /// Runs `work`, keeping what happens meanwhile.
    async fn during<T>(&mut self, work: impl Future<Output = T>) -> AppResult<T> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                chunk = self.events.next() => self.keep(chunk)?,
            }
        }
    }

    /// The next set of changed containers; `None` when it is time to read them all.
    async fn next(&mut self) -> AppResult<Option<BTreeSet<String>>> {
        if self.waiting.is_empty() {
            tokio::select! {
                chunk = self.events.next() => self.keep(chunk)?,
                () = tokio::time::sleep_until(self.resync_at) => {
                    self.resync_at = tokio::time::Instant::now() + RESYNC;
                    return Ok(None);
                }
            }
        }
        self.during(tokio::time::sleep(GATHER)).await?;
        Ok(Some(std::mem::take(&mut self.waiting)))
    }

    fn keep(&mut self, chunk: Option<Vec<AppResult<String>>>) -> AppResult<()> {
        let ended = || {
            crate::error::AppError::unavailable(
                "The engine ended its stream of events; it is restarting or was stopped.",
            )
        };
        for event in chunk.ok_or_else(ended)? {
            self.waiting.insert(event?);
        }
        Ok(())
    }
}
