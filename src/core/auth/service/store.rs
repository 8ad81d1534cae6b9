//! Users and sessions in the database.

use super::{
    Client,
    rights::{Granted, Rule},
};
use crate::{
    core::{
        auth::model::{CustomRole, Grant, GrantId, Invitation, InvitationId, Role, RoleId, SessionId, UserId, UserRow},
        id::UnixMillis,
        server::db::query,
    },
    error::{AppError, AppResult},
};
use sea_orm::{ConnectionTrait, QueryResult};
use std::collections::{HashMap, HashSet};

#[derive(Clone)]
pub(super) struct User {
    pub id: UserId,
    pub name: String,
    pub password_phc: String,
    pub role: Role,
}

/// A session with what is needed of its user.
#[derive(Clone)]
pub(super) struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    pub user_name: String,
    pub role: Role,
    pub refresh_sha256: String,
    pub previous_sha256: Option<String>,
    pub rotated_at: UnixMillis,
    pub last_used_at: UnixMillis,
    pub idle_expires_at: UnixMillis,
    pub absolute_expires_at: UnixMillis,
}

/// A session as its owner sees it.
pub(super) struct SessionSeen {
    pub id: SessionId,
    pub created_at: UnixMillis,
    pub last_used_at: UnixMillis,
    pub user_agent: String,
    pub address: String,
}

impl Session {
    pub fn alive(&self, now: UnixMillis) -> bool {
        now < self.idle_expires_at && now < self.absolute_expires_at
    }
}

pub(super) async fn any_user(db: &impl ConnectionTrait) -> AppResult<bool> {
    Ok(query::one(db, "SELECT 1 FROM users LIMIT 1", []).await?.is_some())
}

pub(super) async fn insert_user(db: &impl ConnectionTrait, user: &User) -> AppResult<()> {
    let sql = "INSERT INTO users (id, name, password_phc, role, created_at) VALUES (?, ?, ?, ?, ?)";
    let values = [
        user.id.to_string().into(),
        user.name.clone().into(),
        user.password_phc.clone().into(),
        user.role.as_str().into(),
        UnixMillis::now().0.into(),
    ];
    query::run(db, sql, values).await.map(|_| ())
}

pub(super) async fn user_by_name(db: &impl ConnectionTrait, name: &str) -> AppResult<Option<User>> {
    let sql = "SELECT id, name, password_phc, role FROM users WHERE name = ? AND disabled_at IS NULL";
    query::one(db, sql, [name.into()])
        .await?
        .map(|row| user(&row))
        .transpose()
}

pub(super) async fn user_by_id(db: &impl ConnectionTrait, id: UserId) -> AppResult<Option<User>> {
    let sql = "SELECT id, name, password_phc, role FROM users WHERE id = ? AND disabled_at IS NULL";
    query::one(db, sql, [id.to_string().into()])
        .await?
        .map(|row| user(&row))
        .transpose()
}

/// Puts `phc` in place of the password that `user` was read with; `false` when it is another one by now.
pub(super) async fn replace_password(db: &impl ConnectionTrait, user: &User, phc: &str) -> AppResult<bool> {
    let sql = "UPDATE users SET password_phc = ? WHERE id = ? AND password_phc = ?";
    let values = [phc.into(), user.id.to_string().into(), user.password_phc.clone().into()];
    Ok(query::run(db, sql, values).await? == 1)
}

/// Whether the account may act and has the password that `user` was read with.
pub(super) async fn is_still(db: &impl ConnectionTrait, user: &User) -> AppResult<bool> {
    let now = user_by_id(db, user.id).await?;
    Ok(now.is_some_and(|now| now.password_phc == user.password_phc))
}

/// All accounts by name, disabled ones too.
pub(super) async fn users(db: &impl ConnectionTrait) -> AppResult<Vec<UserRow>> {
    let sql = "SELECT u.id, u.name, u.role, u.disabled_at, MAX(s.last_used_at) AS last_used_at FROM users u \
               LEFT JOIN sessions s ON s.user_id = u.id GROUP BY u.id, u.name, u.role, u.disabled_at ORDER BY LOWER(u.name)";
    let rows = query::all(db, sql, []).await?;
    let read = |row: &QueryResult| -> AppResult<UserRow> {
        Ok(UserRow {
            id: query::id(row, "id")?,
            name: row.try_get("", "name")?,
            role: role(row)?,
            disabled: row.try_get::<Option<i64>>("", "disabled_at")?.is_some(),
            last_used_at: row.try_get::<Option<i64>>("", "last_used_at")?.map(UnixMillis),
        })
    };
    rows.iter().map(read).collect()
}

