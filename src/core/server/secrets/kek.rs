//! Where the master key comes from, and which keys are refused.

use super::{Secret, envelope::Kek, random_key};
use crate::error::{AppError, AppResult};
use base64::{
    Engine, alphabet::STANDARD, alphabet::URL_SAFE, engine::DecodePaddingMode, engine::GeneralPurpose,
    engine::GeneralPurposeConfig,
};
use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Name of the key's file in the data directory.
const FILE_NAME: &str = "master.key";
/// Name of the systemd credential.
const CREDENTIAL: &str = "polly-master-key";
const KEY_BYTES: usize = 32;

/// Where the operator keeps the master key: 32 random bytes as hex or base64, or raw in a file. The first that
/// is given counts: the file, the text, the systemd credential `polly-master-key`, `master.key` in the data
/// directory.
#[derive(Clone, Debug, Default)]
pub struct SecretsConfig {
    /// `POLLY_MASTER_KEY_FILE`; readable by its owner only.
    pub master_key_file: Option<PathBuf>,
    /// `POLLY_MASTER_KEY`.
    pub master_key: Option<Secret<String>>,
}

/// A usable key and where it was found.
pub(super) struct Found {
    pub(super) kek: Kek,
    pub(super) source: String,
}

/// The first source that exists. One that exists but holds no usable key is an error: no later one is tried.
pub(super) fn find(config: &SecretsConfig, data_dir: &Path) -> AppResult<Option<Found>> {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(|dir| PathBuf::from(dir).join(CREDENTIAL));
    find_in(config, credentials.as_deref(), data_dir)
}

pub(super) fn find_in(config: &SecretsConfig, credential: Option<&Path>, data_dir: &Path) -> AppResult<Option<Found>> {
    if let Some(file) = &config.master_key_file {
        return from_file(file).map(Some);
    }
    if let Some(text) = &config.master_key {
        return parse(text.expose().as_bytes(), "POLLY_MASTER_KEY").map(Some);
    }
    let own = data_dir.join(FILE_NAME);
    let file = credential.into_iter().chain([own.as_path()]).find(|file| file.exists());
    file.map(from_file).transpose()
}

/// Makes `master.key` with a fresh key. Its bytes are on the disk when this returns.
pub(super) fn make(data_dir: &Path) -> AppResult<Found> {
    let file = data_dir.join(FILE_NAME);
    let text = Zeroizing::new(format!("{}\n", hex::encode(random_key().expose())));
    let written = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&file)
        .and_then(|mut out| {
            out.write_all(text.as_bytes())?;
            out.sync_all()?;
            File::open(data_dir)?.sync_all()
        });
    written.map_err(|e| AppError::unavailable(format!("The master key {} cannot be made: {e}.", file.display())))?;
    tracing::info!(file = %file.display(), "made a master key; back it up apart from the database");
    from_file(&file)
}

fn from_file(file: &Path) -> AppResult<Found> {
    let source = file.display().to_string();
    let mode = fs::metadata(file)
        .map_err(|e| refuse(&source, &format!("cannot be read: {e}")))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(refuse(
            &source,
            &format!(
                "is open to other users (mode {:04o}). Run: chmod 600 {source}",
                mode & 0o7777
            ),
        ));
    }
    let bytes = fs::read(file)
        .map(Zeroizing::new)
        .map_err(|e| refuse(&source, &format!("cannot be read: {e}")))?;
    parse(&bytes, &source)
}

fn parse(bytes: &[u8], source: &str) -> AppResult<Found> {
    let text = std::str::from_utf8(bytes).map(str::trim);
    if text.is_ok_and(|t| t.to_ascii_lowercase().starts_with("change-me")) {
        return Err(refuse(
            source,
            "holds the text of the example. Make a key with: openssl rand -hex 32",
        ));
    }
    let decoded = text
        .ok()
        .and_then(decode)
        .or_else(|| (bytes.len() == KEY_BYTES).then(|| Zeroizing::new(bytes.to_vec())));
    let key: [u8; KEY_BYTES] = decoded.and_then(|key| key.as_slice().try_into().ok()).ok_or_else(|| {
        refuse(
            source,
            "does not hold 32 bytes as hex or base64. Make a key with: openssl rand -hex 32",
        )
    })?;
    if key.iter().all(|byte| *byte == key[0]) {
        return Err(refuse(
            source,
            "holds an example (all bytes are equal). Make a key with: openssl rand -hex 32",
        ));
    }
    Ok(Found {
        kek: Kek::from_master(&Secret::new(key)),
        source: source.to_owned(),
    })
}

/// Hex or base64 of either alphabet that gives exactly 32 bytes.
fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let hex = hex::decode(text).ok();
    let base64 = [STANDARD, URL_SAFE]
        .iter()
        .find_map(|a| GeneralPurpose::new(a, lenient).decode(text).ok());
    hex.into_iter()
        .chain(base64)
        .map(Zeroizing::new)
        .find(|key| key.len() == KEY_BYTES)
}

fn refuse(source: &str, why: &str) -> AppError {
    AppError::invalid("master_key", format!("The master key in {source} {why}."))
}

/// The database needs a key and there is none.
pub(super) fn missing(expected: &str, data_dir: &Path) -> AppError {
    AppError::invalid(
        "master_key",
        format!(
            "The database in {} is sealed under the master key {expected}, and no master key was given. Put that key back \
             (POLLY_MASTER_KEY_FILE, POLLY_MASTER_KEY, or {FILE_NAME} in the data directory); a new one cannot open what is sealed.",
            data_dir.display()
        ),
    )
}

/// There is a key, but not the database's.
pub(super) fn wrong(expected: &str, found: &str, source: &str) -> AppError {
    let why = format!(
        "is {found}, but the database is sealed under the master key {expected}. Give that one; nothing was changed"
    );
    refuse(source, &why)
}
