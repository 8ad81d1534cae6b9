//! Text to take along: a key line, a command, an id.

use super::{browser, icon::Icon};
use leptos::prelude::*;
use std::time::Duration;

/// Copies `text`. `what` completes its name: `Copy command`.
#[component]
pub fn CopyButton(#[prop(into)] text: Signal<String>, what: &'static str) -> impl IntoView {
    let said = RwSignal::new("");
    let copy = move |_| {
        let done = browser::copy_text(&text.get_untracked());
        said.set(if done { "Copied" } else { "Select it and copy by hand" });
        set_timeout(
            move || {
                said.try_set("");
            },
            Duration::from_secs(3),
        );
    };
    let icon = Signal::derive(move || if said.get() == "Copied" { "ok" } else { "copy" });
    view! {
        <button type="button" class="btn btn-ghost btn-small needs-script" on:click=copy>
            <Icon name=icon/>
            <span>"Copy " {what}</span>
            <span class="sr-only" role="status">{move || said.get()}</span>
        </button>
    }
}

/// A line of code with its copy button.
#[component]
pub fn Snippet(#[prop(into)] text: Signal<String>, what: &'static str) -> impl IntoView {
    view! {
        <div class="snippet">
            <code>{move || text.get()}</code>
            <CopyButton text=text what=what/>
        </div>
    }
}
