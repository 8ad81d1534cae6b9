//! The fleet: which hosts there are, the one verified SSH link to each, and what other plugins may do over it.
//!
//! A machine's actor (`service::actor`) owns everything of its link: the ssh master, the agent with its key,
//! the forwarded sockets, the collector and the host-key probe. Others reach a machine through [`port`] only.
//! Nothing is authenticated before a person accepted the host's keys; a changed key stops all work.

pub mod api;
pub mod model;
#[cfg(feature = "ssr")]
pub mod port;
#[cfg(feature = "ssr")]
pub mod service;
pub mod slots;
pub mod ui;

use crate::core::plugin::{NavItem, PluginId, PluginMeta};

pub static META: PluginMeta = PluginMeta {
    id: PluginId("machines"),
    title: "Machines",
    version: env!("CARGO_PKG_VERSION"),
    depends_on: &[],
    permissions: &[
        "machines.view",
        "machines.create",
        "machines.trust",
        "machines.reconnect",
        "machines.disable",
        "machines.enable",
        "machines.edit",
        "machines.delete",
    ],
    settings: &[],
    nav: &[NavItem {
        path: "/machines",
        label: "Machines",
        icon: "machines",
        keys: "g m",
        order: 20,
    }],
};
