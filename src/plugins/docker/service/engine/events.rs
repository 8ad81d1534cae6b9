//! The engine's events: one JSON object per line, and no line may grow without end.

use super::{http::Answer, loose::Loose};
use crate::error::{AppError, AppResult, ErrorKind};
use futures::Stream;
use serde::Deserialize;
use std::collections::VecDeque;

const LINE_BYTES: usize = 1 << 20;

/// Something happened to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::plugins::docker::service) enum Event {
    /// To this one; whether it is that its process began, or ended.
    Container { id: String, started: bool, ended: bool },
    /// An event that cannot be read: whatever it was, everything has to be looked at.
    Unreadable,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    #[serde(rename = "Action")]
    action: Loose<String>,
    #[serde(rename = "Actor")]
    actor: Loose<Actor>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Actor {
    #[serde(rename = "ID")]
    id: Loose<String>,
}

/// Events as they come. Ends with an error when the engine goes away.
pub(super) fn events(answer: Answer) -> impl Stream<Item = AppResult<Event>> + Send + 'static {
    let state = (answer, Lines::default());
    futures::stream::try_unfold(state, |(mut answer, mut lines)| async move {
        loop {
            if let Some(event) = lines.next()? {
                return Ok(Some((event, (answer, lines))));
            }
            match answer.chunk().await? {
                Some(chunk) => lines.feed(&chunk),
                None => return Ok(None),
            }
        }
    })
}

#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
    ready: VecDeque<Event>,
}

impl Lines {
    fn feed(&mut self, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|b| *b == b'\n') {
            self.rest.extend_from_slice(&bytes[..end]);
            bytes = &bytes[end + 1..];
            self.ready.extend(read(&self.rest));
            self.rest.clear();
        }
        self.rest.extend_from_slice(bytes);
    }
    fn next(&mut self) -> AppResult<Option<Event>> {
        if self.rest.len() > LINE_BYTES {
            return Err(AppError::new(
                ErrorKind::Upstream,
                "The engine sent an event without an end. Its events are read anew.",
            ));
        }
        Ok(self.ready.pop_front())
    }
}

fn read(line: &[u8]) -> Option<Event> {
    if line.trim_ascii().is_empty() {
        return None;
    }
    let said: Said = serde_json::from_slice(line).unwrap_or_default();
    let action = said.action.0.unwrap_or_default();
    // An exec (each health check is one) changes nothing that a row shows.
    if action.starts_with("exec_") {
        return None;
    }
    Some(match said.actor.0.and_then(|a| a.id.0) {
        Some(id) if !action.is_empty() => Event::Container {
            id,
            started: action == "start",
            ended: action == "die",
        },
        _ => Event::Unreadable,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pieces: &[&[u8]]) -> Vec<Event> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for piece in pieces {
            lines.feed(piece);
            while let Some(event) = lines.next().unwrap() {
                found.push(event);
            }
        }
        found
    }

    #[test]
    fn dk_07_events_are_read_however_they_are_cut_and_an_odd_one_is_not_lost() {
        let text = concat!(
            r#"{"Type":"container","Action":"start","Actor":{"ID":"a1"},"scope":"moon"}"#,
            "\n",
            r#"{"Action":"exec_create: sh","Actor":{"ID":"a1"}}"#,
            "\n\n",
            r#"{"Action":"health_status: healthy","Actor":{"ID":"b2"}}"#,
            "\n",
            "{\"Action\":\"di\n",
            r#"{"Action":"die","Actor":null}"#,
            "\n",
        );
        let expected = [
            Event::Container {
                id: "a1".into(),
                started: true,
                ended: false,
            },
            Event::Container {
                id: "b2".into(),
                started: false,
                ended: false,
            },
            Event::Unreadable,
            Event::Unreadable,
        ];
        for at in 0..text.len() {
            let (one, two) = text.as_bytes().split_at(at);
            assert_eq!(of(&[one, two]), expected, "cut at {at}");
        }
    }

    #[test]
    fn dk_07_an_event_without_an_end_is_an_error() {
        let mut lines = Lines::default();
        lines.feed(&vec![b'x'; LINE_BYTES + 1]);
        assert!(lines.next().is_err());
    }
}
