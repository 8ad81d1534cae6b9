//! Faults of hosts, of sshd and of the line between, each against a real sshd.

use super::{
    super::ssh::testing::{Weather, Wire},
    *,
};
use crate::plugins::machines::model::{DockerVia, Sharing};
use std::{os::unix::fs::PermissionsExt, path::Path};

/// Slower than ssh's own ten seconds, so that its words for a stage come first where it has any.
fn patient() -> Paces {
    Paces {
        login: Duration::from_secs(12),
        ..fast()
    }
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Polls until `holds`; a failure names `what`.
async fn becomes(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(40), "never: {what}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_06_a_peer_that_stalls_at_any_stage_is_given_up_and_costs_the_others_nothing() {
    let house = House::with(patient()).await;
    let good = TestSshd::start();
    let healthy = house.online(&good, "healthy").await;
    let since = house.fleet.row(healthy).unwrap().since;
    let bad = [
        (Weather::Silent, "waiting for its SSH banner"),
        (Weather::Trickle, "waiting for its SSH banner"),
        (Weather::SilentAfter(60), "exchanging keys"),
        (Weather::SilentOnce("Accepted publickey"), ""),
        (Weather::Reset, "hangs up at once"),
    ];
    let mut peers = Vec::new();
    for (n, (weather, says)) in bad.into_iter().enumerate() {
        let sshd = TestSshd::start();
        let wire = Wire::to(&sshd).await;
        let id = house.online_at(&sshd, wire.port, &format!("bad-{n}")).await;
        peers.push((id, sshd, wire, weather, says));
    }
    let (run, before) = (house.run_dir(), descriptors());
    assert_eq!(ssh_processes(&run).len(), 6);
    for (_, _, wire, weather, _) in &peers {
        wire.becomes(weather.clone());
    }
    for (id, _, _, weather, says) in &peers {
        let told = |row: &MachineRow| {
            let reason = row.reason.clone().unwrap_or_default();
            let stage = match weather {
                // its last word may be the login's end or the first command's beginning
                Weather::SilentOnce(_) => reason.contains("logging in") || reason.contains("no command answers"),
                _ => reason.contains(says),
            };
            row.state == LinkState::Unreachable && row.next_try_at.is_some() && stage
        };
        house.until(*id, told).await;
        let output = house
            .fleet
            .link(healthy)
            .unwrap()
            .exec(&["echo", "well"], None, LIMITS)
            .await;
        assert_eq!(output.unwrap().stdout, b"well\n", "beside {weather:?}");
    }
    let row = house.fleet.row(healthy).unwrap();
    assert_eq!(
        (row.since, row.state.is_up()),
        (since, true),
        "the healthy one did not notice"
    );
    for (_, _, wire, _, _) in &peers {
        wire.becomes(Weather::Fine);
    }
    for (id, ..) in &peers {
        house.until(*id, |row| row.state.is_up()).await;
        let connects = house.fleet.connects(*id);
        assert!(connects[0].failure.is_none() && connects.len() <= 20 && connects.iter().any(|c| c.failure.is_some()));
    }
    becomes("one ssh per machine", || ssh_processes(&run).len() == 6).await;
    becomes("no descriptor is left over", || descriptors() <= before + 4).await;
    drop(peers);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_07_a_removed_control_socket_is_seen_and_one_connect_mends_it_without_repeating_work() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    let id = house.online(&sshd, "web").await;
    let mut events = house.fleet.watch();
    let ran = house.data.path().join("ran");
    let link = house.fleet.link(id).unwrap();
    let work = {
        let (link, script) = (link.clone(), format!("echo once >> {}; sleep 60", ran.display()));
        tokio::spawn(async move {
            link.exec(
                &["sh", "-c", &script],
                None,
                Limits {
                    time: Duration::from_secs(60),
                    ..LIMITS
                },
            )
            .await
        })
    };
    becomes("the work has begun", || ran.exists()).await;
    let control: Vec<_> = files_named(&house.run_dir(), "ctl");
    assert_eq!(control.len(), 1);
    std::fs::remove_file(&control[0]).unwrap();
    let next = async |events: &mut tokio::sync::broadcast::Receiver<LinkEvent>| {
        timeout(Duration::from_secs(10), events.recv()).await.unwrap().unwrap()
    };
    assert_eq!(next(&mut events).await, LinkEvent::Down { id });
    assert_eq!(work.await.unwrap().unwrap_err().kind, ErrorKind::HostUnreachable);
    assert_eq!(next(&mut events).await, LinkEvent::Online { id });
    assert_eq!(sshd.log().matches("Accepted publickey").count(), 2, "one reconnect");
    let ended = house.fleet.connects(id)[1].ended.clone().unwrap();
    assert!(ended.why.contains("control socket was removed"), "{ended:?}");
    assert_eq!(std::fs::read_to_string(&ran).unwrap(), "once\n");
    let again = house
        .fleet
        .link(id)
        .unwrap()
        .exec(&["echo", "again"], None, LIMITS)
        .await;
    assert_eq!(again.unwrap().stdout, b"again\n");
    assert_eq!(ssh_processes(&house.run_dir()).len(), 1);
    house.stop().await;
}

/// Files and sockets of this name, anywhere below.
fn files_named(dir: &Path, name: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .flat_map(|e| match e.path() {
            path if path.is_dir() => files_named(&path, name),
            path if e.file_name() == name => vec![path],
            _ => Vec::new(),
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_07_a_stopped_sshd_is_noticed_told_and_left_alone_until_it_goes_on() {
    let (sshd, house) = (TestSshd::start(), House::with(patient()).await);
    let id = house.online(&sshd, "web").await;
    let all = [&[sshd.pid()][..], &sshd.sessions()].concat();
    for pid in &all {
        signal(*pid, nix::sys::signal::Signal::SIGSTOP);
    }
    let row = house
        .until(id, |row| {
            row.state == LinkState::Unreachable && row.reason.as_deref().is_some_and(|r| r.contains("SSH banner"))
        })
        .await;
    assert!(row.next_try_at.is_some());
    for pid in &all {
        signal(*pid, nix::sys::signal::Signal::SIGCONT);
    }
    house.until(id, |row| row.state.is_up()).await;
    assert_eq!(ssh_processes(&house.run_dir()).len(), 1);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_08_few_sessions_make_calls_wait_and_one_session_is_told() {
    let house = House::build().await;
    let two = TestSshd::with("MaxSessions 2\n");
    let id = house.online(&two, "two").await;
    let link = house.fleet.link(id).unwrap();
    let many = (0..20).map(|n| {
        let link = link.clone();
        async move {
            link.exec(&["echo", &n.to_string()], None, LIMITS)
                .await
                .map(|out| out.stdout)
        }
    });
    let answers = futures::future::join_all(many).await;
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(
            answer.unwrap(),
            format!("{n}\n").into_bytes(),
            "each waits for its turn"
        );
    }
    let one = TestSshd::with("MaxSessions 1\n");
    let id = house.online(&one, "one").await;
    let row = house.until(id, |row| row.reason.is_some()).await;
    assert!(
        row.state == LinkState::Degraded && row.reason.as_deref().unwrap().contains("MaxSessions"),
        "{row:?}"
    );
    let refused = house
        .fleet
        .link(id)
        .unwrap()
        .exec(&["true"], None, LIMITS)
        .await
        .unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Unavailable);
    house.stop().await;
}

/// A socket, and a `docker` that answers each call as an engine does.
fn fake_docker(dir: &Path) -> (UnixListener, PathBuf, String) {
    let socket = dir.join("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let bin = dir.join("bin");
    std::fs::create_dir(&bin).unwrap();
    let script = format!(
        "#!/bin/sh\n[ \"$*\" = '-H unix://{} system dial-stdio' ] || exit 9\nread -r line\nprintf 'HTTP/1.0 200 OK\\r\\n\\r\\n{{\"Version\":\"9.9\"}}'\n",
        socket.display()
    );
    std::fs::write(bin.join("docker"), script).unwrap();
    std::fs::set_permissions(bin.join("docker"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = format!(
        "SetEnv PATH={}:/usr/bin:/bin\nAllowStreamLocalForwarding no\n",
        bin.display()
    );
    (listener, socket, config)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_08_where_sockets_are_not_forwarded_docker_is_reached_by_commands() {
    let house = House::build().await;
    let dir = tempfile::tempdir().unwrap();
    let (_listener, socket, config) = fake_docker(dir.path());
    let sshd = TestSshd::with(&config);
    let id = house.online(&sshd, "web").await;
    edits::edit(&house, id, |form| form.docker_socket = socket.display().to_string())
        .await
        .unwrap();
    let row = house
        .until(id, |row| row.state == LinkState::Online && row.docker.is_some())
        .await;
    let docker = row.docker.unwrap();
    assert_eq!(
        (docker.via, docker.version.as_deref()),
        (DockerVia::Commands, Some("9.9"))
    );
    let local = house.fleet.docker_socket(id).await.unwrap();
    assert_eq!(
        std::fs::metadata(local.path()).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let calls = (0..12).map(|_| async {
        let mut stream = UnixStream::connect(local.path()).await.unwrap();
        stream.write_all(b"GET /version HTTP/1.0\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    });
    let calls = async { futures::future::join_all(calls).await };
    let commands = house.fleet.link(id).unwrap();
    let beside = async { commands.exec(&["echo", "beside"], None, LIMITS).await };
    let (answers, beside) = tokio::join!(calls, beside);
    assert!(answers.iter().all(|answer| answer.contains("9.9")), "{answers:?}");
    assert_eq!(
        beside.unwrap().stdout,
        b"beside\n",
        "commands get through beside the calls"
    );
    let path = local.path().to_owned();
    drop(local);
    assert!(!path.exists());
    // what the host's docker says is told as an engine tells it
    std::fs::write(dir.path().join("bin/docker"), "#!/bin/sh\nexit 1\n").unwrap();
    let local = house.fleet.docker_socket(id).await;
    if let Ok(local) = local {
        let mut stream = UnixStream::connect(local.path()).await.unwrap();
        stream.write_all(b"GET /version HTTP/1.0\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 503") && answer.contains("docker info"),
            "{answer}"
        );
    }
    let row = house.until(id, |row| row.state == LinkState::Degraded).await;
    assert!(
        row.reason.as_deref().unwrap().contains("AllowStreamLocalForwarding"),
        "{row:?}"
    );
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_08_a_host_that_takes_one_stranger_at_a_time_shows_all_its_keys() {
    let (sshd, house) = (TestSshd::with("MaxStartups 1:100:1\n"), House::build().await);
    let id = house.online(&sshd, "narrow").await;
    assert_eq!(
        house.detail(id).await.pinned.len(),
        2,
        "not only the one that came first"
    );
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_08_a_start_up_file_that_talks_and_waits_five_seconds_is_waited_for() {
    let slow =
        "ForceCommand echo Welcome; echo polly-socket ok /tmp/planted; sleep 5; eval \"$SSH_ORIGINAL_COMMAND\"\n";
    let (sshd, house) = (TestSshd::with(slow), House::build().await);
    let id = house.online(&sshd, "slow").await;
    let output = house
        .fleet
        .link(id)
        .unwrap()
        .exec(&["printf", "%s", "the answer"], None, LIMITS)
        .await
        .unwrap();
    assert!(output.code == Some(0) && output.stdout.ends_with(b"the answer"));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_10_a_gigabyte_without_a_line_break_endless_and_binary_output_cost_their_limit_and_no_more() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    let id = house.online(&sshd, "web").await;
    let link = house.fleet.link(id).unwrap();
    let limits = Limits {
        time: Duration::from_secs(30),
        output_bytes: 1 << 20,
    };
    let before = peak_kib();
    for script in [
        "head -c 1073741824 /dev/zero",
        "yes | tr -d '\\n'",
        "cat /dev/urandom",
        "cat /dev/urandom >&2",
        "while :; do printf '\\377\\376'; printf '\\200' >&2; done",
    ] {
        let output = link.exec(&["sh", "-c", script], None, limits).await.unwrap();
        assert!(output.truncated && output.code.is_none(), "{script}");
        assert!(output.stdout.len().max(output.stderr.len()) == 1 << 20, "{script}");
    }
    let grown = peak_kib() - before;
    assert!(grown < 64 << 10, "{grown} KiB more for five times 1 MiB");
    becomes("nothing goes on running there", || {
        !ps("cat /dev/urandom") && !ps("head -c 1073741824 /dev/zero")
    })
    .await;
    house.until(id, |row| row.state.is_up()).await;
    house.stop().await;
}

/// The most memory that this process ever had.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_15_two_machines_that_are_one_host_are_told_and_never_share_a_master() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    let wire = Wire::to(&sshd).await;
    let first = house.online(&sshd, "first").await;
    let second = house.online(&sshd, "second").await;
    let third = house.online_at(&sshd, wire.port, "third").await;
    let told = async |id: MachineId| {
        let found = house.detail(id).await.duplicates;
        found.into_iter().map(|d| (d.name, d.shares)).collect::<Vec<_>>()
    };
    let (second_name, third_name) = ("second".to_owned(), "third".to_owned());
    assert_eq!(
        told(first).await,
        [(second_name, Sharing::Address), (third_name, Sharing::HostKey)]
    );
    assert_eq!(told(third).await.len(), 2);
    assert_eq!(
        ssh_processes(&house.run_dir()).len(),
        3,
        "each has a connection of its own"
    );
    let pids = |id: MachineId| ssh_processes(&house.run_dir().join(format!("m-{}", id.0.simple())));
    let kept = pids(first);
    let name = house.fleet.row(second).unwrap().name;
    house
        .service
        .delete(house.may::<Machine, MachinesDelete>(second).await, &name)
        .await
        .unwrap();
    assert_eq!(
        (pids(first), pids(second)),
        (kept, vec![]),
        "the end of one is not the end of the other"
    );
    let output = house
        .fleet
        .link(first)
        .unwrap()
        .exec(&["echo", "first"], None, LIMITS)
        .await;
    assert_eq!(output.unwrap().stdout, b"first\n");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_goes_away_and_comes_back_is_noticed_both_times() {
    let (sshd, house) = (TestSshd::start(), House::build().await);
    let path = house.data.path().join("docker.sock");
    let id = house.online(&sshd, "web").await;
    edits::edit(&house, id, |form| form.docker_socket = path.display().to_string())
        .await
        .unwrap();
    let missing = house
        .until(id, |row| row.reason.is_some() && row.state == LinkState::Degraded)
        .await;
    assert!(missing.reason.unwrap().contains(path.to_str().unwrap()));
    let mut events = house.fleet.watch();
    let engine = engine(&path, "HTTP/1.0 200 OK\r\n\r\n{\"Version\":\"1.2\"}");
    let row = house.until(id, |row| row.docker.is_some()).await;
    assert_eq!(
        (row.state, row.docker.unwrap().version.as_deref()),
        (LinkState::Online, Some("1.2"))
    );
    assert_eq!(events.recv().await.unwrap(), LinkEvent::Online { id });
    engine.abort();
    let _ = engine.await;
    house
        .until(id, |row| row.docker.is_none() && row.state == LinkState::Degraded)
        .await;
    std::fs::remove_file(&path).unwrap();
    let nonsense = self::engine(&path, "220 smtp.example.org ESMTP\r\n\r\n");
    house
        .until(id, |row| {
            row.reason
                .as_deref()
                .is_some_and(|r| r.contains("no engine answers") || r.contains("not a Docker engine"))
        })
        .await;
    nonsense.abort();
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ld_08_a_machine_that_is_a_hundred_times_slower_holds_up_its_own_calls_only() {
    let house = House::with(Paces {
        collect: Pace {
            collect: Duration::from_secs(5),
            beat: Duration::from_secs(5),
        },
        key_probe: Duration::from_secs(60),
        ..patient()
    })
    .await;
    let sshds = [TestSshd::start(), TestSshd::start(), TestSshd::start()];
    let wire = Wire::to(&sshds[0]).await;
    let slow = house.online_at(&sshds[0], wire.port, "slow").await;
    let (one, two) = (
        house.online(&sshds[1], "one").await,
        house.online(&sshds[2], "two").await,
    );
    wire.becomes(Weather::Slow(Duration::from_millis(700)));
    let row = house
        .until(slow, |row| row.state.is_up() && house.fleet.connects(row.id).len() == 2)
        .await;
    assert!(row.connect_ms.unwrap() > 1_000, "it is slow indeed: {row:?}");
    let finished = std::sync::Mutex::new(Vec::new());
    let calls = |id: MachineId, calls: usize| {
        let (link, finished) = (house.fleet.link(id).unwrap(), &finished);
        async move {
            let all = (0..calls).map(|_| link.exec(&["true"], None, LIMITS));
            let all = futures::future::join_all(all).await;
            finished.lock().unwrap().push(id);
            all.into_iter().filter(Result::is_ok).count()
        }
    };
    let done = tokio::join!(calls(slow, 14), calls(one, 14), calls(two, 14));
    assert_eq!(done, (14, 14, 14));
    assert_eq!(
        *finished.lock().unwrap().last().unwrap(),
        slow,
        "the others did not wait for it"
    );
    house.stop().await;
}

/// Answers everybody with the same text.
fn engine(path: &Path, answer: &'static str) -> tokio::task::JoinHandle<()> {
    let listener = UnixListener::bind(path).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    })
}
