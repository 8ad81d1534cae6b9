//! The host's own counters, from /proc.

use super::{DEVICES, Io, interface, number, real, signed};
use std::collections::BTreeMap;

/// Bytes of a sector in /proc/diskstats, whatever the device's own are.
const SECTOR: u64 = 512;

/// Ticks since boot of one core, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTimes {
    pub busy: u64,
    /// Waiting for a disk included.
    pub idle: u64,
}

/// What one reading says of the host; 0 and `None` where it does not say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostCounters {
    pub cpu: Option<CpuTimes>,
    pub cores: Vec<CpuTimes>,
    pub load: [f64; 3],
    pub memory_used_bytes: i64,
    pub memory_total_bytes: i64,
    pub swap_used_bytes: i64,
    pub swap_total_bytes: i64,
    /// Since boot; of a clock that nobody sets.
    pub uptime_seconds: Option<f64>,
    /// Bytes by block device, partitions too.
    pub disks: BTreeMap<String, Io>,
    /// Bytes by interface.
    pub interfaces: BTreeMap<String, Io>,
}

/// A reading of the host as it is put together.
#[derive(Default)]
pub(super) struct Host {
    counters: HostCounters,
    memory: BTreeMap<String, u64>,
    /// `/proc/net/dev` is read before and after the containers': who lies between shares the host's network.
    after: BTreeMap<String, Io>,
}

impl Host {
    /// Takes a line of one of the files in /proc; `false` when it is none of them.
    pub(super) fn line(&mut self, file: &str, line: &str) -> bool {
        match file {
            "stat" => self.cpu(line),
            "meminfo" => self.meminfo(line),
            "loadavg" => {
                let mut words = line.split_ascii_whitespace();
                self.counters.load = [(); 3].map(|()| real(words.next()).unwrap_or(0.0));
            }
            "uptime" => self.counters.uptime_seconds = real(line.split_ascii_whitespace().next()),
            "diskstats" => self.disk(line),
            _ => return false,
        }
        true
    }

    fn cpu(&mut self, line: &str) {
        let mut words = line.split_ascii_whitespace();
        let name = words.next().unwrap_or_default();
        // user nice system idle iowait irq softirq steal; guests are part of user
        let [user, nice, system, idle, iowait, irq, softirq, steal] = [(); 8].map(|()| number(words.next()));
        let (Some(user), Some(idle)) = (user, idle) else { return };
        let sum = |parts: &[Option<u64>]| parts.iter().flatten().fold(0, |a: u64, b| a.saturating_add(*b));
        let times = CpuTimes {
            busy: sum(&[Some(user), nice, system, irq, softirq, steal]),
            idle: sum(&[Some(idle), iowait]),
        };
        match name.strip_prefix("cpu") {
            Some("") => self.counters.cpu = Some(times),
            Some(core) if core.parse::<u32>().is_ok() && self.counters.cores.len() < DEVICES => {
                self.counters.cores.push(times);
            }
            _ => {}
        }
    }

    fn meminfo(&mut self, line: &str) {
        if let Some((name, rest)) = line.split_once(':')
            && let Some(kilobytes) = number(rest.split_ascii_whitespace().next())
            && self.memory.len() < DEVICES
        {
            self.memory.insert(name.to_owned(), kilobytes.saturating_mul(1024));
        }
    }

    fn disk(&mut self, line: &str) {
        let mut words = line.split_ascii_whitespace().skip(2);
        if let Some(name) = words.next()
            && let (Some(read), Some(written)) = (number(words.nth(2)), number(words.nth(3)))
            && self.counters.disks.len() < DEVICES
        {
            let io = Io {
                inward: read.saturating_mul(SECTOR),
                outward: written.saturating_mul(SECTOR),
            };
            self.counters.disks.insert(name.to_owned(), io);
        }
    }

    /// Takes a line of the host's own `/proc/net/dev`.
    pub(super) fn network(&mut self, line: &str) {
        let Some((name, io)) = interface(line) else { return };
        let first = &mut self.counters.interfaces;
        let map = if first.contains_key(name) {
            &mut self.after
        } else {
            first
        };
        if map.len() < DEVICES {
            map.insert(name.to_owned(), io);
        }
    }

    /// Whether these are the host's interfaces: the same names, and each counter between the host's before and after.
    pub(super) fn is_own_network(&self, interfaces: &BTreeMap<String, Io>) -> bool {
        let before = &self.counters.interfaces;
        before.len() == interfaces.len()
            && interfaces.iter().all(|(name, io)| {
                let (before, after) = (before.get(name), self.after.get(name));
                before.is_some_and(|b| b.inward <= io.inward && b.outward <= io.outward)
                    && after.is_none_or(|a| io.inward <= a.inward && io.outward <= a.outward)
            })
    }

    pub(super) fn finish(self) -> HostCounters {
        let of = |name: &str| self.memory.get(name).copied().unwrap_or(0);
        // kernels before 3.14 do not say what is available
        let available = self.memory.get("MemAvailable").copied().unwrap_or_else(|| {
            ["MemFree", "Buffers", "Cached", "SReclaimable"]
                .iter()
                .fold(0, |sum: u64, name| sum.saturating_add(of(name)))
        });
        HostCounters {
            memory_used_bytes: signed(of("MemTotal").saturating_sub(available)),
            memory_total_bytes: signed(of("MemTotal")),
            swap_used_bytes: signed(of("SwapTotal").saturating_sub(of("SwapFree"))),
            swap_total_bytes: signed(of("SwapTotal")),
            ..self.counters
        }
    }
}
