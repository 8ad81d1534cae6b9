//! A log: the newest line at the bottom, followed until one scrolls up; search, wrap, times, streams, colours.
//!
//! How it is shown stands in the address, so that a view can be shared and the first HTML is the same. The
//! lines are plain markup; a terminal's colours become classes, and nothing of a line is ever markup.

mod search;
mod store;
mod tools;

pub use store::LogStore;
pub use tools::LogOptions;

use super::{
    ansi, browser,
    format::bytes,
    time::{iso, utc_text},
};
use crate::core::{id::UnixMillis, lines::LogStream};
use leptos::{ev, html::Div, prelude::*};
use std::sync::Arc;
use store::{Chunk, Entry, Line};
use tools::{Tools, Where};

/// The lines of `store` as the address says; `path` (below the base, without a query) is this page, `fixed`
/// the part of its query that is not the view's, `download` where the whole log can be had (complete).
/// `children` say how it stands with the log.
#[component]
pub fn LogView(
    store: LogStore,
    #[prop(into)] label: String,
    path: String,
    fixed: &'static [(&'static str, &'static str)],
    #[prop(into)] download: Signal<String>,
    children: Children,
) -> impl IntoView {
    let options = LogOptions::read();
    let following = RwSignal::new(true);
    let current = RwSignal::new(None::<u64>);
    let read = RwSignal::new(0_u64);
    let area = NodeRef::<Div>::new();
    // What is typed is searched for at once; the address has the last word when it changes.
    Effect::new(move |before: Option<String>| {
        let asked = options.with(|o| o.query.clone());
        if before.is_some_and(|before| before != asked) {
            store.query.set(asked.clone());
        }
        asked
    });
    // A frame that was asked for, and a scroll that was begun, may come when the page is left already.
    let shown = move || area.try_get_untracked().flatten();
    let to_end = move || {
        if let Some(area) = shown() {
            browser::scroll_to_end(&area);
        }
    };
    Effect::new(move |_| {
        store.version.track();
        if following.get() && !store.paused.get() {
            read.set(store.came.get_untracked());
            request_animation_frame(to_end);
        }
    });
    let scrolled = move |_: ev::Event| {
        if let Some(now) = shown().and_then(|area| browser::at_end(&area))
            && now != following.get_untracked()
        {
            following.set(now);
        }
    };
    let turned = move |event: ev::WheelEvent| {
        if browser::turned_up(&event) {
            following.set(false);
        }
    };
    let keyed = move |event: ev::KeyboardEvent| {
        if matches!(event.key().as_str(), "ArrowUp" | "PageUp" | "Home") {
            following.set(false);
        }
    };
    let waiting = Memo::new(move |_| {
        let live = following.get() && !store.paused.get();
        if live {
            0
        } else {
            store.came.get().saturating_sub(read.get())
        }
    });
    let resume = move |_| {
        store.resume();
        following.set(true);
    };
    let go = Callback::new(move |key: u64| {
        following.set(false);
        current.set(Some(key));
        if let Some(area) = area.get_untracked() {
            browser::show_line(&area, key);
        }
    });
    let place = StoredValue::new(Where { path, fixed });
    let class = move || options.with(LogOptions::class);
    let name = label.clone();
    view! {
        <section class="log-box" aria-label=name>
            <Tools store options place current go download>{children()}</Tools>
            <div class="log-frame">
                <div
                    class=class
                    role="log"
                    aria-live="off"
                    aria-label=label
                    tabindex="0"
                    node_ref=area
                    on:scroll=scrolled
                    on:wheel=turned
                    on:keydown=keyed
                >
                    <For each=move || store.chunks.get() key=|chunk| chunk.id let:chunk>
                        <ChunkView chunk store current/>
                    </For>
                </div>
                <Show when=move || { waiting.get() > 0 || store.paused.get() }>
                    <button type="button" class="btn btn-primary btn-small log-resume needs-script" on:click=resume>
                        {move || resume_text(waiting.get())}
                    </button>
                </Show>
            </div>
        </section>
    }
}

fn resume_text(waiting: u64) -> String {
    match waiting {
        0 => "Go on".to_owned(),
        1 => "1 new line".to_owned(),
        n => format!("{n} new lines"),
    }
}

