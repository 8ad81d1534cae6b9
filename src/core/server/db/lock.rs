//! One server per data directory.

use crate::error::{AppError, AppResult};
use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

const FILE_NAME: &str = "pollysystem.lock";

/// Holds the data directory until it is dropped. The kernel lets go when the process ends, however it ends;
/// the file itself stays.
pub(super) struct DirLock {
    _file: File,
}

impl DirLock {
    /// Fails with `Conflict` when another server holds the directory.
    pub(super) fn take(data_dir: &Path) -> AppResult<Self> {
        let path = data_dir.join(FILE_NAME);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|e| AppError::unavailable(format!("The lock file {} cannot be opened: {e}.", path.display())))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(AppError::conflict(format!(
                "Another PollySystem server uses the data directory {}. Stop it, or give this one a directory of its own (POLLY_DATA_DIR).",
                data_dir.display()
            ))),
            Err(TryLockError::Error(e)) => Err(AppError::unavailable(format!(
                "The data directory {} cannot be locked: {e}.",
                data_dir.display()
            ))),
        }
    }
}
