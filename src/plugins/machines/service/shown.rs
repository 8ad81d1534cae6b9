//! What the others see of one machine's link: its row, the link itself, the events. Written by its actor only.

use super::fleet::World;
use crate::{
    core::{
        audit::service::Entry,
        id::{ObjectRef, UnixMillis},
    },
    error::AppResult,
    plugins::machines::{
        model::{DockerSummary, HostFacts, LinkState, MachineId, MachineRow},
        port::{HostLink, LinkEvent},
    },
};
use serde_json::json;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One machine's outside.
pub struct Shown {
    id: MachineId,
    world: Arc<World>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    link: Option<Arc<dyn HostLink>>,
    /// Why Docker cannot be used, while the link stands.
    docker: Option<String>,
    late: bool,
}

impl Shown {
    pub fn new(id: MachineId, world: Arc<World>) -> Self {
        Self {
            id,
            world,
            inner: Mutex::default(),
        }
    }
    pub fn id(&self) -> MachineId {
        self.id
    }
    /// The link, while it stands.
    pub fn link(&self) -> Option<Arc<dyn HostLink>> {
        self.lock().link.clone()
    }
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A state without a link.
    pub(super) fn state(&self, state: LinkState, reason: Option<String>, next_try_at: Option<UnixMillis>) {
        self.update(|row| enter(row, state, reason, next_try_at));
    }

    pub(super) fn connected(&self, took_ms: u32) {
        self.update(|row| row.connect_ms = Some(took_ms));
    }

    pub(super) fn facts(&self, facts: HostFacts) {
        self.update(|row| row.facts = Some(facts));
    }

    /// The link stands: gives it to the others and tells them.
    pub(super) fn offer(&self, link: Arc<dyn HostLink>, docker: AppResult<DockerSummary>) {
        self.lock().link = Some(link);
        self.set_docker(docker);
        self.tell(LinkEvent::Online { id: self.id });
    }

    /// Another look for Docker; told when it came up.
    pub(super) fn docker(&self, docker: AppResult<DockerSummary>) {
        let found = docker.is_ok();
        self.set_docker(docker);
        if found {
            self.tell(LinkEvent::Online { id: self.id });
        }
    }

    pub(super) fn late(&self, late: bool) {
        self.lock().late = late;
        self.show_health();
    }

    pub(super) fn has_docker(&self) -> bool {
        self.lock().docker.is_none()
    }

    /// Takes the link away from the others, if there is one.
    pub(super) fn withdraw(&self) {
        let had = std::mem::take(&mut *self.lock()).link.is_some();
        self.world.numbers.down(self.id);
        if had {
            self.update(|row| enter(row, LinkState::Connecting, None, None));
            self.tell(LinkEvent::Down { id: self.id });
        }
    }

    pub(super) fn key_change_entry(&self, offered: &str, accepted: &[String]) -> Entry {
        let name = self.row().map_or_else(String::new, |row| row.name);
        let detail = json!({ "offered": offered, "accepted": accepted });
        Entry {
            action: "machines.host_key_changed".to_owned(),
            object: ObjectRef::new("machine", self.id, name),
            detail,
        }
    }

    fn set_docker(&self, docker: AppResult<DockerSummary>) {
        let (found, problem) = docker.map_or_else(|error| (None, Some(error.message)), |docker| (Some(docker), None));
        self.lock().docker = problem;
        self.update(|row| row.docker = found);
        self.show_health();
    }

    fn show_health(&self) {
        let (problem, late) = {
            let inner = self.lock();
            (inner.docker.clone(), inner.late)
        };
        let reason = if late {
            Some("The host answers late or not at all.".to_owned())
        } else {
            problem
        };
        let state = if reason.is_some() {
            LinkState::Degraded
        } else {
            LinkState::Online
        };
        self.update(|row| enter(row, state, reason, None));
    }

    fn row(&self) -> Option<MachineRow> {
        self.world.rows.get(&self.id.to_string(), &self.id.to_string())
    }

    /// Changes the row if the machine still has one.
    fn update(&self, change: impl FnOnce(&mut MachineRow)) {
        if let Some(mut row) = self.row() {
            change(&mut row);
            self.world.rows.upsert(&self.id.to_string(), row);
        }
    }

    fn tell(&self, event: LinkEvent) {
        // nobody listens while no other plugin runs
        let _ = self.world.events.send(event);
    }
}

fn enter(row: &mut MachineRow, state: LinkState, reason: Option<String>, next_try_at: Option<UnixMillis>) {
    if row.state != state {
        row.state = state;
        row.since = UnixMillis::now();
    }
    row.reason = reason;
    row.next_try_at = next_try_at;
}
