//! One job: its steps and its output, as they come.

use super::{
    steps::{Show as Shown, Steps},
    tone,
};
use crate::{
    core::{
        jobs::{
            api::{Cancel, JobView, Rerun, get},
            model::{JobDetail, JobDetailEvent, JobId, OutputLine, Stream, TOPIC_JOB},
        },
        live::client::{LiveMessage, live_events},
        url::url,
    },
    error::AppError,
    ui::{Button, Crumb, FormError, PageHeader, PageTitle, PostForm, Skeleton, StateBadge, Variant, form::error_of},
};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

/// Lines that the page keeps.
const MAX_LINES: usize = 2_000;

#[component]
pub fn JobPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| {
        params
            .with(|p| p.get("job"))
            .and_then(|text| text.parse::<JobId>().ok())
    });
    let job = Resource::new(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => get(id).await,
                None => Err(AppError::not_found("job")),
            }
        },
    );
    view! {
        <Transition fallback=|| view! { <Skeleton /> }>
            {move || Suspend::new(async move { job.await.map(|initial| view! { <Job initial /> }) })}
        </Transition>
    }
    .into_any()
}

#[component]
fn Job(initial: JobView) -> impl IntoView {
    let id = initial.job.summary.id;
    let job = RwSignal::new(initial.job);
    live_events(
        TOPIC_JOB,
        Some(vec![id.to_string()]),
        vec![initial.seq],
        move |message| {
            let LiveMessage::Frame { body, .. } = message else {
                return;
            };
            if let Ok(event) = serde_json::from_value(body) {
                job.update(|job| take(job, event));
            }
        },
    );
    let (cancel, rerun) = (ServerAction::<Cancel>::new(), ServerAction::<Rerun>::new());
    let query = use_query_map();
    let show = Memo::new(move |_| query.with(|q| Shown::read(&q.get("show").unwrap_or_default())));
    let failed = Memo::new(move |_| job.with(|j| j.steps.iter().filter(|s| s.state.is_failure()).count()));
    let first = job.with_untracked(|j| j.rerun_of);
    let state = Memo::new(move |_| job.with(|j| j.summary.state));
    let crumbs = vec![Crumb {
        label: "Activity".to_owned(),
        href: url("/activity"),
    }];
    let badge = view! { <StateBadge tone=Signal::derive(move || tone(state.get())) text=Signal::derive(move || state.get().as_str().to_owned()) /> };
    let lead = job.with_untracked(|j| format!("Asked for by {}.", j.summary.actor_name));
    view! {
        <PageTitle text=Signal::derive(move || job.with(|j| j.summary.title.clone())) />
        <PageHeader title=Signal::derive(move || job.with(|j| j.summary.title.clone())) crumbs lead aside=badge.into_any()>
            <Show when=move || !state.get().is_over()>
                <PostForm action=cancel>
                    <input type="hidden" name="id" value=id.to_string() />
                    <Button variant=Variant::Danger busy=cancel.pending()>"Cancel job"</Button>
                </PostForm>
            </Show>
            <Show when=move || state.get().is_over() && failed.get() != 0>
                <PostForm action=rerun>
                    <input type="hidden" name="id" value=id.to_string() />
                    <Button icon="restart" busy=rerun.pending()>"Run the failed again"</Button>
                </PostForm>
            </Show>
        </PageHeader>
        {first.map(|first| view! {
            <p class="muted">"Takes up what failed in " <a href=url(&format!("/activity/{first}"))>"an earlier job"</a> "."</p>
        })}
        <FormError error=error_of(cancel) />
        <FormError error=error_of(rerun) />
        <Steps job show />
        <section aria-labelledby="output-title">
            <h2 id="output-title">"Output"</h2>
            <pre class="output" tabindex="0" role="log" aria-label="Output of this job">
                <For each=move || job.with(|j| j.output.clone()) key=|line| line.n let:line>
                    <OutputRow line />
                </For>
            </pre>
        </section>
    }
}

fn take(job: &mut JobDetail, event: JobDetailEvent) {
    match event {
        JobDetailEvent::Snapshot { job: whole } => *job = whole,
        JobDetailEvent::Step { summary, step } => {
            job.summary = summary;
            if let Some(old) = job.steps.iter_mut().find(|s| s.index == step.index) {
                *old = step;
            }
        }
        JobDetailEvent::Output { lines } => {
            let last = job.output.last().map_or(0, |l| l.n);
            job.output.extend(lines.into_iter().filter(|l| l.n > last));
            let extra = job.output.len().saturating_sub(MAX_LINES);
            job.output.drain(..extra);
        }
    }
}

#[component]
fn OutputRow(line: OutputLine) -> impl IntoView {
    let class = match line.stream {
        Stream::Stdout => "output-line",
        Stream::Stderr => "output-line output-err",
        Stream::System => "output-line output-note",
    };
    view! { <span class=class>{line.text}"\n"</span> }
}