/// The roles of the accounts that may act, and what is granted to them now.
pub(super) async fn all_roles(
    db: &impl ConnectionTrait,
    now: UnixMillis,
) -> AppResult<(HashMap<UserId, Role>, Vec<(UserId, Granted)>)> {
    let users = query::all(db, "SELECT id, role FROM users WHERE disabled_at IS NULL", []).await?;
    let users: AppResult<HashMap<UserId, Role>> = users
        .iter()
        .map(|row| Ok((query::id(row, "id")?, role(row)?)))
        .collect();
    let sql = "SELECT g.user_id, r.name, r.rules, g.expires_at FROM grants g JOIN roles r ON r.id = g.role_id \
               WHERE g.expires_at IS NULL OR g.expires_at > ? ORDER BY r.name, g.id";
    let rows = query::all(db, sql, [now.0.into()]).await?;
    let read = |row: &QueryResult| -> AppResult<(UserId, Granted)> {
        let rules: String = row.try_get("", "rules")?;
        let granted = Granted {
            role: row.try_get("", "name")?,
            rules: rules.lines().map(Rule::read).collect(),
            until: row.try_get::<Option<i64>>("", "expires_at")?.map(UnixMillis),
        };
        Ok((query::id(row, "user_id")?, granted))
    };
    let granted: AppResult<Vec<_>> = rows.iter().map(read).collect();
    Ok((users?, granted?))
}

