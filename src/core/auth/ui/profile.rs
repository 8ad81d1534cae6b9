//! The caller's own account: password, appearance, and where they are logged in.

use crate::{
    core::{
        auth::{
            api::{ChangePassword, EndOtherSessions, EndSession, sessions},
            model::OwnSession,
        },
        settings::api::SetTheme,
        url::url,
    },
    error::AppError,
    ui::{
        Ago, Button, Column, Field, FormError, Note, PageHeader, PostForm, Skeleton, StateBadge, Table, ThemeSwitch,
        Tone, Variant, form::error_of, lazy::lazy_page,
    },
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_meta::Title;

const PASSWORD_FIELDS: &[&str] = &["current_password", "password", "password_again"];
const COLUMNS: &[Column] = &[
    Column::new("Device"),
    Column::new("Last used"),
    Column::new("Logged in").class("only-wide"),
    Column::new("Actions").quiet(),
];

lazy_page!(pages, ProfileRoute = ProfilePage);

#[component]
fn ProfilePage() -> impl IntoView {
    view! {
        <Title text="Profile" />
        <PageHeader title="Profile" lead="Your account: password, sessions and appearance." />
        <Sessions />
        <Password />
        <section class="card" aria-labelledby="theme-title">
            <h2 class="card-title" id="theme-title">"Appearance"</h2>
            <ThemeSwitch action=url(SetTheme::url()) />
        </section>
    }
    .into_any()
}

#[component]
fn Password() -> impl IntoView {
    let change = ServerAction::<ChangePassword>::new();
    let error = error_of(change);
    let done = move || change.value().with(|v| matches!(v, Some(Ok(()))));
    view! {
        <section class="card" aria-labelledby="password-title">
            <h2 class="card-title" id="password-title">"Password"</h2>
            {move || done().then(|| view! { <div role="status"><Note tone=Tone::Ok title="The password was changed"><p>"All your other sessions have ended."</p></Note></div> })}
            <PostForm action=change class="form form-narrow" label="Change password">
                <FormError error fields=PASSWORD_FIELDS />
                <Field label="Present password" name="current_password" kind="password" error required=true autocomplete="current-password" />
                <Field
                    label="New password"
                    name="password"
                    kind="password"
                    error
                    required=true
                    autocomplete="new-password"
                    hint="12 to 128 characters, and none of the common ones; a few unrelated words do well."
                />
                <Field label="New password again" name="password_again" kind="password" error required=true autocomplete="new-password" />
                <div class="form-actions"><Button variant=Variant::Primary>"Change password"</Button></div>
            </PostForm>
        </section>
    }
}

#[component]
fn Sessions() -> impl IntoView {
    let (end, end_others) = (
        ServerAction::<EndSession>::new(),
        ServerAction::<EndOtherSessions>::new(),
    );
    let list = Resource::new(
        move || (end.version().get(), end_others.version().get()),
        |_| sessions(),
    );
    view! {
        <section class="card" aria-labelledby="sessions-title">
            <h2 class="card-title" id="sessions-title">"Sessions"</h2>
            <FormError error=error_of(end) />
            <FormError error=error_of(end_others) />
            <Transition fallback=|| view! { <Skeleton lines=3 /> }>
                {move || Suspend::new(async move {
                    let list = list.await?;
                    let others = list.len() > 1;
                    let rows = list.into_iter().map(|session| view! { <SessionLine session end /> }).collect_view();
                    Ok::<_, AppError>(view! {
                        <Table caption="Your sessions" columns=COLUMNS>{rows}</Table>
                        {others.then(|| view! {
                            <PostForm action=end_others label="End all other sessions">
                                <div class="form-actions"><Button>"End all other sessions"</Button></div>
                            </PostForm>
                        })}
                    })
                })}
            </Transition>
        </section>
    }
}

#[component]
fn SessionLine(session: OwnSession, end: ServerAction<EndSession>) -> impl IntoView {
    let OwnSession {
        id,
        device,
        address,
        created_at,
        last_used_at,
        current,
    } = session;
    let label = format!("End the session of {device} at {address}");
    let action = if current {
        view! { <StateBadge tone=Tone::Ok text="this one".to_owned() /> }.into_any()
    } else {
        view! { <PostForm action=end><input type="hidden" name="id" value=id.to_string() /><Button small=true label>"End"</Button></PostForm> }
            .into_any()
    };
    view! {
        <tr>
            <th scope="row">{device}<span class="cell-sub">{address}</span></th>
            <td><Ago at=last_used_at /></td>
            <td class="only-wide"><Ago at=created_at /></td>
            <td class="actions">{action}</td>
        </tr>
    }
}
