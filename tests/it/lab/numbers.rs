//! What is measured on real hosts and engines, compared with what they say themselves.

use super::hosts::{Host, Lab, act, container, server};
use crate::app::{Browser, eventually};
use pollysystem::{
    core::{live::model::Rows, series::SeriesSet},
    plugins::{
        docker::model::{ContainerNumbers, ContainerRow, ContainerState},
        machines::model::{HostNumbers, MachineId, MachineRow},
    },
};
use std::time::Duration;

const WITHIN: Duration = Duration::from_secs(20);
const MIB: i64 = 1 << 20;

fn run(host: &Host, name: &str, options: &[&str], command: &str) {
    let fixed = ["docker", "run", "-d", "--name", name];
    host.run(&[&fixed[..], options, &["busybox:1.35", "sh", "-c", command]].concat());
}

/// Waits for numbers of a container that are as `wanted` says.
async fn numbers(
    browser: &Browser,
    row: &ContainerRow,
    wanted: impl Fn(&ContainerNumbers) -> bool,
) -> ContainerNumbers {
    eventually(&format!("numbers of {} as wanted", row.name), WITHIN, async || {
        let all: Rows<ContainerNumbers> = browser.ask("/api/docker/numbers", &[]).await;
        all.rows
            .into_iter()
            .find(|n| n.machine == row.machine && n.id == row.id && wanted(n))
    })
    .await
}

async fn no_numbers(browser: &Browser, row: &ContainerRow) {
    eventually(&format!("no numbers of {}", row.name), WITHIN, async || {
        let all: Rows<ContainerNumbers> = browser.ask("/api/docker/numbers", &[]).await;
        (!all.rows.iter().any(|n| n.id == row.id)).then_some(())
    })
    .await;
}

/// Used memory as `docker stats` prints it, in bytes.
fn docker_says(host: &Host, name: &str) -> i64 {
    let text = host.run(&["docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", name]);
    let used = text.split(" / ").next().unwrap().trim();
    let units = [("GiB", 1 << 30), ("MiB", MIB), ("KiB", 1 << 10), ("B", 1)];
    let (number, unit) = units
        .iter()
        .find_map(|(name, bytes)| Some((used.strip_suffix(name)?, *bytes)))
        .unwrap();
    (number.parse::<f64>().unwrap() * unit as f64) as i64
}

async fn running(browser: &Browser, machine: MachineId, name: &str) -> ContainerRow {
    container(browser, machine, name, |c| c.state == ContainerState::Running).await
}

async fn history(browser: &Browser, row: &ContainerRow) -> SeriesSet {
    let form = [("machine", &*row.machine.to_string()), ("container", row.id.as_str())];
    browser.ask("/api/docker/container_history", &form).await
}

