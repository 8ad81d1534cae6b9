//! The lines that a log view holds: in chunks, so that a new line touches one chunk and not thousands of
//! lines; bounded in number and bytes.

use crate::{
    core::lines::LogLine,
    ui::ansi::{most_spans, plain},
};
use leptos::prelude::*;
use std::{collections::VecDeque, sync::Arc};

/// Lines of one chunk.
pub(super) const CHUNK: usize = 200;
/// Lines and bytes of text that a page holds; the oldest chunk goes first.
const MOST_LINES: usize = 10_000;
const MOST_BYTES: usize = 8 << 20;

/// A piece of a coloured line is an element of the page.
const PIECE_BYTES: usize = 100;

/// A line, or what stands for lines that are missing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    Line {
        key: u64,
        line: Arc<Line>,
    },
    /// So many lines are not here.
    Gap {
        key: u64,
        lines: u64,
    },
}

#[derive(Debug, PartialEq)]
pub(super) struct Line {
    pub line: LogLine,
    /// Its text without control sequences, where it has any.
    plain: Option<String>,
    /// Pieces that it is drawn in, at most.
    pieces: usize,
}

impl Line {
    fn new(line: LogLine) -> Self {
        let pieces = most_spans(&line.text);
        let plain = match plain(&line.text) {
            std::borrow::Cow::Owned(text) => Some(text),
            std::borrow::Cow::Borrowed(_) => None,
        };
        Self { line, plain, pieces }
    }
    /// What is seen of it.
    pub fn text(&self) -> &str {
        self.plain.as_deref().unwrap_or(&self.line.text)
    }
}

impl Entry {
    pub fn key(&self) -> u64 {
        match self {
            Self::Line { key, .. } | Self::Gap { key, .. } => *key,
        }
    }
    pub fn line(&self) -> Option<&Line> {
        match self {
            Self::Line { line, .. } => Some(line),
            Self::Gap { .. } => None,
        }
    }
    fn at(&self) -> Option<i64> {
        self.line().and_then(|line| line.line.at_nanos)
    }
    /// What it weighs in a browser: its text, and the pieces that its colours make of it.
    fn bytes(&self) -> usize {
        self.line()
            .map_or(0, |line| line.line.text.len() + line.pieces * PIECE_BYTES)
    }
}

/// Some entries that are drawn together.
#[derive(Clone)]
pub(super) struct Chunk {
    pub id: u64,
    pub entries: ArcRwSignal<Vec<Entry>>,
    /// Keys of the lines that the search finds.
    pub found: ArcMemo<Vec<u64>>,
}

#[derive(Default)]
struct Feed {
    next_key: u64,
    /// Which following the newest line came from, and its number there.
    follow: Option<u32>,
    newest: u64,
    /// The next line begins a following: what is held from its instant on comes again.
    begins: bool,
    lines: usize,
    bytes: usize,
    /// While paused.
    held: VecDeque<LogLine>,
}

/// The lines of one log view.
#[derive(Clone, Copy)]
pub struct LogStore {
    feed: StoredValue<Feed>,
    pub(super) chunks: RwSignal<Vec<Chunk>>,
    /// What is searched for; empty for nothing.
    pub(super) query: RwSignal<String>,
    /// Moves with every change of the lines.
    pub(super) version: RwSignal<u32>,
    /// Lines that came in, all together.
    pub(super) came: RwSignal<u64>,
    pub(super) paused: RwSignal<bool>,
}

impl LogStore {
    /// Shows `lines` to begin with, and what `query` finds in them.
    pub fn new(lines: Vec<LogLine>, query: String) -> Self {
        let this = Self {
            feed: StoredValue::new(Feed::default()),
            chunks: RwSignal::new(Vec::new()),
            query: RwSignal::new(query),
            version: RwSignal::new(0),
            came: RwSignal::new(0),
            paused: RwSignal::new(false),
        };
        this.append(lines);
        this
    }

    /// New lines of the following that is shown. A hole in their numbers is shown as one.
    pub fn push(self, lines: Vec<LogLine>) {
        if !self.paused.get_untracked() {
            return self.append(lines);
        }
        let count = lines.len() as u64;
        self.feed.update_value(|feed| {
            feed.held.extend(lines);
            let extra = feed.held.len().saturating_sub(MOST_LINES);
            feed.held.drain(..extra);
        });
        self.came.update(|n| *n += count);
    }

    /// What the server holds. Of the following that is shown it adds what is missing; of another one it takes
    /// the place of everything from its first instant on.
    pub fn replace(self, follow: u32, lines: Vec<LogLine>) {
        if self.feed.with_value(|feed| feed.follow != Some(follow)) {
            self.resume();
            self.feed.update_value(|feed| {
                feed.follow = Some(follow);
                feed.newest = 0;
                feed.begins = true;
            });
        }
        self.push(lines);
    }

