//! The table of all containers: the owner of the topic whose views pages follow. State and numbers live in two
//! topics of their own; a view shows both, joined here (ADR-0005).

use super::{
    container::ContainersView,
    row::Listed,
    select::{Host, Selected, select},
};
use crate::{
    core::{
        auth::service::Action,
        live::{
            model::{Seq, View, Window, row_key},
            service::{Change, Hub, RowTopic, Shards, TopicSource, WindowRow, WindowRows},
        },
    },
    plugins::{
        docker::model::{
            ContainerNumbers, ContainerQuery, ContainerRef, EngineRow, FleetWindow, MAX_PER_PAGE, Reading, Sort,
            SortBy, TOPIC_CONTAINER_NUMBERS, TOPIC_CONTAINERS, TOPIC_FLEET,
        },
        machines::port::MachinesPort,
    },
};
use serde::Serialize;
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

/// Selections kept, so that pages that look at the same thing cost one.
const KEPT: usize = 64;

pub(super) struct Table {
    containers: Arc<RowTopic<Listed>>,
    numbers: Arc<RowTopic<ContainerNumbers>>,
    engines: Arc<RowTopic<EngineRow>>,
    machines: Arc<MachinesPort>,
    kept: Mutex<HashMap<Key, Kept>>,
}

/// What a selection depends on besides the rows: the view, the machines that it looks at, and how many containers
/// there are to be seen on those whose tags keep them out of it.
type Key = (View, Vec<String>, u32);

struct Kept {
    /// Of the containers, and of the numbers where these make the order.
    versions: (u64, u64),
    selected: Arc<Selected>,
}

impl Table {
    /// Takes its place in the hub: what is published on either topic moves the views of this one.
    pub(super) fn open(
        hub: &Hub,
        containers: Arc<RowTopic<Listed>>,
        numbers: Arc<RowTopic<ContainerNumbers>>,
        engines: Arc<RowTopic<EngineRow>>,
        machines: Arc<MachinesPort>,
    ) -> Arc<Self> {
        let this = Arc::new(Self {
            containers,
            numbers,
            engines,
            machines,
            kept: Mutex::default(),
        });
        hub.set_source(this.clone());
        hub.feeds(TOPIC_CONTAINERS, TOPIC_FLEET, Change::State);
        hub.feeds(TOPIC_CONTAINER_NUMBERS, TOPIC_FLEET, Change::Reading);
        this
    }

    /// The rows that `view` shows of the machines that `may` allows.
    pub(super) fn page(&self, view: &View, may: &dyn Fn(&str) -> bool) -> FleetWindow {
        let selected = self.selected(view, may);
        let readings = self.readings(&selected);
        let rows = selected.rows.iter().map(|it| it.row.clone()).zip(readings).collect();
        Window {
            total: selected.total,
            rows,
            summary: selected.facets.clone(),
        }
    }

    /// The containers that a filter finds, at most `limit`, and how many it finds.
    pub(super) fn found(&self, filter: &str, limit: u32, may: &dyn Fn(&str) -> bool) -> (Vec<ContainerRef>, u32) {
        let view = View {
            filter: ContainerQuery::read(filter).filter_text(),
            limit,
            ..View::default()
        };
        let selected = self.selected(&view, may);
        let refs = selected.rows.iter().map(|it| ContainerRef {
            machine: it.row.machine,
            container: it.row.id.clone(),
        });
        (refs.collect(), selected.total)
    }

