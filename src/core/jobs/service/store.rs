//! Rows of `jobs`, `job_steps` and `job_output`.

use super::output::marked;
use crate::{
    core::{
        auth::{
            model::UserId,
            service::{Actor, RequestMeta, Who},
        },
        id::{ObjectRef, UnixMillis},
        jobs::model::{JobDetail, JobId, JobState, JobStep, JobSummary, OutputLine, Stream},
        server::db::query,
    },
    error::{AppError, AppResult},
};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Rows in one statement.
const INSERT_ROWS: usize = 100;

/// What a job is started from, also after a restart.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) kind: String,
    pub(super) asked_by: AskedBy,
    pub(super) params: serde_json::Value,
    /// By step index.
    pub(super) checkpoints: serde_json::Map<String, serde_json::Value>,
}

/// The actor as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AskedBy {
    pub(super) name: String,
    pub(super) who: Who,
    pub(super) meta: RequestMeta,
}

impl AskedBy {
    pub(super) fn of(actor: &Actor) -> Self {
        Self {
            name: actor.name().to_owned(),
            who: actor.who().clone(),
            meta: actor.meta().clone(),
        }
    }
}

pub(super) async fn insert(db: &impl ConnectionTrait, job: &Job, detail: &JobDetail) -> AppResult<()> {
    let JobDetail { summary, steps, .. } = detail;
    let values = [
        job.id.to_string().into(),
        job.kind.clone().into(),
        summary.title.clone().into(),
        json(&job.asked_by)?.into(),
        job.params.to_string().into(),
        summary.state.as_str().into(),
        summary.created_at.0.into(),
        detail.rerun_of.map(|id| id.to_string()).into(),
    ];
    query::run(
        db,
        "INSERT INTO jobs (id, kind, title, actor, params, state, created_at, rerun_of) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    .await?;
    for steps in steps.chunks(INSERT_ROWS) {
        let sql = format!(
            "INSERT INTO job_steps (job_id, idx, target_kind, target_id, target_label, target_place, state, error, \
             finished_at) VALUES {}",
            vec!["(?, ?, ?, ?, ?, ?, ?, ?, ?)"; steps.len()].join(", ")
        );
        let values = steps.iter().flat_map(|step| -> [Value; 9] {
            let ObjectRef { kind, id, label, place } = step.target.clone();
            [
                job.id.to_string().into(),
                step.index.into(),
                kind.into(),
                id.into(),
                label.into(),
                place.into(),
                step.state.as_str().into(),
                step.error.clone().into(),
                step.finished_at.map(|at| at.0).into(),
            ]
        });
        query::run(db, &sql, values).await?;
    }
    Ok(())
}

/// The job began or ended now.
pub(super) async fn set_state(db: &impl ConnectionTrait, id: JobId, state: JobState) -> AppResult<()> {
    let now = UnixMillis::now().0;
    let finished = state.is_over().then_some(now);
    let sql = "UPDATE jobs SET state = ?, started_at = COALESCE(started_at, ?), finished_at = ? WHERE id = ?";
    query::run(
        db,
        sql,
        [
            state.as_str().into(),
            now.into(),
            finished.into(),
            id.to_string().into(),
        ],
    )
    .await
    .map(|_| ())
}

pub(super) async fn set_step(db: &impl ConnectionTrait, id: JobId, step: &JobStep) -> AppResult<()> {
    let sql = "UPDATE job_steps SET state = ?, error = ?, started_at = ?, finished_at = ? WHERE job_id = ? AND idx = ?";
    let values = [
        step.state.as_str().into(),
        step.error.clone().into(),
        step.started_at.map(|at| at.0).into(),
        step.finished_at.map(|at| at.0).into(),
        id.to_string().into(),
        step.index.into(),
    ];
    query::run(db, sql, values).await.map(|_| ())
}

pub(super) async fn set_checkpoints(db: &impl ConnectionTrait, id: JobId, all: String) -> AppResult<()> {
    query::run(
        db,
        "UPDATE jobs SET checkpoint = ? WHERE id = ?",
        [all.into(), id.to_string().into()],
    )
    .await
    .map(|_| ())
}

/// Adds lines and forgets those before `first`.
pub(super) async fn add_output(
    db: &impl ConnectionTrait,
    id: JobId,
    lines: &[OutputLine],
    first: i64,
) -> AppResult<()> {
    for lines in lines.chunks(INSERT_ROWS) {
        let sql = format!(
            "INSERT INTO job_output (job_id, n, at, step, stream, text) VALUES {}",
            vec!["(?, ?, ?, ?, ?, ?)"; lines.len()].join(", ")
        );
        let values = lines.iter().flat_map(|line| -> [Value; 6] {
            [
                id.to_string().into(),
                line.n.into(),
                line.at.0.into(),
                line.step.into(),
                stream_text(line.stream).into(),
                line.text.clone().into(),
            ]
        });
        query::run(db, &sql, values).await?;
    }
    query::run(
        db,
        "DELETE FROM job_output WHERE job_id = ? AND n < ?",
        [id.to_string().into(), first.into()],
    )
    .await
    .map(|_| ())
}

const SUMMARY: &str = "SELECT j.id, j.kind, j.title, j.actor, j.state, j.created_at, j.started_at, j.finished_at, \
    (SELECT COUNT(*) FROM job_steps s WHERE s.job_id = j.id) AS total, \
    (SELECT COUNT(*) FROM job_steps s WHERE s.job_id = j.id AND s.state NOT IN ('queued', 'running')) AS done, \
    (SELECT COUNT(*) FROM job_steps s WHERE s.job_id = j.id AND s.state = 'failed') AS failed, \
    (SELECT s.error FROM job_steps s WHERE s.job_id = j.id AND s.error IS NOT NULL ORDER BY s.idx LIMIT 1) AS error \
    FROM jobs j";

/// Newest first; ids are in the order of time.
pub(super) async fn list(
    db: &impl ConnectionTrait,
    limit: u64,
    before: Option<JobId>,
    asked_by: Option<UserId>,
) -> AppResult<Vec<JobSummary>> {
    let before = before.map_or_else(|| "g".to_owned(), |id| id.to_string());
    // In JSON a quote inside a name is escaped, so nobody's name can look like another one's id.
    let asker = asked_by.map_or_else(|| "%".to_owned(), |id| format!("%\"id\":\"{id}\"%"));
    let rows = query::all(
        db,
        &format!("{SUMMARY} WHERE j.id < ? AND j.actor LIKE ? ORDER BY j.id DESC LIMIT ?"),
        [before.into(), asker.into(), limit.into()],
    )
    .await?;
    rows.iter().map(summary).collect()
}

pub(super) async fn detail(db: &impl ConnectionTrait, id: JobId) -> AppResult<Option<JobDetail>> {
    let Some(row) = query::one(db, &format!("{SUMMARY} WHERE j.id = ?"), [id.to_string().into()]).await? else {
        return Ok(None);
    };
    let steps = query::all(
        db,
        "SELECT * FROM job_steps WHERE job_id = ? ORDER BY idx",
        [id.to_string().into()],
    )
    .await?;
    let steps = steps.iter().map(step).collect::<AppResult<_>>()?;
    Ok(Some(JobDetail {
        summary: summary(&row)?,
        steps,
        output: marked(output(db, id).await?),
        rerun_of: rerun_of(db, id).await?,
    }))
}

async fn rerun_of(db: &impl ConnectionTrait, id: JobId) -> AppResult<Option<JobId>> {
    let sql = "SELECT rerun_of FROM jobs WHERE id = ?";
    let row = query::one(db, sql, [id.to_string().into()]).await?;
    let first: Option<String> = row.map(|row| row.try_get("", "rerun_of")).transpose()?.flatten();
    Ok(first.and_then(|id| id.parse().ok()))
}

/// A job as it was asked for.
pub(super) async fn find(db: &impl ConnectionTrait, id: JobId) -> AppResult<Option<Job>> {
    let row = query::one(db, "SELECT * FROM jobs WHERE id = ?", [id.to_string().into()]).await?;
    row.as_ref().map(job).transpose()
}

pub(super) async fn output(db: &impl ConnectionTrait, id: JobId) -> AppResult<Vec<OutputLine>> {
    let rows = query::all(
        db,
        "SELECT * FROM job_output WHERE job_id = ? ORDER BY n",
        [id.to_string().into()],
    )
    .await?;
    rows.iter().map(line).collect()
}

/// Jobs that are not over, oldest first.
pub(super) async fn unfinished(db: &impl ConnectionTrait) -> AppResult<Vec<Job>> {
    let rows = query::all(
        db,
        "SELECT * FROM jobs WHERE state IN ('queued', 'running') ORDER BY id",
        [],
    )
    .await?;
    rows.iter().map(job).collect()
}

fn job(row: &QueryResult) -> AppResult<Job> {
    let checkpoints: Option<String> = row.try_get("", "checkpoint")?;
    Ok(Job {
        id: query::id(row, "id")?,
        kind: row.try_get("", "kind")?,
        asked_by: parse(&row.try_get::<String>("", "actor")?)?,
        params: parse(&row.try_get::<String>("", "params")?)?,
        checkpoints: checkpoints.map(|text| parse(&text)).transpose()?.unwrap_or_default(),
    })
}

fn summary(row: &QueryResult) -> AppResult<JobSummary> {
    let time = |column: &str| row.try_get::<Option<i64>>("", column).map(|at| at.map(UnixMillis));
    let number = |column: &str| {
        row.try_get::<i64>("", column)
            .map(|n| u32::try_from(n).unwrap_or(u32::MAX))
    };
    let asked_by: AskedBy = parse(&row.try_get::<String>("", "actor")?)?;
    Ok(JobSummary {
        asked_by: asked_by.who.id_text(),
        id: query::id(row, "id")?,
        kind: row.try_get("", "kind")?,
        title: row.try_get("", "title")?,
        actor_name: asked_by.name,
        state: word(row, "state")?,
        created_at: time("created_at")?.unwrap_or_default(),
        started_at: time("started_at")?,
        finished_at: time("finished_at")?,
        steps_total: number("total")?,
        steps_done: number("done")?,
        steps_failed: number("failed")?,
        error: row.try_get("", "error")?,
    })
}

fn step(row: &QueryResult) -> AppResult<JobStep> {
    let time = |column: &str| row.try_get::<Option<i64>>("", column).map(|at| at.map(UnixMillis));
    Ok(JobStep {
        index: index(row, "idx")?,
        target: ObjectRef {
            kind: row.try_get("", "target_kind")?,
            id: row.try_get("", "target_id")?,
            label: row.try_get("", "target_label")?,
            place: row.try_get("", "target_place")?,
        },
        state: word(row, "state")?,
        error: row.try_get("", "error")?,
        started_at: time("started_at")?,
        finished_at: time("finished_at")?,
    })
}

fn line(row: &QueryResult) -> AppResult<OutputLine> {
    Ok(OutputLine {
        n: row.try_get("", "n")?,
        at: UnixMillis(row.try_get("", "at")?),
        step: index(row, "step")?,
        stream: word(row, "stream")?,
        text: row.try_get("", "text")?,
    })
}

fn index(row: &QueryResult, column: &str) -> AppResult<u32> {
    let n: i32 = row.try_get("", column)?;
    u32::try_from(n).map_err(AppError::internal)
}

/// A value of an enum, as serde writes it.
fn word<T: DeserializeOwned>(row: &QueryResult, column: &str) -> AppResult<T> {
    serde_json::from_value(serde_json::Value::String(row.try_get("", column)?)).map_err(AppError::internal)
}

fn stream_text(stream: Stream) -> &'static str {
    match stream {
        Stream::Stdout => "stdout",
        Stream::Stderr => "stderr",
        Stream::System => "system",
    }
}

fn json(value: &impl Serialize) -> AppResult<String> {
    serde_json::to_string(value).map_err(AppError::internal)
}

fn parse<T: DeserializeOwned>(text: &str) -> AppResult<T> {
    serde_json::from_str(text).map_err(AppError::internal)
}
