//! Finding the Docker engine's socket on a machine, and saying in one sentence why there is none.

use crate::{
    error::{AppError, AppResult, ErrorKind},
    plugins::machines::{
        model::{DockerSummary, DockerVia},
        port::{HostLink, Limits},
    },
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::timeout,
};

/// Constant: nothing of a machine's fields is ever written into it. Each line begins with a mark of this one look
/// (`$0`), so that nothing that rc files print is mistaken for an answer. With an argument it looks there and
/// nowhere else.
const SCRIPT: &str = r#"
try() {
  [ -S "$1" ] || return 0
  if [ -r "$1" ] && [ -w "$1" ]; then printf '%s ok %s\n' "$0" "$1"; else printf '%s denied %s\n' "$0" "$1"; fi
}
if [ $# -gt 0 ]; then try "$1"; else
  u=$(id -u)
  case "$DOCKER_HOST" in unix://*) try "${DOCKER_HOST#unix://}" ;; esac
  try /var/run/docker.sock
  try "/run/user/$u/docker.sock"
  try /run/podman/podman.sock
  try "/run/user/$u/podman/podman.sock"
fi
printf '%s end\n' "$0"
"#;
/// Where an engine is, unless somebody moved it.
const USUAL: &str = "/var/run/docker.sock";
const LIMITS: Limits = Limits {
    time: Duration::from_secs(15),
    output_bytes: 16 * 1024,
};
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const ANSWER_BYTES: u64 = 64 * 1024;

/// What a look for the engine found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// An engine that answers.
    pub docker: Option<DockerSummary>,
    /// What does not work, and what to do; also beside an engine that does.
    pub problem: Option<String>,
}

impl From<AppResult<DockerSummary>> for Look {
    fn from(found: AppResult<DockerSummary>) -> Self {
        match found {
            Ok(docker) => Self {
                docker: Some(docker),
                problem: None,
            },
            Err(error) => Self {
                docker: None,
                problem: Some(error.message),
            },
        }
    }
}

/// Looks for an engine that answers, at `path` if one was given.
pub async fn find(link: &dyn HostLink, user: &str, path: Option<&str>) -> Look {
    match socket_path(link, user, path).await {
        Ok(socket) => by_either_way(link, &socket).await.into(),
        // the host opens no session beside the collector: no command can look, but a forward needs none
        Err(error) if error.kind == ErrorKind::Unavailable && path.is_none_or(|p| p.starts_with('/')) => {
            without_sessions(link, path.unwrap_or(USUAL), error).await
        }
        Err(error) if error.kind == ErrorKind::Timeout => Err(slow_shell()).into(),
        Err(error) => Err(error).into(),
    }
}

/// Whether an engine that was found is still there.
pub async fn answers(link: &dyn HostLink, docker: &DockerSummary) -> bool {
    version(link, docker)
        .await
        .is_ok_and(|version| docker.version.as_ref() == Some(&version))
}

async fn socket_path(link: &dyn HostLink, user: &str, path: Option<&str>) -> AppResult<String> {
    let mark = format!("polly-{:016x}", rand::random::<u64>());
    let argv: Vec<&str> = ["sh", "-c", SCRIPT, &mark].into_iter().chain(path).collect();
    let output = link.exec(&argv, None, LIMITS).await?;
    choose(&String::from_utf8_lossy(&output.stdout), &mark, user, path)
        .map_err(|message| AppError::new(ErrorKind::Upstream, message))
}

/// Through a forwarded socket, or by commands where sshd forwards none.
async fn by_either_way(link: &dyn HostLink, socket: &str) -> AppResult<DockerSummary> {
    let mut docker = DockerSummary {
        socket: socket.to_owned(),
        version: None,
        via: DockerVia::Socket,
    };
    let refused = match version(link, &docker).await {
        Ok(version) => {
            docker.version = Some(version);
            return Ok(docker);
        }
        // an engine that is there and slow is not reached faster by another way
        Err(error) if error.kind == ErrorKind::Timeout => return Err(error),
        Err(error) => error,
    };
    docker.via = DockerVia::Commands;
    docker.version = Some(version(link, &docker).await.map_err(|_| refused)?);
    Ok(docker)
}