#[tokio::test]
async fn dk_10_containers_show_what_docker_stats_shows() {
    let lab = Lab::read();
    let host = &lab.hosts[0];
    host.clean();
    run(host, "busy", &[], "while :; do :; done");
    run(host, "idle", &["--network", "host"], "exec sleep 600");
    // 48 MiB of memory, and 24 MiB of cache that does not count
    run(
        host,
        "large",
        &["-m", "128m", "--tmpfs", "/t"],
        "dd if=/dev/zero of=/t/f bs=1M count=48; dd if=/dev/zero of=/f bs=1M count=24 conv=fsync; exec sleep 600",
    );
    run(
        host,
        "talker",
        &[],
        "while :; do ping -c1 -s 1000 172.17.0.1; sleep 0.2; done",
    );
    let (app, admin) = server().await;
    let machine = lab.enrol(&admin, host).await;
    let (busy, idle) = (
        running(&admin, machine, "busy").await,
        running(&admin, machine, "idle").await,
    );
    let (large, talker) = (
        running(&admin, machine, "large").await,
        running(&admin, machine, "talker").await,
    );

    let seen = numbers(&admin, &busy, |n| n.cpu_ratio.is_some_and(|ratio| ratio > 0.5)).await;
    assert!(seen.cpu_ratio.unwrap() < 1.2, "one loop, one core: {seen:?}");
    assert_eq!(seen.pids, 1);
    let seen = numbers(&admin, &large, |n| {
        n.memory_used_bytes > 48 * MIB && n.cpu_ratio.is_some()
    })
    .await;
    let said = docker_says(host, "large");
    assert!(
        (seen.memory_used_bytes - said).abs() < 2 * MIB,
        "{} and {said}",
        seen.memory_used_bytes
    );
    assert_eq!(seen.memory_limit_bytes, 128 * MIB);
    let seen = numbers(&admin, &idle, |n| n.cpu_ratio.is_some()).await;
    assert!(seen.cpu_ratio.unwrap() < 0.05, "{seen:?}");
    assert!(
        seen.network_received_bytes_per_second.is_none(),
        "the host's network is not its own"
    );
    let fast = |n: &ContainerNumbers| n.network_sent_bytes_per_second.is_some_and(|rate| rate > 500.0);
    let seen = numbers(&admin, &talker, fast).await;
    assert!(seen.network_received_bytes_per_second.unwrap() > 500.0, "{seen:?}");

    let machines: Rows<HostNumbers> = admin.ask("/api/machines/numbers", &[]).await;
    let host_numbers = machines.rows.iter().find(|n| n.machine == machine).unwrap();
    assert!(
        host_numbers.cpu_ratio.is_some_and(|r| r > 0.2) && !host_numbers.disks.is_empty(),
        "{host_numbers:?}"
    );
    let rows: Rows<MachineRow> = admin.ask("/api/machines/list", &[]).await;
    let facts = rows.rows.into_iter().find(|r| r.id == machine).unwrap().facts.unwrap();
    assert_eq!(facts.kernel, host.run(&["uname", "-r"]));
    assert_eq!(facts.hostname, host.name);
    app.stop().await;
}

#[tokio::test]
async fn dk_10_a_restart_is_no_spike_and_what_stopped_or_is_gone_has_no_numbers() {
    let lab = Lab::read();
    let host = &lab.hosts[0];
    host.clean();
    // burns a second of processor time, then rests: a restart sets all its counters back
    run(
        host,
        "reset",
        &[],
        "timeout 1 sh -c 'while :; do :; done'; exec sleep 600",
    );
    let (app, admin) = server().await;
    let machine = lab.enrol(&admin, host).await;
    let reset = running(&admin, machine, "reset").await;
    numbers(&admin, &reset, |n| n.cpu_ratio.is_some_and(|ratio| ratio < 0.05)).await;
    host.run(&["docker", "restart", "-t", "0", "reset"]);
    numbers(&admin, &reset, |n| n.cpu_ratio.is_some_and(|ratio| ratio < 0.05)).await;
    let cores = f64::from(host.run(&["nproc"]).parse::<u32>().unwrap());
    let set = history(&admin, &reset).await;
    let ratios = &set.get("cpu_ratio").unwrap().values;
    assert!(
        ratios.iter().flatten().all(|ratio| (0.0..=cores * 1.1).contains(ratio)),
        "{ratios:?}"
    );
    assert!(
        set.get("network_received_bytes_per_second")
            .unwrap()
            .values
            .iter()
            .flatten()
            .all(|r| *r < 1e6)
    );

    act(&admin, "stop", &reset).await;
    no_numbers(&admin, &reset).await;
    assert!(
        !history(&admin, &reset).await.at.is_empty(),
        "what was is still there to look at"
    );
    act(&admin, "start", &reset).await;
    numbers(&admin, &reset, |_| true).await;
    host.run(&["docker", "pause", "reset"]);
    container(&admin, machine, "reset", |c| c.state == ContainerState::Paused).await;
    numbers(&admin, &reset, |n| n.cpu_ratio == Some(0.0)).await;
    host.run(&["docker", "rm", "-f", "reset"]);
    no_numbers(&admin, &reset).await;
    let form = [("machine", &*machine.to_string()), ("container", reset.id.as_str())];
    assert!(
        admin
            .call("/api/docker/container_history", &form)
            .await
            .status()
            .is_client_error()
    );
    app.stop().await;
}
