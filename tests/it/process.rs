//! The server as a process: locks, signals, refusals at the start.

use crate::app::Browser;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

pub struct Server {
    child: Child,
    lines: Receiver<String>,
    pub seen: Vec<String>,
}

impl Server {
    pub fn spawn(data: &Path, env: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pollysystem"));
        command
            .arg("serve")
            .env("POLLY_DATA_DIR", data)
            .env("POLLY_LISTEN", "127.0.0.1:0")
            .envs(env.iter().copied());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    /// Waits for a log line with `text`.
    pub fn wait_for(&mut self, text: &str) -> String {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let line = self.lines.recv_timeout(end.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("no line with {text:?} in {:#?}", self.seen));
            self.seen.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Open files and sockets.
    pub fn handles(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))
            .unwrap()
            .count()
    }

    pub fn signal(&self, signal: &str) {
        assert!(
            Command::new("kill")
                .arg(format!("-{signal}"))
                .arg(self.child.id().to_string())
                .status()
                .unwrap()
                .success()
        );
    }

    /// The exit code, once it has ended.
    pub fn exit(&mut self, within: Duration) -> Option<i32> {
        let end = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < end, "still running after {within:?}: {:#?}", self.seen);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A server whose "this host" has the engine at `docker_host`, and a browser that nobody is logged in with.
pub fn serve(data: &Path, docker_host: &str) -> (Server, Browser) {
    let mut server = Server::spawn(data, &[("DOCKER_HOST", docker_host)]);
    let line = server.wait_for("open http");
    let address = line.split("open ").nth(1).unwrap().trim().to_owned();
    (server, Browser::new(address.clone(), address))
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn db_06_a_second_server_on_the_same_data_refuses_to_start() {
    let data = tempfile::tempdir().unwrap();
    let mut first = Server::spawn(data.path(), &[]);
    first.wait_for("is ready");
    let mut second = Server::spawn(data.path(), &[]);
    let why = second.wait_for("pollysystem:");
    assert!(why.contains(&*data.path().to_string_lossy()), "{why}");
    assert_eq!(second.exit(Duration::from_secs(10)), Some(1));
}

#[test]
fn db_10_sigterm_stops_in_order_and_leaves_nothing_in_the_log_ahead() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Server::spawn(data.path(), &[]);
    server.wait_for("set-up code: ");
    server.signal("TERM");
    assert_eq!(server.exit(Duration::from_secs(25)), Some(0));
    let wal = std::fs::metadata(data.path().join("pollysystem.db-wal"))
        .map(|m| m.len())
        .unwrap_or(0);
    assert_eq!(wal, 0, "the write-ahead log is folded into the database");
    let mut again = Server::spawn(data.path(), &[]);
    again.wait_for("set-up code: ");
}

#[test]
fn db_10_a_signal_while_the_server_starts_stops_it_in_order() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Server::spawn(data.path(), &[]);
    server.wait_for("applied migration=\"core_0001_users\"");
    server.signal("TERM");
    assert_eq!(server.exit(Duration::from_secs(25)), Some(0));
    Server::spawn(data.path(), &[]).wait_for("is ready");
}

#[test]
fn db_10_a_second_signal_ends_at_once() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Server::spawn(data.path(), &[]);
    server.wait_for("is ready");
    // A stopped process collects both signals; it sees them together when it goes on.
    server.signal("STOP");
    server.signal("TERM");
    server.signal("INT");
    server.signal("CONT");
    let code = server.exit(Duration::from_secs(25));
    assert!(matches!(code, Some(0 | 130)), "{code:?}");
    Server::spawn(data.path(), &[]).wait_for("is ready");
}

#[test]
fn se_06_without_its_master_key_or_with_a_poor_one_the_server_does_not_start() {
    let data = tempfile::tempdir().unwrap();
    for poor in ["short", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "change-me"] {
        let mut server = Server::spawn(data.path(), &[("POLLY_MASTER_KEY", poor)]);
        assert_eq!(server.exit(Duration::from_secs(10)), Some(1), "{poor}");
    }
    let mut server = Server::spawn(data.path(), &[]);
    server.wait_for("is ready");
    server.signal("TERM");
    server.exit(Duration::from_secs(25));
    std::fs::rename(data.path().join("master.key"), data.path().join("elsewhere.key")).unwrap();
    let mut server = Server::spawn(data.path(), &[]);
    assert_eq!(server.exit(Duration::from_secs(10)), Some(1), "the key is missing");
    std::fs::rename(data.path().join("elsewhere.key"), data.path().join("master.key")).unwrap();
    Server::spawn(data.path(), &[]).wait_for("is ready");
}

#[tokio::test]
async fn db_07_audit_verify_reads_beside_a_running_server_and_names_the_first_bad_row() {
    use sea_orm::ConnectionTrait;
    let data = tempfile::tempdir().unwrap();
    let verify = || {
        Command::new(env!("CARGO_BIN_EXE_pollysystem"))
            .args(["audit", "verify", "--data-dir"])
            .arg(data.path())
            .output()
            .unwrap()
    };
    let mut server = Server::spawn(data.path(), &[]);
    let code = server.wait_for("set-up code: ").rsplit(' ').next().unwrap().to_owned();
    let address = server
        .seen
        .iter()
        .find_map(|l| l.split("open ").nth(1))
        .unwrap()
        .trim()
        .to_owned();
    let browser = crate::app::Browser::new(address.clone(), address);
    let form = [
        ("code", code.as_str()),
        ("name", "ada"),
        ("password", "correct horse battery"),
        ("password_again", "correct horse battery"),
    ];
    browser.ask::<()>("/api/auth/setup", &form).await;
    let whole = verify();
    assert!(
        whole.status.success() && String::from_utf8_lossy(&whole.stdout).contains("2 rows"),
        "{whole:?}"
    );
    server.signal("TERM");
    server.exit(Duration::from_secs(25));
    // What somebody with the file could do.
    let file = format!("sqlite://{}", data.path().join("pollysystem.db").display());
    let db = sea_orm::Database::connect(file).await.unwrap();
    db.execute_unprepared("UPDATE audit SET actor_name = 'mallory' WHERE seq = 1")
        .await
        .unwrap();
    db.close().await.unwrap();
    let broken = verify();
    assert!(
        !broken.status.success() && String::from_utf8_lossy(&broken.stderr).contains("row 1"),
        "{broken:?}"
    );
}
