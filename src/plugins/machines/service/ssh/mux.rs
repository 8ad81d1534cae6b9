//! Channels over a connected master: commands, forwarded sockets, the collector's shell.
//! The only file that knows the `openssh` crate.

use super::{
    super::{argv::quote, channel::Channel},
    relay::Relay,
};
use crate::{
    core::server::tasks::TaskSet,
    error::{AppError, AppResult, ErrorKind},
    plugins::machines::port::{ExecOutput, Limits, LocalSocket},
};
use openssh::{Child, ChildStdin, ChildStdout, Error, ForwardType, Session, Socket, Stdio};
use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    sync::{Semaphore, SemaphorePermit},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// sshd allows 10 sessions on one connection by default; the collector is one, and two stay in reserve.
const SESSIONS: usize = 7;
/// Sessions that calls to Docker may take where each needs one: commands must get through beside them.
const RELAYED: usize = 4;
/// How often a host may refuse a session before it is believed, and the pause between.
const REFUSALS: u32 = 8;
const REFUSED_PAUSE: Duration = Duration::from_millis(50);
const END_WITHIN: Duration = Duration::from_secs(2);
const FORWARD_DEADLINE: Duration = Duration::from_secs(5);
const RELAY_DEADLINE: Duration = Duration::from_secs(10);
/// Longest path of a Unix socket.
const LONGEST_SOCKET: usize = 107;
/// Ends the program on the host as well when our deadline passes, where the host has `timeout`.
const GUARD: &str = "if command -v timeout >/dev/null 2>&1; then exec timeout \"$0\" \"$@\"; else exec \"$@\"; fi";

/// A connected master's client.
pub struct Mux {
    session: Arc<Session>,
    dir: PathBuf,
    sessions: Semaphore,
    /// How many sessions this host lets us have beside the collector, as far as it is known.
    most: AtomicUsize,
    relayed: Semaphore,
    forwards: AtomicU32,
    /// What carries bytes between a local socket and the host; cancelled when the link is over.
    tasks: TaskSet,
}

impl Mux {
    /// `control` is the master's socket; forwarded sockets are made in `dir`.
    pub fn new(control: PathBuf, dir: &Path) -> Self {
        Self {
            session: Arc::new(Session::resume_mux(control.into_boxed_path(), None)),
            dir: dir.to_owned(),
            sessions: Semaphore::new(SESSIONS),
            most: AtomicUsize::new(SESSIONS),
            relayed: Semaphore::new(RELAYED),
            forwards: AtomicU32::new(0),
            tasks: TaskSet::new(),
        }
    }

    /// Ends every call that waits, and refuses new ones.
    pub async fn close(&self) {
        if !self.tasks.stop(END_WITHIN).await {
            tracing::warn!("some calls over a link did not end with it");
        }
    }

    fn over(&self) -> &CancellationToken {
        self.tasks.token()
    }

    pub(super) fn tasks(&self) -> &TaskSet {
        &self.tasks
    }

    /// See `HostLink::exec`.
    pub async fn exec(&self, argv: &[&str], stdin: Option<&[u8]>, limits: Limits) -> AppResult<ExecOutput> {
        let seconds = (limits.time.as_secs() + 1).to_string();
        let line = quote(&[&["sh", "-c", GUARD, &seconds][..], argv].concat())?;
        quote(argv)?;
        let work = self.run(&line, stdin.unwrap_or_default(), limits.output_bytes);
        // in this order: a program that ended because the link did was not ended by a signal
        tokio::select! {
            biased;
            () = self.over().cancelled() => Err(ended()),
            done = timeout(limits.time, work) => done.unwrap_or_else(|_| Err(late(limits.time))),
        }
    }

