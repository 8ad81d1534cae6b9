//! A whole log as text, straight from the engine to whoever asked for it.

use super::{
    Logs,
    demux::{Demux, Piece},
    follow::is_terminal,
    too_many_downloads,
};
use crate::{
    core::lines::LogStream,
    error::{AppError, AppResult, ErrorKind},
    plugins::docker::{
        model::ContainerRow,
        service::engine::{Answer, Engine, LogRange},
    },
};
use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout_at},
};

/// A log that takes longer than this ends with an error, so that nobody takes a part for the whole.
const WITHIN: Duration = Duration::from_secs(600);

struct Download {
    /// The forward to the engine lives as long as this.
    _engine: Engine,
    answer: Answer,
    demux: Demux,
    text: Text,
    until: Instant,
    over: bool,
    _place: OwnedSemaphorePermit,
}

impl Logs {
    /// The container's whole log: what it wrote, byte for byte, with the times in front of the lines where
    /// `timestamps` asks for them. Errors: `Unavailable` when too many are being read.
    pub(in crate::plugins::docker::service) async fn download(
        self: &Arc<Self>,
        row: &ContainerRow,
        timestamps: bool,
    ) -> AppResult<BoxStream<'static, AppResult<Bytes>>> {
        let place = self
            .downloads
            .clone()
            .try_acquire_owned()
            .map_err(|_| too_many_downloads())?;
        let until = Instant::now() + WITHIN;
        let engine = Engine::of(&self.machines, row.machine).await?;
        let terminal = is_terminal(&engine, &row.id).await?;
        let answer = engine.logs(&row.id, LogRange::All, false).await?;
        let state = Download {
            _engine: engine,
            answer,
            demux: Demux::new(terminal),
            text: Text {
                timestamps,
                open: [false; 2],
                out: Vec::new(),
            },
            until,
            over: false,
            _place: place,
        };
        Ok(futures::stream::try_unfold(state, |mut state| async move {
            Ok(state.next().await?.map(|bytes| (bytes, state)))
        })
        .boxed())
    }
}

impl Download {
    async fn next(&mut self) -> AppResult<Option<Bytes>> {
        loop {
            if !self.text.out.is_empty() {
                return Ok(Some(std::mem::take(&mut self.text.out).into()));
            }
            if self.over {
                return Ok(None);
            }
            let chunk = timeout_at(self.until, self.answer.chunk()).await.map_err(|_| {
                AppError::new(
                    ErrorKind::Timeout,
                    format!(
                        "The log took longer than {} minutes and was cut.",
                        WITHIN.as_secs() / 60
                    ),
                )
            })??;
            let Self { demux, text, over, .. } = self;
            match chunk {
                Some(chunk) => demux.feed(&chunk, &mut |piece| text.take(piece))?,
                None => {
                    demux.finish(&mut |piece| text.take(piece));
                    *over = true;
                }
            }
        }
    }
}

struct Text {
    timestamps: bool,
    /// Streams whose last message had no line break: the next message goes on with that line.
    open: [bool; 2],
    out: Vec<u8>,
}

impl Text {
    fn take(&mut self, piece: Piece<'_>) {
        let place = |stream| usize::from(stream == LogStream::Stderr);
        match piece {
            Piece::Begin(stream, Some((time, _))) if self.timestamps && !self.open[place(stream)] => {
                self.out.extend_from_slice(time);
                self.out.push(b' ');
            }
            Piece::Begin(..) => {}
            Piece::Text(stream, text) => {
                self.out.extend_from_slice(text);
                self.open[place(stream)] = !text.ends_with(b"\n");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_several_messages_has_one_time_and_nothing_else_is_added() {
        let time = b"2026-01-02T03:04:05.000000006Z";
        let begin = || Piece::Begin(LogStream::Stdout, Some((&time[..], 6)));
        let pieces = || {
            [
                begin(),
                Piece::Text(LogStream::Stdout, b"long "),
                begin(),
                Piece::Text(LogStream::Stdout, b"line\r\n"),
                begin(),
                Piece::Text(LogStream::Stdout, b"\xff\n"),
            ]
        };
        let text = |timestamps| {
            let mut text = Text {
                timestamps,
                open: [false; 2],
                out: Vec::new(),
            };
            pieces().into_iter().for_each(|piece| text.take(piece));
            text.out
        };
        assert_eq!(text(false), b"long line\r\n\xff\n");
        let t = String::from_utf8_lossy(time).into_owned();
        assert_eq!(
            text(true),
            [t.as_bytes(), b" long line\r\n", t.as_bytes(), b" \xff\n"].concat()
        );
    }
}
