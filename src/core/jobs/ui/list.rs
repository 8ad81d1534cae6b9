//! All jobs.

use super::{live_jobs, tone};
use crate::{
    core::{
        jobs::{
            api::list,
            model::{JobList, JobSummary},
        },
        url::url,
    },
    ui::{Ago, Column, EmptyState, PageHeader, Skeleton, StateBadge, Table},
};
use leptos::prelude::*;
use leptos_meta::Title;

const COLUMNS: &[Column] = &[
    Column::new("Job"),
    Column::new("State"),
    Column::new("Who").class("only-wide"),
    Column::new("When"),
    Column::new("Outcome").class("only-wide"),
];

#[component]
pub fn ActivityPage() -> impl IntoView {
    let jobs = Resource::new(|| (), |()| list());
    view! {
        <Title text="Activity" />
        <PageHeader title="Activity" lead="Everything that was done to the fleet through PollySystem, newest first." />
        <Transition fallback=|| view! { <Skeleton /> }>
            {move || Suspend::new(async move { jobs.await.map(|initial| view! { <Jobs initial /> }) })}
        </Transition>
    }
    .into_any()
}

#[component]
fn Jobs(initial: JobList) -> impl IntoView {
    let jobs = live_jobs(initial, |_| {});
    let empty = Memo::new(move |_| jobs.with(Vec::is_empty));
    move || {
        if empty.get() {
            return view! {
                <EmptyState icon="activity" title="Nothing was done yet" text="Start, stop or restart a container: the job and its outcome stand here." />
            }
            .into_any();
        }
        view! {
            <Table caption="Jobs" columns=COLUMNS>
                <For each=move || jobs.get() key=|job| (job.id, job.state, job.steps_done) children=|job| view! { <Line job /> } />
            </Table>
        }
        .into_any()
    }
}

#[component]
fn Line(job: JobSummary) -> impl IntoView {
    view! {
        <tr>
            <th scope="row"><a href=url(&format!("/activity/{}", job.id))>{job.title}</a></th>
            <td><StateBadge tone=tone(job.state) text=job.state.as_str().to_owned() /></td>
            <td class="only-wide">{job.actor_name}</td>
            <td><Ago at=job.created_at /></td>
            <td class="only-wide muted">{job.error.unwrap_or_else(|| format!("{} of {} done", job.steps_done, job.steps_total))}</td>
        </tr>
    }
}
