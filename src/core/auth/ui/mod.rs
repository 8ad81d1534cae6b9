//! The set-up and login pages (plain forms, because both must work before a script has loaded), and the profile.

mod invite;
mod profile;
mod rights;
mod roles;
mod users;

pub use invite::InviteRoute;
pub use profile::ProfileRoute;
pub use rights::RightsRoute;
pub use users::UsersRoute;

use crate::{
    core::auth::api::{Login, Setup},
    ui::{AuthFrame, Button, Field, FormError, PostForm, Variant, form::error_of, lazy::lazy_page},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

const SETUP_FIELDS: &[&str] = &["code", "name", "password", "password_again"];

lazy_page!(pages, SetupRoute = SetupPage);
lazy_page!(pages, LoginRoute = LoginPage);

#[component]
fn SetupPage() -> impl IntoView {
    let setup = ServerAction::<Setup>::new();
    let error = error_of(setup);
    view! {
        <Title text="Set up" />
        <AuthFrame
            title="Set up PollySystem"
            lead="Make the first admin. The server's log shows a one-time code, which proves that the server is yours."
        >
            <PostForm action=setup native=true label="Set up">
                <FormError error fields=SETUP_FIELDS />
                <Field label="Set-up code" name="code" error required=true code=true focus=true placeholder="XXXX-XXXX-XXXX" autocomplete="one-time-code" />
                <Field label="Name" name="name" error required=true autocomplete="username" />
                <Field
                    label="Password"
                    name="password"
                    kind="password"
                    error
                    required=true
                    minlength="12"
                    autocomplete="new-password"
                    hint="12 to 128 characters; a few unrelated words do well."
                />
                <Field label="Password again" name="password_again" kind="password" error required=true minlength="12" autocomplete="new-password" />
                <Button variant=Variant::Primary>"Create admin"</Button>
            </PostForm>
        </AuthFrame>
    }
    .into_any()
}

#[component]
fn LoginPage() -> impl IntoView {
    let login = ServerAction::<Login>::new();
    let error = error_of(login);
    let next = use_query_map().with_untracked(|q| q.get("next").unwrap_or_default());
    view! {
        <Title text="Log in" />
        <AuthFrame title="Log in" lead="The hosts and containers of this installation.">
            <PostForm action=login native=true label="Log in">
                <FormError error />
                <input type="hidden" name="next" value=next />
                <Field label="Name" name="name" error required=true focus=true autocomplete="username" />
                <Field label="Password" name="password" kind="password" error required=true autocomplete="current-password" />
                <Button variant=Variant::Primary>"Log in"</Button>
            </PostForm>
        </AuthFrame>
    }
    .into_any()
}
