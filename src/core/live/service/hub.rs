//! Topics, their shards' recent history, and the subscribers.

use super::outbox::{Outbox, encode};
use crate::core::{
    auth::{
        model::{SessionId, UserId},
        service::Actor,
    },
    live::model::{Seq, ServerMessage, ShardKey, ShardSeq, SubId, View},
};
use crate::error::{AppError, AppResult};
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// Frames kept per shard, so that a page that was rendered a moment ago needs no snapshot.
const HISTORY: usize = 64;

/// Live sockets that one user may hold: a tab has one. Others do not notice who reaches it.
pub const MAX_USER_SOCKETS: usize = 64;

/// The owner of a topic's state.
pub trait TopicSource: Send + Sync {
    fn topic(&self) -> &'static str;
    /// The action that a user must be allowed on a shard to see it.
    fn action(&self) -> &'static str;
    fn shards(&self) -> Vec<String>;
    /// Tags of what the shard is about, for the policy.
    fn tags(&self, _shard: &str) -> Vec<String> {
        Vec::new()
    }
    /// The state of a shard and its place in the history, read under the source's own lock.
    fn snapshot(&self, shard: &str) -> Option<(Seq, Value)>;
    /// The rows that `view` shows of the shards that `may` allows; `None` where views make no sense.
    fn window(&self, _view: &View, _may: &dyn Fn(&str) -> bool) -> Option<WindowRows> {
        None
    }
}

/// The rows of a view, in order.
#[derive(Default)]
pub struct WindowRows {
    /// Rows that match the filter, shown or not.
    pub total: u32,
    pub rows: Vec<(String, Value)>,
}

/// One subscription of one socket.
pub struct Subscriber {
    pub sub: SubId,
    pub topic: String,
    pub shards: Option<HashSet<String>>,
    pub view: Option<View>,
    pub outbox: Arc<Outbox>,
    pub actor: Actor,
    /// Something in a view's topic changed since its last window.
    pub(super) dirty: AtomicBool,
}

impl Subscriber {
    /// Whether it covers the shard, and its user may do `action` on what has these tags.
    fn may(&self, action: &str, tags: &[String], shard: &str) -> bool {
        self.shards.as_ref().is_none_or(|only| only.contains(shard)) && self.actor.may(action, tags).allowed
    }
}

/// Gives a frame to a socket, or tells it that its view changed.
fn offer(subscriber: &Subscriber, key: &ShardKey, n: u32, frame: &Bytes) {
    if subscriber.view.is_some() {
        subscriber.dirty.store(true, Ordering::Release);
        subscriber.outbox.wake.notify_one();
    } else {
        subscriber.outbox.push_frame(key, n, frame);
    }
}

#[derive(Default)]
struct Shard {
    n: u32,
    history: VecDeque<(u32, Bytes)>,
}

#[derive(Default)]
struct Topic {
    shards: HashMap<String, Shard>,
    subscribers: Vec<Arc<Subscriber>>,
}

/// The live hub of this process.
pub struct Hub {
    epoch: u32,
    build_id: String,
    topics: RwLock<HashMap<String, Arc<Mutex<Topic>>>>,
    sources: RwLock<HashMap<&'static str, Arc<dyn TopicSource>>>,
    sockets: Mutex<HashMap<u64, Open>>,
}

/// An open socket.
struct Open {
    user: UserId,
    session: SessionId,
    outbox: Arc<Outbox>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    pub fn new(build_id: &str) -> Arc<Self> {
        Arc::new(Self {
            epoch: rand::random(),
            build_id: build_id.to_owned(),
            topics: RwLock::default(),
            sources: RwLock::default(),
            sockets: Mutex::default(),
        })
    }

    pub fn build_id(&self) -> &str {
        &self.build_id
    }

    /// Makes `source` the owner of its topic; an earlier owner is replaced.
    pub fn set_source(&self, source: Arc<dyn TopicSource>) {
        self.sources
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(source.topic(), source);
    }
    /// The topic has no owner any more (its plugin stopped): its shards end.
    pub fn remove_source(&self, topic: &str) {
        let source = self
            .sources
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(topic);
        for shard in source.map(|s| s.shards()).unwrap_or_default() {
            self.end(&ShardKey::new(topic, shard));
        }
    }
    pub(super) fn source(&self, topic: &str) -> Option<Arc<dyn TopicSource>> {
        self.sources
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(topic)
            .cloned()
    }

