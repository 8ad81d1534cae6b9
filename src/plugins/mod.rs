//! The registry: what this binary is made of. Three lists: META, services, UI.

pub mod docker;
pub mod machines;
pub mod monitoring;

use crate::core::{
    home::{HomePage, OVERVIEW_CARDS},
    palette::{Link, PALETTE_LINKS, PALETTE_SOURCES, Source},
    plugin::{PluginMeta, Slots, Widget},
};
use crate::ui::lazy::lazy_page;
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
    use leptos_router::{Lazy, SsrMode, path};
    // One route for all: with erased component types a list of routes cannot stand among others.
    view! {
        <ParentRoute path=path!("") view=Outlet ssr=SsrMode::Async>
            <Route path=path!("/machines") view={Lazy::<machines::ui::MachinesRoute>::new()} ssr=SsrMode::Async />
            <Route path=path!("/machines/new") view={Lazy::<machines::ui::NewMachineRoute>::new()} ssr=SsrMode::Async />
            <Route path=path!("/machines/:machine") view={Lazy::<MachineRoute>::new()} ssr=SsrMode::Async />
            <Route path=path!("/machines/:machine/:tab") view={Lazy::<MachineRoute>::new()} ssr=SsrMode::Async />
            <Route path=path!("/containers") view={Lazy::<docker::ui::ContainersRoute>::new()} ssr=SsrMode::Async />
            <Route path=path!("/containers/:machine/:container") view={Lazy::<docker::ui::ContainerRoute>::new()} ssr=SsrMode::Async />
            <Route path=path!("/monitoring") view={Lazy::<monitoring::ui::MonitoringRoute>::new()} ssr=SsrMode::Async />
        </ParentRoute>
    }
    .into_inner()
}

lazy_page!(pages, HomeRoute = home_page);
lazy_page!(machines, MachineRoute = machine_page);

/// The overview with everybody's cards. They are named here and not for all pages, so that only this one has their code.
fn home_page() -> AnyView {
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
        );
    provide_context(slots);
    HomePage().into_any()
}

/// The page of a machine with everybody's tabs.
fn machine_page() -> AnyView {
    let slots = Slots::default().with(
        &machines::slots::MACHINE_TABS,
        Widget {
            plugin: docker::META.id,
            title: "Containers",
            view: docker::ui::machine_containers,
        },
    );
    provide_context(slots);
    machines::ui::MachinePage().into_any()
}

/// What the command palette finds and offers of each plugin.
pub fn provide_palette_offers() {
    let slots = Slots::default()
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
        );
    provide_context(slots);
}
