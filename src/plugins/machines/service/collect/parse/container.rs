//! The containers' counters, from their control groups (v1 and v2) and the network of their first process.

use super::{CONTAINERS, DEVICES, host::Host, interface, number, signed};
use std::collections::{BTreeMap, HashMap};

/// A limit at or above this is none: v1 says "no limit" as the largest number of whole pages.
const NO_LIMIT: u64 = 1 << 60;

/// Bytes since the beginning: received or read, and sent or written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Io {
    pub inward: u64,
    pub outward: u64,
}

impl Io {
    fn add(&mut self, other: Self) {
        self.inward = self.inward.saturating_add(other.inward);
        self.outward = self.outward.saturating_add(other.outward);
    }
}

/// What one reading says of one container.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerCounters {
    pub cpu_nanoseconds: Option<u64>,
    /// Without the page cache that nobody used lately, as `docker stats` counts it.
    pub memory_used_bytes: i64,
    pub memory_limit_bytes: Option<i64>,
    pub block: Option<Io>,
    pub pids: i64,
    /// The process whose network was read, and what it said; `None` too for the host's own network.
    pub network: Option<(u32, Io)>,
    /// Nothing was said of a network, not even of the host's.
    pub network_unknown: bool,
}

#[derive(Default)]
struct Group {
    counters: ContainerCounters,
    memory: u64,
    inactive: u64,
    first: Option<u32>,
}

/// A reading of the containers as it is put together.
#[derive(Default)]
pub(super) struct Containers {
    groups: BTreeMap<String, Group>,
    networks: HashMap<u32, BTreeMap<String, Io>>,
    /// Processes were listed.
    anew: bool,
}

impl Containers {
    /// Takes a line of `file` in the control group `dir` within `parent`.
    pub(super) fn line(&mut self, file: &str, dir: &str, parent: &str, line: &str) {
        let Some(id) = id(dir).or_else(|| id(parent).filter(|_| dir == "container")) else {
            return;
        };
        if !self.groups.contains_key(id) {
            if self.groups.len() >= CONTAINERS {
                return;
            }
            self.groups.insert(id.to_owned(), Group::default());
        }
        if let Some(group) = self.groups.get_mut(id) {
            self.anew |= group.line(file, line);
        }
    }

    /// Takes a line of `/proc/PROCESS/net/dev`.
    pub(super) fn network(&mut self, process: u32, line: &str) {
        let known = self.networks.contains_key(&process);
        if let Some((name, io)) = interface(line)
            && (known || self.networks.len() < CONTAINERS)
        {
            let interfaces = self.networks.entry(process).or_default();
            if interfaces.len() < DEVICES {
                interfaces.insert(name.to_owned(), io);
            }
        }
    }

    pub(super) fn finish(self, host: &Host, firsts: &mut BTreeMap<String, u32>) -> BTreeMap<String, ContainerCounters> {
        if self.anew {
            *firsts = self
                .groups
                .iter()
                .filter_map(|(id, group)| Some((id.clone(), group.first?)))
                .collect();
        }
        let networks = &self.networks;
        let finished = self.groups.into_iter().map(|(id, mut group)| {
            let first = firsts.get(&id).copied();
            let interfaces = first.and_then(|first| Some((first, networks.get(&first)?)));
            group.counters.network_unknown = interfaces.is_none();
            group.counters.network = interfaces
                .filter(|(_, interfaces)| !host.is_own_network(interfaces))
                .map(|(first, interfaces)| (first, outside(interfaces)));
            (id, group.finish())
        });
        finished.collect()
    }
}

/// What went in and out, loopback left out.
fn outside(interfaces: &BTreeMap<String, Io>) -> Io {
    let mut sum = Io::default();
    for (_, io) in interfaces.iter().filter(|(name, _)| *name != "lo") {
        sum.add(*io);
    }
    sum
}

impl Group {
    /// `true` when the line listed a process.
    fn line(&mut self, file: &str, line: &str) -> bool {
        let mut words = line.split_ascii_whitespace();
        let first = words.next();
        match file {
            "cpuacct.usage" => self.counters.cpu_nanoseconds = number(first),
            "cpu.stat" if first == Some("usage_usec") => {
                self.counters.cpu_nanoseconds = number(words.next()).map(|v| v.saturating_mul(1000));
            }
            "memory.usage_in_bytes" | "memory.current" => self.memory = number(first).unwrap_or(0),
            "memory.max" => self.counters.memory_limit_bytes = limit(first),
            "memory.stat" => match first {
                Some("hierarchical_memory_limit") => self.counters.memory_limit_bytes = limit(words.next()),
                Some("total_inactive_file" | "inactive_file") => self.inactive = number(words.next()).unwrap_or(0),
                _ => {}
            },
            "blkio.throttle.io_service_bytes" => {
                let (kind, bytes) = (words.next(), number(words.next()).unwrap_or(0));
                match kind {
                    Some("Read") => self.block(bytes, 0),
                    Some("Write") => self.block(0, bytes),
                    _ => {}
                }
            }
            "io.stat" => {
                let of = |name: &str| number(line.split_ascii_whitespace().find_map(|w| w.strip_prefix(name)));
                self.block(of("rbytes=").unwrap_or(0), of("wbytes=").unwrap_or(0));
            }
            "pids.current" => self.counters.pids = signed(number(first).unwrap_or(0)),
            "cgroup.procs" => {
                self.first = self
                    .first
                    .or_else(|| first?.parse().ok().filter(|process| *process > 0));
                return true;
            }
            _ => {}
        }
        false
    }

    fn block(&mut self, inward: u64, outward: u64) {
        let sum = self.counters.block.get_or_insert_default();
        sum.add(Io { inward, outward });
    }

    fn finish(mut self) -> ContainerCounters {
        // as the docker client does: more cache than memory is a reading of two moments, and is not taken off
        let inactive = if self.inactive < self.memory { self.inactive } else { 0 };
        self.counters.memory_used_bytes = signed(self.memory - inactive);
        // a group without any transfer has no line
        self.counters.block.get_or_insert_default();
        self.counters
    }
}

fn limit(word: Option<&str>) -> Option<i64> {
    number(word).filter(|limit| (1..NO_LIMIT).contains(limit)).map(signed)
}

/// The container's id in the name of its control group: `ID`, `docker-ID.scope` or `libpod-ID.scope`.
fn id(dir: &str) -> Option<&str> {
    let name = dir.strip_suffix(".scope").unwrap_or(dir);
    let name = name
        .strip_prefix("docker-")
        .or_else(|| name.strip_prefix("libpod-"))
        .unwrap_or(name);
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    (name.len() == 64 && name.bytes().all(hex)).then_some(name)
}
