//! One browser tab's socket, without the transport: messages in, bytes out.

use super::{
    hub::{Change, Hub, Subscriber, WindowRows, frame},
    outbox::Outbox,
};
use crate::core::{
    auth::service::Actor,
    live::model::{ClientMessage, ServerMessage, SubId},
};
use crate::error::AppResult;
use bytes::Bytes;
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// Subscriptions one tab may hold.
const MAX_SUBSCRIPTIONS: usize = 32;
/// Shards one subscription may name.
const MAX_NAMED: usize = 4_096;
/// The shortest time between two windows of one view, when a state changed.
const STATE_PACE: Duration = Duration::from_millis(100);
/// The same when only readings moved.
const READING_PACE: Duration = Duration::from_secs(1);

struct Sub {
    subscriber: Arc<Subscriber>,
    /// When the last window was made; `None` before the first.
    made_at: Option<Instant>,
    /// The last window, to send only what is new: rows with their readings, and the order.
    shown: HashMap<String, (Value, Value)>,
    order: Vec<String>,
    total: u32,
    summary: Value,
}

impl Sub {
    fn new(subscriber: Arc<Subscriber>) -> Self {
        Self {
            subscriber,
            made_at: None,
            shown: HashMap::new(),
            order: Vec::new(),
            total: 0,
            summary: Value::Null,
        }
    }

    /// When the next window is to be made, the first one `now`; `None` while nothing changed, or without a view.
    fn due(&self, now: Instant) -> Option<Instant> {
        self.subscriber.view.as_ref()?;
        let pace = match self.subscriber.dirty()? {
            Change::State => STATE_PACE,
            Change::Reading => READING_PACE,
        };
        Some(self.made_at.map_or(now, |at| at + pace))
    }

    /// What of `window` is new since the last one; the first one is always told.
    fn news(&mut self, window: WindowRows, first: bool) -> Option<ServerMessage> {
        let (mut rows, mut readings, mut shown) = (Vec::new(), Vec::new(), HashMap::new());
        let mut ids = Vec::with_capacity(window.rows.len());
        for (place, new) in (0_u32..).zip(window.rows) {
            let old = self.shown.remove(&new.key);
            if old.as_ref().is_none_or(|(row, _)| *row != new.row) {
                rows.push(new.row.clone());
            }
            // The page may hold an older reading of a row that it knows from the view before.
            if first || old.map_or(Value::Null, |(_, reading)| reading) != new.reading {
                readings.push((place, new.reading.clone()));
            }
            ids.push(new.key.clone());
            shown.insert(new.key, (new.row, new.reading));
        }
        let summary = (window.summary != self.summary).then(|| window.summary.clone());
        let same = rows.is_empty() && readings.is_empty() && summary.is_none();
        let same = same && ids == self.order && window.total == self.total;
        (self.shown, self.order, self.total, self.summary) = (shown, ids.clone(), window.total, window.summary);
        (first || !same).then_some(ServerMessage::Window {
            sub: self.subscriber.sub,
            total: self.total,
            ids,
            rows,
            readings,
            summary,
        })
    }
}

/// The server's end of one live socket. Dropping it ends its subscriptions.
pub struct LiveSocket {
    id: u64,
    hub: Arc<Hub>,
    actor: Actor,
    outbox: Arc<Outbox>,
    subs: HashMap<SubId, Sub>,
}

