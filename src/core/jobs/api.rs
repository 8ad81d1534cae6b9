//! Server functions of jobs.

use super::model::{JobDetail, JobId, JobSummary};
use crate::{
    core::{call::PageClient, live::model::ShardSeq},
    error::AppError,
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
use crate::core::{
    auth::{
        api::{actor, app, go_to, wants_page},
        service::{Instance, JobsCancel, JobsRerun, JobsView},
    },
    jobs::model::{TOPIC_JOB, TOPIC_JOBS},
    live::model::ShardKey,
};

/// The newest jobs and where their stream starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobList {
    pub jobs: Vec<JobSummary>,
    pub seq: ShardSeq,
}

/// One job and where its stream starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobView {
    pub job: JobDetail,
    pub seq: ShardSeq,
}

#[cfg(feature = "ssr")]
const PER_PAGE: u64 = 100;

/// The newest hundred jobs.
#[server(prefix = "/api", endpoint = "jobs/list", client = PageClient)]
pub async fn list() -> Result<JobList, AppError> {
    actor()?.authorise::<Instance, JobsView>(()).await?;
    let core = app()?.core;
    // The place first: a frame that comes between is then applied twice, which changes nothing.
    let seq = ShardSeq {
        shard: "all".to_owned(),
        seq: core.hub.seq(&ShardKey::new(TOPIC_JOBS, "all")),
    };
    Ok(JobList {
        jobs: core.jobs.list(PER_PAGE, None).await?,
        seq,
    })
}

/// One job with its steps and output.
#[server(prefix = "/api", endpoint = "jobs/get", client = PageClient)]
pub async fn get(id: JobId) -> Result<JobView, AppError> {
    actor()?.authorise::<Instance, JobsView>(()).await?;
    let core = app()?.core;
    let seq = ShardSeq {
        shard: id.to_string(),
        seq: core.hub.seq(&ShardKey::new(TOPIC_JOB, id)),
    };
    Ok(JobView {
        job: core.jobs.get(id).await?,
        seq,
    })
}

/// Runs again what failed in a job that is over; answers with the new job.
#[server(prefix = "/api", endpoint = "jobs/rerun", client = PageClient)]
pub async fn rerun(id: JobId) -> Result<JobId, AppError> {
    let granted = actor()?.authorise::<Instance, JobsRerun>(()).await?;
    let job = app()?.core.jobs.rerun(granted.actor(), id).await?;
    go_to(&format!("/activity/{job}"));
    Ok(job)
}

/// Asks a job to stop at its next safe point.
#[server(prefix = "/api", endpoint = "jobs/cancel", client = PageClient)]
pub async fn cancel(id: JobId) -> Result<(), AppError> {
    let granted = actor()?.authorise::<Instance, JobsCancel>(()).await?;
    app()?.core.jobs.cancel(granted.actor(), id).await?;
    if wants_page() {
        go_to(&format!("/activity/{id}"));
    }
    Ok(())
}