    /// Starts a program in a session of its own. A host that has none left is asked again: a session that ended is
    /// given back a moment later, and if that does not help we want too many. What it refused it has not begun, so
    /// nothing is done twice.
    async fn session(&self, line: &[u8], stderr: bool) -> AppResult<(Child<Arc<Session>>, SemaphorePermit<'_>)> {
        let mut refused = 0;
        loop {
            let permit = self.sessions.acquire().await.map_err(AppError::internal)?;
            let mut command = self.session.clone().arc_raw_command(OsStr::from_bytes(line));
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            command.stderr(if stderr { Stdio::piped() } else { Stdio::null() });
            match command.spawn().await {
                Ok(child) => return Ok((child, permit)),
                Err(error) if !is_no_session(&error) || refused >= REFUSALS => return Err(explain(&error)),
                Err(_) if refused >= REFUSALS / 2 && self.one_less() => {
                    refused = 0;
                    permit.forget();
                }
                Err(_) => {
                    refused += 1;
                    sleep(REFUSED_PAUSE).await;
                }
            }
        }
    }

    /// The host allows fewer sessions than were tried. `false` when that leaves none at all.
    fn one_less(&self) -> bool {
        let less = |most: usize| most.checked_sub(1).filter(|left| *left > 0);
        self.most
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }

    async fn run(&self, line: &[u8], input: &[u8], limit: usize) -> AppResult<ExecOutput> {
        let (mut child, _permit) = self.session(line, true).await?;
        let (stdin, stdout, stderr) = (child.stdin().take(), child.stdout().take(), child.stderr().take());
        let full = CancellationToken::new();
        let feed = async {
            if let Some(mut stdin) = stdin {
                // a program that does not read its input closes it
                let _ = stdin.write_all(input).await;
            }
        };
        let ((), (stdout, cut_out), (stderr, cut_err)) = tokio::join!(
            async {
                tokio::select! { () = feed => {}, () = full.cancelled() => {} }
            },
            collect(stdout, limit, &full),
            collect(stderr, limit, &full)
        );
        let truncated = cut_out || cut_err;
        let code = if truncated {
            None
        } else {
            exit_code(child.wait().await)?
        };
        Ok(ExecOutput {
            code,
            stdout,
            stderr,
            truncated,
        })
    }

    /// Starts a program that stays until its input ends.
    pub async fn channel(&self, argv: &[&str]) -> AppResult<Channel> {
        let line = quote(argv)?;
        let mut command = self.session.clone().arc_raw_command(OsStr::from_bytes(&line));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .await
            .map_err(|e| explain(&e))?;
        let ends = child.stdin().take().zip(child.stdout().take());
        let (stdin, stdout) = ends.ok_or_else(|| AppError::internal("a channel has no ends"))?;
        Ok(Channel::new(stdin, stdout, child))
    }

    /// One call through a program on the host: what `client` sends is its input, what it says is the answer.
    /// Waits for a session; `Err` when the host opens none.
    pub(super) async fn relay<T, F: Future<Output = T>>(
        &self,
        argv: &[String],
        carry: impl FnOnce(ChildStdin, ChildStdout) -> F,
    ) -> AppResult<T> {
        let _turn = self.relayed.acquire().await.map_err(AppError::internal)?;
        let (mut child, _permit) = timeout(RELAY_DEADLINE, self.session(&quote(argv)?, false))
            .await
            .map_err(|_| late(RELAY_DEADLINE))??;
        let ends = child.stdin().take().zip(child.stdout().take());
        let (stdin, stdout) = ends.ok_or_else(|| AppError::internal("a channel has no ends"))?;
        Ok(carry(stdin, stdout).await)
    }

    /// A local socket whose every connection is a command on the host (see [`Relay`]).
    pub fn open_relay(self: &Arc<Self>, argv: Vec<String>) -> AppResult<LocalSocket> {
        let local = self.local()?;
        let relay = Relay::start(self.clone(), &local, argv)?;
        Ok(LocalSocket::forwarded(local, relay))
    }

