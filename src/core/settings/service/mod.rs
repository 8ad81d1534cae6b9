//! Settings of the installation, by name (`<plugin>.<name>`): read by anybody inside, changed with an audit row.

mod store;
#[cfg(test)]
mod tests;

use crate::{
    core::{
        audit::service::{Audit, Entry},
        auth::service::{Authorized, Instance, SettingsManage},
        id::ObjectRef,
        server::db::Db,
    },
    error::{AppError, AppResult},
};
use serde_json::json;

/// Longest value.
const MAX_BYTES: usize = 64 * 1024;
/// Rows that the core keeps in the same table and nobody sets.
const RESERVED: &str = "core.audit.";

/// The settings table. Clones share it.
#[derive(Clone)]
pub struct Settings {
    db: Db,
    audit: Audit,
}

impl Settings {
    pub fn new(db: Db, audit: Audit) -> Self {
        Self { db, audit }
    }

    /// The value that was set, or `None`: the default counts.
    pub async fn get(&self, name: &str) -> AppResult<Option<String>> {
        store::get(self.db.read(), name).await
    }

    /// Every value that was set and whose name begins with `prefix`, by name.
    pub async fn all(&self, prefix: &str) -> AppResult<Vec<(String, String)>> {
        let rows = store::all(self.db.read()).await?;
        Ok(rows
            .into_iter()
            .filter(|(name, _)| name.starts_with(prefix) && !name.starts_with(RESERVED))
            .collect())
    }

    /// Sets a value, or takes it back with `None`; the audit row has the value before and after.
    pub async fn set(
        &self,
        granted: Authorized<Instance, SettingsManage>,
        name: &str,
        value: Option<String>,
    ) -> AppResult<()> {
        check(name, value.as_deref())?;
        let (audit, name, actor) = (self.audit.clone(), name.to_owned(), granted.into_parts().1);
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let before = store::get(tx, &name).await?;
                    if before == value {
                        return Ok(());
                    }
                    store::set(tx, &name, value.as_deref()).await?;
                    let detail = json!({"before": before, "after": value});
                    let object = ObjectRef::new("setting", &name, name.clone());
                    audit
                        .change_in(
                            tx,
                            &actor,
                            Entry {
                                action: "core.settings.set".to_owned(),
                                object,
                                detail,
                            },
                        )
                        .await
                        .map(|_| ())
                })
            })
            .await
    }
}

fn check(name: &str, value: Option<&str>) -> AppResult<()> {
    let known_form = name.contains('.')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_'));
    if !known_form || name.starts_with(RESERVED) {
        return Err(AppError::invalid("name", "There is no such setting."));
    }
    if value.is_some_and(|v| v.len() > MAX_BYTES) {
        return Err(AppError::invalid(
            "value",
            format!("The value may have {MAX_BYTES} bytes."),
        ));
    }
    Ok(())
}
