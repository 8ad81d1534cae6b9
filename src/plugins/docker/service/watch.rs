//! One watcher per online machine: events first, then the list, so that nothing falls between.

use super::{
    DockerService,
    engine::{Engine, Event},
    row::Seen,
};
use crate::{
    core::{id::UnixMillis, server::tasks::TaskSet},
    error::AppResult,
    plugins::machines::{
        model::{MachineId, MachineRow},
        port::LinkEvent,
    },
};
use futures::{Stream, StreamExt};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
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
/// An engine says that a container died before its own list does (it cleans up first), and after a kill or an exit
/// says nothing more: such a container is looked at again, this long after.
const LOOK_AGAIN: [Duration; 3] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(4),
];
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
    let engine = Engine::of(&service.machines, machine.id).await?;
    let events = pin!(engine.events().await?.ready_chunks(256));
    let mut changes = Changes::new(events, |id| service.memory.started(machine.id, id, UnixMillis::now()));
    let listed = engine.list(machine, None);
    let seen = changes.during(listed).await??;
    service.all(machine.id, seen);
    service.settle_numbers(machine.id);
    service.watching(machine, true, engine.version(), None);
    loop {
        service.count(machine.id);
        match changes.next().await? {
            Some(ids) if ids.len() <= MANY => {
                let ids: Vec<String> = ids.into_iter().collect();
                let seen = engine.list(machine, Some(&ids)).await?;
                service.some(machine.id, seen, &ids);
            }
            _ => service.all(machine.id, engine.list(machine, None).await?),
        }
        service.settle_numbers(machine.id);
    }
}

impl DockerService {
    /// What is on a machine, all of it.
    fn all(&self, machine: MachineId, seen: Vec<Seen>) {
        let rows = self.memory.take(machine, seen, true, UnixMillis::now());
        self.containers.replace(&machine.to_string(), rows);
        self.logs.touched(machine, None);
    }
    /// What became of the containers `ids`; those that were not seen are gone.
    fn some(&self, machine: MachineId, seen: Vec<Seen>, ids: &[String]) {
        let rows = self.memory.take(machine, seen, false, UnixMillis::now());
        let there: HashSet<&str> = rows.iter().map(|it| it.row.id.as_str()).collect();
        let gone: Vec<String> = ids.iter().filter(|id| !there.contains(id.as_str())).cloned().collect();
        self.containers.change(&machine.to_string(), rows, &gone);
        self.logs.touched(machine, Some(ids));
    }
}

/// Events, gathered into sets of container ids.
struct Changes<S, F> {
    events: S,
    /// Is told of each container whose process began.
    started: F,
    waiting: BTreeSet<String>,
    /// Who is to be looked at again, and when.
    again: BTreeSet<(tokio::time::Instant, String)>,
    /// Something happened that nobody could read.
    unknown: bool,
    resync_at: tokio::time::Instant,
}

impl<S: Stream<Item = Vec<AppResult<Event>>> + Unpin, F: Fn(&str)> Changes<S, F> {
    fn new(events: S, started: F) -> Self {
        Self {
            events,
            started,
            waiting: BTreeSet::new(),
            again: BTreeSet::new(),
            unknown: false,
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

    /// The next set of changed containers; `None` when it is time to read them all. The full list is due by
    /// the clock, however much happens in between.
    async fn next(&mut self) -> AppResult<Option<BTreeSet<String>>> {
        if self.waiting.is_empty() && !self.unknown {
            let due = self.due();
            tokio::select! {
                chunk = self.events.next() => self.keep(chunk)?,
                () = tokio::time::sleep_until(due) => {}
            }
        }
        self.during(tokio::time::sleep(GATHER)).await?;
        self.take_again();
        if std::mem::take(&mut self.unknown) || tokio::time::Instant::now() >= self.resync_at {
            self.resync_at = tokio::time::Instant::now() + RESYNC;
            self.waiting.clear();
            return Ok(None);
        }
        Ok(Some(std::mem::take(&mut self.waiting)))
    }

    /// When there is something to do though nothing happens.
    fn due(&self) -> tokio::time::Instant {
        self.again
            .first()
            .map_or(self.resync_at, |(at, _)| self.resync_at.min(*at))
    }

    fn take_again(&mut self) {
        let now = tokio::time::Instant::now();
        while let Some(next) = self.again.pop_first() {
            if next.0 > now {
                self.again.insert(next);
                return;
            }
            self.waiting.insert(next.1);
        }
    }

    fn keep(&mut self, chunk: Option<Vec<AppResult<Event>>>) -> AppResult<()> {
        let ended = || {
            crate::error::AppError::unavailable(
                "The engine ended its stream of events; it is restarting or was stopped.",
            )
        };
        for event in chunk.ok_or_else(ended)? {
            match event? {
                Event::Container { id, started, ended } => {
                    if started {
                        (self.started)(&id);
                    }
                    if ended {
                        let now = tokio::time::Instant::now();
                        self.again.extend(LOOK_AGAIN.map(|later| (now + later, id.clone())));
                    }
                    self.waiting.insert(id);
                }
                Event::Unreadable => self.unknown = true,
            }
        }
        Ok(())
    }
}
