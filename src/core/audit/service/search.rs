//! Rows by filter, and rows for the outside.

use super::{Audit, store};
use crate::{
    core::{
        audit::model::{AuditFilter, AuditPage, Ending},
        id::UnixMillis,
    },
    error::{AppError, AppResult},
};
use serde_json::Value;

const PER_PAGE: u64 = 50;
/// Rows of one object that its page shows.
const HISTORY: u64 = 30;
/// Rows read at a time for an export.
const EXPORT_PAGE: u64 = 1_000;
const DAY_MILLIS: i64 = 86_400_000;
const MAX_TEXT: usize = 200;

/// A filter whose values can be used.
pub(super) struct Search {
    pub actor: String,
    pub action: String,
    pub object: String,
    pub ending: Ending,
    pub from: UnixMillis,
    pub until: UnixMillis,
    pub before: i64,
}

impl Audit {
    /// One page of the rows that the filter lets through, newest first. `Invalid` for a day that is none.
    pub async fn search(&self, filter: &AuditFilter) -> AppResult<AuditPage> {
        let search = Search::checked(filter)?;
        let mut rows = store::search(self.db.read(), &search, PER_PAGE + 1).await?;
        let more = rows.len() as u64 > PER_PAGE;
        rows.truncate(PER_PAGE as usize);
        let next = rows.last().map(|row| row.seq).filter(|_| more);
        Ok(AuditPage { rows, next })
    }

    /// The newest rows of one object.
    pub async fn history(&self, kind: &str, id: &str) -> AppResult<AuditPage> {
        let rows = self.list(Some((kind, id)), HISTORY, None).await?;
        Ok(AuditPage { rows, next: None })
    }

    /// Every row after row `after` as one line of JSON, in order, with its hash in the chain. Control characters in
    /// values are escaped by JSON, so a row is always one line.
    pub async fn export(&self, after: i64, mut line: impl FnMut(&str)) -> AppResult<i64> {
        let mut last = after;
        loop {
            let page = store::chain_page(self.db.read(), last, EXPORT_PAGE).await?;
            if page.is_empty() {
                return Ok(last);
            }
            for stored in page {
                let row = stored
                    .row
                    .ok_or_else(|| super::broken(last + 1, "holds what no server writes"))?;
                last = row.seq;
                let mut value = serde_json::to_value(&row).map_err(AppError::internal)?;
                if let Some(map) = value.as_object_mut() {
                    map.insert("hash".to_owned(), Value::String(stored.hash));
                }
                line(&value.to_string());
            }
        }
    }
}

impl Search {
    fn checked(filter: &AuditFilter) -> AppResult<Self> {
        // SQLite ends a pattern at a NUL: what follows would not count.
        let text = |field: &str, text: &str| match text.contains(char::is_control) {
            true => Err(AppError::invalid(field, "This holds a control character.")),
            false => Ok(text.trim().chars().take(MAX_TEXT).collect::<String>()),
        };
        let ending = Ending::parse(&filter.ending)
            .ok_or_else(|| AppError::invalid("ending", "There is no such outcome. Choose one of the list."))?;
        Ok(Self {
            actor: text("actor", &filter.actor)?,
            action: text("action", &filter.action)?,
            object: text("object", &filter.object)?,
            ending,
            from: day("from", &filter.from)?.unwrap_or(UnixMillis(i64::MIN)),
            until: day("to", &filter.to)?.map_or(UnixMillis(i64::MAX), |day| UnixMillis(day.0 + DAY_MILLIS)),
            before: filter.before.unwrap_or(i64::MAX),
        })
    }
}

/// The first instant of a day like `2026-01-31`.
fn day(field: &str, text: &str) -> AppResult<Option<UnixMillis>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let mut parts = text.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let mut next = |range: std::ops::RangeInclusive<i64>| parts.next().flatten().filter(|n| range.contains(n));
    let (year, month, day) = (next(1970..=9999), next(1..=12), next(1..=31));
    let (Some(year), Some(month), Some(day)) = (year, month, day) else {
        return Err(AppError::invalid(
            field,
            "This is no day. Write for example 2026-01-31.",
        ));
    };
    // Days since 1970-01-01 of a civil date, as in Howard Hinnant's days_from_civil.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Ok(Some(UnixMillis(days * DAY_MILLIS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_its_first_instant_and_nothing_else_is_a_day() {
        for (text, millis) in [
            ("1970-01-01", 0),
            ("2000-03-01", 951_868_800_000),
            ("2024-02-29", 1_709_164_800_000),
            ("2026-11-25", 1_795_564_800_000),
        ] {
            assert_eq!(day("from", text).unwrap(), Some(UnixMillis(millis)), "{text}");
        }
        assert_eq!(day("from", " ").unwrap(), None);
        for bad in [
            "yesterday",
            "2026-13-01",
            "2026-1",
            "2026-01-32",
            "2026-01-01' OR 1=1 --",
            "-1-1-1",
            "99999-01-01",
        ] {
            assert_eq!(day("from", bad).unwrap_err().field.as_deref(), Some("from"), "{bad}");
        }
    }
}
