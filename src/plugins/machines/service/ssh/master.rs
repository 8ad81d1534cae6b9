//! The ssh master of one link: our own child in the foreground, and the control socket that it opens.
//!
//! The `openssh` crate only talks to that socket. It never starts a master itself: its own launch can hang
//! for ever, leaves processes behind, and loses the reason when a connect fails.

use super::{failure::LinkFailure, pdeathsig::die_with_us};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, ChildStderr, Command},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

/// Name of the control socket in a link's directory.
pub const CONTROL: &str = "ctl";
/// A connect that takes longer than this is given up, whatever stage it is in.
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(20);
/// The stage that a connect without an answer is in, as far as ssh tells.
pub const LOGGING_IN: &str = "logging in";
const POLL: Duration = Duration::from_millis(15);
const END_DEADLINE: Duration = Duration::from_secs(3);
const STDERR_BYTES: usize = 16 * 1024;

/// A connected master. Dropping it kills ssh; [`Master::end`] also waits and unlinks.
#[derive(Debug)]
pub struct Master {
    child: Child,
    dir: PathBuf,
    said: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

impl Master {
    /// Starts `ssh -F dir/cfg alias` and waits until its control socket stands.
    ///
    /// Must run on a worker thread of the runtime (see `pdeathsig`). Errors: why it did not connect; no process is left then.
    pub async fn connect(dir: &Path, config: &Path, alias: &str, within: Duration) -> Result<Self, LinkFailure> {
        let control = dir.join(CONTROL);
        // a stale socket would make ssh run without one
        let _ = std::fs::remove_file(&control);
        let mut child = command(config, &control, alias)
            .spawn()
            .map_err(|e| LinkFailure::SshMissing { text: e.to_string() })?;
        let said = Arc::new(Mutex::new(String::new()));
        let reader = tokio::spawn(listen(child.stderr.take(), said.clone()));
        let mut master = Self {
            child,
            dir: dir.to_owned(),
            said,
            reader,
        };
        match timeout(within, master.until_ready(&control)).await {
            Ok(Ok(())) => Ok(master),
            Ok(Err(failure)) => {
                master.end().await;
                Err(failure)
            }
            Err(_) => {
                master.end().await;
                Err(LinkFailure::TimedOut { stage: LOGGING_IN })
            }
        }
    }

    async fn until_ready(&mut self, control: &Path) -> Result<(), LinkFailure> {
        loop {
            if control.exists() {
                return Ok(());
            }
            tokio::select! {
                failure = self.died() => return Err(failure),
                () = sleep(POLL) => {}
            }
        }
    }

    /// The control socket, for the client of the mux protocol.
    pub fn control(&self) -> PathBuf {
        self.dir.join(CONTROL)
    }

    /// Process id of ssh, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends when ssh ends, and says why. Can be asked again after it was dropped half-way.
    pub async fn died(&mut self) -> LinkFailure {
        let _ = self.child.wait().await;
        let _ = timeout(Duration::from_millis(500), &mut self.reader).await;
        LinkFailure::from_stderr(&self.said())
    }

    fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The one way a link ends (key change, rotation, shutdown): kills ssh, waits for it, unlinks its sockets.
    pub async fn end(mut self) {
        let asked = Instant::now();
        let _ = self.child.start_kill();
        if timeout(END_DEADLINE, self.child.wait()).await.is_err() {
            tracing::warn!(
                waited_ms = asked.elapsed().as_millis() as u64,
                "an ssh master did not end"
            );
        }
        self.reader.abort();
        unlink_sockets(&self.dir);
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        self.reader.abort();
        unlink_sockets(&self.dir);
    }
}

fn command(config: &Path, control: &Path, alias: &str) -> Command {
    let mut ssh = Command::new("ssh");
    ssh.arg("-F")
        .arg(config)
        .args(["-N", "-M", "-S"])
        .arg(control)
        .args(["-o", "ControlPersist=no", "--", alias]);
    ssh.env_clear()
        .env("LC_ALL", "C")
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    ssh.current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    die_with_us(&mut ssh);
    ssh
}

/// Keeps the first part of what ssh says; the rest is read and dropped, so that ssh never blocks on it.
async fn listen(stderr: Option<ChildStderr>, said: Arc<Mutex<String>>) {
    let Some(stderr) = stderr else { return };
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut reader).take(4096).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => keep(&said, &String::from_utf8_lossy(&line)),
        }
    }
}

fn keep(said: &Mutex<String>, line: &str) {
    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
    if said.len() + line.len() <= STDERR_BYTES {
        said.push_str(line);
    }
}

/// Control socket and forwarded sockets; the agent's own is unlinked by the agent.
fn unlink_sockets(dir: &Path) {
    let names = std::fs::read_dir(dir).into_iter().flatten().flatten();
    for entry in names {
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(CONTROL.as_bytes()) || name.as_encoded_bytes().starts_with(b"fwd") {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
#[path = "master_test.rs"]
mod tests;
