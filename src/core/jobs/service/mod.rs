//! Running jobs: accepted with their audit row in one transaction, run some targets at a time, each step
//! authorised again, announced before it acts and closed after. The rows outlive the server; the runner does not.

mod board;
mod kind;
mod object;
mod output;
mod recover;
mod runner;
mod store;
#[cfg(test)]
mod tests;

pub use kind::{ActorSource, Admitted, JobKind, NewJob, Recover, StepCtx};
pub use object::JobObject;

use super::model::{JobDetail, JobId, JobList, JobState, JobStep, JobSummary};
use crate::{
    core::{
        audit::service::{Audit, Entry},
        auth::service::{Action, Actor, JobsView, Who},
        id::{ObjectRef, UnixMillis},
        live::{model::ShardSeq, service::Hub},
        server::{db::Db, tasks::seen_through},
    },
    error::{AppError, AppResult},
};
use runner::{Mode, Shared};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use store::{AskedBy, Job};

/// Targets of one job.
const MAX_TARGETS: usize = 1_000;

/// The jobs of this server.
pub struct Jobs {
    shared: Arc<Shared>,
}

impl Jobs {
    /// Jobs of these kinds; [`Jobs::recover`] once their owners run.
    pub fn new(
        db: Db,
        audit: Audit,
        hub: Arc<Hub>,
        actors: Arc<dyn ActorSource>,
        kinds: Vec<Arc<dyn JobKind>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            shared: Arc::new(Shared::new(db, audit, hub, actors, kinds)),
        })
    }

    /// Accepts a job; it is on the disk when this returns, and runs at once. The caller has authorised `actor`
    /// for every target; each step asks again. `Unavailable` while too many jobs run or the server stops.
    pub async fn submit(&self, actor: &Actor, new: NewJob) -> AppResult<JobId> {
        self.submit_some(actor, new, Vec::new()).await
    }

    /// The same for a request that named more than may be touched: `refused` stand in the report as failed, and
    /// look like missing ones.
    pub async fn submit_some(&self, actor: &Actor, new: NewJob, refused: Vec<ObjectRef>) -> AppResult<JobId> {
        self.take(actor, new, refused, None).await
    }

    /// Runs again what failed in a job that is over: the same kind and parameters, asked for by `actor`, who is
    /// authorised anew on each target. Errors: `Conflict` while it runs, when nothing failed, or when its kind
    /// cannot be run again; `NotFound` when none of the targets is there and allowed.
    pub async fn rerun(&self, actor: &Actor, id: JobId) -> AppResult<JobId> {
        let job = self.get(id).await?;
        if !job.summary.state.is_over() {
            return Err(AppError::conflict("This job still runs. Wait until it is over."));
        }
        let failed: Vec<_> = job
            .steps
            .into_iter()
            .filter(|s| s.state.is_failure())
            .map(|s| s.target)
            .collect();
        if failed.is_empty() {
            return Err(AppError::conflict(
                "Nothing failed in this job: there is nothing to run again.",
            ));
        }
        let kept = store::find(self.shared.db.read(), id)
            .await?
            .ok_or_else(|| AppError::not_found("job"))?;
        let kind = self
            .shared
            .kind(&kept.kind)
            .ok_or_else(|| AppError::conflict("The plugin whose job this was is not part of this server any more."))?;
        let Admitted { granted, refused } = kind.admit(actor, &failed).await?;
        if granted.is_empty() {
            return Err(AppError::not_found("target"));
        }
        let new = NewJob {
            kind: kind.kind(),
            title: format!(
                "{} (failed ones again)",
                job.summary.title.trim_end_matches(" (failed ones again)")
            ),
            params: kept.params,
            targets: granted,
        };
        self.take(actor, new, refused, Some(id)).await
    }

    async fn take(
        &self,
        actor: &Actor,
        new: NewJob,
        refused: Vec<ObjectRef>,
        rerun_of: Option<JobId>,
    ) -> AppResult<JobId> {
        if new.targets.is_empty() || new.targets.len() + refused.len() > MAX_TARGETS {
            return Err(AppError::invalid(
                "targets",
                format!("Choose between 1 and {MAX_TARGETS} targets."),
            ));
        }
        // In a task of its own: a caller who goes away must not leave an accepted job that nobody runs.
        let (shared, actor) = (self.shared.clone(), actor.clone());
        seen_through(async move { shared.accept(&actor, new, refused, rerun_of).await }).await
    }

    /// Asks a job to stop at its next safe point.
    pub async fn cancel(&self, actor: &Actor, id: JobId) -> AppResult<()> {
        let Some(token) = self.shared.token(id) else {
            let job = self.get(id).await?;
            return Err(AppError::conflict(format!(
                "This job is over: it is {}.",
                job.summary.state.as_str()
            )));
        };
        let title = self
            .shared
            .board
            .detail(id)
            .map(|job| job.summary.title)
            .unwrap_or_default();
        let entry = Entry {
            action: "core.jobs.cancel".to_owned(),
            object: ObjectRef::new("job", id, title),
            detail: json!({}),
        };
        let (audit, actor) = (self.shared.audit.clone(), actor.clone());
        self.shared
            .db
            .write(move |tx| Box::pin(async move { audit.change_in(tx, &actor, entry).await }))
            .await?;
        token.cancel();
        Ok(())
    }

    /// The newest jobs, newest first; `before` is the last one of the page before.
    pub async fn list(&self, limit: u64, before: Option<JobId>) -> AppResult<Vec<JobSummary>> {
        store::list(self.shared.db.read(), limit, before, None).await
    }

    /// The newest jobs that `actor` may see (all, or the ones they asked for), and the shard of `TOPIC_JOBS` on
    /// which these move.
    pub async fn list_for(&self, actor: &Actor, limit: u64) -> AppResult<JobList> {
        let (asker, shard) = match actor.who() {
            Who::User { id, .. } if !actor.may(JobsView::NAME, &[]).allowed => (Some(*id), actor.id_text()),
            _ => (None, board::ALL.to_owned()),
        };
        // The place first: a frame that comes between is then applied twice, which changes nothing.
        let seq = self.shared.board.seq(&shard);
        Ok(JobList {
            jobs: store::list(self.shared.db.read(), limit, None, asker).await?,
            seq: ShardSeq { shard, seq },
        })
    }

    /// One job with its steps and its output.
    pub async fn get(&self, id: JobId) -> AppResult<JobDetail> {
        match self.shared.board.detail(id) {
            Some(job) => Ok(job),
            None => store::detail(self.shared.db.read(), id)
                .await?
                .ok_or_else(|| AppError::not_found("job")),
        }
    }

    /// Decides what becomes of the jobs that an earlier run of the server left, each by its kind.
    pub async fn recover(&self) -> AppResult<()> {
        recover::run(&self.shared).await
    }

    /// How many jobs wait or run.
    pub fn active(&self) -> usize {
        self.shared.active()
    }

    /// Takes no more jobs, cancels those that run, and waits for them; `false` when some did not end in time
    /// (the next start finds them).
    pub async fn stop(&self, within: Duration) -> bool {
        self.shared.tasks.stop(within).await
    }
}

