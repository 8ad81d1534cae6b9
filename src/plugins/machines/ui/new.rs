//! The form that adds a host.

use super::fields::{FIELDS, KeyChoices, TagsField, TargetFields};
use crate::{
    core::url::url,
    plugins::machines::api::{Add, AddLocal},
    ui::{Button, Crumb, Field, FormError, PageHeader, PostForm, Variant, form::error_of},
};
use leptos::prelude::*;
use leptos_meta::Title;

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
                <TargetFields error/>
                <KeyChoices error/>
                <TagsField error/>
                <div class="form-actions">
                    <Button variant=Variant::Primary busy=add.pending()>"Add host"</Button>
                    <p class="muted small">"Next you compare its host keys. Nobody logs in before that."</p>
                </div>
            </PostForm>
        </section>
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
