//! What about a machine needs a person, told the same way wherever it is shown.

use super::{HostFacts, HostNumbers, LinkState, MachineRow};

/// A disk that is fuller than this needs somebody.
pub const FULL_DISK_RATIO: f64 = 0.9;
/// Clocks that differ by more make logs and tokens hard to trust.
const CLOCK_MILLIS: i64 = 2_000;

/// One thing that needs a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worry {
    /// Work on the host has stopped, or will soon.
    pub bad: bool,
    /// In a sentence.
    pub text: String,
}

/// Everything about this machine that needs a person; nothing when all is well or it is off on purpose.
pub fn worries(row: &MachineRow, numbers: Option<&HostNumbers>) -> Vec<Worry> {
    let mut found: Vec<Worry> = link(row).into_iter().collect();
    if row.state.is_up() {
        found.extend(numbers.into_iter().flat_map(disks));
        let clock = row.facts.as_ref().and_then(HostFacts::clock_warning);
        found.extend(clock.map(|text| Worry { bad: false, text }));
    }
    found
}

fn link(row: &MachineRow) -> Option<Worry> {
    let reason = || row.reason.clone().unwrap_or_else(|| format!("{}.", row.state.label()));
    let (bad, text) = match row.state {
        LinkState::HostKeyChanged => (
            true,
            "It shows another host key: all work on it has stopped.".to_owned(),
        ),
        LinkState::Unreachable => (true, reason()),
        LinkState::Degraded => (false, reason()),
        LinkState::Untrusted => (false, "Its host keys wait to be compared.".to_owned()),
        LinkState::Online | LinkState::Connecting | LinkState::Maintenance | LinkState::Disabled => return None,
    };
    Some(Worry { bad, text })
}

fn disks(numbers: &HostNumbers) -> Vec<Worry> {
    let full = numbers.disks.iter().filter_map(|disk| {
        let ratio = disk.used_ratio()?;
        (ratio > FULL_DISK_RATIO).then(|| Worry {
            bad: ratio > 0.97,
            text: format!("The disk at {} is {:.0} % full.", disk.mount, ratio * 100.0),
        })
    });
    full.collect()
}

impl HostFacts {
    /// What to say about a clock that differs from this server's by more than two seconds.
    pub fn clock_warning(&self) -> Option<String> {
        let off = self.clock_offset_millis;
        let way = if off > 0 { "ahead of" } else { "behind" };
        (off.saturating_abs() > CLOCK_MILLIS).then(|| {
            format!(
                "Its clock is {} {way} this server's. Times in logs and events of this host are off by that. Let the host keep time by itself: timedatectl set-ntp true",
                span(off.saturating_abs())
            )
        })
    }
}

fn span(millis: i64) -> String {
    match millis / 1000 {
        s @ 0..120 => format!("{s} s"),
        s @ 120..7200 => format!("{} min", s / 60),
        s @ 7200..172_800 => format!("{} h", s / 3600),
        s => format!("{} days", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_told_from_two_seconds_on_and_which_way() {
        let says = |clock_offset_millis| {
            HostFacts {
                clock_offset_millis,
                ..HostFacts::default()
            }
            .clock_warning()
        };
        assert_eq!(says(2_000), None);
        assert_eq!(says(-2_000), None);
        assert!(says(37_900).unwrap().contains("37 s ahead of"));
        assert!(says(-7_300_000).unwrap().contains("2 h behind"));
        assert!(says(i64::MIN).unwrap().contains("days behind"));
    }
}
