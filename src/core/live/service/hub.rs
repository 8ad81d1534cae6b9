//! Topics, their shards' recent history, and the subscribers.

use super::outbox::{Outbox, encode};
use crate::core::{
    auth::{
        model::{SessionId, UserId},
        service::{Actor, Who},
    },
    live::model::{Seq, ServerMessage, ShardKey, ShardSeq, SubId, View},
};
use crate::error::{AppError, AppResult};
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicU8, Ordering},
    },
};

/// Frames kept per shard, so that a page that was rendered a moment ago needs no snapshot.
const HISTORY: usize = 64;
/// ... while they fit in here: numbers of many containers are large frames, and there are many shards.
const HISTORY_BYTES: usize = 128 << 10;

/// Live sockets that one user may hold: a tab has one. Others do not notice who reaches it.
pub const MAX_USER_SOCKETS: usize = 256;

/// The owner of a topic's state.
pub trait TopicSource: Send + Sync {
    fn topic(&self) -> &'static str;
    /// The action that a user must be allowed on a shard to see it.
    fn action(&self) -> &'static str;
    fn shards(&self) -> Vec<String>;
    /// Tags of what the shard is about, for the policy; `None`: those of its place ([`Hub::tag`]).
    fn tags(&self, _shard: &str) -> Option<Vec<String>> {
        None
    }
    /// The state of a shard and its place in the history, read under the source's own lock.
    fn snapshot(&self, shard: &str) -> Option<(Seq, Value)>;
    /// Called when a shard gets its first subscriber that names it and may see it, and when it loses its last
    /// one: for topics whose shards are there on demand. The calls of one topic come one after another, in
    /// the order of what they tell, possibly twice the same; none of the locks is held that publishing and
    /// ending take. It must not block, nor subscribe.
    fn watched(&self, _shard: &str, _on: bool) {}
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
    pub rows: Vec<WindowRow>,
    /// What is said of the whole list, such as counts; null for nothing.
    pub summary: Value,
}

/// One row of a view.
pub struct WindowRow {
    /// `shard/row`
    pub key: String,
    pub row: Value,
    /// What moves with every reading; null where there is none.
    pub reading: Value,
}

/// What changed in a view's topic. A state is shown at once, readings at the pace of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    Reading = 1,
    State = 2,
}

/// Views of `view` show what is published on `of`, too.
struct Feed {
    of: &'static str,
    view: &'static str,
    change: Change,
}

/// One subscription of one socket.
pub struct Subscriber {
    pub sub: SubId,
    pub topic: String,
    pub shards: Option<HashSet<String>>,
    pub view: Option<View>,
    pub outbox: Arc<Outbox>,
    pub actor: Actor,
    /// What changed in a view's topic since its last window, as a [`Change`]; 0 for nothing.
    pub(super) dirty: AtomicU8,
    /// The shards that it was counted for as their watcher.
    pub(super) watches: OnceLock<Vec<String>>,
}

impl Subscriber {
    fn mark(&self, change: Change) {
        self.dirty.fetch_max(change as u8, Ordering::AcqRel);
        self.outbox.wake.notify_one();
    }
    /// What changed since the last window.
    pub(super) fn dirty(&self) -> Option<Change> {
        match self.dirty.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Change::Reading),
            _ => Some(Change::State),
        }
    }

    /// Whether it covers the shard, and its user may do `action` on what has these tags.
    fn may(&self, action: &str, tags: &[String], shard: &str) -> bool {
        self.shards.as_ref().is_none_or(|only| only.contains(shard)) && self.actor.may(action, tags).allowed
    }
}

/// Gives a frame to a socket, or tells it that its view changed.
fn offer(subscriber: &Subscriber, key: &ShardKey, n: u32, frame: &Bytes) {
    if subscriber.view.is_some() {
        subscriber.mark(Change::State);
    } else {
        subscriber.outbox.push_frame(key, n, frame);
    }
}

#[derive(Default)]
struct Shard {
    n: u32,
    history: VecDeque<(u32, Bytes)>,
    /// Of the frames in `history`.
    bytes: usize,
}

