//! The output of one job: bounded, numbered, cut into lines.

use crate::core::{
    id::UnixMillis,
    jobs::model::{OutputLine, Stream},
};
use std::collections::VecDeque;

/// Lines kept per job.
const MAX_LINES: usize = 2_000;
/// Text kept per job.
const MAX_BYTES: usize = 1 << 20;
/// Longest line.
const MAX_LINE_BYTES: usize = 4_096;
const CUT_MARK: &str = "… (line cut)";

/// The newest lines of a job, and which of them nobody has seen.
#[derive(Debug, Default)]
pub(super) struct Output {
    lines: VecDeque<OutputLine>,
    bytes: usize,
    /// Number of the newest line.
    last: i64,
    /// Number of the newest line that was taken.
    taken: i64,
}

impl Output {
    /// Goes on after lines that are kept elsewhere.
    pub(super) fn after(lines: Vec<OutputLine>) -> Self {
        let last = lines.last().map_or(0, |line| line.n);
        let bytes = lines.iter().map(|line| line.text.len()).sum();
        Self {
            lines: lines.into(),
            bytes,
            last,
            taken: last,
        }
    }

    pub(super) fn push(&mut self, step: u32, stream: Stream, text: &str) {
        for line in text.trim_end_matches(['\n', '\r']).split('\n') {
            self.last += 1;
            let line = OutputLine {
                n: self.last,
                at: UnixMillis::now(),
                step,
                stream,
                text: cut(line.trim_end_matches('\r')),
            };
            self.bytes += line.text.len();
            self.lines.push_back(line);
        }
        while self.lines.len() > MAX_LINES || self.bytes > MAX_BYTES {
            let Some(dropped) = self.lines.pop_front() else { break };
            self.bytes -= dropped.text.len();
        }
    }

    /// The lines since the last call, as far as they are still there.
    pub(super) fn take_new(&mut self) -> Vec<OutputLine> {
        let new = self.lines.iter().filter(|line| line.n > self.taken).cloned().collect();
        self.taken = self.last;
        new
    }

    /// Number of the oldest line kept.
    pub(super) fn first(&self) -> i64 {
        self.lines.front().map_or(self.last + 1, |line| line.n)
    }

    /// What is kept and was taken, with a mark where older lines were dropped.
    pub(super) fn kept(&self) -> Vec<OutputLine> {
        marked(self.lines.iter().filter(|line| line.n <= self.taken).cloned().collect())
    }
}

/// Puts `n lines dropped` before output that does not begin with its first line.
pub(super) fn marked(mut lines: Vec<OutputLine>) -> Vec<OutputLine> {
    if let Some(first) = lines.first().filter(|line| line.n > 1) {
        let n = first.n - 1;
        let mark = OutputLine {
            n,
            at: first.at,
            step: first.step,
            stream: Stream::System,
            text: format!("{n} lines dropped"),
        };
        lines.insert(0, mark);
    }
    lines
}

fn cut(line: &str) -> String {
    if line.len() <= MAX_LINE_BYTES {
        return line.to_owned();
    }
    format!(
        "{}{CUT_MARK}",
        &line[..line.floor_char_boundary(MAX_LINE_BYTES - CUT_MARK.len())]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_cut_and_bounded() {
        let mut output = Output::default();
        output.push(0, Stream::Stdout, "one\r\ntwo\n");
        output.push(0, Stream::Stdout, &"ä".repeat(5_000));
        let new = output.take_new();
        assert_eq!(new.iter().map(|l| l.n).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((new[0].text.as_str(), new[1].text.as_str()), ("one", "two"));
        assert!(new[2].text.len() <= MAX_LINE_BYTES && new[2].text.ends_with(CUT_MARK));
        assert!(output.take_new().is_empty());
    }

    #[test]
    fn a_flood_keeps_the_newest_lines_and_says_how_many_went() {
        let mut output = Output::default();
        (1..=5_000).for_each(|i| output.push(0, Stream::Stderr, &i.to_string()));
        let new = output.take_new();
        assert_eq!((new.len(), new[0].n, new[1_999].n), (2_000, 3_001, 5_000));
        let kept = output.kept();
        assert_eq!(
            (kept[0].text.as_str(), kept[0].n, kept.len()),
            ("3000 lines dropped", 3_000, 2_001)
        );
        (0..3_000).for_each(|_| output.push(0, Stream::Stdout, &"x".repeat(4_000)));
        assert!(output.bytes <= MAX_BYTES && output.lines.len() < 300);
    }

    #[test]
    fn output_goes_on_after_a_restart() {
        let mut before = Output::default();
        before.push(0, Stream::Stdout, "one\ntwo");
        let mut after = Output::after(before.take_new());
        after.push(0, Stream::System, "three");
        assert_eq!(after.take_new()[0].n, 3);
        assert_eq!(after.kept().len(), 3);
    }
}