    /// A fresh path for a local socket, while the link stands.
    fn local(&self) -> AppResult<PathBuf> {
        if self.over().is_cancelled() {
            return Err(ended());
        }
        let name = format!("fwd{}", self.forwards.fetch_add(1, Ordering::Relaxed));
        let local = self.dir.join(name);
        // nobody can listen where a socket was left
        let _ = std::fs::remove_file(&local);
        Ok(local)
    }

    /// See `HostLink::open_unix`.
    pub async fn open_unix(&self, remote: &str) -> AppResult<LocalSocket> {
        check_remote(remote)?;
        let local = self.local()?;
        let remote = PathBuf::from(remote);
        let request = self.session.request_port_forward(
            ForwardType::Local,
            Socket::from(local.as_path()),
            Socket::from(remote.as_path()),
        );
        timeout(FORWARD_DEADLINE, request)
            .await
            .map_err(|_| late(FORWARD_DEADLINE))?
            .map_err(|e| explain(&e))?;
        let forward = Forward {
            session: self.session.clone(),
            local: local.clone(),
            remote,
        };
        Ok(LocalSocket::forwarded(local, forward))
    }
}

/// A forward that stands; dropping it unlinks the socket and tells the master.
struct Forward {
    session: Arc<Session>,
    local: PathBuf,
    remote: PathBuf,
}

impl Drop for Forward {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.local);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (session, local, remote) = (self.session.clone(), self.local.clone(), self.remote.clone());
        runtime.spawn(async move {
            let close = session.close_port_forward(
                ForwardType::Local,
                Socket::from(local.as_path()),
                Socket::from(remote.as_path()),
            );
            let _ = timeout(FORWARD_DEADLINE, close).await;
        });
    }
}

fn check_remote(path: &str) -> AppResult<()> {
    if path.starts_with('/') && path.len() <= LONGEST_SOCKET && !path.chars().any(char::is_control) {
        return Ok(());
    }
    Err(AppError::invalid(
        "path",
        "The path of a socket is absolute, on one line, and has at most 107 bytes.",
    ))
}

/// Reads up to `limit` bytes; more, and everybody stops.
async fn collect(reader: Option<impl AsyncRead + Unpin>, limit: usize, full: &CancellationToken) -> (Vec<u8>, bool) {
    let Some(reader) = reader else {
        return (Vec::new(), false);
    };
    let mut bytes = Vec::new();
    let mut reader = reader.take(limit as u64 + 1);
    tokio::select! {
        _ = reader.read_to_end(&mut bytes) => {}
        () = full.cancelled() => {}
    }
    let cut = bytes.len() > limit;
    if cut {
        bytes.truncate(limit);
        full.cancel();
    }
    (bytes, cut)
}

fn exit_code(waited: Result<std::process::ExitStatus, Error>) -> AppResult<Option<i32>> {
    match waited {
        Ok(status) => Ok(status.code()),
        // the crate's word for 127
        Err(Error::Remote(e)) if e.kind() == std::io::ErrorKind::NotFound => Ok(Some(127)),
        Err(Error::RemoteProcessTerminated) => Ok(None),
        Err(other) => Err(explain(&other)),
    }
}

fn text_of(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

fn is_no_session(error: &Error) -> bool {
    text_of(error).contains("Session open refused")
}

fn explain(error: &Error) -> AppError {
    let text = text_of(error);
    if is_no_session(error) {
        return AppError::unavailable(
            "The host opens no more sessions on its connection (MaxSessions in its sshd_config). Try again in a moment.",
        );
    }
    if text.contains("forwarding failed") {
        return AppError::new(ErrorKind::Upstream, "The socket could not be forwarded.");
    }
    tracing::debug!(error = text, "a call on a link failed");
    ended()
}

fn ended() -> AppError {
    AppError::new(
        ErrorKind::HostUnreachable,
        "The connection to the host ended. It is being made again; try once it is online.",
    )
}

fn late(limit: Duration) -> AppError {
    AppError::new(
        ErrorKind::Timeout,
        format!("The host did not finish this within {} s.", limit.as_secs()),
    )
}
