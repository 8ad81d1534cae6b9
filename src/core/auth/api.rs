//! Set-up, login and logout, and what every other `api.rs` uses to learn who is asking.

use crate::{
    core::{
        auth::model::{
            Explained, GrantId, InvitationId, Invited, Me, OwnSession, Role, RoleId, SessionId, UserId, UserList,
        },
        call::PageClient,
    },
    error::AppError,
};
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use crate::core::auth::service::{Account, Instance, UsersManage, UsersView};
#[cfg(feature = "ssr")]
pub use context::{actor, app, go_to, service, set_cookie, wants_page};

/// The Leptos context of a call or a page, read here and nowhere else.
#[cfg(feature = "ssr")]
mod context {
    use crate::{
        core::{auth::service::Actor, server::http::AppContext},
        error::{AppError, AppResult},
    };
    use leptos::prelude::use_context;
    use std::sync::Arc;

    /// The server and the request behind this call.
    pub fn app() -> AppResult<AppContext> {
        use_context::<AppContext>().ok_or_else(|| AppError::internal("a server function was called outside a request"))
    }
    /// Who is asking; an error when nobody is logged in.
    pub fn actor() -> AppResult<Actor> {
        app()?.actor.ok_or_else(AppError::unauthenticated)
    }
    /// A plugin's service, or "plugin disabled".
    pub fn service<S: Send + Sync + 'static>() -> AppResult<Arc<S>> {
        app()?.core.services.get::<S>()
    }
    /// Whether a form without a script asks, which wants a page for an answer.
    pub fn wants_page() -> bool {
        let accept = app()
            .ok()
            .and_then(|a| a.request_headers.get("accept")?.to_str().ok().map(str::to_owned));
        accept.is_some_and(|a| a.contains("text/html"))
    }
    /// Adds a `Set-Cookie` to the answer.
    pub fn set_cookie(cookie: &str) {
        if let (Some(options), Ok(value)) = (
            use_context::<leptos_axum::ResponseOptions>(),
            axum::http::HeaderValue::from_str(cookie),
        ) {
            options.append_header(axum::http::header::SET_COOKIE, value);
        }
    }
    /// Sends the browser to a page (with or without JavaScript); `path` is below the base path.
    pub fn go_to(path: &str) {
        leptos_axum::redirect(&crate::core::url::url(path));
    }
}

/// Makes the first admin with the one-time code from the server's log.
#[server(prefix = "/api", endpoint = "auth/setup", client = PageClient)]
pub async fn setup(code: String, name: String, password: String, password_again: String) -> Result<(), AppError> {
    let app = app()?;
    same(&password, &password_again)?;
    let session = app.core.auth.set_up(&code, &name, &password, &app.client).await?;
    set_cookies(&app, Some(&session));
    go_to("/");
    Ok(())
}

/// Logs in and goes to `next`, a path of our own, or to the overview.
#[server(prefix = "/api", endpoint = "auth/login", client = PageClient)]
pub async fn login(name: String, password: String, #[server(default)] next: String) -> Result<(), AppError> {
    let app = app()?;
    let session = app.core.auth.log_in(&name, &password, &app.client).await?;
    set_cookies(&app, Some(&session));
    go_to(if is_local(&next) { &next } else { "/" });
    Ok(())
}

/// Ends this session.
#[server(prefix = "/api", endpoint = "auth/logout", client = PageClient)]
pub async fn logout() -> Result<(), AppError> {
    let app = app()?;
    app.core.auth.log_out(&actor()?).await?;
    set_cookies(&app, None);
    go_to("/login");
    Ok(())
}

/// Who is logged in, if anybody is.
#[server(prefix = "/api", endpoint = "auth/session_state", client = PageClient)]
pub async fn session_state() -> Result<Option<Me>, AppError> {
    use crate::core::auth::service::Who;
    let app = app()?;
    let Some(Who::User { id, name, session, .. }) = app.actor.as_ref().map(|a| a.who().clone()) else {
        return Ok(None);
    };
    let end = app.core.auth.session_end(session).await?;
    Ok(end.map(|(role, session_expires_at)| Me {
        id,
        name,
        role,
        session_expires_at,
    }))
}

/// Gives the caller a new password; all their other sessions end.
#[server(prefix = "/api", endpoint = "auth/change_password", client = PageClient)]
pub async fn change_password(
    current_password: String,
    password: String,
    password_again: String,
) -> Result<(), AppError> {
    same(&password, &password_again)?;
    app()?
        .core
        .auth
        .change_password(&actor()?, &current_password, &password)
        .await
}

/// The caller's sessions, last used first.
#[server(prefix = "/api", endpoint = "auth/sessions", client = PageClient)]
pub async fn sessions() -> Result<Vec<OwnSession>, AppError> {
    app()?.core.auth.own_sessions(&actor()?).await
}

/// Ends one of the caller's sessions.
#[server(prefix = "/api", endpoint = "auth/end_session", client = PageClient)]
pub async fn end_session(id: SessionId) -> Result<(), AppError> {
    app()?.core.auth.end_own_session(&actor()?, id).await
}

/// Ends all of the caller's sessions but this one.
#[server(prefix = "/api", endpoint = "auth/end_other_sessions", client = PageClient)]
pub async fn end_other_sessions() -> Result<(), AppError> {
    app()?.core.auth.end_other_sessions(&actor()?).await
}

/// Makes the account of an invitation and logs in.
#[server(prefix = "/api", endpoint = "auth/accept_invitation", client = PageClient)]
pub async fn accept_invitation(token: String, password: String, password_again: String) -> Result<(), AppError> {
    same(&password, &password_again)?;
    let app = app()?;
    let session = app.core.auth.accept(&token, &password, &app.client).await?;
    set_cookies(&app, Some(&session));
    go_to("/");
    Ok(())
}

