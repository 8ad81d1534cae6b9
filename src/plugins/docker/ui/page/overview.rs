//! State, health and numbers.

use super::{
    charts::Charts,
    data::Data,
    details::{WithDetails, fact},
};
use crate::{
    plugins::docker::model::{ContainerDetails, ContainerRow, ContainerState, HealthCheck, HealthDetails, Port},
    ui::{Ago, Column, Note, StateBadge, Table, Tone},
};
use leptos::prelude::*;

#[component]
pub(super) fn OverviewTab(row: Signal<ContainerRow>, data: Data) -> impl IntoView {
    view! {
        <div class="columns">
            <div class="stack">
                <Charts row history=data.history />
            </div>
            <div class="stack">
                <WithDetails row details=data.details view=beside />
            </div>
        </div>
    }
}

fn beside(details: ContainerDetails, row: Signal<ContainerRow>) -> AnyView {
    let health = details.health.clone();
    view! {
        <State details row />
        {health.map(|health| view! { <Health health /> })}
    }
    .into_any()
}

#[component]
fn State(details: ContainerDetails, row: Signal<ContainerRow>) -> impl IntoView {
    let ContainerDetails {
        state,
        image,
        restart_policy,
        restart_count,
        created_at,
        ports,
        ..
    } = details;
    let runs = row.with_untracked(|r| {
        !matches!(
            r.state,
            ContainerState::Exited | ContainerState::Dead | ContainerState::Created
        )
    });
    let failed = !runs && state.exit_code != 0;
    let exit = (!runs).then(|| exit_text(state.exit_code, state.oom_killed));
    let project = row.with_untracked(|r| r.project.clone()).unwrap_or_default();
    let id = row.with_untracked(|r| r.id.to_string());
    let error = state.error.clone();
    view! {
        {(!error.is_empty()).then(|| view! { <Note tone=Tone::Bad title="It could not be started"><p class="mono">{error}</p></Note> })}
        <section class="card" aria-label="State">
            <h2 class="card-title">"State"</h2>
            <dl class="facts">
                <dt>"State"</dt>
                <dd>{state.word.clone()}{(runs && state.pid > 0).then(|| format!(", process {} on the host", state.pid))}</dd>
                {exit.map(|text| view! {
                    <dt>"Exit code"</dt>
                    <dd>{if failed { view! { <StateBadge tone=Tone::Bad text /> }.into_any() } else { text.into_any() }}</dd>
                })}
                {moment("Started", state.started_at)}
                {(!runs).then(|| moment("Finished", state.finished_at))}
                {moment("Created", created_at)}
                <dt>"Restarts"</dt>
                <dd><span class="num">{restart_count}</span>" by the engine (policy: " {restart_policy} ")"</dd>
                {fact("Image", image.name)}
                {fact("Ports", ports.iter().map(Port::label).collect::<Vec<_>>().join(", "))}
                {fact("Stack", project)}
                {fact("Id", id)}
            </dl>
        </section>
    }
}

/// An instant: how long ago, and when.
fn moment(name: &'static str, at: Option<crate::core::id::UnixMillis>) -> Option<impl IntoView> {
    at.map(|at| {
        view! {
            <dt>{name}</dt>
            <dd><Ago at /> <span class="muted nowrap">" · " {crate::ui::time::utc_text(at)}</span></dd>
        }
    })
}

fn exit_text(code: i64, out_of_memory: bool) -> String {
    let why = match code {
        _ if out_of_memory => " (out of memory)",
        125 => " (the engine failed)",
        126 => " (its command cannot be run)",
        127 => " (its command was not found)",
        137 => " (killed)",
        139 => " (segmentation fault)",
        143 => " (asked to end)",
        _ => "",
    };
    format!("{code}{why}")
}

const CHECKS: &[Column] = &[
    Column::new("When"),
    Column::new("Exit").class("num"),
    Column::new("Output"),
];

#[component]
fn Health(health: HealthDetails) -> impl IntoView {
    let (tone, text) = match health.status.as_str() {
        "healthy" => (Tone::Ok, "healthy"),
        "unhealthy" => (Tone::Bad, "unhealthy"),
        "starting" => (Tone::Info, "starting"),
        _ => (Tone::Idle, "unknown"),
    };
    let streak = (health.failing_streak > 0).then(|| format!("{} failed in a row", health.failing_streak));
    let every = format!(
        "every {} s, at most {} s, {} tries",
        health.interval_seconds, health.timeout_seconds, health.retries
    );
    view! {
        <section class="card" aria-label="Health">
            <div class="card-head">
                <h2 class="card-title">"Health"</h2>
                <StateBadge tone text />
            </div>
            <p class="mono">{super::details::words(&health.test)}</p>
            <p class="muted small">{(health.interval_seconds > 0).then_some(every)} {streak.map(|text| format!(" · {text}"))}</p>
            <Table caption="The last checks" columns=CHECKS>
                {health.checks.into_iter().map(check_row).collect_view()}
            </Table>
        </section>
    }
}

fn check_row(check: HealthCheck) -> impl IntoView {
    let took = check.took_millis.map(|ms| format!("{ms} ms"));
    view! {
        <tr>
            <td>{check.at.map(|at| view! { <Ago at /> })} <span class="cell-sub">{took}</span></td>
            <td class="num">{check.exit_code}</td>
            <td><pre class="check-output">{check.output}</pre></td>
        </tr>
    }
}
