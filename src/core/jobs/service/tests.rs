use super::*;
use crate::{
    core::{
        auth::service::{RequestMeta, Who},
        jobs::model::Stream,
        server::{
            secrets::{Secrets, SecretsConfig},
            services::Services,
        },
    },
    error::ErrorKind,
};
use async_trait::async_trait;
use serde_json::Value;
use std::{
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tempfile::TempDir;

/// Does what its target's id says, and writes down what it did.
#[derive(Default)]
struct Scripted {
    done: Mutex<Vec<String>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl Scripted {
    fn done(&self) -> Vec<String> {
        self.done.lock().unwrap().clone()
    }
    fn note(&self, text: &str) {
        self.done.lock().unwrap().push(text.to_owned());
    }
}

struct Kind(Arc<Scripted>);

#[async_trait]
impl JobKind for Kind {
    fn kind(&self) -> &'static str {
        "test.script"
    }
    fn step_timeout(&self) -> Duration {
        Duration::from_millis(700)
    }
    async fn step(&self, ctx: &StepCtx, target: &ObjectRef) -> AppResult<()> {
        let now = self.0.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most_at_once.fetch_max(now, Ordering::SeqCst);
        let result = self.script(ctx, target).await;
        self.0.at_once.fetch_sub(1, Ordering::SeqCst);
        result
    }
    /// Whatever is not gone by now.
    async fn admit(&self, _actor: &Actor, targets: &[ObjectRef]) -> AppResult<Admitted> {
        let (refused, granted) = targets.iter().cloned().partition(|target| target.id == "gone");
        Ok(Admitted { granted, refused })
    }
    fn recover(&self, checkpoint: Option<&Value>) -> Recover {
        match checkpoint.and_then(Value::as_str) {
            Some("resume") => Recover::Resume,
            Some("undo") => Recover::Undo,
            _ => Recover::Interrupted,
        }
    }
    async fn undo(&self, ctx: &StepCtx, target: &ObjectRef) -> AppResult<()> {
        self.0
            .note(&format!("undo {} from {}", target.id, ctx.last_checkpoint().unwrap()));
        Ok(())
    }
}

impl Kind {
    async fn script(&self, ctx: &StepCtx, target: &ObjectRef) -> AppResult<()> {
        match target.id.as_str() {
            "fail" => return Err(AppError::conflict("it runs already")),
            "panic" => panic!("on purpose"),
            "hang" => std::future::pending().await,
            "wait" => {
                ctx.cancel.cancelled().await;
                return Err(AppError::conflict("stopped at a safe point"));
            }
            "resume" | "undo" if ctx.last_checkpoint().is_none() => {
                ctx.checkpoint(target.id.clone().into()).await?;
                ctx.cancel.cancelled().await;
                return Err(AppError::conflict("stopped at a safe point"));
            }
            "say" => (0..3_000).for_each(|i| ctx.say(Stream::Stdout, &format!("line {i}"))),
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
        self.0.note(&target.id);
        Ok(())
    }
}

struct Actors;

#[async_trait]
impl ActorSource for Actors {
    async fn actor(&self, who: Who, meta: RequestMeta) -> AppResult<Actor> {
        match &who {
            Who::System { reason } if reason == "gone" => Err(AppError::forbidden("The account is disabled.")),
            _ => Ok(Actor::new(who, meta, Arc::new(Services::default()))),
        }
    }
}

struct Fixture {
    script: Arc<Scripted>,
    db: Db,
    audit: Audit,
    jobs: Arc<Jobs>,
}

async fn open(dir: &Path) -> Fixture {
    let db = Db::open(dir, Vec::new()).await.unwrap();
    let secrets = Secrets::open_or_create(&SecretsConfig::default(), dir, &db)
        .await
        .unwrap();
    let audit = Audit::open(&db, &secrets).await.unwrap();
    let script = Arc::new(Scripted::default());
    let jobs = Jobs::new(
        db.clone(),
        audit.clone(),
        Hub::new("test"),
        Arc::new(Actors),
        vec![Arc::new(Kind(script.clone()))],
    );
    jobs.recover().await.unwrap();
    Fixture {
        script,
        db,
        audit,
        jobs,
    }
}

impl Fixture {
    async fn submit_as(&self, reason: &str, targets: &[&str]) -> AppResult<JobId> {
        let targets = targets.iter().map(|id| ObjectRef::new("thing", id, *id)).collect();
        let new = NewJob {
            kind: "test.script",
            title: "Run".to_owned(),
            params: json!({"n": 1}),
            targets,
        };
        self.jobs
            .submit(&Actor::system(reason, Arc::new(Services::default())), new)
            .await
    }
    async fn submit(&self, targets: &[&str]) -> JobId {
        self.submit_as("test", targets).await.unwrap()
    }
    async fn end_of(&self, id: JobId) -> JobDetail {
        for _ in 0..500 {
            let job = self.jobs.get(id).await.unwrap();
            if job.summary.state.is_over() {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the job does not end: {:?}", self.jobs.get(id).await);
    }
    async fn running(&self, id: JobId) {
        while self
            .jobs
            .get(id)
            .await
            .unwrap()
            .steps
            .iter()
            .any(|s| s.state == JobState::Queued)
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    /// What the table says, not the memory.
    async fn stored(&self, id: JobId) -> JobDetail {
        store::detail(self.db.read(), id).await.unwrap().unwrap()
    }
    async fn stop(self) {
        assert!(self.jobs.stop(Duration::from_secs(8)).await);
        self.db.close().await;
    }
}

fn states(job: &JobDetail) -> Vec<JobState> {
    job.steps.iter().map(|s| s.state).collect()
}

#[tokio::test]
async fn a_job_runs_its_targets_and_the_audit_log_has_intent_and_outcome_of_each() {
    let dir = TempDir::new().unwrap();
    let f = open(dir.path()).await;
    let id = f.submit(&["a", "fail", "b"]).await;
    let job = f.end_of(id).await;
    assert_eq!(
        states(&job),
        [JobState::Succeeded, JobState::Failed, JobState::Succeeded]
    );
    assert_eq!(
        (job.summary.state, job.summary.steps_done, job.summary.steps_failed),
        (JobState::Failed, 3, 1)
    );
    assert_eq!(job.summary.error.as_deref(), Some("it runs already"));
    let stored = f.stored(id).await;
    assert_eq!(
        (stored.summary, stored.steps),
        (f.jobs.list(10, None).await.unwrap()[0].clone(), job.steps)
    );
    let rows = f.audit.list(Some(("thing", "fail")), 10, None).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (rows[0].outcome.as_deref(), rows[0].intent_seq),
        (Some("it runs already"), Some(rows[1].seq))
    );
    assert_eq!(rows[1].action, "test.script");
    assert_eq!(f.audit.verify().await.unwrap(), 7);
    assert_eq!(f.jobs.active(), 0);
}

#[tokio::test]
async fn a_panic_and_a_hang_fail_their_step_only() {
    let dir = TempDir::new().unwrap();
    let f = open(dir.path()).await;
    let job = f.end_of(f.submit(&["panic", "hang", "a"]).await).await;
    assert_eq!(states(&job), [JobState::Failed, JobState::Failed, JobState::Succeeded]);
    assert!(job.steps[1].error.as_deref().unwrap().contains("took longer"));
}

#[tokio::test]
async fn a_job_runs_eight_targets_at_once() {
    let dir = TempDir::new().unwrap();
    let f = open(dir.path()).await;
    let job = f.end_of(f.submit(&["x"; 30]).await).await;
    assert_eq!(job.summary.state, JobState::Succeeded);
    let most = f.script.most_at_once.load(Ordering::SeqCst);
    assert!((2..=8).contains(&most), "{most}");
}

#[tokio::test]
async fn cancel_ends_a_step_at_its_safe_point_and_begins_no_other() {
    let dir = TempDir::new().unwrap();
    let f = open(dir.path()).await;
    let id = f.submit(&["wait"; 20]).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    let actor = Actor::system("test", Arc::new(Services::default()));
    f.jobs.cancel(&actor, id).await.unwrap();
    let job = f.end_of(id).await;
    assert_eq!(job.summary.state, JobState::Cancelled);
    assert_eq!(job.steps.iter().filter(|s| s.started_at.is_some()).count(), 8);
    assert_eq!(f.jobs.cancel(&actor, id).await.unwrap_err().kind, ErrorKind::Conflict);
    assert_eq!(
        f.jobs.cancel(&actor, JobId::new()).await.unwrap_err().kind,
        ErrorKind::NotFound
    );
}

#[tokio::test]
async fn output_is_bounded_kept_and_marked() {
    let dir = TempDir::new().unwrap();
    let f = open(dir.path()).await;
    let id = f.submit(&["say"]).await;
    let job = f.end_of(id).await;
    assert_eq!(job.output, f.stored(id).await.output);
    assert_eq!(job.output.len(), 2_001);
    assert_eq!(job.output[0].text, "1000 lines dropped");
    assert_eq!(job.output[2_000].text, "line 2999");
}

#[tokio::test]
async fn an_actor_who_lost_their_account_gets_nothing_done() {
    let dir = TempDir::new().unwrap();
    let f = open(dir.path()).await;
    let job = f.end_of(f.submit_as("gone", &["a"]).await.unwrap()).await;
    assert_eq!(job.summary.error.as_deref(), Some("The account is disabled."));
    assert!(f.script.done().is_empty());
}

#[tokio::test]
async fn what_cannot_be_audited_is_not_done() {
    let dir = TempDir::new().unwrap();
    let f = open(dir.path()).await;
    let id = f.submit(&["wait"]).await;
    f.running(id).await;
    f.db.write(|tx| Box::pin(async move { crate::core::server::db::query::run(tx, "DELETE FROM settings", []).await }))
        .await
        .unwrap();
    assert!(f.submit_as("test", &["a"]).await.is_err());
    assert!(f.script.done().is_empty());
    assert_eq!(f.jobs.active(), 1);
}

#[tokio::test]
async fn a_job_without_targets_is_refused() {
    let dir = TempDir::new().unwrap();
    let f = open(dir.path()).await;
    assert_eq!(f.submit_as("test", &[]).await.unwrap_err().kind, ErrorKind::Invalid);
}

#[tokio::test]
async fn db_10_a_stopped_server_interrupts_resumes_and_undoes_by_kind() {
    let dir = TempDir::new().unwrap();
    let f = open(dir.path()).await;
    let id = f.submit(&["a", "wait", "resume", "undo"]).await;
    f.running(id).await;
    assert!(f.jobs.stop(Duration::from_secs(8)).await);
    assert_eq!(
        f.submit_as("test", &["late"]).await.unwrap_err().kind,
        ErrorKind::Unavailable
    );
    assert_eq!(
        states(&f.stored(id).await),
        [
            JobState::Succeeded,
            JobState::Interrupted,
            JobState::Running,
            JobState::Running
        ]
    );
    f.stop().await;

    let f = open(dir.path()).await;
    let job = f.end_of(id).await;
    assert_eq!(
        states(&job),
        [
            JobState::Succeeded,
            JobState::Interrupted,
            JobState::Succeeded,
            JobState::Interrupted
        ]
    );
    assert_eq!(job.summary.state, JobState::Interrupted);
    let mut done = f.script.done();
    done.sort();
    assert_eq!(done, ["resume", "undo undo from \"undo\""]);
    assert!(f.audit.verify().await.is_ok());
    f.stop().await;
}

#[tokio::test]
async fn a_killed_servers_jobs_are_interrupted_and_their_intents_closed() {
    let dir = TempDir::new().unwrap();
    let f = open(dir.path()).await;
    let id = f.submit(&["wait", "wait"]).await;
    f.running(id).await;
    let copy = TempDir::new().unwrap();
    for file in ["pollysystem.db", "pollysystem.db-wal", "master.key"] {
        std::fs::copy(dir.path().join(file), copy.path().join(file)).unwrap();
    }
    let after = open(copy.path()).await;
    let job = after.jobs.get(id).await.unwrap();
    assert_eq!(states(&job), [JobState::Interrupted, JobState::Interrupted]);
    assert!(job.steps[0].error.as_deref().unwrap().contains("Look at the target"));
    let rows = after.audit.list(Some(("thing", "wait")), 10, None).await.unwrap();
    assert_eq!(
        rows.iter()
            .filter(|r| r.outcome.as_deref().is_some_and(|o| o.starts_with("unknown")))
            .count(),
        2
    );
    after.stop().await;
    f.stop().await;
}

#[tokio::test]
async fn a_rerun_takes_up_what_failed_with_the_same_parameters() {
    let dir = TempDir::new().unwrap();
    let f = open(dir.path()).await;
    let actor = Actor::system("test", Arc::new(Services::default()));
    let first = f.end_of(f.submit(&["a", "fail", "b", "panic"]).await).await;
    let id = f.jobs.rerun(&actor, first.summary.id).await.unwrap();
    let again = f.end_of(id).await;
    let targets = |job: &JobDetail| job.steps.iter().map(|s| s.target.id.clone()).collect::<Vec<_>>();
    assert_eq!(targets(&again), ["fail", "panic"]);
    assert_eq!(again.rerun_of, Some(first.summary.id));
    assert_eq!(again.summary.title, "Run (failed ones again)");
    assert_eq!(f.stored(id).await.rerun_of, again.rerun_of);
    let kept = store::find(f.db.read(), id).await.unwrap().unwrap();
    assert_eq!((kept.kind.as_str(), kept.params), ("test.script", json!({"n": 1})));
    let third = f.end_of(f.jobs.rerun(&actor, id).await.unwrap()).await;
    assert_eq!(third.summary.title, "Run (failed ones again)", "said once");
}

#[tokio::test]
async fn a_rerun_needs_an_end_and_a_failure() {
    let dir = TempDir::new().unwrap();
    let f = open(dir.path()).await;
    let actor = Actor::system("test", Arc::new(Services::default()));
    let good = f.end_of(f.submit(&["a"]).await).await;
    let none = f.jobs.rerun(&actor, good.summary.id).await.unwrap_err();
    assert_eq!(none.kind, ErrorKind::Conflict);
    let runs = f.submit(&["wait"]).await;
    assert_eq!(f.jobs.rerun(&actor, runs).await.unwrap_err().kind, ErrorKind::Conflict);
    f.jobs.cancel(&actor, runs).await.unwrap();
    f.end_of(runs).await;
    assert_eq!(
        f.jobs.rerun(&actor, JobId::new()).await.unwrap_err().kind,
        ErrorKind::NotFound
    );
}

#[tokio::test]
async fn refused_targets_are_reported_and_never_run() {
    let dir = TempDir::new().unwrap();
    let f = open(dir.path()).await;
    let actor = Actor::system("test", Arc::new(Services::default()));
    let target = |id: &str| ObjectRef::new("thing", id, id).at("here");
    let new = NewJob {
        kind: "test.script",
        title: "Run".to_owned(),
        params: json!({}),
        targets: vec![target("a")],
    };
    let id = f
        .jobs
        .submit_some(&actor, new.clone(), vec![target("gone")])
        .await
        .unwrap();
    let job = f.end_of(id).await;
    assert_eq!(states(&job), [JobState::Succeeded, JobState::Failed]);
    assert_eq!(
        job.steps[1].error.as_deref(),
        Some("There is no such thing, or you may not see it.")
    );
    assert_eq!(f.stored(id).await.steps, job.steps);
    assert_eq!(f.script.done(), ["a"]);
    assert!(
        f.audit
            .list(Some(("thing", "gone")), 10, None)
            .await
            .unwrap()
            .is_empty()
    );
    let none = f
        .jobs
        .submit_some(
            &actor,
            NewJob {
                targets: Vec::new(),
                ..new
            },
            vec![target("gone")],
        )
        .await;
    assert_eq!(none.unwrap_err().kind, ErrorKind::Invalid);
    assert_eq!(
        f.jobs.rerun(&actor, id).await.unwrap_err().kind,
        ErrorKind::NotFound,
        "nothing is left"
    );
}
