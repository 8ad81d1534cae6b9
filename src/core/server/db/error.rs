//! What a database error means to a caller.

use crate::error::{AppError, ErrorKind};
use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// SQLite's result code for a full disk.
const SQLITE_FULL: &str = "13";

/// A broken unique rule is a `Conflict`, a full disk or an exhausted pool `Unavailable`, the rest a fault of ours.
#[track_caller]
pub fn db_error(e: DbErr) -> AppError {
    if let Some(SqlErr::UniqueConstraintViolation(rule)) = e.sql_err() {
        tracing::debug!(rule, "unique rule refused a write");
        return AppError::conflict("Something with this name exists already. Choose another name.");
    }
    if matches!(e, DbErr::ConnectionAcquire(_)) {
        tracing::error!(error.cause = %e, "no database connection in time");
        return AppError::unavailable("The database is busy. Try again in a moment.");
    }
    if code(&e).as_deref() == Some(SQLITE_FULL) {
        tracing::error!(error.cause = %e, "the disk is full");
        return AppError::new(
            ErrorKind::Unavailable,
            "The disk of the data directory is full; nothing was changed. Make room and try again.",
        );
    }
    AppError::internal(e)
}

fn code(e: &DbErr) -> Option<String> {
    match e {
        DbErr::Exec(RuntimeErr::SqlxError(e)) | DbErr::Query(RuntimeErr::SqlxError(e)) => e
            .as_database_error()
            .and_then(|e| e.code())
            .map(|code| code.into_owned()),
        _ => None,
    }
}

impl From<DbErr> for AppError {
    #[track_caller]
    fn from(e: DbErr) -> Self {
        db_error(e)
    }
}