    /// Draws no more until [`LogStore::resume`].
    pub fn pause(self) {
        self.paused.set(true);
    }
    pub fn resume(self) {
        if self.paused.get_untracked() {
            self.paused.set(false);
            let held = self
                .feed
                .try_update_value(|feed| std::mem::take(&mut feed.held))
                .unwrap_or_default();
            // They were counted when they came.
            let count = held.len() as u64;
            self.append(held.into());
            self.came.update(|n| *n = n.saturating_sub(count));
        }
    }

    /// Everything that is held, as text.
    pub fn text(self) -> String {
        let mut out = String::new();
        for chunk in self.chunks.get_untracked() {
            chunk.entries.with_untracked(|entries| {
                for line in entries.iter().filter_map(Entry::line) {
                    out.push_str(line.text());
                    out.push('\n');
                }
            });
        }
        out
    }

    fn append(self, lines: Vec<LogLine>) {
        let mut fresh = Vec::with_capacity(lines.len());
        let cut = self.feed.try_update_value(|feed| {
            let begins = feed.begins && !lines.is_empty();
            let cut = begins.then(|| lines.first().and_then(|line| line.at_nanos));
            feed.begins &= !begins;
            for line in lines {
                feed.take(line, begins, &mut fresh);
            }
            cut
        });
        if let Some(Some(from)) = cut {
            self.forget(from);
        }
        if fresh.is_empty() {
            return;
        }
        self.came.update(|n| *n += fresh.len() as u64);
        self.feed.update_value(|feed| {
            feed.lines += fresh.len();
            feed.bytes += fresh.iter().map(Entry::bytes).sum::<usize>();
        });
        self.fill(fresh);
        self.trim();
        self.version.update(|v| *v = v.wrapping_add(1));
    }

    /// Takes out what was written at `from` or later (all, when nobody knows when that was).
    fn forget(self, from: Option<i64>) {
        let stays = |entry: &Entry| from.zip(entry.at()).is_some_and(|(from, at)| at < from);
        let mut chunks = self.chunks.get_untracked();
        while let Some(last) = chunks.last() {
            let kept = last
                .entries
                .with_untracked(|e| e.iter().rposition(stays).map_or(0, |at| at + 1));
            if kept > 0 {
                last.entries.update(|entries| entries.truncate(kept));
                break;
            }
            chunks.pop();
        }
        let (mut lines, mut bytes) = (0, 0);
        for chunk in &chunks {
            chunk.entries.with_untracked(|entries| {
                lines += entries.len();
                bytes += entries.iter().map(Entry::bytes).sum::<usize>();
            });
        }
        self.feed.update_value(|feed| (feed.lines, feed.bytes) = (lines, bytes));
        self.chunks.set(chunks);
    }

    /// Fills the last chunk, and makes new ones.
    fn fill(self, fresh: Vec<Entry>) {
        let mut fresh = VecDeque::from(fresh);
        let mut chunks = self.chunks.get_untracked();
        let before = chunks.len();
        if let Some(last) = chunks.last() {
            let room = CHUNK
                .saturating_sub(last.entries.with_untracked(Vec::len))
                .min(fresh.len());
            if room > 0 {
                last.entries.update(|entries| entries.extend(fresh.drain(..room)));
            }
        }
        while let Some(first) = fresh.front().map(Entry::key) {
            let entries: Vec<Entry> = fresh.drain(..CHUNK.min(fresh.len())).collect();
            chunks.push(self.chunk(first, entries));
        }
        if chunks.len() != before {
            self.chunks.set(chunks);
        }
    }

    fn chunk(self, id: u64, entries: Vec<Entry>) -> Chunk {
        let entries = ArcRwSignal::new(entries);
        let found = ArcMemo::new({
            let entries = entries.clone();
            move |_| {
                let query = self.query.try_get().unwrap_or_default();
                if query.is_empty() {
                    return Vec::new();
                }
                let hits = |entry: &Entry| {
                    entry
                        .line()
                        .is_some_and(|line| super::search::contains(line.text(), &query))
                };
                entries.with(|all| all.iter().filter(|entry| hits(entry)).map(Entry::key).collect())
            }
        });
        Chunk { id, entries, found }
    }

    fn trim(self) {
        let mut chunks = self.chunks.get_untracked();
        let mut dropped = 0;
        self.feed.update_value(|feed| {
            while dropped + 1 < chunks.len() {
                let (lines, bytes) = chunks[dropped]
                    .entries
                    .with_untracked(|e| (e.len(), e.iter().map(Entry::bytes).sum::<usize>()));
                if feed.lines - lines < MOST_LINES && feed.bytes <= MOST_BYTES {
                    break;
                }
                feed.lines -= lines;
                feed.bytes -= bytes;
                dropped += 1;
            }
        });
        if dropped > 0 {
            chunks.drain(..dropped);
            self.chunks.set(chunks);
        }
    }
}

