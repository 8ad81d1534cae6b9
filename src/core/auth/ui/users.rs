//! Accounts: who there is, who is invited, and what each may do.

use super::roles::{Grants, RoleForm, Roles};
use crate::{
    core::{
        auth::{
            api::{
                DeleteRole, DeleteUser, DisableUser, EnableUser, GrantRole, Invite, RevokeGrant, SaveRole, SetRole,
                Withdraw, users,
            },
            model::{Invitation, Invited, Role, UserRow},
        },
        url::url,
    },
    error::AppError,
    ui::{
        Ago, Button, Column, Confirm, DialogActions, Field, FormError, Note, PageHeader, PostForm, Skeleton, Snippet,
        StateBadge, Table, Tone, Variant, form::error_of, lazy::lazy_page, time::utc_text,
    },
};
use leptos::prelude::*;
use leptos_meta::Title;

const COLUMNS: &[Column] = &[
    Column::new("Name"),
    Column::new("State"),
    Column::new("Role"),
    Column::new("Last used").class("only-wide"),
    Column::new("Actions").quiet(),
];
const INVITED: &[Column] = &[
    Column::new("Name"),
    Column::new("Role"),
    Column::new("Works until"),
    Column::new("Actions").quiet(),
];
const INVITE_FIELDS: &[&str] = &["name"];

/// What a person can do to an account from its row.
#[derive(Clone, Copy)]
pub(super) struct Acts {
    pub(super) delete_role: ServerAction<DeleteRole>,
    pub(super) grant: ServerAction<GrantRole>,
    pub(super) revoke: ServerAction<RevokeGrant>,
    role: ServerAction<SetRole>,
    disable: ServerAction<DisableUser>,
    enable: ServerAction<EnableUser>,
    delete: ServerAction<DeleteUser>,
    withdraw: ServerAction<Withdraw>,
}

lazy_page!(pages, UsersRoute = UsersPage);

#[component]
fn UsersPage() -> impl IntoView {
    let invite = ServerAction::<Invite>::new();
    let save = ServerAction::<SaveRole>::new();
    let acts = Acts {
        delete_role: ServerAction::new(),
        grant: ServerAction::new(),
        revoke: ServerAction::new(),
        role: ServerAction::new(),
        disable: ServerAction::new(),
        enable: ServerAction::new(),
        delete: ServerAction::new(),
        withdraw: ServerAction::new(),
    };
    let version = move || {
        [
            invite.version().get(),
            save.version().get(),
            acts.delete_role.version().get(),
            acts.grant.version().get(),
            acts.revoke.version().get(),
            acts.role.version().get(),
            acts.disable.version().get(),
            acts.enable.version().get(),
            acts.delete.version().get(),
            acts.withdraw.version().get(),
        ]
    };
    let list = Resource::new(version, |_| users());
    view! {
        <Title text="Users" />
        <PageHeader title="Users" lead="Who may log in, and what they may do. A change counts at once." />
        <FormError error=error_of(acts.role) />
        <FormError error=error_of(acts.disable) />
        <FormError error=error_of(acts.enable) />
        <FormError error=error_of(acts.delete) />
        <FormError error=error_of(acts.withdraw) />
        <FormError error=error_of(acts.delete_role) />
        <FormError error=error_of(acts.revoke) />
        <Transition fallback=|| view! { <Skeleton lines=3 /> }>
            {move || Suspend::new(async move {
                let list = list.await?;
                let (users, roles) = (list.users.clone(), list.roles.clone());
                let rows = list.users.into_iter().map(|user| view! { <UserLine user acts /> }).collect_view();
                let open = (!list.invitations.is_empty()).then(|| {
                    let rows = list.invitations.into_iter().map(|invitation| view! { <InvitationLine invitation acts /> }).collect_view();
                    view! { <h2 class="card-title">"Open invitations"</h2><Table caption="Open invitations" columns=INVITED>{rows}</Table> }
                });
                Ok::<_, AppError>(view! {
                    <Table caption="Users" columns=COLUMNS>{rows}</Table>
                    {open}
                    {(!list.roles.is_empty()).then(|| view! {
                        <section class="card" aria-labelledby="custom-title">
                            <h2 class="card-title" id="custom-title">"Custom roles and grants"</h2>
                            <Roles roles=roles.clone() acts />
                            <Grants grants=list.grants users roles acts />
                        </section>
                    })}
                })
            })}
        </Transition>
        <InviteForm invite />
        <section class="card" aria-labelledby="roles-title">
            <h2 class="card-title" id="roles-title">"Roles"</h2>
            <dl class="facts">
                {Role::ALL.map(|role| view! { <dt>{role.words()}</dt><dd>{role.meaning()}</dd> }).into_iter().collect_view()}
            </dl>
            <RoleForm save />
            <p><a href=url("/users/rights")>"What may somebody do, and why?"</a></p>
        </section>
    }
    .into_any()
}

