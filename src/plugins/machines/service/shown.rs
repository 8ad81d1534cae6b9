//! What the others see of one machine's link: its row, the link itself, the events. Written by its actor only.

use super::{fleet::World, socket::Look};
use crate::{
    core::{
        audit::service::Entry,
        id::{ObjectRef, UnixMillis},
    },
    plugins::machines::{
        model::{Connect, DockerSummary, HostFacts, LinkEnd, LinkState, MachineId, MachineRow},
        port::{HostLink, LinkEvent},
    },
};
use serde_json::json;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Tries to connect that are remembered, per machine.
const CONNECTS: usize = 20;

/// One machine's outside.
pub struct Shown {
    id: MachineId,
    world: Arc<World>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    link: Option<Arc<dyn HostLink>>,
    /// A usable engine was found on this link.
    docker: bool,
    /// What does not work on the link, in a sentence.
    problem: Option<String>,
    late: bool,
    connects: VecDeque<Connect>,
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
    pub(super) fn offer(&self, link: Arc<dyn HostLink>, look: Look) {
        self.lock().link = Some(link);
        self.set_docker(look);
        self.tell(LinkEvent::Online { id: self.id });
    }

    /// Another look for Docker; told when it came up.
    pub(super) fn docker(&self, look: Look) {
        let (had, found) = (self.lock().docker, look.docker.is_some());
        self.set_docker(look);
        if found && !had {
            self.tell(LinkEvent::Online { id: self.id });
        }
    }

    /// The same event again: what others hold copies of has changed.
    pub(super) fn tell_again(&self) {
        let id = self.id;
        let up = self.lock().link.is_some();
        self.tell(if up {
            LinkEvent::Online { id }
        } else {
            LinkEvent::Down { id }
        });
    }

    /// Remembers a try to connect.
    pub(super) fn tried(&self, at: UnixMillis, took: Duration, failure: Option<String>) {
        let connects = &mut self.lock().connects;
        connects.truncate(CONNECTS - 1);
        connects.push_front(Connect {
            at,
            took_ms: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
            failure,
            ended: None,
        });
    }

    /// Remembers how the link ended, if one stood.
    pub(super) fn ended(&self, why: &str) {
        let mut inner = self.lock();
        let last = inner.connects.front_mut();
        if let Some(last) = last.filter(|last| last.failure.is_none() && last.ended.is_none()) {
            last.ended = Some(LinkEnd {
                at: UnixMillis::now(),
                why: why.to_owned(),
            });
        }
    }

    pub(super) fn connects(&self) -> Vec<Connect> {
        self.lock().connects.iter().cloned().collect()
    }

    pub(super) fn late(&self, late: bool) {
        self.lock().late = late;
        self.show_health();
    }

    /// The engine that answered last.
    pub(super) fn docker_now(&self) -> Option<DockerSummary> {
        self.row().and_then(|row| row.docker).filter(|_| self.lock().docker)
    }

    /// Takes the link away from the others, if there is one.
    pub(super) fn withdraw(&self) {
        let had = {
            let mut inner = self.lock();
            let connects = std::mem::take(&mut inner.connects);
            let old = std::mem::replace(
                &mut *inner,
                Inner {
                    connects,
                    ..Inner::default()
                },
            );
            old.link.is_some()
        };
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

    fn set_docker(&self, look: Look) {
        let Look { docker, problem } = look;
        {
            let mut inner = self.lock();
            inner.docker = docker.is_some();
            inner.problem = problem;
        }
        self.update(|row| row.docker = docker);
        self.show_health();
    }

    fn show_health(&self) {
        let (problem, late) = {
            let inner = self.lock();
            (inner.problem.clone(), inner.late)
        };
        let reason = if late {
            Some(
                "The host answers late or not at all. If it does not answer soon the connection is made again."
                    .to_owned(),
            )
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
        let id = self.id.to_string();
        self.world.rows.update(&id, &id, change);
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
