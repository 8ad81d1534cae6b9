//! Rows by shard, in memory: the one way lists are held, snapshotted, windowed and published.

use super::hub::{Hub, TopicSource, WindowRows};
use crate::core::live::model::{RowKey, RowsEvent, Seq, ShardKey, ShardSeq, View};
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

type Shards<R> = HashMap<String, BTreeMap<String, R>>;

/// All rows of one topic.
pub struct RowTopic<R: LiveRow> {
    topic: &'static str,
    action: &'static str,
    hub: Arc<Hub>,
    shards: Mutex<Shards<R>>,
}

impl<R: LiveRow> RowTopic<R> {
    /// A topic seen by whoever may do `action`; registered with the hub.
    pub fn new(hub: Arc<Hub>, topic: &'static str, action: &'static str) -> Arc<Self> {
        let this = Arc::new(Self {
            topic,
            action,
            hub: hub.clone(),
            shards: Mutex::default(),
        });
        hub.set_source(this.clone());
        this
    }

    fn lock(&self) -> MutexGuard<'_, Shards<R>> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes `rows` the whole content of a shard; only what differs is published.
    pub fn replace(&self, shard: &str, rows: Vec<R>) {
        let mut shards = self.lock();
        let old = shards.entry(shard.to_owned()).or_default();
        let new: BTreeMap<String, R> = rows.into_iter().map(|r| (r.row_id(), r)).collect();
        let removes = old.keys().filter(|id| !new.contains_key(*id)).cloned().collect();
        let upserts = new
            .iter()
            .filter(|(id, row)| old.get(*id) != Some(row))
            .map(|(_, row)| row.clone())
            .collect();
        *old = new;
        self.publish(shard, upserts, removes);
    }

    /// Adds or changes some rows and removes others, as one frame.
    pub fn change(&self, shard: &str, upserts: Vec<R>, removes: &[String]) {
        let mut shards = self.lock();
        let rows = shards.entry(shard.to_owned()).or_default();
        let removes = removes
            .iter()
            .filter(|id| rows.remove(*id).is_some())
            .cloned()
            .collect();
        let upserts = upserts
            .into_iter()
            .filter(|row| rows.insert(row.row_id(), row.clone()).as_ref() != Some(row))
            .collect();
        self.publish(shard, upserts, removes);
    }

    pub fn upsert(&self, shard: &str, row: R) {
        self.change(shard, vec![row], &[]);
    }

    /// Changes one row where it stands, under the lock: writers of different parts of it lose nothing of each other.
    /// `false` when there is no such row.
    pub fn update(&self, shard: &str, id: &str, change: impl FnOnce(&mut R)) -> bool {
        let mut shards = self.lock();
        let Some(row) = shards.get_mut(shard).and_then(|rows| rows.get_mut(id)) else {
            return false;
        };
        let before = row.clone();
        change(row);
        let changed: Vec<R> = Some(row.clone()).filter(|row| *row != before).into_iter().collect();
        self.publish(shard, changed, Vec::new());
        true
    }

    pub fn remove(&self, shard: &str, id: &str) {
        self.change(shard, Vec::new(), &[id.to_owned()]);
    }

    /// Forgets a shard: its object was deleted.
    pub fn drop_shard(&self, shard: &str) {
        let mut shards = self.lock();
        if shards.remove(shard).is_some() {
            self.hub.end(&ShardKey::new(self.topic, shard));
        }
    }

    pub fn get(&self, shard: &str, id: &str) -> Option<R> {
        self.lock().get(shard)?.get(id).cloned()
    }

    /// The rows of one shard.
    pub fn shard(&self, shard: &str) -> Vec<R> {
        self.lock()
            .get(shard)
            .map(|rows| rows.values().cloned().collect())
            .unwrap_or_default()
    }

    /// Every row, and how far each shard is: what a page renders and where its stream starts.
    pub fn rows(&self) -> (Vec<R>, Vec<ShardSeq>) {
        let shards = self.lock();
        let rows = shards.values().flat_map(BTreeMap::values).cloned().collect();
        let seqs = shards
            .keys()
            .map(|shard| ShardSeq {
                shard: shard.clone(),
                seq: self.seq(shard),
            })
            .collect();
        (rows, seqs)
    }

    /// The rows of one shard and how far it is.
    pub fn shard_with_seq(&self, shard: &str) -> (Vec<R>, ShardSeq) {
        let shards = self.lock();
        let rows = shards
            .get(shard)
            .map(|rows| rows.values().cloned().collect())
            .unwrap_or_default();
        (
            rows,
            ShardSeq {
                shard: shard.to_owned(),
                seq: self.seq(shard),
            },
        )
    }

    fn seq(&self, shard: &str) -> Seq {
        self.hub.seq(&ShardKey::new(self.topic, shard))
    }

    fn publish(&self, shard: &str, upserts: Vec<R>, removes: Vec<String>) {
        if !upserts.is_empty() || !removes.is_empty() {
            self.hub.publish(
                &ShardKey::new(self.topic, shard),
                &RowsEvent::Delta { upserts, removes },
            );
        }
    }
}

impl<R: LiveRow> TopicSource for RowTopic<R> {
    fn topic(&self) -> &'static str {
        self.topic
    }
    fn action(&self) -> &'static str {
        self.action
    }
    fn shards(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }
    fn snapshot(&self, shard: &str) -> Option<(Seq, Value)> {
        let shards = self.lock();
        let rows: Vec<R> = shards.get(shard)?.values().cloned().collect();
        Some((
            self.seq(shard),
            serde_json::to_value(RowsEvent::Snapshot { rows }).ok()?,
        ))
    }
    fn window(&self, view: &View, may: &dyn Fn(&str) -> bool) -> Option<WindowRows> {
        let shards = self.lock();
        let visible = shards
            .iter()
            .filter(|(shard, _)| may(shard))
            .flat_map(|(_, rows)| rows.values());
        let mut rows: Vec<&R> = visible.filter(|row| row.matches(&view.filter)).collect();
        let (column, descending) = view
            .sort
            .strip_prefix('-')
            .map_or((view.sort.as_str(), false), |c| (c, true));
        rows.sort_by(|a, b| {
            if descending {
                b.compare(a, column)
            } else {
                a.compare(b, column)
            }
        });
        let total = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let shown = rows
            .into_iter()
            .skip(view.offset as usize)
            .take(view.limit.min(1_000) as usize);
        let rows = shown
            .map(|row| (row.row_id(), serde_json::to_value(row).unwrap_or(Value::Null)))
            .collect();
        Some(WindowRows { total, rows })
    }
}
