//! The server's side of the plugin contract.

use crate::{
    core::{
        jobs::service::JobKind,
        plugin::PluginMeta,
        server::{http::RouteTable, state::Core, tasks::TaskSet},
    },
    error::AppResult,
};
use async_trait::async_trait;
use std::sync::Arc;

/// What a plugin is on the server. Made once, in `plugins/mod.rs`; started and stopped at run time.
#[async_trait]
pub trait PluginServer: Send + Sync {
    fn meta(&self) -> &'static PluginMeta;

    /// Kinds of jobs it owns; registered for good, they reach the service through the typed map.
    fn job_kinds(&self) -> Vec<Arc<dyn JobKind>> {
        Vec::new()
    }

    /// Raw routes (downloads, terminal sockets); mounted for good. Most plugins have none.
    fn routes(&self, _table: &mut RouteTable) {}

    /// Brings the plugin up: recovers, offers its service in `core.services`, starts its tasks.
    async fn start(&self, core: Arc<Core>) -> AppResult<Running>;
}

/// A started plugin. The manager stops it by cancelling and awaiting `tasks`, then `on_stop`.
pub struct Running {
    pub tasks: TaskSet,
    /// One sentence when something is wrong.
    pub health: Arc<dyn Fn() -> Option<String> + Send + Sync>,
}
