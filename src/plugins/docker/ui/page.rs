//! The page of one container.

use super::{
    actions::{Actions, ContainerActions},
    condition, health,
};
use crate::{
    core::{
        live::{
            client::{live_rows, row_key},
            model::Rows,
        },
        url::url,
    },
    error::AppError,
    plugins::{
        docker::{
            api::container,
            model::{ContainerId, ContainerRow, Port, TOPIC_CONTAINERS},
        },
        machines::model::MachineId,
    },
    ui::{Ago, Crumb, EmptyState, LinkButton, PageHeader, PageTitle, Skeleton, StateBadge},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

#[component]
pub fn ContainerPage() -> impl IntoView {
    let params = use_params_map();
    let ids = Memo::new(move |_| {
        params.with(|p| {
            let machine: MachineId = p.get("machine")?.parse().ok()?;
            let container: ContainerId = p.get("container")?.parse().ok()?;
            Some((machine, container))
        })
    });
    let found = Resource::new(
        move || ids.get(),
        |ids| async move {
            match ids {
                Some((machine, id)) => container(machine, id).await,
                None => Err(AppError::not_found("container")),
            }
        },
    );
    view! {
        <Transition fallback=|| view! { <Skeleton /> }>
            {move || Suspend::new(async move { found.await.map(|initial| view! { <Shown initial /> }) })}
        </Transition>
    }
    .into_any()
}

#[component]
fn Shown(initial: Rows<ContainerRow>) -> impl IntoView {
    let Some(first) = initial.rows.first().cloned() else {
        return ().into_any();
    };
    let key = row_key(&first);
    let rows = live_rows(TOPIC_CONTAINERS, Some(vec![first.machine.to_string()]), initial);
    let there = Memo::new({
        let key = key.clone();
        move |_| rows.all().iter().any(|row| row_key(row) == key)
    });
    let row = rows.get(&key);
    let shown = move || {
        match (there.get(), row.clone()) {
        (true, Some(row)) => view! { <Container row=row.into() /> }.into_any(),
        _ => view! {
            <EmptyState icon="containers" title=format!("{} is gone", first.name) text="The container was removed from its host.">
                <LinkButton href=url("/containers")>"All containers"</LinkButton>
            </EmptyState>
        }
        .into_any(),
    }
    };
    shown.into_any()
}

#[component]
fn Container(row: Signal<ContainerRow>) -> impl IntoView {
    let actions = Actions::provide();
    let now = move || row.with(|r| condition(r.state, r.health, r.exit_code));
    let crumbs = vec![Crumb {
        label: "Containers".to_owned(),
        href: url("/containers"),
    }];
    let badge = view! { <StateBadge tone=Signal::derive(move || now().0) text=Signal::derive(move || now().1) /> };
    let host = row.with_untracked(|r| url(&format!("/machines/{}", r.machine)));
    view! {
        <PageTitle text=Signal::derive(move || row.with(|r| r.name.clone())) />
        <PageHeader title=Signal::derive(move || row.with(|r| r.name.clone())) crumbs aside=badge.into_any()>
            <ContainerActions row actions large=true />
        </PageHeader>
        <section class="card" aria-label="Facts">
            <dl class="facts">
                <dt>"Host"</dt>
                <dd><a href=host>{move || row.with(|r| r.machine_name.clone())}</a></dd>
                <dt>"Image"</dt>
                <dd class="mono">{move || row.with(|r| r.image.clone())}</dd>
                <dt>"Command"</dt>
                <dd class="mono">{move || row.with(|r| r.command.clone())}</dd>
                <dt>"Health"</dt>
                <dd>{move || health(row.with(|r| r.health)).map_or("no health check".to_owned(), |(_, text)| text.to_owned())}</dd>
                <dt>"Ports"</dt>
                <dd class="mono">{move || row.with(|r| all_ports(&r.ports))}</dd>
                <dt>"Stack"</dt>
                <dd>{move || row.with(|r| r.project.clone().unwrap_or_else(|| "none".to_owned()))}</dd>
                <dt>"Created"</dt>
                <dd><Ago at=Signal::derive(move || row.with(|r| r.created_at)) /></dd>
                <dt>"Id"</dt>
                <dd class="mono">{move || row.with(|r| r.id.to_string())}</dd>
            </dl>
        </section>
    }
}

fn all_ports(ports: &[Port]) -> String {
    if ports.is_empty() {
        "none".to_owned()
    } else {
        ports.iter().map(Port::label).collect::<Vec<_>>().join(", ")
    }
}
