//! What a database error means to a caller.

use crate::error::{AppError, ErrorKind};
use sea_orm::{DbErr, RuntimeErr, SqlErr};
use std::path::{Path, PathBuf};

/// SQLite's primary result codes for a full disk and for one that fails.
const SQLITE_FULL: u32 = 13;
const SQLITE_IOERR: u32 = 10;
/// With less than this SQLite cannot even write down what it is about to do.
const NO_ROOM_BYTES: u64 = 256 * 1024;

tokio::task_local! {
    /// The data directory that this task writes to: an error names it.
    pub(super) static DATA_DIR: PathBuf;
}

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
    if let Some(code @ (SQLITE_FULL | SQLITE_IOERR)) = code(&e) {
        tracing::error!(error.cause = %e, "the disk of the database takes no writes");
        return DATA_DIR
            .try_with(|dir| disk_error(code, Some(dir)))
            .unwrap_or_else(|_| disk_error(code, None));
    }
    AppError::internal(e)
}

/// SQLite tells a disk without room from a broken one only most of the time, so the disk itself is asked.
fn disk_error(code: u32, dir: Option<&Path>) -> AppError {
    let place = dir.map_or_else(|| "the data directory".to_owned(), |dir| dir.display().to_string());
    let message = if code == SQLITE_FULL || dir.is_some_and(has_no_room) {
        format!(
            "The disk of {place} is full; nothing was changed, and what is there is whole. Make room on the server and try again."
        )
    } else {
        format!(
            "The disk of {place} reports an error; nothing was changed. Look at the server's disk (dmesg, df), then try again."
        )
    };
    AppError::new(ErrorKind::Unavailable, message)
}

fn has_no_room(dir: &Path) -> bool {
    nix::sys::statvfs::statvfs(dir)
        .is_ok_and(|disk| disk.blocks_available().saturating_mul(disk.fragment_size()) < NO_ROOM_BYTES)
}

/// The primary result code.
fn code(e: &DbErr) -> Option<u32> {
    match e {
        DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e))
        | DbErr::Conn(RuntimeErr::SqlxError(e)) => {
            let code: u32 = e.as_database_error()?.code()?.parse().ok()?;
            Some(code & 0xff)
        }
        _ => None,
    }
}

impl From<DbErr> for AppError {
    #[track_caller]
    fn from(e: DbErr) -> Self {
        db_error(e)
    }
}
