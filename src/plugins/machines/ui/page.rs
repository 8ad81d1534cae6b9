//! The page of one machine: its link, what to do about it, its keys, and what others show of it.

use super::{
    danger::DeleteMachine,
    keys::{AcceptedKeys, LoginKey},
    links::{Actions, LinkActions},
    list::{account, docker_version},
    tone,
    trust::TrustSection,
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
    plugins::machines::{
        api::detail,
        model::{LinkState, MachineDetail, MachineId, MachineRow, TOPIC_MACHINES},
        slots::MACHINE_SECTIONS,
    },
    ui::{Ago, Crumb, EmptyState, LinkButton, Note, PageHeader, PageTitle, Skeleton, StateBadge, Tone},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

#[component]
pub fn MachinePage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| {
        params
            .with(|p| p.get("machine"))
            .and_then(|text| text.parse::<MachineId>().ok())
    });
    let found = Resource::new(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => detail(id).await,
                None => Err(AppError::not_found("machine")),
            }
        },
    );
    let again = Callback::new(move |()| found.refetch());
    view! {
        <Transition fallback=|| view! { <Skeleton/> }>
            {move || Suspend::new(async move { found.await.map(|initial| view! { <Machine initial again/> }) })}
        </Transition>
    }
    .into_any()
}

/// `again` asks for the details anew: keys are not on the live topic.
#[component]
fn Machine(initial: MachineDetail, again: Callback<()>) -> impl IntoView {
    let MachineDetail {
        row: first,
        offered,
        pinned,
        key,
        probe_error,
    } = initial;
    let (id, place) = (first.id, row_key(&first));
    let rows = live_rows(
        TOPIC_MACHINES,
        Some(vec![first.id.to_string()]),
        Rows {
            rows: vec![first.clone()],
            seqs: Vec::new(),
        },
    );
    let gone = Memo::new(move |_| rows.all().is_empty());
    let row: Signal<MachineRow> = rows
        .get(&place)
        .map_or_else(|| Signal::stored(first.clone()), Into::into);
    let state = Memo::new(move |_| row.with(|r| r.state));
    let shown = first.state;
    Effect::new(move |_| {
        if state.get() != shown {
            again.run(());
        }
    });
    let others = MACHINE_SECTIONS
        .render(&id)
        .into_iter()
        .map(|(title, section)| view! { <section class="stack" aria-label=title><h2>{title}</h2>{section}</section> })
        .collect_view();
    view! {
        <PageTitle text=Signal::derive(move || row.with(|r| r.name.clone())) />
        <Show when=move || gone.get()>
            <EmptyState icon="machines" title="This machine was deleted" text="Nothing on the host itself was changed.">
                <LinkButton href=url("/machines")>"All machines"</LinkButton>
            </EmptyState>
        </Show>
        <div class="stack" hidden=move || gone.get()>
            <Head row/>
            <Reason row/>
            <TrustSection row=first.clone() offered pinned=pinned.clone() probe_error/>
            <div class="columns">
                <div class="stack">
                    {key.map(|key| view! { <LoginKey key state=first.state/> })}
                    {others}
                </div>
                <div class="stack">
                    <Facts row/>
                    <AcceptedKeys pinned/>
                    <DeleteMachine row=first/>
                </div>
            </div>
        </div>
    }
}

#[component]
fn Head(row: Signal<MachineRow>) -> impl IntoView {
    let actions = Actions::provide();
    let crumbs = vec![Crumb {
        label: "Machines".to_owned(),
        href: url("/machines"),
    }];
    let state = Memo::new(move |_| row.with(|r| r.state));
    let badge = view! {
        <StateBadge tone=Signal::derive(move || tone(state.get())) text=Signal::derive(move || state.get().label().to_owned())/>
        <span class="muted small">"since " <Ago at=Signal::derive(move || row.with(|r| r.since))/></span>
    };
    view! {
        <PageHeader title=Signal::derive(move || row.with(|r| r.name.clone())) crumbs aside=badge.into_any()>
            <LinkActions row actions/>
        </PageHeader>
    }
}

/// Why it is not online, and when it is tried again.
#[component]
fn Reason(row: Signal<MachineRow>) -> impl IntoView {
    let why = Memo::new(move |_| row.with(|r| (r.state, r.reason.clone(), r.next_try_at)));
    move || {
        let (state, reason, next) = why.get();
        let reason = reason.filter(|_| !state.needs_trust())?;
        let tone = if state == LinkState::Unreachable {
            Tone::Bad
        } else {
            tone(state)
        };
        let note = view! {
            <Note tone title=state.label()>
                <p>{reason}</p>
                {next.map(|at| view! { <p class="muted small">"Next try: " <Ago at/></p> })}
            </Note>
        };
        Some(note)
    }
}

#[component]
fn Facts(row: Signal<MachineRow>) -> impl IntoView {
    let socket = move || row.with(|r| r.docker.as_ref().map_or("not found".to_owned(), |d| d.socket.clone()));
    let connect = move || {
        row.with(|r| {
            r.connect_ms
                .map(|ms| format!("{ms} ms"))
                .unwrap_or_else(|| "—".to_owned())
        })
    };
    view! {
        <section class="card" aria-label="Facts">
            <h2 class="card-title">"Facts"</h2>
            <dl class="facts">
                <dt>"Address"</dt>
                <dd class="mono">{move || row.with(account)}</dd>
                <dt>"Docker"</dt>
                <dd>{move || row.with(docker_version)}</dd>
                <dt>"Socket"</dt>
                <dd class="mono">{socket}</dd>
                <dt>"Last connect"</dt>
                <dd>{connect}</dd>
                <dt>"Added"</dt>
                <dd><Ago at=Signal::derive(move || row.with(|r| r.created_at))/></dd>
            </dl>
        </section>
    }
}
