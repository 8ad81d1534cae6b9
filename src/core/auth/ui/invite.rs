//! Where an invitation's link leads: a plain form, which works before a script has loaded.

use crate::{
    core::auth::api::AcceptInvitation,
    ui::{AuthFrame, Button, Field, FormError, PostForm, Variant, form::error_of, lazy::lazy_page},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

const FIELDS: &[&str] = &["password", "password_again"];

lazy_page!(pages, InviteRoute = InvitePage);

#[component]
fn InvitePage() -> impl IntoView {
    let accept = ServerAction::<AcceptInvitation>::new();
    let error = error_of(accept);
    let code = use_query_map().with_untracked(|q| q.get("code").unwrap_or_default());
    view! {
        <Title text="Invitation" />
        <AuthFrame title="You are invited" lead="Choose the password of your account. You are logged in then.">
            <PostForm action=accept native=true label="Accept the invitation">
                <FormError error fields=FIELDS />
                <input type="hidden" name="token" value=code />
                <Field
                    label="Password"
                    name="password"
                    kind="password"
                    error
                    required=true
                    focus=true
                    autocomplete="new-password"
                    hint="12 to 128 characters, and none of the common ones; a few unrelated words do well."
                />
                <Field label="Password again" name="password_again" kind="password" error required=true autocomplete="new-password" />
                <Button variant=Variant::Primary>"Make my account"</Button>
            </PostForm>
        </AuthFrame>
    }
    .into_any()
}
