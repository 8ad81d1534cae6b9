//! Changing a machine, and taking it out.

use super::{
    danger::DeleteMachine,
    fields::{FIELDS, KeyChoices, TagsField, TargetFields},
    links::IdField,
    page::Seen,
};
use crate::{
    plugins::machines::{api::Edit, model::MachineDetail},
    ui::{Button, Field, FormError, PostForm, Variant, form::error_of},
};
use leptos::prelude::*;

#[component]
pub(super) fn SettingsTab(seen: Seen) -> impl IntoView {
    let detail = seen.detail.get_value();
    view! {
        <div class="columns">
            <EditMachine detail=detail.clone()/>
            <DeleteMachine detail/>
        </div>
    }
}

#[component]
fn EditMachine(detail: MachineDetail) -> impl IntoView {
    let edit = ServerAction::<Edit>::new();
    let error = error_of(edit);
    let MachineDetail {
        row,
        notes,
        docker_socket,
        key,
        ..
    } = detail;
    let (id, local) = (row.id, row.user.is_none());
    let (name, tags) = (row.name.clone(), row.tags.join(" "));
    let consequence = if local {
        "Another socket is looked at at once."
    } else {
        "Another address, user, key or socket ends the connection and makes it anew. The accepted host keys stay: what answers at a new address must show one of them."
    };
    view! {
        <section class="card" aria-labelledby="edit-title">
            <h2 id="edit-title">"Change it"</h2>
            <PostForm action=edit label="Change the machine">
                <IdField id/>
                <FormError error fields=FIELDS/>
                <Field label="Name" name="machine[name]" error value=name required=true autocomplete="off"/>
                {(!local).then(|| view! {
                    <TargetFields machine=Some(row) error/>
                    {key.map(|key| view! { <KeyChoices keep=key error/> })}
                })}
                <TagsField value=tags error/>
                <Field
                    label="Docker socket"
                    name="machine[docker_socket]"
                    error
                    value=docker_socket.unwrap_or_default()
                    code=true
                    placeholder="found by itself"
                    autocomplete="off"
                    hint="Path on the host, such as /run/user/1000/docker.sock. Empty: it is found by itself."
                />
                <Field label="Notes" name="machine[notes]" error value=notes autocomplete="off" hint="What others should know about this host."/>
                <div class="form-actions">
                    <Button variant=Variant::Primary busy=edit.pending()>"Save"</Button>
                    <p class="muted small">{consequence}</p>
                </div>
            </PostForm>
        </section>
    }
}
