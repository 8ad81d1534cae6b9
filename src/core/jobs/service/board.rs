//! The jobs that move, in memory: what the live topics show. Each change is published under the lock that
//! guards it, so that a snapshot and the frames after it fit.

use super::{object::asked_by, output::Output};
use crate::core::{
    auth::service::{Action, JobsView},
    id::UnixMillis,
    jobs::model::{
        JobDetail, JobDetailEvent, JobEvent, JobId, JobState, JobStep, JobSummary, OutputLine, Stream, TOPIC_JOB,
        TOPIC_JOBS,
    },
    live::{
        model::{Seq, ShardKey},
        service::{Hub, TopicSource},
    },
};
use serde_json::Value;
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Jobs in a snapshot of all jobs.
const RECENT: usize = 100;
/// Ended jobs whose steps and output stay in memory, for pages that look at them.
const ENDED: usize = 20;
/// The shard of [`TOPIC_JOBS`] with all jobs. Besides there is one for each who asked for some, with these.
pub(super) const ALL: &str = "all";

struct Entry {
    summary: JobSummary,
    steps: Vec<JobStep>,
    output: Output,
    rerun_of: Option<JobId>,
}

impl Entry {
    fn detail(&self) -> JobDetail {
        JobDetail {
            summary: self.summary.clone(),
            steps: self.steps.clone(),
            output: self.output.kept(),
            rerun_of: self.rerun_of,
        }
    }
}

#[derive(Default)]
struct State {
    jobs: HashMap<JobId, Entry>,
    ended: VecDeque<JobId>,
    /// Newest first.
    recent: VecDeque<JobSummary>,
}

pub(super) struct Board {
    hub: Arc<Hub>,
    state: Mutex<State>,
    /// Who asked for each job in `state`, under a lock of its own: frames are published under the other.
    askers: Mutex<HashMap<JobId, String>>,
}

