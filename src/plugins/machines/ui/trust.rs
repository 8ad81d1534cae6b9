//! Host keys and the person who compares them: before the first login, and when they changed.

use super::links::IdField;
use crate::{
    core::url::url,
    plugins::machines::{
        api::Trust,
        model::{LinkState, MachineRow, OfferedHostKey, PinnedHostKey},
    },
    ui::{Button, FormError, Note, PostForm, Snippet, Tone, Variant, form::error_of},
};
use leptos::prelude::*;

/// Prints the fingerprints on the host itself.
const ON_THE_HOST: &str = r#"for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf "$f"; done"#;

/// Nothing, unless a decision is due.
#[component]
pub(super) fn TrustSection(
    row: MachineRow,
    offered: Vec<OfferedHostKey>,
    pinned: Vec<PinnedHostKey>,
    probe_error: Option<String>,
) -> impl IntoView {
    let MachineRow { id, name, state, .. } = row;
    if !state.needs_trust() {
        return ().into_any();
    }
    let trust = ServerAction::<Trust>::new();
    let changed = state == LinkState::HostKeyChanged;
    let fields = offered
        .iter()
        .enumerate()
        .map(
            |(i, key)| view! { <input type="hidden" name=format!("fingerprints[{i}]") value=key.fingerprint.clone()/> },
        )
        .collect_view();
    let none = offered.is_empty();
    let again = url(&format!("/machines/{id}"));
    let (button, variant) = if changed {
        ("Trust the new keys", Variant::DangerFill)
    } else {
        ("Trust these keys", Variant::Primary)
    };
    view! {
        <section class="card" aria-labelledby="trust-title">
            <h2 id="trust-title">{if changed { "Its host keys changed" } else { "Compare the host keys" }}</h2>
            {if changed { view! { <Changed/> }.into_any() } else { view! { <FirstTime name=name.clone()/> }.into_any() }}
            {probe_error.map(|why| view! {
                <Note tone=Tone::Bad title="Its host keys could not be read">
                    <p>{why}</p>
                    <p><a href=again rel="external">"Ask the host again"</a></p>
                </Note>
            })}
            <div class=if changed { "key-pair" } else { "stack" }>
                {changed.then(|| view! { <KeyList title="Accepted before" keys=pinned.into_iter().map(|k| (k.algorithm, k.fingerprint)).collect()/> })}
                {(!none).then(|| view! { <KeyList title="Offered now" keys=offered.into_iter().map(|k| (k.algorithm, k.fingerprint)).collect()/> })}
            </div>
            <p class="muted">"On the host's own console this prints its fingerprints:"</p>
            <Snippet text=ON_THE_HOST.to_owned() what="command"/>
            <FormError error=error_of(trust)/>
            {(!none).then(|| view! {
                <PostForm action=trust label="Trust the host keys">
                    <IdField id/>
                    {fields}
                    {changed.then(|| view! {
                        <label class="check">
                            <input type="checkbox" required=true/>
                            "I know why the keys changed and have compared the new ones."
                        </label>
                    })}
                    <div class="form-actions">
                        <Button icon="shield" variant busy=trust.pending()>{button}</Button>
                        <p class="muted small">{format!("Only with these keys is {name} ever spoken to.")}</p>
                    </div>
                </PostForm>
            })}
        </section>
    }
    .into_any()
}

#[component]
fn FirstTime(name: String) -> impl IntoView {
    view! {
        <p>
            {format!("These are the keys by which {name} proves who it is. Compare them with what the host itself says, and trust them if they are the same. Nobody has logged in yet.")}
        </p>
    }
}

#[component]
fn Changed() -> impl IntoView {
    view! {
        <Note tone=Tone::Bad title="All work on this host has stopped">
            <p>
                "It shows other keys than the accepted ones. Either it was installed anew, or somebody stands between it and this server. Find out which before you trust the new keys."
            </p>
        </Note>
    }
}

/// Fingerprints by algorithm.
#[component]
pub(super) fn KeyList(title: &'static str, keys: Vec<(String, String)>) -> impl IntoView {
    let items = keys
        .into_iter()
        .map(|(algorithm, fingerprint)| {
            view! {
                <li class="key">
                    <span class="key-kind">{algorithm}</span>
                    <code class="key-print">{fingerprint}</code>
                </li>
            }
        })
        .collect_view();
    view! {
        <div class="stack stack-s">
            <h3>{title}</h3>
            <ul class="keys" aria-label=title>{items}</ul>
        </div>
    }
}
