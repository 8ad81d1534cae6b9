//! Files and connections.

use crate::error::{AppError, AppResult};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection,
    sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{
    fs::{DirBuilder, OpenOptions, Permissions, set_permissions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
    time::Duration,
};

const READERS: u32 = 4;
/// Statements that the writer keeps prepared; one that may come first in a closure has three forms.
const WRITER_STATEMENTS: usize = 400;
/// How long a statement waits for a lock of another process (a backup, a shell).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Makes the directory (0700) if it is missing; an existing one keeps its mode.
pub(super) fn make_private_dir(dir: &Path) -> AppResult<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|e| cannot("directory", dir, &e))
}

/// Makes the file if it is missing, and takes every right but the owner's. SQLite gives its `-wal` and
/// `-shm` files the mode of the database.
pub(super) fn make_private_file(file: &Path) -> AppResult<()> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(file)
        .and_then(|_| set_permissions(file, Permissions::from_mode(0o600)))
        .map_err(|e| cannot("database", file, &e))
}

/// The one connection that writes.
pub(super) async fn writer(file: &Path) -> AppResult<DatabaseConnection> {
    let mode = |o: SqliteConnectOptions| {
        o.journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .statement_cache_capacity(WRITER_STATEMENTS)
    };
    connect(file, 1, mode).await
}

/// The pool that reads. The file must be in WAL mode already.
pub(super) async fn readers(file: &Path) -> AppResult<DatabaseConnection> {
    connect(file, READERS, |o| o.pragma("query_only", "ON")).await
}

async fn connect(
    file: &Path,
    connections: u32,
    mode: fn(SqliteConnectOptions) -> SqliteConnectOptions,
) -> AppResult<DatabaseConnection> {
    let path = file.to_owned();
    let mut options = ConnectOptions::new("sqlite://pollysystem.db");
    options
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |o| mode(o.filename(&path).foreign_keys(true).busy_timeout(BUSY_TIMEOUT)));
    Database::connect(options).await.map_err(|e| {
        AppError::unavailable(format!(
            "The database {} cannot be opened: {e}. Is it a PollySystem database, and is it yours?",
            file.display()
        ))
    })
}

fn cannot(what: &str, path: &Path, e: &io::Error) -> AppError {
    AppError::unavailable(format!("The {what} {} cannot be made or opened: {e}.", path.display()))
}
