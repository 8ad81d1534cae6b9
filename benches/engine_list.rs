//! P1: the list of 50 containers of a host over SSH: through the forwarded socket, against the engine's own
//! socket on that host and against `docker -H ssh://`. Needs one host of the lab (`POLLY_LAB`).
//!
//! The same request, made by hand, goes to both sockets: the engine's own is reached through the host's root in
//! `/proc`, so it has no network in between. The three take turns, so that another program's load meets all.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    dead_code,
    reason = "a measurement that cannot go on ends; it prints its figures, and uses a part of the tests' helpers"
)]

#[path = "../tests/it/app.rs"]
mod app;
#[path = "../tests/it/lab/hosts.rs"]
mod hosts;
#[path = "report/line.rs"]
mod line;
mod report;

use hosts::{Host, Lab, lab};
use pollysystem::plugins::machines::{model::MachineId, port::MachinesPort};
use report::{line, quantile};
use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

const CONTAINERS: usize = 50;
const CALLS: usize = 200;
const CLI_CALLS: usize = 10;
/// Of the long line: 20 ms there and back.
const ONE_WAY: Duration = Duration::from_millis(10);

#[tokio::main]
async fn main() {
    let lab_file = Lab::read();
    let host = lab_file.hosts.first().expect("the lab has a host").clone();
    host.clean();
    let make = format!(
        "for i in $(seq {CONTAINERS}); do docker create --name bench-$i busybox:1.35 sleep 60 >/dev/null; done"
    );
    host.run(&["sh", "-c", &make]);
    let (server, admin) = hosts::server().await;
    let machine = lab_file.enrol(&admin, &host).await;

    let near = measure(&server, machine, &lab_file, &host, &host).await;
    line(
        "P1",
        "list of 50 over the forwarded socket, to the engine's own",
        near.forwarded / near.own,
        "x",
        1.5,
        "",
    );
    line(
        "P1",
        "docker -H ssh:// against the forwarded socket",
        near.cli / near.forwarded,
        "x",
        60.0,
        " (more is better)",
    );
    println!(
        "     p50: own socket {:.2} ms, forwarded {:.2} ms ({CALLS} calls each, in turns); the CLI {:.0} ms ({CLI_CALLS} calls)",
        near.own, near.forwarded, near.cli
    );
    // The same host at the end of a long line.
    let far_host = Host {
        name: "far".to_owned(),
        address: "127.0.0.1".to_owned(),
        port: line::line((host.address.clone(), host.port), ONE_WAY).await,
        ..host.clone()
    };
    let far_machine = lab_file.enrol(&admin, &far_host).await;
    let far = measure(&server, far_machine, &lab_file, &host, &far_host).await;
    let round_trip = 2.0 * ONE_WAY.as_secs_f64() * 1e3;
    line(
        "P1",
        "20 ms away, to 1.5 x the engine's own socket and one round trip",
        far.forwarded / (1.5 * far.own + round_trip),
        "x",
        1.0,
        "",
    );
    println!(
        "     p50 20 ms away: own socket {:.2} ms, forwarded {:.2} ms; the CLI {:.0} ms",
        far.own, far.forwarded, far.cli
    );
    host.clean();
    server.stop().await;
}

/// Milliseconds, medians.
struct Medians {
    own: f64,
    forwarded: f64,
    cli: f64,
}

/// `reached` is the host as the CLI gets there.
async fn measure(server: &app::TestApp, machine: MachineId, lab: &Lab, host: &Host, reached: &Host) -> Medians {
    let own = PathBuf::from(format!("/proc/{}/root/run/docker.sock", pid(host)));
    let port = server.server.core.services.get::<MachinesPort>().unwrap();
    let socket = port.docker_socket(machine).await.unwrap();
    let (mut direct, mut forwarded) = (Vec::new(), Vec::new());
    for round in 0..CALLS + 10 {
        let pair = (list(&own).await, list(socket.path()).await);
        if round >= 10 {
            direct.push(pair.0);
            forwarded.push(pair.1);
        }
    }
    Medians {
        own: quantile(&mut direct, 50),
        forwarded: quantile(&mut forwarded, 50),
        cli: quantile(&mut cli(lab, reached), 50),
    }
}

/// One request on a connection of its own, as the adapter makes them.
async fn list(path: &Path) -> Duration {
    let begun = Instant::now();
    let mut stream = UnixStream::connect(path).await.unwrap();
    let request = "GET /v1.41/containers/json?all=1 HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let took = begun.elapsed();
    assert!(
        answer.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    let found = answer.windows(8).filter(|window| *window == b"/bench-1").count();
    assert!(found >= 1, "the list has our containers");
    took
}

/// `docker -H ssh://`, which starts ssh for each call; a wrapper gives ssh the lab's key.
fn cli(lab: &Lab, host: &Host) -> Vec<Duration> {
    let dir = tempfile::tempdir().unwrap();
    let wrapper = dir.path().join("ssh");
    let text = format!(
        "#!/bin/sh\nexec /usr/bin/ssh -F /dev/null -i {} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \"$@\"\n",
        lab.key.display()
    );
    std::fs::write(&wrapper, text).unwrap();
    std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").unwrap());
    let call = || {
        let begun = Instant::now();
        let done = Command::new("docker")
            .args([
                "-H",
                &format!("ssh://{}@{}:{}", lab.user, host.address, host.port),
                "ps",
                "-aq",
            ])
            .env("PATH", &path)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(done.success());
        begun.elapsed()
    };
    (0..CLI_CALLS).map(|_| call()).collect()
}

/// The host's first process, which the lab's script knows.
fn pid(host: &Host) -> String {
    let list = lab(&["list"]);
    let line = list
        .lines()
        .find(|line| line.starts_with(&format!("{} ", host.name)))
        .unwrap();
    let pid = line.rsplit_once("pid ").unwrap().1;
    pid.trim_end_matches(')').to_owned()
}
