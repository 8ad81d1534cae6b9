//! Secrets at rest: each sealed under a data key of its own, all data keys wrapped by one master key that
//! never is in the database. A copy of the database alone opens nothing.

mod envelope;
mod kek;
mod memory;
mod secret;
mod store;
#[cfg(test)]
mod tests;

pub use kek::SecretsConfig;
pub use memory::keep_private;
pub use secret::Secret;

use crate::{
    core::server::db::Db,
    error::{AppError, AppResult},
};
use envelope::Kek;
use rand::{RngCore, rngs::OsRng};
use std::{path::Path, sync::Arc};

/// Where a secret is kept. It is bound to this place: sealed text that was moved does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    pub table: &'a str,
    pub row: &'a str,
    pub field: &'a str,
}

/// Seals and opens secrets. Clones share the key.
#[derive(Clone)]
pub struct Secrets {
    kek: Arc<Kek>,
}

impl Secrets {
    /// Finds the master key (see [`SecretsConfig`]) and checks it against the database. It is made, in the data
    /// directory, only while the database knows no key; otherwise a missing or wrong key is refused, naming
    /// the expected key's id.
    pub async fn open_or_create(config: &SecretsConfig, data_dir: &Path, db: &Db) -> AppResult<Secrets> {
        let expected = store::expected_key(db).await?;
        let found = kek::find(config, data_dir)?;
        match (expected, found) {
            (Some(expected), found) => Self::checked(&expected, found, data_dir),
            (None, Some(found)) => Self::adopted(found, db).await,
            (None, None) => Self::adopted(kek::make(data_dir)?, db).await,
        }
    }

    /// Like [`Secrets::open_or_create`] for a database that is only read: makes and writes nothing.
    pub async fn open_existing(config: &SecretsConfig, data_dir: &Path, db: &Db) -> AppResult<Secrets> {
        let expected = store::expected_key(db)
            .await?
            .ok_or_else(|| AppError::conflict("The database knows no master key yet: no server has run on it."))?;
        Self::checked(&expected, kek::find(config, data_dir)?, data_dir)
    }

    fn checked(expected: &store::ExpectedKey, found: Option<kek::Found>, data_dir: &Path) -> AppResult<Self> {
        let found = found.ok_or_else(|| kek::missing(&expected.kek_id, data_dir))?;
        let secrets = Self {
            kek: Arc::new(found.kek),
        };
        let opens = secrets.kek.id() == expected.kek_id
            && secrets
                .open(check_place(&expected.kek_id), &expected.check_sealed)
                .is_ok();
        if opens {
            Ok(secrets)
        } else {
            Err(kek::wrong(&expected.kek_id, secrets.kek.id(), &found.source))
        }
    }

    async fn adopted(found: kek::Found, db: &Db) -> AppResult<Self> {
        let secrets = Self {
            kek: Arc::new(found.kek),
        };
        let id = secrets.kek.id().to_owned();
        let check = secrets.seal(check_place(&id), b"pollysystem")?;
        tracing::info!(
            key.id = id,
            key.source = found.source,
            "the database's master key from now on: keep it apart from backups"
        );
        store::remember_key(db, id, check).await?;
        Ok(secrets)
    }

    /// Seals `plain` for `at`.
    pub fn seal(&self, at: Place<'_>, plain: &[u8]) -> AppResult<String> {
        envelope::seal(&self.kek, at, plain).ok_or_else(|| AppError::internal("a secret could not be sealed"))
    }

    /// Opens what was sealed for `at`. Any change of text, place or key is an error.
    pub fn open(&self, at: Place<'_>, sealed: &str) -> AppResult<Secret<Vec<u8>>> {
        envelope::open(&self.kek, at, sealed).map_err(|why| {
            AppError::internal(format!(
                "the secret {}/{}/{} does not open: {why}",
                at.table, at.row, at.field
            ))
        })
    }

    /// A random key with this name, made at the first call and kept sealed in the database.
    pub async fn named_key(&self, db: &Db, name: &str) -> AppResult<Secret<[u8; 32]>> {
        let place = Place {
            table: "named_keys",
            row: name,
            field: "sealed",
        };
        let sealed = match store::named_key(db, name).await? {
            Some(sealed) => sealed,
            None => store::keep_named_key(db, name, self.seal(place, random_key().expose())?).await?,
        };
        let key = self.open(place, &sealed)?;
        let key = key
            .expose()
            .as_slice()
            .try_into()
            .map_err(|_| AppError::internal(format!("the key {name} is not 32 bytes")))?;
        Ok(Secret::new(key))
    }
}

fn check_place(kek_id: &str) -> Place<'_> {
    Place {
        table: "secret_keys",
        row: kek_id,
        field: "check_sealed",
    }
}

/// 256 bits from the operating system.
fn random_key() -> Secret<[u8; 32]> {
    let mut key = [0; 32];
    OsRng.fill_bytes(&mut key);
    Secret::new(key)
}
