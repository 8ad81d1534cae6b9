//! The registry: what this binary is made of. Three lists: META, services, UI.

pub mod docker;
pub mod machines;
pub mod monitoring;

use crate::core::{
    home::OVERVIEW_CARDS,
    palette::{Link, PALETTE_LINKS, PALETTE_SOURCES, Source},
    plugin::{PluginMeta, Slots, Widget},
};
use leptos::prelude::*;
use leptos_router::components::{Outlet, ParentRoute, Route};

#[cfg(feature = "ssr")]
pub use server::{all, migrations};

/// Every plugin, on both targets.
pub const METAS: [&PluginMeta; 3] = [&machines::META, &docker::META, &monitoring::META];

/// Every plugin's service and migrations.
#[cfg(feature = "ssr")]
mod server {
    use super::{docker, machines, monitoring};
    use crate::core::server::plugin::PluginServer;
    use sea_orm_migration::MigrationTrait;
    use std::sync::Arc;

    /// The plugins of this binary; the manager orders them.
    pub fn all() -> Vec<Arc<dyn PluginServer>> {
        vec![
            Arc::new(machines::service::MachinesPlugin),
            Arc::new(docker::service::DockerPlugin),
            Arc::new(monitoring::service::MonitoringPlugin),
        ]
    }

    /// Their migrations in dependency order, run whether a plugin is enabled or not.
    pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        machines::service::migrations()
    }
}

/// Every plugin's pages.
#[component(transparent)]
pub fn PluginRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    use leptos_router::{SsrMode, path};
    // One route for all: with erased component types a list of routes cannot stand among others.
    view! {
        <ParentRoute path=path!("") view=Outlet ssr=SsrMode::Async>
            <Route path=path!("/machines") view=machines::ui::MachinesPage ssr=SsrMode::Async />
            <Route path=path!("/machines/new") view=machines::ui::NewMachinePage ssr=SsrMode::Async />
            <Route path=path!("/machines/:machine") view=machines::ui::MachinePage ssr=SsrMode::Async />
            <Route path=path!("/machines/:machine/:tab") view=machines::ui::MachinePage ssr=SsrMode::Async />
            <Route path=path!("/containers") view=docker::ui::ContainersPage ssr=SsrMode::Async />
            <Route path=path!("/containers/:machine/:container") view=docker::ui::ContainerPage ssr=SsrMode::Async />
            <Route path=path!("/monitoring") view=monitoring::ui::MonitoringPage ssr=SsrMode::Async />
        </ParentRoute>
    }
    .into_inner()
}

/// Who fills which place in whose page.
pub fn provide_slots() {
    let slots = Slots::default()
        .with(
            &OVERVIEW_CARDS,
            Widget {
                plugin: machines::META.id,
                title: "Machines",
                view: |()| machines::ui::overview_card(),
            },
        )
        .with(
            &OVERVIEW_CARDS,
            Widget {
                plugin: docker::META.id,
                title: "Containers",
                view: |()| docker::ui::overview_card(),
            },
        )
        .with(
            &OVERVIEW_CARDS,
            Widget {
                plugin: docker::META.id,
                title: "Needs attention",
                view: |()| docker::ui::attention_card(),
            },
        )
        .with(
            &OVERVIEW_CARDS,
            Widget {
                plugin: docker::META.id,
                title: "Top consumers",
                view: |()| docker::ui::consumers_card(),
            },
        )
        .with(
            &machines::slots::MACHINE_TABS,
            Widget {
                plugin: docker::META.id,
                title: "Containers",
                view: docker::ui::machine_containers,
            },
        );
    provide_context(palette(slots));
}

/// What the command palette finds and offers of each plugin.
fn palette(slots: Slots) -> Slots {
    slots
        .offer(
            &PALETTE_SOURCES,
            Source {
                icon: "machines",
                find: |query| Box::pin(machines::api::find(query)),
            },
        )
        .offer(
            &PALETTE_SOURCES,
            Source {
                icon: "containers",
                find: |query| Box::pin(docker::api::find(query)),
            },
        )
        .offer(
            &PALETTE_LINKS,
            Link {
                title: "Add a host",
                icon: "plus",
                path: "/machines/new",
            },
        )
}
