//! The fields of a machine's form, new or changed.

use crate::{
    error::AppError,
    plugins::machines::{
        api::keys,
        model::{KeySummary, MachineKind, MachineRow},
    },
    ui::{Choice, Field, TextArea},
};
use leptos::prelude::*;

/// Fields that show their own errors.
pub(super) const FIELDS: &[&str] = &[
    "name",
    "host",
    "port",
    "user",
    "private_key",
    "passphrase",
    "key_id",
    "tags",
    "docker_socket",
    "notes",
];

type Error = Signal<Option<AppError>>;

/// Where and as whom to log in; `machine` is the one that is changed.
#[component]
pub(super) fn TargetFields(#[prop(optional_no_strip)] machine: Option<MachineRow>, error: Error) -> impl IntoView {
    let (host, port, user) = match machine {
        Some(MachineRow {
            kind: MachineKind::Ssh { host, port },
            user,
            ..
        }) => (host.to_string(), port.to_string(), user.unwrap_or_default()),
        _ => (String::new(), "22".to_owned(), String::new()),
    };
    view! {
        <div class="form-row">
            <Field label="Address" name="machine[host]" error value=host required=true code=true placeholder="10.0.0.5 or web-1.example.org" autocomplete="off"/>
            <Field label="Port" name="machine[port]" error value=port inputmode="numeric" autocomplete="off"/>
        </div>
        <Field label="User" name="machine[user]" error value=user required=true code=true placeholder="polly" autocomplete="off" hint="An account in the group docker; it need not be root."/>
    }
}

#[component]
pub(super) fn TagsField(#[prop(optional)] value: String, error: Error) -> impl IntoView {
    view! {
        <Field
            label="Tags"
            name="machine[tags]"
            error
            value
            placeholder="env=prod web"
            autocomplete="off"
            hint="Words or pairs such as env=prod, separated by spaces or commas."
        />
    }
}

/// Which key logs in. Each choice has its own fields, shown while it is chosen. With `keep` the present one may stay.
#[component]
pub(super) fn KeyChoices(#[prop(optional)] keep: Option<KeySummary>, error: Error) -> impl IntoView {
    let stored = Resource::new(|| (), |()| keys());
    let keeps = keep.is_some();
    view! {
        <fieldset class="stack stack-s">
            <legend class="field-label">"SSH key"</legend>
            <div class="choices">
                {keep.map(|key| view! {
                    <Choice name="machine[key_mode]" value="keep" checked=true label="Keep the present key" hint=format!("{} ({}, {})", key.name, key.algorithm, key.fingerprint)/>
                })}
                <Choice name="machine[key_mode]" value="generate" checked=!keeps label="Make a new key" hint="An Ed25519 key for this host only. Its public line is shown next, to put on the host."/>
                <Choice name="machine[key_mode]" value="paste" label="Paste a private key" hint="Kept encrypted; it never leaves the server again.">
                    <TextArea label="Private key" name="machine[private_key]" rows="6" error placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"/>
                    <Field label="Passphrase" name="machine[passphrase]" kind="password" error autocomplete="off" hint="Only if the key has one. It is used once, to open the key, and not kept."/>
                </Choice>
                <Transition>
                    {move || Suspend::new(async move {
                        let stored = stored.await.unwrap_or_default();
                        (!stored.is_empty()).then(|| view! { <StoredKeys stored error/> })
                    })}
                </Transition>
            </div>
        </fieldset>
    }
}

#[component]
fn StoredKeys(stored: Vec<KeySummary>, error: Error) -> impl IntoView {
    let wrong = move || {
        error
            .get()
            .filter(|e| e.field.as_deref() == Some("key_id"))
            .map(|e| e.message)
    };
    let options = stored
        .into_iter()
        .map(|key| view! { <option value=key.id.to_string()>{format!("{} ({}, {})", key.name, key.algorithm, key.fingerprint)}</option> })
        .collect_view();
    view! {
        <Choice name="machine[key_mode]" value="existing" label="Use a key that is here already" hint="The same key as another host.">
            <div class="field">
                <label class="field-label" for="field-key-id">"Key"</label>
                <select class="input" id="field-key-id" name="machine[key_id]">{options}</select>
                {move || wrong().map(|text| view! { <p class="field-error">{text}</p> })}
            </div>
        </Choice>
    }
}
