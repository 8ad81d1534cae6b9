//! Every task has an owner who stops it: a `TaskSet` is a cancellation token and what it must wait for.

use crate::error::{AppError, AppResult, REQUEST_ID, current_request_id};
use std::{future::Future, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Runs `work` to its end even if the caller goes away meanwhile, in the name of the same request: for what must not
/// stay half done. The work has to end by itself.
pub async fn seen_through<T, F>(work: F) -> AppResult<T>
where
    T: Send + 'static,
    F: Future<Output = AppResult<T>> + Send + 'static,
{
    let task = match current_request_id() {
        Some(id) => tokio::spawn(REQUEST_ID.scope(id, work)),
        None => tokio::spawn(work),
    };
    task.await.map_err(AppError::internal)?
}

/// Tasks of one owner. Clones share the set.
#[derive(Clone, Default)]
pub struct TaskSet {
    token: CancellationToken,
    tracker: TaskTracker,
}

impl TaskSet {
    pub fn new() -> Self {
        Self::default()
    }
    /// A set that ends with this one, or alone.
    pub fn child(&self) -> Self {
        Self {
            token: self.token.child_token(),
            tracker: TaskTracker::new(),
        }
    }
    /// Runs `task` until it ends; it is expected to watch [`TaskSet::token`].
    pub fn spawn<F: Future<Output = ()> + Send + 'static>(&self, task: F) {
        self.tracker.spawn(task);
    }
    /// Runs `task` and drops it at its next await when the set is stopped.
    pub fn spawn_until_stopped<F: Future<Output = ()> + Send + 'static>(&self, task: F) {
        let token = self.token.clone();
        self.tracker.spawn(async move {
            tokio::select! { () = token.cancelled() => {}, () = task => {} }
        });
    }
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }
    /// How many tasks are alive.
    pub fn len(&self) -> usize {
        self.tracker.len()
    }
    pub fn is_empty(&self) -> bool {
        self.tracker.is_empty()
    }
    /// Cancels all and waits for them; `false` when some did not end in time.
    pub async fn stop(&self, within: Duration) -> bool {
        self.token.cancel();
        self.tracker.close();
        tokio::time::timeout(within, self.tracker.wait()).await.is_ok()
    }
}
