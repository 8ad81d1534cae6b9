//! Refused tries of people who are logged in, written by a task of their own: the answer to a forbidden try must
//! take no longer than the one to a missing object.

use super::{Audit, Entry};
use crate::core::{auth::service::Actor, server::tasks::TaskSet};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// Tries that may wait to be written.
const QUEUE: usize = 256;
/// The same try of the same person is written once in so long: a loop must not fill the disk.
const ONCE_IN: Duration = Duration::from_secs(60);
/// Tries that are remembered for that.
const REMEMBER: usize = 4_096;

struct Refusal {
    actor: Actor,
    entry: Entry,
    why: String,
}

/// Takes refused tries; offered in the service map for [`Actor::authorise`].
pub struct Refusals(mpsc::Sender<Refusal>);

impl Refusals {
    /// Starts the task that writes, as one of `tasks`.
    pub fn start(audit: Audit, tasks: &TaskSet) -> Self {
        let (sender, mut queue) = mpsc::channel::<Refusal>(QUEUE);
        tasks.spawn_until_stopped(async move {
            let mut written: HashMap<String, Instant> = HashMap::new();
            while let Some(Refusal { actor, entry, why }) = queue.recv().await {
                let key = format!(
                    "{} {} {} {}",
                    actor.id_text(),
                    entry.action,
                    entry.object.kind,
                    entry.object.id
                );
                if written.get(&key).is_some_and(|at| at.elapsed() < ONCE_IN) {
                    continue;
                }
                if written.len() >= REMEMBER {
                    written.retain(|_, at| at.elapsed() < ONCE_IN);
                }
                if written.len() < REMEMBER {
                    written.insert(key, Instant::now());
                }
                if let Err(why) = audit.refused(&actor, entry, &why).await {
                    tracing::warn!(error.cause = %why, "a refused try could not be written");
                }
            }
        });
        Self(sender)
    }

    /// Notes a refused try. When too many wait it is only in the server's log, which has it already.
    pub fn note(&self, actor: &Actor, entry: Entry, why: String) {
        let actor = actor.clone();
        let _ = self.0.try_send(Refusal { actor, entry, why });
    }
}