    /// What the view picks: as it was picked before, unless something moved since.
    fn selected(&self, view: &View, may: &dyn Fn(&str) -> bool) -> Arc<Selected> {
        let query = ContainerQuery {
            sort: Sort::read(&view.sort),
            ..ContainerQuery::read(&view.filter)
        };
        let tagged = self.tagged(&query.tag);
        let by_number = matches!(query.sort.by, SortBy::Cpu | SortBy::Memory | SortBy::Network);
        self.containers.read(|rows, rows_version| {
            let seen = rows.iter().filter(|(shard, _)| may(shard));
            let (inside, outside): (Vec<_>, Vec<_>) =
                seen.partition(|(shard, _)| tagged.as_ref().is_none_or(|tagged| tagged.contains(*shard)));
            let left_out = outside.iter().map(|(_, rows)| rows.len() as u32).sum();
            let mut shards: Vec<String> = inside.into_iter().map(|(shard, _)| shard.clone()).collect();
            shards.sort_unstable();
            let pick = |numbers: &Shards<ContainerNumbers>, numbers_version: u64| {
                let versions = (rows_version, numbers_version);
                let key = (view.clone(), shards, left_out);
                if let Some(selected) = self.recall(&key, versions) {
                    return selected;
                }
                let hosts: Vec<Host<'_>> = key.1.iter().map(|shard| self.host(shard, rows)).collect();
                let place = (view.offset as usize, view.limit.min(MAX_PER_PAGE) as usize);
                let mut selected = select(&query, place, &hosts, rows, numbers);
                selected.facets.all += left_out;
                let selected = Arc::new(selected);
                self.keep(key, versions, selected.clone());
                selected
            };
            if by_number {
                self.numbers.read(pick)
            } else {
                pick(&Shards::new(), 0)
            }
        })
    }

    fn readings(&self, selected: &Selected) -> Vec<Option<Reading>> {
        self.numbers.read(|numbers, _| {
            let of = |it: &Arc<Listed>| {
                numbers
                    .get(&it.row.machine.to_string())?
                    .get(it.row.id.as_str())
                    .cloned()
            };
            selected
                .rows
                .iter()
                .map(|it| of(it).map(|numbers| Reading::of(&numbers)))
                .collect()
        })
    }

    /// The machines that carry every one of `tags`; `None` without tags.
    fn tagged(&self, tags: &[String]) -> Option<HashSet<String>> {
        if tags.is_empty() {
            return None;
        }
        let machines = self.machines.machines().into_iter();
        let tagged = machines.filter(|machine| tags.iter().all(|tag| machine.tags.contains(tag)));
        Some(tagged.map(|machine| machine.id.to_string()).collect())
    }

    fn host<'a>(&self, shard: &'a str, rows: &Shards<Listed>) -> Host<'a> {
        let first = rows.get(shard).and_then(|rows| rows.values().next());
        let name = first.map(|it| it.row.machine_name.clone());
        let name = name.or_else(|| self.engines.get(shard, shard).map(|engine| engine.machine_name));
        Host {
            shard,
            name: name.unwrap_or_default(),
        }
    }

    fn recall(&self, key: &Key, versions: (u64, u64)) -> Option<Arc<Selected>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(key).filter(|kept| kept.versions == versions)?;
        Some(found.selected.clone())
    }

    fn keep(&self, key: Key, versions: (u64, u64), selected: Arc<Selected>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.retain(|_, kept| kept.versions.0 == versions.0);
        }
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key, Kept { versions, selected });
    }
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

impl TopicSource for Table {
    fn topic(&self) -> &'static str {
        TOPIC_FLEET
    }
    fn action(&self) -> &'static str {
        ContainersView::NAME
    }
    fn shards(&self) -> Vec<String> {
        self.containers.shards()
    }
    /// Views only: nobody needs every row of every machine.
    fn snapshot(&self, _shard: &str) -> Option<(Seq, Value)> {
        None
    }
    fn window(&self, view: &View, may: &dyn Fn(&str) -> bool) -> Option<WindowRows> {
        let selected = self.selected(view, may);
        let readings = self.readings(&selected);
        let rows = selected.rows.iter().zip(readings).map(|(it, reading)| WindowRow {
            key: row_key(&**it),
            row: json(&it.row),
            reading: json(&reading),
        });
        Some(WindowRows {
            total: selected.total,
            rows: rows.collect(),
            summary: json(&selected.facets),
        })
    }
}
