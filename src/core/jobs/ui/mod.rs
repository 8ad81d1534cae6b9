//! The activity page, the page of one job, and the drawer that shows what runs now.

mod drawer;
mod job;
mod list;
mod recent;
mod steps;

pub use drawer::ActivityDrawer;
pub use recent::RecentJobs;

use super::model::{JobEvent, JobState, JobSummary, TOPIC_JOBS};
use crate::{
    core::{
        jobs::model::JobList,
        live::client::{LiveMessage, live_events},
    },
    ui::{Tone, lazy::lazy_page},
};
use leptos::prelude::*;

lazy_page!(pages, ActivityRoute = list::ActivityPage);
lazy_page!(logs, JobRoute = job::JobPage);

/// Jobs kept in a list that lives.
const KEPT: usize = 100;

fn tone(state: JobState) -> Tone {
    match state {
        JobState::Queued => Tone::Idle,
        JobState::Running => Tone::Info,
        JobState::Succeeded => Tone::Ok,
        JobState::Failed => Tone::Bad,
        JobState::Cancelled | JobState::Interrupted => Tone::Warn,
    }
}

/// The newest jobs, newest first, as they move on. `seen` hears of each job that changes.
fn live_jobs(initial: JobList, seen: impl Fn(&JobSummary) + 'static) -> RwSignal<Vec<JobSummary>> {
    let jobs = RwSignal::new(initial.jobs);
    let shards = Some(vec![initial.seq.shard.clone()]);
    live_events(TOPIC_JOBS, shards, vec![initial.seq], move |message| {
        let LiveMessage::Frame { body, .. } = message else {
            return;
        };
        match serde_json::from_value::<JobEvent>(body) {
            Ok(JobEvent::Snapshot { jobs: all }) => jobs.set(all),
            Ok(JobEvent::Job { job }) => {
                seen(&job);
                jobs.update(|list| put(list, job));
            }
            Err(why) => leptos::logging::warn!("a job could not be read: {why}"),
        }
    });
    jobs
}

fn put(list: &mut Vec<JobSummary>, job: JobSummary) {
    match list.iter_mut().find(|j| j.id == job.id) {
        Some(old) => *old = job,
        None => {
            list.insert(0, job);
            list.truncate(KEPT);
        }
    }
}
