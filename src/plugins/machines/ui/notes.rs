//! What a machine's page says above everything else: each in a sentence, with what to do.

use super::tone;
use crate::{
    core::url::url,
    plugins::machines::model::{DockerVia, Duplicate, HostFacts, LinkState, MachineRow, Sharing},
    ui::{Ago, Note, Tone},
};
use leptos::prelude::*;

/// Why it is not online, and when it is tried again.
#[component]
pub(super) fn Reason(row: Signal<MachineRow>) -> impl IntoView {
    let why = Memo::new(move |_| row.with(|r| (r.state, r.reason.clone(), r.next_try_at)));
    move || {
        let (state, reason, next) = why.get();
        let reason = reason.filter(|_| !state.needs_trust())?;
        let tone = if state == LinkState::Unreachable {
            Tone::Bad
        } else {
            tone(state)
        };
        let note = view! {
            <Note tone title=state.label()>
                <p>{reason}</p>
                {next.map(|at| view! { <p class="muted small">"Next try: " <Ago at/></p> })}
            </Note>
        };
        Some(note)
    }
}

/// A clock that differs.
#[component]
pub(super) fn Clock(row: Signal<MachineRow>) -> impl IntoView {
    let warning = Memo::new(move |_| row.with(|r| r.facts.as_ref().and_then(HostFacts::clock_warning)));
    move || {
        let text = warning.get()?;
        Some(view! { <Note tone=Tone::Warn title="Its clock is off"><p>{text}</p></Note> })
    }
}

/// Docker by commands works, and could work better.
#[component]
pub(super) fn OverCommands(row: Signal<MachineRow>) -> impl IntoView {
    let so = Memo::new(move |_| row.with(|r| r.docker.as_ref().is_some_and(|d| d.via == DockerVia::Commands)));
    move || {
        so.get().then(|| {
            view! {
                <Note tone=Tone::Info title="Docker is reached by commands">
                    <p>
                        "Its sshd forwards no sockets, so each call starts "
                        <code>"docker system dial-stdio"</code>
                        " there. It works, a few calls at a time. For the fast way set "
                        <code>"AllowStreamLocalForwarding yes"</code>
                        " in its sshd_config, then reconnect."
                    </p>
                </Note>
            }
        })
    }
}

/// The same host twice.
#[component]
pub(super) fn Duplicates(found: Vec<Duplicate>) -> impl IntoView {
    let notes = found
        .into_iter()
        .map(|other| {
            let why = match other.shares {
                Sharing::Address => " has the same address and port. Both have a connection of their own to it: one of them is enough.",
                Sharing::HostKey => {
                    " shows the same host key at another address. Either it is the same host under two names, or a copied disk: then give the copy new host keys (ssh-keygen -A after removing /etc/ssh/ssh_host_*)."
                }
            };
            let href = url(&format!("/machines/{}", other.id));
            view! {
                <Note tone=Tone::Warn title="This host is here twice">
                    <p><a href=href>{other.name}</a> {why}</p>
                </Note>
            }
        })
        .collect_view();
    view! { {notes} }
}
