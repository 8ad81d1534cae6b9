//! The plugin as the manager sees it. It keeps no history yet, so it has no tasks.

use super::META;
use crate::{
    core::{
        plugin::PluginMeta,
        server::{
            plugin::{PluginServer, Running},
            state::Core,
            tasks::TaskSet,
        },
    },
    error::AppResult,
};
use std::sync::Arc;

pub struct MonitoringPlugin;

#[async_trait::async_trait]
impl PluginServer for MonitoringPlugin {
    fn meta(&self) -> &'static PluginMeta {
        &META
    }
    async fn start(&self, _: Arc<Core>) -> AppResult<Running> {
        Ok(Running {
            tasks: TaskSet::new(),
            health: Arc::new(|| None),
        })
    }
}
