//! What waits to be written to one socket: bounded, and honest when the bound is met.
//!
//! A shard is in one of three modes. *Flowing*: frames are queued. *Dropping*: the queue was full, or
//! the browser has an unknown epoch; frames are counted and dropped. *Filling*: a snapshot is being
//! taken; frames wait beside the queue and follow it, except those that the snapshot already holds.

use crate::core::live::model::{Seq, ServerMessage, ShardKey};
use bytes::Bytes;
use serde::Serialize;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// Frames that may wait for one socket before its shards are marked as gaps.
const MAX_FRAMES: usize = 256;
/// Bytes that may wait for one socket.
const MAX_BYTES: usize = 4 << 20;
/// The same with control messages and snapshots, which are not dropped: a socket with more is ended.
const MOST_BYTES: usize = 2 * MAX_BYTES;
/// Frames that may wait for a snapshot of one shard.
const MAX_HELD: usize = 256;

enum Mode {
    /// Frames missed since the last one that was queued; `None` when nothing was ever sent, so none was missed.
    Dropping(Option<u64>),
    Filling(Vec<(u32, Bytes)>),
}

#[derive(Default)]
struct State {
    queue: VecDeque<Bytes>,
    bytes: usize,
    held: HashMap<ShardKey, Mode>,
    refill: VecDeque<ShardKey>,
    closed: bool,
}

/// The queue of one socket.
#[derive(Default)]
pub struct Outbox {
    state: Mutex<State>,
    pub(super) wake: Notify,
}

/// A message as the wire carries it: a [`ServerMessage`], or what is written as one.
pub(super) fn encode(message: &impl Serialize) -> Bytes {
    serde_json::to_vec(message).map(Bytes::from).unwrap_or_default()
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a control message. These are few and never dropped: a socket that lets them pile up is ended.
    pub fn push(&self, message: &ServerMessage) {
        let mut state = self.lock();
        state.enqueue(encode(message));
        let full = state.bytes > MOST_BYTES;
        drop(state);
        if full {
            return self.close(&ServerMessage::Bye {
                reconnect: true,
                message: "This page reads too slowly.".to_owned(),
            });
        }
        self.wake.notify_one();
    }

    /// Queues one frame of a shard, or counts it as missed.
    pub(super) fn push_frame(&self, key: &ShardKey, n: u32, frame: &Bytes) {
        let mut guard = self.lock();
        let state = &mut *guard;
        if state.closed {
            return;
        }
        let full = state.queue.len() >= MAX_FRAMES || state.bytes + frame.len() > MAX_BYTES;
        match state.held.get_mut(key) {
            Some(Mode::Dropping(missed)) => *missed = missed.map(|m| m + 1),
            Some(Mode::Filling(held)) if held.len() < MAX_HELD => held.push((n, frame.clone())),
            Some(mode) => {
                let missed = if let Mode::Filling(held) = &mode {
                    held.len() as u64 + 1
                } else {
                    1
                };
                *mode = Mode::Dropping(Some(missed));
                state.refill.push_back(key.clone());
            }
            None if full => {
                state.held.insert(key.clone(), Mode::Dropping(Some(1)));
                state.refill.push_back(key.clone());
            }
            None => state.enqueue(frame.clone()),
        }
        drop(guard);
        self.wake.notify_one();
    }

    /// The socket has nothing of this shard: send a snapshot before any frame.
    pub(super) fn want_snapshot(&self, key: ShardKey) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        state.held.insert(key.clone(), Mode::Dropping(None));
        state.refill.push_back(key);
        drop(state);
        self.wake.notify_one();
    }

    /// Takes the next message.
    pub(super) fn pop(&self) -> Option<Bytes> {
        let mut state = self.lock();
        let next = state.queue.pop_front()?;
        state.bytes -= next.len();
        Some(next)
    }

    /// The next shard that needs a snapshot, with what was missed; its frames wait from now on.
    pub(super) fn begin_refill(&self) -> Option<(ShardKey, Option<u64>)> {
        let mut state = self.lock();
        let key = state.refill.pop_front()?;
        match state.held.insert(key.clone(), Mode::Filling(Vec::new())) {
            Some(Mode::Dropping(missed)) => Some((key, missed)),
            _ => Some((key, None)),
        }
    }

    /// Queues the snapshot (`None`: the shard is gone) and the frames that came after it.
    pub(super) fn end_refill(&self, key: &ShardKey, snapshot: Option<(Seq, Bytes)>) {
        let mut state = self.lock();
        // More than the bound passed meanwhile: it is dropping again, and waits for its next turn.
        if !matches!(state.held.get(key), Some(Mode::Filling(_))) {
            return;
        }
        let Some(Mode::Filling(held)) = state.held.remove(key) else {
            return;
        };
        let Some((seq, frame)) = snapshot else {
            let end = ServerMessage::End {
                topic: key.topic.clone(),
                shard: key.shard.clone(),
            };
            return state.enqueue(encode(&end));
        };
        state.enqueue(frame);
        held.into_iter()
            .filter(|(n, _)| *n > seq.n)
            .for_each(|(_, frame)| state.enqueue(frame));
    }

    /// Ends the socket with a last word. What waited is not written any more: its user may have lost the right to it.
    pub fn close(&self, bye: &ServerMessage) {
        let mut state = self.lock();
        if !state.closed {
            *state = State::default();
            state.enqueue(encode(bye));
            state.closed = true;
        }
        drop(state);
        self.wake.notify_one();
    }
    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }
}

