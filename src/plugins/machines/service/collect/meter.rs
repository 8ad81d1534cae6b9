//! From counters to numbers: what happened between two readings, by the second.

use super::parse::{ContainerCounters, CpuTimes, Devices, HostCounters, Io, Reading};
use crate::{
    core::id::UnixMillis,
    plugins::machines::{
        model::{DiskSpace, HostNumbers, MachineId},
        port::{ContainerSample, Sample},
    },
};
use std::{collections::BTreeMap, time::Duration};

/// What is known beside the readings.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub devices: Devices,
    pub disks: Vec<DiskSpace>,
}

/// The numbers of the reading `now`; those that need two are `None` without one `before`, which is `elapsed` old by
/// our own clock.
pub fn sample(
    machine: MachineId,
    at: UnixMillis,
    before: Option<(&Reading, Duration)>,
    now: &Reading,
    known: &Known,
) -> Sample {
    let before = before.map(|(reading, elapsed)| (reading, seconds(&reading.host, &now.host, elapsed)));
    let hosts = before.map(|(reading, seconds)| (&reading.host, seconds));
    let containers = now.containers.iter().map(|(id, container)| {
        let before = before.and_then(|(reading, seconds)| Some((reading.containers.get(id)?, seconds)));
        of_container(id, before, container)
    });
    Sample {
        machine,
        host: of_host(machine, at, hosts, &now.host, known),
        containers: containers.collect(),
    }
}

/// The time between two readings. The host took them by a clock that nobody sets, and an answer that came late says
/// nothing about when; ours is what counts where the two disagree too much to be believed.
fn seconds(before: &HostCounters, now: &HostCounters, elapsed: Duration) -> f64 {
    let ours = elapsed.as_secs_f64().max(0.001);
    let theirs = now.uptime_seconds.zip(before.uptime_seconds).map(|(n, b)| n - b);
    theirs
        .filter(|theirs| (ours / 3.0..=ours * 3.0).contains(theirs))
        .unwrap_or(ours)
}

fn of_host(
    machine: MachineId,
    at: UnixMillis,
    before: Option<(&HostCounters, f64)>,
    now: &HostCounters,
    known: &Known,
) -> HostNumbers {
    let rate = |counters: fn(&HostCounters) -> &BTreeMap<String, Io>, counts: &dyn Fn(&str) -> bool| {
        before.and_then(|(before, seconds)| sum_of_rates(counters(before), counters(now), counts, seconds))
    };
    let disk = rate(|host| &host.disks, &|name| is_disk(&known.devices, name));
    let network = rate(|host| &host.interfaces, &|name| is_card(&known.devices, name));
    let [load_1, load_5, load_15] = now.load;
    HostNumbers {
        machine,
        at,
        cpu_ratio: before.and_then(|(before, _)| busy(before.cpu?, now.cpu?)),
        core_ratios: before.map_or_else(Vec::new, |(before, _)| cores(&before.cores, &now.cores)),
        load_1,
        load_5,
        load_15,
        memory_used_bytes: now.memory_used_bytes,
        memory_total_bytes: now.memory_total_bytes,
        swap_used_bytes: now.swap_used_bytes,
        swap_total_bytes: now.swap_total_bytes,
        disks: known.disks.clone(),
        disk_read_bytes_per_second: disk.map(|(inward, _)| inward),
        disk_written_bytes_per_second: disk.map(|(_, outward)| outward),
        network_received_bytes_per_second: network.map(|(inward, _)| inward),
        network_sent_bytes_per_second: network.map(|(_, outward)| outward),
        uptime_seconds: now.uptime_seconds.unwrap_or(0.0) as i64,
    }
}

