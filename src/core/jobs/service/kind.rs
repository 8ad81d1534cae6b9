//! What a kind of job is, and what one step of it is given.

use super::{board::Board, runner::Checkpoints};
use crate::{
    core::{
        auth::service::{Actor, RequestMeta, Who},
        id::ObjectRef,
        jobs::model::{JobId, Stream},
    },
    error::{AppError, AppResult},
};
use async_trait::async_trait;
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// One kind of job. Its owner registers it for good; its steps find their service through the actor's services.
#[async_trait]
pub trait JobKind: Send + Sync + 'static {
    /// `docker.containers.stop`: also the audit action of each step.
    fn kind(&self) -> &'static str;

    /// How long one step may take.
    fn step_timeout(&self) -> Duration {
        Duration::from_secs(300)
    }

    /// Authorises again, then acts on one target. Long steps watch `ctx.cancel` and end at a safe point; one
    /// that does not is dropped some seconds after the cancel.
    async fn step(&self, ctx: &StepCtx, target: &ObjectRef) -> AppResult<()>;

    /// Which of `targets` the actor may do this to now, newly read: for a job that is run again.
    /// Errors: `Conflict` for a kind whose jobs cannot be run again.
    async fn admit(&self, _actor: &Actor, _targets: &[ObjectRef]) -> AppResult<Admitted> {
        Err(AppError::conflict(
            "Jobs of this kind cannot be run again. Start it anew from where it belongs.",
        ))
    }

    /// What becomes of a step that an earlier run of the server did not finish.
    fn recover(&self, _checkpoint: Option<&Value>) -> Recover {
        Recover::Interrupted
    }

    /// Takes back what an unfinished step did ([`Recover::Undo`]).
    async fn undo(&self, _ctx: &StepCtx, _target: &ObjectRef) -> AppResult<()> {
        Err(AppError::conflict("This cannot be undone."))
    }
}

/// Targets by what their actor may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admitted {
    pub granted: Vec<ObjectRef>,
    /// Missing or out of reach, which looks the same: named by what the request said, and no more.
    pub refused: Vec<ObjectRef>,
}

/// See [`JobKind::recover`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recover {
    /// It stays as it is, and the job says so.
    Interrupted,
    /// The step runs again; it finds its checkpoint in [`StepCtx::last_checkpoint`].
    Resume,
    /// [`JobKind::undo`] runs.
    Undo,
}

/// A job to be.
#[derive(Clone, Debug)]
pub struct NewJob {
    pub kind: &'static str,
    /// `Stop web-1 on db-host`
    pub title: String,
    /// Kept as it is, shown in the audit log: no secrets.
    pub params: Value,
    pub targets: Vec<ObjectRef>,
}

/// Rebuilds the actor of stored work, with the rights of today.
#[async_trait]
pub trait ActorSource: Send + Sync + 'static {
    async fn actor(&self, who: Who, meta: RequestMeta) -> AppResult<Actor>;
}

/// What a step works with.
pub struct StepCtx {
    /// Who asked for the job, with the rights of now.
    pub actor: Actor,
    pub job: JobId,
    /// Place of the target within the job, from 0.
    pub index: u32,
    pub params: Value,
    /// Cancelled when somebody cancels the job or the server stops.
    pub cancel: CancellationToken,
    pub(super) board: Arc<Board>,
    pub(super) checkpoints: Arc<Checkpoints>,
}

impl StepCtx {
    /// Adds lines to the job's output.
    pub fn say(&self, stream: Stream, text: &str) {
        self.board.say(self.job, self.index, stream, text);
    }

    /// Writes down how far this step is; on the disk when it returns. Call it before each irreversible part.
    pub async fn checkpoint(&self, value: Value) -> AppResult<()> {
        self.checkpoints.keep(self.job, self.index, value).await
    }

    /// The step's newest checkpoint, also of an earlier run of the server.
    pub fn last_checkpoint(&self) -> Option<Value> {
        self.checkpoints.last(self.index)
    }
}
