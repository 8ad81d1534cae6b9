//! Going on where a stream broke: an engine is asked for what was written since an instant a little before
//! the newest line, and what is known already is taken out. So nothing is lost and nothing doubled, even
//! where the two streams of a program wrote in another order than their times say.

use crate::core::lines::LogLine;
use std::{
    collections::{HashMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
};

/// Lines may stand in the log this much out of the order of their times, in nanoseconds.
const DISORDER: i64 = 10_000_000;
const MOST: usize = 16_384;

type Mark = (i64, u64);

#[derive(Default)]
pub(super) struct Resume {
    newest: Option<i64>,
    /// What was written at or after this instant and is known, is in `recent`.
    floor: i64,
    recent: VecDeque<Mark>,
    /// What the engine sends once more, and how often.
    known: HashMap<Mark, u32>,
    until: i64,
}

impl Resume {
    /// Where to go on, in nanoseconds since 1970; `None` while nothing was read.
    pub fn since(&self) -> Option<i64> {
        self.newest.map(|_| self.floor)
    }

    /// A new stream begins at [`Resume::since`].
    pub fn begin(&mut self) {
        self.known.clear();
        for mark in &self.recent {
            *self.known.entry(*mark).or_default() += 1;
        }
        self.until = self.newest.unwrap_or(i64::MIN);
    }

    /// Whether the line is a new one.
    pub fn admit(&mut self, line: &LogLine) -> bool {
        let Some(at) = line.at_nanos else { return true };
        let mark = (at, print(line));
        if at > self.until {
            self.known.clear();
        } else if let Some(times) = self.known.get_mut(&mark).filter(|times| **times > 0) {
            *times -= 1;
            return false;
        }
        let newest = self.newest.map_or(at, |newest| newest.max(at));
        self.newest = Some(newest);
        self.floor = self.floor.max(newest.saturating_sub(DISORDER));
        self.recent.push_back(mark);
        while let Some((at, _)) = self.recent.front().copied() {
            if self.recent.len() > MOST {
                self.floor = self.floor.max(at.saturating_add(1));
            } else if at >= self.floor {
                break;
            }
            self.recent.pop_front();
        }
        true
    }
}

fn print(line: &LogLine) -> u64 {
    let mut hasher = DefaultHasher::new();
    (line.stream, &line.text, line.cut_bytes).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(at: i64, text: &str) -> LogLine {
        LogLine {
            at_nanos: Some(at),
            text: text.to_owned(),
            ..LogLine::default()
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_doubled_however_often_the_stream_breaks(
            steps in prop::collection::vec((0_i64..8_000_000, 0_i64..9_000_000, 0_u8..3), 1..200),
            breaks in prop::collection::vec(0_usize..200, 0..5),
        ) {
            // A log whose times go up, but not quite in order, with repeated texts.
            let mut now = 1_000_000_000;
            let log: Vec<LogLine> = steps
                .iter()
                .map(|(step, back, text)| {
                    now += step;
                    line(now - back, &format!("text {text}"))
                })
                .collect();
            let mut resume = Resume::default();
            let mut got = Vec::new();
            let mut ends: Vec<usize> = breaks.into_iter().map(|b| b.min(log.len())).collect();
            ends.sort_unstable();
            ends.push(log.len());
            for end in ends {
                let since = resume.since().unwrap_or(i64::MIN);
                resume.begin();
                let sent = log[..end].iter().filter(|l| l.at_nanos.unwrap() >= since);
                got.extend(sent.filter(|l| resume.admit(l)).cloned());
            }
            prop_assert_eq!(got, log);
        }
    }
}