/// The custom roles by name.
pub(super) async fn custom_roles(db: &impl ConnectionTrait) -> AppResult<Vec<CustomRole>> {
    let rows = query::all(db, "SELECT id, name, rules FROM roles ORDER BY LOWER(name)", []).await?;
    let read = |row: &QueryResult| -> AppResult<CustomRole> {
        Ok(CustomRole {
            id: query::id(row, "id")?,
            name: row.try_get("", "name")?,
            rules: row.try_get("", "rules")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Adds a role, or changes the rows of the one with its id.
pub(super) async fn put_role(db: &impl ConnectionTrait, role: &CustomRole, now: UnixMillis) -> AppResult<()> {
    let sql = "INSERT INTO roles (id, name, rules, created_at) VALUES (?, ?, ?, ?) \
               ON CONFLICT (id) DO UPDATE SET rules = excluded.rules";
    let values = [
        role.id.to_string().into(),
        role.name.clone().into(),
        role.rules.clone().into(),
        now.0.into(),
    ];
    query::run(db, sql, values).await.map(|_| ())
}

pub(super) async fn delete_role(db: &impl ConnectionTrait, id: RoleId) -> AppResult<()> {
    query::run(db, "DELETE FROM grants WHERE role_id = ?", [id.to_string().into()]).await?;
    query::run(db, "DELETE FROM roles WHERE id = ?", [id.to_string().into()])
        .await
        .map(|_| ())
}

/// The grants that count now, with the account of each.
pub(super) async fn grants(db: &impl ConnectionTrait, now: UnixMillis) -> AppResult<Vec<(UserId, Grant)>> {
    let sql = "SELECT g.id, g.user_id, r.name, g.expires_at FROM grants g JOIN roles r ON r.id = g.role_id \
               WHERE g.expires_at IS NULL OR g.expires_at > ? ORDER BY r.name, g.id";
    let rows = query::all(db, sql, [now.0.into()]).await?;
    let read = |row: &QueryResult| -> AppResult<(UserId, Grant)> {
        let grant = Grant {
            id: query::id(row, "id")?,
            role: row.try_get("", "name")?,
            until: row.try_get::<Option<i64>>("", "expires_at")?.map(UnixMillis),
        };
        Ok((query::id(row, "user_id")?, grant))
    };
    rows.iter().map(read).collect()
}

pub(super) async fn insert_grant(
    db: &impl ConnectionTrait,
    id: GrantId,
    user: UserId,
    role: RoleId,
    until: Option<UnixMillis>,
    now: UnixMillis,
) -> AppResult<()> {
    query::run(db, "DELETE FROM grants WHERE expires_at <= ?", [now.0.into()]).await?;
    let sql = "INSERT INTO grants (id, user_id, role_id, expires_at, created_at) VALUES (?, ?, ?, ?, ?)";
    let values = [
        id.to_string().into(),
        user.to_string().into(),
        role.to_string().into(),
        until.map(|at| at.0).into(),
        now.0.into(),
    ];
    query::run(db, sql, values).await.map(|_| ())
}

pub(super) async fn delete_grant(db: &impl ConnectionTrait, id: GrantId) -> AppResult<()> {
    query::run(db, "DELETE FROM grants WHERE id = ?", [id.to_string().into()])
        .await
        .map(|_| ())
}

/// Whether there is an admin besides `id` who can log in.
pub(super) async fn other_admin(db: &impl ConnectionTrait, id: UserId) -> AppResult<bool> {
    let sql = "SELECT 1 FROM users WHERE role = 'admin' AND disabled_at IS NULL AND id <> ? LIMIT 1";
    Ok(query::one(db, sql, [id.to_string().into()]).await?.is_some())
}

pub(super) async fn set_role(db: &impl ConnectionTrait, id: UserId, role: Role) -> AppResult<()> {
    let sql = "UPDATE users SET role = ? WHERE id = ?";
    query::run(db, sql, [role.as_str().into(), id.to_string().into()])
        .await
        .map(|_| ())
}

pub(super) async fn set_disabled(db: &impl ConnectionTrait, id: UserId, at: Option<UnixMillis>) -> AppResult<()> {
    let sql = "UPDATE users SET disabled_at = ? WHERE id = ?";
    query::run(db, sql, [at.map(|at| at.0).into(), id.to_string().into()])
        .await
        .map(|_| ())
}

pub(super) async fn delete_user(db: &impl ConnectionTrait, id: UserId) -> AppResult<()> {
    query::run(db, "DELETE FROM users WHERE id = ?", [id.to_string().into()])
        .await
        .map(|_| ())
}

pub(super) struct NewInvitation {
    pub id: InvitationId,
    pub name: String,
    pub role: Role,
    pub sha256: String,
    pub expires_at: UnixMillis,
}

/// Adds an invitation, and forgets the ones that are over.
pub(super) async fn insert_invitation(db: &impl ConnectionTrait, i: &NewInvitation, now: UnixMillis) -> AppResult<()> {
    let over = "DELETE FROM invitations WHERE used_at IS NOT NULL OR expires_at <= ?";
    query::run(db, over, [now.0.into()]).await?;
    let sql = "INSERT INTO invitations (id, name, role, sha256, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)";
    let values = [
        i.id.to_string().into(),
        i.name.clone().into(),
        i.role.as_str().into(),
        i.sha256.clone().into(),
        now.0.into(),
        i.expires_at.0.into(),
    ];
    query::run(db, sql, values).await.map(|_| ())
}

/// The invitations that still work.
pub(super) async fn invitations(db: &impl ConnectionTrait, now: UnixMillis) -> AppResult<Vec<Invitation>> {
    let sql = "SELECT id, name, role, expires_at FROM invitations WHERE used_at IS NULL AND expires_at > ? ORDER BY LOWER(name)";
    let rows = query::all(db, sql, [now.0.into()]).await?;
    rows.iter().map(invitation_row).collect()
}

/// The invitation with a code of this hash, if it still works.
pub(super) async fn invitation(
    db: &impl ConnectionTrait,
    hash: &str,
    now: UnixMillis,
) -> AppResult<Option<Invitation>> {
    let sql =
        "SELECT id, name, role, expires_at FROM invitations WHERE sha256 = ? AND used_at IS NULL AND expires_at > ?";
    let row = query::one(db, sql, [hash.into(), now.0.into()]).await?;
    row.map(|row| invitation_row(&row)).transpose()
}

/// Marks an invitation as used; `false` when somebody else did so first.
pub(super) async fn use_invitation(db: &impl ConnectionTrait, id: InvitationId, now: UnixMillis) -> AppResult<bool> {
    let sql = "UPDATE invitations SET used_at = ? WHERE id = ? AND used_at IS NULL AND expires_at > ?";
    Ok(query::run(db, sql, [now.0.into(), id.to_string().into(), now.0.into()]).await? == 1)
}

fn invitation_row(row: &QueryResult) -> AppResult<Invitation> {
    Ok(Invitation {
        id: query::id(row, "id")?,
        name: row.try_get("", "name")?,
        role: role(row)?,
        expires_at: UnixMillis(row.try_get("", "expires_at")?),
    })
}

pub(super) async fn insert_session(
    db: &impl ConnectionTrait,
    s: &Session,
    client: &Client,
    now: UnixMillis,
) -> AppResult<()> {
    let sql = "INSERT INTO sessions (id, user_id, refresh_sha256, rotated_at, created_at, last_used_at, idle_expires_at, \
               absolute_expires_at, user_agent, address, perm_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)";
    let values = [
        s.id.to_string().into(),
        s.user_id.to_string().into(),
        s.refresh_sha256.clone().into(),
        now.0.into(),
        now.0.into(),
        now.0.into(),
        s.idle_expires_at.0.into(),
        s.absolute_expires_at.0.into(),
        client.user_agent.clone().into(),
        client.meta.address.clone().into(),
    ];
    query::run(db, sql, values).await.map(|_| ())
}

const SESSION: &str = "SELECT s.id, s.user_id, u.name, u.role, s.refresh_sha256, s.previous_sha256, s.rotated_at, s.last_used_at, \
    s.idle_expires_at, s.absolute_expires_at FROM sessions s JOIN users u ON u.id = s.user_id \
    WHERE s.revoked_at IS NULL AND u.disabled_at IS NULL AND ";

pub(super) async fn session(db: &impl ConnectionTrait, id: SessionId) -> AppResult<Option<Session>> {
    let row = query::one(db, &format!("{SESSION} s.id = ?"), [id.to_string().into()]).await?;
    row.map(|row| session_row(&row)).transpose()
}

/// The session whose current or previous refresh token has this hash.
pub(super) async fn session_by_refresh(db: &impl ConnectionTrait, hash: &str) -> AppResult<Option<Session>> {
    let sql = format!("{SESSION} (s.refresh_sha256 = ? OR s.previous_sha256 = ?)");
    query::one(db, &sql, [hash.into(), hash.into()])
        .await?
        .map(|row| session_row(&row))
        .transpose()
}

/// Puts the successor in place of `old`; `false` when another request did so first.
pub(super) async fn rotate(
    db: &impl ConnectionTrait,
    id: SessionId,
    old: &str,
    new: &str,
    now: UnixMillis,
    idle: UnixMillis,
) -> AppResult<bool> {
    let sql = "UPDATE sessions SET refresh_sha256 = ?, previous_sha256 = ?, rotated_at = ?, last_used_at = ?, idle_expires_at = ? \
               WHERE id = ? AND refresh_sha256 = ? AND revoked_at IS NULL";
    let values = [
        new.into(),
        old.into(),
        now.0.into(),
        now.0.into(),
        idle.0.into(),
        id.to_string().into(),
        old.into(),
    ];
    Ok(query::run(db, sql, values).await? == 1)
}

/// Remembers a refresh token that was used up, for as long as its session's row stands.
pub(super) async fn remember_used(db: &impl ConnectionTrait, hash: &str, session: SessionId) -> AppResult<()> {
    let sql = "INSERT INTO used_refresh_tokens (sha256, session_id) VALUES (?, ?) ON CONFLICT (sha256) DO NOTHING";
    query::run(db, sql, [hash.into(), session.to_string().into()])
        .await
        .map(|_| ())
}

/// The session that once had a refresh token with this hash.
pub(super) async fn session_by_used(db: &impl ConnectionTrait, hash: &str) -> AppResult<Option<Session>> {
    let sql = format!("{SESSION} s.id = (SELECT session_id FROM used_refresh_tokens WHERE sha256 = ?)");
    let row = query::one(db, &sql, [hash.into()]).await?;
    row.map(|row| session_row(&row)).transpose()
}

/// The sessions of a user that have not ended, newest use first.
pub(super) async fn sessions_of(
    db: &impl ConnectionTrait,
    user: UserId,
    now: UnixMillis,
) -> AppResult<Vec<SessionSeen>> {
    let sql = "SELECT id, created_at, last_used_at, user_agent, address FROM sessions WHERE user_id = ? AND revoked_at IS NULL \
               AND idle_expires_at > ? AND absolute_expires_at > ? ORDER BY last_used_at DESC";
    let rows = query::all(db, sql, [user.to_string().into(), now.0.into(), now.0.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(SessionSeen {
                id: query::id(row, "id")?,
                created_at: UnixMillis(row.try_get("", "created_at")?),
                last_used_at: UnixMillis(row.try_get("", "last_used_at")?),
                user_agent: row.try_get("", "user_agent")?,
                address: row.try_get("", "address")?,
            })
        })
        .collect()
}

/// The ids of all sessions that may still act.
pub(super) async fn living_sessions(db: &impl ConnectionTrait, now: UnixMillis) -> AppResult<HashSet<SessionId>> {
    let sql = "SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.revoked_at IS NULL \
               AND u.disabled_at IS NULL AND s.idle_expires_at > ? AND s.absolute_expires_at > ?";
    let rows = query::all(db, sql, [now.0.into(), now.0.into()]).await?;
    rows.iter().map(|row| query::id(row, "id")).collect()
}

/// Forgets sessions that cannot act any more and ended before `before`.
pub(super) async fn forget_ended(db: &impl ConnectionTrait, before: UnixMillis) -> AppResult<()> {
    let sql = "DELETE FROM sessions WHERE absolute_expires_at < ?";
    query::run(db, sql, [before.0.into()]).await.map(|_| ())
}

pub(super) async fn signing_keys(db: &impl ConnectionTrait) -> AppResult<Vec<(String, String, UnixMillis)>> {
    let sql = "SELECT id, sealed, created_at FROM signing_keys ORDER BY created_at DESC, id DESC";
    let rows = query::all(db, sql, []).await?;
    let read = |row: &QueryResult| -> AppResult<_> {
        Ok((
            row.try_get("", "id")?,
            row.try_get("", "sealed")?,
            UnixMillis(row.try_get("", "created_at")?),
        ))
    };
    rows.iter().map(read).collect()
}

/// Adds a key and forgets the ones made before `before`.
pub(super) async fn add_signing_key(
    db: &impl ConnectionTrait,
    id: &str,
    sealed: &str,
    now: UnixMillis,
    before: UnixMillis,
) -> AppResult<()> {
    query::run(db, "DELETE FROM signing_keys WHERE created_at < ?", [before.0.into()]).await?;
    let sql = "INSERT INTO signing_keys (id, sealed, created_at) VALUES (?, ?, ?)";
    query::run(db, sql, [id.into(), sealed.into(), now.0.into()])
        .await
        .map(|_| ())
}

pub(super) async fn touch(
    db: &impl ConnectionTrait,
    id: SessionId,
    now: UnixMillis,
    idle: UnixMillis,
) -> AppResult<()> {
    let sql = "UPDATE sessions SET last_used_at = ?, idle_expires_at = ? WHERE id = ?";
    query::run(db, sql, [now.0.into(), idle.0.into(), id.to_string().into()])
        .await
        .map(|_| ())
}

pub(super) async fn revoke_session(
    db: &impl ConnectionTrait,
    id: SessionId,
    why: &str,
    now: UnixMillis,
) -> AppResult<()> {
    let sql = "UPDATE sessions SET revoked_at = ?, revoked_reason = ? WHERE id = ? AND revoked_at IS NULL";
    query::run(db, sql, [now.0.into(), why.into(), id.to_string().into()])
        .await
        .map(|_| ())
}

fn user(row: &QueryResult) -> AppResult<User> {
    Ok(User {
        id: query::id(row, "id")?,
        name: row.try_get("", "name")?,
        password_phc: row.try_get("", "password_phc")?,
        role: role(row)?,
    })
}

fn session_row(row: &QueryResult) -> AppResult<Session> {
    let millis = |column: &str| row.try_get("", column).map(UnixMillis);
    Ok(Session {
        id: query::id(row, "id")?,
        user_id: query::id(row, "user_id")?,
        user_name: row.try_get("", "name")?,
        role: role(row)?,
        refresh_sha256: row.try_get("", "refresh_sha256")?,
        previous_sha256: row.try_get("", "previous_sha256")?,
        rotated_at: millis("rotated_at")?,
        last_used_at: millis("last_used_at")?,
        idle_expires_at: millis("idle_expires_at")?,
        absolute_expires_at: millis("absolute_expires_at")?,
    })
}

fn role(row: &QueryResult) -> AppResult<Role> {
    let text: String = row.try_get("", "role")?;
    Role::parse(&text).ok_or_else(|| AppError::internal(format!("unknown role {text:?} in the database")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::server::db::Db;

    #[tokio::test]
    async fn an_account_that_was_read_counts_only_as_long_as_its_password_and_it_stand() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(dir.path(), Vec::new()).await.unwrap();
        let with = |id, phc: &str| User {
            id,
            name: "ada".into(),
            password_phc: phc.into(),
            role: Role::Admin,
        };
        db.write(move |tx| {
            Box::pin(async move {
                let id = UserId::new();
                let (old, new) = (with(id, "old"), with(id, "new"));
                insert_user(tx, &old).await?;
                assert!(is_still(tx, &old).await?);
                assert!(replace_password(tx, &old, "new").await?);
                assert!(!is_still(tx, &old).await?);
                assert!(
                    !replace_password(tx, &old, "old again").await?,
                    "a login that began earlier"
                );
                assert!(is_still(tx, &new).await?);
                set_disabled(tx, id, Some(UnixMillis::now())).await?;
                assert!(!is_still(tx, &new).await?, "disabled");
                set_disabled(tx, id, None).await?;
                delete_user(tx, id).await?;
                assert!(!is_still(tx, &new).await?, "deleted");
                Ok(())
            })
        })
        .await
        .unwrap();
    }
}
