//! Users, sessions and rights. `authorise` is the only maker of [`Authorized`].

mod account;
mod authorise;
mod device;
mod grants;
mod guess;
mod password;
mod rights;
mod roles;
mod session;
mod setup;
mod store;
mod token;
mod users;
mod weak;

pub use authorise::{Action, Actor, Anywhere, Authorized, Decision, Guarded, Instance, RequestMeta, Who};
pub use password::PasswordHasher;
pub use session::{Cookies, Identified, NewSession};
pub use users::{Account, Accounts};

use crate::{
    action,
    core::{
        audit::service::{Audit, Entry},
        auth::model::{Role, UserId},
        id::ObjectRef,
        live::service::Hub,
        plugin::PluginId,
        server::{clock::Clock, config::SessionConfig, db::Db, secrets::Secrets, services::Services},
    },
    error::{AppError, AppResult, ErrorKind},
};
use guess::{Guesses, Try};
use rights::RightsBook;
use serde_json::json;
use std::sync::Arc;
use weak::check_password;

action!(
    /// See and stop or start plugins, and other settings of the whole installation.
    SettingsManage = "core.settings.manage",
    /// See accounts and invitations.
    UsersView = "core.users.view",
    /// Invite, disable, delete, give roles.
    UsersManage = "core.users.manage",
    /// See the audit log.
    AuditView = "core.audit.view",
    /// See jobs and their output.
    JobsView = "core.jobs.view",
    /// Cancel a job.
    JobsCancel = "core.jobs.cancel",
    /// Run again what failed in a job; each target is asked for apart.
    JobsRerun = "core.jobs.rerun",
);

/// The core's own actions, as rights name them.
pub const PERMISSIONS: &[&str] = &[
    SettingsManage::NAME,
    UsersView::NAME,
    UsersManage::NAME,
    AuditView::NAME,
    JobsView::NAME,
    JobsCancel::NAME,
    JobsRerun::NAME,
];

/// In whose name the core offers its own services.
pub const CORE: PluginId = PluginId("core");

/// Accounts and sessions.
pub struct AuthService {
    db: Db,
    audit: Audit,
    hub: Arc<Hub>,
    services: Arc<Services>,
    passwords: PasswordHasher,
    tokens: token::Tokens,
    secrets: Secrets,
    rights: Arc<RightsBook>,
    setup: setup::SetupCode,
    guesses: Guesses,
    clock: Clock,
    config: SessionConfig,
}

impl AuthService {
    /// Reads the signing keys; with no account yet, makes the set-up code.
    pub async fn open(
        db: Db,
        audit: Audit,
        hub: Arc<Hub>,
        services: Arc<Services>,
        secrets: &Secrets,
        config: SessionConfig,
    ) -> AppResult<Self> {
        let rotation = secrets.named_key(&db, "refresh-rotation").await?;
        let pepper = secrets.named_key(&db, "password-pepper").await?;
        let clock = Clock::default();
        let fresh = !store::any_user(db.read()).await?;
        let rights = Arc::new(RightsBook::open(db.clone(), hub.clone(), clock.clone()).await?);
        services.provide(CORE, rights.clone());
        Ok(Self {
            rights,
            tokens: token::Tokens::open(&db, secrets, rotation, clock.now()).await?,
            secrets: secrets.clone(),
            passwords: PasswordHasher::new(pepper),
            setup: setup::SetupCode::new(fresh),
            guesses: Guesses::new(db.clone(), clock.clone()),
            clock,
            db,
            audit,
            hub,
            services,
            config,
        })
    }

    /// The one-time code while there is no account, for the log.
    pub fn setup_code(&self) -> Option<String> {
        self.setup.code()
    }
    /// Whether the first account still has to be made.
    pub fn needs_setup(&self) -> bool {
        self.setup.open()
    }

    /// Makes the first admin with the one-time code, and logs them in.
    pub async fn set_up(&self, code: &str, name: &str, password: &str, client: &Client) -> AppResult<NewSession> {
        if !self.setup.open() {
            return Err(AppError::conflict(
                "This installation is set up already. Log in instead.",
            ));
        }
        let name = check_name(name)?;
        check_password(password, &name)?;
        let attempt = Try::of_network(&client.meta.address);
        self.guesses.admit(&attempt).await?;
        self.setup.check(code)?;
        self.guesses.right(&attempt).await?;
        let phc = self.passwords.hash(password).await?;
        let user = store::User {
            id: UserId::new(),
            name,
            password_phc: phc,
            role: Role::Admin,
        };
        let (audit, row, actor) = (self.audit.clone(), user.clone(), self.anonymous(client));
        self.rights
            .change(move |tx| {
                Box::pin(async move {
                    if store::any_user(tx).await? {
                        return Err(AppError::conflict(
                            "This installation is set up already. Log in instead.",
                        ));
                    }
                    store::insert_user(tx, &row).await?;
                    let object = ObjectRef::new("user", row.id, row.name);
                    audit
                        .change_in(tx, &actor, entry("core.setup", object, json!({"role": row.role})))
                        .await?;
                    Ok(())
                })
            })
            .await?;
        self.setup.close();
        self.open_session(user, client).await
    }

