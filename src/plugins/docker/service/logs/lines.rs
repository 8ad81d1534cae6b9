//! Messages become lines: bounded in length, in valid UTF-8, without control characters that a terminal
//! would obey.

use super::demux::{Demux, Garbled, Piece};
use crate::core::lines::{LogLine, LogStream};

/// Longest text of a line, in bytes. What is longer is cut, and says so.
pub(super) const LINE_BYTES: usize = 16 << 10;
/// A line that is still not over after this many more bytes is shown as it is, and goes on as another one.
const CUT_BYTES: u64 = 1 << 20;

#[derive(Default)]
struct Open {
    begun: bool,
    at_nanos: Option<i64>,
    text: Vec<u8>,
    cut_bytes: u64,
}

/// Makes lines of a stream. Their `n` is still 0.
pub(super) struct LineReader {
    demux: Demux,
    open: [Open; 2],
    ready: Vec<LogLine>,
}

impl LineReader {
    pub fn new(terminal: bool) -> Self {
        Self {
            demux: Demux::new(terminal),
            open: Default::default(),
            ready: Vec::new(),
        }
    }

    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Garbled> {
        let Self { demux, open, ready } = self;
        demux.feed(bytes, &mut |piece| take(open, ready, piece))
    }

    /// The stream ended: what has no line break yet is a line too.
    pub fn finish(&mut self) {
        let Self { demux, open, ready } = self;
        demux.finish(&mut |piece| take(open, ready, piece));
        for (open, stream) in open.iter_mut().zip([LogStream::Stdout, LogStream::Stderr]) {
            if !open.text.is_empty() || open.cut_bytes > 0 {
                ready.push(open.close(stream));
            }
        }
    }

    /// The lines that are whole by now.
    pub fn lines(&mut self) -> std::vec::Drain<'_, LogLine> {
        self.ready.drain(..)
    }
}

fn take(open: &mut [Open; 2], ready: &mut Vec<LogLine>, piece: Piece<'_>) {
    match piece {
        // Of a line in several messages the first one's time counts.
        Piece::Begin(stream, at) => {
            let open = &mut open[usize::from(stream == LogStream::Stderr)];
            if !open.begun {
                open.begun = true;
                open.at_nanos = at.map(|(_, at)| at);
            }
        }
        Piece::Text(stream, mut text) => {
            let open = &mut open[usize::from(stream == LogStream::Stderr)];
            while let Some(end) = text.iter().position(|b| *b == b'\n') {
                open.add(&text[..end]);
                ready.push(open.close(stream));
                text = &text[end + 1..];
            }
            open.add(text);
            if open.cut_bytes >= CUT_BYTES {
                ready.push(open.close(stream));
            }
        }
    }
}

impl Open {
    fn add(&mut self, text: &[u8]) {
        self.begun |= !text.is_empty();
        let room = LINE_BYTES - self.text.len();
        let kept = text.len().min(room);
        self.text.extend_from_slice(&text[..kept]);
        self.cut_bytes += (text.len() - kept) as u64;
    }

    fn close(&mut self, stream: LogStream) -> LogLine {
        let line = std::mem::take(self);
        let mut bytes = line.text.as_slice();
        if line.cut_bytes > 0 {
            bytes = whole_characters(bytes);
        } else if let Some(without) = bytes.strip_suffix(b"\r") {
            bytes = without;
        }
        LogLine {
            n: 0,
            at_nanos: line.at_nanos,
            stream,
            text: readable(bytes),
            cut_bytes: line.cut_bytes + (line.text.len() - bytes.len()) as u64 * u64::from(line.cut_bytes > 0),
        }
    }
}

/// Without the beginning of a character that the cut went through.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().rposition(|b| b & 0xc0 != 0x80).unwrap_or(0);
    let complete = match bytes.get(start) {
        Some(b) if b & 0xe0 == 0xc0 => 2,
        Some(b) if b & 0xf0 == 0xe0 => 3,
        Some(b) if b & 0xf8 == 0xf0 => 4,
        _ => return bytes,
    };
    if bytes.len() - start < complete {
        &bytes[..start]
    } else {
        bytes
    }
}

