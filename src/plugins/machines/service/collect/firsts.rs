//! Which process of each container shows its network, and when it is time to ask for them again.

use super::{parse::Reading, script::Request};
use std::collections::{BTreeMap, BTreeSet};

/// Readings after which the processes are asked for anyway: one that ended and whose number another got would show
/// that one's network.
const RENEW_AFTER: u32 = 12;

/// The first process of each container, as far as known.
#[derive(Debug, Default)]
pub struct Firsts {
    /// By container id; kept true by `parse::reading`.
    pub known: BTreeMap<String, u32>,
    /// Asked for in vain: they have no process, or one that we may not look at.
    hopeless: BTreeSet<String>,
    readings: u32,
    due: bool,
}

impl Firsts {
    pub fn new() -> Self {
        Self {
            due: true,
            ..Self::default()
        }
    }

    /// What to ask next.
    pub fn request(&self) -> Request {
        if self.due { Request::ReadAnew } else { Request::Read }
    }

    /// Learns from the answer to `asked`.
    pub fn learn(&mut self, asked: Request, reading: &Reading) {
        let silent = reading
            .containers
            .iter()
            .filter(|(_, container)| container.network_unknown);
        let silent: BTreeSet<String> = silent.map(|(id, _)| id.clone()).collect();
        if asked == Request::ReadAnew {
            (self.readings, self.hopeless) = (0, silent);
            self.due = false;
        } else {
            self.readings += 1;
            self.due = self.readings >= RENEW_AFTER || !silent.is_subset(&self.hopeless);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::machines::service::collect::parse::ContainerCounters;

    fn reading(silent: &[&str]) -> Reading {
        let container = ContainerCounters {
            network_unknown: true,
            ..ContainerCounters::default()
        };
        let mut reading = Reading::default();
        reading
            .containers
            .extend(silent.iter().map(|id| ((*id).to_owned(), container.clone())));
        reading
    }

    #[test]
    fn processes_are_asked_for_when_a_container_is_new_and_now_and_then() {
        let mut firsts = Firsts::new();
        let mut asked = Vec::new();
        for n in 0..30 {
            let request = firsts.request();
            asked.push(request == Request::ReadAnew);
            // one has no process at all; one appears at the fifth reading and is found by the sixth
            let silent: &[&str] = if n == 5 { &["none", "new"] } else { &["none"] };
            firsts.learn(request, &reading(silent));
        }
        let anew: Vec<usize> = (0..30).filter(|n| asked[*n]).collect();
        assert_eq!(anew, [0, 6, 19]);
    }
}
