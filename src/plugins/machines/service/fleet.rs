//! All machines of this server: their rows, their actors, and what those share.

use super::{
    actor,
    collect::{Numbers, Pace},
    row,
    shown::Shown,
    ssh::{master::CONNECT_DEADLINE, rundir::RunDir},
    store::{self, Record},
};
use crate::{
    core::{
        audit::service::Audit,
        auth::service::Actor,
        live::service::RowTopic,
        server::{db::Db, secrets::Secrets, tasks::TaskSet},
    },
    error::{AppError, AppResult, ErrorKind},
    plugins::machines::{
        model::{Connect, ContainerCounts, MachineId, MachineRow},
        port::{HostLink, LinkEvent, LocalSocket},
    },
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, Semaphore, broadcast};

/// Connects under way at once, over all machines.
const CONNECTS: usize = 16;
const EVENTS: usize = 1024;
const STOP_WITHIN: Duration = Duration::from_secs(6);

/// The paces of a link; tests make them faster.
#[derive(Clone, Copy, Debug)]
pub struct Paces {
    /// Between two looks at the host's key, jittered by a tenth.
    pub key_probe: Duration,
    /// Of the collector: three missed beats end the link.
    pub collect: Pace,
    /// First and longest pause between two tries to connect.
    pub retry: (Duration, Duration),
    /// Between two looks at Docker.
    pub docker: Duration,
    /// How long a connect may take, from the first packet to the login.
    pub login: Duration,
}

impl Paces {
    /// `collect` is the pause between two readings. A dead line is noticed within 40 s, whatever that is: 10 s at
    /// most pass between two questions, and an answer is waited for 30 s.
    pub fn new(key_probe: Duration, collect: Duration) -> Self {
        let seconds = Duration::from_secs;
        Self {
            key_probe,
            collect: Pace {
                collect,
                beat: seconds(10),
            },
            retry: (seconds(1), seconds(60)),
            docker: seconds(15),
            login: CONNECT_DEADLINE,
        }
    }
}

/// What all actors share.
pub struct World {
    pub db: Db,
    pub secrets: Secrets,
    pub audit: Audit,
    /// The server itself, for audit rows of what nobody asked for.
    pub system: Actor,
    pub rows: Arc<RowTopic<MachineRow>>,
    pub events: broadcast::Sender<LinkEvent>,
    pub numbers: Numbers,
    pub connects: Semaphore,
    pub run: RunDir,
    pub paces: Paces,
}

/// The other end of an actor.
struct Handle {
    wake: Arc<Notify>,
    shown: Arc<Shown>,
    tasks: TaskSet,
}

/// The fleet. Its actors end with the task set it was started in.
pub struct Fleet {
    world: Arc<World>,
    tasks: TaskSet,
    handles: Mutex<HashMap<MachineId, Handle>>,
}

impl World {
    pub fn new(
        db: Db,
        secrets: Secrets,
        audit: Audit,
        system: Actor,
        (rows, numbers): (Arc<RowTopic<MachineRow>>, Numbers),
        run: RunDir,
        paces: Paces,
    ) -> Arc<Self> {
        let (events, _) = broadcast::channel(EVENTS);
        Arc::new(Self {
            db,
            secrets,
            audit,
            system,
            rows,
            events,
            numbers,
            connects: Semaphore::new(CONNECTS),
            run,
            paces,
        })
    }
}

impl Fleet {
    /// Starts an actor for every stored machine. Their tasks end with `tasks`.
    pub async fn start(world: Arc<World>, tasks: TaskSet) -> AppResult<Arc<Self>> {
        let fleet = Arc::new(Self {
            world,
            tasks,
            handles: Mutex::default(),
        });
        for record in store::all(fleet.world.db.read()).await? {
            fleet.add(&record);
        }
        let (closing, token) = (fleet.clone(), fleet.tasks.token().clone());
        fleet.tasks.spawn(async move {
            token.cancelled().await;
            closing.close().await;
        });
        Ok(fleet)
    }

    /// Waits for every link to end, then removes what they left on the disk.
    async fn close(&self) {
        let handles: Vec<Handle> = self.handles().drain().map(|(_, handle)| handle).collect();
        let ended = futures::future::join_all(handles.iter().map(|handle| handle.tasks.stop(STOP_WITHIN))).await;
        let late = ended.into_iter().filter(|ended| !ended).count();
        if late > 0 {
            tracing::error!(late, "some links did not end in time");
        }
        self.world.run.remove();
    }

