//! The newest jobs, for the overview.

use super::{live_jobs, tone};
use crate::{
    core::{
        jobs::{
            api::list,
            model::{JobList, JobSummary},
        },
        url::url,
    },
    ui::{Ago, ErrorBox, Skeleton, StateBadge},
};
use leptos::prelude::*;

/// Jobs in the card.
const SHOWN: usize = 8;

#[component]
pub fn RecentJobs() -> impl IntoView {
    let jobs = Resource::new(|| (), |()| list());
    view! {
        <Transition fallback=|| view! { <Skeleton lines=4 /> }>
            {move || Suspend::new(async move {
                match jobs.await {
                    Ok(initial) => view! { <Newest initial /> }.into_any(),
                    Err(error) => view! { <ErrorBox error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Newest(initial: JobList) -> impl IntoView {
    let jobs = live_jobs(initial, |_| {});
    let newest = Memo::new(move |_| jobs.with(|all| all.iter().take(SHOWN).cloned().collect::<Vec<_>>()));
    let any = Memo::new(move |_| !newest.with(Vec::is_empty));
    view! {
        <Show
            when=move || any.get()
            fallback=|| view! { <p class="muted">"Nothing was done yet. What is done to hosts and containers stands here."</p> }
        >
            <ul class="recent">
                <For each=move || newest.get() key=|job| (job.id, job.state, job.steps_done) let:job>
                    <Line job />
                </For>
            </ul>
            <p><a href=url("/activity")>"All activity"</a></p>
        </Show>
    }
}

#[component]
fn Line(job: JobSummary) -> impl IntoView {
    view! {
        <li class="recent-item">
            <a class="recent-title" href=url(&format!("/activity/{}", job.id))>{job.title}</a>
            <StateBadge tone=tone(job.state) text=job.state.as_str().to_owned() />
            <span class="muted small">{job.actor_name} ", " <Ago at=job.created_at /></span>
        </li>
    }
}