    /// The time that sessions and pauses go by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Checks name and password; every failure answers alike and takes as long. `RateLimited` after too many
    /// wrong tries ([`guess`]).
    pub async fn log_in(&self, name: &str, password: &str, client: &Client) -> AppResult<NewSession> {
        let attempt = Try::of_name(name, &client.meta.address);
        self.guesses.admit(&attempt).await?;
        let user = store::user_by_name(self.db.read(), name.trim()).await?;
        let object = login_object(user.as_ref());
        let opened = self.try_log_in(user, password, &attempt, client).await;
        if matches!(&opened, Err(why) if why.kind == ErrorKind::Unauthenticated) {
            let refused = entry("core.login", object, json!({}));
            self.audit
                .refused(&self.anonymous(client), refused, "wrong name or password")
                .await?;
        }
        opened
    }

    async fn try_log_in(
        &self,
        user: Option<store::User>,
        password: &str,
        attempt: &Try,
        client: &Client,
    ) -> AppResult<NewSession> {
        let phc = user.as_ref().map(|u| u.password_phc.as_str());
        let verified = self.passwords.verify(password, phc).await?;
        let mut user = user.filter(|_| verified.ok).ok_or_else(wrong_login)?;
        self.guesses.right(attempt).await?;
        if verified.outdated {
            user = self.renew_hash(user, password).await?;
        }
        self.open_session(user, client).await
    }

    /// Keeps the password that was just verified in today's form.
    async fn renew_hash(&self, user: store::User, password: &str) -> AppResult<store::User> {
        let password_phc = self.passwords.hash(password).await?;
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    if !store::replace_password(tx, &user, &password_phc).await? {
                        return Err(wrong_login());
                    }
                    Ok(store::User { password_phc, ..user })
                })
            })
            .await
    }

    /// Ends the caller's session, its tokens and its live socket.
    pub async fn log_out(&self, actor: &Actor) -> AppResult<()> {
        let Who::User { session, .. } = actor.who() else {
            return Ok(());
        };
        let (session, audit, actor, now) = (*session, self.audit.clone(), actor.clone(), self.clock.now());
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    store::revoke_session(tx, session, "logout", now).await?;
                    let object = ObjectRef::new("session", session, actor.name());
                    audit
                        .change_in(tx, &actor, entry("core.logout", object, json!({})))
                        .await?;
                    Ok(())
                })
            })
            .await?;
        self.hub.end_session(session);
        Ok(())
    }

    /// Rebuilds the actor of stored work, if the account may still act.
    pub async fn actor_for(&self, who: Who, meta: RequestMeta) -> AppResult<Actor> {
        Ok(Actor::new(self.as_now(who).await?, meta, self.services.clone()))
    }

    fn anonymous(&self, client: &Client) -> Actor {
        Actor::new(Who::Anonymous, client.meta.clone(), self.services.clone())
    }
}

/// The browser at the other end, as far as a session row remembers it.
#[derive(Clone, Debug, Default)]
pub struct Client {
    pub meta: RequestMeta,
    pub user_agent: String,
}

fn entry(action: &str, object: ObjectRef, detail: serde_json::Value) -> Entry {
    Entry {
        action: action.to_owned(),
        object,
        detail,
    }
}

fn wrong_login() -> AppError {
    AppError::new(ErrorKind::Unauthenticated, "The name or the password is wrong.")
}

/// Whom a login was for. What was typed is not kept: a password gets into the field of the name easily.
fn login_object(user: Option<&store::User>) -> ObjectRef {
    match user {
        Some(user) => ObjectRef::new("user", user.id, user.name.clone()),
        None => ObjectRef::new("user", "", "(unknown name)"),
    }
}

fn check_name(name: &str) -> AppResult<String> {
    let name = name.trim();
    let length = name.chars().count();
    if !(1..=64).contains(&length) || name.chars().any(char::is_control) {
        return Err(AppError::invalid("name", "A name has 1 to 64 characters."));
    }
    Ok(name.to_owned())
}
