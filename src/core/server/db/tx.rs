//! What a write closure works in: the shared transaction, with the closure's savepoint before its first statement.
//!
//! A batch spends its time on round trips to SQLite's thread, so the savepoint has none of its own: its text
//! stands before the first statement and travels with it. The names take turns. Going back to a savepoint
//! that was never made is then an error of the whole transaction, and cannot undo the closure before.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// SQLite counts the rows of a text with several statements together, and a savepoint counts those of the
/// last change once more. After this there is nothing to count.
const COUNT_NOTHING: &str = "DELETE FROM seaql_migrations WHERE 0";

/// The transaction that a write closure works in.
pub struct Tx {
    inner: DatabaseTransaction,
    mark: Mutex<Mark>,
}

#[derive(Clone, Copy)]
struct Mark {
    /// Opens the savepoint of the running closure.
    open: &'static str,
    /// The closure has run no statement yet.
    pending: bool,
    undo: &'static str,
}

const FIRST: Mark = Mark {
    open: "SAVEPOINT a",
    pending: true,
    undo: "ROLLBACK TO a",
};
const TO_A: Mark = Mark {
    open: "RELEASE b; SAVEPOINT a",
    pending: true,
    undo: "ROLLBACK TO a",
};
const TO_B: Mark = Mark {
    open: "RELEASE a; SAVEPOINT b",
    pending: true,
    undo: "ROLLBACK TO b",
};

impl Tx {
    pub(super) fn new(inner: DatabaseTransaction) -> Self {
        Self {
            inner,
            mark: Mutex::new(FIRST),
        }
    }

    pub(super) fn into_inner(self) -> DatabaseTransaction {
        self.inner
    }

    fn mark(&self) -> MutexGuard<'_, Mark> {
        self.mark.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The closure is over; what comes next belongs to another one.
    pub(super) fn next(&self) {
        let mut mark = self.mark();
        // A closure without a statement opened nothing.
        if !mark.pending {
            *mark = if mark.undo == TO_A.undo { TO_B } else { TO_A };
        }
    }

    /// Takes back what the closure did. An error means that the whole transaction is lost.
    pub(super) async fn undo(&self) -> Result<(), DbErr> {
        let Mark { pending, undo, .. } = *self.mark();
        if pending {
            Ok(())
        } else {
            self.inner.execute_unprepared(undo).await.map(|_| ())
        }
    }

    /// The text that opens the savepoint, once.
    fn opening(&self) -> Option<&'static str> {
        let mut mark = self.mark();
        std::mem::take(&mut mark.pending).then_some(mark.open)
    }

    fn opened(&self, mut statement: Statement) -> Statement {
        if let Some(open) = self.opening() {
            statement.sql = format!("{open}; {}", statement.sql);
        }
        statement
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }
    async fn execute_raw(&self, mut statement: Statement) -> Result<ExecResult, DbErr> {
        if let Some(open) = self.opening() {
            statement.sql = format!("{COUNT_NOTHING}; {open}; {}", statement.sql);
        }
        self.inner.execute_raw(statement).await
    }
    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self.opening() {
            Some(open) => {
                self.inner
                    .execute_unprepared(&format!("{COUNT_NOTHING}; {open}; {sql}"))
                    .await
            }
            None => self.inner.execute_unprepared(sql).await,
        }
    }
    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.inner.query_one_raw(self.opened(statement)).await
    }
    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.inner.query_all_raw(self.opened(statement)).await
    }
}
