//! Server functions of jobs.

use super::model::{JobDetail, JobId, JobList};
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
        service::{Anywhere, JobsCancel, JobsRerun, JobsView},
    },
    jobs::{model::TOPIC_JOB, service::JobObject},
    live::model::ShardKey,
};

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
    let granted = actor()?.authorise::<Anywhere, JobsView>(()).await?;
    app()?.core.jobs.list_for(granted.actor(), PER_PAGE).await
}

/// One job with its steps and output.
#[server(prefix = "/api", endpoint = "jobs/get", client = PageClient)]
pub async fn get(id: JobId) -> Result<JobView, AppError> {
    actor()?.authorise::<JobObject, JobsView>(id).await?;
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
    let granted = actor()?.authorise::<JobObject, JobsRerun>(id).await?;
    let job = app()?.core.jobs.rerun(granted.actor(), id).await?;
    go_to(&format!("/activity/{job}"));
    Ok(job)
}

/// Asks a job to stop at its next safe point.
#[server(prefix = "/api", endpoint = "jobs/cancel", client = PageClient)]
pub async fn cancel(id: JobId) -> Result<(), AppError> {
    let granted = actor()?.authorise::<JobObject, JobsCancel>(id).await?;
    app()?.core.jobs.cancel(granted.actor(), id).await?;
    if wants_page() {
        go_to(&format!("/activity/{id}"));
    }
    Ok(())
}
