//! Custom roles, and what is granted to whom.

use super::users::Acts;
use crate::{
    core::auth::{
        api::{RevokeGrant, SaveRole},
        model::{CustomRole, Grant, UserId, UserRow},
    },
    ui::{
        Button, Column, Confirm, DialogActions, Field, FormError, PostForm, Table, TextArea, Variant, form::error_of,
        time::utc_text,
    },
};
use leptos::prelude::*;

const ROLES: &[Column] = &[Column::new("Role"), Column::new("Rows"), Column::new("Actions").quiet()];
const GRANTS: &[Column] = &[
    Column::new("User"),
    Column::new("Role"),
    Column::new("Until"),
    Column::new("Actions").quiet(),
];
const ROLE_FIELDS: &[&str] = &["role_name", "rules"];
const GRANT_FIELDS: &[&str] = &["hours"];

/// The roles made here, and the form that makes one.
#[component]
pub(super) fn Roles(roles: Vec<CustomRole>, acts: Acts) -> impl IntoView {
    let rows = roles
        .into_iter()
        .map(|role| view! { <RoleLine role acts /> })
        .collect_view();
    view! { <Table caption="Custom roles" columns=ROLES>{rows}</Table> }
}

#[component]
fn RoleLine(role: CustomRole, acts: Acts) -> impl IntoView {
    let CustomRole { id, name, rules } = role;
    let dialog = format!("delete-role-{id}");
    let lines = rules
        .lines()
        .map(|line| view! { <span class="mono">{line.to_owned()}</span><br /> })
        .collect_view();
    view! {
        <tr>
            <th scope="row">{name.clone()}</th>
            <td>{lines}</td>
            <td class="actions">
                <Confirm id=dialog.clone() button=format!("Delete role {name}") class="btn btn-danger btn-small" title=format!("Delete the role {name}?")>
                    <p>"Whoever has it loses what it gives at once."</p>
                    <PostForm action=acts.delete_role>
                        <input type="hidden" name="id" value=id.to_string() />
                        <DialogActions dialog=dialog.clone()>
                            <Button icon="trash" variant=Variant::DangerFill>"Delete it"</Button>
                        </DialogActions>
                    </PostForm>
                </Confirm>
            </td>
        </tr>
    }
}

#[component]
pub(super) fn RoleForm(save: ServerAction<SaveRole>) -> impl IntoView {
    let error = error_of(save);
    view! {
        <PostForm action=save class="form form-narrow" label="Make a role">
            <FormError error fields=ROLE_FIELDS />
            <Field label="Name of the role" name="role_name" error required=true hint="A role of this name gets the rows below instead of its own." />
            <TextArea
                label="Rows"
                name="rules"
                error
                placeholder="machines.view env=prod"
                hint="One row a line: an action, or a family like docker.containers.*, and the tags that a host must carry. Without tags: everywhere. The page of rights names all actions."
            />
            <div class="form-actions"><Button>"Save the role"</Button></div>
        </PostForm>
    }
}

/// What was granted, and the form that grants.
#[component]
pub(super) fn Grants(
    grants: Vec<(UserId, Grant)>,
    users: Vec<UserRow>,
    roles: Vec<CustomRole>,
    acts: Acts,
) -> impl IntoView {
    let name = |id: UserId| {
        users
            .iter()
            .find(|user| user.id == id)
            .map(|user| user.name.clone())
            .unwrap_or_default()
    };
    let rows = grants
        .into_iter()
        .map(|(user, grant)| view! { <GrantLine user name=name(user) grant revoke=acts.revoke /> })
        .collect_view();
    let whom = users
        .iter()
        .map(|user| view! { <option value=user.id.to_string()>{user.name.clone()}</option> })
        .collect_view();
    let what = roles
        .iter()
        .map(|role| view! { <option value=role.id.to_string()>{role.name.clone()}</option> })
        .collect_view();
    let error = error_of(acts.grant);
    view! {
        <Table caption="Grants" columns=GRANTS>{rows}</Table>
        <PostForm action=acts.grant class="form form-narrow" label="Grant a role">
            <FormError error fields=GRANT_FIELDS />
            <div class="field">
                <label class="field-label" for="grant-user">"User"</label>
                <select class="input" id="grant-user" name="id">{whom}</select>
            </div>
            <div class="field">
                <label class="field-label" for="grant-role">"Custom role"</label>
                <select class="input" id="grant-role" name="role">{what}</select>
            </div>
            <Field label="Hours" name="hours" error inputmode="numeric" hint="It ends by itself after so many hours; empty: it stays." />
            <div class="form-actions"><Button>"Grant it"</Button></div>
        </PostForm>
    }
}

#[component]
fn GrantLine(user: UserId, name: String, grant: Grant, revoke: ServerAction<RevokeGrant>) -> impl IntoView {
    let label = format!("Revoke {} from {name}", grant.role);
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td>{grant.role}</td>
            <td class="nowrap">{grant.until.map_or_else(|| "for good".to_owned(), utc_text)}</td>
            <td class="actions">
                <PostForm action=revoke>
                    <input type="hidden" name="id" value=user.to_string() />
                    <input type="hidden" name="grant" value=grant.id.to_string() />
                    <Button small=true label>"Revoke"</Button>
                </PostForm>
            </td>
        </tr>
    }
}
