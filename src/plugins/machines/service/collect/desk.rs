//! Where a machine's numbers go: to the pages that watch, to the memory of the last hour, and to other plugins.

use crate::{
    core::{
        auth::service::Action,
        live::{
            model::Rows,
            service::{Hub, LiveRow, RowTopic},
        },
        series::SeriesSet,
        server::rings::{Rings, SeriesBudget},
    },
    plugins::machines::{
        model::{HISTORY_MILLIS, HOST_SERIES, HostFacts, HostNumbers, MachineId, TOPIC_NUMBERS},
        port::Sample,
        service::{MachinesView, shown::Shown},
    },
};
use std::sync::Arc;
use tokio::sync::broadcast;

/// Readings that a slow listener may be behind.
const SAMPLES: usize = 256;
/// What the sparklines of a list show.
const SPARKS: [&str; 2] = ["cpu_ratio", "memory_used_bytes"];
const SPARKS_MILLIS: i64 = 600_000;
const SPARKS_POINTS: usize = 60;

impl LiveRow for HostNumbers {}

/// The numbers of all machines.
pub struct Numbers {
    live: Arc<RowTopic<HostNumbers>>,
    history: Rings<MachineId>,
    samples: broadcast::Sender<Arc<Sample>>,
}

impl Numbers {
    pub fn new(hub: Arc<Hub>, budget: Arc<SeriesBudget>) -> Self {
        Self {
            live: RowTopic::new(hub, TOPIC_NUMBERS, MachinesView::NAME),
            history: Rings::new(&HOST_SERIES, HISTORY_MILLIS, budget),
            samples: broadcast::channel(SAMPLES).0,
        }
    }
    /// Every reading, as it is taken.
    pub fn samples(&self) -> broadcast::Receiver<Arc<Sample>> {
        self.samples.subscribe()
    }
    /// The newest reading of each machine that is up.
    pub fn rows(&self) -> Rows<HostNumbers> {
        let (rows, seqs) = self.live.rows();
        Rows { rows, seqs }
    }
    /// The newest reading of one machine, if it is up.
    pub fn row(&self, id: MachineId) -> Rows<HostNumbers> {
        let (rows, seq) = self.live.shard_with_seq(&id.to_string());
        Rows { rows, seqs: vec![seq] }
    }
    /// A machine's last hour.
    pub fn history(&self, id: MachineId) -> SeriesSet {
        self.history.all(&id)
    }
    /// The short history that lists show of a machine.
    pub fn spark(&self, id: MachineId) -> SeriesSet {
        self.history.recent(&id, &SPARKS, SPARKS_MILLIS, SPARKS_POINTS)
    }
    /// The machine is not connected: its last reading is not what it does now.
    pub(in super::super) fn down(&self, id: MachineId) {
        let id = id.to_string();
        self.live.remove(&id, &id);
    }
    /// The machine is gone.
    pub(in super::super) fn forget(&self, id: MachineId) {
        self.live.drop_shard(&id.to_string());
        self.history.retain(|key| *key != id);
    }
    fn put(&self, sample: Sample) {
        let (id, host) = (sample.machine, &sample.host);
        self.history.push(id, host.at, &host.values());
        self.live.upsert(&id.to_string(), host.clone());
        // nobody listens while no other plugin runs
        let _ = self.samples.send(Arc::new(sample));
    }
}

/// One machine's place among them.
pub struct Desk<'a> {
    pub numbers: &'a Numbers,
    pub shown: &'a Shown,
}

impl Desk<'_> {
    pub fn machine(&self) -> MachineId {
        self.shown.id()
    }
    pub fn facts(&self, facts: HostFacts) {
        self.shown.facts(facts);
    }
    pub fn put(&self, sample: Sample) {
        self.numbers.put(sample);
    }
}
