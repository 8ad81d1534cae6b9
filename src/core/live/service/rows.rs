//! Rows by shard, in memory: the one way lists are held, snapshotted, windowed and published.

use super::hub::{Hub, TopicSource, WindowRow, WindowRows};
use crate::core::live::model::{RowKey, RowsEvent, Seq, ShardKey, ShardSeq, View, row_key};
use serde::Serialize;
use serde_json::Value;
use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What the server needs of a row to filter and sort it.
pub trait LiveRow: RowKey + Clone + PartialEq + Serialize + Send + Sync + 'static {
    /// Whether the page's filter text lets it through.
    fn matches(&self, _filter: &str) -> bool {
        true
    }
    /// Order by a column's name; unknown names mean the default order.
    fn compare(&self, other: &Self, _column: &str) -> Ordering {
        self.row_id().cmp(&other.row_id())
    }
}

/// Most rows of one window.
pub(super) const MAX_WINDOW: u32 = 1_000;

/// Rows by shard and id; shared, so that who picks some of many copies pointers.
pub type Shards<R> = HashMap<String, BTreeMap<String, Arc<R>>>;

struct State<R> {
    shards: Shards<R>,
    /// Moves with every change.
    version: u64,
}

/// All rows of one topic.
pub struct RowTopic<R: LiveRow> {
    topic: &'static str,
    action: &'static str,
    hub: Arc<Hub>,
    state: Mutex<State<R>>,
}

impl<R: LiveRow> RowTopic<R> {
    /// A topic seen by whoever may do `action`; registered with the hub.
    pub fn new(hub: Arc<Hub>, topic: &'static str, action: &'static str) -> Arc<Self> {
        let this = Arc::new(Self {
            topic,
            action,
            hub: hub.clone(),
            state: Mutex::new(State {
                shards: Shards::new(),
                version: 0,
            }),
        });
        hub.set_source(this.clone());
        this
    }

    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what a place is called and tagged, to the hub.
    pub fn tag(&self, place: &str, name: &str, tags: &[String]) {
        self.hub.tag(place, name, tags);
    }
    pub fn untag(&self, place: &str) {
        self.hub.untag(place);
    }
    /// The tags of a place, from whoever owns it.
    pub fn tags_of(&self, place: &str) -> Arc<[String]> {
        self.hub.tags(place)
    }

    /// Looks at all rows without copying them, and at a number that moves with every change. Quick work only:
    /// changes wait for it.
    pub fn read<T>(&self, look: impl FnOnce(&Shards<R>, u64) -> T) -> T {
        let state = self.lock();
        look(&state.shards, state.version)
    }

    /// Makes `rows` the whole content of a shard; only what differs is published.
    pub fn replace(&self, shard: &str, rows: Vec<R>) {
        let mut state = self.lock();
        let old = state.shards.entry(shard.to_owned()).or_default();
        let mut new: BTreeMap<String, Arc<R>> = rows.into_iter().map(|r| (r.row_id(), Arc::new(r))).collect();
        let removes = old.keys().filter(|id| !new.contains_key(*id)).cloned().collect();
        let mut upserts = Vec::new();
        for (id, row) in &mut new {
            match old.get(id) {
                Some(same) if same == row => *row = same.clone(),
                _ => upserts.push(row.clone()),
            }
        }
        *old = new;
        self.publish(&mut state, shard, upserts, removes);
    }

    /// Adds or changes some rows and removes others, as one frame.
    pub fn change(&self, shard: &str, upserts: Vec<R>, removes: &[String]) {
        let mut state = self.lock();
        let rows = state.shards.entry(shard.to_owned()).or_default();
        let removes = removes
            .iter()
            .filter(|id| rows.remove(*id).is_some())
            .cloned()
            .collect();
        let upserts = upserts
            .into_iter()
            .map(Arc::new)
            .filter(|row| rows.insert(row.row_id(), row.clone()).as_ref() != Some(row))
            .collect();
        self.publish(&mut state, shard, upserts, removes);
    }

    pub fn upsert(&self, shard: &str, row: R) {
        self.change(shard, vec![row], &[]);
    }

    /// Changes one row where it stands, under the lock: writers of different parts of it lose nothing of each other.
    /// `false` when there is no such row.
    pub fn update(&self, shard: &str, id: &str, change: impl FnOnce(&mut R)) -> bool {
        let mut state = self.lock();
        let Some(row) = state.shards.get_mut(shard).and_then(|rows| rows.get_mut(id)) else {
            return false;
        };
        let mut after = R::clone(row);
        change(&mut after);
        if after != **row {
            let after = Arc::new(after);
            *row = after.clone();
            self.publish(&mut state, shard, vec![after], Vec::new());
        }
        true
    }

    pub fn remove(&self, shard: &str, id: &str) {
        self.change(shard, Vec::new(), &[id.to_owned()]);
    }

    /// Forgets a shard: its object was deleted.
    pub fn drop_shard(&self, shard: &str) {
        let mut state = self.lock();
        if state.shards.remove(shard).is_some() {
            state.version += 1;
            self.hub.end(&ShardKey::new(self.topic, shard));
        }
    }

