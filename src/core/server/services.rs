//! The typed service map: how routes and server functions, mounted once and for all, reach a plugin
//! that can be stopped and started.

use crate::{
    core::plugin::PluginId,
    error::{AppError, AppResult, ErrorKind},
};
use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

struct Entry {
    plugin: PluginId,
    service: Arc<dyn Any + Send + Sync>,
}

/// Services of running plugins and of the core, by type.
#[derive(Default)]
pub struct Services {
    map: RwLock<HashMap<TypeId, Entry>>,
}

impl Services {
    /// The service `S`, or "plugin disabled" while its plugin is stopped.
    pub fn get<S: Send + Sync + 'static>(&self) -> AppResult<Arc<S>> {
        let map = self.map.read().unwrap_or_else(PoisonError::into_inner);
        map.get(&TypeId::of::<S>())
            .and_then(|e| e.service.clone().downcast::<S>().ok())
            .ok_or_else(|| {
                AppError::new(
                    ErrorKind::PluginDisabled,
                    "The plugin that does this is stopped. An admin can start it under Settings.",
                )
            })
    }

    /// Offers `service` in the name of `plugin`; replaces an earlier one of the same type.
    pub fn provide<S: Send + Sync + 'static>(&self, plugin: PluginId, service: Arc<S>) {
        let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
        map.insert(TypeId::of::<S>(), Entry { plugin, service });
    }

    /// Takes away everything that `plugin` offered.
    pub fn withdraw(&self, plugin: PluginId) {
        let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
        map.retain(|_, entry| entry.plugin != plugin);
    }
}