impl Feed {
    fn take(&mut self, line: LogLine, begins: bool, out: &mut Vec<Entry>) {
        // Nothing has a number before the first following; of one that begins, what came before it is not missing.
        if self.follow.is_some() && line.n <= self.newest {
            return;
        }
        let missing = line.n.saturating_sub(self.newest + 1);
        if self.follow.is_some() && missing > 0 && !(begins && self.newest == 0) {
            let key = self.key();
            out.push(Entry::Gap { key, lines: missing });
        }
        self.newest = line.n;
        let key = self.key();
        out.push(Entry::Line {
            key,
            line: Arc::new(Line::new(line)),
        });
    }
    fn key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: u64, at: i64) -> LogLine {
        LogLine {
            n,
            at_nanos: Some(at),
            text: format!("line {at}"),
            ..LogLine::default()
        }
    }
    fn lines(range: std::ops::RangeInclusive<u64>) -> Vec<LogLine> {
        range.map(|n| line(n, n.cast_signed())).collect()
    }
    fn shown(store: LogStore) -> Vec<String> {
        let mut out = Vec::new();
        for chunk in store.chunks.get_untracked() {
            for entry in chunk.entries.get_untracked() {
                out.push(match entry {
                    Entry::Line { line, .. } => line.line.at_nanos.unwrap().to_string(),
                    Entry::Gap { lines, .. } => format!("-{lines}"),
                });
            }
        }
        out
    }
    fn within<T>(test: impl FnOnce() -> T) -> T {
        Owner::new().with(test)
    }

    #[test]
    fn a_hole_in_the_numbers_is_shown_and_nothing_twice() {
        within(|| {
            let store = LogStore::new(Vec::new(), String::new());
            store.replace(7, lines(1..=3));
            store.push(lines(2..=4));
            store.push(lines(9..=9));
            assert_eq!(shown(store), ["1", "2", "3", "4", "-4", "9"]);
            store.replace(7, lines(8..=11));
            assert_eq!(
                shown(store),
                ["1", "2", "3", "4", "-4", "9", "10", "11"],
                "a snapshot of the same following"
            );
        });
    }

    #[test]
    fn another_following_takes_the_place_of_what_it_has_again() {
        within(|| {
            let store = LogStore::new(lines(1..=5), String::new());
            // The first snapshot is empty, because the engine has not answered yet.
            store.replace(7, Vec::new());
            assert_eq!(shown(store).len(), 5);
            let again = (3..=8).map(|at| line(u64::try_from(at).unwrap() + 100, at)).collect();
            store.push(again);
            assert_eq!(shown(store), ["1", "2", "3", "4", "5", "6", "7", "8"]);
        });
    }

    #[test]
    fn ls_06_a_view_holds_a_bounded_number_of_lines_and_bytes() {
        within(|| {
            let store = LogStore::new(Vec::new(), String::new());
            store.replace(7, lines(1..=30_000));
            let all = shown(store);
            assert!((MOST_LINES..=MOST_LINES + CHUNK).contains(&all.len()), "{}", all.len());
            assert_eq!(all.last().unwrap(), "30000");
            let long = |n: u64| LogLine {
                text: "x".repeat(16 << 10),
                ..line(n, n.cast_signed())
            };
            store.push((30_001..=33_000).map(long).collect());
            assert!(store.feed.with_value(|f| f.bytes) <= MOST_BYTES + CHUNK * (16 << 10));
        });
    }

    #[test]
    fn ls_06_lines_that_change_colour_at_each_character_weigh_what_they_cost() {
        within(|| {
            let store = LogStore::new(Vec::new(), String::new());
            let dense = |n: u64| LogLine {
                text: (0..300).map(|i| format!("\u{1b}[3{}mx", i % 8)).collect(),
                ..line(n, n.cast_signed())
            };
            store.push((1..=12_000).map(dense).collect());
            let pieces: usize = store.chunks.with_untracked(|all| {
                let of = |chunk: &Chunk| -> usize {
                    chunk
                        .entries
                        .with_untracked(|e| e.iter().filter_map(Entry::line).map(|l| l.pieces).sum())
                };
                all.iter().map(of).sum()
            });
            assert!((50_000..150_000).contains(&pieces), "{pieces}");
            assert_eq!(shown(store).last().unwrap(), "12000");
        });
    }

    #[test]
    fn a_pause_holds_lines_back_and_loses_none() {
        within(|| {
            let store = LogStore::new(Vec::new(), String::new());
            store.replace(7, lines(1..=2));
            store.pause();
            store.push(lines(3..=5));
            assert_eq!((shown(store).len(), store.came.get_untracked()), (2, 5));
            store.resume();
            assert_eq!((shown(store).len(), store.came.get_untracked()), (5, 5));
        });
    }

    #[test]
    fn a_search_finds_lines_as_they_come() {
        within(|| {
            let store = LogStore::new(lines(1..=9), "LINE 3".to_owned());
            let found = || -> usize {
                store
                    .chunks
                    .get_untracked()
                    .iter()
                    .map(|c| c.found.with(Vec::len))
                    .sum()
            };
            assert_eq!(found(), 1);
            store.replace(7, lines(30..=39));
            assert_eq!(found(), 11);
            store.query.set(String::new());
            assert_eq!(found(), 0);
        });
    }
}
