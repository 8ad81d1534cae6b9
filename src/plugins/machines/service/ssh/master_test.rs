use super::{
    super::{
        agent::KeyAgent,
        config::{self, Stanza},
        hostkey::HostKey,
        keys::LoginKey,
        rundir::write_private,
        testing::{TestSshd, free_port, ssh_processes},
    },
    *,
};
use crate::plugins::machines::model::KeyId;

/// A link's directory, ready to connect, and the agent that goes with it.
struct Ready {
    dir: tempfile::TempDir,
    agent: KeyAgent,
}

fn ready(port: u16, pins: &[HostKey], key: LoginKey, agent_pins: &[HostKey]) -> Ready {
    let dir = tempfile::Builder::new().prefix("polly-").tempdir_in("/tmp").unwrap();
    let (known_hosts, agent) = (dir.path().join("known_hosts"), dir.path().join("agent"));
    let user = TestSshd::user();
    let stanza = Stanza {
        alias: "m-1",
        host: "127.0.0.1",
        port,
        user: user.as_str(),
        pins,
        known_hosts: &known_hosts,
        agent: &agent,
    };
    write_private(&dir.path().join("cfg"), config::text(&stanza).unwrap().as_bytes()).unwrap();
    write_private(&known_hosts, config::known_hosts("m-1", pins).unwrap().as_bytes()).unwrap();
    let agent = KeyAgent::start(&agent, key, agent_pins).unwrap();
    Ready { dir, agent }
}

impl Ready {
    async fn connect(&self) -> Result<Master, LinkFailure> {
        Master::connect(
            self.dir.path(),
            &self.dir.path().join("cfg"),
            "m-1",
            Duration::from_secs(5),
        )
        .await
    }
    fn left(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.dir.path())
            .unwrap()
            .flatten()
            .map(|e| e.file_name().into_string().unwrap());
        names.filter(|n| n.starts_with("ctl") || n.starts_with("fwd")).collect()
    }
}

fn allowed(sshd: &TestSshd) -> LoginKey {
    let key = LoginKey::generate("test").unwrap();
    sshd.authorize(&key.summary(KeyId::new(), "test").unwrap().public_line);
    key
}

#[tokio::test]
async fn sh_13_a_link_ends_with_no_process_and_no_socket_left() {
    let sshd = TestSshd::start();
    let pins = sshd.host_keys();
    let ready = ready(sshd.port, &pins, allowed(&sshd), &pins);
    let master = ready.connect().await.unwrap();
    assert_eq!(ready.agent.signed(), 1);
    assert_eq!(ssh_processes(ready.dir.path()).len(), 1);
    master.end().await;
    assert_eq!((ssh_processes(ready.dir.path()), ready.left()), (vec![], vec![]));
    drop(ready.connect().await.unwrap());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!((ssh_processes(ready.dir.path()), ready.left()), (vec![], vec![]));
}

#[tokio::test]
async fn an_rsa_host_key_and_an_rsa_login_key_work() {
    let sshd = TestSshd::with("HostKeyAlgorithms rsa-sha2-512\n");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("k");
    std::process::Command::new("ssh-keygen")
        .args(["-q", "-N", "", "-t", "rsa", "-b", "3072", "-f"])
        .arg(&file)
        .status()
        .unwrap();
    let key = LoginKey::from_text(&std::fs::read_to_string(&file).unwrap()).unwrap();
    sshd.authorize(&std::fs::read_to_string(dir.path().join("k.pub")).unwrap());
    let pins = sshd.host_keys();
    ready(sshd.port, &pins[1..], key, &pins[1..])
        .connect()
        .await
        .unwrap()
        .end()
        .await;
}

#[tokio::test]
async fn sh_01_an_unknown_host_key_stops_before_any_login() {
    let (sshd, other) = (TestSshd::start(), TestSshd::start());
    let pins = other.host_keys();
    let ready = ready(sshd.port, &pins, allowed(&sshd), &pins);
    let failure = ready.connect().await.unwrap_err();
    let shown = sshd.host_keys()[0].fingerprint();
    assert_eq!(failure, LinkFailure::HostKeyChanged { offered: Some(shown) });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let log = sshd.log();
    assert!(
        !log.contains("publickey") && !log.contains("Accepted") && !log.contains("user "),
        "{log}"
    );
    assert_eq!((ready.agent.signed(), ssh_processes(ready.dir.path())), (0, vec![]));
}