    pub fn get(&self, shard: &str, id: &str) -> Option<R> {
        self.lock().shards.get(shard)?.get(id).map(|row| R::clone(row))
    }

    /// The rows of one shard.
    pub fn shard(&self, shard: &str) -> Vec<R> {
        self.lock().shard(shard)
    }

    /// Every row, and how far each shard is: what a page renders and where its stream starts.
    pub fn rows(&self) -> (Vec<R>, Vec<ShardSeq>) {
        let state = self.lock();
        let rows = state.shards.values().flat_map(BTreeMap::values);
        let seqs = state.shards.keys().map(|shard| self.shard_seq(shard)).collect();
        (rows.map(|row| R::clone(row)).collect(), seqs)
    }

    /// The rows of one shard and how far it is.
    pub fn shard_with_seq(&self, shard: &str) -> (Vec<R>, ShardSeq) {
        let state = self.lock();
        (state.shard(shard), self.shard_seq(shard))
    }

    fn shard_seq(&self, shard: &str) -> ShardSeq {
        ShardSeq {
            shard: shard.to_owned(),
            seq: self.seq(shard),
        }
    }

    fn seq(&self, shard: &str) -> Seq {
        self.hub.seq(&ShardKey::new(self.topic, shard))
    }

    fn publish(&self, state: &mut State<R>, shard: &str, upserts: Vec<Arc<R>>, removes: Vec<String>) {
        if upserts.is_empty() && removes.is_empty() {
            return;
        }
        state.version += 1;
        self.hub.publish(
            &ShardKey::new(self.topic, shard),
            &RowsEvent::Delta { upserts, removes },
        );
    }
}

impl<R: Clone> State<R> {
    fn shard(&self, shard: &str) -> Vec<R> {
        let rows = self.shards.get(shard).into_iter().flat_map(BTreeMap::values);
        rows.map(|row| R::clone(row)).collect()
    }
}

/// The rows from `offset` on, at most `limit`, in the order of `compare`. Only these are sorted.
pub fn cut<T>(mut rows: Vec<T>, offset: usize, limit: usize, compare: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    let end = offset.saturating_add(limit);
    if end < rows.len() {
        rows.select_nth_unstable_by(end, &compare);
        rows.truncate(end);
    }
    if offset >= rows.len() {
        return Vec::new();
    }
    if offset > 0 {
        rows.select_nth_unstable_by(offset, &compare);
        rows.drain(..offset);
    }
    rows.sort_by(compare);
    rows
}

impl<R: LiveRow> TopicSource for RowTopic<R> {
    fn topic(&self) -> &'static str {
        self.topic
    }
    fn action(&self) -> &'static str {
        self.action
    }
    fn shards(&self) -> Vec<String> {
        self.lock().shards.keys().cloned().collect()
    }
    fn snapshot(&self, shard: &str) -> Option<(Seq, Value)> {
        let state = self.lock();
        let rows: Vec<&R> = state.shards.get(shard)?.values().map(AsRef::as_ref).collect();
        Some((
            self.seq(shard),
            serde_json::to_value(RowsEvent::Snapshot { rows }).ok()?,
        ))
    }
    fn window(&self, view: &View, may: &dyn Fn(&str) -> bool) -> Option<WindowRows> {
        let state = self.lock();
        let visible = state.shards.iter().filter(|(shard, _)| may(shard));
        let rows = visible.flat_map(|(_, rows)| rows.values().map(AsRef::as_ref));
        let rows: Vec<&R> = rows.filter(|row| row.matches(&view.filter)).collect();
        let (column, descending) = view
            .sort
            .strip_prefix('-')
            .map_or((view.sort.as_str(), false), |c| (c, true));
        let total = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let shown = cut(
            rows,
            view.offset as usize,
            view.limit.min(MAX_WINDOW) as usize,
            |a, b| {
                if descending {
                    b.compare(a, column)
                } else {
                    a.compare(b, column)
                }
            },
        );
        let rows = shown.into_iter().map(|row| WindowRow {
            key: row_key(row),
            row: serde_json::to_value(row).unwrap_or(Value::Null),
            reading: Value::Null,
        });
        Some(WindowRows {
            total,
            rows: rows.collect(),
            summary: Value::Null,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_what_sorting_everything_would_give() {
        let rows: Vec<u32> = (0..500).map(|n| n * 7_919 % 500).collect();
        let mut sorted = rows.clone();
        sorted.sort_unstable();
        for (offset, limit) in [
            (0, 20),
            (0, 500),
            (0, 900),
            (490, 20),
            (250, 1),
            (500, 10),
            (usize::MAX, 10),
            (3, 0),
        ] {
            let expected: Vec<u32> = sorted.iter().copied().skip(offset).take(limit).collect();
            assert_eq!(cut(rows.clone(), offset, limit, Ord::cmp), expected, "{offset} {limit}");
        }
    }
}
