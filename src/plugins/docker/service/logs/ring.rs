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
    /// Adds a line; the oldest ones make room for it.
    pub fn push(&mut self, line: LogLine) {
        self.bytes += line.text.len() + EACH;
        self.lines.push_back(line);
        while self.lines.len() > self.most_lines || self.bytes > self.most_bytes {
            let Some(old) = self.lines.pop_front() else { return };
            self.bytes -= old.text.len() + EACH;
        }
    }
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
    /// The newest `most` lines.
    pub fn tail(&self, most: usize) -> Vec<LogLine> {
        let skip = self.lines.len().saturating_sub(most);
        self.lines.iter().skip(skip).cloned().collect()
    }
    /// Everything, oldest first; the ring is empty after.
    pub fn take(&mut self) -> VecDeque<LogLine> {
        self.bytes = 0;
        std::mem::take(&mut self.lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_keeps_the_newest_within_both_bounds() {
        let mut ring = Ring::new(3, 1_000);
        for n in 1..=5 {
            ring.push(LogLine {
                n,
                ..LogLine::default()
            });
        }
        assert_eq!(ring.tail(9).iter().map(|l| l.n).collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(ring.tail(1).iter().map(|l| l.n).collect::<Vec<_>>(), [5]);
        ring.push(LogLine {
            n: 6,
            text: "x".repeat(900),
            ..LogLine::default()
        });
        assert_eq!(ring.tail(9).iter().map(|l| l.n).collect::<Vec<_>>(), [6]);
        assert_eq!(ring.take().len(), 1);
        assert!(ring.is_empty());
    }
}
