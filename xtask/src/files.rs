//! Where things are, and walking over them.
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
};

pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// `CARGO_TARGET_DIR`, or `target`.
pub fn target() -> PathBuf {
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Every file below, in the same order on every machine. A folder that is not there has none.
pub fn walk(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !dir.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(walk(&path)?)
        } else {
            found.push(path)
        }
    }
    found.sort();
    Ok(found)
}

pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    fs::write(path, bytes).with_context(|| path.display().to_string())
}

pub fn copy(from: &Path, to: &Path) -> Result<()> {
    for file in walk(from)? {
        write(&to.join(file.strip_prefix(from)?), fs::read(&file)?)?;
    }
    Ok(())
}

/// One short hash over names and contents: the same input gives the same URL.
pub fn hash(base: &Path, files: &[PathBuf]) -> Result<String> {
    let mut sum = Sha256::new();
    for file in files {
        let bytes = fs::read(file).with_context(|| file.display().to_string())?;
        sum.update(file.strip_prefix(base).unwrap_or(file).to_string_lossy().as_bytes());
        sum.update([0]);
        sum.update((bytes.len() as u64).to_le_bytes());
        sum.update(bytes);
    }
    Ok(hex::encode(&sum.finalize()[..8]))
}