impl Shared {
    async fn accept(
        self: Arc<Self>,
        actor: &Actor,
        new: NewJob,
        refused: Vec<ObjectRef>,
        rerun_of: Option<JobId>,
    ) -> AppResult<JobId> {
        let kind = self
            .kind(new.kind)
            .ok_or_else(|| AppError::internal(format!("no plugin has jobs of the kind {}", new.kind)))?;
        let id = JobId::new();
        let cancel = self.reserve(id)?;
        let (job, detail) = begin(id, actor, new, refused, rerun_of);
        if let Err(e) = self.keep(actor, &job, &detail).await {
            self.release(id);
            return Err(e);
        }
        let todo = detail.steps.iter().filter(|step| !step.state.is_over());
        let todo = todo.map(|step| (step.clone(), Mode::Step)).collect();
        self.board.add(detail);
        self.start(kind, job, todo, cancel);
        Ok(id)
    }

    async fn keep(&self, actor: &Actor, job: &Job, detail: &JobDetail) -> AppResult<()> {
        let targets: Vec<_> = detail.steps.iter().map(|s| s.target.clone()).collect();
        let entry = Entry {
            action: "core.jobs.submit".to_owned(),
            object: ObjectRef::new("job", job.id, detail.summary.title.clone()),
            detail: json!({"kind": job.kind, "params": job.params, "targets": targets, "rerun_of": detail.rerun_of}),
        };
        let (audit, actor, job, detail) = (self.audit.clone(), actor.clone(), job.clone(), detail.clone());
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    store::insert(tx, &job, &detail).await?;
                    audit.change_in(tx, &actor, entry).await.map(|_| ())
                })
            })
            .await
    }
}

fn begin(id: JobId, actor: &Actor, new: NewJob, refused: Vec<ObjectRef>, rerun_of: Option<JobId>) -> (Job, JobDetail) {
    let job = Job {
        id,
        kind: new.kind.to_owned(),
        asked_by: AskedBy::of(actor),
        params: new.params,
        checkpoints: Default::default(),
    };
    let now = UnixMillis::now();
    let queued = new.targets.into_iter().map(|target| (target, None));
    let refused = refused.into_iter().map(|target| {
        let why = AppError::not_found(&target.kind).message;
        (target, Some(why))
    });
    let step = |(index, (target, refused)): (u32, (ObjectRef, Option<String>))| JobStep {
        index,
        target,
        state: refused.as_ref().map_or(JobState::Queued, |_| JobState::Failed),
        finished_at: refused.as_ref().map(|_| now),
        error: refused,
        started_at: None,
    };
    let steps: Vec<_> = (0..).zip(queued.chain(refused)).map(step).collect();
    let mut summary = JobSummary {
        asked_by: actor.id_text(),
        id,
        kind: job.kind.clone(),
        title: new.title,
        actor_name: job.asked_by.name.clone(),
        state: JobState::Queued,
        created_at: now,
        started_at: None,
        finished_at: None,
        steps_total: 0,
        steps_done: 0,
        steps_failed: 0,
        error: None,
    };
    board::count(&mut summary, &steps);
    (
        job,
        JobDetail {
            summary,
            steps,
            output: Vec::new(),
            rerun_of,
        },
    )
}
