//! `Core`: the parts of a running server, handed to plugins and to every request.

use super::{
    config::Config, db::Db, http::Flashes, http::Limits, manager::PluginManager, metrics::Metrics, rings::SeriesBudget,
    secrets::Secrets, services::Services, tasks::TaskSet,
};
use crate::{
    core::{
        audit::service::Audit,
        auth::service::{Actor, AuthService, PERMISSIONS},
        id::UnixMillis,
        jobs::service::Jobs,
        live::service::Hub,
    },
    error::{AppError, AppResult, ErrorKind},
};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// One running server.
pub struct Core {
    pub config: Config,
    pub db: Db,
    pub secrets: Secrets,
    pub audit: Audit,
    pub hub: Arc<Hub>,
    pub jobs: Arc<Jobs>,
    pub auth: AuthService,
    pub services: Arc<Services>,
    pub plugins: PluginManager,
    pub metrics: Metrics,
    pub limits: Limits,
    /// How many series plugins may keep in memory.
    pub series: Arc<SeriesBudget>,
    /// Errors of forms that wait for the page that shows them.
    pub flashes: Flashes,
    pub tasks: TaskSet,
    pub started_at: UnixMillis,
    pub(super) ready: AtomicBool,
}

impl Core {
    /// Names of all actions that rights can be given for, in order.
    pub fn permissions(&self) -> Vec<&'static str> {
        let plugins = self.plugins.all().iter().flat_map(|plugin| plugin.meta().permissions);
        let mut all: Vec<_> = PERMISSIONS.iter().chain(plugins).copied().collect();
        all.sort_unstable();
        all
    }

    /// Whether requests are served: started, and not stopping.
    pub fn ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }
    /// The server itself as an actor.
    pub fn system(&self, reason: &str) -> Actor {
        Actor::system(reason, self.services.clone())
    }
    pub fn data_dir(&self) -> &PathBuf {
        &self.config.data_dir
    }
    /// The answer while the server is starting or stopping.
    pub fn require_ready(&self) -> AppResult<()> {
        if self.ready() {
            return Ok(());
        }
        Err(AppError::new(
            ErrorKind::Unavailable,
            "The server is starting or stopping. Try again in a few seconds.",
        ))
    }
}
