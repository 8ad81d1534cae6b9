//! The plugin manager: starts in dependency order, stops in reverse, and stops or starts one plugin at
//! run time with its dependents.

use super::{
    plugin::{PluginServer, Running},
    state::Core,
};
use crate::{
    core::plugin::{PluginId, PluginStatus},
    error::{AppError, AppResult},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How long the tasks of one plugin may take to end.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Every plugin of this binary, in dependency order, and the ones that run.
pub struct PluginManager {
    all: Vec<Arc<dyn PluginServer>>,
    running: Mutex<BTreeMap<PluginId, Running>>,
    /// One start or stop at a time.
    turn: tokio::sync::Mutex<()>,
}

impl PluginManager {
    /// Orders the plugins; refuses unknown names, doubles and cycles.
    pub fn new(plugins: Vec<Arc<dyn PluginServer>>) -> AppResult<Self> {
        Ok(Self {
            all: in_order(plugins)?,
            running: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        })
    }

    pub fn all(&self) -> &[Arc<dyn PluginServer>] {
        &self.all
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<PluginId, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn is_running(&self, id: PluginId) -> bool {
        self.running().contains_key(&id)
    }

    /// Starts every plugin. One that fails is logged and stays stopped, and so do its dependents.
    pub async fn start_all(&self, core: &Arc<Core>) {
        for id in self.all.iter().map(|p| p.meta().id).collect::<Vec<_>>() {
            if let Err(why) = self.start(core, id.0).await {
                tracing::error!(plugin = id.0, error = %why, "plugin did not start");
            }
        }
    }

    /// Starts one plugin; those it needs must run.
    pub async fn start(&self, core: &Arc<Core>, id: &str) -> AppResult<()> {
        let _turn = self.turn.lock().await;
        let plugin = self.find(id)?;
        let meta = plugin.meta();
        if self.is_running(meta.id) {
            return Ok(());
        }
        if let Some(missing) = meta.depends_on.iter().find(|need| !self.is_running(**need)) {
            return Err(AppError::conflict(format!(
                "{} needs the plugin {}, which is stopped. Start that one first.",
                meta.title, missing.0
            )));
        }
        let running = plugin
            .start(core.clone())
            .await
            .inspect_err(|_| core.services.withdraw(meta.id))?;
        self.running().insert(meta.id, running);
        tracing::info!(plugin = meta.id.0, "plugin started");
        Ok(())
    }

    /// Stops one plugin, its dependents first; gives the names of all that were stopped.
    pub async fn stop(&self, core: &Arc<Core>, id: &str) -> AppResult<Vec<&'static str>> {
        let _turn = self.turn.lock().await;
        let target = self.find(id)?.meta().id;
        let mut doomed = BTreeSet::from([target]);
        // Dependency order: everything that needs a doomed one comes after it.
        for plugin in &self.all {
            if plugin.meta().depends_on.iter().any(|need| doomed.contains(need)) {
                doomed.insert(plugin.meta().id);
            }
        }
        let mut stopped = Vec::new();
        for plugin in self.all.iter().rev().filter(|p| doomed.contains(&p.meta().id)) {
            if self.stop_one(core, plugin.meta().id).await {
                stopped.push(plugin.meta().title);
            }
        }
        Ok(stopped)
    }

    /// Stops every plugin, in reverse order.
    pub async fn stop_all(&self, core: &Arc<Core>) {
        let _turn = self.turn.lock().await;
        for plugin in self.all.iter().rev() {
            self.stop_one(core, plugin.meta().id).await;
        }
    }

    async fn stop_one(&self, core: &Arc<Core>, id: PluginId) -> bool {
        let Some(running) = self.running().remove(&id) else {
            return false;
        };
        // First no new calls, then the tasks.
        core.services.withdraw(id);
        if !running.tasks.stop(STOP_WITHIN).await {
            tracing::error!(plugin = id.0, tasks = running.tasks.len(), "tasks did not end in time");
        }
        tracing::info!(plugin = id.0, "plugin stopped");
        true
    }

    fn find(&self, id: &str) -> AppResult<&Arc<dyn PluginServer>> {
        self.all
            .iter()
            .find(|p| p.meta().id.0 == id)
            .ok_or_else(|| AppError::not_found("plugin"))
    }

    pub fn status(&self) -> Vec<PluginStatus> {
        let running = self.running();
        let one = |plugin: &Arc<dyn PluginServer>| {
            let meta = plugin.meta();
            PluginStatus {
                id: meta.id.0.to_owned(),
                title: meta.title.to_owned(),
                version: meta.version.to_owned(),
                depends_on: meta.depends_on.iter().map(|d| d.0.to_owned()).collect(),
                running: running.contains_key(&meta.id),
                problem: running.get(&meta.id).and_then(|r| (r.health)()),
            }
        };
        self.all.iter().map(one).collect()
    }
}

/// Dependency order, stable for plugins that do not need each other.
fn in_order(mut rest: Vec<Arc<dyn PluginServer>>) -> AppResult<Vec<Arc<dyn PluginServer>>> {
    let names: BTreeSet<PluginId> = rest.iter().map(|p| p.meta().id).collect();
    if names.len() != rest.len() {
        return Err(AppError::internal("two plugins have the same name"));
    }
    let mut ordered: Vec<Arc<dyn PluginServer>> = Vec::new();
    while !rest.is_empty() {
        let placed = |need: &PluginId| ordered.iter().any(|p| p.meta().id == *need);
        let next = rest.iter().position(|p| p.meta().depends_on.iter().all(placed));
        let Some(next) = next else {
            let stuck: Vec<&str> = rest.iter().map(|p| p.meta().id.0).collect();
            let missing = rest
                .iter()
                .flat_map(|p| p.meta().depends_on)
                .find(|need| !names.contains(need));
            return Err(AppError::internal(match missing {
                Some(name) => format!("plugin {} is needed but does not exist", name.0),
                None => format!("the plugins {} need each other in a circle", stuck.join(", ")),
            }));
        };
        ordered.push(rest.remove(next));
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::plugin::PluginMeta;

    struct Fake(&'static PluginMeta);
    #[async_trait::async_trait]
    impl PluginServer for Fake {
        fn meta(&self) -> &'static PluginMeta {
            self.0
        }
        async fn start(&self, _: Arc<Core>) -> AppResult<Running> {
            Err(AppError::internal("not started in this test"))
        }
    }
    const fn meta(id: &'static str, depends_on: &'static [PluginId]) -> PluginMeta {
        PluginMeta {
            id: PluginId(id),
            title: id,
            version: "1",
            depends_on,
            permissions: &[],
            settings: &[],
            nav: &[],
        }
    }
    fn order(metas: &[&'static PluginMeta]) -> Result<Vec<&'static str>, AppError> {
        let plugins = metas
            .iter()
            .map(|m| Arc::new(Fake(m)) as Arc<dyn PluginServer>)
            .collect();
        PluginManager::new(plugins).map(|m| m.all.iter().map(|p| p.meta().id.0).collect())
    }

    #[test]
    fn plugins_start_after_what_they_need_and_circles_and_missing_names_are_refused() {
        static A: PluginMeta = meta("a", &[PluginId("b"), PluginId("c")]);
        static B: PluginMeta = meta("b", &[PluginId("c")]);
        static C: PluginMeta = meta("c", &[]);
        static D: PluginMeta = meta("d", &[PluginId("e")]);
        static E: PluginMeta = meta("e", &[PluginId("d")]);
        assert_eq!(order(&[&A, &B, &C]).unwrap(), ["c", "b", "a"]);
        assert!(order(&[&D, &E]).is_err(), "a circle");
        assert!(order(&[&D]).is_err(), "a missing name");
        assert!(order(&[&C, &C]).is_err(), "a double");
    }
}
