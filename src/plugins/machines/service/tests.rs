//! The whole way, against a real sshd: enrol, compare keys, connect, work, lose, change, end.

#[path = "edit_test.rs"]
mod edits;
#[path = "faults_test.rs"]
mod faults;

use super::{
    collect::Pace,
    ssh::{
        keys::LoginKey,
        rundir::RunDir,
        testing::{TestSshd, secret_bytes, ssh_processes},
    },
    *,
};
use crate::{
    core::{
        audit::service::Audit,
        auth::service::{Action, Actor, Anywhere, Guarded, Instance},
        live::service::{Hub, RowTopic},
        server::{
            db::Db,
            rings::SeriesBudget,
            secrets::{Secrets, SecretsConfig},
            services::Services,
            tasks::TaskSet,
        },
    },
    error::{AppResult, ErrorKind},
    plugins::machines::{
        META,
        model::{
            HostAddress, HostNumbers, KeyChoice, KeyId, LinkState, MachineDetail, MachineId, MachineName, MachineRow,
            TOPIC_MACHINES, ValidMachine,
        },
        port::{Limits, LinkEvent},
    },
};
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    time::{sleep, timeout},
};

/// The plugin without the rest of the server.
struct House {
    data: tempfile::TempDir,
    db: Db,
    audit: Audit,
    tasks: TaskSet,
    fleet: Arc<Fleet>,
    service: MachinesService,
    actor: Actor,
}

fn fast() -> Paces {
    let millis = Duration::from_millis;
    Paces {
        key_probe: millis(300),
        collect: Pace {
            collect: millis(250),
            beat: millis(500),
        },
        retry: (millis(100), millis(400)),
        docker: millis(200),
        login: Duration::from_secs(20),
    }
}

