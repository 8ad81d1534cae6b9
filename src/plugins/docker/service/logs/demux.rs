//! The engine's log stream taken apart: frames of an eight-byte header and text, or, where the container
//! has a terminal, text alone. Each message begins with its time. Nothing is gathered here but a header
//! and a time, so no length that a header claims can fill the memory.

use crate::{
    core::lines::LogStream,
    error::{AppError, ErrorKind},
    plugins::docker::service::instant::nanos,
};

/// A time in front of a message is never longer: `2026-01-02T03:04:05.123456789+01:00`.
const LONGEST_TIME: usize = 35;

/// What the stream is made of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A message begins; its time as it stood there, when there was one. Long lines are several messages.
    Begin(LogStream, Option<(&'a [u8], i64)>),
    Text(LogStream, &'a [u8]),
}

/// The stream is not what it should be; what follows cannot be told apart any more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Garbled;

impl From<Garbled> for AppError {
    fn from(_: Garbled) -> Self {
        Self::new(
            ErrorKind::Upstream,
            "The engine's log stream is not as the Docker API describes it. It is read anew.",
        )
    }
}

/// Takes a stream apart, however it is cut into pieces.
pub(super) struct Demux {
    terminal: bool,
    header: [u8; 8],
    have: usize,
    /// Bytes of this frame that are still to come.
    left: u32,
    stream: LogStream,
    /// What may become the time at the beginning of a message; `None` behind it.
    time: Option<Vec<u8>>,
}

impl Demux {
    pub fn new(terminal: bool) -> Self {
        Self {
            terminal,
            header: [0; 8],
            have: 0,
            left: 0,
            stream: LogStream::Stdout,
            time: terminal.then(Vec::new),
        }
    }

    /// Hands on what `bytes` hold.
    pub fn feed(&mut self, mut bytes: &[u8], out: &mut dyn FnMut(Piece<'_>)) -> Result<(), Garbled> {
        while !bytes.is_empty() {
            if self.terminal {
                bytes = self.terminal_line(bytes, out);
            } else if self.left == 0 {
                bytes = self.header(bytes)?;
            } else {
                let here = bytes.len().min(self.left as usize);
                self.left -= u32::try_from(here).map_err(|_| Garbled)?;
                let (part, rest) = bytes.split_at(here);
                self.text(part, out);
                if self.left == 0 {
                    self.no_time(out);
                }
                bytes = rest;
            }
        }
        Ok(())
    }

    /// The stream ended: a time that was cut short is text.
    pub fn finish(&mut self, out: &mut dyn FnMut(Piece<'_>)) {
        self.no_time(out);
    }

    fn header<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Garbled> {
        let take = bytes.len().min(8 - self.have);
        self.header[self.have..self.have + take].copy_from_slice(&bytes[..take]);
        self.have += take;
        if self.have == 8 {
            self.have = 0;
            let [kind, 0, 0, 0, a, b, c, d] = self.header else {
                return Err(Garbled);
            };
            self.stream = match kind {
                0 | 1 => LogStream::Stdout,
                // 3: the daemon's own errors
                2 | 3 => LogStream::Stderr,
                _ => return Err(Garbled),
            };
            self.left = u32::from_be_bytes([a, b, c, d]);
            self.time = (self.left > 0).then(Vec::new);
        }
        Ok(&bytes[take..])
    }

    /// One line of a terminal, or the beginning of one: the next message begins behind its end.
    fn terminal_line<'a>(&mut self, bytes: &'a [u8], out: &mut dyn FnMut(Piece<'_>)) -> &'a [u8] {
        let end = bytes.iter().position(|b| *b == b'\n').map_or(bytes.len(), |at| at + 1);
        let (line, rest) = bytes.split_at(end);
        self.text(line, out);
        if line.ends_with(b"\n") {
            self.no_time(out);
            self.time = Some(Vec::new());
        }
        rest
    }

    fn text(&mut self, part: &[u8], out: &mut dyn FnMut(Piece<'_>)) {
        let mut part = part;
        if let Some(time) = &mut self.time {
            let space = part.iter().position(|b| *b == b' ');
            let take = space
                .unwrap_or(part.len())
                .min((LONGEST_TIME + 1).saturating_sub(time.len()));
            time.extend_from_slice(&part[..take]);
            part = &part[take..];
            let at = part.starts_with(b" ").then(|| nanos(time)).flatten();
            if let Some(at) = at {
                out(Piece::Begin(self.stream, Some((time, at))));
                part = &part[1..];
                self.time = None;
            } else if !part.is_empty() || time.len() > LONGEST_TIME {
                self.no_time(out);
            } else {
                return;
            }
        }
        if !part.is_empty() {
            out(Piece::Text(self.stream, part));
        }
    }

    /// What was gathered is no time: it is text.
    fn no_time(&mut self, out: &mut dyn FnMut(Piece<'_>)) {
        if let Some(text) = self.time.take() {
            if text.is_empty() && self.terminal {
                return;
            }
            out(Piece::Begin(self.stream, None));
            if !text.is_empty() {
                out(Piece::Text(self.stream, &text));
            }
        }
    }
}
