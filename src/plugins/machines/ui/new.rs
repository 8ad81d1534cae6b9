//! The form that adds a host.

use crate::{
    core::url::url,
    error::AppError,
    plugins::machines::{
        api::{Add, AddLocal, keys},
        model::KeySummary,
    },
    ui::{Button, Choice, Crumb, Field, FormError, PageHeader, PostForm, TextArea, Variant, form::error_of},
};
use leptos::prelude::*;
use leptos_meta::Title;

/// Fields that show their own errors.
const FIELDS: &[&str] = &["name", "host", "port", "user", "private_key", "passphrase", "key_id"];

#[component]
pub fn NewMachinePage() -> impl IntoView {
    let crumbs = vec![Crumb {
        label: "Machines".to_owned(),
        href: url("/machines"),
    }];
    view! {
        <Title text="Add a host"/>
        <PageHeader title="Add a host" lead="Nothing is installed on it. PollySystem needs an account that can log in with a key and may use Docker." crumbs/>
        <div class="columns">
            <OverSsh/>
            <ThisHost/>
        </div>
    }
    .into_any()
}

#[component]
fn OverSsh() -> impl IntoView {
    let add = ServerAction::<Add>::new();
    let error = error_of(add);
    view! {
        <section class="card" aria-labelledby="ssh-title">
            <h2 id="ssh-title">"A host over SSH"</h2>
            <PostForm action=add label="Add a host over SSH">
                <FormError error fields=FIELDS/>
                <Field label="Name" name="machine[name]" error required=true focus=true placeholder="web-1" autocomplete="off" hint="How it is called on these pages."/>
                <div class="form-row">
                    <Field label="Address" name="machine[host]" error required=true code=true placeholder="10.0.0.5 or web-1.example.org" autocomplete="off"/>
                    <Field label="Port" name="machine[port]" error value="22" inputmode="numeric" autocomplete="off"/>
                </div>
                <Field label="User" name="machine[user]" error required=true code=true placeholder="polly" autocomplete="off" hint="An account in the group docker; it need not be root."/>
                <KeyChoices error/>
                <div class="form-actions">
                    <Button variant=Variant::Primary busy=add.pending()>"Add host"</Button>
                    <p class="muted small">"Next you compare its host keys. Nobody logs in before that."</p>
                </div>
            </PostForm>
        </section>
    }
}

/// Which key logs in. Each choice has its own fields, shown while it is chosen.
#[component]
fn KeyChoices(error: Signal<Option<AppError>>) -> impl IntoView {
    let stored = Resource::new(|| (), |()| keys());
    view! {
        <fieldset class="stack stack-s">
            <legend class="field-label">"SSH key"</legend>
            <div class="choices">
                <Choice name="machine[key_mode]" value="generate" checked=true label="Make a new key" hint="An Ed25519 key for this host only. Its public line is shown next, to put on the host."/>
                <Choice name="machine[key_mode]" value="paste" label="Paste a private key" hint="Kept encrypted; it never leaves the server again.">
                    <TextArea label="Private key" name="machine[private_key]" rows="6" error placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"/>
                    <Field label="Passphrase" name="machine[passphrase]" kind="password" error autocomplete="off" hint="Only if the key has one."/>
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
fn StoredKeys(stored: Vec<KeySummary>, error: Signal<Option<AppError>>) -> impl IntoView {
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

#[component]
fn ThisHost() -> impl IntoView {
    let add = ServerAction::<AddLocal>::new();
    view! {
        <section class="card" aria-labelledby="local-title">
            <h2 id="local-title">"This host"</h2>
            <p class="muted">"The machine that PollySystem runs on, through its own Docker socket. No SSH, no key."</p>
            <FormError error=error_of(add)/>
            <PostForm action=add label="Add this host">
                <Button icon="plus" busy=add.pending()>"Add this host"</Button>
            </PostForm>
        </section>
    }
}
