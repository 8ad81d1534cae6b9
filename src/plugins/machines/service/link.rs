//! The two kinds of [`HostLink`]: over SSH, and this host itself.

use super::{argv::quote, ssh::mux::Mux};
use crate::{
    error::{AppError, AppResult, ErrorKind},
    plugins::machines::{
        model::{DockerSummary, DockerVia},
        port::{ExecOutput, HostLink, Limits, LocalSocket},
    },
};
use async_trait::async_trait;
use std::{process::Stdio, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::Command,
    time::timeout,
};

/// A host over its master.
pub struct SshLink(pub Arc<Mux>);

#[async_trait]
impl HostLink for SshLink {
    async fn exec(&self, argv: &[&str], stdin: Option<&[u8]>, limits: Limits) -> AppResult<ExecOutput> {
        self.0.exec(argv, stdin, limits).await
    }
    async fn open_unix(&self, remote_path: &str) -> AppResult<LocalSocket> {
        self.0.open_unix(remote_path).await
    }
    async fn open_docker(&self, docker: &DockerSummary) -> AppResult<LocalSocket> {
        match docker.via {
            DockerVia::Socket => self.0.open_unix(&docker.socket).await,
            DockerVia::Commands => self.0.open_relay(dial_stdio(&docker.socket)),
        }
    }
}

/// The command that is one connection to the engine's socket: its input and output are the two directions.
fn dial_stdio(socket: &str) -> Vec<String> {
    let host = format!("unix://{socket}");
    ["docker", "-H", &host, "system", "dial-stdio"]
        .map(str::to_owned)
        .to_vec()
}

/// The host that the server runs on.
pub struct LocalLink;

#[async_trait]
impl HostLink for LocalLink {
    async fn exec(&self, argv: &[&str], stdin: Option<&[u8]>, limits: Limits) -> AppResult<ExecOutput> {
        // the same arguments are refused as over SSH
        quote(argv)?;
        let late = |_| {
            AppError::new(
                ErrorKind::Timeout,
                format!("The command did not finish within {} s.", limits.time.as_secs()),
            )
        };
        timeout(limits.time, run(argv, stdin.unwrap_or_default(), limits.output_bytes))
            .await
            .unwrap_or_else(|e| Err(late(e)))
    }
    async fn open_unix(&self, remote_path: &str) -> AppResult<LocalSocket> {
        Ok(LocalSocket::own(remote_path))
    }
    async fn open_docker(&self, docker: &DockerSummary) -> AppResult<LocalSocket> {
        Ok(LocalSocket::own(&docker.socket))
    }
}

async fn run(argv: &[&str], input: &[u8], limit: usize) -> AppResult<ExecOutput> {
    let mut command = Command::new(argv[0]);
    command
        .args(&argv[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = match command.spawn() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Ok(ExecOutput {
                code: Some(127),
                ..ExecOutput::default()
            });
        }
        spawned => spawned.map_err(AppError::internal)?,
    };
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            let _ = stdin.write_all(input).await;
        }
    };
    let ((), (stdout, cut_out), (stderr, cut_err)) = tokio::join!(feed, collect(stdout, limit), collect(stderr, limit));
    let truncated = cut_out || cut_err;
    let code = if truncated {
        None
    } else {
        child.wait().await.map_err(AppError::internal)?.code()
    };
    Ok(ExecOutput {
        code,
        stdout,
        stderr,
        truncated,
    })
}

/// Reads up to `limit` bytes; the pipe closes after, which ends whoever writes more.
async fn collect(reader: Option<impl AsyncRead + Unpin>, limit: usize) -> (Vec<u8>, bool) {
    let Some(reader) = reader else {
        return (Vec::new(), false);
    };
    let mut bytes = Vec::new();
    let _ = reader.take(limit as u64 + 1).read_to_end(&mut bytes).await;
    let cut = bytes.len() > limit;
    bytes.truncate(limit);
    (bytes, cut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn this_host_runs_programs_with_their_arguments_and_limits() {
        let limits = Limits {
            time: Duration::from_secs(5),
            output_bytes: 64,
        };
        let run = async |argv: &[&str], input: Option<&[u8]>| LocalLink.exec(argv, input, limits).await;
        let output = run(&["printf", "%s|", "$(id)", "a b"], None).await.unwrap();
        assert_eq!((output.code, output.stdout), (Some(0), b"$(id)|a b|".to_vec()));
        assert_eq!(run(&["cat"], Some(b"in")).await.unwrap().stdout, b"in");
        assert_eq!(run(&["no-such-program"], None).await.unwrap().code, Some(127));
        let long = run(&["yes"], None).await.unwrap();
        assert!(long.truncated && long.stdout.len() == 64 && long.code.is_none());
        let slow = LocalLink
            .exec(
                &["sleep", "5"],
                None,
                Limits {
                    time: Duration::from_millis(50),
                    ..limits
                },
            )
            .await;
        assert_eq!(slow.unwrap_err().kind, ErrorKind::Timeout);
        assert!(run(&["a\0b"], None).await.is_err());
    }
}
