//! What the address of the machines page says: which machines, in which order, as a table or as cards.

use crate::{
    core::url::url,
    plugins::machines::model::{HostNumbers, LinkState, MachineRow},
};
use leptos::prelude::*;
use leptos_router::{hooks::use_query_map, location::Url};
use std::{cmp::Ordering, collections::HashMap};

/// Machines on one page of the list.
pub(super) const PER_PAGE: usize = 200;
/// `?state=` for all those that need a person.
pub(super) const ATTENTION: &str = "attention";
/// Columns that are measured: they move by themselves, so their order is looked at again only now and then.
const MEASURED: [&str; 5] = ["cpu", "memory", "disk", "load", "uptime"];

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Query {
    /// Words that name, address, account or tags must hold.
    pub filter: String,
    /// A [`LinkState`] as URLs spell it, or [`ATTENTION`].
    pub state: String,
    pub tag: String,
    /// Column, `-` before it for descending.
    pub sort: String,
    pub cards: bool,
    /// From 1; 0 means the first as well.
    pub page: usize,
}

impl Query {
    pub fn read() -> Memo<Self> {
        let map = use_query_map();
        Memo::new(move |_| {
            map.with(|q| {
                let text = |name: &str| q.get(name).unwrap_or_default();
                Self {
                    filter: text("q"),
                    state: text("state"),
                    tag: text("tag"),
                    sort: text("sort"),
                    cards: text("view") == "cards",
                    page: text("page").parse().unwrap_or(0),
                }
            })
        })
    }

