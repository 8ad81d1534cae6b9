//! Every container of every host in one table. Filter, order, page and columns are in the address.

use super::{
    Window,
    actions::Actions,
    bulk::BulkBar,
    filter::{Chips, FilterForm},
    select::Selection,
    table::{FleetTable, sorting},
};
use crate::{
    core::{
        live::{
            client::{Line, LiveRows, live_rows, live_window},
            model::ConnState,
        },
        url::url,
    },
    plugins::docker::{
        api::list_containers,
        model::{ContainerQuery, EngineRow, Fleet, TOPIC_ENGINES, TOPIC_FLEET},
    },
    ui::{Ago, EmptyState, ErrorBox, LinkButton, Note, PageHeader, Skeleton, Tone, Variant},
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::use_location;

/// Hosts that are not live are named one by one up to this many.
const NAMED: usize = 3;

#[component]
pub fn ContainersPage() -> impl IntoView {
    let search = use_location().search;
    let query = Memo::new(move |_| search.with(|text| ContainerQuery::read(text)));
    let fleet = Resource::new(|| (), move |()| list_containers(query.get_untracked().text()));
    view! {
        <Title text="Containers" />
        <PageHeader title="Containers" lead="Every container of every host." />
        <Transition fallback=|| view! { <Skeleton /> }>
            {move || Suspend::new(async move { fleet.await.map(|initial| view! { <Containers initial query /> }) })}
        </Transition>
    }
    .into_any()
}

#[component]
fn Containers(initial: Fleet, query: Memo<ContainerQuery>) -> impl IntoView {
    let view = Memo::new(move |_| query.with(ContainerQuery::view));
    let window: Window = live_window(TOPIC_FLEET, view, initial.window);
    let engines = live_rows(TOPIC_ENGINES, None, initial.engines);
    ask_while_down(window, query);
    let (selection, actions) = (Selection::new(window), Actions::provide());
    let refused = actions.act.value().get_untracked().and_then(Result::err);
    let none_at_all = Memo::new(move |_| window.summary.with(|facets| facets.all == 0));
    let no_engine = Memo::new(move |_| engines.all().is_empty());
    let shown = Memo::new(move |_| window.ids.with(|ids| !ids.is_empty()));
    view! {
        {refused.map(|error| view! { <ErrorBox error /> })}
        <Problems engines />
        <Show when=move || !none_at_all.get() fallback=move || view! { <Nothing no_engine /> }>
            <div class="stack stack-s">
                <FilterForm query facets=window.summary />
                <Chips query />
                <p class="muted" role="status">{move || count_text(window.total.get(), window.summary.with(|f| f.all))}</p>
            </div>
            <Show when=move || shown.get() fallback=move || view! { <NoMatch query window /> }>
                <FleetTable
                    window
                    engines
                    caption="Containers"
                    actions
                    cells=Signal::derive(move || query.with(|q| q.cells.clone()))
                    sorting=sorting(query.into())
                    selection
                />
            </Show>
            <Pages query window />
            <BulkBar selection window query />
        </Show>
    }
}

/// While the line is down nobody answers a changed view there: it is asked for by a call.
fn ask_while_down(window: Window, query: Memo<ContainerQuery>) {
    let line = use_context::<Line>();
    Effect::new(move |before: Option<String>| {
        let text = query.with(ContainerQuery::text);
        let down = line.is_some_and(|line| line.state.get_untracked() != ConnState::Live);
        if down && before.is_some_and(|before| before != text) {
            let asked = text.clone();
            spawn_local(async move {
                let answer = list_containers(asked.clone()).await;
                let still = query.try_with_untracked(|q| q.text() == asked) == Some(true);
                if let Ok(fleet) = answer
                    && still
                {
                    window.show(fleet.window);
                }
            });
        }
        text
    });
}

fn count_text(matching: u32, all: u32) -> String {
    match (matching, all) {
        (1, 1) => "1 container".to_owned(),
        (n, all) if n == all => format!("{n} containers"),
        (n, all) => format!("{n} of {all} containers"),
    }
}

#[component]
fn Pages(query: Memo<ContainerQuery>, window: Window) -> impl IntoView {
    move || {
        let q = query.get();
        let last = window.total.get().div_ceil(q.per).max(1);
        let link = |page: u32, label: &'static str| {
            let there = (1..=last).contains(&page) && page != q.page;
            let href = url(&ContainerQuery { page, ..q.clone() }.path());
            there.then(|| view! { <a class="btn btn-small" href=href>{label}</a> })
        };
        (last > 1).then(|| {
            view! {
                <nav class="pager" aria-label="Pages">
                    {link(q.page - 1, "Previous")}
                    <span class="muted num">{format!("Page {} of {last}", q.page)}</span>
                    {link(q.page.saturating_add(1), "Next")}
                </nav>
            }
        })
    }
}

/// Hosts whose rows may be old, and why.
#[component]
fn Problems(engines: LiveRows<EngineRow>) -> impl IntoView {
    move || {
        let mut down: Vec<EngineRow> = engines.all().into_iter().filter(|e| !e.watching).collect();
        down.sort_by(|a, b| a.machine_name.cmp(&b.machine_name));
        let count = down.len();
        let notes = down.into_iter().map(|engine| {
            let href = url(&format!("/machines/{}", engine.machine));
            view! {
                <Note tone=Tone::Warn title=format!("{}: not live", engine.machine_name)>
                    <p>{engine.problem} " Its rows are as of " <Ago at=engine.since /> ". " <a href=href>"See the machine"</a></p>
                </Note>
            }
        });
        if count <= NAMED {
            return notes.collect_view().into_any();
        }
        view! {
            <details class="stack stack-s">
                <summary>{format!("{count} hosts are not live: their rows may be old")}</summary>
                {notes.collect_view()}
            </details>
        }
        .into_any()
    }
}

#[component]
fn Nothing(no_engine: Memo<bool>) -> impl IntoView {
    move || {
        if no_engine.get() {
            return view! {
                <EmptyState icon="containers" title="No host yet" text="Add a host: its containers stand here as soon as it is connected.">
                    <LinkButton href=url("/machines/new") variant=Variant::Primary>"Add a host"</LinkButton>
                </EmptyState>
            }
            .into_any();
        }
        view! {
            <EmptyState icon="containers" title="No container on any host" text="Start one with docker run on a host: it shows here within a second." />
        }
        .into_any()
    }
}

/// The filter finds nothing, or the page is past the end.
#[component]
fn NoMatch(query: Memo<ContainerQuery>, window: Window) -> impl IntoView {
    move || {
        if window.total.get() > 0 {
            let first = ContainerQuery { page: 1, ..query.get() };
            return view! {
                <EmptyState icon="containers" title="This page is past the end" text="Fewer containers match than there were.">
                    <LinkButton href=url(&first.path())>"First page"</LinkButton>
                </EmptyState>
            }
            .into_any();
        }
        let cleared = url(&query.with(ContainerQuery::cleared).path());
        view! {
            <EmptyState icon="search" title="No container matches the filter" text="Take a part of it away, or all of it.">
                <LinkButton href=cleared>"Clear filters"</LinkButton>
            </EmptyState>
        }
        .into_any()
    }
}
