//! The monitoring plugin: history, rules and alerts. So far it only says that there is no history yet.

#[cfg(feature = "ssr")]
pub mod service;
pub mod ui;

use crate::core::plugin::{NavItem, PluginId, PluginMeta};

pub static META: PluginMeta = PluginMeta {
    id: PluginId("monitoring"),
    title: "Monitoring",
    version: env!("CARGO_PKG_VERSION"),
    depends_on: &[PluginId("machines")],
    permissions: &[],
    settings: &[],
    nav: &[NavItem {
        path: "/monitoring",
        label: "Monitoring",
        icon: "monitoring",
        keys: "g n",
        order: 60,
    }],
};