    /// The address that says this.
    pub fn href(&self) -> String {
        let page = if self.page > 1 {
            self.page.to_string()
        } else {
            String::new()
        };
        let view = if self.cards { "cards" } else { "" };
        let parts = [
            ("q", self.filter.as_str()),
            ("state", &self.state),
            ("tag", &self.tag),
            ("sort", &self.sort),
            ("view", view),
            ("page", &page),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", Url::escape(value)))
            .collect();
        let mark = if parts.is_empty() { "" } else { "?" };
        url(&format!("/machines{mark}{}", parts.join("&")))
    }

    pub fn narrows(&self) -> bool {
        [&self.filter, &self.state, &self.tag]
            .iter()
            .any(|part| !part.is_empty())
    }

    /// Sorted by what is measured.
    pub fn is_measured(&self) -> bool {
        MEASURED.contains(&self.column().0)
    }

    fn column(&self) -> (&str, bool) {
        match self.sort.strip_prefix('-') {
            Some(column) => (column, true),
            None => (&self.sort, false),
        }
    }

    /// The machines that match, in order.
    pub fn ordered(&self, mut rows: Vec<MachineRow>, numbers: &HashMap<String, HostNumbers>) -> Vec<MachineRow> {
        let words: Vec<String> = self
            .filter
            .to_lowercase()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        rows.retain(|row| self.takes(row, &words));
        let (column, descending) = self.column();
        rows.sort_by(|a, b| {
            let first = match MEASURED.contains(&column) {
                true => measured(column, descending, a, b, numbers),
                false if descending => plain(column, b, a),
                false => plain(column, a, b),
            };
            first.then_with(|| (a.name.to_lowercase(), a.id).cmp(&(b.name.to_lowercase(), b.id)))
        });
        rows
    }

    fn takes(&self, row: &MachineRow, words: &[String]) -> bool {
        let state = match self.state.as_str() {
            "" => true,
            ATTENTION => needs_attention(row.state),
            state => row.state.as_str() == state,
        };
        let tag = self.tag.is_empty() || row.tags.contains(&self.tag);
        state && tag && words.iter().all(|word| has(row, word))
    }
}

/// States in which a person should look.
pub(super) fn needs_attention(state: LinkState) -> bool {
    matches!(
        state,
        LinkState::Untrusted | LinkState::Degraded | LinkState::Unreachable | LinkState::HostKeyChanged
    )
}

fn has(row: &MachineRow, word: &str) -> bool {
    let fields = [row.name.as_str(), &row.address, row.user.as_deref().unwrap_or_default()];
    fields.iter().any(|field| field.to_lowercase().contains(word)) || row.tags.iter().any(|tag| tag.contains(word))
}

fn plain(column: &str, a: &MachineRow, b: &MachineRow) -> Ordering {
    let running = |row: &MachineRow| row.containers.map(|c| c.running);
    match column {
        "name" => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
        "address" => a.address.cmp(&b.address),
        "state" => rank(a.state).cmp(&rank(b.state)).then(b.since.cmp(&a.since)),
        "containers" => running(a).cmp(&running(b)),
        _ => Ordering::Equal,
    }
}

/// What is worst comes first.
fn rank(state: LinkState) -> u8 {
    match state {
        LinkState::HostKeyChanged => 0,
        LinkState::Unreachable => 1,
        LinkState::Untrusted => 2,
        LinkState::Degraded => 3,
        LinkState::Connecting => 4,
        LinkState::Online => 5,
        LinkState::Maintenance => 6,
        LinkState::Disabled => 7,
    }
}

/// Machines without a reading stand last, whichever way.
fn measured(
    column: &str,
    descending: bool,
    a: &MachineRow,
    b: &MachineRow,
    numbers: &HashMap<String, HostNumbers>,
) -> Ordering {
    let value = |row: &MachineRow| {
        let numbers = numbers.get(&row.id.to_string()).filter(|_| row.state.is_up())?;
        match column {
            "cpu" => numbers.cpu_ratio,
            "memory" => numbers.memory_used_ratio(),
            "disk" => numbers.disk_used_ratio(),
            "load" => Some(numbers.load_1),
            _ => Some(numbers.uptime_seconds as f64),
        }
    };
    match (value(a), value(b)) {
        (Some(a), Some(b)) if descending => b.total_cmp(&a),
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::id::UnixMillis,
        plugins::machines::model::{MachineId, MachineKind},
    };

    fn row(name: &str, state: LinkState, tags: &[&str]) -> MachineRow {
        MachineRow {
            id: MachineId::new(),
            name: name.into(),
            kind: MachineKind::Local,
            address: format!("{name}.example.org:22"),
            user: Some("polly".into()),
            key_id: None,
            state,
            since: UnixMillis(0),
            reason: None,
            next_try_at: None,
            docker: None,
            containers: None,
            connect_ms: None,
            tags: tags.iter().map(|&t| t.to_owned()).collect(),
            facts: None,
            created_at: UnixMillis(0),
        }
    }

    fn names(query: &Query, rows: &[MachineRow], numbers: &HashMap<String, HostNumbers>) -> Vec<String> {
        query
            .ordered(rows.to_vec(), numbers)
            .into_iter()
            .map(|row| row.name)
            .collect()
    }

    fn reading(row: &MachineRow, cpu: f64) -> (String, HostNumbers) {
        let numbers = HostNumbers {
            machine: row.id,
            at: UnixMillis(1),
            cpu_ratio: Some(cpu),
            core_ratios: Vec::new(),
            load_1: 0.0,
            load_5: 0.0,
            load_15: 0.0,
            memory_used_bytes: 1,
            memory_total_bytes: 2,
            swap_used_bytes: 0,
            swap_total_bytes: 0,
            disks: Vec::new(),
            disk_read_bytes_per_second: None,
            disk_written_bytes_per_second: None,
            network_received_bytes_per_second: None,
            network_sent_bytes_per_second: None,
            uptime_seconds: 1,
        };
        (row.id.to_string(), numbers)
    }

    #[test]
    fn machines_are_found_by_word_state_and_tag_and_put_in_order() {
        let rows = [
            row("web-1", LinkState::Online, &["env=prod", "web"]),
            row("DB", LinkState::Unreachable, &["env=prod"]),
            row("old", LinkState::Disabled, &[]),
        ];
        let none = HashMap::new();
        let with = |change: fn(&mut Query)| {
            let mut query = Query::default();
            change(&mut query);
            names(&query, &rows, &none)
        };
        assert_eq!(with(|_| ()), ["DB", "old", "web-1"]);
        assert_eq!(with(|q| q.filter = "WEB example".into()), ["web-1"]);
        assert_eq!(with(|q| q.filter = "prod".into()), ["DB", "web-1"]);
        assert_eq!(with(|q| q.state = "disabled".into()), ["old"]);
        assert_eq!(with(|q| q.state = ATTENTION.into()), ["DB"]);
        assert_eq!(with(|q| q.tag = "web".into()), ["web-1"]);
        assert_eq!(with(|q| q.sort = "state".into()), ["DB", "web-1", "old"]);
        assert_eq!(with(|q| q.sort = "-name".into()), ["web-1", "old", "DB"]);
    }

    #[test]
    fn a_machine_without_a_reading_is_last_whichever_way() {
        let rows = [
            row("a", LinkState::Online, &[]),
            row("b", LinkState::Online, &[]),
            row("c", LinkState::Online, &[]),
        ];
        let numbers = HashMap::from([reading(&rows[1], 0.2), reading(&rows[2], 0.9)]);
        let by = |sort: &str| {
            let query = Query {
                sort: sort.into(),
                ..Query::default()
            };
            names(&query, &rows, &numbers)
        };
        assert_eq!(by("cpu"), ["b", "c", "a"]);
        assert_eq!(by("-cpu"), ["c", "b", "a"]);
    }

    #[test]
    fn the_address_says_what_differs_and_nothing_more() {
        assert_eq!(Query::default().href(), "/machines");
        let query = Query {
            filter: "a b&c".into(),
            cards: true,
            page: 2,
            ..Query::default()
        };
        assert_eq!(query.href(), "/machines?q=a%20b%26c&view=cards&page=2");
    }
}