impl House {
    async fn build() -> Self {
        Self::with(fast()).await
    }
    async fn with(paces: Paces) -> Self {
        let data = tempfile::tempdir().unwrap();
        let db = Db::open(data.path(), migrations()).await.unwrap();
        let config = SecretsConfig {
            master_key_file: None,
            master_key: None,
        };
        let secrets = Secrets::open_or_create(&config, data.path(), &db).await.unwrap();
        let audit = Audit::open(&db, &secrets).await.unwrap();
        let services = Arc::new(Services::default());
        let actor = Actor::system("a test", services.clone());
        let hub = Hub::new("test");
        let rows = RowTopic::new(hub.clone(), TOPIC_MACHINES, MachinesView::NAME);
        let numbers = Numbers::new(hub, SeriesBudget::of(1_000));
        let run = RunDir::create(data.path()).await.unwrap();
        let world = World::new(
            db.clone(),
            secrets,
            audit.clone(),
            actor.clone(),
            (rows, numbers),
            run,
            paces,
        );
        let tasks = TaskSet::new();
        let fleet = Fleet::start(world, tasks.clone()).await.unwrap();
        services.provide(META.id, fleet.clone());
        Self {
            data,
            db,
            audit,
            tasks,
            service: MachinesService::new(fleet.clone()),
            fleet,
            actor,
        }
    }
    async fn may<T: Guarded, A: Action>(&self, id: T::Id) -> crate::core::auth::service::Authorized<T, A> {
        self.actor.authorise::<T, A>(id).await.unwrap()
    }
    async fn add(&self, sshd: &TestSshd, name: &str, key: KeyChoice) -> MachineId {
        self.add_at(sshd, sshd.port, name, key).await
    }
    /// Through another port than sshd's own.
    async fn add_at(&self, sshd: &TestSshd, port: u16, name: &str, key: KeyChoice) -> MachineId {
        let new = ValidMachine {
            name: MachineName::parse(name).unwrap(),
            host: sshd.host(),
            port,
            user: TestSshd::user(),
            key,
            tags: Vec::new(),
        };
        let id = self
            .service
            .create(self.may::<Instance, MachinesCreate>(()).await, new)
            .await
            .unwrap();
        let line = self.detail(id).await.key.unwrap().public_line;
        sshd.authorize_also(&line);
        id
    }
    async fn detail(&self, id: MachineId) -> MachineDetail {
        self.service
            .detail(&self.may::<Machine, MachinesView>(id).await)
            .await
            .unwrap()
    }
    async fn trust(&self, id: MachineId) -> AppResult<()> {
        let seen: Vec<String> = self
            .detail(id)
            .await
            .offered
            .into_iter()
            .map(|key| key.fingerprint)
            .collect();
        self.service
            .trust(self.may::<Machine, MachinesTrust>(id).await, &seen)
            .await
    }
    /// Enrolled, trusted and up.
    async fn online(&self, sshd: &TestSshd, name: &str) -> MachineId {
        self.online_at(sshd, sshd.port, name).await
    }
    async fn online_at(&self, sshd: &TestSshd, port: u16, name: &str) -> MachineId {
        let id = self.add_at(sshd, port, name, KeyChoice::Generate).await;
        self.until(id, |row| row.state == LinkState::Untrusted).await;
        self.trust(id).await.unwrap();
        self.until(id, |row| row.state.is_up()).await;
        id
    }
    fn numbers(&self, id: MachineId) -> Option<HostNumbers> {
        let rows = self.fleet.world().numbers.rows().rows;
        rows.into_iter().find(|row| row.machine == id)
    }
    /// Waits for numbers that need two readings.
    async fn measured(&self, id: MachineId) -> HostNumbers {
        let two = async {
            loop {
                if let Some(numbers) = self
                    .numbers(id)
                    .filter(|n| n.cpu_ratio.is_some() && !n.disks.is_empty())
                {
                    return numbers;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(15), two).await.expect("two readings")
    }
    async fn until(&self, id: MachineId, fits: impl Fn(&MachineRow) -> bool) -> MachineRow {
        let begun = Instant::now();
        loop {
            let row = self.fleet.row(id).unwrap();
            if fits(&row) {
                return row;
            }
            assert!(begun.elapsed() < Duration::from_secs(40), "stays {row:?}");
            sleep(Duration::from_millis(20)).await;
        }
    }
    fn run_dir(&self) -> PathBuf {
        self.fleet.world().run.path().to_owned()
    }
    async fn audited(&self, action: &str) -> bool {
        self.audit
            .list(None, 100, None)
            .await
            .unwrap()
            .iter()
            .any(|row| row.action == action)
    }
    async fn stop(self) {
        assert!(self.tasks.stop(Duration::from_secs(8)).await, "tasks are left");
        self.db.close().await;
    }
}

const LIMITS: Limits = Limits {
    time: Duration::from_secs(20),
    output_bytes: 4096,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_01_nobody_logs_in_before_a_person_accepted_exactly_the_offered_keys() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    let id = house.add(&sshd, "web", KeyChoice::Generate).await;
    house.until(id, |row| row.state == LinkState::Untrusted).await;
    let detail = house.detail(id).await;
    let offered: Vec<String> = detail.offered.iter().map(|key| key.fingerprint.clone()).collect();
    assert_eq!(
        offered,
        sshd.host_keys().iter().map(|key| key.fingerprint()).collect::<Vec<_>>()
    );
    sleep(Duration::from_millis(500)).await;
    let log = sshd.log();
    assert!(
        !log.contains("publickey") && !log.contains(TestSshd::user().as_str()),
        "{log}"
    );
    for wrong in [vec![], offered[..1].to_vec(), vec!["SHA256:other".to_owned()]] {
        let refused = house
            .service
            .trust(house.may::<Machine, MachinesTrust>(id).await, &wrong)
            .await;
        assert_eq!(refused.unwrap_err().kind, ErrorKind::Conflict);
    }
    assert_eq!(house.fleet.row(id).unwrap().state, LinkState::Untrusted);
    house.trust(id).await.unwrap();
    house.until(id, |row| row.state.is_up()).await;
    assert!(sshd.log().contains("Accepted publickey"));
    assert_eq!(house.detail(id).await.pinned.len(), 2);
    assert!(house.audited("machines.trust").await && house.audited("machines.create").await);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_01_another_host_at_the_address_is_never_logged_in_to() {
    let (mut sshd, house) = (TestSshd::start(), House::build().await);
    let id = house.online(&sshd, "web").await;
    house
        .service
        .disable(house.may::<Machine, MachinesDisable>(id).await)
        .await
        .unwrap();
    house.until(id, |row| row.state == LinkState::Disabled).await;
    sshd.change_host_keys();
    let before = sshd.log().matches("Accepted").count();
    house
        .service
        .enable(house.may::<Machine, MachinesEnable>(id).await)
        .await
        .unwrap();
    house.until(id, |row| row.state == LinkState::HostKeyChanged).await;
    assert_eq!(sshd.log().matches("Accepted").count(), before);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_02_a_host_key_that_changes_under_open_streams_stops_all_work() {
    let (mut sshd, house) = (TestSshd::start(), House::build().await);
    let id = house.online(&sshd, "web").await;
    let old = sshd.host_keys()[0].fingerprint();
    let (listener, remote) = echo(&house);
    let link = house.fleet.link(id).unwrap();
    let socket = link.open_unix(remote.to_str().unwrap()).await.unwrap();
    let mut stream = UnixStream::connect(socket.path()).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    stream.read_exact(&mut [0; 5]).await.unwrap();
    let waiting = {
        let link = link.clone();
        tokio::spawn(async move {
            link.exec(
                &["sleep", "30"],
                None,
                Limits {
                    time: Duration::from_secs(30),
                    ..LIMITS
                },
            )
            .await
        })
    };
    let mut events = house.fleet.watch();
    sshd.change_host_keys();
    let row = house.until(id, |row| row.state == LinkState::HostKeyChanged).await;
    let new = sshd.host_keys()[0].fingerprint();
    let reason = row.reason.unwrap();
    assert!(reason.contains(&old) && reason.contains(&new), "{reason}");
    assert_eq!(
        timeout(Duration::from_secs(2), stream.read(&mut [0; 5]))
            .await
            .unwrap()
            .unwrap_or(0),
        0
    );
    assert_eq!(
        timeout(Duration::from_secs(2), waiting)
            .await
            .unwrap()
            .unwrap()
            .unwrap_err()
            .kind,
        ErrorKind::HostUnreachable
    );
    assert!(house.fleet.link(id).is_err() && ssh_processes(&house.run_dir()).is_empty());
    assert_eq!(events.recv().await.unwrap(), LinkEvent::Down { id });
    let written = async {
        while !house.audited("machines.host_key_changed").await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(5), written).await.expect("an audit row");
    // nothing is tried again by itself; only a person accepts the new key
    sleep(Duration::from_millis(800)).await;
    assert_eq!(house.fleet.row(id).unwrap().state, LinkState::HostKeyChanged);
    assert!(house.detail(id).await.offered.iter().all(|key| !key.pinned));
    house.trust(id).await.unwrap();
    house.until(id, |row| row.state.is_up()).await;
    listener.abort();
    house.stop().await;
}

/// A Unix socket that answers what it is sent.
fn echo(house: &House) -> (tokio::task::JoinHandle<()>, PathBuf) {
    let path = house.data.path().join("echo");
    let listener = UnixListener::bind(&path).unwrap();
    let serve = async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    };
    (tokio::spawn(serve), path)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_01_names_and_arguments_reach_no_shell() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    let pwned = house.data.path().join("pwned");
    let evil = format!("';touch {0};$(touch {0})`touch {0}`\"\\", pwned.display());
    let id = house.online(&sshd, &evil.chars().take(64).collect::<String>()).await;
    let link = house.fleet.link(id).unwrap();
    let argv = ["printf", "%s\\0", &evil, "a\nb", "", " ", "*", "-n", "é\u{1F600}"];
    let output = link.exec(&argv, None, LIMITS).await.unwrap();
    let expected: Vec<u8> = argv[2..].iter().flat_map(|a| [a.as_bytes(), b"\0"].concat()).collect();
    assert_eq!((output.code, output.stdout), (Some(0), expected));
    house
        .service
        .reconnect(house.may::<Machine, MachinesReconnect>(id).await)
        .await
        .unwrap();
    house
        .service
        .delete(
            house.may::<Machine, MachinesDelete>(id).await,
            &house.fleet.row(id).unwrap().name,
        )
        .await
        .unwrap();
    assert!(!pwned.exists());
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_10_commands_are_bounded_in_output_and_time() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    let id = house.online(&sshd, "web").await;
    let link = house.fleet.link(id).unwrap();
    assert_eq!(
        link.exec(&["cat"], Some(b"\0\xffin"), LIMITS).await.unwrap().stdout,
        b"\0\xffin"
    );
    assert_eq!(
        link.exec(&["no-such-program"], None, LIMITS).await.unwrap().code,
        Some(127)
    );
    assert_eq!(
        link.exec(&["sh", "-c", "echo out; echo err >&2; exit 7"], None, LIMITS)
            .await
            .unwrap()
            .code,
        Some(7)
    );
    let long = link.exec(&["yes"], None, LIMITS).await.unwrap();
    assert!(long.truncated && long.stdout.len() == 4096);
    let late = link
        .exec(
            &["sleep", "4711"],
            None,
            Limits {
                time: Duration::from_millis(300),
                ..LIMITS
            },
        )
        .await;
    assert_eq!(late.unwrap_err().kind, ErrorKind::Timeout);
    let gone = async {
        while ps("sleep 4711") {
            sleep(Duration::from_millis(50)).await
        }
    };
    timeout(Duration::from_secs(4), gone)
        .await
        .expect("the remote process ends by itself");
    let many = (0..20).map(|n| {
        let link = link.clone();
        async move { link.exec(&["echo", &n.to_string()], None, LIMITS).await.unwrap().stdout }
    });
    let answers = futures::future::join_all(many).await;
    assert_eq!(answers[19], b"19\n");
    assert!(link.exec(&["a\0b"], None, LIMITS).await.is_err());
    house.stop().await;
}

fn ps(line: &str) -> bool {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(|e| std::fs::read(e.path().join("cmdline")).ok())
        .any(|c| String::from_utf8_lossy(&c).replace('\0', " ").trim_end() == line)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_13_stopping_leaves_no_ssh_no_socket_and_no_directory() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    let id = house.online(&sshd, "web").await;
    let (dir, link) = (house.run_dir(), house.fleet.link(id).unwrap());
    let socket = link.open_unix("/nowhere.sock").await.unwrap();
    assert!(socket.path().exists() && ssh_processes(&dir).len() == 1);
    assert!(house.tasks.stop(Duration::from_secs(5)).await);
    assert!(ssh_processes(&dir).is_empty() && !dir.exists());
    assert_eq!(
        link.exec(&["true"], None, LIMITS).await.unwrap_err().kind,
        ErrorKind::HostUnreachable
    );
    drop((socket, link));
    house.stop().await;
}

/// Not a test of its own: the server that [`sh_13_a_killed_server_takes_its_ssh_along`] kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "is run, and killed, by another test"]
async fn a_server_to_be_killed() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    house.online(&sshd, "web").await;
    let said = format!(
        "{}\n{}\n{}\n{}\n",
        house.data.path().display(),
        house.run_dir().display(),
        sshd.pid(),
        sshd.file("").display()
    );
    std::fs::write(std::env::var_os("POLLY_TEST_SAYS").unwrap(), said).unwrap();
    sleep(Duration::from_secs(60)).await;
}

#[tokio::test]
async fn sh_13_a_killed_server_takes_its_ssh_along_and_the_next_start_cleans_up() {
    let dir = tempfile::tempdir().unwrap();
    let says = dir.path().join("says");
    let name = format!("{}::a_server_to_be_killed", module_path!().split_once("::").unwrap().1);
    let mut server = tokio::process::Command::new(std::env::current_exe().unwrap());
    server
        .args(["--ignored", "--exact", &name])
        .env("POLLY_TEST_SAYS", &says)
        .kill_on_drop(true);
    let mut server = server
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    timeout(Duration::from_secs(30), async {
        while !says.exists() {
            sleep(Duration::from_millis(50)).await
        }
    })
    .await
    .expect("the server came up");
    sleep(Duration::from_millis(100)).await;
    let text = std::fs::read_to_string(&says).unwrap();
    let [data, run, sshd, sshd_dir] = text.lines().collect::<Vec<_>>().try_into().unwrap();
    let run = PathBuf::from(run);
    assert_eq!(ssh_processes(&run).len(), 1);
    server.kill().await.unwrap();
    sleep(Duration::from_millis(500)).await;
    let left = ssh_processes(&run);
    signal(sshd.parse().unwrap(), nix::sys::signal::Signal::SIGKILL);
    assert!(left.is_empty() && run.exists(), "{left:?}");
    drop(RunDir::create(std::path::Path::new(data)).await.unwrap());
    assert!(!run.exists());
    std::fs::remove_dir_all(data).unwrap();
    std::fs::remove_dir_all(sshd_dir).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_07_a_killed_master_and_a_silent_host_are_seen_and_mended() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    let id = house.online(&sshd, "web").await;
    let mut events = house.fleet.watch();
    let pid = ssh_processes(&house.run_dir())[0];
    signal(pid, nix::sys::signal::Signal::SIGKILL);
    assert_eq!(
        timeout(Duration::from_secs(2), events.recv()).await.unwrap().unwrap(),
        LinkEvent::Down { id }
    );
    assert_eq!(
        timeout(Duration::from_secs(5), events.recv()).await.unwrap().unwrap(),
        LinkEvent::Online { id }
    );
    for session in sshd.sessions() {
        signal(session, nix::sys::signal::Signal::SIGSTOP);
    }
    house
        .until(id, |row| {
            row.state == LinkState::Unreachable
                || row.state == LinkState::Degraded && row.reason.as_deref().is_some_and(|r| r.contains("late"))
        })
        .await;
    assert_eq!(
        timeout(Duration::from_secs(5), events.recv()).await.unwrap().unwrap(),
        LinkEvent::Down { id }
    );
    house.until(id, |row| row.state.is_up()).await;
    house.stop().await;
}

fn signal(pid: u32, signal: nix::sys::signal::Signal) {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_down_is_tried_again_and_says_why() {
    let (mut sshd, house) = (TestSshd::start(), House::build().await);
    let id = house.online(&sshd, "web").await;
    sshd.stop_listening();
    for session in ssh_processes(&house.run_dir()) {
        signal(session, nix::sys::signal::Signal::SIGKILL);
    }
    let row = house
        .until(id, |row| {
            row.state == LinkState::Unreachable && row.reason.as_deref().is_some_and(|r| r.contains("nothing listens"))
        })
        .await;
    assert!(row.next_try_at.is_some());
    let refused = house.fleet.link(id).err().unwrap();
    assert!(
        refused.kind == ErrorKind::HostUnreachable && refused.message.starts_with("web: "),
        "{}",
        refused.message
    );
    sshd.run();
    house.until(id, |row| row.state.is_up()).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn se_01_the_private_key_is_in_no_file_and_no_process() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    let text = LoginKey::generate("canary").unwrap().to_text().unwrap();
    let id = house
        .add(
            &sshd,
            "web",
            KeyChoice::Paste {
                private: text.to_string(),
                passphrase: None,
            },
        )
        .await;
    house.until(id, |row| row.state == LinkState::Untrusted).await;
    house.trust(id).await.unwrap();
    house.until(id, |row| row.state.is_up()).await;
    let secret = secret_bytes(&text);
    let canaries: Vec<Vec<u8>> = vec![secret.clone(), base_lines(&text), hex::encode(&secret).into_bytes()];
    let mut places = files(house.data.path());
    places.extend(files(&house.run_dir()));
    for pid in ssh_processes(&house.run_dir()) {
        places.extend(["cmdline", "environ"].map(|f| PathBuf::from(format!("/proc/{pid}/{f}"))));
    }
    assert!(places.iter().any(|p| p.ends_with("pollysystem.db")) && places.iter().any(|p| p.ends_with("cfg")));
    for place in places {
        let bytes = std::fs::read(&place).unwrap_or_default();
        for canary in &canaries {
            assert!(!bytes.windows(canary.len()).any(|w| w == canary), "{}", place.display());
        }
    }
    let wire = serde_json::to_string(&(
        house.detail(id).await,
        house
            .service
            .keys(&house.may::<Instance, MachinesCreate>(()).await)
            .await
            .unwrap(),
    ))
    .unwrap();
    assert!(!wire.contains("PRIVATE") && !wire.contains(&hex::encode(&secret)));
    house.stop().await;
}

/// The line of the text that holds most of it.
fn base_lines(text: &str) -> Vec<u8> {
    text.lines().nth(3).unwrap().as_bytes().to_vec()
}

/// Plain files below a directory.
fn files(dir: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path());
    let (dirs, mut files): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|p| p.is_dir());
    files.extend(dirs.iter().flat_map(|d| self::files(d)));
    files.retain(|p| p.is_file());
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_forgets_the_machine_and_a_key_that_nobody_else_uses() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    let first = house.online(&sshd, "first").await;
    let key = house.fleet.row(first).unwrap().key_id.unwrap();
    let second = house.add(&sshd, "second", KeyChoice::Existing { id: key }).await;
    let keys = async || {
        house
            .service
            .keys(&house.may::<Instance, MachinesCreate>(()).await)
            .await
            .unwrap()
            .into_iter()
            .map(|k| k.id)
            .collect::<Vec<KeyId>>()
    };
    let mut events = house.fleet.watch();
    house
        .service
        .delete(house.may::<Machine, MachinesDelete>(first).await, "first")
        .await
        .unwrap();
    assert_eq!(keys().await, vec![key]);
    assert!(house.fleet.row(first).is_none() && ssh_processes(&house.run_dir()).is_empty());
    assert_eq!(events.recv().await.unwrap(), LinkEvent::Down { id: first });
    assert_eq!(events.recv().await.unwrap(), LinkEvent::Deleted { id: first });
    house
        .service
        .delete(house.may::<Machine, MachinesDelete>(second).await, "second")
        .await
        .unwrap();
    assert!(keys().await.is_empty());
    assert!(house.actor.authorise::<Machine, MachinesView>(first).await.is_err());
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_are_taken_once_and_this_host_is_added_once() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    house.add(&sshd, "Web", KeyChoice::Generate).await;
    let new = ValidMachine {
        name: MachineName::parse("web").unwrap(),
        host: HostAddress::parse("192.0.2.1").unwrap(),
        port: 22,
        user: TestSshd::user(),
        key: KeyChoice::Generate,
        tags: Vec::new(),
    };
    let taken = house
        .service
        .create(house.may::<Instance, MachinesCreate>(()).await, new)
        .await
        .unwrap_err();
    assert_eq!(
        (taken.kind, taken.field.as_deref()),
        (ErrorKind::Conflict, Some("name"))
    );
    let local = house
        .service
        .add_local(house.may::<Instance, MachinesCreate>(()).await)
        .await
        .unwrap();
    house.until(local, |row| row.state.is_up()).await;
    let again = house
        .service
        .add_local(house.may::<Instance, MachinesCreate>(()).await)
        .await;
    assert_eq!(again.unwrap_err().kind, ErrorKind::Conflict);
    let output = house
        .fleet
        .link(local)
        .unwrap()
        .exec(&["echo", "here"], None, LIMITS)
        .await
        .unwrap();
    assert_eq!(output.stdout, b"here\n");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_08_noise_of_start_up_files_and_a_missing_shell_are_told() {
    let house = House::build().await;
    let noisy = TestSshd::with("ForceCommand echo noise; eval \"$SSH_ORIGINAL_COMMAND\"\nBanner /etc/hostname\n");
    let id = house.online(&noisy, "noisy").await;
    assert!(house.fleet.row(id).unwrap().state.is_up());
    assert!(
        house.measured(id).await.memory_total_bytes > 0,
        "noise breaks no answer"
    );
    let none = TestSshd::with("ForceCommand /usr/sbin/nologin\n");
    let id = house.add(&none, "none", KeyChoice::Generate).await;
    house.until(id, |row| row.state == LinkState::Untrusted).await;
    house.trust(id).await.unwrap();
    let row = house.until(id, |row| row.state == LinkState::Unreachable).await;
    assert!(row.reason.as_deref().unwrap().contains("nologin"), "{row:?}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_docker_socket_is_found_over_the_link_or_the_reason_is_said() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    let id = house.online(&sshd, "web").await;
    let row = house.fleet.row(id).unwrap();
    match std::path::Path::new("/var/run/docker.sock").exists() {
        true => assert!(row.docker.is_some() || row.reason.is_some()),
        false => assert!(row.state == LinkState::Degraded && row.reason.unwrap().contains("Docker")),
    }
    house.stop().await;
}

fn looks_real(numbers: &HostNumbers, row: &MachineRow) {
    assert!(numbers.memory_used_bytes > 0 && numbers.memory_used_bytes < numbers.memory_total_bytes);
    assert!(numbers.uptime_seconds > 0 && numbers.cpu_ratio.is_some_and(|r| (0.0..=1.0).contains(&r)));
    assert!(
        numbers
            .disks
            .iter()
            .all(|d| d.total_bytes > 0 && d.used_bytes <= d.total_bytes)
    );
    let facts = row.facts.as_ref().unwrap();
    assert_eq!(facts.memory_total_bytes, numbers.memory_total_bytes);
    assert_eq!(facts.cpu_count as usize, numbers.core_ratios.len());
    assert!(
        !facts.os.is_empty() && !facts.kernel.is_empty() && !facts.cpu_model.is_empty(),
        "{facts:?}"
    );
    assert!(
        facts.clock_offset_millis.abs() < 2_000,
        "one clock on this machine: {facts:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_is_measured_the_same_way_over_ssh_and_here() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    let local = house
        .service
        .add_local(house.may::<Instance, MachinesCreate>(()).await)
        .await
        .unwrap();
    let remote = house.online(&sshd, "web").await;
    let mut samples = house.fleet.world().numbers.samples();
    for id in [remote, local] {
        looks_real(&house.measured(id).await, &house.fleet.row(id).unwrap());
        timeout(Duration::from_secs(5), async {
            while samples.recv().await.unwrap().machine != id {}
        })
        .await
        .unwrap();
        let history = house.service.history(&house.may::<Machine, MachinesView>(id).await);
        assert!(!history.at.is_empty() && history.get("memory_used_bytes").unwrap().values[0].is_some());
    }
    let sparks = house.service.sparks(&house.may::<Anywhere, MachinesView>(()).await);
    assert!(sparks.len() == 2 && sparks.iter().all(|(_, s)| s.series.len() == 2 && !s.at.is_empty()));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_down_has_no_numbers_and_what_is_gone_no_history() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    let id = house.online(&sshd, "web").await;
    house.measured(id).await;
    house
        .service
        .disable(house.may::<Machine, MachinesDisable>(id).await)
        .await
        .unwrap();
    house.until(id, |row| row.state == LinkState::Disabled).await;
    assert!(house.numbers(id).is_none(), "nobody takes an old reading for a new one");
    assert!(house.fleet.row(id).unwrap().facts.is_some());
    assert!(!house.fleet.world().numbers.history(id).at.is_empty());
    house
        .service
        .delete(house.may::<Machine, MachinesDelete>(id).await, "web")
        .await
        .unwrap();
    assert!(house.fleet.world().numbers.history(id).at.is_empty());
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ld_08_a_host_that_does_not_answer_delays_no_other() {
    let (slow, fast, house) = (TestSshd::start(), TestSshd::start(), House::build().await);
    let (stuck, other) = (house.online(&slow, "slow").await, house.online(&fast, "fast").await);
    house.measured(stuck).await;
    house.measured(other).await;
    let mut events = house.fleet.watch();
    let mut samples = house.fleet.world().numbers.samples();
    for session in slow.sessions() {
        signal(session, nix::sys::signal::Signal::SIGSTOP);
    }
    let mut of_other = 0;
    let lost = async {
        loop {
            tokio::select! {
                sample = samples.recv() => of_other += usize::from(sample.unwrap().machine == other),
                event = events.recv() => if event.unwrap() == (LinkEvent::Down { id: stuck }) { return },
            }
        }
    };
    timeout(Duration::from_secs(15), lost)
        .await
        .expect("the silent host is given up");
    // three beats of 500 ms passed, in which four readings of 250 ms fit with a wide margin
    assert!(of_other >= 3, "{of_other} readings of the other host meanwhile");
    assert!(house.fleet.row(other).unwrap().state.is_up());
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_07_a_silent_host_is_seen_between_two_readings_that_are_far_apart() {
    let rare = Paces {
        collect: Pace {
            collect: Duration::from_secs(300),
            ..fast().collect
        },
        ..fast()
    };
    let (sshd, house) = (TestSshd::start(), House::with(rare).await);
    let id = house.online(&sshd, "web").await;
    let mut events = house.fleet.watch();
    for session in sshd.sessions() {
        signal(session, nix::sys::signal::Signal::SIGSTOP);
    }
    assert_eq!(
        timeout(Duration::from_secs(10), events.recv()).await.unwrap().unwrap(),
        LinkEvent::Down { id }
    );
    house.stop().await;
}

#[test]
fn sh_07_a_dead_line_is_noticed_within_45_seconds_at_every_pace() {
    for seconds in [1, 5, 10, 60, 300] {
        let Pace { collect, beat } = Paces::new(Duration::from_secs(60), Duration::from_secs(seconds)).collect;
        assert!(collect.min(beat) + 3 * beat <= Duration::from_secs(45));
    }
}