impl Board {
    pub(super) fn new(hub: Arc<Hub>) -> Arc<Self> {
        let this = Arc::new(Self {
            hub,
            state: Mutex::default(),
            askers: Mutex::default(),
        });
        this.hub.set_source(Arc::new(AllJobs(this.clone())));
        this.hub.set_source(Arc::new(OneJob(this.clone())));
        this
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the stream of a shard of all jobs is.
    pub(super) fn seq(&self, shard: &str) -> Seq {
        self.hub.seq(&ShardKey::new(TOPIC_JOBS, shard))
    }

    fn askers(&self) -> MutexGuard<'_, HashMap<JobId, String>> {
        self.askers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Jobs of earlier runs of the server, newest first.
    pub(super) fn remember(&self, jobs: Vec<JobSummary>) {
        self.lock().recent.extend(jobs);
    }

    /// A job that is new, or comes back.
    pub(super) fn add(&self, job: JobDetail) {
        self.askers().insert(job.summary.id, job.summary.asked_by.clone());
        let mut state = self.lock();
        self.publish_summary(&mut state, &job.summary);
        let entry = Entry {
            summary: job.summary,
            steps: job.steps,
            output: Output::after(job.output),
            rerun_of: job.rerun_of,
        };
        state.jobs.insert(entry.summary.id, entry);
    }

    /// A job's state and times; an ended one is kept for a while.
    pub(super) fn job(&self, id: JobId, job: JobState) {
        let mut state = self.lock();
        let Some(entry) = state.jobs.get_mut(&id) else { return };
        let now = Some(UnixMillis::now());
        entry.summary.state = job;
        entry.summary.started_at = entry.summary.started_at.or(now);
        entry.summary.finished_at = if job.is_over() { now } else { None };
        let (summary, last_step) = (entry.summary.clone(), entry.steps.last().cloned());
        self.publish_summary(&mut state, &summary);
        if let Some(step) = last_step {
            self.hub
                .publish(&ShardKey::new(TOPIC_JOB, id), &JobDetailEvent::Step { summary, step });
        }
        if job.is_over() {
            self.retire(&mut state, id);
        }
    }

    /// One step as it is now.
    pub(super) fn step(&self, id: JobId, step: &JobStep) {
        let mut state = self.lock();
        let Some(entry) = state.jobs.get_mut(&id) else { return };
        if let Some(old) = entry.steps.iter_mut().find(|old| old.index == step.index) {
            *old = step.clone();
        }
        count(&mut entry.summary, &entry.steps);
        let summary = entry.summary.clone();
        self.publish_summary(&mut state, &summary);
        self.hub.publish(
            &ShardKey::new(TOPIC_JOB, id),
            &JobDetailEvent::Step {
                summary,
                step: step.clone(),
            },
        );
    }

    pub(super) fn say(&self, id: JobId, step: u32, stream: Stream, text: &str) {
        if let Some(entry) = self.lock().jobs.get_mut(&id) {
            entry.output.push(step, stream, text);
        }
    }

    /// Publishes the lines said since the last call; gives them, and the number of the oldest line kept.
    pub(super) fn flush(&self, id: JobId) -> Option<(Vec<OutputLine>, i64)> {
        let mut state = self.lock();
        let output = &mut state.jobs.get_mut(&id)?.output;
        let (lines, first) = (output.take_new(), output.first());
        if lines.is_empty() {
            return None;
        }
        self.hub.publish(
            &ShardKey::new(TOPIC_JOB, id),
            &JobDetailEvent::Output { lines: lines.clone() },
        );
        Some((lines, first))
    }

    /// A job that moves or ended a short while ago.
    pub(super) fn detail(&self, id: JobId) -> Option<JobDetail> {
        self.lock().jobs.get(&id).map(Entry::detail)
    }

    fn publish_summary(&self, state: &mut State, job: &JobSummary) {
        match state.recent.iter_mut().find(|old| old.id == job.id) {
            Some(old) => *old = job.clone(),
            None => state.recent.push_front(job.clone()),
        }
        state.recent.truncate(RECENT);
        for shard in [ALL, &job.asked_by] {
            self.hub
                .publish(&ShardKey::new(TOPIC_JOBS, shard), &JobEvent::Job { job: job.clone() });
        }
    }

    fn retire(&self, state: &mut State, id: JobId) {
        state.ended.push_back(id);
        if state.ended.len() > ENDED
            && let Some(oldest) = state.ended.pop_front()
        {
            state.jobs.remove(&oldest);
            self.askers().remove(&oldest);
        }
    }
}

/// Counts the steps into the summary.
pub(super) fn count(summary: &mut JobSummary, steps: &[JobStep]) {
    let number =
        |of: &dyn Fn(&JobStep) -> bool| u32::try_from(steps.iter().filter(|s| of(s)).count()).unwrap_or(u32::MAX);
    summary.steps_total = number(&|_| true);
    summary.steps_done = number(&|s| s.state.is_over());
    summary.steps_failed = number(&|s| s.state == JobState::Failed);
    summary.error = steps.iter().find_map(|s| s.error.clone());
}

struct AllJobs(Arc<Board>);

impl TopicSource for AllJobs {
    fn topic(&self) -> &'static str {
        TOPIC_JOBS
    }
    fn action(&self) -> &'static str {
        JobsView::NAME
    }
    fn shards(&self) -> Vec<String> {
        let state = self.0.lock();
        let askers: BTreeSet<&str> = state.recent.iter().map(|job| job.asked_by.as_str()).collect();
        askers.into_iter().chain([ALL]).map(str::to_owned).collect()
    }
    fn tags(&self, shard: &str) -> Option<Vec<String>> {
        Some(if shard == ALL {
            Vec::new()
        } else {
            vec![asked_by(shard)]
        })
    }
    fn snapshot(&self, shard: &str) -> Option<(Seq, Value)> {
        let state = self.0.lock();
        let shown = state.recent.iter().filter(|job| shard == ALL || job.asked_by == shard);
        let event = JobEvent::Snapshot {
            jobs: shown.cloned().collect(),
        };
        Some((
            self.0.hub.seq(&ShardKey::new(TOPIC_JOBS, shard)),
            serde_json::to_value(event).ok()?,
        ))
    }
}

struct OneJob(Arc<Board>);

impl TopicSource for OneJob {
    fn topic(&self) -> &'static str {
        TOPIC_JOB
    }
    fn action(&self) -> &'static str {
        JobsView::NAME
    }
    fn tags(&self, shard: &str) -> Option<Vec<String>> {
        let askers = self.0.askers();
        let asker = shard.parse().ok().and_then(|id| askers.get(&id));
        Some(asker.map(|asker| asked_by(asker)).into_iter().collect())
    }
    fn shards(&self) -> Vec<String> {
        self.0.lock().jobs.keys().map(ToString::to_string).collect()
    }
    fn snapshot(&self, shard: &str) -> Option<(Seq, Value)> {
        let state = self.0.lock();
        let job = state.jobs.get(&shard.parse().ok()?)?.detail();
        Some((
            self.0.hub.seq(&ShardKey::new(TOPIC_JOB, shard)),
            serde_json::to_value(JobDetailEvent::Snapshot { job }).ok()?,
        ))
    }
}
