//! Rows of `login_tries`.

use super::{Count, Scope};
use crate::{
    core::{id::UnixMillis, server::db::query},
    error::AppResult,
};
use sea_orm::ConnectionTrait;

impl Scope {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pair => "pair",
            Self::Network => "network",
            Self::Name => "name",
        }
    }
}

pub(super) async fn get(db: &impl ConnectionTrait, scope: Scope, key: &str) -> AppResult<Option<Count>> {
    let sql = "SELECT failures, first_at, last_at FROM login_tries WHERE scope = ? AND key = ?";
    let Some(row) = query::one(db, sql, [scope.as_str().into(), key.into()]).await? else {
        return Ok(None);
    };
    let failures: i64 = row.try_get("", "failures")?;
    Ok(Some(Count {
        failures: u32::try_from(failures).unwrap_or(u32::MAX),
        first_at: UnixMillis(row.try_get("", "first_at")?),
        last_at: UnixMillis(row.try_get("", "last_at")?),
    }))
}

/// Adds `failures` to a count, which begins now if there is none.
pub(super) async fn add(
    db: &impl ConnectionTrait,
    scope: Scope,
    key: &str,
    failures: i64,
    now: UnixMillis,
) -> AppResult<()> {
    let sql = "INSERT INTO login_tries (scope, key, failures, first_at, last_at) VALUES (?, ?, ?, ?, ?) \
               ON CONFLICT (scope, key) DO UPDATE SET failures = login_tries.failures + excluded.failures, last_at = excluded.last_at";
    let values = [
        scope.as_str().into(),
        key.into(),
        failures.into(),
        now.0.into(),
        now.0.into(),
    ];
    query::run(db, sql, values).await.map(|_| ())
}

/// Takes one failure back, or all of them.
pub(super) async fn take_back(db: &impl ConnectionTrait, scope: Scope, key: &str, all: bool) -> AppResult<()> {
    let sql = if all {
        "DELETE FROM login_tries WHERE scope = ? AND key = ?"
    } else {
        "UPDATE login_tries SET failures = failures - 1 WHERE scope = ? AND key = ? AND failures > 0"
    };
    query::run(db, sql, [scope.as_str().into(), key.into()])
        .await
        .map(|_| ())
}

/// Removes what was last used before `before`, and the oldest beyond `keep` rows.
pub(super) async fn prune(db: &impl ConnectionTrait, before: UnixMillis, keep: u64) -> AppResult<()> {
    let sql = "DELETE FROM login_tries WHERE last_at < ? OR last_at <= \
               (SELECT last_at FROM login_tries ORDER BY last_at DESC LIMIT 1 OFFSET ?)";
    let keep = i64::try_from(keep).unwrap_or(i64::MAX);
    query::run(db, sql, [before.0.into(), keep.into()]).await.map(|_| ())
}

#[cfg(test)]
pub(super) async fn rows(db: &impl ConnectionTrait) -> AppResult<i64> {
    let row = query::one(db, "SELECT COUNT(*) AS n FROM login_tries", []).await?;
    Ok(row.map(|row| row.try_get("", "n")).transpose()?.unwrap_or_default())
}