async fn without_sessions(link: &dyn HostLink, socket: &str, error: AppError) -> Look {
    let docker = DockerSummary {
        socket: socket.to_owned(),
        version: None,
        via: DockerVia::Socket,
    };
    match version(link, &docker).await {
        Ok(version) => Look {
            docker: Some(DockerSummary {
                version: Some(version),
                ..docker
            }),
            problem: Some("Docker works, but the host opens only one session per connection, so no command can be run on it. Set MaxSessions 10 in its sshd_config, then reconnect.".to_owned()),
        },
        Err(_) => Err(error).into(),
    }
}

/// The first socket that may be used. The error is a sentence.
fn choose(text: &str, mark: &str, user: &str, path: Option<&str>) -> Result<String, String> {
    let found = |state: &str| {
        let paths = text.lines().filter_map(|line| {
            line.strip_prefix(mark)?
                .strip_prefix(' ')?
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
        return Err(format!(
            "The account {user} may not use {path}. Add it to the group docker on the host (usermod -aG docker {user}), then reconnect."
        ));
    }
    if !text.lines().any(|line| line.strip_prefix(mark) == Some(" end")) {
        return Err(
            "The host's shell did not answer as expected. Check that the account has an ordinary shell.".to_owned(),
        );
    }
    if let Some(path) = path {
        return Err(format!(
            "There is no socket at {path} on the host. Start the engine there, or change the path in the machine's settings (empty, it is found by itself)."
        ));
    }
    Err(
        "No Docker socket was found on the host. Install Docker there, or start it (systemctl start docker)."
            .to_owned(),
    )
}

/// Asks the engine the way that everybody will after: what works here works for them.
async fn version(link: &dyn HostLink, docker: &DockerSummary) -> AppResult<String> {
    let socket = &docker.socket;
    let local = link.open_docker(docker).await?;
    let mut answer = Vec::new();
    let ask = async {
        let mut stream = UnixStream::connect(local.path()).await?;
        stream
            .write_all(b"GET /version HTTP/1.0\r\nHost: docker\r\n\r\n")
            .await?;
        stream.take(ANSWER_BYTES).read_to_end(&mut answer).await
    };
    let asked = timeout(ANSWER_WITHIN, ask).await.map_err(|_| silent(socket))?;
    tracing::debug!(?asked, bytes = answer.len(), "asked an engine for its version");
    if answer.is_empty() {
        return Err(refused(socket));
    }
    let version = parse_version(&answer).ok_or_else(|| nonsense(socket))?;
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
            "{socket} is there, but no engine answers through it. Check on the host that Docker runs (docker info), and that its sshd forwards sockets (AllowStreamLocalForwarding yes) or the docker command is installed."
        ),
    )
}

fn slow_shell() -> AppError {
    let message = format!(
        "The account's shell did not run a small command within {} s. Check its start-up files on the host (~/.bashrc, ~/.profile), and how loaded the host is.",
        LIMITS.time.as_secs()
    );
    AppError::new(ErrorKind::Timeout, message)
}

fn nonsense(socket: &str) -> AppError {
    AppError::new(
        ErrorKind::Upstream,
        format!(
            "What answers at {socket} is not a Docker engine that can be understood. Check it on the host: docker info."
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
        assert_eq!(
            choose(text, "polly-socket", "polly", None).unwrap(),
            "/run/user/1000/docker.sock"
        );
    }

    #[test]
    fn sh_08_what_start_up_files_print_is_no_answer() {
        let text = "polly-0 ok /tmp/planted\npolly-0 end\npolly-1 ok /var/run/docker.sock\npolly-1 end\n";
        assert_eq!(choose(text, "polly-1", "polly", None).unwrap(), "/var/run/docker.sock");
        assert!(choose(text, "polly-2", "polly", None).is_err());
    }

    #[test]
    fn each_reason_has_its_sentence() {
        let says = |text: &str| choose(text, "polly-socket", "polly", None).unwrap_err();
        assert!(
            says("polly-socket denied /var/run/docker.sock\npolly-socket end\n").contains("usermod -aG docker polly")
        );
        assert!(says("polly-socket end\n").contains("No Docker socket"));
        assert!(says("This account is not available\n").contains("ordinary shell"));
        let at = choose("polly-socket end\n", "polly-socket", "polly", Some("/opt/docker.sock")).unwrap_err();
        assert!(at.contains("no socket at /opt/docker.sock"), "{at}");
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
        let output = LocalLink
            .exec(&["sh", "-c", SCRIPT, "polly-socket"], None, LIMITS)
            .await
            .unwrap();
        assert!(
            String::from_utf8(output.stdout)
                .unwrap()
                .ends_with("polly-socket end\n")
        );
    }
}
