//! What stands above a log: its state, the search, how it is shown, and what can be taken along.

use super::{LogStore, store::Chunk};
use crate::{
    core::url::url,
    ui::{browser, icon::Icon},
};
use leptos::prelude::*;
use leptos_router::{components::Form, hooks::use_query_map, location::Url};
use std::time::Duration;

/// Which streams are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Streams {
    #[default]
    Both,
    Out,
    Err,
}

/// How a log is shown, as the address says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOptions {
    pub query: String,
    pub wrap: bool,
    pub times: bool,
    pub(super) streams: Streams,
}

/// The page that the log stands on.
#[derive(Clone)]
pub(super) struct Where {
    pub path: String,
    pub fixed: &'static [(&'static str, &'static str)],
}

impl LogOptions {
    /// As the address has it now.
    pub fn read() -> Memo<Self> {
        let map = use_query_map();
        Memo::new(move |_| {
            map.with(|q| Self {
                query: q.get("q").unwrap_or_default(),
                wrap: q.get("wrap").as_deref() != Some("0"),
                times: q.get("times").as_deref() == Some("1"),
                streams: match q.get("stream").as_deref() {
                    Some("out") => Streams::Out,
                    Some("err") => Streams::Err,
                    _ => Streams::Both,
                },
            })
        })
    }

    /// What is not as usual, as parameters of the address; the search apart.
    fn pairs(&self) -> Vec<(&'static str, &'static str)> {
        let stream = match self.streams {
            Streams::Both => None,
            Streams::Out => Some(("stream", "out")),
            Streams::Err => Some(("stream", "err")),
        };
        let wrap = (!self.wrap).then_some(("wrap", "0"));
        let times = self.times.then_some(("times", "1"));
        [wrap, times, stream].into_iter().flatten().collect()
    }

    fn href(&self, place: &Where) -> String {
        let own = self.pairs();
        let mut parts: Vec<String> = place
            .fixed
            .iter()
            .chain(&own)
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        if !self.query.is_empty() {
            parts.push(format!("q={}", Url::escape(&self.query)));
        }
        let mark = if parts.is_empty() { "" } else { "?" };
        url(&format!("{}{mark}{}", place.path, parts.join("&")))
    }

    /// Classes of the lines' place.
    pub(super) fn class(&self) -> String {
        let all = [
            "log",
            if self.wrap { "log-wrap" } else { "log-nowrap" },
            if self.times { "log-times" } else { "" },
            match self.streams {
                Streams::Both => "",
                Streams::Out => "log-only-out",
                Streams::Err => "log-only-err",
            },
        ];
        all.iter()
            .filter(|c| !c.is_empty())
            .copied()
            .collect::<Vec<_>>()
            .join(" ")
    }
}

#[component]
pub(super) fn Tools(
    store: LogStore,
    options: Memo<LogOptions>,
    place: StoredValue<Where>,
    current: RwSignal<Option<u64>>,
    go: Callback<u64>,
    download: Signal<String>,
    children: Children,
) -> impl IntoView {
    let toggle = move |label: &'static str, on: fn(&LogOptions) -> bool, turned: fn(LogOptions) -> LogOptions| {
        let href = move || place.with_value(|place| turned(options.get()).href(place));
        let on = move || options.with(on).then_some("true");
        view! { <a class="btn btn-small toggle" data-noscroll="" href=href aria-current=on>{label}</a> }
    };
    let copied = RwSignal::new(false);
    let copy = move |_| {
        if browser::copy_text(&store.text()) {
            copied.set(true);
            set_timeout(
                move || {
                    copied.try_set(false);
                },
                Duration::from_secs(3),
            );
        }
    };
    let pause = move |_| {
        if store.paused.get_untracked() {
            store.resume()
        } else {
            store.pause()
        }
    };
    view! {
        <div class="toolbar log-tools">
            {children()}
            <Search store options place current go/>
            <div class="cluster">
                {toggle("Wrap", |o| o.wrap, |o| LogOptions { wrap: !o.wrap, ..o })}
                {toggle("Times (UTC)", |o| o.times, |o| LogOptions { times: !o.times, ..o })}
                <div class="cluster nowrap" role="group" aria-label="Streams">
                    {toggle("Both", |o| o.streams == Streams::Both, |o| LogOptions { streams: Streams::Both, ..o })}
                    {toggle("stdout", |o| o.streams == Streams::Out, |o| LogOptions { streams: Streams::Out, ..o })}
                    {toggle("stderr", |o| o.streams == Streams::Err, |o| LogOptions { streams: Streams::Err, ..o })}
                </div>
            </div>
            <div class="cluster">
                <button type="button" class="btn btn-small toggle needs-script" on:click=pause aria-pressed=move || store.paused.get().to_string()>
                    <Icon name="pause"/>
                    "Pause"
                </button>
                <button type="button" class="btn btn-small needs-script" on:click=copy>
                    <Icon name=Signal::derive(move || if copied.get() { "ok" } else { "copy" })/>
                    "Copy"
                    <span class="sr-only" role="status">{move || if copied.get() { "Copied" } else { "" }}</span>
                </button>
                <a class="btn btn-small" href=move || download.get() rel="external" download="">
                    <Icon name="down"/>
                    "Download"
                </a>
            </div>
        </div>
    }
}

