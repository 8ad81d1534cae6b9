//! What went wrong, said on the page.

use super::{arrival::Heading, badge::Tone, icon::Icon};
use crate::error::{AppError, ErrorKind};
use leptos::prelude::*;

/// A note in the page: a title, and in `children` what to know or do.
#[component]
pub fn Note(
    tone: Tone,
    #[prop(into)] title: String,
    /// It stands instead of the page, so its title is the page's heading.
    #[prop(optional)]
    page: bool,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let title = if page {
        view! { <Heading class="note-title" text=Signal::stored(title)/> }.into_any()
    } else {
        view! { <p class="note-title">{title}</p> }.into_any()
    };
    let class = match tone {
        Tone::Ok => "note note-ok",
        Tone::Warn => "note note-warn",
        Tone::Bad => "note note-bad",
        Tone::Info => "note note-info",
        Tone::Idle => "note",
    };
    let icon = match tone {
        Tone::Ok => "ok",
        Tone::Info | Tone::Idle => "info",
        Tone::Warn | Tone::Bad => "warn",
    };
    view! {
        <div class=class>
            <Icon name=icon/>
            <div class="note-body">
                {title}
                {children.map(|c| c())}
            </div>
        </div>
    }
}

/// An error instead of, or above, what was asked for. `retry` is the link that tries again.
#[component]
pub fn ErrorBox(
    error: AppError,
    #[prop(optional, into)] retry: Option<String>,
    /// It stands instead of the page.
    #[prop(optional)]
    page: bool,
) -> impl IntoView {
    let AppError {
        kind,
        message,
        request_id,
        ..
    } = error;
    view! {
        <div role="alert">
            <Note tone=Tone::Bad title=title(kind) page>
                <p>{message}</p>
                {request_id.map(|id| view! { <p class="muted small">"Request " <code>{id}</code></p> })}
                {retry.map(|href| view! { <p><a href=href rel="external">"Try again"</a></p> })}
            </Note>
        </div>
    }
}

/// What a form's last try said. Errors of a field that the form shows itself are left out:
/// name those in `fields`.
#[component]
pub fn FormError(
    #[prop(into)] error: Signal<Option<AppError>>,
    #[prop(optional)] fields: &'static [&'static str],
) -> impl IntoView {
    move || {
        error
            .get()
            .filter(|e| !e.field.as_deref().is_some_and(|f| fields.contains(&f)))
            .map(|error| view! { <ErrorBox error=error/> })
    }
}

fn title(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Invalid => "Check the input",
        ErrorKind::Unauthenticated => "Not logged in",
        ErrorKind::Forbidden => "Not allowed",
        ErrorKind::NotFound => "Not found",
        ErrorKind::Conflict => "Not possible now",
        ErrorKind::Outdated => "This page is out of date",
        ErrorKind::RateLimited => "Too many requests",
        ErrorKind::PluginDisabled => "This part is stopped",
        ErrorKind::Unavailable => "The server cannot do this now",
        ErrorKind::HostUnreachable => "The host is not connected",
        ErrorKind::Upstream => "The host answered with an error",
        ErrorKind::Timeout => "It took too long",
        ErrorKind::Internal => "Something went wrong",
    }
}