/// Text of a host: what is no UTF-8 is replaced, and so is each control character but tabs and what ANSI
/// sequences are made of. A carriage return inside of a line is shown as one.
fn readable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let plain = |c: char| !c.is_control() || matches!(c, '\t' | '\u{1b}' | '\u{7}');
    if text.chars().all(plain) {
        return text.into_owned();
    }
    let clean = |c: char| match c {
        '\r' => '\u{240d}',
        c if plain(c) => c,
        _ => '\u{fffd}',
    };
    text.chars().map(clean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TIME: &str = "2026-01-02T03:04:05.000000006Z";
    const NANOS: i64 = 1_767_323_045_000_000_006;

    fn frame(kind: u8, text: &[u8]) -> Vec<u8> {
        let mut out = vec![kind, 0, 0, 0];
        out.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
        out.extend(text);
        out
    }
    fn message(kind: u8, text: &[u8]) -> Vec<u8> {
        frame(kind, &[TIME.as_bytes(), b" ", text].concat())
    }
    fn read(terminal: bool, pieces: &[&[u8]]) -> Vec<LogLine> {
        let mut reader = LineReader::new(terminal);
        let mut lines = Vec::new();
        for piece in pieces {
            reader.feed(piece).unwrap();
            lines.extend(reader.lines());
        }
        reader.finish();
        lines.extend(reader.lines());
        lines
    }
    fn line(stream: LogStream, text: &str) -> LogLine {
        LogLine {
            at_nanos: Some(NANOS),
            stream,
            text: text.to_owned(),
            ..LogLine::default()
        }
    }

    #[test]
    fn dk_11_frames_are_read_exactly_wherever_the_stream_is_cut() {
        let stream = [
            message(1, b"one\n"),
            message(2, "zwei \u{1f980}\n".as_bytes()),
            message(1, b""),
            message(1, b"\n"),
            message(1, b"half "),
            message(2, b"between\n"),
            message(1, b"and half\n"),
            frame(1, b"no time here\n"),
            message(2, b"no end"),
        ]
        .concat();
        let mut untimed = line(LogStream::Stdout, "no time here");
        untimed.at_nanos = None;
        let expected = [
            line(LogStream::Stdout, "one"),
            line(LogStream::Stderr, "zwei \u{1f980}"),
            line(LogStream::Stdout, ""),
            line(LogStream::Stderr, "between"),
            line(LogStream::Stdout, "half and half"),
            untimed,
            line(LogStream::Stderr, "no end"),
        ];
        for at in 0..=stream.len() {
            assert_eq!(read(false, &[&stream[..at], &stream[at..]]), expected, "cut at {at}");
        }
        let single: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(read(false, &single), expected, "byte by byte");
    }

    #[test]
    fn dk_11_a_terminal_s_stream_is_read_exactly_wherever_it_is_cut() {
        // The first byte of the second line looks like the header of a frame.
        let stream = format!("{TIME} one\r\n{TIME} \u{1}\u{1}two\r\n{TIME} \r\nbare\r\n{TIME} no end");
        let mut bare = line(LogStream::Stdout, "bare");
        bare.at_nanos = None;
        let expected = [
            line(LogStream::Stdout, "one"),
            line(LogStream::Stdout, "\u{fffd}\u{fffd}two"),
            line(LogStream::Stdout, ""),
            bare,
            line(LogStream::Stdout, "no end"),
        ];
        for at in 0..=stream.len() {
            let (one, two) = stream.as_bytes().split_at(at);
            assert_eq!(read(true, &[one, two]), expected, "cut at {at}");
        }
    }

    #[test]
    fn dk_11_a_header_that_lies_about_its_length_fills_no_memory() {
        let mut reader = LineReader::new(false);
        reader.feed(&[1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]).unwrap();
        for _ in 0..100_000 {
            reader.feed(&[b'x'; 64]).unwrap();
        }
        let lines: Vec<LogLine> = reader.lines().collect();
        assert!(lines.len() < 8 && lines.iter().all(|l| l.text.len() == LINE_BYTES && l.cut_bytes > 0));
        assert!(reader.open[0].text.capacity() <= 2 * LINE_BYTES);
    }

    #[test]
    fn dk_11_what_is_no_frame_is_refused() {
        for wrong in [[4, 0, 0, 0, 0, 0, 0, 1], [1, 1, 0, 0, 0, 0, 0, 1], *b"HTTP/1.1"] {
            assert_eq!(LineReader::new(false).feed(&wrong), Err(Garbled));
        }
    }

    #[test]
    fn ls_06_a_line_of_ten_megabytes_is_cut_with_its_missing_bytes_counted() {
        // As engines send it: 16 KiB a message, and each begins with a time.
        let part = [b'x'; 16 << 10];
        let mut reader = LineReader::new(false);
        let mut lines = Vec::new();
        for _ in 0..639 {
            reader.feed(&message(1, &part)).unwrap();
            lines.extend(reader.lines());
        }
        reader.feed(&message(1, &[&part[..], b"\n"].concat())).unwrap();
        reader.feed(&message(1, b"next\n")).unwrap();
        lines.extend(reader.lines());
        assert!(lines.len() < 12, "{}", lines.len());
        let (last, long) = lines.split_last().unwrap();
        assert_eq!(last.text, "next");
        let all: u64 = long.iter().map(|l| l.text.len() as u64 + l.cut_bytes).sum();
        assert_eq!(all, 10 << 20);
        assert!(
            long.iter().all(|l| l.text.bytes().all(|b| b == b'x')),
            "no time is left in the text"
        );
    }

    #[test]
    fn sh_10_binary_output_becomes_text_and_a_cut_goes_through_no_character() {
        assert_eq!(
            readable(b"a\xff\0b\tc\x1b[1m\rd"),
            "a\u{fffd}\u{fffd}b\tc\u{1b}[1m\u{240d}d"
        );
        let long = "\u{1f980}".repeat(LINE_BYTES);
        for lead in ["", "x", "xx", "xxx"] {
            let text = format!("{lead}{long}\n");
            let lines = read(false, &[&message(1, text.as_bytes())]);
            assert!(!lines[0].text.contains('\u{fffd}'), "after {lead:?}");
            assert_eq!(lines[0].text.len() as u64 + lines[0].cut_bytes, text.len() as u64 - 1);
        }
    }

    proptest! {
        #[test]
        fn sh_10_lines_are_the_same_however_any_bytes_are_cut(
            texts in prop::collection::vec((1_u8..3, prop::collection::vec(any::<u8>(), 0..60)), 0..8),
            cuts in prop::collection::vec(0_usize..600, 0..6),
            terminal: bool,
        ) {
            let stream: Vec<u8> = if terminal {
                texts.iter().flat_map(|(_, t)| [TIME.as_bytes(), b" ", t, b"\n"].concat()).collect()
            } else {
                texts.iter().flat_map(|(k, t)| message(*k, t)).collect()
            };
            let whole = read(terminal, &[&stream]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(stream.len())).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&stream[from..cut]);
                from = cut;
            }
            pieces.push(&stream[from..]);
            prop_assert_eq!(read(terminal, &pieces), whole.clone());
            for line in whole {
                prop_assert!(!line.text.contains('\n'));
            }
        }

        #[test]
        fn sh_10_any_bytes_at_all_are_read_or_refused_and_nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), terminal: bool) {
            let mut reader = LineReader::new(terminal);
            let _ = reader.feed(&bytes);
            reader.finish();
        }
    }
}
