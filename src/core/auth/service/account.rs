//! What people do with their own account, and what ends sessions.

use super::{
    Actor, AuthService, Who, device::device, entry, guess::Try, setup::spoken_code, store, weak::check_password,
};
use crate::{
    core::{
        auth::model::{OwnSession, SessionId, UserId},
        id::ObjectRef,
        server::secrets::Secret,
    },
    error::{AppError, AppResult},
};
use serde_json::json;

/// Ended sessions are forgotten after so long; until then a used-up token of theirs is told from an unknown one.
const REMEMBER_SECONDS: i64 = 24 * 3_600;

/// Which sessions of a user end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    One(SessionId),
    AllBut(SessionId),
    All,
}

impl AuthService {
    /// Gives the caller a new password. All their other sessions end, with their sockets.
    pub async fn change_password(&self, actor: &Actor, current: &str, new: &str) -> AppResult<()> {
        let (id, session) = user_of(actor)?;
        let user = store::user_by_id(self.db.read(), id)
            .await?
            .ok_or_else(AppError::unauthenticated)?;
        let attempt = Try::of_name(&user.name, &actor.meta().address);
        self.guesses.admit(&attempt).await?;
        if !self.passwords.verify(current, Some(&user.password_phc)).await?.ok {
            let refused = entry("core.password.change", object(&user), json!({}));
            self.audit.refused(actor, refused, "wrong password").await?;
            return Err(AppError::invalid(
                "current_password",
                "This is not your present password.",
            ));
        }
        self.guesses.right(&attempt).await?;
        check_password(new, &user.name)?;
        if current == new {
            return Err(AppError::invalid(
                "password",
                "The new password is the present one. Take another.",
            ));
        }
        self.put_password(actor, user, new, Which::AllBut(session), "core.password.change")
            .await
    }

    /// Gives the account `name` a password that nobody chose, and ends all its sessions: for the host's shell.
    pub async fn reset_password(&self, name: &str) -> AppResult<Secret<String>> {
        let user = store::user_by_name(self.db.read(), name.trim()).await?.ok_or_else(|| {
            AppError::new(
                crate::error::ErrorKind::NotFound,
                format!("There is no account named {name:?}, or it is disabled."),
            )
        })?;
        let password = Secret::new(spoken_code(5));
        let actor = Actor::system("a command on the server's machine", self.services.clone());
        self.put_password(&actor, user, password.expose(), Which::All, "core.password.reset")
            .await?;
        Ok(password)
    }

    async fn put_password(
        &self,
        actor: &Actor,
        user: store::User,
        new: &str,
        which: Which,
        action: &'static str,
    ) -> AppResult<()> {
        let phc = self.passwords.hash(new).await?;
        let (audit, actor, now) = (self.audit.clone(), actor.clone(), self.clock.now());
        let ended = self
            .db
            .write(move |tx| {
                Box::pin(async move {
                    if !store::replace_password(tx, &user, &phc).await? {
                        return Err(AppError::conflict(
                            "The password was changed by somebody else meanwhile. Try again.",
                        ));
                    }
                    let ended = which.of(store::sessions_of(tx, user.id, now).await?);
                    for session in &ended {
                        store::revoke_session(tx, *session, "password changed", now).await?;
                    }
                    let detail = json!({"ended_sessions": ended.len()});
                    audit
                        .change_in(tx, &actor, entry(action, object(&user), detail))
                        .await?;
                    Ok(ended)
                })
            })
            .await?;
        ended.into_iter().for_each(|session| self.hub.end_session(session));
        Ok(())
    }

    /// The caller's sessions, last used first.
    pub async fn own_sessions(&self, actor: &Actor) -> AppResult<Vec<OwnSession>> {
        let (id, current) = user_of(actor)?;
        let sessions = store::sessions_of(self.db.read(), id, self.clock.now()).await?;
        Ok(sessions
            .into_iter()
            .map(|s| OwnSession {
                id: s.id,
                device: device(&s.user_agent),
                address: s.address,
                created_at: s.created_at,
                last_used_at: s.last_used_at,
                current: s.id == current,
            })
            .collect())
    }

    /// Ends one of the caller's sessions. Somebody else's is "not found", like one that does not exist.
    pub async fn end_own_session(&self, actor: &Actor, session: SessionId) -> AppResult<()> {
        match self.end_sessions(actor, Which::One(session)).await? {
            0 => Err(AppError::not_found("session")),
            _ => Ok(()),
        }
    }

    /// Ends all of the caller's sessions but the one that asks.
    pub async fn end_other_sessions(&self, actor: &Actor) -> AppResult<()> {
        let (_, current) = user_of(actor)?;
        self.end_sessions(actor, Which::AllBut(current)).await.map(|_| ())
    }

    async fn end_sessions(&self, actor: &Actor, which: Which) -> AppResult<usize> {
        let (id, _) = user_of(actor)?;
        let (audit, actor, now) = (self.audit.clone(), actor.clone(), self.clock.now());
        let ended = self
            .db
            .write(move |tx| {
                Box::pin(async move {
                    let ended = which.of(store::sessions_of(tx, id, now).await?);
                    for session in &ended {
                        store::revoke_session(tx, *session, "ended by its user", now).await?;
                        let object = ObjectRef::new("session", session, actor.name());
                        audit
                            .change_in(tx, &actor, entry("core.session.end", object, json!({})))
                            .await?;
                    }
                    Ok(ended)
                })
            })
            .await?;
        ended.iter().for_each(|session| self.hub.end_session(*session));
        Ok(ended.len())
    }

    /// What has to happen by itself, each second: sockets of sessions that ended (by time, or by a command beside the
    /// server) end too, what was granted until now ends, and a signing key that has grown old gets a successor.
    pub async fn tick(&self) -> AppResult<()> {
        let now = self.clock.now();
        let open = self.hub.sessions();
        if !open.is_empty() {
            let living = store::living_sessions(self.db.read(), now).await?;
            open.difference(&living)
                .for_each(|session| self.hub.end_session(*session));
        }
        self.rights.reload().await?;
        if self.tokens.is_due(now) {
            self.rotate_signing_key().await?;
        }
        Ok(())
    }

    /// Signs with a new key from now on. The old ones verify until the last token they signed has ended.
    pub async fn rotate_signing_key(&self) -> AppResult<()> {
        self.tokens.rotate(&self.db, &self.secrets, self.clock.now()).await?;
        let before = self.clock.now().plus_seconds(-REMEMBER_SECONDS);
        self.db
            .write(move |tx| Box::pin(async move { store::forget_ended(tx, before).await }))
            .await
    }

    /// A session that ran out stays ended, whatever becomes of the clock.
    pub(super) async fn run_out(&self, session: SessionId) -> AppResult<()> {
        let now = self.clock.now();
        self.db
            .write(move |tx| Box::pin(async move { store::revoke_session(tx, session, "ran out", now).await }))
            .await?;
        self.hub.end_session(session);
        Ok(())
    }
}

impl Which {
    fn of(self, sessions: Vec<store::SessionSeen>) -> Vec<SessionId> {
        let ids = sessions.into_iter().map(|s| s.id);
        ids.filter(|id| match self {
            Self::One(one) => *id == one,
            Self::AllBut(kept) => *id != kept,
            Self::All => true,
        })
        .collect()
    }
}

fn user_of(actor: &Actor) -> AppResult<(UserId, SessionId)> {
    match actor.who() {
        Who::User { id, session, .. } => Ok((*id, *session)),
        _ => Err(AppError::unauthenticated()),
    }
}

fn object(user: &store::User) -> ObjectRef {
    ObjectRef::new("user", user.id, user.name.clone())
}