#[component]
fn InviteForm(invite: ServerAction<Invite>) -> impl IntoView {
    let error = error_of(invite);
    let made = move || {
        invite
            .value()
            .with(|v| v.as_ref().and_then(|r| r.as_ref().ok().cloned()))
    };
    view! {
        <section class="card" aria-labelledby="invite-title">
            <h2 class="card-title" id="invite-title">"Invite somebody"</h2>
            {move || made().map(|invited| view! { <Link invited /> })}
            <noscript><p class="muted">"The link is shown once, in this page, which needs script for that."</p></noscript>
            <PostForm action=invite class="form form-narrow needs-script" label="Invite somebody">
                <FormError error fields=INVITE_FIELDS />
                <Field label="Name" name="name" error required=true hint="They choose their password themselves." />
                <div class="field">
                    <label class="field-label" for="invite-role">"Role"</label>
                    <RoleSelect id="invite-role" current=Role::Viewer />
                </div>
                <div class="form-actions"><Button variant=Variant::Primary>"Make an invitation"</Button></div>
            </PostForm>
        </section>
    }
}

/// The link, once.
#[component]
fn Link(invited: Invited) -> impl IntoView {
    let origin = RwSignal::new(String::new());
    Effect::new(move |_| origin.set(window().location().origin().unwrap_or_default()));
    let path = url(&invited.path);
    let text = Signal::derive(move || format!("{}{path}", origin.get()));
    view! {
        <div role="status">
            <Note tone=Tone::Ok title=format!("The invitation for {} is made", invited.name)>
                <p>"Send this link to them over a channel that you trust. It is shown this once and works once, until " {utc_text(invited.expires_at)} "."</p>
                <Snippet text what="link" />
            </Note>
        </div>
    }
}

#[component]
fn RoleSelect(#[prop(into)] id: String, current: Role, #[prop(optional, into)] label: Option<String>) -> impl IntoView {
    let options = Role::ALL
        .map(|role| view! { <option value=role.as_str() selected=role == current>{role.words()}</option> })
        .into_iter()
        .collect_view();
    view! { <select class="input" id=id name="role" aria-label=label>{options}</select> }
}

#[component]
fn UserLine(user: UserRow, acts: Acts) -> impl IntoView {
    let UserRow {
        id,
        name,
        role,
        disabled,
        last_used_at,
    } = user;
    let (tone, text) = if disabled {
        (Tone::Idle, "disabled")
    } else {
        (Tone::Ok, "active")
    };
    let hidden = move || view! { <input type="hidden" name="id" value=id.to_string() /> };
    let switch = if disabled {
        let label = format!("Enable {name}");
        view! { <PostForm action=acts.enable>{hidden()}<Button small=true label>"Enable"</Button></PostForm> }
            .into_any()
    } else {
        let label = format!("Disable {name}");
        view! { <PostForm action=acts.disable>{hidden()}<Button small=true label>"Disable"</Button></PostForm> }
            .into_any()
    };
    let dialog = format!("delete-{id}");
    let (whom, question) = (name.clone(), format!("Delete {name}?"));
    view! {
        <tr>
            <th scope="row">{name.clone()}</th>
            <td><StateBadge tone text=text.to_owned() /></td>
            <td>
                <PostForm action=acts.role class="form-inline" label=format!("Role of {name}")>
                    {hidden()}
                    <RoleSelect id=format!("role-{id}") current=role label=format!("Role of {name}") />
                    <Button small=true label=format!("Give {name} this role")>"Give"</Button>
                </PostForm>
            </td>
            <td class="only-wide">{last_used_at.map(|at| view! { <Ago at /> })}</td>
            <td class="actions">
                <div class="form-inline">
                    {switch}
                    <Confirm id=dialog.clone() button="Delete" class="btn btn-danger btn-small" title=question>
                        <p>{format!("{whom} is logged out at once and cannot log in again. What they did stays in the audit log.")}</p>
                        <PostForm action=acts.delete>
                            {hidden()}
                            <DialogActions dialog=dialog.clone()>
                                <Button icon="trash" variant=Variant::DangerFill>"Delete " {whom.clone()}</Button>
                            </DialogActions>
                        </PostForm>
                    </Confirm>
                </div>
            </td>
        </tr>
    }
}

#[component]
fn InvitationLine(invitation: Invitation, acts: Acts) -> impl IntoView {
    let label = format!("Withdraw the invitation for {}", invitation.name);
    view! {
        <tr>
            <th scope="row">{invitation.name}</th>
            <td>{invitation.role.words()}</td>
            <td class="nowrap">{utc_text(invitation.expires_at)}</td>
            <td class="actions">
                <PostForm action=acts.withdraw>
                    <input type="hidden" name="id" value=invitation.id.to_string() />
                    <Button small=true label>"Withdraw"</Button>
                </PostForm>
            </td>
        </tr>
    }
}
