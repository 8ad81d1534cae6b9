//! Finding the Docker engine's socket on a machine, and saying in one sentence why there is none.

use crate::{
    error::{AppError, AppResult, ErrorKind},
    plugins::machines::{
        model::DockerSummary,
        port::{HostLink, Limits},
    },
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::timeout,
};

/// Constant: nothing of a machine's fields is ever written into it. Each line begins with a mark, so that
/// what rc files print is not mistaken for an answer.
const SCRIPT: &str = r#"
try() {
  [ -S "$1" ] || return 0
  if [ -r "$1" ] && [ -w "$1" ]; then printf 'polly-socket ok %s\n' "$1"; else printf 'polly-socket denied %s\n' "$1"; fi
}
u=$(id -u)
case "$DOCKER_HOST" in unix://*) try "${DOCKER_HOST#unix://}" ;; esac
try /var/run/docker.sock
try "/run/user/$u/docker.sock"
try /run/podman/podman.sock
try "/run/user/$u/podman/podman.sock"
printf 'polly-socket end\n'
"#;
const LIMITS: Limits = Limits {
    time: Duration::from_secs(10),
    output_bytes: 16 * 1024,
};
const ANSWER_BYTES: u64 = 64 * 1024;

/// The socket and the engine's version. Errors: why Docker cannot be used there, and what to do.
pub async fn find(link: &dyn HostLink, user: &str) -> AppResult<DockerSummary> {
    let output = link.exec(&["sh", "-c", SCRIPT], None, LIMITS).await?;
    let socket = choose(&String::from_utf8_lossy(&output.stdout), user)?;
    let version = timeout(LIMITS.time, version(link, &socket)).await;
    let version = version.unwrap_or_else(|_| Err(silent(&socket)))?;
    Ok(DockerSummary {
        socket,
        version: Some(version),
    })
}

/// The first socket that may be used.
fn choose(text: &str, user: &str) -> AppResult<String> {
    let found = |state: &str| {
        let paths = text.lines().filter_map(|line| {
            line.strip_prefix("polly-socket ")?
                .strip_prefix(state)?
                .strip_prefix(' ')
        });
        paths
            .map(str::to_owned)
            .find(|path| path.starts_with('/') && !path.chars().any(char::is_control))
    };
    if let Some(path) = found("ok") {
        return Ok(path);
    }
    if let Some(path) = found("denied") {
        return Err(AppError::unavailable(format!(
            "The account {user} may not use {path}. Add it to the group docker on the host (usermod -aG docker {user}), then reconnect."
        )));
    }
    if !text.lines().any(|line| line == "polly-socket end") {
        return Err(AppError::unavailable(
            "The host's shell did not answer as expected. Check that the account has an ordinary shell.",
        ));
    }
    Err(AppError::unavailable(
        "No Docker socket was found on the host. Install Docker there, or start it (systemctl start docker).",
    ))
}

/// Asks the engine through the forward: what works here works for everybody after.
async fn version(link: &dyn HostLink, socket: &str) -> AppResult<String> {
    let local = link.open_unix(socket).await?;
    let mut answer = Vec::new();
    let ask = async {
        let mut stream = UnixStream::connect(local.path()).await?;
        stream
            .write_all(b"GET /version HTTP/1.0\r\nHost: docker\r\n\r\n")
            .await?;
        stream.take(ANSWER_BYTES).read_to_end(&mut answer).await
    };
    ask.await.map_err(|_| refused(socket))?;
    let version = parse_version(&answer).ok_or_else(|| refused(socket))?;
    Ok(version.chars().filter(|c| !c.is_control()).take(64).collect())
}

fn parse_version(answer: &[u8]) -> Option<String> {
    let body = answer.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let value: serde_json::Value = serde_json::from_slice(&answer[body..]).ok()?;
    value.get("Version")?.as_str().map(str::to_owned)
}

fn refused(socket: &str) -> AppError {
    AppError::new(
        ErrorKind::Upstream,
        format!(
            "{socket} is there, but the engine does not answer through it. Check that Docker runs, and that the host's sshd allows it (AllowStreamLocalForwarding yes)."
        ),
    )
}

fn silent(socket: &str) -> AppError {
    AppError::new(
        ErrorKind::Timeout,
        format!("The engine behind {socket} did not answer within 10 s. Check it on the host: docker info."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::machines::service::link::LocalLink;

    #[test]
    fn the_first_usable_socket_wins_whatever_is_printed_around_it() {
        let text = "Welcome!\npolly-socket denied /var/run/docker.sock\npolly-socket ok /run/user/1000/docker.sock\npolly-socket end\n";
        assert_eq!(choose(text, "polly").unwrap(), "/run/user/1000/docker.sock");
    }

    #[test]
    fn each_reason_has_its_sentence() {
        let says = |text: &str| choose(text, "polly").unwrap_err().message;
        assert!(
            says("polly-socket denied /var/run/docker.sock\npolly-socket end\n").contains("usermod -aG docker polly")
        );
        assert!(says("polly-socket end\n").contains("No Docker socket"));
        assert!(says("This account is not available\n").contains("ordinary shell"));
        assert!(says("polly-socket ok relative\npolly-socket end\n").contains("No Docker socket"));
    }

    #[test]
    fn the_engine_s_answer_is_read() {
        let answer = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{\"Version\":\"20.10.24\"}";
        assert_eq!(parse_version(answer).as_deref(), Some("20.10.24"));
        assert_eq!(parse_version(b"HTTP/1.0 500 no\r\n\r\noops"), None);
    }

    #[tokio::test]
    async fn the_script_runs_in_a_real_shell() {
        let output = LocalLink.exec(&["sh", "-c", SCRIPT], None, LIMITS).await.unwrap();
        assert!(
            String::from_utf8(output.stdout)
                .unwrap()
                .ends_with("polly-socket end\n")
        );
    }
}
