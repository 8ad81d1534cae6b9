//! The container's log: the last lines in the first HTML, then what is written, as it is written.

use super::data::Asked;
use crate::{
    core::{
        lines::LogLine,
        live::client::{LiveMessage, live_events},
        url::url,
    },
    error::AppError,
    plugins::docker::model::{ContainerRow, LogEvent, LogState, TOPIC_LOGS, log_shard},
    ui::{ErrorBox, LogStore, LogView, Skeleton, StateBadge, Tone, log_view::LogOptions},
};
use leptos::prelude::*;

#[component]
pub(super) fn LogsTab(row: Signal<ContainerRow>, log: Asked<Vec<LogLine>>) -> impl IntoView {
    view! {
        <Transition fallback=|| view! { <Skeleton lines=12 /> }>
            {move || Suspend::new(async move {
                let (lines, error) = match log.await? {
                    Ok(lines) => (lines, None),
                    Err(why) => (Vec::new(), Some(why)),
                };
                Some(view! { <Log lines error row /> })
            })}
        </Transition>
    }
}

#[component]
fn Log(lines: Vec<LogLine>, error: Option<AppError>, row: Signal<ContainerRow>) -> impl IntoView {
    let options = LogOptions::read();
    let store = LogStore::new(lines, options.with_untracked(|o| o.query.clone()));
    let state = RwSignal::new(LogState::Opening);
    // Until the log is followed, or where it cannot be.
    let failed = RwSignal::new(error);
    let (machine, id, path) =
        row.with_untracked(|r| (r.machine, r.id.clone(), format!("/containers/{}/{}", r.machine, r.id)));
    live_events(
        TOPIC_LOGS,
        Some(vec![log_shard(machine, &id)]),
        Vec::new(),
        move |message| match message {
            LiveMessage::Frame { body, .. } => match serde_json::from_value(body) {
                Ok(LogEvent::Snapshot {
                    follow,
                    state: now,
                    lines,
                }) => {
                    store.replace(follow, lines);
                    state.set(now);
                }
                Ok(LogEvent::Lines { lines }) => {
                    failed.set(None);
                    store.push(lines);
                }
                Ok(LogEvent::State(now)) => {
                    if now == LogState::Following {
                        failed.set(None);
                    }
                    state.set(now);
                }
                Err(why) => leptos::logging::warn!("a frame of a log could not be read: {why}"),
            },
            LiveMessage::End { .. } => state.set(LogState::Gone),
            LiveMessage::Window(_) => {}
        },
    );
    let download = {
        let path = path.clone();
        move || {
            let times = if options.with(|o| o.times) { "?timestamps=1" } else { "" };
            url(&format!("{path}/log{times}"))
        }
    };
    let label = row.with_untracked(|r| format!("Log of {}", r.name));
    view! {
        {move || failed.get().map(|error| view! { <ErrorBox error /> })}
        <LogView store label path fixed=&[("tab", "logs")] download=Signal::derive(download)>
            <Standing state />
        </LogView>
    }
}

#[component]
fn Standing(state: RwSignal<LogState>) -> impl IntoView {
    let tone = Signal::derive(move || match state.get() {
        LogState::Opening => Tone::Info,
        LogState::Following => Tone::Ok,
        LogState::Waiting | LogState::Gone => Tone::Idle,
        LogState::Broken(_) => Tone::Warn,
    });
    let text = Signal::derive(move || {
        match state.get() {
            LogState::Opening => "opening",
            LogState::Following => "following",
            LogState::Waiting => "waits for its start",
            LogState::Broken(_) => "broken",
            LogState::Gone => "ended",
        }
        .to_owned()
    });
    let why = move || match state.get() {
        LogState::Broken(why) => Some(view! { <p class="muted small">{why}</p> }),
        _ => None,
    };
    view! {
        <div class="log-standing needs-script" role="status">
            <StateBadge tone text />
            {why}
        </div>
    }
}
