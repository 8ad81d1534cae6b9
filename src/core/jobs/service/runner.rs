//! Running one job: some targets at a time, each as one step.

mod step;

use super::{
    board::Board,
    kind::{ActorSource, JobKind},
    store::{self, Job},
};
use crate::{
    core::{
        audit::service::Audit,
        jobs::model::{JobId, JobState, JobStep},
        live::service::Hub,
        server::{db::Db, tasks::TaskSet},
    },
    error::{AppError, AppResult, REQUEST_ID},
};
use futures::StreamExt;
use serde_json::{Map, Value};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Jobs that wait or run.
const MAX_ACTIVE: usize = 256;
/// Targets of one job at once.
const PER_JOB: usize = 8;
/// Steps of all jobs at once.
const STEPS: usize = 64;
/// How often output goes to the pages and to the disk.
const FLUSH: Duration = Duration::from_millis(100);

/// What to do with a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Step,
    Undo,
}

/// What all jobs share.
pub(super) struct Shared {
    pub(super) db: Db,
    pub(super) audit: Audit,
    pub(super) board: Arc<Board>,
    pub(super) tasks: TaskSet,
    actors: Arc<dyn ActorSource>,
    kinds: HashMap<&'static str, Arc<dyn JobKind>>,
    slots: Semaphore,
    active: Mutex<HashMap<JobId, CancellationToken>>,
}

/// One job that runs.
struct Run {
    shared: Arc<Shared>,
    kind: Arc<dyn JobKind>,
    job: Job,
    cancel: CancellationToken,
    checkpoints: Arc<Checkpoints>,
}

impl Shared {
    pub(super) fn new(
        db: Db,
        audit: Audit,
        hub: Arc<Hub>,
        actors: Arc<dyn ActorSource>,
        kinds: Vec<Arc<dyn JobKind>>,
    ) -> Self {
        Self {
            db,
            audit,
            board: Board::new(hub),
            tasks: TaskSet::new(),
            actors,
            kinds: kinds.into_iter().map(|kind| (kind.kind(), kind)).collect(),
            slots: Semaphore::new(STEPS),
            active: Mutex::default(),
        }
    }

    pub(super) fn kind(&self, name: &str) -> Option<Arc<dyn JobKind>> {
        self.kinds.get(name).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<JobId, CancellationToken>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more job, and what cancels it.
    pub(super) fn reserve(&self, id: JobId) -> AppResult<CancellationToken> {
        let mut active = self.lock();
        if self.tasks.token().is_cancelled() {
            return Err(AppError::unavailable(
                "The server is stopping and takes no more jobs; nothing was done.",
            ));
        }
        if active.len() >= MAX_ACTIVE {
            return Err(AppError::unavailable(format!(
                "{MAX_ACTIVE} jobs wait or run already. Wait for some to end, or cancel them."
            )));
        }
        let token = self.tasks.token().child_token();
        active.insert(id, token.clone());
        Ok(token)
    }

    pub(super) fn release(&self, id: JobId) {
        self.lock().remove(&id);
    }
    pub(super) fn token(&self, id: JobId) -> Option<CancellationToken> {
        self.lock().get(&id).cloned()
    }
    pub(super) fn active(&self) -> usize {
        self.lock().len()
    }

    /// Runs `todo` in a task of its own. The job is on the board and holds a place.
    pub(super) fn start(
        self: &Arc<Self>,
        kind: Arc<dyn JobKind>,
        job: Job,
        todo: Vec<(JobStep, Mode)>,
        cancel: CancellationToken,
    ) {
        let checkpoints = Arc::new(Checkpoints {
            db: self.db.clone(),
            kept: Arc::new(Mutex::new(job.checkpoints.clone())),
        });
        let run = Run {
            shared: self.clone(),
            kind,
            job,
            cancel,
            checkpoints,
        };
        let request = format!("job-{}", run.job.id);
        self.tasks
            .spawn(REQUEST_ID.scope(request, async move { run.to_the_end(todo).await }));
    }

    /// Writes down and shows the state of a job.
    pub(super) async fn set_state(&self, id: JobId, state: JobState) {
        let written = self
            .db
            .write(move |tx| Box::pin(async move { store::set_state(tx, id, state).await }))
            .await;
        if let Err(why) = written {
            tracing::error!(job = %id, state = state.as_str(), error = %why, "the state of a job could not be kept");
        }
        self.board.job(id, state);
    }

    /// Puts the new output of a job on the pages and on the disk.
    async fn flush(&self, id: JobId) {
        let Some((lines, first)) = self.board.flush(id) else {
            return;
        };
        let written = self
            .db
            .write(move |tx| Box::pin(async move { store::add_output(tx, id, &lines, first).await }))
            .await;
        if let Err(why) = written {
            tracing::error!(job = %id, error = %why, "output of a job could not be kept");
        }
    }
}

impl Run {
    async fn to_the_end(&self, todo: Vec<(JobStep, Mode)>) {
        let id = self.job.id;
        self.shared.set_state(id, JobState::Running).await;
        let done = CancellationToken::new();
        let steps = async {
            futures::stream::iter(todo)
                .for_each_concurrent(PER_JOB, |(step, mode)| self.step(step, mode))
                .await;
            done.cancel();
        };
        tokio::join!(steps, self.flush_until(&done));
        self.shared.flush(id).await;
        let steps = self.shared.board.detail(id).map(|job| job.steps).unwrap_or_default();
        // A step that is not over waits for the next start of the server, and so does the job.
        if steps.iter().all(|step| step.state.is_over()) {
            self.shared.set_state(id, outcome(&steps)).await;
        }
        self.shared.release(id);
    }

    async fn flush_until(&self, done: &CancellationToken) {
        while tokio::time::timeout(FLUSH, done.cancelled()).await.is_err() {
            self.shared.flush(self.job.id).await;
        }
    }
}

/// How a job ended whose steps ended so.
pub(super) fn outcome(steps: &[JobStep]) -> JobState {
    let by_weight = [JobState::Interrupted, JobState::Cancelled, JobState::Failed];
    by_weight
        .into_iter()
        .find(|state| steps.iter().any(|s| s.state == *state))
        .unwrap_or(JobState::Succeeded)
}

/// The checkpoints of one job, by step.
pub(super) struct Checkpoints {
    db: Db,
    kept: Arc<Mutex<Map<String, Value>>>,
}

impl Checkpoints {
    pub(super) fn last(&self, step: u32) -> Option<Value> {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&step.to_string())
            .cloned()
    }

    pub(super) async fn keep(&self, id: JobId, step: u32, value: Value) -> AppResult<()> {
        let kept = self.kept.clone();
        self.db
            .write(move |tx| {
                // Added in the writer, one after the other, so that two steps cannot overwrite each other's.
                let all = {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.insert(step.to_string(), value);
                    Value::Object(kept.clone()).to_string()
                };
                Box::pin(async move { store::set_checkpoints(tx, id, all).await })
            })
            .await
    }
}
