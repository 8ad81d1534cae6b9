//! Wire types of jobs.

use crate::{
    core::{
        id::{ObjectRef, UnixMillis},
        live::model::ShardSeq,
    },
    id_type,
};
use serde::{Deserialize, Serialize};

id_type!(
    /// One job.
    JobId
);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    Queued,
    Running,
    Succeeded,
    /// At least one target failed.
    Failed,
    Cancelled,
    /// The server ended while it ran, and its kind cannot go on.
    Interrupted,
}

impl JobState {
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
    /// It ended, and not as it was meant to: what a rerun takes up.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Cancelled | Self::Interrupted)
    }
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }
}

/// One target of a job and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobStep {
    pub index: u32,
    pub target: ObjectRef,
    pub state: JobState,
    /// Why it failed, safe to show.
    pub error: Option<String>,
    pub started_at: Option<UnixMillis>,
    pub finished_at: Option<UnixMillis>,
}

/// A job as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSummary {
    /// Who asked for it, as audit rows name them: `user:<id>`, `system`.
    pub asked_by: String,
    pub id: JobId,
    /// `docker.containers.stop`
    pub kind: String,
    /// `Stop web-1 on db-host`
    pub title: String,
    pub actor_name: String,
    pub state: JobState,
    pub created_at: UnixMillis,
    pub started_at: Option<UnixMillis>,
    pub finished_at: Option<UnixMillis>,
    pub steps_total: u32,
    pub steps_done: u32,
    pub steps_failed: u32,
    /// The first target's error, for a one-line answer.
    pub error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    Stdout,
    Stderr,
    /// Said by PollySystem itself.
    System,
}

/// One line of output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputLine {
    /// Place in the job's output, from 1. A jump means that lines were dropped by the bound.
    pub n: i64,
    pub at: UnixMillis,
    pub step: u32,
    pub stream: Stream,
    pub text: String,
}

/// A job as its page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobDetail {
    pub summary: JobSummary,
    pub steps: Vec<JobStep>,
    pub output: Vec<OutputLine>,
    /// The job whose failed targets this one takes up.
    #[serde(default)]
    pub rerun_of: Option<JobId>,
}

/// What travels on [`TOPIC_JOBS`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobEvent {
    /// The newest jobs, newest first.
    Snapshot { jobs: Vec<JobSummary> },
    /// A job is new or moved on.
    Job { job: JobSummary },
}

/// What travels on [`TOPIC_JOB`]; the shard is the job's id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobDetailEvent {
    Snapshot { job: JobDetail },
    Step { summary: JobSummary, step: JobStep },
    Output { lines: Vec<OutputLine> },
}

/// Topic of all jobs; one shard, `all`.
pub const TOPIC_JOBS: &str = "core.jobs";
/// Topic of one job's steps and output; the shard is the job's id.
pub const TOPIC_JOB: &str = "core.job";

/// The newest jobs and where their stream starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobList {
    pub jobs: Vec<JobSummary>,
    pub seq: ShardSeq,
}
