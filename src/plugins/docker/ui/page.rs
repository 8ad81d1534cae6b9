//! The page of one container: what it is and does, its log, how it was made. Each tab has its address.

mod attached;
mod charts;
mod config;
mod data;
mod details;
mod logs;
mod overview;

use super::{
    actions::{Actions, ContainerActions},
    condition,
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
            model::{ContainerId, ContainerRow, TOPIC_CONTAINERS},
        },
        machines::model::MachineId,
    },
    ui::{
        Crumb, EmptyState, LinkButton, PageHeader, PageTitle, Skeleton, StateBadge,
        tabs::{PageTabs, current_tab},
    },
};
use data::{Data, Ids};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

const TABS: &[(&str, &str)] = &[
    ("overview", "Overview"),
    ("logs", "Logs"),
    ("config", "Configuration"),
    ("attached", "Network and storage"),
];

#[component]
pub fn ContainerPage() -> impl IntoView {
    let params = use_params_map();
    let ids: Memo<Ids> = Memo::new(move |_| {
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
    let tab = current_tab(TABS);
    let data = Data::ask(ids, tab);
    view! {
        <Transition fallback=|| view! { <Skeleton /> }>
            {move || Suspend::new(async move { found.await.map(|initial| view! { <Shown initial tab data /> }) })}
        </Transition>
    }
    .into_any()
}

#[component]
fn Shown(initial: Rows<ContainerRow>, tab: Memo<&'static str>, data: Data) -> impl IntoView {
    let Some(first) = initial.rows.first().cloned() else {
        return ().into_any();
    };
    let key = row_key(&first);
    let rows = live_rows(TOPIC_CONTAINERS, Some(vec![first.machine.to_string()]), initial);
    let now = rows.follow(key.clone());
    let there = Memo::new(move |_| now.with(Option::is_some));
    let row = rows.get(&key);
    let shown = move || {
        match (there.get(), row.clone()) {
        (true, Some(row)) => view! { <Container row=row.into() tab data /> }.into_any(),
        _ => view! {
            <PageTitle text=Signal::stored(first.name.clone()) />
            <PageHeader title=Signal::stored(first.name.clone()) />
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
fn Container(row: Signal<ContainerRow>, tab: Memo<&'static str>, data: Data) -> impl IntoView {
    let actions = Actions::provide();
    let now = move || row.with(|r| condition(r.state, r.health, r.exit_code));
    let crumbs = vec![Crumb {
        label: "Containers".to_owned(),
        href: url("/containers"),
    }];
    let host = row.with_untracked(|r| url(&format!("/machines/{}", r.machine)));
    let badge = view! {
        <StateBadge tone=Signal::derive(move || now().0) text=Signal::derive(move || now().1) />
        <span class="muted">"on " <a href=host>{move || row.with(|r| r.machine_name.clone())}</a></span>
    };
    let path = row.with_untracked(|r| format!("/containers/{}/{}", r.machine, r.id));
    view! {
        <PageTitle text=Signal::derive(move || row.with(|r| r.name.clone())) />
        <PageHeader title=Signal::derive(move || row.with(|r| r.name.clone())) crumbs aside=badge.into_any()>
            <ContainerActions row actions large=true />
        </PageHeader>
        <PageTabs label="Container" path items=TABS />
        {move || match tab.get() {
            "logs" => view! { <logs::LogsTab row log=data.log /> }.into_any(),
            "config" => view! { <config::ConfigTab row data /> }.into_any(),
            "attached" => view! { <attached::AttachedTab row data /> }.into_any(),
            _ => view! { <overview::OverviewTab row data /> }.into_any(),
        }}
    }
}
