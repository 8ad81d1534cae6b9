//! Docker for hosts whose sshd forwards no sockets: a Unix socket of ours, and behind each connection to it a
//! command on the host whose input and output are the two directions (`docker system dial-stdio`).
//!
//! Each connection takes a session of the link, so there are few at a time, and each begins with the start of a
//! process on the host. Who connects cannot tell it from a forwarded socket: what goes wrong is said as an
//! engine says it, with a status and a sentence.

use super::mux::Mux;
use crate::error::{AppError, AppResult};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy},
    net::{UnixListener, UnixStream},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// How long a client may take to send what is then refused.
const ASKED_WITHIN: Duration = Duration::from_secs(5);

/// A socket that is listened on; dropping it takes no new connections, and those that stand go on, as with a
/// forwarded one.
pub struct Relay {
    path: PathBuf,
    listening: CancellationToken,
}

impl Relay {
    /// Listens on `path` (0600), which must lie in a private directory. Everything ends with the link.
    pub fn start(mux: Arc<Mux>, path: &Path, argv: Vec<String>) -> AppResult<Self> {
        let listener = UnixListener::bind(path).map_err(AppError::internal)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(AppError::internal)?;
        let listening = mux.tasks().token().child_token();
        let (until, argv) = (listening.clone(), Arc::<[String]>::from(argv));
        mux.tasks().clone().spawn(async move {
            tokio::select! {
                () = until.cancelled() => {}
                () = accept(&mux, &listener, &argv) => {}
            }
        });
        Ok(Self {
            path: path.to_owned(),
            listening,
        })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.listening.cancel();
        let _ = fs::remove_file(&self.path);
    }
}

async fn accept(mux: &Arc<Mux>, listener: &UnixListener, argv: &Arc<[String]>) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                let (mux, argv) = (mux.clone(), argv.clone());
                let tasks = mux.tasks().clone();
                tasks.spawn_until_stopped(async move { serve(&mux, client, &argv).await });
            }
            Err(error) => {
                tracing::warn!(%error, "a relay's socket cannot be listened on");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn serve(mux: &Mux, mut client: UnixStream, argv: &[String]) {
    let (mut from, mut to) = client.split();
    let carried = mux
        .relay(argv, async |stdin, stdout| {
            carry((&mut from, &mut to), stdin, stdout).await
        })
        .await;
    match carried {
        Ok(true) => {}
        Ok(false) => {
            let why = "The host's docker command ended without an answer. Check on the host that it is installed and that the engine runs: docker info.";
            refuse(&mut client, why).await;
        }
        Err(error) => {
            // what it wants to ask is read first, or it would not read the answer
            let _ = timeout(ASKED_WITHIN, client.read(&mut [0; 4096])).await;
            refuse(&mut client, &error.message).await;
        }
    }
}

/// Both directions until the host's end is over; `false` when it said nothing at all.
async fn carry(
    (from, to): (&mut (impl AsyncRead + Unpin), &mut (impl AsyncWrite + Unpin)),
    mut stdin: impl AsyncWrite + Unpin,
    mut stdout: impl AsyncRead + Unpin,
) -> bool {
    let up = async move {
        let _ = copy(from, &mut stdin).await;
        // the host sees the end of its input
        drop(stdin);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        said = copy(&mut stdout, to) => said.is_ok_and(|bytes| bytes > 0),
        () = up => false,
    }
}

async fn refuse(client: &mut UnixStream, why: &str) {
    let body = serde_json::json!({ "message": why }).to_string();
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = client.write_all(format!("{head}{body}").as_bytes()).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::duplex;

    #[tokio::test]
    async fn bytes_go_both_ways_and_the_end_of_one_is_not_the_end_of_the_other() {
        let (mut client, ours) = duplex(64);
        let (mut host_in, stdin) = duplex(64);
        let (stdout, mut host_out) = duplex(64);
        let (mut from, mut to) = tokio::io::split(ours);
        let carrying = tokio::spawn(async move { carry((&mut from, &mut to), stdin, stdout).await });
        client.write_all(b"GET").await.unwrap();
        client.shutdown().await.unwrap();
        let mut asked = String::new();
        host_in.read_to_string(&mut asked).await.unwrap();
        assert_eq!(asked, "GET");
        host_out.write_all(b"200").await.unwrap();
        drop(host_out);
        let mut said = [0; 3];
        client.read_exact(&mut said).await.unwrap();
        assert_eq!((&said, carrying.await.unwrap()), (b"200", true));
    }

    #[tokio::test]
    async fn a_host_that_says_nothing_is_told() {
        let (_client, ours) = duplex(64);
        let (_host_in, stdin) = duplex(64);
        let (stdout, host_out) = duplex(64);
        let (mut from, mut to) = tokio::io::split(ours);
        drop(host_out);
        assert!(!carry((&mut from, &mut to), stdin, stdout).await);
    }

    #[tokio::test]
    async fn a_refusal_is_an_engine_s_error() {
        let (mut ours, mut client) = UnixStream::pair().unwrap();
        refuse(&mut ours, "no \"session\"").await;
        drop(ours);
        let mut said = String::new();
        client.read_to_string(&mut said).await.unwrap();
        assert!(
            said.starts_with("HTTP/1.1 503 ") && said.ends_with(r#"{"message":"no \"session\""}"#),
            "{said}"
        );
    }
}
