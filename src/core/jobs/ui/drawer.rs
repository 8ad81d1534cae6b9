//! What runs now, on every page; a job that ends says so in a toast.

use super::{live_jobs, tone};
use crate::{
    core::{
        jobs::{
            api::list,
            model::{JobList, JobState, JobSummary},
        },
        url::url,
    },
    ui::{StateBadge, Tone, use_toasts},
};
use leptos::prelude::*;

#[component]
pub fn ActivityDrawer() -> impl IntoView {
    let jobs = Resource::new(|| (), |()| list());
    view! {
        <Transition>
            {move || Suspend::new(async move { jobs.await.ok().map(|initial| view! { <Running initial /> }) })}
        </Transition>
    }
}

#[component]
fn Running(initial: JobList) -> impl IntoView {
    let toasts = use_toasts();
    let jobs = live_jobs(initial, move |job| {
        let text = match (job.state, &job.error) {
            (state, _) if !state.is_over() => return,
            (JobState::Succeeded, _) => return toasts.ok(format!("{}: done", job.title)),
            (state, Some(why)) => format!("{}: {}. {why}", job.title, state.as_str()),
            (state, None) => format!("{}: {}", job.title, state.as_str()),
        };
        toasts.push(Tone::Bad, text);
    });
    let running = Memo::new(move |_| {
        jobs.with(|all| {
            all.iter()
                .filter(|j| !j.state.is_over())
                .cloned()
                .collect::<Vec<JobSummary>>()
        })
    });
    let any = Memo::new(move |_| !running.with(Vec::is_empty));
    move || {
        any.get().then(|| {
            view! {
                <aside class="drawer" aria-label="Running jobs">
                    <ul class="drawer-list">
                        <For each=move || running.get() key=|job| (job.id, job.state, job.steps_done) let:job>
                            <li class="drawer-item">
                                <a href=url(&format!("/activity/{}", job.id))>{job.title}</a>
                                <StateBadge tone=tone(job.state) text=format!("{} {}/{}", job.state.as_str(), job.steps_done, job.steps_total) />
                            </li>
                        </For>
                    </ul>
                </aside>
            }
        })
    }
}
