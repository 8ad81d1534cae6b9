//! The rows of the live topic: how one is made from what is stored, filtered and sorted.

use super::store::Record;
use crate::{
    core::{id::UnixMillis, live::service::LiveRow},
    plugins::machines::model::{LinkState, MachineKind, MachineRow},
};
use std::cmp::Ordering;

/// A machine that was just read from the database; its link has not been tried.
pub fn fresh(record: &Record) -> MachineRow {
    let mut row = MachineRow {
        id: record.id,
        name: String::new(),
        kind: MachineKind::Local,
        address: String::new(),
        user: None,
        key_id: None,
        state: if record.disabled {
            LinkState::Disabled
        } else {
            LinkState::Connecting
        },
        since: UnixMillis::now(),
        reason: None,
        next_try_at: None,
        docker: None,
        containers: None,
        connect_ms: None,
        tags: Vec::new(),
        facts: None,
        created_at: record.created_at,
    };
    describe(&mut row, record);
    row
}

/// Writes into a row what people say about the machine; what its link found out stays.
pub fn describe(row: &mut MachineRow, record: &Record) {
    let ssh = record.ssh.as_ref();
    row.name.clone_from(&record.name);
    row.kind = ssh.map_or(MachineKind::Local, |s| MachineKind::Ssh {
        host: s.host.clone(),
        port: s.port,
    });
    row.address = ssh.map_or_else(|| "this host".to_owned(), |s| s.host.with_port(s.port));
    row.user = ssh.map(|s| s.user.to_string());
    row.key_id = ssh.map(|s| s.key_id);
    row.tags.clone_from(&record.tags);
}

impl LiveRow for MachineRow {
    fn matches(&self, filter: &str) -> bool {
        let filter = filter.to_lowercase();
        let fields = [
            self.name.as_str(),
            self.address.as_str(),
            self.user.as_deref().unwrap_or_default(),
        ];
        let has = |word: &str| {
            fields.iter().any(|f| f.to_lowercase().contains(word))
                || self.state.as_str() == word
                || self.tags.iter().any(|tag| tag.contains(word))
        };
        filter.split_whitespace().all(has)
    }
    fn compare(&self, other: &Self, column: &str) -> Ordering {
        let by_name = || (self.name.to_lowercase(), self.id).cmp(&(other.name.to_lowercase(), other.id));
        let first = match column {
            "address" => self.address.cmp(&other.address),
            "state" => self.state.as_str().cmp(other.state.as_str()),
            "since" => self.since.cmp(&other.since),
            _ => Ordering::Equal,
        };
        first.then_with(by_name)
    }
}
