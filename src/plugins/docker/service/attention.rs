//! What lists and events say beside the rows: since when a container has ended, and how often it was started.

use super::row::{Listed, Seen};
use crate::{
    core::id::UnixMillis,
    plugins::{
        docker::model::{ContainerRow, ContainerState, Health, Trouble},
        machines::model::MachineId,
    },
};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// So many starts in [`LOOP_SECONDS`] are a loop.
const LOOP_STARTS: usize = 3;
const LOOP_SECONDS: i64 = 300;
const MOST_STARTS: usize = 100;
/// An exit longer ago than this is no news.
const NEWS_SECONDS: i64 = 86_400;

#[derive(Default)]
struct Mark {
    ended_at: Option<UnixMillis>,
    starts: VecDeque<UnixMillis>,
}

type Marks = HashMap<MachineId, HashMap<String, Mark>>;

#[derive(Default)]
pub(super) struct Memory(Mutex<Marks>);

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Marks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A container's process began.
    pub fn started(&self, machine: MachineId, id: &str, now: UnixMillis) {
        let mut marks = self.lock();
        let mark = marks.entry(machine).or_default().entry(id.to_owned()).or_default();
        mark.starts.push_back(now);
        if mark.starts.len() > MOST_STARTS {
            mark.starts.pop_front();
        }
    }

    /// Takes from a list what its rows do not hold. With `whole`, what is not in it is gone.
    pub fn take(&self, machine: MachineId, seen: Vec<Seen>, whole: bool, now: UnixMillis) -> Vec<Listed> {
        let mut all = self.lock();
        let marks = all.entry(machine).or_default();
        for one in &seen {
            let id = one.listed.row.id.as_str();
            match one.ended_ago.filter(|_| one.listed.row.state == ContainerState::Exited) {
                // The engine rounds ever more coarsely: what was seen first is the best.
                Some(ago) => {
                    let at = now.plus_seconds(-i64::try_from(ago.as_secs()).unwrap_or(i64::MAX));
                    marks.entry(id.to_owned()).or_default().ended_at.get_or_insert(at);
                }
                None => {
                    if let Some(mark) = marks.get_mut(id) {
                        mark.ended_at = None;
                    }
                }
            }
        }
        if whole {
            let there: HashSet<&str> = seen.iter().map(|one| one.listed.row.id.as_str()).collect();
            marks.retain(|id, _| there.contains(id.as_str()));
        }
        marks.retain(|_, mark| {
            mark.starts.retain(|at| at.plus_seconds(LOOP_SECONDS) > now);
            mark.ended_at.is_some() || !mark.starts.is_empty()
        });
        seen.into_iter().map(|one| one.listed).collect()
    }

    pub fn forget(&self, machine: MachineId) {
        self.lock().remove(&machine);
    }

    /// What is wrong with a container, and since when.
    pub fn trouble(&self, row: &ContainerRow, now: UnixMillis) -> Option<(Trouble, Option<UnixMillis>)> {
        let marks = self.lock();
        let mark = marks.get(&row.machine).and_then(|m| m.get(row.id.as_str()));
        let (starts, ended_at) = mark.map_or((0, None), |mark| {
            let late = mark.starts.iter().filter(|at| at.plus_seconds(LOOP_SECONDS) > now);
            (late.count(), mark.ended_at)
        });
        let count = u32::try_from(starts).unwrap_or(u32::MAX);
        match row.state {
            ContainerState::Restarting => Some((Trouble::RestartLoop { starts: count }, None)),
            _ if starts >= LOOP_STARTS => Some((Trouble::RestartLoop { starts: count }, None)),
            ContainerState::Dead => Some((Trouble::Dead, None)),
            ContainerState::Running if row.health == Health::Unhealthy => Some((Trouble::Unhealthy, None)),
            ContainerState::Exited => {
                let code = row.exit_code.filter(|code| *code != 0)?;
                let at = ended_at.filter(|at| at.plus_seconds(NEWS_SECONDS) > now)?;
                Some((Trouble::Exited { code }, Some(at)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

    fn row(state: ContainerState, exit_code: Option<i64>) -> ContainerRow {
        ContainerRow {
            machine: MachineId(uuid::Uuid::nil()),
            machine_name: "h1".into(),
            id: "a".repeat(64).parse().unwrap(),
            name: "web".into(),
            image: String::new(),
            state,
            health: Health::None,
            exit_code,
            ports: Vec::new(),
            created_at: NOW,
            project: None,
            command: String::new(),
        }
    }
    fn seen(row: &ContainerRow, ago: Option<u64>) -> Vec<Seen> {
        vec![Seen {
            listed: Listed::new(row.clone(), HashMap::new()),
            ended_ago: ago.map(Duration::from_secs),
        }]
    }

    #[test]
    fn an_exit_keeps_its_first_instant_and_is_news_for_a_day() {
        let (memory, exited) = (Memory::default(), row(ContainerState::Exited, Some(3)));
        memory.take(exited.machine, seen(&exited, Some(5)), true, NOW);
        memory.take(exited.machine, seen(&exited, Some(120)), true, NOW.plus_seconds(60));
        let trouble = memory.trouble(&exited, NOW.plus_seconds(60)).unwrap();
        assert_eq!(trouble, (Trouble::Exited { code: 3 }, Some(NOW.plus_seconds(-5))));
        assert_eq!(memory.trouble(&exited, NOW.plus_seconds(NEWS_SECONDS)), None);
        assert_eq!(
            memory.trouble(&row(ContainerState::Exited, Some(0)), NOW),
            None,
            "an exit with 0 is none"
        );
        memory.take(exited.machine, Vec::new(), true, NOW);
        assert!(
            memory.lock().values().all(HashMap::is_empty),
            "what is gone is forgotten"
        );
    }

    #[test]
    fn a_container_that_is_started_again_and_again_is_a_loop_until_it_stays_up() {
        let (memory, up) = (Memory::default(), row(ContainerState::Running, None));
        for n in 0..3 {
            assert_eq!(memory.trouble(&up, NOW.plus_seconds(n)), None);
            memory.started(up.machine, up.id.as_str(), NOW.plus_seconds(n));
        }
        let trouble = |now| memory.trouble(&up, now).map(|(trouble, _)| trouble);
        assert_eq!(trouble(NOW.plus_seconds(3)), Some(Trouble::RestartLoop { starts: 3 }));
        assert_eq!(trouble(NOW.plus_seconds(LOOP_SECONDS)), None);
        memory.take(up.machine, seen(&up, None), true, NOW.plus_seconds(LOOP_SECONDS + 3));
        assert!(memory.lock().values().all(HashMap::is_empty));
    }
}
