//! The chain of hashes and its sealed head.

use super::{AuditRow, Phase, broken, store};
use crate::{
    core::server::{
        db::{Connection, Tx},
        secrets::Secret,
    },
    error::{AppError, AppResult},
};
use hmac::{Hmac, Mac};

use sha2::Sha256;

/// Rows checked at a time.
const PAGE: u64 = 1_000;

/// Makes and checks hashes.
pub(super) struct Chain {
    key: Secret<[u8; 32]>,
}

/// The newest row's number and hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) seq: i64,
    pub(super) hash: String,
}

impl Chain {
    pub(super) fn new(key: Secret<[u8; 32]>) -> Self {
        Self { key }
    }

    /// The head before the first row. Refused when there are rows: then somebody removed the head.
    pub(super) async fn begin(&self, tx: &Tx) -> AppResult<()> {
        if store::any_row(tx).await? {
            return Err(no_head());
        }
        let head = Head {
            seq: 0,
            hash: self.mac(&[Some("begin")])?,
        };
        store::keep_head(tx, &self.sealed(&head)?).await
    }

    /// The head, if it is one that this server sealed.
    pub(super) async fn head(&self, db: &impl Connection) -> AppResult<Head> {
        let text = store::sealed_head(db).await?.ok_or_else(no_head)?;
        let mut parts = text.split(' ');
        let (seq, hash) = (parts.next().and_then(|s| s.parse().ok()), parts.next());
        let head = seq
            .zip(hash)
            .map(|(seq, hash)| Head {
                seq,
                hash: hash.to_owned(),
            })
            .ok_or_else(no_head)?;
        if self.sealed(&head)? == text {
            Ok(head)
        } else {
            Err(no_head())
        }
    }

    /// Writes `row` as the next one. The writer is alone, so nobody else takes the same place.
    pub(super) async fn append(&self, tx: &Tx, mut row: AuditRow) -> AppResult<i64> {
        let head = self.head(tx).await?;
        row.seq = head.seq + 1;
        let detail = row.detail.to_string();
        let hash = self.hash(&head.hash, &row, &detail)?;
        store::insert(tx, &row, detail, &hash).await?;
        store::keep_head(tx, &self.sealed(&Head { seq: row.seq, hash })?).await?;
        Ok(row.seq)
    }

    /// Walks the chain. Rows that are added meanwhile are checked too.
    pub(super) async fn verify(&self, db: &impl Connection) -> AppResult<i64> {
        let head = self.head(db).await?;
        let mut last = Head {
            seq: 0,
            hash: self.mac(&[Some("begin")])?,
        };
        loop {
            let page = store::chain_page(db, last.seq, PAGE).await?;
            if page.is_empty() {
                break;
            }
            for stored in page {
                last = self.next(&last, &stored)?;
                if last.seq == head.seq && last.hash != head.hash {
                    return Err(broken(last.seq, "is not the one that the head names"));
                }
            }
        }
        if last.seq < head.seq {
            return Err(broken(
                last.seq + 1,
                &format!("is missing: the log was cut off, it had {} rows", head.seq),
            ));
        }
        Ok(last.seq)
    }

    fn next(&self, last: &Head, stored: &store::Stored) -> AppResult<Head> {
        let seq = last.seq + 1;
        match &stored.row {
            Some(row) if row.seq != seq => Err(broken(seq, "is missing")),
            Some(row) if self.hash(&last.hash, row, &stored.detail)? == stored.hash => Ok(Head {
                seq,
                hash: stored.hash.clone(),
            }),
            _ => Err(broken(seq, "was changed, or stands in another's place")),
        }
    }

    fn hash(&self, before: &str, row: &AuditRow, detail: &str) -> AppResult<String> {
        let [seq, at] = [row.seq, row.at.0].map(|n| n.to_string());
        let intent = row.intent_seq.map(|n| n.to_string());
        let fields = [
            &seq,
            &at,
            &row.actor_id,
            &row.actor_name,
            &row.address,
            &row.request_id,
            &row.action,
        ]
        .map(|f| Some(f.as_str()));
        let object = [&row.object.kind, &row.object.id, &row.object.label].map(|f| Some(f.as_str()));
        let end = [
            Some(phase_text(row.phase)),
            row.outcome.as_deref(),
            intent.as_deref(),
            Some(detail),
        ];
        self.mac(&[[Some("row"), Some(before)].as_slice(), &fields, &object, &end].concat())
    }

    fn sealed(&self, head: &Head) -> AppResult<String> {
        let seq = head.seq.to_string();
        Ok(format!(
            "{seq} {} {}",
            head.hash,
            self.mac(&[Some("head"), Some(&seq), Some(&head.hash)])?
        ))
    }

    /// HMAC-SHA256, as hex, over the fields: each with a mark that tells none from empty, and its length.
    fn mac(&self, fields: &[Option<&str>]) -> AppResult<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.expose()).map_err(AppError::internal)?;
        for field in fields {
            mac.update(&[u8::from(field.is_some())]);
            let bytes = field.unwrap_or_default().as_bytes();
            mac.update(&(bytes.len() as u64).to_be_bytes());
            mac.update(bytes);
        }
        Ok(hex::encode(mac.finalize().into_bytes()))
    }
}

pub(super) fn phase_text(phase: Phase) -> &'static str {
    match phase {
        Phase::Change => "change",
        Phase::Intent => "intent",
        Phase::Outcome => "outcome",
        Phase::Refused => "refused",
    }
}

pub(super) fn parse_phase(text: &str) -> Option<Phase> {
    [Phase::Change, Phase::Intent, Phase::Outcome, Phase::Refused]
        .into_iter()
        .find(|p| phase_text(*p) == text)
}

/// Nothing can be audited now, so nothing can be changed.
fn no_head() -> AppError {
    AppError::conflict(
        "The head of the audit log is missing or was changed outside of PollySystem. Restore the database from a backup.",
    )
}
