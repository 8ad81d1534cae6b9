//! How the container was made.

use super::{
    data::Data,
    details::{WithDetails, fact, words},
};
use crate::{
    plugins::docker::model::{ContainerDetails, ContainerRow, ImageDetails, Limits, ProcessDetails, Security},
    ui::{Column, Note, Table, Tone, format::bytes, web_link},
};
use leptos::prelude::*;

const SOURCE_LABEL: &str = "org.opencontainers.image.source";
const COMPOSE: &str = "com.docker.compose.";

#[component]
pub(super) fn ConfigTab(row: Signal<ContainerRow>, data: Data) -> impl IntoView {
    view! { <WithDetails row details=data.details view=config /> }
}

fn config(details: ContainerDetails, _row: Signal<ContainerRow>) -> AnyView {
    let source = details
        .labels
        .iter()
        .find(|(name, _)| name == SOURCE_LABEL)
        .map(|(_, v)| v.clone());
    let (compose, other): (Vec<_>, Vec<_>) = details
        .labels
        .into_iter()
        .partition(|(name, _)| name.starts_with(COMPOSE));
    let compose = compose
        .into_iter()
        .map(|(name, value)| (name[COMPOSE.len()..].to_owned(), value))
        .collect::<Vec<_>>();
    let environment = details.process.environment.clone();
    view! {
        {left_out(details.left_out)}
        <div class="columns">
            <div class="stack">
                <Image image=details.image source />
                <Process process=details.process log_driver=details.log_driver restart_policy=details.restart_policy />
                <Labels title="Compose labels" labels=compose />
                <Labels title="Labels" labels=other />
            </div>
            <div class="stack">
                <LimitsCard limits=details.limits />
                <SecurityCard security=details.security />
                <Environment names=environment />
            </div>
        </div>
    }
    .into_any()
}

/// Says that a list was too long to be shown whole.
pub(super) fn left_out(count: u32) -> Option<impl IntoView> {
    (count > 0).then(|| {
        view! {
            <Note tone=Tone::Warn title="Not everything is shown">
                <p>{count} " entries of long lists were left out. docker inspect on the host shows all of them."</p>
            </Note>
        }
    })
}

#[component]
fn Image(image: ImageDetails, source: Option<String>) -> impl IntoView {
    let source = source.map(|text| {
        let value = match web_link(&text) {
            Some(href) => {
                view! { <a href=href rel="external noreferrer noopener" target="_blank">{text}</a> }.into_any()
            }
            None => text.into_any(),
        };
        view! { <dt>"Source"</dt><dd class="mono">{value}</dd> }
    });
    view! {
        <section class="card" aria-label="Image">
            <h2 class="card-title">"Image"</h2>
            <dl class="facts">
                {fact("Name", image.name)}
                {image.digests.into_iter().map(|digest| fact("Digest", digest)).collect_view()}
                {fact("Id", image.id)}
                {fact("Platform", image.platform)}
                {source}
            </dl>
        </section>
    }
}

#[component]
fn Process(process: ProcessDetails, log_driver: String, restart_policy: String) -> impl IntoView {
    let user = if process.user.is_empty() {
        "the image's".to_owned()
    } else {
        process.user
    };
    view! {
        <section class="card" aria-label="Process">
            <h2 class="card-title">"Process"</h2>
            <dl class="facts">
                {fact("Entrypoint", words(&process.entrypoint))}
                {fact("Command", words(&process.command))}
                {fact("User", user)}
                {fact("Working directory", process.working_dir)}
                {fact("Host name", process.hostname)}
                {fact("Terminal", if process.terminal { "yes" } else { "no" })}
                {fact("Stop signal", process.stop_signal)}
                {fact("Restart policy", restart_policy)}
                {fact("Log driver", log_driver)}
            </dl>
        </section>
    }
}

#[component]
fn LimitsCard(limits: Limits) -> impl IntoView {
    let size = |value: i64| {
        if value > 0 {
            bytes(value as f64)
        } else {
            "none".to_owned()
        }
    };
    let count = |value: i64| {
        if value > 0 {
            value.to_string()
        } else {
            "none".to_owned()
        }
    };
    let cpu = if limits.cpu_millis > 0 {
        format!("{} cores", limits.cpu_millis as f64 / 1000.0)
    } else {
        "none".to_owned()
    };
    view! {
        <section class="card" aria-label="Limits">
            <h2 class="card-title">"Limits"</h2>
            <dl class="facts">
                {fact("Memory", size(limits.memory_bytes))}
                {(limits.memory_reservation_bytes > 0).then(|| fact("Memory, soft", size(limits.memory_reservation_bytes)))}
                {fact("Memory and swap", if limits.memory_swap_bytes < 0 { "no limit".to_owned() } else { size(limits.memory_swap_bytes) })}
                {fact("CPU", cpu)}
                {(limits.cpu_shares > 0).then(|| fact("CPU shares", limits.cpu_shares.to_string()))}
                {fact("CPU set", limits.cpu_set)}
                {fact("Processes", count(limits.pids))}
            </dl>
        </section>
    }
}

#[component]
fn SecurityCard(security: Security) -> impl IntoView {
    view! {
        <section class="card" aria-label="Security">
            <h2 class="card-title">"Security"</h2>
            <dl class="facts">
                {fact("Privileged", if security.privileged { "yes: as good as root on the host" } else { "no" })}
                {fact("Root file system", if security.read_only { "read only" } else { "writable" })}
                {fact("Added capabilities", security.added.join(", "))}
                {fact("Dropped capabilities", security.dropped.join(", "))}
            </dl>
        </section>
    }
}

#[component]
fn Environment(names: Vec<String>) -> impl IntoView {
    let none = names.is_empty();
    view! {
        <section class="card" aria-label="Environment">
            <h2 class="card-title">"Environment"</h2>
            <p class="muted small">"Names only: to see values needs a right that comes later."</p>
            {none.then(|| view! { <p class="muted">"No variable is set."</p> })}
            <ul class="stack stack-s">{names.into_iter().map(|name| view! { <li class="mono">{name}</li> }).collect_view()}</ul>
        </section>
    }
}

const LABEL_COLUMNS: &[Column] = &[Column::new("Name"), Column::new("Value")];

#[component]
fn Labels(title: &'static str, labels: Vec<(String, String)>) -> impl IntoView {
    (!labels.is_empty()).then(|| {
        let rows = labels.into_iter().map(|(name, value)| {
            view! { <tr><th scope="row" class="mono">{name}</th><td class="mono">{value}</td></tr> }
        });
        view! {
            <section class="stack stack-s" aria-label=title>
                <h2>{title}</h2>
                <Table caption=title columns=LABEL_COLUMNS>{rows.collect_view()}</Table>
            </section>
        }
    })
}
