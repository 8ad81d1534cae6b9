//! The one writer: group commit with a savepoint per closure.
//!
//! A batch begins as soon as one closure waits; those that queue up meanwhile join it, up to [`BATCH`].
//! Each runs in its own savepoint, so an error, a panic or a timeout undoes only its own changes. One COMMIT
//! makes all of them durable, and only then is anybody answered. When the transaction itself fails (full
//! disk, I/O error) everybody gets that error, and the connection is replaced before the next batch.

mod batch;

use super::{
    Tx, TxFuture, connect,
    error::{DATA_DIR, db_error},
    lock::DirLock,
};
use crate::error::{AppError, AppResult, current_request_id};
use batch::{Closure, Work};
use sea_orm::{ConnectionTrait, DatabaseConnection, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

/// Closures in one transaction, at most.
const BATCH: usize = 64;
/// Closures that may wait.
const QUEUE: usize = 1024;
/// How long a caller waits for a place in the queue.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long `close` waits for readers before it closes without them.
const READERS_TIMEOUT: Duration = Duration::from_secs(2);

enum Message {
    Work(Work),
    Close(oneshot::Sender<()>),
}

/// The callers' end of the queue.
#[derive(Clone)]
pub(super) struct Queue(mpsc::Sender<Message>);

/// Starts the writer. It ends on [`Queue::close`] or when the last queue is dropped, and then gives `lock` back.
pub(super) fn start(
    file: PathBuf,
    write: DatabaseConnection,
    read: DatabaseConnection,
    lock: Option<DirLock>,
) -> Queue {
    let (sender, queue) = mpsc::channel(QUEUE);
    let writer = Writer {
        file,
        write,
        read,
        queue,
        closing: Vec::new(),
        suspect: false,
    };
    let dir = writer.file.parent().map(Path::to_owned).unwrap_or_default();
    tokio::spawn(DATA_DIR.scope(dir, async move {
        writer.run().await;
        drop(lock);
    }));
    Queue(sender)
}

impl Queue {
    /// A queue that takes nothing.
    pub(super) fn closed() -> Self {
        Self(mpsc::channel(1).0)
    }

    pub(super) async fn write<T, F>(&self, work: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t Tx) -> TxFuture<'t, T> + Send + 'static,
    {
        let (value_sender, value) = oneshot::channel();
        let (done, committed) = oneshot::channel();
        let run: Closure = Box::new(move |tx| {
            let running = work(tx);
            Box::pin(async move {
                let _ = value_sender.send(running.await?);
                Ok(())
            })
        });
        self.place().await?.send(Message::Work(Work {
            run,
            done,
            request_id: current_request_id(),
        }));
        committed
            .await
            .map_err(|_| AppError::internal("the database writer ended"))??;
        value
            .await
            .map_err(|_| AppError::internal("a write closure gave no value"))
    }

    async fn place(&self) -> AppResult<mpsc::Permit<'_, Message>> {
        match timeout(QUEUE_TIMEOUT, self.0.reserve()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) => Err(AppError::unavailable(
                "The database takes no more changes (the server is stopping); nothing was changed.",
            )),
            Err(_) => Err(AppError::unavailable(
                "Too many changes are waiting for the disk; nothing was changed. Try again in a moment.",
            )),
        }
    }

    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.0.send(Message::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
    }
}

struct Writer {
    file: PathBuf,
    write: DatabaseConnection,
    read: DatabaseConnection,
    queue: mpsc::Receiver<Message>,
    closing: Vec<oneshot::Sender<()>>,
    /// The connection may be in a state that sqlx does not know of.
    suspect: bool,
}

impl Writer {
    async fn run(mut self) {
        while let Some(message) = self.queue.recv().await {
            if let Some(work) = self.work_in(message) {
                self.batch(work).await;
            }
        }
        self.finish().await;
        for done in self.closing.drain(..) {
            let _ = done.send(());
        }
    }

    /// The work in a message. After a `Close` the queue takes nothing new, and what waits is still done.
    fn work_in(&mut self, message: Message) -> Option<Work> {
        match message {
            Message::Work(work) => Some(work),
            Message::Close(done) => {
                self.queue.close();
                self.closing.push(done);
                None
            }
        }
    }

    /// The next work that waits already.
    fn waiting(&mut self) -> Option<Work> {
        while let Ok(message) = self.queue.try_recv() {
            if let Some(work) = self.work_in(message) {
                return Some(work);
            }
        }
        None
    }

    async fn begin(&mut self) -> AppResult<Tx> {
        if self.suspect {
            let _ = timeout(READERS_TIMEOUT, self.write.close_by_ref()).await;
            self.write = connect::writer(&self.file).await?;
            self.suspect = false;
        }
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        self.write
            .begin_with_options(options)
            .await
            .map(Tx::new)
            .map_err(db_error)
    }

    async fn finish(&self) {
        let readers_gone = timeout(READERS_TIMEOUT, self.read.close_by_ref()).await.is_ok();
        let checkpoint = self.write.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await;
        if let Err(e) = &checkpoint {
            tracing::warn!(error.cause = %e, "the write-ahead log stays: checkpoint failed");
        }
        let _ = timeout(READERS_TIMEOUT, self.write.close_by_ref()).await;
        tracing::info!(readers_gone, checkpointed = checkpoint.is_ok(), "database closed");
    }
}
