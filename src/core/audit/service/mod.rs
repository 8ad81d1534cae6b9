//! Writing and checking the audit log.
//!
//! Each row's hash is an HMAC over the hash before it and all its fields, and the newest row's number and hash
//! are kept sealed apart. The key is sealed under the master key: who can only write to the database can
//! change rows, but [`Audit::verify`] names the first one that was edited, moved, removed or cut off.

mod chain;
mod line;
mod refusals;
mod search;
mod store;
#[cfg(test)]
mod tests;

pub use line::line;
pub use refusals::Refusals;

use super::model::{AuditRow, Phase};
use crate::{
    core::{
        auth::service::Actor,
        id::{ObjectRef, UnixMillis},
        server::{
            db::{Db, Tx},
            secrets::Secrets,
        },
    },
    error::{AppError, AppResult},
};
use chain::Chain;
use serde_json::Value;
use std::sync::Arc;

/// What a row says besides who, when and from where.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `docker.containers.stop`
    pub action: String,
    pub object: ObjectRef,
    /// Before and after, or parameters. Secrets do not serialise, so they cannot get in here.
    pub detail: Value,
}

/// An action that was announced and whose outcome is still to be written.
#[must_use = "write the outcome"]
#[derive(Debug)]
pub struct Intent {
    seq: i64,
    actor: Actor,
    action: String,
    object: ObjectRef,
}

/// The audit log. Clones share it.
#[derive(Clone)]
pub struct Audit {
    db: Db,
    chain: Arc<Chain>,
}

impl Audit {
    /// Opens the log; begins its chain in a new database. The head is logged, so that the server's log is
    /// a witness against a database that is put back to an earlier state.
    pub async fn open(db: &Db, secrets: &Secrets) -> AppResult<Self> {
        let chain = Arc::new(Chain::new(secrets.named_key(db, "audit-chain").await?));
        if store::sealed_head(db.read()).await?.is_none() {
            let chain = chain.clone();
            db.write(move |tx| Box::pin(async move { chain.begin(tx).await }))
                .await?;
        }
        let this = Self { db: db.clone(), chain };
        match this.chain.head(db.read()).await {
            Ok(head) => tracing::info!(audit.rows = head.seq, audit.hash = head.hash, "audit log opened"),
            Err(why) => tracing::error!(error.cause = %why, "the audit log does not take rows"),
        }
        Ok(this)
    }

    /// Writes the row of a change in the change's own transaction; gives its number.
    pub async fn change_in(&self, tx: &Tx, actor: &Actor, entry: Entry) -> AppResult<i64> {
        self.chain.append(tx, row(actor, entry, Phase::Change)).await
    }

    /// Announces a remote action. If this fails the action must not happen.
    pub async fn intent(&self, actor: &Actor, entry: Entry) -> AppResult<Intent> {
        let (this, actor) = (self.clone(), actor.clone());
        self.db
            .write(move |tx| Box::pin(async move { this.intent_in(tx, &actor, entry).await }))
            .await
    }

    /// [`Audit::intent`] in a transaction that also records something else.
    pub async fn intent_in(&self, tx: &Tx, actor: &Actor, entry: Entry) -> AppResult<Intent> {
        let (action, object) = (entry.action.clone(), entry.object.clone());
        let seq = self.chain.append(tx, row(actor, entry, Phase::Intent)).await?;
        Ok(Intent {
            seq,
            actor: actor.clone(),
            action,
            object,
        })
    }

    /// How the announced action ended.
    pub async fn outcome(&self, intent: Intent, result: &AppResult<()>) -> AppResult<i64> {
        let (this, result) = (self.clone(), result.clone());
        self.db
            .write(move |tx| Box::pin(async move { this.outcome_in(tx, intent, &result).await }))
            .await
    }

    /// [`Audit::outcome`] in a transaction that also records something else.
    pub async fn outcome_in(&self, tx: &Tx, intent: Intent, result: &AppResult<()>) -> AppResult<i64> {
        let Intent {
            seq,
            actor,
            action,
            object,
        } = intent;
        let row = row(
            &actor,
            Entry {
                action,
                object,
                detail: Value::Null,
            },
            Phase::Outcome,
        );
        let outcome = result.as_ref().map_or_else(|e| e.message.clone(), |()| "ok".to_owned());
        self.chain
            .append(
                tx,
                AuditRow {
                    outcome: Some(outcome),
                    intent_seq: Some(seq),
                    ..row
                },
            )
            .await
    }

    /// A try that was refused, and why.
    pub async fn refused(&self, actor: &Actor, entry: Entry, why: &str) -> AppResult<i64> {
        let row = AuditRow {
            outcome: Some(why.to_owned()),
            ..row(actor, entry, Phase::Refused)
        };
        let chain = self.chain.clone();
        self.db
            .write(move |tx| Box::pin(async move { chain.append(tx, row).await }))
            .await
    }

    /// Gives every intent of an earlier run of the server that has no outcome one that says so; gives their number.
    pub async fn close_open_intents(&self) -> AppResult<usize> {
        let chain = self.chain.clone();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let open = store::open_intents(tx).await?;
                    for intent in &open {
                        let outcome = Some("unknown: the server ended before the action did".to_owned());
                        let row = AuditRow {
                            at: UnixMillis::now(),
                            phase: Phase::Outcome,
                            outcome,
                            intent_seq: Some(intent.seq),
                            ..intent.clone()
                        };
                        chain.append(tx, row).await?;
                    }
                    Ok(open.len())
                })
            })
            .await
    }

    /// The newest rows, newest first: of one object (kind and id) or all; `before` is the last row of the page before.
    pub async fn list(
        &self,
        object: Option<(&str, &str)>,
        limit: u64,
        before: Option<i64>,
    ) -> AppResult<Vec<AuditRow>> {
        store::list(self.db.read(), object, limit, before.unwrap_or(i64::MAX)).await
    }

    /// Checks every row and the head; gives the number of rows, or a `Conflict` that names the first bad row.
    pub async fn verify(&self) -> AppResult<i64> {
        self.chain.verify(self.db.read()).await.map_err(|e| {
            tracing::error!(error.cause = %e, "the audit log is not whole");
            e
        })
    }
}

fn row(actor: &Actor, entry: Entry, phase: Phase) -> AuditRow {
    AuditRow {
        seq: 0,
        at: UnixMillis::now(),
        actor_id: actor.id_text(),
        actor_name: actor.name().to_owned(),
        address: actor.meta().address.clone(),
        request_id: actor.meta().request_id.clone(),
        action: entry.action,
        object: entry.object,
        phase,
        outcome: None,
        intent_seq: None,
        detail: entry.detail,
    }
}

/// A row that does not fit the chain.
fn broken(seq: i64, why: &str) -> AppError {
    AppError::conflict(format!("Audit row {seq} {why}."))
}
