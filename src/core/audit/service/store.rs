//! Rows of `audit`, and the head in `settings`.

use super::{AuditRow, chain, search::Search};
use crate::{
    core::{
        audit::model::Ending,
        id::{ObjectRef, UnixMillis},
        server::db::query,
    },
    error::AppResult,
};
use sea_orm::{ConnectionTrait, QueryResult, Value};

const HEAD: &str = "core.audit.head";
const COLUMNS: &str = "seq, at, actor_id, actor_name, address, request_id, action, object_kind, object_id, object_label, \
                       phase, outcome, intent_seq, detail, hash";

/// A row as it stands in the table.
pub(super) struct Stored {
    /// `None` when it holds what no server writes.
    pub(super) row: Option<AuditRow>,
    pub(super) detail: String,
    pub(super) hash: String,
}

pub(super) async fn sealed_head(db: &impl ConnectionTrait) -> AppResult<Option<String>> {
    let row = query::one(db, "SELECT value FROM settings WHERE name = ?", [HEAD.into()]).await?;
    Ok(row.map(|row| row.try_get("", "value")).transpose()?)
}

pub(super) async fn keep_head(db: &impl ConnectionTrait, sealed: &str) -> AppResult<()> {
    let sql = "INSERT INTO settings (name, value, updated_at) VALUES (?, ?, ?) \
               ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";
    query::run(db, sql, [HEAD.into(), sealed.into(), UnixMillis::now().0.into()])
        .await
        .map(|_| ())
}

pub(super) async fn any_row(db: &impl ConnectionTrait) -> AppResult<bool> {
    Ok(query::one(db, "SELECT seq FROM audit LIMIT 1", []).await?.is_some())
}

pub(super) async fn insert(db: &impl ConnectionTrait, row: &AuditRow, detail: String, hash: &str) -> AppResult<()> {
    let sql = format!("INSERT INTO audit ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    let values = [
        row.seq.into(),
        row.at.0.into(),
        row.actor_id.clone().into(),
        row.actor_name.clone().into(),
        row.address.clone().into(),
        row.request_id.clone().into(),
        row.action.clone().into(),
        row.object.kind.clone().into(),
        row.object.id.clone().into(),
        row.object.label.clone().into(),
        chain::phase_text(row.phase).into(),
        row.outcome.clone().into(),
        row.intent_seq.into(),
        detail.into(),
        hash.into(),
    ];
    query::run(db, &sql, values).await.map(|_| ())
}

/// Rows after `seq`, in the order of the chain.
pub(super) async fn chain_page(db: &impl ConnectionTrait, seq: i64, limit: u64) -> AppResult<Vec<Stored>> {
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE seq > ? ORDER BY seq LIMIT ?");
    query::all(db, &sql, [seq.into(), limit.into()])
        .await?
        .iter()
        .map(stored)
        .collect()
}

pub(super) async fn list(
    db: &impl ConnectionTrait,
    object: Option<(&str, &str)>,
    limit: u64,
    before: i64,
) -> AppResult<Vec<AuditRow>> {
    let only = if object.is_some() {
        "AND object_kind = ? AND object_id = ?"
    } else {
        ""
    };
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE seq < ? {only} ORDER BY seq DESC LIMIT ?");
    let object = object.into_iter().flat_map(|(kind, id)| [kind.into(), id.into()]);
    let values = std::iter::once(before.into()).chain(object).chain([limit.into()]);
    let rows = query::all(db, &sql, values).await?;
    Ok(rows
        .iter()
        .map(stored)
        .collect::<AppResult<Vec<_>>>()?
        .into_iter()
        .filter_map(|s| s.row)
        .collect())
}

/// Rows that the filter lets through, newest first.
pub(super) async fn search(db: &impl ConnectionTrait, search: &Search, limit: u64) -> AppResult<Vec<AuditRow>> {
    let mut sql = format!("SELECT {COLUMNS} FROM audit WHERE seq < ? AND at >= ? AND at < ?");
    let mut values: Vec<Value> = vec![search.before.into(), search.from.0.into(), search.until.0.into()];
    if !search.actor.is_empty() {
        sql += " AND (LOWER(actor_name) LIKE LOWER(?) ESCAPE '!' OR actor_id = ?)";
        values.extend([containing(&search.actor).into(), search.actor.clone().into()]);
    }
    if !search.action.is_empty() {
        sql += " AND action LIKE ? ESCAPE '!'";
        values.push(format!("{}%", escaped(&search.action)).into());
    }
    if !search.object.is_empty() {
        sql += " AND (LOWER(object_label) LIKE LOWER(?) ESCAPE '!' OR object_id = ? OR object_kind = ?)";
        let whole = || Value::from(search.object.clone());
        values.extend([containing(&search.object).into(), whole(), whole()]);
    }
    sql += match search.ending {
        Ending::Any => "",
        Ending::Done => " AND (phase = 'change' OR (phase = 'outcome' AND outcome = 'ok'))",
        Ending::Failed => " AND phase = 'outcome' AND outcome <> 'ok'",
        Ending::Refused => " AND phase = 'refused'",
        Ending::Announced => " AND phase = 'intent'",
    };
    sql += " ORDER BY seq DESC LIMIT ?";
    values.push(limit.into());
    let rows = query::all(db, &sql, values).await?;
    rows.iter()
        .filter_map(|row| stored(row).map(|s| s.row).transpose())
        .collect()
}

/// A pattern for text anywhere in a value.
fn containing(text: &str) -> String {
    format!("%{}%", escaped(text))
}

/// The text, with what a pattern would read as more than itself escaped by `!`.
fn escaped(text: &str) -> String {
    let special = |c: char| matches!(c, '%' | '_' | '!');
    text.chars()
        .flat_map(|c| special(c).then_some('!').into_iter().chain([c]))
        .collect()
}

pub(super) async fn open_intents(db: &impl ConnectionTrait) -> AppResult<Vec<AuditRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM audit WHERE phase = 'intent' \
         AND NOT EXISTS (SELECT 1 FROM audit o WHERE o.intent_seq = audit.seq) ORDER BY seq"
    );
    let rows = query::all(db, &sql, []).await?;
    Ok(rows
        .iter()
        .map(stored)
        .collect::<AppResult<Vec<_>>>()?
        .into_iter()
        .filter_map(|s| s.row)
        .collect())
}

fn stored(found: &QueryResult) -> AppResult<Stored> {
    let text = |column: &str| found.try_get::<String>("", column);
    let (detail, phase) = (text("detail")?, text("phase")?);
    let object = ObjectRef {
        kind: text("object_kind")?,
        id: text("object_id")?,
        label: text("object_label")?,
        place: None,
    };
    let row = chain::parse_phase(&phase).map(|phase| {
        Ok::<_, sea_orm::DbErr>(AuditRow {
            seq: found.try_get("", "seq")?,
            at: UnixMillis(found.try_get("", "at")?),
            actor_id: text("actor_id")?,
            actor_name: text("actor_name")?,
            address: text("address")?,
            request_id: text("request_id")?,
            action: text("action")?,
            object,
            phase,
            outcome: found.try_get("", "outcome")?,
            intent_seq: found.try_get("", "intent_seq")?,
            detail: serde_json::from_str(&detail).unwrap_or_default(),
        })
    });
    Ok(Stored {
        row: row.transpose()?,
        detail,
        hash: text("hash")?,
    })
}
