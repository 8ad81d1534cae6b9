//! The short, private directory that holds the links' sockets and files while the server runs.
//!
//! A file in the data directory points to it, so that the next start can end what a killed server left.

use crate::error::{AppError, AppResult};
use std::{
    fs,
    os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

const POINTER: &str = "run-dir";
const PREFIX: &str = "polly-";
/// A Unix socket's path ends at 107 bytes; a machine's directory and socket need up to 60 of them.
const LONGEST_BASE: usize = 40;

/// Removed, with all that is in it, when dropped.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    pointer: PathBuf,
}

impl RunDir {
    /// Ends and removes what an earlier run left, then makes a new directory (0700).
    ///
    /// Errors: `Internal` when neither the run-time directory nor /tmp can be written.
    pub async fn create(data_dir: &Path) -> AppResult<Self> {
        let pointer = data_dir.join(POINTER);
        clean_earlier(&pointer).await;
        let template = base().join(format!("{PREFIX}XXXXXX"));
        let path = nix::unistd::mkdtemp(&template).map_err(AppError::internal)?;
        write_private(&pointer, path.as_os_str().as_encoded_bytes())?;
        Ok(Self { path, pointer })
    }
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// An empty directory (0700) for one link. `name` is ours: letters, digits and `-`.
    pub fn sub(&self, name: &str) -> AppResult<PathBuf> {
        let path = self.path.join(name);
        if path.exists() {
            fs::remove_dir_all(&path).map_err(AppError::internal)?;
        }
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(AppError::internal)?;
        Ok(path)
    }
}

impl RunDir {
    /// Removes it with all that is in it.
    pub fn remove(&self) {
        let _ = fs::remove_dir_all(&self.path);
        // another run may have begun since
        if fs::read(&self.pointer).is_ok_and(|text| text == self.path.as_os_str().as_encoded_bytes()) {
            let _ = fs::remove_file(&self.pointer);
        }
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Writes a file that only we may read.
pub fn write_private(path: &Path, bytes: &[u8]) -> AppResult<()> {
    use std::io::Write;
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut f| f.write_all(bytes))
        .map_err(|error| refused(path, &error))
}

fn refused(path: &Path, error: &std::io::Error) -> AppError {
    if error.kind() != std::io::ErrorKind::StorageFull {
        return AppError::internal(error);
    }
    let place = path.parent().unwrap_or(path).display();
    tracing::error!(%place, "the disk is full");
    AppError::unavailable(format!(
        "The disk of {place} on this server is full. Make room there; it is tried again by itself."
    ))
}

/// `$XDG_RUNTIME_DIR` when it is ours, short and plain, else `/tmp`.
fn base() -> PathBuf {
    let given = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    given
        .filter(|path| is_usable_base(path))
        .unwrap_or_else(|| PathBuf::from("/tmp"))
}

fn is_usable_base(path: &Path) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"/._-".contains(b);
    let bytes = path.as_os_str().as_encoded_bytes();
    let ours = fs::symlink_metadata(path).is_ok_and(|m| m.is_dir() && m.uid() == nix::unistd::getuid().as_raw());
    path.is_absolute() && bytes.len() <= LONGEST_BASE && bytes.iter().all(plain) && ours
}

/// Only a directory that an earlier run of ours can have made is touched.
fn is_leftover(path: &Path) -> bool {
    let named = path
        .file_name()
        .and_then(|n| n.to_str())
        .is_some_and(|n| n.starts_with(PREFIX) && n.len() == PREFIX.len() + 6);
    let ours = fs::symlink_metadata(path)
        .is_ok_and(|m| m.is_dir() && m.uid() == nix::unistd::getuid().as_raw() && m.mode() & 0o077 == 0);
    path.is_absolute() && named && ours
}

async fn clean_earlier(pointer: &Path) {
    let Ok(text) = fs::read_to_string(pointer) else { return };
    let path = PathBuf::from(text);
    if !is_leftover(&path) {
        return;
    }
    tracing::info!(path = %path.display(), "removing what an earlier run left");
    for socket in control_sockets(&path) {
        end_master(&socket).await;
    }
    if let Err(error) = fs::remove_dir_all(&path) {
        tracing::warn!(path = %path.display(), %error, "an earlier run directory cannot be removed");
    }
}

fn control_sockets(run: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(run).into_iter().flatten().flatten();
    let sockets = entries.map(|e| e.path().join(super::master::CONTROL));
    sockets
        .filter(|p| fs::symlink_metadata(p).is_ok_and(|m| m.file_type().is_socket()))
        .collect()
}

/// Asks an ssh master that nobody owns any more to end.
async fn end_master(socket: &Path) {
    let mut ssh = tokio::process::Command::new("ssh");
    ssh.args(["-F", "/dev/null", "-O", "exit", "-S"])
        .arg(socket)
        .args(["--", "x"]);
    ssh.stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true);
    let _ = tokio::time::timeout(Duration::from_secs(2), ssh.status()).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_private_short_and_gone_after() {
        let data = tempfile::tempdir().unwrap();
        let run = RunDir::create(data.path()).await.unwrap();
        let (path, sub) = (run.path().to_owned(), run.sub("m1").unwrap());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(&sub).unwrap().mode() & 0o777, 0o700);
        assert!(path.as_os_str().len() <= LONGEST_BASE + 13);
        drop(run);
        assert!(!path.exists() && !data.path().join(POINTER).exists());
    }

    #[tokio::test]
    async fn sh_13_what_a_killed_server_left_is_removed_at_the_next_start() {
        let data = tempfile::tempdir().unwrap();
        let first = RunDir::create(data.path()).await.unwrap();
        let left = first.path().to_owned();
        first.sub("m1").unwrap();
        std::mem::forget(first);
        let second = RunDir::create(data.path()).await.unwrap();
        assert!(!left.exists() && second.path().exists());
    }

    #[tokio::test]
    async fn a_pointer_to_something_else_removes_nothing() {
        let data = tempfile::tempdir().unwrap();
        let innocent = data.path().join("polly-abcdef");
        fs::create_dir(&innocent).unwrap();
        for target in [
            data.path().to_owned(),
            innocent.clone(),
            PathBuf::from("/"),
            PathBuf::from("polly-abcdef"),
        ] {
            fs::write(data.path().join(POINTER), target.as_os_str().as_encoded_bytes()).unwrap();
            drop(RunDir::create(data.path()).await.unwrap());
            assert!(
                data.path().exists() && innocent.exists(),
                "0755 is not ours to remove: {target:?}"
            );
        }
    }
}