/// A form that works without script; with it, what is typed is searched for at once.
#[component]
fn Search(
    store: LogStore,
    options: Memo<LogOptions>,
    place: StoredValue<Where>,
    current: RwSignal<Option<u64>>,
    go: Callback<u64>,
) -> impl IntoView {
    let found = Memo::new(move |_| -> u64 {
        let count = |chunk: &Chunk| chunk.found.with(Vec::len) as u64;
        store.chunks.with(|chunks| chunks.iter().map(count).sum())
    });
    let keys = move || -> Vec<u64> {
        let chunks = store.chunks.get_untracked();
        chunks.iter().flat_map(|chunk| chunk.found.get_untracked()).collect()
    };
    let step = move |down: bool| {
        let keys = keys();
        let next = match current.get_untracked() {
            None => keys.last(),
            Some(key) if down => keys.iter().find(|k| **k > key).or(keys.first()),
            Some(key) => keys.iter().rev().find(|k| **k < key).or(keys.last()),
        };
        if let Some(key) = next {
            go.run(*key);
        }
    };
    let place_text = move || {
        let (total, current) = (found.get(), current.get());
        if store.query.with(String::is_empty) {
            return String::new();
        }
        let at = current.and_then(|key| keys().binary_search(&key).ok());
        match (at, total) {
            (_, 0) => "No match".to_owned(),
            (Some(at), total) => format!("{} of {total}", at + 1),
            (None, 1) => "1 line".to_owned(),
            (None, total) => format!("{total} lines"),
        }
    };
    let (action, fixed) = place.with_value(|place| (url(&place.path), place.fixed));
    let hidden = move || {
        let own = options.with(LogOptions::pairs);
        let all = fixed.iter().copied().chain(own);
        all.map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
            .collect_view()
    };
    let typed = move |event| {
        current.set(None);
        store.query.set(event_target_value(&event));
    };
    let none = move || found.get() == 0;
    view! {
        <div role="search" class="cluster nowrap log-search">
            <Form action=action method="get" noscroll=true attr:class="form-inline">
                <input
                    class="input"
                    type="search"
                    name="q"
                    aria-label="Search in these lines"
                    placeholder="Search"
                    autocomplete="off"
                    spellcheck="false"
                    value=options.with_untracked(|o| o.query.clone())
                    on:input=typed
                />
                {hidden}
            </Form>
            <span class="muted small nowrap num" role="status">{place_text}</span>
            <button type="button" class="btn btn-ghost btn-small btn-icon needs-script" aria-label="Previous match" disabled=none on:click=move |_| step(false)>
                <Icon name="up"/>
            </button>
            <button type="button" class="btn btn-ghost btn-small btn-icon needs-script" aria-label="Next match" disabled=none on:click=move |_| step(true)>
                <Icon name="down"/>
            </button>
        </div>
    }
}
