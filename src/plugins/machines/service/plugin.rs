//! The plugin as the manager sees it.

use super::{Fleet, MachinesService, MachinesView, Numbers, Paces, World, ssh::rundir::RunDir};
use crate::{
    core::{
        auth::service::Action,
        live::service::RowTopic,
        plugin::PluginMeta,
        server::{
            plugin::{PluginServer, Running},
            state::Core,
            tasks::TaskSet,
        },
    },
    error::AppResult,
    plugins::machines::{
        META,
        model::{LinkState, TOPIC_MACHINES, TOPIC_NUMBERS},
        port::MachinesPort,
    },
};
use async_trait::async_trait;
use std::sync::Arc;

pub struct MachinesPlugin;

#[async_trait]
impl PluginServer for MachinesPlugin {
    fn meta(&self) -> &'static PluginMeta {
        &META
    }

    /// Ends what an earlier run left, then brings up every machine's actor.
    async fn start(&self, core: Arc<Core>) -> AppResult<Running> {
        let run = RunDir::create(core.data_dir()).await?;
        let rows = RowTopic::new(core.hub.clone(), TOPIC_MACHINES, MachinesView::NAME);
        let numbers = Numbers::new(core.hub.clone(), core.series.clone());
        let system = core.system("watches the links to the machines");
        let world = World::new(
            core.db.clone(),
            core.secrets.clone(),
            core.audit.clone(),
            system,
            (rows, numbers),
            run,
            Paces::new(core.config.key_probe, core.config.collect),
        );
        let tasks = TaskSet::new();
        let fleet = Fleet::start(world, tasks.clone()).await?;
        tasks.spawn({
            let (hub, token) = (core.hub.clone(), tasks.token().clone());
            async move {
                token.cancelled().await;
                hub.remove_source(TOPIC_MACHINES);
                hub.remove_source(TOPIC_NUMBERS);
            }
        });
        core.services.provide(META.id, fleet.clone());
        core.services
            .provide(META.id, Arc::new(MachinesPort::new(fleet.clone())));
        core.services
            .provide(META.id, Arc::new(MachinesService::new(fleet.clone())));
        Ok(Running {
            tasks,
            health: Arc::new(move || health(&fleet)),
        })
    }
}

fn health(fleet: &Fleet) -> Option<String> {
    let rows = fleet.rows().rows().0;
    let down = rows
        .iter()
        .filter(|row| !row.state.is_up() && row.state != LinkState::Disabled)
        .count();
    (down > 0).then(|| format!("{down} of {} machines are not connected", rows.len()))
}
