//! Which containers a query shows, and in which order. The only place that compares: pages show what comes.

use super::row::Listed;
use crate::{
    core::live::service::{Shards, cut},
    plugins::docker::model::{
        ContainerNumbers, ContainerQuery, ContainerState, Facets, Health, HostCount, Reading, Sort, SortBy,
    },
};
use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

/// Shorter words do not name an id: too many ids begin with them.
const SHORTEST_ID: usize = 4;

/// A machine whose containers are looked at.
pub(super) struct Host<'a> {
    pub(super) shard: &'a str,
    pub(super) name: String,
}

/// What a query picks.
#[derive(Default)]
pub(super) struct Selected {
    pub(super) total: u32,
    pub(super) facets: Facets,
    /// The rows of the page, in order.
    pub(super) rows: Vec<Arc<Listed>>,
}

/// A query made ready to be held against many rows.
pub(super) struct Matcher<'a> {
    query: &'a ContainerQuery,
    words: Vec<String>,
    images: Vec<String>,
    labels: Vec<(&'a str, Option<&'a str>)>,
}

/// Filters that a row does not pass, as bits. Whoever misses one alone counts for that filter's choices.
const TEXT: u8 = 1;
const HOST: u8 = 2;
const STATE: u8 = 4;
const HEALTH: u8 = 8;

impl<'a> Matcher<'a> {
    pub(super) fn new(query: &'a ContainerQuery) -> Self {
        let labels = query.label.iter();
        Self {
            query,
            words: query
                .words
                .to_lowercase()
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            images: query.image.iter().map(|image| image.to_lowercase()).collect(),
            labels: labels
                .map(|text| {
                    text.split_once('=')
                        .map_or((text.as_str(), None), |(k, v)| (k, Some(v)))
                })
                .collect(),
        }
    }

    fn host(&self, host: &Host<'_>) -> bool {
        let wanted = &self.query.host;
        let named = |text: &String| text == host.shard || text.to_lowercase() == host.name.to_lowercase();
        wanted.is_empty() || wanted.iter().any(named)
    }

    fn misses(&self, it: &Listed) -> u8 {
        let row = &it.row;
        let word = |word: &String| {
            it.search.contains(word.as_str())
                || (word.len() >= SHORTEST_ID && row.id.as_str().starts_with(word.as_str()))
        };
        let label = |(key, value): &(&str, Option<&str>)| {
            it.labels
                .iter()
                .any(|(k, v)| k == key && value.is_none_or(|value| v == value))
        };
        let text = self.words.iter().all(word)
            && self.labels.iter().all(label)
            && (self.images.is_empty() || self.images.iter().any(|image| it.image.contains(image.as_str())));
        let state = self.query.state.is_empty() || self.query.state.contains(&row.state);
        let health = self.query.health.is_empty() || self.query.health.contains(&row.health);
        (u8::from(!text) * TEXT) | (u8::from(!state) * STATE) | (u8::from(!health) * HEALTH)
    }
}

/// A row that matches, with the number that it is sorted by.
struct Hit<'a> {
    it: &'a Arc<Listed>,
    number: f64,
}

/// Picks the rows of `hosts` that `query` shows. `numbers` is looked at only for an order by numbers.
pub(super) fn select(
    query: &ContainerQuery,
    (offset, limit): (usize, usize),
    hosts: &[Host<'_>],
    rows: &Shards<Listed>,
    numbers: &Shards<ContainerNumbers>,
) -> Selected {
    let (matcher, mut counts, mut hits) = (Matcher::new(query), Counts::default(), Vec::new());
    for host in hosts {
        let elsewhere = u8::from(!matcher.host(host)) * HOST;
        let numbers = numbers.get(host.shard);
        let mut here = 0;
        for it in rows.get(host.shard).into_iter().flat_map(BTreeMap::values) {
            let misses = matcher.misses(it) | elsewhere;
            here += u32::from(misses & !HOST == 0);
            counts.add(it, misses);
            if misses == 0 {
                let number = number(query.sort, numbers, it);
                hits.push(Hit { it, number });
            }
        }
        counts.host(host, here);
    }
    Selected {
        total: u32::try_from(hits.len()).unwrap_or(u32::MAX),
        facets: counts.finish(),
        rows: cut(hits, offset, limit, |a, b| order(query.sort, a, b))
            .into_iter()
            .map(|hit| hit.it.clone())
            .collect(),
    }
}

/// What the order by a column of numbers looks at; a container without a number stands last either way.
fn number(sort: Sort, numbers: Option<&BTreeMap<String, Arc<ContainerNumbers>>>, it: &Listed) -> f64 {
    let of: fn(Reading) -> Option<f64> = match sort.by {
        SortBy::Cpu => |reading| reading.cpu_ratio,
        SortBy::Memory => |reading| Some(reading.memory_bytes),
        SortBy::Network => |reading| reading.network_bytes_per_second,
        _ => return 0.0,
    };
    let last = if sort.descending {
        f64::NEG_INFINITY
    } else {
        f64::INFINITY
    };
    let reading = numbers.and_then(|all| all.get(it.row.id.as_str()));
    reading.and_then(|numbers| of(Reading::of(numbers))).unwrap_or(last)
}

/// By the column, then by name and id, so that no two rows are alike and none changes places with another.
fn order(sort: Sort, a: &Hit<'_>, b: &Hit<'_>) -> Ordering {
    let (x, y) = (&a.it.row, &b.it.row);
    let by_name = || a.it.search.cmp(&b.it.search);
    let first = match sort.by {
        SortBy::Name => by_name(),
        SortBy::Image => a.it.image.cmp(&b.it.image),
        SortBy::State => x.state.cmp(&y.state),
        SortBy::Health => x.health.cmp(&y.health),
        SortBy::Host => x.machine_name.cmp(&y.machine_name),
        SortBy::Cpu | SortBy::Memory | SortBy::Network => a.number.total_cmp(&b.number),
        SortBy::Age => y.created_at.cmp(&x.created_at),
    };
    let first = if sort.descending { first.reverse() } else { first };
    first
        .then_with(by_name)
        .then_with(|| (&x.id, x.machine).cmp(&(&y.id, y.machine)))
}

/// Counts for each choice of a filter the rows that miss that filter alone, or none.
#[derive(Default)]
struct Counts {
    all: u32,
    hosts: Vec<HostCount>,
    states: BTreeMap<ContainerState, u32>,
    healths: BTreeMap<Health, u32>,
}

impl Counts {
    fn add(&mut self, it: &Listed, misses: u8) {
        self.all += 1;
        if misses & !STATE == 0 {
            *self.states.entry(it.row.state).or_default() += 1;
        }
        if misses & !HEALTH == 0 {
            *self.healths.entry(it.row.health).or_default() += 1;
        }
    }

    fn host(&mut self, host: &Host<'_>, count: u32) {
        if let Ok(machine) = host.shard.parse() {
            let name = host.name.clone();
            self.hosts.push(HostCount { machine, name, count });
        }
    }

    fn finish(mut self) -> Facets {
        self.hosts
            .sort_by(|a, b| (&a.name, a.machine).cmp(&(&b.name, b.machine)));
        Facets {
            all: self.all,
            hosts: self.hosts,
            states: self.states.into_iter().collect(),
            healths: self.healths.into_iter().collect(),
        }
    }
}

#[cfg(test)]
#[path = "select_test.rs"]
mod tests;