    pub fn world(&self) -> &Arc<World> {
        &self.world
    }
    pub fn rows(&self) -> &RowTopic<MachineRow> {
        &self.world.rows
    }
    pub fn row(&self, id: MachineId) -> Option<MachineRow> {
        self.world.rows.get(&id.to_string(), &id.to_string())
    }
    pub fn watch(&self) -> broadcast::Receiver<LinkEvent> {
        self.world.events.subscribe()
    }

    fn handles(&self) -> MutexGuard<'_, HashMap<MachineId, Handle>> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows the machine and starts its actor.
    pub fn add(&self, record: &Record) {
        self.world.rows.tag(&record.id.to_string(), &record.name, &record.tags);
        self.world.rows.upsert(&record.id.to_string(), row::fresh(record));
        let id = record.id;
        let shown = Arc::new(Shown::new(id, self.world.clone()));
        let handle = Handle {
            wake: Arc::default(),
            shown: shown.clone(),
            tasks: self.tasks.child(),
        };
        let actor = actor::supervise(
            self.world.clone(),
            shown,
            handle.wake.clone(),
            handle.tasks.token().clone(),
        );
        handle.tasks.spawn(actor);
        self.handles().insert(id, handle);
    }

    /// Ends the link, reads the machine anew, and begins again: after a change, or to connect now.
    /// From here on nobody is given the old link any more.
    pub fn renew(&self, id: MachineId) {
        if let Some(handle) = self.handles().get(&id) {
            handle.shown.withdraw();
            handle.wake.notify_one();
        }
    }

    /// Shows what people changed about a machine; its link is not touched.
    pub fn describe(&self, record: &Record) {
        let shard = record.id.to_string();
        self.world.rows.update(&shard, &shard, |row| row::describe(row, record));
        self.world.rows.tag(&shard, &record.name, &record.tags);
        // others hold copies of its name and tags
        if let Some(handle) = self.handles().get(&record.id) {
            handle.shown.tell_again();
        }
    }

    /// What runs on a machine, from whoever watches its engine; `None` when nobody does any more.
    pub fn count_containers(&self, id: MachineId, counts: Option<ContainerCounts>) {
        self.world
            .rows
            .update(&id.to_string(), &id.to_string(), |row| row.containers = counts);
    }

    /// The last tries to connect, newest first.
    pub fn connects(&self, id: MachineId) -> Vec<Connect> {
        self.handles()
            .get(&id)
            .map(|handle| handle.shown.connects())
            .unwrap_or_default()
    }

    /// Ends the machine's actor and forgets it; it is deleted from the database before.
    pub async fn remove(&self, id: MachineId) {
        let handle = self.handles().remove(&id);
        if let Some(handle) = handle
            && !handle.tasks.stop(STOP_WITHIN).await
        {
            tracing::error!(machine = %id, "the machine's link did not end in time");
        }
        self.world.rows.drop_shard(&id.to_string());
        self.world.rows.untag(&id.to_string());
        self.world.numbers.forget(id);
        let _ = self.world.events.send(LinkEvent::Deleted { id });
    }

    /// See `MachinesPort::link`.
    pub fn link(&self, id: MachineId) -> AppResult<Arc<dyn HostLink>> {
        let link = self
            .handles()
            .get(&id)
            .map(|handle| handle.shown.link())
            .ok_or_else(|| AppError::not_found("machine"))?;
        link.ok_or_else(|| {
            let row = self.row(id);
            let reason = row
                .as_ref()
                .and_then(|row| row.reason.clone())
                .unwrap_or_else(|| "It is not connected.".to_owned());
            AppError::new(
                ErrorKind::HostUnreachable,
                format!("{}: {reason}", row.map_or_else(String::new, |row| row.name)),
            )
        })
    }

    /// See `MachinesPort::docker_socket`.
    pub async fn docker_socket(&self, id: MachineId) -> AppResult<LocalSocket> {
        let link = self.link(id)?;
        let row = self.row(id).ok_or_else(|| AppError::not_found("machine"))?;
        let reason = || {
            row.reason
                .clone()
                .unwrap_or_else(|| "No Docker socket was found on the host.".to_owned())
        };
        let docker = row.docker.as_ref().ok_or_else(|| AppError::unavailable(reason()))?;
        link.open_docker(docker).await
    }
}
