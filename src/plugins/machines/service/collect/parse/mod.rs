//! From what the script printed to counters. Pure, and safe against whatever a host may say: what cannot be read
//! is not there, and no count is unbounded.

mod container;
mod facts;
mod host;
mod space;

pub use container::{ContainerCounters, Io};
pub use facts::facts;
pub use host::{CpuTimes, HostCounters};
pub use space::{Devices, chosen, devices, space};

use container::Containers;
use host::Host;
use std::collections::BTreeMap;

/// More containers than this are not told apart.
const CONTAINERS: usize = 4_096;
/// More devices, interfaces or cores than this are not told apart.
const DEVICES: usize = 1_024;

/// One reading: the counters of a host and of the containers on it, by their ids.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    pub host: HostCounters,
    pub containers: BTreeMap<String, ContainerCounters>,
}

/// Reads an answer to `Request::Read` or `Request::ReadAnew`; `firsts` are the first processes as the last
/// `ReadAnew` listed them, and are replaced when this answer lists them.
pub fn reading(answer: &[u8], firsts: &mut BTreeMap<String, u32>) -> Reading {
    let text = String::from_utf8_lossy(answer);
    let (mut host, mut containers) = (Host::default(), Containers::default());
    for (path, line) in lines(&text) {
        let mut parts = path.rsplit('/');
        let (file, dir) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        match (file, dir) {
            ("dev", "net") => match parts.next().and_then(|process| process.parse().ok()) {
                Some(process) => containers.network(process, line),
                None => host.network(line),
            },
            _ if host.line(file, line) => {}
            _ => containers.line(file, dir, parts.next().unwrap_or_default(), line),
        }
    }
    Reading {
        containers: containers.finish(&host, firsts),
        host: host.finish(),
    }
}

/// `path:line`, as `grep -H` prints them.
fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| line.split_once(':'))
}

/// The numbers of a line of words.
fn number(word: Option<&str>) -> Option<u64> {
    word?.parse().ok()
}

/// A number that is one: finite and not negative.
fn real(word: Option<&str>) -> Option<f64> {
    word?.parse().ok().filter(|v: &f64| v.is_finite() && *v >= 0.0)
}

/// For the wire.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Received and sent bytes of the interface that a line of `/proc/net/dev` is about.
fn interface(line: &str) -> Option<(&str, Io)> {
    let (name, rest) = line.rsplit_once(':')?;
    let mut words = rest.split_ascii_whitespace();
    let io = Io {
        inward: number(words.next())?,
        outward: number(words.nth(7))?,
    };
    Some((name.trim_start(), io))
}

#[cfg(test)]
#[path = "../parse_test.rs"]
pub(super) mod tests;