fn of_container(id: &str, before: Option<(&ContainerCounters, f64)>, now: &ContainerCounters) -> ContainerSample {
    let cpu = before.and_then(|(before, seconds)| {
        let nanoseconds = per_second(before.cpu_nanoseconds?, now.cpu_nanoseconds?, seconds)?;
        Some(nanoseconds / 1e9)
    });
    // another process may be in another network
    let network = before.and_then(|(before, seconds)| {
        let (old, new) = (before.network?, now.network?);
        (old.0 == new.0).then(|| rates(old.1, new.1, seconds))?
    });
    let block = before.and_then(|(before, seconds)| rates(before.block?, now.block?, seconds));
    ContainerSample {
        id: id.to_owned(),
        cpu_ratio: cpu,
        memory_used_bytes: now.memory_used_bytes,
        memory_limit_bytes: now.memory_limit_bytes,
        network_received_bytes_per_second: network.map(|(inward, _)| inward),
        network_sent_bytes_per_second: network.map(|(_, outward)| outward),
        block_read_bytes_per_second: block.map(|(inward, _)| inward),
        block_written_bytes_per_second: block.map(|(_, outward)| outward),
        pids: now.pids,
    }
}

/// `None` when the counter went back: what happened since is not known, and a guess would be a spike.
fn per_second(before: u64, now: u64, seconds: f64) -> Option<f64> {
    let rate = now.checked_sub(before)? as f64 / seconds;
    rate.is_finite().then_some(rate)
}

fn rates(before: Io, now: Io, seconds: f64) -> Option<(f64, f64)> {
    Some((
        per_second(before.inward, now.inward, seconds)?,
        per_second(before.outward, now.outward, seconds)?,
    ))
}

/// Of those devices that count and are in both readings; one that was reset is left out.
fn sum_of_rates(
    before: &BTreeMap<String, Io>,
    now: &BTreeMap<String, Io>,
    counts: &dyn Fn(&str) -> bool,
    seconds: f64,
) -> Option<(f64, f64)> {
    let counting = now.iter().filter(|(name, _)| counts(name));
    counting
        .filter_map(|(name, now)| rates(*before.get(name)?, *now, seconds))
        .reduce(|sum, next| (sum.0 + next.0, sum.1 + next.1))
}

fn busy(before: CpuTimes, now: CpuTimes) -> Option<f64> {
    let busy = now.busy.checked_sub(before.busy)?;
    // the kernel lets the time of waiting for a disk go back a little
    let all = busy.saturating_add(now.idle.saturating_sub(before.idle));
    (all > 0).then(|| busy as f64 / all as f64)
}

/// Empty when the number of cores changed.
fn cores(before: &[CpuTimes], now: &[CpuTimes]) -> Vec<f64> {
    if before.len() != now.len() {
        return Vec::new();
    }
    let pairs = before.iter().zip(now);
    pairs.map(|(before, now)| busy(*before, *now).unwrap_or(0.0)).collect()
}

/// A disk, not a part of one and nothing that lies on others.
fn is_disk(devices: &Devices, name: &str) -> bool {
    if !devices.disks.is_empty() {
        return devices.disks.contains(name);
    }
    let kind = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let part_of_kind = kind
        .strip_suffix('p')
        .is_some_and(|k| k.ends_with(|c: char| c.is_ascii_digit()));
    match kind {
        "mmcblk" => true,
        _ if kind.starts_with("nvme") => kind.ends_with('n'),
        _ => {
            let disk = ["sd", "vd", "xvd", "hd"].iter().any(|k| kind.starts_with(k));
            disk && kind == name && !part_of_kind
        }
    }
}

/// A network card; where the host shows none (a guest that gets its interface from outside), what looks like one.
fn is_card(devices: &Devices, name: &str) -> bool {
    if !devices.interfaces.is_empty() {
        return devices.interfaces.contains(name);
    }
    const INNER: [&str; 13] = [
        "lo", "veth", "docker", "br-", "virbr", "cni", "podman", "flannel", "cali", "tun", "tap", "wg", "dummy",
    ];
    !INNER.iter().any(|inner| name.starts_with(inner)) && !name.contains(['.', '@'])
}

#[cfg(test)]
#[path = "meter_test.rs"]
mod tests;
