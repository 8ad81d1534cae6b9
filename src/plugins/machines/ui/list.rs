//! Every machine and what its link is doing.

use super::{
    links::{Actions, LinkActions},
    tone,
};
use crate::{
    core::{
        live::{
            client::{live_rows, row_key},
            model::Rows,
        },
        url::url,
    },
    plugins::machines::{
        api::list,
        model::{MachineRow, TOPIC_MACHINES},
    },
    ui::{Ago, Column, EmptyState, LinkButton, PageHeader, Skeleton, StateBadge, Table, Variant},
};
use leptos::prelude::*;
use leptos_meta::Title;

const COLUMNS: &[Column] = &[
    Column::new("Name"),
    Column::new("Address").class("only-wide"),
    Column::new("State"),
    Column::new("Since").class("only-wide"),
    Column::new("Docker").class("only-wide"),
    Column::new("Actions").quiet(),
];

#[component]
pub fn MachinesPage() -> impl IntoView {
    let machines = Resource::new(|| (), |()| list());
    view! {
        <Title text="Machines"/>
        <PageHeader title="Machines" lead="The hosts of this installation and the link to each.">
            <LinkButton href=url("/machines/new") variant=Variant::Primary icon="plus">"Add a host"</LinkButton>
        </PageHeader>
        <Transition fallback=|| view! { <Skeleton/> }>
            {move || Suspend::new(async move { machines.await.map(|initial| view! { <Machines initial/> }) })}
        </Transition>
    }
    .into_any()
}

#[component]
fn Machines(initial: Rows<MachineRow>) -> impl IntoView {
    let rows = live_rows(TOPIC_MACHINES, None, initial);
    let keys = Memo::new(move |_| {
        let mut all = rows.all();
        all.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        all.iter().map(row_key).collect::<Vec<_>>()
    });
    let any = Memo::new(move |_| !keys.with(Vec::is_empty));
    let actions = Actions::provide();
    view! {
        <Show when=move || any.get() fallback=|| view! { <Nothing/> }>
            <Table caption="Machines" columns=COLUMNS>
                <For each=move || keys.get() key=Clone::clone let:key>
                    {rows.get(&key).map(|row| view! { <MachineLine row=row.into() actions/> })}
                </For>
            </Table>
        </Show>
    }
}

#[component]
fn Nothing() -> impl IntoView {
    view! {
        <EmptyState
            icon="machines"
            title="No host yet"
            text="Add a host that you reach over SSH, or this one. Nothing is installed on it: an account that may use Docker is enough."
        >
            <LinkButton href=url("/machines/new") variant=Variant::Primary icon="plus">"Add the first host"</LinkButton>
        </EmptyState>
    }
}

#[component]
fn MachineLine(row: Signal<MachineRow>, actions: Actions) -> impl IntoView {
    let href = row.with_untracked(|r| url(&format!("/machines/{}", r.id)));
    let trust = href.clone();
    let state = Memo::new(move |_| row.with(|r| r.state));
    let reason = Memo::new(move |_| row.with(|r| r.reason.clone().filter(|_| !r.state.is_up())));
    view! {
        <tr>
            <th scope="row">
                <a href=href>{move || row.with(|r| r.name.clone())}</a>
                <span class="cell-sub only-narrow">{move || row.with(|r| r.address.clone())}</span>
            </th>
            <td class="only-wide mono">{move || row.with(account)}</td>
            <td>
                <StateBadge
                    tone=Signal::derive(move || tone(state.get()))
                    text=Signal::derive(move || state.get().label().to_owned())
                />
                {move || reason.get().map(|text| view! { <span class="cell-sub">{text}</span> })}
                {move || {
                    let href = trust.clone();
                    state.get().needs_trust().then(|| view! { <span class="cell-sub"><a href=href>"Compare its keys"</a></span> })
                }}
            </td>
            <td class="only-wide"><Ago at=Signal::derive(move || row.with(|r| r.since))/></td>
            <td class="only-wide">{move || row.with(docker_version)}</td>
            <td class="actions">
                <div class="cluster">
                    <LinkActions row actions small=true/>
                </div>
            </td>
        </tr>
    }
}

/// `polly@10.0.0.1:22`, or `this host`.
pub(super) fn account(row: &MachineRow) -> String {
    row.user
        .as_ref()
        .map_or_else(|| row.address.clone(), |user| format!("{user}@{}", row.address))
}

pub(super) fn docker_version(row: &MachineRow) -> String {
    match &row.docker {
        Some(docker) => docker.version.clone().unwrap_or_else(|| "found".to_owned()),
        None => "—".to_owned(),
    }
}
