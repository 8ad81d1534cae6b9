//! One transaction with the work of many.

use super::{BATCH, Tx, TxFuture, Writer, db_error};
use crate::error::{AppError, AppResult, ErrorKind, REQUEST_ID};
use futures::FutureExt;
use sea_orm::DbErr;
use std::{panic::AssertUnwindSafe, time::Duration};
use tokio::sync::oneshot;

/// How long one closure may hold up all others.
const CLOSURE_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) type Closure = Box<dyn for<'t> FnOnce(&'t Tx) -> TxFuture<'t, ()> + Send>;

/// A caller's closure and where its answer goes.
pub(super) struct Work {
    pub(super) run: Closure,
    pub(super) done: oneshot::Sender<AppResult<()>>,
    /// Errors made in the closure carry the caller's request id.
    pub(super) request_id: Option<String>,
}

type Answer = (oneshot::Sender<AppResult<()>>, AppResult<()>);

impl Writer {
    /// Runs `first` and what waits behind it in one transaction, commits, then answers all.
    pub(super) async fn batch(&mut self, first: Work) {
        let tx = match self.begin().await {
            Ok(tx) => tx,
            Err(e) => {
                self.suspect = true;
                let _ = first.done.send(Err(e));
                return;
            }
        };
        let (answers, sound) = self.run_all(&tx, first).await;
        let tx = tx.into_inner();
        let end = match sound {
            Ok(()) => tx.commit().await.map_err(db_error),
            Err(e) => {
                let _ = tx.rollback().await;
                Err(e)
            }
        };
        let failure = end.err();
        self.suspect = failure.is_some();
        for (done, result) in answers {
            let _ = done.send(failure.clone().map_or(result, Err));
        }
    }

    /// Every answer, and whether the transaction as a whole still stands.
    async fn run_all(&mut self, tx: &Tx, first: Work) -> (Vec<Answer>, AppResult<()>) {
        let mut answers = Vec::new();
        let mut next = Some(first);
        while let Some(Work { run, done, request_id }) = next {
            let result = guarded(run, tx, request_id).await;
            // The savepoint stays open, also when it was undone: the next one closes it, or the commit.
            let undone = match &result {
                Ok(()) => Ok(()),
                Err(why) => tx.undo().await.map_err(|lost| whole(why, lost)),
            };
            tx.next();
            answers.push((done, result));
            if undone.is_err() {
                return (answers, undone);
            }
            next = if answers.len() < BATCH { self.waiting() } else { None };
        }
        (answers, Ok(()))
    }
}

/// Why the whole transaction is lost. A full disk makes SQLite undo all of it at once: then that is the reason, and
/// not that there is no savepoint to go back to any more.
fn whole(why: &AppError, lost: DbErr) -> AppError {
    if why.kind == ErrorKind::Unavailable {
        tracing::debug!(error.cause = %lost, "the transaction was undone as a whole");
        return why.clone();
    }
    db_error(lost)
}

/// The closure's result; a panic and a closure that does not end are errors like others.
async fn guarded(run: Closure, tx: &Tx, request_id: Option<String>) -> AppResult<()> {
    let work = AssertUnwindSafe(async { run(tx).await }).catch_unwind();
    let scoped = async {
        match request_id {
            Some(id) => REQUEST_ID.scope(id, work).await,
            None => work.await,
        }
    };
    match tokio::time::timeout(CLOSURE_TIMEOUT, scoped).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(AppError::internal("a write closure panicked; its changes were undone")),
        Err(_) => Err(AppError::new(
            ErrorKind::Timeout,
            "The change took too long and was undone.",
        )),
    }
}
