//! What becomes of the jobs that an earlier run of the server left.

use super::{
    kind::Recover,
    runner::{Mode, Shared, outcome},
    store::{self, Job},
};
use crate::{
    core::{
        id::UnixMillis,
        jobs::model::{JobDetail, JobState, JobStep},
    },
    error::AppResult,
};
use std::sync::Arc;

/// Summaries of older jobs that a snapshot shows.
const REMEMBERED: u64 = 100;

pub(super) async fn run(shared: &Arc<Shared>) -> AppResult<()> {
    let unknown = shared.audit.close_open_intents().await?;
    if unknown > 0 {
        tracing::warn!(
            actions = unknown,
            "actions of an earlier run have an unknown outcome: see the audit log"
        );
    }
    shared
        .board
        .remember(store::list(shared.db.read(), REMEMBERED, None, None).await?);
    for job in store::unfinished(shared.db.read()).await? {
        if let Err(why) = one(shared, job).await {
            tracing::error!(error = %why, "a job of an earlier run could not be recovered");
        }
    }
    Ok(())
}

async fn one(shared: &Arc<Shared>, job: Job) -> AppResult<()> {
    let id = job.id;
    let Some(mut detail) = store::detail(shared.db.read(), id).await? else {
        return Ok(());
    };
    let todo = sort_out(shared, &job, &mut detail);
    let steps = detail.steps.clone();
    shared
        .db
        .write(move |tx| {
            Box::pin(async move {
                for step in &steps {
                    store::set_step(tx, id, step).await?;
                }
                Ok(())
            })
        })
        .await?;
    detail.output = store::output(shared.db.read(), id).await?;
    let ended = outcome(&detail.steps);
    super::board::count(&mut detail.summary, &detail.steps);
    shared.board.add(detail);
    match shared.kind(&job.kind).filter(|_| !todo.is_empty()) {
        Some(kind) => {
            tracing::info!(job = %id, kind = job.kind, steps = todo.len(), "job goes on");
            let cancel = shared.reserve(id)?;
            shared.start(kind, job, todo, cancel);
        }
        None => shared.set_state(id, ended).await,
    }
    Ok(())
}

/// Decides each unfinished step by its kind; gives the ones that still have something to do.
fn sort_out(shared: &Shared, job: &Job, detail: &mut JobDetail) -> Vec<(JobStep, Mode)> {
    let kind = shared.kind(&job.kind);
    let mut todo = Vec::new();
    for step in detail.steps.iter_mut().filter(|step| !step.state.is_over()) {
        let checkpoint = job.checkpoints.get(&step.index.to_string());
        match kind
            .as_ref()
            .map_or(Recover::Interrupted, |kind| kind.recover(checkpoint))
        {
            Recover::Interrupted => interrupt(step),
            Recover::Resume => todo.push((step.clone(), Mode::Step)),
            Recover::Undo => todo.push((step.clone(), Mode::Undo)),
        }
    }
    todo
}

fn interrupt(step: &mut JobStep) {
    let begun = step.state == JobState::Running;
    let why = if begun {
        "The server ended while this ran. Look at the target before you try again."
    } else {
        "The server ended before this began."
    };
    step.state = JobState::Interrupted;
    step.error = Some(why.to_owned());
    step.finished_at = Some(UnixMillis::now());
}
