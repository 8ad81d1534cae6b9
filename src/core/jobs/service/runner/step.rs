//! One step: rebuild the actor, announce, act under a deadline, write the outcome.

use super::{Mode, Run};
use crate::{
    core::{
        audit::service::{Entry, Intent},
        auth::service::Actor,
        id::UnixMillis,
        jobs::{
            model::{JobState, JobStep},
            service::{
                kind::{Recover, StepCtx},
                store,
            },
        },
    },
    error::{AppError, AppResult, ErrorKind},
};
use futures::FutureExt;
use serde_json::json;
use std::{panic::AssertUnwindSafe, time::Duration};

/// How long a cancelled step may take to reach a safe point.
const CANCEL_GRACE: Duration = Duration::from_secs(5);

impl Run {
    pub(super) async fn step(&self, step: JobStep, mode: Mode) {
        let slot = tokio::select! {
            biased;
            () = self.cancel.cancelled() => None,
            slot = self.shared.slots.acquire() => slot.ok(),
        };
        match slot {
            Some(_held) => self.attempt(step, mode).await,
            None => {
                self.end(step, mode, None, Err(AppError::conflict("It had not begun.")))
                    .await
            }
        }
    }

    async fn attempt(&self, mut step: JobStep, mode: Mode) {
        step.state = JobState::Running;
        step.started_at = Some(UnixMillis::now());
        match self.announce(&step, mode).await {
            Ok((actor, intent)) => {
                self.shared.board.step(self.job.id, &step);
                let result = self.supervised(actor, &step, mode).await;
                self.end(step, mode, Some(intent), result).await;
            }
            Err(e) => self.end(step, mode, None, Err(e)).await,
        }
    }

    /// The actor with the rights of now, and the intent: on the disk before anything happens.
    async fn announce(&self, step: &JobStep, mode: Mode) -> AppResult<(Actor, Intent)> {
        let asked_by = self.job.asked_by.clone();
        let actor = self.shared.actors.actor(asked_by.who, asked_by.meta).await?;
        let detail = json!({"job": self.job.id, "params": self.job.params, "undo": mode == Mode::Undo});
        let entry = Entry {
            action: self.kind.kind().to_owned(),
            object: step.target.clone(),
            detail,
        };
        let (audit, announced, id, step) = (self.shared.audit.clone(), actor.clone(), self.job.id, step.clone());
        let intent = self.shared.db.write(move |tx| {
            Box::pin(async move {
                store::set_step(tx, id, &step).await?;
                audit.intent_in(tx, &announced, entry).await
            })
        });
        Ok((actor, intent.await?))
    }

    /// The work, ended by its deadline, some time after a cancel, or by its own panic.
    async fn supervised(&self, actor: Actor, step: &JobStep, mode: Mode) -> AppResult<()> {
        let ctx = StepCtx {
            actor,
            job: self.job.id,
            index: step.index,
            params: self.job.params.clone(),
            cancel: self.cancel.clone(),
            board: self.shared.board.clone(),
            checkpoints: self.checkpoints.clone(),
        };
        let work = async {
            match mode {
                Mode::Step => self.kind.step(&ctx, &step.target).await,
                Mode::Undo => self.kind.undo(&ctx, &step.target).await,
            }
        };
        tokio::select! {
            biased;
            done = AssertUnwindSafe(work).catch_unwind() => done.unwrap_or_else(|_| Err(AppError::internal("a job step panicked"))),
            e = self.deadline() => Err(e),
        }
    }

    async fn deadline(&self) -> AppError {
        let limit = self.kind.step_timeout();
        let cancelled = async {
            self.cancel.cancelled().await;
            tokio::time::sleep(CANCEL_GRACE).await;
        };
        tokio::select! {
            () = tokio::time::sleep(limit) => {
                AppError::new(ErrorKind::Timeout, format!("It took longer than {} seconds. What the host had begun may go on.", limit.as_secs()))
            }
            () = cancelled => AppError::conflict("It was stopped while it ran. What the host had begun may go on."),
        }
    }

    /// Writes down how the step ended, with the outcome of its intent. A step that the next start of the
    /// server takes up again stays as it is.
    async fn end(&self, mut step: JobStep, mode: Mode, intent: Option<Intent>, result: AppResult<()>) {
        let (state, error) = self.verdict(mode, &result);
        let goes_on = state == JobState::Interrupted && result.is_err() && self.recoverable(&step);
        step.error = error;
        step.state = state;
        step.finished_at = Some(UnixMillis::now());
        let (audit, id, kept) = (self.shared.audit.clone(), self.job.id, step.clone());
        let written = self.shared.db.write(move |tx| {
            Box::pin(async move {
                if !goes_on {
                    store::set_step(tx, id, &kept).await?;
                }
                if let Some(intent) = intent {
                    audit.outcome_in(tx, intent, &result).await?;
                }
                Ok(())
            })
        });
        if let Err(why) = written.await {
            tracing::error!(job = %id, step = step.index, error = %why, "the outcome of a step could not be kept");
        }
        if !goes_on {
            self.shared.board.step(id, &step);
        }
    }

    fn verdict(&self, mode: Mode, result: &AppResult<()>) -> (JobState, Option<String>) {
        match (result, mode) {
            (Ok(()), Mode::Step) => (JobState::Succeeded, None),
            (Ok(()), Mode::Undo) => (
                JobState::Interrupted,
                Some("The server ended while this ran; it was undone at the next start.".to_owned()),
            ),
            (Err(e), _) if self.shared.tasks.token().is_cancelled() => (
                JobState::Interrupted,
                Some(format!("The server stopped. {}", e.message)),
            ),
            (Err(e), _) if self.cancel.is_cancelled() => {
                (JobState::Cancelled, Some(format!("Cancelled. {}", e.message)))
            }
            (Err(e), _) => (JobState::Failed, Some(e.message.clone())),
        }
    }

    fn recoverable(&self, step: &JobStep) -> bool {
        self.kind.recover(self.checkpoints.last(step.index).as_ref()) != Recover::Interrupted
    }
}
