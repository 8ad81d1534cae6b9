//! The control database: SQLite, one writer, many readers.
//!
//! Reads go to a pool that cannot write. Every write is a closure given to [`Db::write`]; one task owns
//! the one write connection and commits waiting closures together ([`writer`]), so that 64 callers pay
//! for one `fsync`. sea-orm's types stay in here and in files named `store.rs`.

mod connect;
mod core_migrations;
mod error;
mod lock;
mod migrate;
pub mod query;
#[cfg(test)]
mod tests;
mod tx;
mod writer;

pub use error::db_error;
pub use migrate::sql_migration;
pub use tx::Tx;

use crate::error::{AppError, AppResult};
pub use sea_orm::ConnectionTrait as Connection;
use sea_orm::DatabaseConnection;
use sea_orm_migration::MigrationTrait;
use std::{
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
};
use writer::Queue;

/// What a write closure returns. It may await nothing but the transaction: everybody waits for it.
pub type TxFuture<'t, T> = Pin<Box<dyn Future<Output = AppResult<T>> + Send + 't>>;

/// Name of the database file in the data directory.
pub const FILE_NAME: &str = "pollysystem.db";

/// The control database. Clones share it.
#[derive(Clone)]
pub struct Db {
    read: DatabaseConnection,
    queue: Queue,
}

impl Db {
    /// Locks the data directory (made if missing), opens the database and brings its tables up to date:
    /// the core's migrations first, then `migrations` in their order.
    ///
    /// Refuses a directory that another server uses and a database with migrations unknown to this program.
    pub async fn open(data_dir: &Path, migrations: Vec<Box<dyn MigrationTrait>>) -> AppResult<Db> {
        connect::make_private_dir(data_dir)?;
        let lock = lock::DirLock::take(data_dir)?;
        let file = data_dir.join(FILE_NAME);
        connect::make_private_file(&file)?;
        let write = connect::writer(&file).await?;
        migrate::run(&write, core_migrations::all().into_iter().chain(migrations).collect()).await?;
        let read = connect::readers(&file).await?;
        let queue = writer::start(file, write, read.clone(), Some(lock));
        Ok(Db { read, queue })
    }

    /// Opens the database of a data directory for reading, also beside a running server. Writes are refused.
    pub async fn open_read_only(data_dir: &Path) -> AppResult<Db> {
        let file = existing(data_dir)?;
        Ok(Db {
            read: connect::readers(&file).await?,
            queue: Queue::closed(),
        })
    }

    /// Opens the database of a data directory that has been used by this version, for a command beside a running server
    /// (or without one). SQLite keeps the two writers apart.
    pub async fn open_beside(data_dir: &Path) -> AppResult<Db> {
        let file = existing(data_dir)?;
        let read = connect::readers(&file).await?;
        migrate::expect_applied(&read, &core_migrations::all()).await?;
        let write = connect::writer(&file).await?;
        let queue = writer::start(file, write, read.clone(), None);
        Ok(Db { read, queue })
    }

    /// The readers' pool. It refuses to write.
    pub fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Runs `work` in a transaction and returns when its changes are on the disk.
    ///
    /// An error undoes what this closure did and nothing else. Once queued the work is done even if the
    /// caller goes away. `Unavailable` when the queue stays full or the server is stopping.
    pub async fn write<T, F>(&self, work: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t Tx) -> TxFuture<'t, T> + Send + 'static,
    {
        self.queue.write(work).await
    }

    /// Finishes the queued writes, folds the write-ahead log into the database and lets the directory go.
    pub async fn close(&self) {
        self.queue.close().await;
    }
}

/// The database file of a data directory that a server has used.
fn existing(data_dir: &Path) -> AppResult<PathBuf> {
    let file = data_dir.join(FILE_NAME);
    if file.is_file() {
        return Ok(file);
    }
    Err(AppError::new(
        crate::error::ErrorKind::NotFound,
        format!(
            "There is no database in {}. Give the data directory of a server that has run once.",
            data_dir.display()
        ),
    ))
}
