//! Rows of `settings`.

use crate::{
    core::{id::UnixMillis, server::db::query},
    error::AppResult,
};
use sea_orm::ConnectionTrait;

pub(super) async fn get(db: &impl ConnectionTrait, name: &str) -> AppResult<Option<String>> {
    let row = query::one(db, "SELECT value FROM settings WHERE name = ?", [name.into()]).await?;
    Ok(row.map(|row| row.try_get("", "value")).transpose()?)
}

pub(super) async fn all(db: &impl ConnectionTrait) -> AppResult<Vec<(String, String)>> {
    let rows = query::all(db, "SELECT name, value FROM settings ORDER BY name", []).await?;
    rows.iter()
        .map(|row| Ok((row.try_get("", "name")?, row.try_get("", "value")?)))
        .collect()
}

pub(super) async fn set(db: &impl ConnectionTrait, name: &str, value: Option<&str>) -> AppResult<()> {
    let Some(value) = value else {
        return query::run(db, "DELETE FROM settings WHERE name = ?", [name.into()])
            .await
            .map(|_| ());
    };
    let sql = "INSERT INTO settings (name, value, updated_at) VALUES (?, ?, ?) \
               ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";
    query::run(db, sql, [name.into(), value.into(), UnixMillis::now().0.into()])
        .await
        .map(|_| ())
}