/// All accounts and open invitations.
#[server(prefix = "/api", endpoint = "users/list", client = PageClient)]
pub async fn users() -> Result<UserList, AppError> {
    let may = actor()?.authorise::<Instance, UsersView>(()).await?;
    app()?.core.auth.users(may).await
}

/// Invites somebody; the link is in the answer and nowhere else.
#[server(prefix = "/api", endpoint = "users/invite", client = PageClient)]
pub async fn invite(name: String, role: Role) -> Result<Invited, AppError> {
    let may = actor()?.authorise::<Instance, UsersManage>(()).await?;
    app()?.core.auth.invite(may, &name, role).await
}

/// Withdraws an invitation.
#[server(prefix = "/api", endpoint = "users/withdraw", client = PageClient)]
pub async fn withdraw(id: InvitationId) -> Result<(), AppError> {
    let may = actor()?.authorise::<Instance, UsersManage>(()).await?;
    app()?.core.auth.withdraw(may, id).await
}

/// Gives an account another role.
#[server(prefix = "/api", endpoint = "users/set_role", client = PageClient)]
pub async fn set_role(id: UserId, role: Role) -> Result<(), AppError> {
    let may = actor()?.authorise::<Account, UsersManage>(id).await?;
    app()?.core.auth.set_role(may, role).await
}

/// Takes an account out of use.
#[server(prefix = "/api", endpoint = "users/disable", client = PageClient)]
pub async fn disable_user(id: UserId) -> Result<(), AppError> {
    let may = actor()?.authorise::<Account, UsersManage>(id).await?;
    app()?.core.auth.disable_user(may).await
}

/// Lets a disabled account log in again.
#[server(prefix = "/api", endpoint = "users/enable", client = PageClient)]
pub async fn enable_user(id: UserId) -> Result<(), AppError> {
    let may = actor()?.authorise::<Account, UsersManage>(id).await?;
    app()?.core.auth.enable_user(may).await
}

/// Removes an account.
#[server(prefix = "/api", endpoint = "users/delete", client = PageClient)]
pub async fn delete_user(id: UserId) -> Result<(), AppError> {
    let may = actor()?.authorise::<Account, UsersManage>(id).await?;
    app()?.core.auth.delete_user(may).await
}

/// Makes a custom role or gives it other rows: one a line, an action and the tags of what it may be done to.
#[server(prefix = "/api", endpoint = "roles/save", client = PageClient)]
pub async fn save_role(role_name: String, rules: String) -> Result<(), AppError> {
    let may = actor()?.authorise::<Instance, UsersManage>(()).await?;
    let core = app()?.core;
    core.auth.save_role(may, &role_name, &rules, &core.permissions()).await
}

/// Deletes a custom role.
#[server(prefix = "/api", endpoint = "roles/delete", client = PageClient)]
pub async fn delete_role(id: RoleId) -> Result<(), AppError> {
    let may = actor()?.authorise::<Instance, UsersManage>(()).await?;
    app()?.core.auth.delete_role(may, id).await
}

/// Grants a custom role to an account; without `hours` for good.
#[server(prefix = "/api", endpoint = "users/grant", client = PageClient)]
pub async fn grant_role(id: UserId, role: RoleId, #[server(default)] hours: String) -> Result<(), AppError> {
    let may = actor()?.authorise::<Account, UsersManage>(id).await?;
    let hours = match hours.trim() {
        "" => None,
        // What is no number is none that is allowed.
        text => Some(text.parse().unwrap_or(0)),
    };
    app()?.core.auth.grant(may, role, hours).await
}

/// Takes a grant back.
#[server(prefix = "/api", endpoint = "users/revoke", client = PageClient)]
pub async fn revoke_grant(id: UserId, grant: GrantId) -> Result<(), AppError> {
    let may = actor()?.authorise::<Account, UsersManage>(id).await?;
    app()?.core.auth.revoke_grant(may, grant).await
}

/// What an account may do to a place, and why; without a place, to the installation as a whole.
#[server(prefix = "/api", endpoint = "users/explain", client = PageClient)]
pub async fn explain(id: UserId, #[server(default)] place: String) -> Result<Explained, AppError> {
    let may = actor()?.authorise::<Instance, UsersView>(()).await?;
    let core = app()?.core;
    core.auth.explain(&may, id, &place, &core.permissions())
}

#[cfg(feature = "ssr")]
fn same(password: &str, again: &str) -> Result<(), AppError> {
    if password == again {
        return Ok(());
    }
    Err(AppError::invalid(
        "password_again",
        "The two passwords differ. Type the same one twice.",
    ))
}

/// Whether a place to go to after the login is one of ours: a path, and nothing that a browser takes for a host.
#[cfg(feature = "ssr")]
fn is_local(next: &str) -> bool {
    let odd = |c: char| c == '\\' || c.is_control() || c.is_whitespace();
    next.starts_with('/') && !next.starts_with("//") && !next.contains(odd)
}

#[cfg(feature = "ssr")]
fn set_cookies(app: &crate::core::server::http::AppContext, session: Option<&crate::core::auth::service::NewSession>) {
    let Some(options) = use_context::<leptos_axum::ResponseOptions>() else {
        return;
    };
    for value in crate::core::server::http::session_cookies(&app.core.config, &app.request_headers, session) {
        options.append_header(axum::http::header::SET_COOKIE, value);
    }
}
