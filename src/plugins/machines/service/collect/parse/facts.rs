//! What a host is.

use super::{lines, number, real, signed};
use crate::{core::server::text::cut, plugins::machines::model::HostFacts};
use std::time::Duration;

/// Longest text that a fact takes from a host, in characters.
const TEXT: usize = 128;

/// Reads an answer to `Request::Facts` that was asked for at `asked_at` (the server's clock, in milliseconds) and
/// came after `took`.
pub fn facts(answer: &[u8], asked_at: i64, took: Duration) -> HostFacts {
    let text = String::from_utf8_lossy(answer);
    let said = |name: &str| text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' '));
    let short = |text: Option<&str>| cut(text.unwrap_or_default().trim(), TEXT);
    let of = |file: &'static str| {
        lines(&text)
            .filter(move |(path, _)| path.ends_with(file))
            .map(|(_, l)| l)
    };
    let pretty = of("/os-release").find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let processors = of("/cpuinfo").filter(|line| key(line).is_some_and(|(k, _)| k == "processor"));
    let cores = of("/stat").count().max(processors.count());
    let memory = of("/meminfo").find_map(|line| line.strip_prefix("MemTotal:"));
    let kilobytes = number(memory.and_then(|rest| rest.split_ascii_whitespace().next()));
    HostFacts {
        os: short(pretty.map(unquoted)),
        kernel: short(said("kernel")),
        architecture: short(said("architecture")),
        hostname: short(said("hostname")),
        cpu_model: cut(&model(of("/cpuinfo")), TEXT),
        cpu_count: u32::try_from(cores).unwrap_or(u32::MAX),
        memory_total_bytes: signed(kilobytes.unwrap_or(0).saturating_mul(1024)),
        clock_offset_millis: said("clock")
            .and_then(clock)
            .map_or(0, |host| offset(host, asked_at, took)),
    }
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let inner = |quote| text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

fn key(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    Some((key.trim(), value.trim()))
}

/// The processor's name; on ARM, where the kernel says none, what its numbers mean.
fn model<'t>(cpuinfo: impl Iterator<Item = &'t str>) -> String {
    let pairs: Vec<(&str, &str)> = cpuinfo.filter_map(key).filter(|(_, value)| !value.is_empty()).collect();
    let find = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let named = ["model name", "cpu model", "cpu", "uarch"].into_iter().find_map(find);
    if let Some(name) = named {
        return name.to_owned();
    }
    let arm = find("CPU implementer").map(|maker| arm(maker, find("CPU part").unwrap_or_default()));
    let board = find("Model").or_else(|| find("Hardware"));
    match (arm, board) {
        (Some(arm), Some(board)) => format!("{arm} ({board})"),
        (Some(name), None) => name,
        (None, board) => board.unwrap_or_default().to_owned(),
    }
}

/// Names of the processors that servers and small boards have (from the kernel's `cputype.h`).
fn arm(maker: &str, part: &str) -> String {
    let name = match (maker, part) {
        ("0x41", "0xd03") => "Cortex-A53",
        ("0x41", "0xd05") => "Cortex-A55",
        ("0x41", "0xd07") => "Cortex-A57",
        ("0x41", "0xd08") => "Cortex-A72",
        ("0x41", "0xd0b") => "Cortex-A76",
        ("0x41", "0xd41") => "Cortex-A78",
        ("0x41", "0xc07") => "Cortex-A7",
        ("0x41", "0xd0c") => "Neoverse-N1",
        ("0x41", "0xd40") => "Neoverse-V1",
        ("0x41", "0xd49") => "Neoverse-N2",
        ("0x41", "0xd4f") => "Neoverse-V2",
        ("0xc0", "0xac3") => "Ampere-1",
        ("0xc0", "0xac4") => "Ampere-1A",
        ("0x61", _) => "Apple silicon",
        _ => return format!("ARM {maker} {part}").trim_end().to_owned(),
    };
    if maker == "0x41" {
        format!("ARM {name}")
    } else {
        name.to_owned()
    }
}

/// Milliseconds of `SECONDS.NANOSECONDS`. Where `date` knows no nanoseconds the middle of the second is the best guess.
fn clock(text: &str) -> Option<f64> {
    let (seconds, rest) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let seconds = real(Some(seconds)).filter(|s| *s < 1e12)?;
    let digits = rest.len() == 9 && rest.bytes().all(|b| b.is_ascii_digit());
    let millis = if digits { real(Some(rest))? / 1e6 } else { 500.0 };
    Some(seconds * 1000.0 + millis)
}

/// How far the host's clock is ahead, taking it that the answer was given halfway.
fn offset(host: f64, asked_at: i64, took: Duration) -> i64 {
    (host - (asked_at as f64 + took.as_secs_f64() * 500.0)) as i64
}
