//! The newest lines, bounded in number and bytes.

use crate::core::lines::LogLine;
use std::collections::VecDeque;

/// What a line weighs beside its text.
const EACH: usize = 64;

pub(super) struct Ring {
    lines: VecDeque<LogLine>,
    bytes: usize,
    most_lines: usize,
    most_bytes: usize,
}

impl Ring {
    pub fn new(most_lines: usize, most_bytes: usize) -> Self {
        Self {
            lines: VecDeque::new(),
            bytes: 0,
            most_lines,
            most_bytes,
        }
    }
    /// Adds a line; gives the oldest ones, which made room for it.
    pub fn push(&mut self, line: LogLine) -> Vec<LogLine> {
        self.bytes += weight(&line);
        self.lines.push_back(line);
        let mut out = Vec::new();
        while self.lines.len() > self.most_lines || self.bytes > self.most_bytes {
            out.extend(self.pop());
        }
        out
    }
    fn pop(&mut self) -> Option<LogLine> {
        let old = self.lines.pop_front()?;
        self.bytes -= weight(&old);
        Some(old)
    }
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
    /// The newest `most` lines.
    pub fn tail(&self, most: usize) -> Vec<LogLine> {
        let skip = self.lines.len().saturating_sub(most);
        self.lines.iter().skip(skip).cloned().collect()
    }
    /// Takes the oldest out: so many lines at most, of so many bytes, but one at least.
    pub fn take(&mut self, most_lines: usize, most_bytes: usize) -> Vec<LogLine> {
        let (mut out, mut bytes) = (Vec::new(), 0);
        while let Some(next) = self.lines.front() {
            bytes += weight(next);
            if out.len() == most_lines || (bytes > most_bytes && !out.is_empty()) {
                break;
            }
            out.extend(self.pop());
        }
        out
    }
}

fn weight(line: &LogLine) -> usize {
    line.text.len() + EACH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_keeps_the_newest_within_both_bounds() {
        let mut ring = Ring::new(3, 1_000);
        let mut out = Vec::new();
        for n in 1..=5 {
            out.extend(ring.push(LogLine {
                n,
                ..LogLine::default()
            }));
        }
        assert_eq!(out.iter().map(|l| l.n).collect::<Vec<_>>(), [1, 2], "what made room");
        assert_eq!(ring.tail(9).iter().map(|l| l.n).collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(ring.tail(1).iter().map(|l| l.n).collect::<Vec<_>>(), [5]);
        ring.push(LogLine {
            n: 6,
            text: "x".repeat(900),
            ..LogLine::default()
        });
        assert_eq!(ring.tail(9).iter().map(|l| l.n).collect::<Vec<_>>(), [6]);
        assert_eq!(ring.take(9, 10).len(), 1, "one at least");
        assert!(ring.is_empty());
    }

    #[test]
    fn lines_are_taken_from_the_old_end_within_both_bounds() {
        let mut ring = Ring::new(10, 10_000);
        for n in 1..=6 {
            ring.push(LogLine {
                n,
                text: "x".repeat(36),
                ..LogLine::default()
            });
        }
        let mut take = |lines, bytes| ring.take(lines, bytes).iter().map(|l| l.n).collect::<Vec<_>>();
        assert_eq!(take(2, 1_000), [1, 2]);
        assert_eq!(take(9, 300), [3, 4, 5]);
        assert_eq!(take(9, 300), [6]);
        assert!(take(9, 300).is_empty());
    }
}