impl State {
    fn enqueue(&mut self, frame: Bytes) {
        if self.closed {
            return;
        }
        self.bytes += frame.len();
        self.queue.push_back(frame);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ShardKey {
        ShardKey::new("t", "s")
    }
    fn frame(n: u32) -> Bytes {
        Bytes::from(n.to_string())
    }

    #[test]
    fn ls_02_a_full_queue_counts_exactly_what_it_drops() {
        let outbox = Outbox::default();
        for n in 1..=(MAX_FRAMES as u32 + 7) {
            outbox.push_frame(&key(), n, &frame(n));
        }
        let mut sent = 0;
        while outbox.pop().is_some() {
            sent += 1;
        }
        assert_eq!(sent, MAX_FRAMES);
        assert_eq!(outbox.begin_refill(), Some((key(), Some(7))));
    }

    #[test]
    fn ls_07_after_its_end_a_socket_says_one_last_word_and_nothing_that_waited_or_comes() {
        let (outbox, bye) = (Outbox::default(), ServerMessage::Pong);
        outbox.push_frame(&key(), 1, &frame(1));
        outbox.want_snapshot(ShardKey::new("t", "other"));
        outbox.close(&bye);
        outbox.close(&bye);
        outbox.push(&ServerMessage::Pong);
        outbox.push_frame(&key(), 2, &frame(2));
        outbox.want_snapshot(key());
        assert_eq!((outbox.pop(), outbox.pop()), (Some(encode(&bye)), None));
        assert!(outbox.is_closed() && outbox.begin_refill().is_none());
    }

    #[test]
    fn control_messages_that_nobody_reads_end_the_socket() {
        let outbox = Outbox::default();
        let message = "x".repeat(1 << 20);
        let refused = || ServerMessage::Refused {
            sub: 1,
            message: message.clone(),
        };
        (0..9).for_each(|_| outbox.push(&refused()));
        assert!(outbox.is_closed());
        let last = outbox.pop().unwrap();
        assert!(String::from_utf8_lossy(&last).contains("too slowly") && outbox.pop().is_none());
    }

    #[test]
    fn frames_that_pass_while_a_snapshot_is_taken_follow_it_once() {
        let outbox = Outbox::default();
        outbox.want_snapshot(key());
        outbox.push_frame(&key(), 1, &frame(1));
        assert_eq!(outbox.begin_refill(), Some((key(), None)), "a first snapshot is no gap");
        for n in 2..=4 {
            outbox.push_frame(&key(), n, &frame(n));
        }
        outbox.end_refill(&key(), Some((Seq { epoch: 1, n: 3 }, Bytes::from_static(b"snap"))));
        outbox.push_frame(&key(), 5, &frame(5));
        let got: Vec<_> = std::iter::from_fn(|| outbox.pop()).collect();
        assert_eq!(got, [Bytes::from_static(b"snap"), frame(4), frame(5)]);
    }
}
