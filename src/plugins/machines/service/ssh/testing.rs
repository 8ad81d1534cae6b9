//! A real sshd on a loopback port for the tests, ended with its files when dropped.

use super::hostkey::HostKey;
use crate::plugins::machines::model::{HostAddress, SshUser};
use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

pub struct TestSshd {
    dir: TempDir,
    child: Option<Child>,
    pub port: u16,
    extra: String,
}

impl TestSshd {
    /// With an ed25519 and an rsa host key.
    pub fn start() -> Self {
        Self::with("")
    }
    /// With more lines of configuration.
    pub fn with(extra: &str) -> Self {
        let mut sshd = Self {
            dir: tempfile::tempdir().unwrap(),
            child: None,
            port: free_port(),
            extra: extra.to_owned(),
        };
        sshd.new_host_keys();
        sshd.authorize("");
        sshd.run();
        sshd
    }
    pub fn host(&self) -> HostAddress {
        HostAddress::parse("127.0.0.1").unwrap()
    }
    /// The account that runs the tests.
    pub fn user() -> SshUser {
        let user = nix::unistd::User::from_uid(nix::unistd::getuid()).unwrap().unwrap();
        SshUser::parse(&user.name).unwrap()
    }
    pub fn authorize(&self, public_line: &str) {
        fs::write(self.file("authorized_keys"), public_line).unwrap();
    }
    pub fn authorize_also(&self, public_line: &str) {
        let before = fs::read_to_string(self.file("authorized_keys")).unwrap();
        self.authorize(&format!("{before}{public_line}\n"));
    }
    pub fn host_keys(&self) -> Vec<HostKey> {
        ["ed25519", "rsa"]
            .map(|kind| HostKey::parse(&fs::read_to_string(self.file(&format!("{kind}.pub"))).unwrap()).unwrap())
            .to_vec()
    }
    pub fn log(&self) -> String {
        fs::read_to_string(self.file("log")).unwrap_or_default()
    }
    /// Another machine answers at the same address from now on; open sessions stay.
    pub fn change_host_keys(&mut self) {
        self.stop_listening();
        self.new_host_keys();
        self.run();
    }
    pub fn stop_listening(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
    pub fn run(&mut self) {
        let mut config = format!(
            "Port {}\nListenAddress 127.0.0.1\nPidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nLogLevel VERBOSE\n",
            self.port
        );
        for kind in ["ed25519", "rsa"] {
            config += &format!("HostKey {}\n", self.file(kind).display());
        }
        config += &format!(
            "AuthorizedKeysFile {}\n{}",
            self.file("authorized_keys").display(),
            self.extra
        );
        fs::write(self.file("config"), config).unwrap();
        let _ = fs::create_dir_all("/run/sshd");
        let mut sshd = Command::new("/usr/sbin/sshd");
        sshd.args(["-D", "-f"])
            .arg(self.file("config"))
            .arg("-E")
            .arg(self.file("log"));
        self.child = Some(
            sshd.stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        );
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "sshd does not listen: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }
    /// Process ids of the open sessions.
    pub fn sessions(&self) -> Vec<u32> {
        let Some(parent) = self.child.as_ref().map(Child::id) else {
            return Vec::new();
        };
        let all = fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
        let is_child = |pid: &u32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.rsplit_once(") ")
                .and_then(|(_, rest)| rest.split(' ').nth(1)?.parse::<u32>().ok())
                == Some(parent)
        };
        all.filter(is_child).collect()
    }
    fn new_host_keys(&self) {
        for (kind, bits) in [("ed25519", "256"), ("rsa", "2048")] {
            let _ = fs::remove_file(self.file(kind));
            let mut keygen = Command::new("ssh-keygen");
            let made = keygen
                .args(["-q", "-N", "", "-t", kind, "-b", bits, "-C", "test", "-f"])
                .arg(self.file(kind))
                .stdin(Stdio::null())
                .status()
                .unwrap();
            assert!(made.success());
        }
    }
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

impl Drop for TestSshd {
    fn drop(&mut self) {
        // a stopped session would stay for ever
        for session in self.sessions() {
            let _ = nix::sys::signal::kill(
                nix::unistd::Pid::from_raw(session as i32),
                nix::sys::signal::Signal::SIGKILL,
            );
        }
        self.stop_listening();
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Ids of the living ssh processes that were started with this directory in their arguments.
pub fn ssh_processes(dir: &std::path::Path) -> Vec<u32> {
    let dir = dir.to_str().unwrap();
    let all = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
    let of_dir = |pid: &u32| {
        fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(dir))
    };
    all.filter(of_dir).collect()
}

/// The 32 bytes that are an Ed25519 key.
pub fn secret_bytes(text: &str) -> Vec<u8> {
    let key = ssh_key::PrivateKey::from_openssh(text).unwrap();
    key.key_data().ed25519().unwrap().private.to_bytes().to_vec()
}

/// What a [`Wire`] does to what passes through it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weather {
    Fine,
    /// Connections are taken, and nothing comes.
    Silent,
    /// The host's first bytes come, then nothing.
    SilentAfter(usize),
    /// The host is heard until its log says this once more than now, then nothing.
    SilentOnce(&'static str),
    /// One byte a second.
    Trickle,
    /// What the host says comes this much later.
    Slow(Duration),
    /// Hangs up with an RST.
    Reset,
}

/// A line to a test sshd that can be spoilt. Each change of weather ends what stands.
pub struct Wire {
    pub port: u16,
    weather: tokio::sync::watch::Sender<Weather>,
    serving: tokio::task::JoinHandle<()>,
}

impl Wire {
    pub async fn to(sshd: &TestSshd) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (weather, now) = tokio::sync::watch::channel(Weather::Fine);
        let (target, log) = (sshd.port, sshd.file("log"));
        let serving = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (mut now, log) = (now.clone(), log.clone());
                open.spawn(async move {
                    let weather = now.borrow_and_update().clone();
                    tokio::select! {
                        _ = now.changed() => {}
                        () = pass(stream, target, weather, &log) => {}
                    }
                });
                while open.try_join_next().is_some() {}
            }
        });
        Self { port, weather, serving }
    }
    pub fn becomes(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn pass(client: tokio::net::TcpStream, target: u16, weather: Weather, log: &std::path::Path) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    if weather == Weather::Reset {
        client.set_zero_linger().unwrap();
        return;
    }
    let host = tokio::net::TcpStream::connect(("127.0.0.1", target)).await.unwrap();
    let ((mut from_client, mut to_client), (mut from_host, mut to_host)) = (client.into_split(), host.into_split());
    let said = |mark: &str| fs::read_to_string(log).unwrap_or_default().matches(mark).count();
    let before = if let Weather::SilentOnce(mark) = weather {
        said(mark)
    } else {
        0
    };
    let up = async move {
        let _ = tokio::io::copy(&mut from_client, &mut to_host).await;
        let _ = to_host.shutdown().await;
    };
    let down = async move {
        let (mut bytes, mut passed) = ([0; 4096], 0);
        loop {
            let most = match weather {
                Weather::Silent => 0,
                Weather::SilentAfter(n) => n - passed,
                Weather::SilentOnce(mark) if said(mark) > before => 0,
                Weather::Trickle => 1,
                _ => bytes.len(),
            };
            if most == 0 {
                return std::future::pending().await;
            }
            let most = most.min(bytes.len());
            let n = from_host.read(&mut bytes[..most]).await.unwrap_or(0);
            if let Weather::Slow(by) = weather {
                tokio::time::sleep(by).await;
            }
            if n == 0 || to_client.write_all(&bytes[..n]).await.is_err() {
                return;
            }
            passed += n;
            if weather == Weather::Trickle {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    };
    tokio::select! {
        () = async { tokio::join!(up, std::future::pending::<()>()); } => {}
        () = down => {}
    }
}
