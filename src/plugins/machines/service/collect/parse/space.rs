//! File systems and what has a device behind it.

use super::{DEVICES, lines, number, signed};
use crate::{core::server::text::cut, plugins::machines::model::DiskSpace};
use std::collections::{BTreeSet, HashSet};

/// More file systems than this are not shown.
const MOUNTS: usize = 32;
/// Longest path that `df` is asked about, and longest that is shown.
const PATH: usize = 512;
/// Read-only images, and what is somebody else's disk.
const NOT_A_DISK: [&str; 6] = ["squashfs", "erofs", "iso9660", "udf", "cramfs", "fuse"];

/// One mounted file system of a real device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    pub device: String,
    pub path: String,
}

/// What a host has, as far as sysfs knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Devices {
    /// Whole disks.
    pub disks: BTreeSet<String>,
    /// Interfaces of a card.
    pub interfaces: BTreeSet<String>,
    pub mounts: Vec<Mount>,
}

/// Reads an answer to `Request::Devices`.
pub fn devices(answer: &[u8]) -> Devices {
    let text = String::from_utf8_lossy(answer);
    let mut devices = Devices::default();
    for line in text.lines() {
        let mut parts = line.rsplit('/');
        let end = [parts.next(), parts.next(), parts.next()].map(Option::unwrap_or_default);
        match end {
            ["device", name, "block"] if devices.disks.len() < DEVICES => insert(&mut devices.disks, name),
            ["device", name, "net"] if devices.interfaces.len() < DEVICES => insert(&mut devices.interfaces, name),
            _ => {}
        }
    }
    devices.mounts = mounts(&text);
    devices
}

fn insert(names: &mut BTreeSet<String>, name: &str) {
    // a pattern of the shell that matched nothing
    if name != "*" {
        names.insert(name.to_owned());
    }
}

/// The mounted file systems of real devices, one each: the shortest path of those that show the same device.
fn mounts(text: &str) -> Vec<Mount> {
    let all = lines(text).filter(|(path, _)| path.ends_with("/mounts"));
    let mut mounts: Vec<Mount> = all.filter_map(|(_, line)| mount(line)).take(DEVICES).collect();
    mounts.sort_by(|a, b| (a.path.len(), &a.path).cmp(&(b.path.len(), &b.path)));
    let mut seen = HashSet::new();
    mounts.retain(|mount| seen.insert(mount.device.clone()));
    mounts.truncate(MOUNTS);
    mounts.sort_by(|a, b| a.path.cmp(&b.path));
    mounts
}

fn mount(line: &str) -> Option<Mount> {
    let mut words = line.split(' ');
    let (device, path, kind) = (words.next()?, unescaped(words.next()?)?, words.next()?);
    // the file systems of one pool share its space
    let device = match kind {
        "zfs" => device.split('/').next().unwrap_or(device),
        "bcachefs" => device,
        _ if device.starts_with("/dev/") => device,
        _ => return None,
    };
    let fits = path.starts_with('/') && path.len() <= PATH && !path.chars().any(char::is_control);
    (fits && !NOT_A_DISK.contains(&kind) && !kind.starts_with("fuse.")).then(|| Mount {
        device: device.to_owned(),
        path,
    })
}

/// Space, tab, newline and backslash are written as three octal digits there.
fn unescaped(text: &str) -> Option<String> {
    let mut parts = text.split('\\');
    let mut out = parts.next()?.to_owned();
    for part in parts {
        let code = u8::from_str_radix(part.get(..3)?, 8).ok()?;
        out.push(char::from(code));
        out.push_str(part.get(3..)?);
    }
    Some(out)
}

/// The paths that `df` is asked about: those of real devices, or `/` where there is none.
pub fn chosen(devices: &Devices) -> Vec<String> {
    if devices.mounts.is_empty() {
        return vec!["/".to_owned()];
    }
    devices.mounts.iter().map(|mount| mount.path.clone()).collect()
}

/// Reads what `df -P -k` printed; its lines are `device 1024-blocks used available capacity mount`.
pub fn space(output: &[u8]) -> Vec<DiskSpace> {
    let text = String::from_utf8_lossy(output);
    text.lines().filter_map(disk).take(MOUNTS).collect()
}

fn disk(line: &str) -> Option<DiskSpace> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    // a device or a path may hold blanks: the three numbers and the percentage say where they end
    let at = (1..words.len().checked_sub(4)?).find(|&i| {
        let sign = words[i + 3];
        words[i..i + 3].iter().all(|word| number(Some(*word)).is_some()) && (sign.ends_with('%') || sign == "-")
    })?;
    let bytes = |i: usize| number(Some(words[i])).unwrap_or(0).saturating_mul(1024);
    let (used, available) = (bytes(at + 1), bytes(at + 2));
    Some(DiskSpace {
        mount: cut(&words[at + 4..].join(" "), PATH),
        device: cut(&words[..at].join(" "), PATH),
        used_bytes: signed(used),
        total_bytes: signed(used.saturating_add(available)),
    })
}