#[tokio::test]
async fn sh_01_the_agent_refuses_by_itself_when_the_pin_check_of_ssh_is_fooled() {
    let (sshd, other) = (TestSshd::start(), TestSshd::start());
    let ready = ready(sshd.port, &sshd.host_keys(), allowed(&sshd), &other.host_keys());
    assert!(matches!(
        ready.connect().await,
        Err(LinkFailure::AuthRefused { .. } | LinkFailure::AgentRefused { .. })
    ));
    assert_eq!(
        (ready.agent.signed(), ready.agent.refused()),
        (0, Some("the session is with a host key that was not accepted"))
    );
}

#[tokio::test]
async fn the_installed_ssh_says_what_the_table_expects() {
    let sshd = TestSshd::start();
    let pins = sshd.host_keys();
    let stranger = LoginKey::generate("stranger").unwrap();
    let denied = ready(sshd.port, &pins, stranger, &pins).connect().await.unwrap_err();
    assert!(matches!(denied, LinkFailure::AuthRefused { .. }), "{denied:?}");
    let closed = ready(free_port(), &pins, LoginKey::generate("k").unwrap(), &pins)
        .connect()
        .await
        .unwrap_err();
    assert_eq!(closed, LinkFailure::PortClosed);
    let only_rsa = TestSshd::with("HostKeyAlgorithms rsa-sha2-512\n");
    let none = ready(only_rsa.port, &pins[..1], LoginKey::generate("k").unwrap(), &pins)
        .connect()
        .await
        .unwrap_err();
    assert_eq!(
        none,
        LinkFailure::NoCommonHostKey {
            offer: "rsa-sha2-512".into()
        }
    );
}

#[tokio::test]
async fn a_peer_that_stalls_after_its_banner_is_given_up_without_a_process_left() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let stalling = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"SSH-2.0-OpenSSH_9.2\r\n")
            .await
            .unwrap();
        std::future::pending::<()>().await;
    });
    let sshd = TestSshd::start();
    let ready = ready(port, &sshd.host_keys(), LoginKey::generate("k").unwrap(), &[]);
    let cfg = ready.dir.path().join("cfg");
    let failure = Master::connect(ready.dir.path(), &cfg, "m-1", Duration::from_secs(1))
        .await
        .unwrap_err();
    assert_eq!(failure, LinkFailure::TimedOut { stage: "logging in" });
    assert!(ssh_processes(ready.dir.path()).is_empty());
    stalling.abort();
}

#[tokio::test]
async fn a_killed_master_is_seen_at_once() {
    let sshd = TestSshd::start();
    let pins = sshd.host_keys();
    let ready = ready(sshd.port, &pins, allowed(&sshd), &pins);
    let mut master = ready.connect().await.unwrap();
    let pid = nix::unistd::Pid::from_raw(i32::try_from(master.pid().unwrap()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    timeout(Duration::from_secs(1), master.died()).await.unwrap();
}

/// ssh takes the home directory from the password file, so what it opens is read from its own trace.
#[tokio::test]
async fn sh_04_ssh_opens_no_configuration_and_no_known_hosts_but_ours() {
    let sshd = TestSshd::start();
    let pins = sshd.host_keys();
    let ready = ready(sshd.port, &pins, allowed(&sshd), &pins);
    let mut ssh = tokio::process::Command::new("ssh");
    ssh.arg("-vvv")
        .arg("-F")
        .arg(ready.dir.path().join("cfg"))
        .args(["--", "m-1", "true"])
        .stdin(Stdio::null());
    let output = ssh.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains(&format!(
        "Reading configuration data {}",
        ready.dir.path().join("cfg").display()
    )));
    assert!(said.contains(&ready.dir.path().join("known_hosts").display().to_string()));
    for foreign in ["/etc/ssh/ssh_config", "/etc/ssh/ssh_known_hosts", "/.ssh/"] {
        assert!(!said.contains(foreign), "{foreign} in {said}");
    }
}
