//! States: a tone, an icon and a word. Colour never stands alone.

use super::icon::Icon;
use crate::core::live::model::ConnState;
use leptos::prelude::*;

/// What a state means for the person who looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Ok,
    /// Works, but look at it.
    Warn,
    /// Does not work.
    Bad,
    /// Off, and meant to be.
    #[default]
    Idle,
    /// On its way.
    Info,
}

impl Tone {
    /// The tone's part of a class name: `badge-ok`, `note-ok`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Idle => "idle",
            Self::Info => "info",
        }
    }
    /// Five different shapes, so that a badge reads without its colour.
    pub fn icon(self) -> &'static str {
        match self {
            Self::Info => "busy",
            other => other.as_str(),
        }
    }
    fn badge_class(self) -> &'static str {
        match self {
            Self::Ok => "badge badge-ok",
            Self::Warn => "badge badge-warn",
            Self::Bad => "badge badge-bad",
            Self::Idle => "badge badge-idle",
            Self::Info => "badge badge-info",
        }
    }
}

/// `● running`: follows its signals.
#[component]
pub fn StateBadge(#[prop(into)] tone: Signal<Tone>, #[prop(into)] text: Signal<String>) -> impl IntoView {
    let icon = Signal::derive(move || tone.get().icon());
    view! {
        <span class=move || tone.get().badge_class()>
            <Icon name=icon/>
            <span>{move || text.get()}</span>
        </span>
    }
}

/// The state of the line to the server. Read out when it changes.
#[component]
pub fn ConnBadge(#[prop(into)] state: Signal<ConnState>) -> impl IntoView {
    view! {
        <span class="conn needs-script" role="status" data-state=move || conn_words(state.get()).0 title=move || conn_words(state.get()).2>
            <span class="badge-dot" aria-hidden="true"></span>
            <span class="conn-text">{move || conn_words(state.get()).1}</span>
        </span>
    }
}

fn conn_words(state: ConnState) -> (&'static str, &'static str, &'static str) {
    match state {
        ConnState::Connecting => ("connecting", "Connecting", "Opening the live connection"),
        ConnState::Live => ("live", "Live", "Changes show by themselves"),
        ConnState::Reconnecting => (
            "reconnecting",
            "Reconnecting",
            "The line to the server is cut; trying again",
        ),
        ConnState::Offline => ("offline", "Offline", "No line to the server; what you see may be old"),
    }
}
