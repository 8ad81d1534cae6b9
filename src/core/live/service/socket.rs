//! One browser tab's socket, without the transport: messages in, bytes out.

use super::{
    hub::{Hub, Subscriber, frame},
    outbox::{Outbox, encode},
};
use crate::core::{
    auth::service::{Actor, Who},
    live::model::{ClientMessage, ServerMessage, SubId},
};
use crate::error::{AppError, AppResult};
use bytes::Bytes;
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// Subscriptions one tab may hold.
const MAX_SUBSCRIPTIONS: usize = 32;
/// The shortest time between two windows of one view.
const WINDOW_PACE: Duration = Duration::from_millis(100);

struct Sub {
    subscriber: Arc<Subscriber>,
    /// The rows of the last window, to send only what is new.
    shown: HashMap<String, Value>,
    order: Vec<String>,
    total: u32,
}

/// The server's end of one live socket. Dropping it ends its subscriptions.
pub struct LiveSocket {
    id: u64,
    hub: Arc<Hub>,
    actor: Actor,
    outbox: Arc<Outbox>,
    subs: HashMap<SubId, Sub>,
    next_window: Instant,
}

impl LiveSocket {
    /// A socket of `actor`, which must be a logged-in user (its session ends the socket) with less than
    /// [`super::MAX_USER_SOCKETS`] open.
    pub fn open(hub: Arc<Hub>, actor: Actor) -> AppResult<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let Who::User { id: user, session, .. } = *actor.who() else {
            return Err(AppError::unauthenticated());
        };
        let (id, outbox) = (NEXT.fetch_add(1, Ordering::Relaxed), Arc::new(Outbox::default()));
        hub.enter(id, user, session, outbox.clone())?;
        outbox.push(&ServerMessage::Hello {
            build_id: hub.build_id().to_owned(),
        });
        Ok(Self {
            id,
            hub,
            actor,
            outbox,
            subs: HashMap::new(),
            next_window: Instant::now(),
        })
    }

    /// Handles one text message of the browser; one that cannot be read is refused, not fatal.
    pub fn receive(&mut self, text: &str) {
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
                if self.subs.len() >= MAX_SUBSCRIPTIONS || self.hub.source(&topic).is_none() {
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
                    dirty: AtomicBool::new(false),
                });
                let kept = Sub {
                    subscriber: subscriber.clone(),
                    shown: HashMap::new(),
                    order: Vec::new(),
                    total: u32::MAX,
                };
                self.subs.insert(sub, kept);
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
            let dirty = self.subs.values().any(|s| s.subscriber.dirty.load(Ordering::Acquire));
            if dirty && Instant::now() >= self.next_window {
                self.windows();
                continue;
            }
            let hub_wake = self.outbox.wake.notified();
            if dirty {
                let _ = tokio::time::timeout_at(self.next_window, hub_wake).await;
            } else {
                hub_wake.await;
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
        let snapshot = snapshot.map(|(seq, body)| (seq, encode(&frame(&key, seq, true, body))));
        self.outbox.end_refill(&key, snapshot);
        true
    }

    /// Sends each view whose topic changed.
    fn windows(&mut self) {
        self.next_window = Instant::now() + WINDOW_PACE;
        for sub in self
            .subs
            .values_mut()
            .filter(|s| s.subscriber.dirty.swap(false, Ordering::AcqRel))
        {
            let Some(view) = &sub.subscriber.view else { continue };
            let may = |shard: &str| self.hub.permits(&sub.subscriber, shard);
            let Some(window) = self
                .hub
                .source(&sub.subscriber.topic)
                .and_then(|s| s.window(view, &may))
            else {
                continue;
            };
            let ids: Vec<String> = window.rows.iter().map(|(id, _)| id.clone()).collect();
            let new: Vec<Value> = window
                .rows
                .iter()
                .filter(|(id, row)| sub.shown.get(id) != Some(row))
                .map(|(_, row)| row.clone())
                .collect();
            if new.is_empty() && ids == sub.order && window.total == sub.total {
                continue;
            }
            self.outbox.push(&ServerMessage::Window {
                sub: sub.subscriber.sub,
                total: window.total,
                ids: ids.clone(),
                rows: new,
            });
            (sub.shown, sub.order, sub.total) = (window.rows.into_iter().collect(), ids, window.total);
        }
    }
}

impl Drop for LiveSocket {
    fn drop(&mut self) {
        self.subs.values().for_each(|sub| self.hub.unsubscribe(&sub.subscriber));
        self.hub.leave(self.id);
    }
}
