//! Sessions: opened at login, refreshed by one layer before every request. The row is the authority.

use super::{
    Actor, AuthService, Client, Who, entry, store,
    token::{self, Tokens},
    wrong_login,
};
use crate::{
    core::{
        auth::model::{Role, SessionId},
        id::{ObjectRef, UnixMillis},
    },
    error::AppResult,
};
use serde_json::json;

/// How long a rotated refresh token still answers, with its one successor.
const GRACE_MILLIS: i64 = 10_000;
/// How often a session's last use is written.
const TOUCH_MILLIS: i64 = 60_000;

/// What the browser keeps.
pub struct NewSession {
    pub access: String,
    pub refresh: String,
    /// Seconds until the session ends whatever happens.
    pub max_age_seconds: i64,
}

/// The two cookies as a request brought them.
#[derive(Clone, Debug, Default)]
pub struct Cookies {
    pub access: Option<String>,
    pub refresh: Option<String>,
}

/// Whom the cookies stand for.
pub struct Identified {
    pub actor: Option<Actor>,
    /// Cookies to set on the answer.
    pub renewed: Option<NewSession>,
    /// The cookies are dead: clear them.
    pub stale: bool,
}

impl Identified {
    fn nobody(stale: bool) -> Self {
        Self {
            actor: None,
            renewed: None,
            stale,
        }
    }
}

impl AuthService {
    /// Opens a session for `user` as it was read: refused like a wrong password when it has another one by now, or may
    /// not act any more.
    pub(super) async fn open_session(&self, user: store::User, client: &Client) -> AppResult<NewSession> {
        let now = self.clock.now();
        let refresh = Tokens::first_refresh();
        let session = store::Session {
            id: SessionId::new(),
            user_id: user.id,
            user_name: user.name.clone(),
            role: user.role,
            refresh_sha256: Tokens::at_rest(&refresh),
            previous_sha256: None,
            rotated_at: now,
            last_used_at: now,
            idle_expires_at: self.idle_end(now),
            absolute_expires_at: now.plus_seconds(seconds(self.config.absolute)),
        };
        let access = self.tokens.access(session.id, now)?;
        let actor = self.actor_of(&session, client);
        let (audit, client) = (self.audit.clone(), client.clone());
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    if !store::is_still(tx, &user).await? {
                        return Err(wrong_login());
                    }
                    store::insert_session(tx, &session, &client, now).await?;
                    let object = ObjectRef::new("session", session.id, &session.user_name);
                    audit
                        .change_in(
                            tx,
                            &actor,
                            entry("core.login", object, json!({"user_agent": client.user_agent})),
                        )
                        .await?;
                    Ok(())
                })
            })
            .await?;
        Ok(NewSession {
            access,
            refresh,
            max_age_seconds: seconds(self.config.absolute),
        })
    }

    /// Finds the session behind the cookies, refreshing them where the access token has ended.
    pub async fn identify(&self, cookies: &Cookies, client: &Client) -> AppResult<Identified> {
        let now = self.clock.now();
        if let Some(id) = cookies
            .access
            .as_deref()
            .and_then(|access| self.tokens.session(access, now))
        {
            let Some(session) = self.living(store::session(self.db.read(), id).await?, now).await? else {
                return Ok(Identified::nobody(true));
            };
            self.touch(&session, now).await?;
            return Ok(Identified {
                actor: Some(self.actor_of(&session, client)),
                renewed: None,
                stale: false,
            });
        }
        match cookies.refresh.as_deref() {
            Some(refresh) => self.refresh(refresh, client, now).await,
            None => Ok(Identified::nobody(cookies.access.is_some())),
        }
    }

    async fn refresh(&self, refresh: &str, client: &Client, now: UnixMillis) -> AppResult<Identified> {
        let hash = Tokens::at_rest(refresh);
        let found = store::session_by_refresh(self.db.read(), &hash).await?;
        let Some(session) = self.living(found, now).await? else {
            if let Some(session) = store::session_by_used(self.db.read(), &hash).await? {
                self.revoke_reused(&session, client).await?;
            }
            return Ok(Identified::nobody(true));
        };
        let successor = self.tokens.successor(refresh)?;
        let rotated = session.refresh_sha256 == hash && {
            let (id, new, idle) = (session.id, Tokens::at_rest(&successor), self.idle_end(now));
            let old = hash.clone();
            self.db
                .write(move |tx| {
                    Box::pin(async move {
                        store::remember_used(tx, &old, id).await?;
                        store::rotate(tx, id, &old, &new, now, idle).await
                    })
                })
                .await?
        };
        // Not rotated by us: somebody else did so just now, or this token was used up earlier.
        if !rotated {
            let fresh = store::session(self.db.read(), session.id)
                .await?
                .filter(|s| s.alive(now));
            let in_grace = fresh
                .is_some_and(|s| s.previous_sha256.as_deref() == Some(&hash) && now.0 - s.rotated_at.0 <= GRACE_MILLIS);
            if !in_grace {
                self.revoke_reused(&session, client).await?;
                return Ok(Identified::nobody(true));
            }
        }
        let max_age_seconds = (session.absolute_expires_at.0 - now.0) / 1000;
        let renewed = NewSession {
            access: self.tokens.access(session.id, now)?,
            refresh: successor,
            max_age_seconds,
        };
        Ok(Identified {
            actor: Some(self.actor_of(&session, client)),
            renewed: Some(renewed),
            stale: false,
        })
    }

    /// The session, if its time is not over; otherwise it is marked as ended for good.
    async fn living(&self, session: Option<store::Session>, now: UnixMillis) -> AppResult<Option<store::Session>> {
        match session {
            Some(session) if !session.alive(now) => self.run_out(session.id).await.map(|()| None),
            other => Ok(other),
        }
    }

    /// A used-up refresh token came back: whoever has it may be a thief, so the whole family ends.
    async fn revoke_reused(&self, session: &store::Session, client: &Client) -> AppResult<()> {
        let (id, audit, actor, now) = (
            session.id,
            self.audit.clone(),
            self.actor_of(session, client),
            self.clock.now(),
        );
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    store::revoke_session(tx, id, "refresh token reused", now).await?;
                    let object = ObjectRef::new("session", id, actor.name());
                    audit
                        .change_in(tx, &actor, entry("core.session.reuse_detected", object, json!({})))
                        .await?;
                    Ok(())
                })
            })
            .await?;
        self.hub.end_session(session.id);
        Ok(())
    }

    async fn touch(&self, session: &store::Session, now: UnixMillis) -> AppResult<()> {
        if now.0 - session.last_used_at.0 < TOUCH_MILLIS {
            return Ok(());
        }
        let (id, idle) = (session.id, self.idle_end(now));
        self.db
            .write(move |tx| Box::pin(async move { store::touch(tx, id, now, idle).await }))
            .await
    }

    fn idle_end(&self, now: UnixMillis) -> UnixMillis {
        now.plus_seconds(seconds(self.config.idle).max(token::ACCESS_SECONDS))
    }

    fn actor_of(&self, session: &store::Session, client: &Client) -> Actor {
        let who = Who::User {
            id: session.user_id,
            name: session.user_name.clone(),
            role: session.role,
            session: session.id,
        };
        Actor::new(who, client.meta.clone(), self.services.clone())
    }

    /// When the caller's session ends at the latest.
    pub async fn session_end(&self, session: SessionId) -> AppResult<Option<(Role, UnixMillis)>> {
        Ok(store::session(self.db.read(), session)
            .await?
            .map(|s| (s.role, s.absolute_expires_at)))
    }
}

fn seconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