impl Shard {
    /// Keeps a frame, and of those before it what the bounds allow.
    fn keep(&mut self, n: u32, frame: Bytes) {
        self.bytes += frame.len();
        self.history.push_back((n, frame));
        while self.history.len() > HISTORY || self.bytes > HISTORY_BYTES {
            let Some((_, old)) = self.history.pop_front() else {
                return;
            };
            self.bytes -= old.len();
        }
    }
    fn clear(&mut self) {
        self.history.clear();
        self.bytes = 0;
    }
}

/// How many subscribers watch each shard. Taken before every other lock, by who comes and goes only.
type Demand = HashMap<String, usize>;

/// Names and tags of places, by id.
type Tagged = BTreeMap<String, (String, Arc<[String]>)>;

#[derive(Default)]
struct Place {
    demand: Mutex<Demand>,
    topic: Mutex<Topic>,
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
    topics: RwLock<HashMap<String, Arc<Place>>>,
    sources: RwLock<HashMap<&'static str, Arc<dyn TopicSource>>>,
    feeds: RwLock<Vec<Feed>>,
    /// What shards are about: machines, with their names and tags.
    tagged: RwLock<Tagged>,
    sockets: Mutex<HashMap<u64, Open>>,
}

/// An open socket.
struct Open {
    user: UserId,
    session: SessionId,
    actor: Actor,
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
            feeds: RwLock::default(),
            tagged: RwLock::default(),
            sockets: Mutex::default(),
        })
    }

    pub fn build_id(&self) -> &str {
        &self.build_id
    }

    /// Makes `source` the owner of its topic; an earlier owner is replaced. It is told what is watched already.
    pub fn set_source(&self, source: Arc<dyn TopicSource>) {
        let place = self.place(source.topic());
        let demand = lock(&place.demand);
        self.sources
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(source.topic(), source.clone());
        demand.keys().for_each(|shard| source.watched(shard, true));
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

    fn place(&self, name: &str) -> Arc<Place> {
        if let Some(place) = self.topics.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return place.clone();
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
        let place = self.place(&key.topic);
        let mut topic = lock(&place.topic);
        let shard = topic.shards.entry(key.shard.clone()).or_default();
        shard.n += 1;
        let seq = Seq {
            epoch: self.epoch,
            n: shard.n,
        };
        let frame = frame(key, seq, false, event);
        shard.keep(seq.n, frame.clone());
        // Asked once for all sockets: what the right is, and what it is given on.
        if let Some(source) = self.source(&key.topic) {
            let (action, tags) = (source.action(), self.tags_of(source.as_ref(), &key.shard));
            for subscriber in topic.subscribers.iter().filter(|s| s.may(action, &tags, &key.shard)) {
                offer(subscriber, key, seq.n, &frame);
            }
        }
        drop(topic);
        self.feed(key, None);
        seq
    }

    /// From now on whatever is published on `of` is also a change of the views of `view`.
    pub fn feeds(&self, of: &'static str, view: &'static str, change: Change) {
        let mut feeds = self.feeds.write().unwrap_or_else(PoisonError::into_inner);
        feeds.retain(|f| (f.of, f.view) != (of, view));
        feeds.push(Feed { of, view, change });
    }

    /// Something that the views of `topic` show of `shard` changed, though no frame says so.
    pub fn touch(&self, topic: &str, shard: &str, change: Change) {
        let place = self.place(topic);
        let topic = lock(&place.topic);
        let views = topic.subscribers.iter().filter(|s| s.view.is_some());
        views.filter(|s| self.permits(s, shard)).for_each(|s| s.mark(change));
    }

    /// Touches the views that show what was published; `change` instead of the feed's own, where given.
    fn feed(&self, key: &ShardKey, change: Option<Change>) {
        let feeds = self.feeds.read().unwrap_or_else(PoisonError::into_inner);
        for feed in feeds.iter().filter(|f| f.of == key.topic) {
            self.touch(feed.view, &key.shard, change.unwrap_or(feed.change));
        }
    }

    /// Whether this subscription covers the shard and its user may see it.
    pub(super) fn permits(&self, subscriber: &Subscriber, shard: &str) -> bool {
        self.source(&subscriber.topic)
            .is_some_and(|s| subscriber.may(s.action(), &self.tags_of(s.as_ref(), shard), shard))
    }

    /// The place of a shard's newest frame.
    pub fn seq(&self, key: &ShardKey) -> Seq {
        let place = self.place(&key.topic);
        let n = lock(&place.topic).shards.get(&key.shard).map_or(0, |s| s.n);
        Seq { epoch: self.epoch, n }
    }

    /// The shard is gone. Its counter stays, so that a shard of the same name cannot be mistaken for it.
    pub fn end(&self, key: &ShardKey) {
        let place = self.place(&key.topic);
        let mut topic = lock(&place.topic);
        if let Some(shard) = topic.shards.get_mut(&key.shard) {
            shard.n += 1;
            shard.clear();
        }
        let end = ServerMessage::End {
            topic: key.topic.clone(),
            shard: key.shard.clone(),
        };
        for subscriber in topic.subscribers.iter().filter(|s| self.permits(s, &key.shard)) {
            subscriber.outbox.push(&end);
            subscriber.mark(Change::State);
        }
        drop(topic);
        self.feed(key, Some(Change::State));
    }

    /// Adds a subscription: replays what the page missed since it was rendered, or promises a snapshot.
    pub(super) fn subscribe(&self, subscriber: Arc<Subscriber>, have: &[ShardSeq]) {
        let Some(source) = self.source(&subscriber.topic) else {
            return;
        };
        let place = self.place(&subscriber.topic);
        let mut demand = lock(&place.demand);
        self.join(&place, &subscriber, source.as_ref(), have);
        // The socket asks for its snapshots after this, so that what begins on demand has begun by then.
        let named = subscriber.shards.iter().flatten();
        let watches: Vec<String> = named.filter(|s| self.permits(&subscriber, s)).cloned().collect();
        for shard in &watches {
            let count = demand.entry(shard.clone()).or_default();
            *count += 1;
            if *count == 1 {
                source.watched(shard, true);
            }
        }
        let _ = subscriber.watches.set(watches);
    }

    fn join(&self, place: &Place, subscriber: &Arc<Subscriber>, source: &dyn TopicSource, have: &[ShardSeq]) {
        let have: HashMap<&str, Seq> = have.iter().map(|h| (h.shard.as_str(), h.seq)).collect();
        let known: HashSet<String> = source
            .shards()
            .into_iter()
            .chain(have.keys().map(|s| (*s).to_owned()))
            .chain(subscriber.shards.iter().flatten().cloned())
            .collect();
        let mut topic = lock(&place.topic);
        topic.subscribers.push(subscriber.clone());
        // What the page still shows and its user may not see any more goes like what is gone.
        for shard in have.keys().filter(|s| !self.permits(subscriber, s)) {
            subscriber.outbox.push(&ServerMessage::End {
                topic: subscriber.topic.clone(),
                shard: (*shard).to_owned(),
            });
        }
        if subscriber.view.is_some() {
            return subscriber.mark(Change::State);
        }
        for shard in known.into_iter().filter(|s| self.permits(subscriber, s)) {
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
        let place = self.place(&subscriber.topic);
        let mut demand = lock(&place.demand);
        lock(&place.topic).subscribers.retain(|s| !Arc::ptr_eq(s, subscriber));
        for shard in subscriber.watches.get().into_iter().flatten() {
            let Some(count) = demand.get_mut(shard) else { continue };
            *count -= 1;
            if *count == 0 {
                demand.remove(shard);
                if let Some(source) = self.source(&subscriber.topic) {
                    source.watched(shard, false);
                }
            }
        }
    }

    /// Adds a socket; `RateLimited` when its user has [`MAX_USER_SOCKETS`] open.
    pub(super) fn enter(&self, id: u64, actor: &Actor, outbox: Arc<Outbox>) -> AppResult<()> {
        let Who::User { id: user, session, .. } = *actor.who() else {
            return Err(AppError::unauthenticated());
        };
        let mut sockets = lock(&self.sockets);
        if sockets.values().filter(|open| open.user == user).count() >= MAX_USER_SOCKETS {
            let what = format!("You have {MAX_USER_SOCKETS} pages open; close some.");
            return Err(AppError::rate_limited(&what, 10));
        }
        let actor = actor.clone();
        sockets.insert(
            id,
            Open {
                user,
                session,
                actor,
                outbox,
            },
        );
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
        self.bye(&bye, |open| open.session == session);
    }
    /// Says what the place of that id is called and tagged; rights may name its tags. Shards of the place are its id,
    /// or begin with it and a slash. Where the tags change, pages of people whose rights name tags come again.
    pub fn tag(&self, place: &str, name: &str, tags: &[String]) {
        let new = (name.to_owned(), Arc::from(tags));
        let old = self.tagged().insert(place.to_owned(), new);
        if old.is_some_and(|(_, old)| *old != *tags) {
            let bye = ServerMessage::Bye {
                reconnect: true,
                message: "What you may see has changed.".to_owned(),
            };
            self.bye(&bye, |open| open.actor.is_scoped());
        }
    }
    /// The place is gone.
    pub fn untag(&self, place: &str) {
        self.tagged().remove(place);
    }
    /// The tags of a place, or of the place of a shard.
    pub fn tags(&self, shard: &str) -> Arc<[String]> {
        let place = shard.split('/').next().unwrap_or_default();
        let tagged = self.tagged.read().unwrap_or_else(PoisonError::into_inner);
        tagged.get(place).map(|(_, tags)| tags.clone()).unwrap_or_default()
    }
    /// Ids and names of all places, by name.
    pub fn places(&self) -> Vec<(String, String)> {
        let tagged = self.tagged.read().unwrap_or_else(PoisonError::into_inner);
        let mut places: Vec<_> = tagged
            .iter()
            .map(|(id, (name, _))| (id.clone(), name.clone()))
            .collect();
        places.sort_by(|a, b| a.1.cmp(&b.1));
        places
    }
    fn tagged(&self) -> RwLockWriteGuard<'_, Tagged> {
        self.tagged.write().unwrap_or_else(PoisonError::into_inner)
    }
    fn tags_of(&self, source: &dyn TopicSource, shard: &str) -> Arc<[String]> {
        source.tags(shard).map_or_else(|| self.tags(shard), Arc::from)
    }

    /// Ends every socket of a user whose rights are others now; `reconnect` tells the pages to come again.
    pub fn end_user(&self, user: UserId, reconnect: bool, why: &str) {
        let bye = ServerMessage::Bye {
            reconnect,
            message: why.to_owned(),
        };
        self.bye(&bye, |open| open.user == user);
    }
    /// Tells every socket that the server stops.
    pub fn shut_down(&self) {
        let bye = ServerMessage::Bye {
            reconnect: true,
            message: "The server is restarting.".to_owned(),
        };
        self.bye(&bye, |_| true);
    }
    fn bye(&self, bye: &ServerMessage, whom: impl Fn(&Open) -> bool) {
        for open in lock(&self.sockets).values().filter(|open| whom(open)) {
            open.outbox.push(bye);
            open.outbox.close(bye);
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

/// [`ServerMessage::Frame`] around a body that is written as it is, without a copy as a value.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Written<'a, B: Serialize> {
    Frame {
        topic: &'a str,
        shard: &'a str,
        seq: Seq,
        snapshot: bool,
        body: &'a B,
    },
}

/// One frame as the wire carries it.
pub(super) fn frame(key: &ShardKey, seq: Seq, snapshot: bool, body: &impl Serialize) -> Bytes {
    encode(&Written::Frame {
        topic: &key.topic,
        shard: &key.shard,
        seq,
        snapshot,
        body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_keeps_the_last_frames_within_its_bounds() {
        let mut shard = Shard::default();
        for n in 0..100 {
            shard.keep(n, Bytes::from_static(&[0; 100]));
        }
        assert_eq!(
            (shard.history.len(), shard.history[0].0, shard.bytes),
            (HISTORY, 36, 6_400)
        );
        for n in 100..110 {
            shard.keep(n, Bytes::from(vec![0; HISTORY_BYTES / 4]));
        }
        assert_eq!((shard.history.len(), shard.history[0].0), (4, 106));
        shard.keep(110, Bytes::from(vec![0; HISTORY_BYTES + 1]));
        assert_eq!(
            (shard.history.len(), shard.bytes),
            (0, 0),
            "who missed it gets a snapshot"
        );
    }
}