    fn topic(&self, name: &str) -> Arc<Mutex<Topic>> {
        if let Some(topic) = self.topics.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return topic.clone();
        }
        self.topics
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(name.to_owned())
            .or_default()
            .clone()
    }

    /// Sends `event` to everybody who may see the shard: encoded once. Call it under the lock that guards the state.
    pub fn publish<E: Serialize>(&self, key: &ShardKey, event: &E) -> Seq {
        let body = serde_json::to_value(event).unwrap_or(Value::Null);
        let topic = self.topic(&key.topic);
        let mut topic = lock(&topic);
        let shard = topic.shards.entry(key.shard.clone()).or_default();
        shard.n += 1;
        let seq = Seq {
            epoch: self.epoch,
            n: shard.n,
        };
        let frame = encode(&frame(key, seq, false, body));
        shard.history.push_back((seq.n, frame.clone()));
        if shard.history.len() > HISTORY {
            shard.history.pop_front();
        }
        // Asked once for all sockets: what the right is, and what it is given on.
        if let Some(source) = self.source(&key.topic) {
            let (action, tags) = (source.action(), source.tags(&key.shard));
            for subscriber in topic.subscribers.iter().filter(|s| s.may(action, &tags, &key.shard)) {
                offer(subscriber, key, seq.n, &frame);
            }
        }
        seq
    }

    /// Whether this subscription covers the shard and its user may see it.
    pub(super) fn permits(&self, subscriber: &Subscriber, shard: &str) -> bool {
        self.source(&subscriber.topic)
            .is_some_and(|s| subscriber.may(s.action(), &s.tags(shard), shard))
    }

    /// The place of a shard's newest frame.
    pub fn seq(&self, key: &ShardKey) -> Seq {
        let topic = self.topic(&key.topic);
        let n = lock(&topic).shards.get(&key.shard).map_or(0, |s| s.n);
        Seq { epoch: self.epoch, n }
    }

    /// The shard is gone. Its counter stays, so that a shard of the same name cannot be mistaken for it.
    pub fn end(&self, key: &ShardKey) {
        let topic = self.topic(&key.topic);
        let mut topic = lock(&topic);
        if let Some(shard) = topic.shards.get_mut(&key.shard) {
            shard.n += 1;
            shard.history.clear();
        }
        let end = ServerMessage::End {
            topic: key.topic.clone(),
            shard: key.shard.clone(),
        };
        for subscriber in topic
            .subscribers
            .iter()
            .filter(|s| s.shards.as_ref().is_none_or(|o| o.contains(&key.shard)))
        {
            subscriber.dirty.store(true, Ordering::Release);
            subscriber.outbox.push(&end);
        }
    }

    /// Adds a subscription: replays what the page missed since it was rendered, or promises a snapshot.
    pub(super) fn subscribe(&self, subscriber: Arc<Subscriber>, have: &[ShardSeq]) {
        let Some(source) = self.source(&subscriber.topic) else {
            return;
        };
        let have: HashMap<&str, Seq> = have.iter().map(|h| (h.shard.as_str(), h.seq)).collect();
        let known: HashSet<String> = source
            .shards()
            .into_iter()
            .chain(have.keys().map(|s| (*s).to_owned()))
            .chain(subscriber.shards.iter().flatten().cloned())
            .collect();
        let topic = self.topic(&subscriber.topic);
        let mut topic = lock(&topic);
        topic.subscribers.push(subscriber.clone());
        if subscriber.view.is_some() {
            subscriber.dirty.store(true, Ordering::Release);
            return subscriber.outbox.wake.notify_one();
        }
        for shard in known.into_iter().filter(|s| self.permits(&subscriber, s)) {
            let key = ShardKey::new(&subscriber.topic, &shard);
            match topic.missed(&shard, have.get(shard.as_str()), self.epoch) {
                Some(frames) => frames
                    .iter()
                    .for_each(|(n, frame)| subscriber.outbox.push_frame(&key, *n, frame)),
                None => subscriber.outbox.want_snapshot(key),
            }
        }
    }

    pub(super) fn unsubscribe(&self, subscriber: &Arc<Subscriber>) {
        let topic = self.topic(&subscriber.topic);
        lock(&topic).subscribers.retain(|s| !Arc::ptr_eq(s, subscriber));
    }

    /// Adds a socket; `RateLimited` when its user has [`MAX_USER_SOCKETS`] open.
    pub(super) fn enter(&self, id: u64, user: UserId, session: SessionId, outbox: Arc<Outbox>) -> AppResult<()> {
        let mut sockets = lock(&self.sockets);
        if sockets.values().filter(|open| open.user == user).count() >= MAX_USER_SOCKETS {
            let what = format!("You have {MAX_USER_SOCKETS} pages open; close some.");
            return Err(AppError::rate_limited(&what, 10));
        }
        sockets.insert(id, Open { user, session, outbox });
        Ok(())
    }
    pub(super) fn leave(&self, id: u64) {
        lock(&self.sockets).remove(&id);
    }
    /// Open sockets.
    pub fn sockets(&self) -> usize {
        lock(&self.sockets).len()
    }

    /// The sessions that hold a socket.
    pub fn sessions(&self) -> HashSet<SessionId> {
        lock(&self.sockets).values().map(|open| open.session).collect()
    }

    /// Ends every socket of a session that was revoked.
    pub fn end_session(&self, session: SessionId) {
        let bye = ServerMessage::Bye {
            reconnect: false,
            message: "You were logged out.".to_owned(),
        };
        self.bye(&bye, |s| s == session);
    }
    /// Tells every socket that the server stops.
    pub fn shut_down(&self) {
        let bye = ServerMessage::Bye {
            reconnect: true,
            message: "The server is restarting.".to_owned(),
        };
        self.bye(&bye, |_| true);
    }
    fn bye(&self, bye: &ServerMessage, whom: impl Fn(SessionId) -> bool) {
        for open in lock(&self.sockets).values().filter(|open| whom(open.session)) {
            open.outbox.push(bye);
            open.outbox.close();
        }
    }
}

impl Topic {
    /// The frames after `have`, or `None` when the history does not reach back that far.
    fn missed(&self, shard: &str, have: Option<&Seq>, epoch: u32) -> Option<Vec<(u32, Bytes)>> {
        let have = have.filter(|h| h.epoch == epoch)?;
        let Some(state) = self.shards.get(shard) else {
            return (have.n == 0).then(Vec::new);
        };
        let covered =
            have.n <= state.n && (have.n == state.n || state.history.front().is_some_and(|(n, _)| *n <= have.n + 1));
        covered.then(|| state.history.iter().filter(|(n, _)| *n > have.n).cloned().collect())
    }
}

pub(super) fn frame(key: &ShardKey, seq: Seq, snapshot: bool, body: Value) -> ServerMessage {
    ServerMessage::Frame {
        topic: key.topic.clone(),
        shard: key.shard.clone(),
        seq,
        snapshot,
        body,
    }
}