/// What the search says of one entry; a part of its key, so that only lines are drawn anew that it concerns.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Mark {
    Plain,
    Found(Arc<str>),
    Current(Arc<str>),
}

#[component]
fn ChunkView(chunk: Chunk, store: LogStore, current: RwSignal<Option<u64>>) -> impl IntoView {
    let Chunk { entries, found, id } = chunk;
    // Only the chunk that holds the current match moves with it.
    let here = Memo::new({
        let found = found.clone();
        move |_| {
            current
                .get()
                .filter(|key| *key >= id && found.with(|found| found.binary_search(key).is_ok()))
        }
    });
    let marked = move || {
        let query: Arc<str> = store.query.get().into();
        let here = here.get();
        found.with(|found| {
            let mark = |key: u64| match found.binary_search(&key) {
                Err(_) => Mark::Plain,
                Ok(_) if here == Some(key) => Mark::Current(query.clone()),
                Ok(_) => Mark::Found(query.clone()),
            };
            entries.with(|all| {
                all.iter()
                    .map(|entry| (entry.clone(), mark(entry.key())))
                    .collect::<Vec<_>>()
            })
        })
    };
    view! {
        <div class="log-chunk">
            <For each=marked key=|(entry, mark)| (entry.key(), mark.clone()) let((entry, mark))>
                {entry_view(&entry, &mark)}
            </For>
        </div>
    }
}

fn entry_view(entry: &Entry, mark: &Mark) -> AnyView {
    match entry {
        Entry::Line { key, line } => line_view(*key, line, mark).into_any(),
        Entry::Gap { lines, .. } => {
            let text = match lines {
                1 => "1 line left out".to_owned(),
                n => format!("{n} lines left out"),
            };
            view! { <div class="log-gap">{text} ": they were written faster than they could be shown"</div> }.into_any()
        }
    }
}

fn line_view(key: u64, line: &Line, mark: &Mark) -> impl IntoView + use<> {
    let class = match (line.line.stream, matches!(mark, Mark::Current(_))) {
        (LogStream::Stdout, false) => "log-line log-out",
        (LogStream::Stdout, true) => "log-line log-out log-current",
        (LogStream::Stderr, false) => "log-line log-err",
        (LogStream::Stderr, true) => "log-line log-err log-current",
    };
    let at = line.line.at_nanos.map(|nanos| UnixMillis(nanos.div_euclid(1_000_000)));
    let clock = at.map(|at| {
        let text = iso(at);
        format!("{}.{:03}", text[..19].replace('T', " "), at.0.rem_euclid(1000))
    });
    let cut = (line.line.cut_bytes > 0)
        .then(|| view! { <span class="log-cut">{format!(" … {} more were cut off", bytes(line.line.cut_bytes as f64))}</span> });
    view! {
        <div class=class data-line=key data-at=clock title=at.map(utc_text)>{text_view(line, mark)}{cut}</div>
    }
}

/// The text in its colours, with what the search found marked.
fn text_view(line: &Line, mark: &Mark) -> AnyView {
    let query = match mark {
        Mark::Plain if line.line.text == line.text() => return line.text().to_owned().into_any(),
        Mark::Plain => "",
        Mark::Found(query) | Mark::Current(query) => query,
    };
    let spans = ansi::spans(&line.line.text);
    let texts: Vec<&str> = spans.iter().map(|span| span.text.as_str()).collect();
    let ranges = if query.is_empty() {
        Vec::new()
    } else {
        search::matches(line.text(), query)
    };
    let cut = search::split(&texts, &ranges);
    let views = spans.iter().zip(cut).map(|(span, parts)| {
        let parts = parts
            .into_iter()
            .map(|(text, found)| {
                let text = text.to_owned();
                if found {
                    view! { <mark>{text}</mark> }.into_any()
                } else {
                    text.into_any()
                }
            })
            .collect_view();
        let class = span.style.class();
        if class.is_empty() {
            parts.into_any()
        } else {
            view! { <span class=class>{parts}</span> }.into_any()
        }
    });
    views.collect_view().into_any()
}
