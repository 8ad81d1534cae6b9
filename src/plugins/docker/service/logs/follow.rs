//! One followed log.

use super::{LINGER, Logs, lines::LineReader, resume::Resume, ring::Ring};
use crate::{
    core::{
        lines::LogLine,
        live::{
            model::{Seq, ShardKey},
            service::Hub,
        },
    },
    error::{AppError, AppResult},
    plugins::{
        docker::{
            model::{ContainerId, ContainerState, LogEvent, LogState},
            service::engine::{Engine, LogRange},
        },
        machines::model::MachineId,
    },
};
use serde_json::Value;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, sleep_until, timeout},
};

/// Lines that are read when nothing is known yet.
const TAIL: u32 = 1_000;
/// The shortest time between two frames.
const PACE: Duration = Duration::from_millis(50);
/// What one frame may hold: 10,000 lines a second reach a page, and no more. What comes at once after a break
/// is sent in as many frames as it needs.
const FRAME_LINES: usize = 500;
const FRAME_BYTES: usize = 256 << 10;
/// What is kept for those who come later.
const KEPT_LINES: usize = 2_000;
const KEPT_BYTES: usize = 1 << 20;
/// A log that ended or broke is looked at again after this, doubling up to the last.
const RETRY_FIRST: Duration = Duration::from_millis(250);
const RETRY_LAST: Duration = Duration::from_secs(10);

pub(super) struct Follow {
    pub key: ShardKey,
    pub machine: MachineId,
    pub id: ContainerId,
    /// Something happened to the container or its engine.
    pub wake: Notify,
    watched: watch::Sender<bool>,
    shown: Mutex<Shown>,
}

/// What pages see; changed and published under one lock.
struct Shown {
    follow: u32,
    state: LogState,
    /// Number of the newest line.
    n: u64,
    kept: Ring,
    /// Lines that stand in no frame yet.
    fresh: Ring,
}

impl Follow {
    pub fn new(key: ShardKey, machine: MachineId, id: ContainerId) -> Self {
        Self {
            key,
            machine,
            id,
            wake: Notify::new(),
            watched: watch::channel(true).0,
            shown: Mutex::new(Shown {
                follow: rand::random(),
                state: LogState::Opening,
                n: 0,
                kept: Ring::new(KEPT_LINES, KEPT_BYTES),
                fresh: Ring::new(KEPT_LINES, KEPT_BYTES),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn is_watched(&self) -> bool {
        *self.watched.borrow()
    }
    pub fn set_watched(&self, on: bool) {
        self.watched.send_replace(on);
    }
    pub fn tail(&self, most: usize) -> Vec<LogLine> {
        self.lock().kept.tail(most)
    }

    pub fn snapshot(&self, hub: &Hub) -> Option<(Seq, Value)> {
        let shown = self.lock();
        let event = LogEvent::Snapshot {
            follow: shown.follow,
            state: shown.state.clone(),
            lines: shown.kept.tail(KEPT_LINES),
        };
        Some((hub.seq(&self.key), serde_json::to_value(event).ok()?))
    }

    pub fn set_state(&self, hub: &Hub, state: LogState) {
        let mut shown = self.lock();
        if shown.state != state {
            shown.state = state.clone();
            hub.publish(&self.key, &LogEvent::State(state));
        }
    }

    fn add(&self, mut line: LogLine) {
        let mut shown = self.lock();
        shown.n += 1;
        line.n = shown.n;
        for missed in shown.fresh.push(line) {
            shown.kept.push(missed);
        }
    }

    /// Publishes one frame of what waits for it, the oldest first; tells whether more waits. More than fits in
    /// there meanwhile is left out.
    fn flush(&self, hub: &Hub) -> bool {
        let mut shown = self.lock();
        let lines = shown.fresh.take(FRAME_LINES, FRAME_BYTES);
        if lines.is_empty() {
            return false;
        }
        for line in &lines {
            shown.kept.push(line.clone());
        }
        hub.publish(&self.key, &LogEvent::Lines { lines });
        !shown.fresh.is_empty()
    }

    /// Follows until nobody has watched for a while.
    pub async fn run(self: &Arc<Self>, logs: &Logs) {
        tokio::select! {
            () = self.read(logs) => {}
            () = self.unwatched(logs) => {}
        }
    }

    /// Until nobody has watched for a while.
    pub async fn unwatched(self: &Arc<Self>, logs: &Logs) {
        let mut watched = self.watched.subscribe();
        loop {
            if watched.wait_for(|on| !on).await.is_err() {
                return;
            }
            let back = timeout(LINGER, watched.wait_for(|on| *on)).await.is_ok();
            if !back && logs.end_unwatched(self) {
                return;
            }
        }
    }

    async fn read(&self, logs: &Logs) {
        let mut resume = Resume::default();
        let mut pause = RETRY_FIRST;
        loop {
            let before = self.lock().n;
            // What is gone is not asked for again: woken by its end, one comes by here.
            let ended = match logs.container_state(self.machine, &self.id) {
                Some(_) => self.session(logs, &mut resume).await,
                None => Ok(()),
            };
            while self.flush(&logs.hub) {}
            if self.lock().n > before {
                pause = RETRY_FIRST;
            }
            let state = logs.container_state(self.machine, &self.id);
            let (shown, wait) = match (ended, state) {
                (_, None) => (LogState::Gone, RETRY_LAST),
                (Err(why), _) => (LogState::Broken(why.message), pause),
                // It stopped, or the engine has not told yet that it did.
                (Ok(()), Some(ContainerState::Running | ContainerState::Paused)) => (LogState::Following, pause),
                (Ok(()), Some(_)) => (LogState::Waiting, RETRY_LAST),
            };
            self.set_state(&logs.hub, shown);
            let _ = timeout(wait, self.wake.notified()).await;
            pause = (pause * 2).min(RETRY_LAST);
        }
    }

    /// From one request to the end of its answer.
    async fn session(&self, logs: &Logs, resume: &mut Resume) -> AppResult<()> {
        let engine = Engine::of(&logs.machines, self.machine).await?;
        let mut reader = LineReader::new(is_terminal(&engine, &self.id).await?);
        let range = resume.since().map_or(LogRange::Tail(TAIL), LogRange::Since);
        let mut answer = engine.logs(&self.id, range, true).await?;
        resume.begin();
        self.set_state(&logs.hub, LogState::Following);
        let mut last = Instant::now();
        let mut due = None;
        loop {
            tokio::select! {
                chunk = answer.chunk() => {
                    let over = match chunk? {
                        Some(chunk) => { reader.feed(&chunk)?; false }
                        None => { reader.finish(); true }
                    };
                    let new = reader.lines().filter(|line| resume.admit(line));
                    let any = new.map(|line| self.add(line)).count() > 0;
                    if over {
                        return Ok(());
                    }
                    if any && due.is_none() {
                        due = Some(last + PACE);
                    }
                }
                // The engine ends the answer when the container is removed; a line that hangs does not.
                () = self.wake.notified() => {
                    if logs.container_state(self.machine, &self.id).is_none() {
                        return Ok(());
                    }
                }
                () = at(due), if due.is_some() => {
                    let more = self.flush(&logs.hub);
                    last = Instant::now();
                    due = more.then(|| last + PACE);
                }
            }
        }
    }
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => sleep(Duration::MAX).await,
    }
}

/// Whether the container has a terminal: its log has no frames then.
pub(super) async fn is_terminal(engine: &Engine, id: &ContainerId) -> Result<bool, AppError> {
    let config = engine.inspect(id).await?.config.0.unwrap_or_default();
    Ok(config.tty.unwrap_or(false))
}
