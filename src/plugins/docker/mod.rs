//! The docker plugin: the containers of every machine as one live table, and what can be done to them.
//!
//! Each machine's engine is reached through the socket that the machines plugin forwards. One watcher
//! per online machine lists the containers, follows the engine's events, and keeps the rows of the
//! topic [`model::TOPIC_CONTAINERS`] true. Pages show views of [`model::TOPIC_FLEET`]: the server filters, sorts
//! and cuts. Every change is a job that authorises again on each target.

pub mod api;
#[cfg(feature = "ssr")]
pub mod http;
pub mod model;
#[cfg(feature = "ssr")]
pub mod service;
pub mod ui;

use crate::core::plugin::{NavItem, PluginId, PluginMeta};

pub static META: PluginMeta = PluginMeta {
    id: PluginId("docker"),
    title: "Docker",
    version: env!("CARGO_PKG_VERSION"),
    depends_on: &[PluginId("machines")],
    permissions: &[
        "docker.containers.view",
        "docker.containers.start",
        "docker.containers.stop",
        "docker.containers.restart",
        "docker.containers.logs",
        "docker.containers.pause",
        "docker.containers.unpause",
        "docker.containers.kill",
        "docker.containers.remove",
    ],
    settings: &[],
    nav: &[NavItem {
        path: "/containers",
        label: "Containers",
        icon: "containers",
        keys: "g c",
        order: 30,
    }],
};
