//! Plain SQL with `?` for values, on any backend: what the `store.rs` files are written in.

use crate::error::{AppError, AppResult};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};

/// Runs a statement; gives the number of rows it touched.
pub async fn run(db: &impl ConnectionTrait, sql: &str, values: impl IntoIterator<Item = Value>) -> AppResult<u64> {
    Ok(db
        .execute_raw(statement(db.get_database_backend(), sql, values))
        .await?
        .rows_affected())
}

/// The first row, if there is one.
pub async fn one(
    db: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> AppResult<Option<QueryResult>> {
    Ok(db
        .query_one_raw(statement(db.get_database_backend(), sql, values))
        .await?)
}

/// All rows.
pub async fn all(
    db: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> AppResult<Vec<QueryResult>> {
    Ok(db
        .query_all_raw(statement(db.get_database_backend(), sql, values))
        .await?)
}

/// An id column; a value that is no id is a fault of ours.
pub fn id<T: std::str::FromStr>(row: &QueryResult, column: &str) -> AppResult<T> {
    let text: String = row.try_get("", column)?;
    text.parse()
        .map_err(|_| AppError::internal(format!("{column}: {text:?} is no id")))
}

fn statement(backend: DbBackend, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    let sql = if backend == DbBackend::Postgres {
        numbered(sql)
    } else {
        sql.to_owned()
    };
    Statement::from_sql_and_values(backend, sql, values)
}

/// PostgreSQL's `$1`, `$2`, ... for each `?`. Our statements hold no `?` in literals.
fn numbered(sql: &str) -> String {
    let mut parts = sql.split('?');
    let first = parts.next().unwrap_or_default().to_owned();
    parts
        .enumerate()
        .fold(first, |out, (i, part)| format!("{out}${}{part}", i + 1))
}