impl LiveSocket {
    /// A socket of `actor`, which must be a logged-in user (its session ends the socket) with less than
    /// [`super::MAX_USER_SOCKETS`] open.
    pub fn open(hub: Arc<Hub>, actor: Actor) -> AppResult<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let (id, outbox) = (NEXT.fetch_add(1, Ordering::Relaxed), Arc::new(Outbox::default()));
        hub.enter(id, &actor, outbox.clone())?;
        outbox.push(&ServerMessage::Hello {
            build_id: hub.build_id().to_owned(),
        });
        Ok(Self {
            id,
            hub,
            actor,
            outbox,
            subs: HashMap::new(),
        })
    }

    /// Handles one text message of the browser; one that cannot be read is refused, not fatal.
    pub fn receive(&mut self, text: &str) {
        if self.outbox.is_closed() {
            return;
        }
        match serde_json::from_str::<ClientMessage>(text) {
            Ok(ClientMessage::Ping) => self.outbox.push(&ServerMessage::Pong),
            Ok(ClientMessage::Unsubscribe { sub }) => self.unsubscribe(sub),
            Ok(ClientMessage::Subscribe {
                sub,
                topic,
                have,
                shards,
                view,
            }) => {
                let named = have.len().max(shards.as_ref().map_or(0, Vec::len));
                if self.subs.len() >= MAX_SUBSCRIPTIONS || named > MAX_NAMED || self.hub.source(&topic).is_none() {
                    let message = format!("The topic {topic:?} cannot be subscribed to now.");
                    return self.outbox.push(&ServerMessage::Refused { sub, message });
                }
                self.unsubscribe(sub);
                let subscriber = Arc::new(Subscriber {
                    sub,
                    topic,
                    shards: shards.map(|s| s.into_iter().collect()),
                    view,
                    outbox: self.outbox.clone(),
                    actor: self.actor.clone(),
                    dirty: AtomicU8::new(0),
                    watches: OnceLock::new(),
                });
                self.subs.insert(sub, Sub::new(subscriber.clone()));
                self.hub.subscribe(subscriber, &have);
            }
            Err(why) => {
                self.outbox.push(&ServerMessage::Refused {
                    sub: 0,
                    message: format!("The message could not be read: {why}"),
                });
            }
        }
    }

    fn unsubscribe(&mut self, sub: SubId) {
        if let Some(old) = self.subs.remove(&sub) {
            self.hub.unsubscribe(&old.subscriber);
        }
    }

    /// The next bytes to write; `None` when the socket is to end. Cancel-safe.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(bytes) = self.outbox.pop() {
                return Some(bytes);
            }
            if self.outbox.is_closed() {
                return None;
            }
            if self.refill() {
                continue;
            }
            let now = Instant::now();
            let due = self.subs.values().filter_map(|sub| sub.due(now)).min();
            if due.is_some_and(|at| at <= now) {
                self.windows(now);
                continue;
            }
            let hub_wake = self.outbox.wake.notified();
            match due {
                Some(at) => drop(tokio::time::timeout_at(at, hub_wake).await),
                None => hub_wake.await,
            }
        }
    }

    /// Sends the snapshot of one shard that needs it.
    fn refill(&self) -> bool {
        let Some((key, missed)) = self.outbox.begin_refill() else {
            return false;
        };
        if let Some(missed) = missed {
            self.outbox.push(&ServerMessage::Gap {
                topic: key.topic.clone(),
                shard: key.shard.clone(),
                missed,
            });
        }
        let snapshot = self.hub.source(&key.topic).and_then(|s| s.snapshot(&key.shard));
        let snapshot = snapshot.map(|(seq, body)| (seq, frame(&key, seq, true, &body)));
        self.outbox.end_refill(&key, snapshot);
        true
    }

    /// Makes the window of each view that is due, and sends what is new in it.
    fn windows(&mut self, now: Instant) {
        let due = |sub: &&mut Sub| sub.due(now).is_some_and(|at| at <= now);
        for sub in self.subs.values_mut().filter(due) {
            let subscriber = sub.subscriber.clone();
            subscriber.dirty.store(0, Ordering::Release);
            let first = sub.made_at.replace(now).is_none();
            let (Some(view), Some(source)) = (&subscriber.view, self.hub.source(&subscriber.topic)) else {
                continue;
            };
            let window = source.window(view, &|shard| self.hub.permits(&subscriber, shard));
            if let Some(news) = window.and_then(|window| sub.news(window, first)) {
                self.outbox.push(&news);
            }
        }
    }
}

impl Drop for LiveSocket {
    fn drop(&mut self) {
        self.subs.values().for_each(|sub| self.hub.unsubscribe(&sub.subscriber));
        self.hub.leave(self.id);
    }
}
