//! The summary of the fleet: computed from memory while somebody looks at it, at most once a second.
//!
//! It mixes all machines, so it is given to those who may see containers everywhere.

use super::{ContainersView, DockerService};
use crate::{
    core::{
        auth::service::{Action, Actor},
        id::UnixMillis,
        live::{
            model::{Rows, RowsEvent, Seq, ShardKey, ShardSeq},
            service::{Hub, TopicSource},
        },
        server::tasks::TaskSet,
    },
    plugins::docker::model::{
        Attention, Consumer, ContainerNumbers, ContainerRow, ContainerState, FleetSummary, Health, TOPIC_SUMMARY,
    },
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

const PACE: Duration = Duration::from_secs(1);
const TOP: usize = 5;
const ATTENTION: usize = 8;
const SHARD: &str = "fleet";

/// The source of [`TOPIC_SUMMARY`].
pub(super) struct Summary {
    hub: Arc<Hub>,
    watched: watch::Sender<bool>,
    shown: Mutex<FleetSummary>,
}

impl Summary {
    pub fn new(hub: Arc<Hub>) -> Arc<Self> {
        let this = Arc::new(Self {
            hub: hub.clone(),
            watched: watch::channel(false).0,
            shown: Mutex::default(),
        });
        hub.set_source(this.clone());
        this
    }

    /// Publishes `summary` if it is another one; says where its stream is.
    fn show(&self, summary: FleetSummary) -> Rows<FleetSummary> {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if *shown != summary {
            *shown = summary.clone();
            let event = RowsEvent::Delta {
                upserts: vec![summary.clone()],
                removes: Vec::new(),
            };
            self.hub.publish(&key(), &event);
        }
        Rows {
            rows: vec![summary],
            seqs: vec![ShardSeq {
                shard: SHARD.to_owned(),
                seq: self.hub.seq(&key()),
            }],
        }
    }
}

fn key() -> ShardKey {
    ShardKey::new(TOPIC_SUMMARY, SHARD)
}

impl TopicSource for Summary {
    fn topic(&self) -> &'static str {
        TOPIC_SUMMARY
    }
    fn action(&self) -> &'static str {
        ContainersView::NAME
    }
    fn shards(&self) -> Vec<String> {
        vec![SHARD.to_owned()]
    }
    fn snapshot(&self, shard: &str) -> Option<(Seq, Value)> {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let event = RowsEvent::Snapshot {
            rows: vec![shown.clone()],
        };
        (shard == SHARD).then_some((self.hub.seq(&key()), serde_json::to_value(event).ok()?))
    }
    fn watched(&self, shard: &str, on: bool) {
        if shard == SHARD {
            self.watched.send_replace(on);
        }
    }
}

/// Keeps the summary true while somebody watches it.
pub(super) fn start(service: Arc<DockerService>, tasks: &TaskSet) {
    tasks.spawn_until_stopped(async move {
        let mut watched = service.summary.watched.subscribe();
        while watched.wait_for(|on| *on).await.is_ok() {
            service.summary();
            tokio::time::sleep(PACE).await;
        }
    });
}

impl DockerService {
    /// The summary as of now, and where its stream starts.
    pub fn summary(&self) -> Rows<FleetSummary> {
        let numbers = self.all_numbers().rows;
        let summary = self.containers.read(|shards, _| {
            let rows = shards.values().flat_map(|rows| rows.values());
            self.summarised(&rows.map(|it| &it.row).collect::<Vec<_>>(), &numbers)
        });
        self.summary.show(summary)
    }

    /// The summary of what `actor` may see. Who does not see all machines gets it as of now, and no stream: that one
    /// mixes all of them.
    pub fn summary_for(&self, actor: &Actor) -> Rows<FleetSummary> {
        if actor.may(ContainersView::NAME, &[]).allowed {
            return self.summary();
        }
        let (sees, numbers) = (self.sees(actor), self.all_numbers().rows);
        let summary = self.containers.read(|shards, _| {
            let seen = shards.iter().filter(|(shard, _)| sees(shard));
            let rows = seen.flat_map(|(_, rows)| rows.values()).map(|it| &it.row);
            self.summarised(&rows.collect::<Vec<_>>(), &numbers)
        });
        Rows {
            rows: vec![summary],
            seqs: Vec::new(),
        }
    }

    fn summarised(&self, rows: &[&ContainerRow], numbers: &[ContainerNumbers]) -> FleetSummary {
        let now = UnixMillis::now();
        let mut summary = counted(rows);
        (summary.top_cpu, summary.top_memory) = consumers(rows, numbers);
        let mut attention: Vec<Attention> = rows
            .iter()
            .filter_map(|row| {
                let (trouble, since) = self.memory.trouble(row, now)?;
                Some(Attention {
                    machine: row.machine,
                    machine_name: row.machine_name.clone(),
                    id: row.id.clone(),
                    name: row.name.clone(),
                    trouble,
                    since,
                })
            })
            .collect();
        attention.sort_by(|a, b| {
            let newest_first = b.since.cmp(&a.since);
            let kind = |it: &Attention| std::mem::discriminant(&it.trouble);
            let worst = if kind(a) == kind(b) {
                std::cmp::Ordering::Equal
            } else {
                a.trouble.cmp(&b.trouble)
            };
            worst
                .then(newest_first)
                .then_with(|| (&a.name, &a.id).cmp(&(&b.name, &b.id)))
        });
        summary.more = u32::try_from(attention.len().saturating_sub(ATTENTION)).unwrap_or(u32::MAX);
        attention.truncate(ATTENTION);
        summary.attention = attention;
        summary
    }
}

fn counted(rows: &[&ContainerRow]) -> FleetSummary {
    let mut states: BTreeMap<ContainerState, u32> = BTreeMap::new();
    let mut healths: BTreeMap<Health, u32> = BTreeMap::new();
    for row in rows {
        *states.entry(row.state).or_default() += 1;
        if row.state == ContainerState::Running && row.health != Health::None {
            *healths.entry(row.health).or_default() += 1;
        }
    }
    FleetSummary {
        containers: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        states: states.into_iter().collect(),
        healths: healths.into_iter().collect(),
        ..FleetSummary::default()
    }
}

/// Who takes the most CPU, and who the most memory.
fn consumers(rows: &[&ContainerRow], numbers: &[ContainerNumbers]) -> (Vec<Consumer>, Vec<Consumer>) {
    let rows: HashMap<_, _> = rows.iter().map(|row| ((row.machine, &row.id), *row)).collect();
    let top = |value: fn(&ContainerNumbers) -> Option<f64>| {
        let mut all: Vec<(f64, &ContainerNumbers)> = numbers
            .iter()
            .filter_map(|n| Some((value(n).filter(|v| *v > 0.0)?, n)))
            .collect();
        all.sort_by(|(a, an), (b, bn)| b.total_cmp(a).then_with(|| an.id.cmp(&bn.id)));
        let found = all.into_iter().filter_map(|(value, n)| {
            let row = rows.get(&(n.machine, &n.id))?;
            Some(Consumer {
                machine: row.machine,
                machine_name: row.machine_name.clone(),
                id: row.id.clone(),
                name: row.name.clone(),
                value,
            })
        });
        found.take(TOP).collect()
    };
    (top(|n| n.cpu_ratio), top(|n| Some(n.memory_used_bytes as f64)))
}
