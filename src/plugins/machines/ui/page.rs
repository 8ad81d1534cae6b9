//! The page of one machine. Its tabs have addresses of their own, so they work without script.

use super::{
    connection::ConnectionTab,
    history::HistoryTab,
    links::{Actions, LinkActions, offer},
    overview::OverviewTab,
    settings::SettingsTab,
    tags::Tags,
    tone,
};
use crate::{
    core::{
        live::{
            client::{LiveRows, live_rows, row_key},
            model::Rows,
        },
        series::SeriesSet,
        url::url,
    },
    error::AppError,
    plugins::machines::{
        api::{detail, history, reading},
        model::{HISTORY_MILLIS, HostNumbers, MachineDetail, MachineId, MachineRow, TOPIC_MACHINES, TOPIC_NUMBERS},
        slots::MACHINE_TABS,
    },
    ui::{Ago, Crumb, EmptyState, LinkButton, PageHeader, PageTitle, Skeleton, StateBadge, Tabs},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// What the page begins with.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Initial {
    detail: MachineDetail,
    numbers: Rows<HostNumbers>,
    history: SeriesSet,
}

async fn initial(id: Option<MachineId>) -> Result<Initial, AppError> {
    let id = id.ok_or_else(|| AppError::not_found("machine"))?;
    let (detail, numbers, history) = (detail(id).await?, reading(id).await?, history(id).await?);
    Ok(Initial {
        detail,
        numbers,
        history,
    })
}

#[component]
pub fn MachinePage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| {
        params
            .with(|p| p.get("machine"))
            .and_then(|text| text.parse::<MachineId>().ok())
    });
    let tab = Memo::new(move |_| params.with(|p| p.get("tab")).unwrap_or_default());
    let found = Resource::new(move || id.get(), initial);
    let again = Callback::new(move |()| found.refetch());
    view! {
        <Transition fallback=|| view! { <Skeleton/> }>
            {move || Suspend::new(async move { found.await.map(|initial| view! { <Machine initial tab again/> }) })}
        </Transition>
    }
    .into_any()
}

/// What the tabs are drawn from.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub detail: StoredValue<MachineDetail>,
    pub row: Signal<MachineRow>,
    /// The newest reading, while the machine is up.
    pub numbers: Signal<Option<HostNumbers>>,
    /// The last hour.
    pub history: Signal<SeriesSet>,
}

/// `again` asks for the details anew: keys and connects are not on a live topic.
#[component]
fn Machine(initial: Initial, tab: Memo<String>, again: Callback<()>) -> impl IntoView {
    let Initial {
        detail,
        numbers,
        history,
    } = initial;
    let first = detail.row.clone();
    let id = first.id;
    let rows = follow(&first);
    let row: Signal<MachineRow> = rows
        .get(&row_key(&first))
        .map_or_else(|| Signal::stored(first.clone()), Into::into);
    let numbers = live_numbers(id, row, numbers);
    let seen = Seen {
        detail: StoredValue::new(detail),
        row,
        numbers,
        history: live_history(history, numbers),
    };
    ask_again_when_the_state_changes(row, first.state, tab, again);
    let gone = Memo::new(move |_| rows.all().is_empty());
    view! {
        <PageTitle text=Signal::derive(move || row.with(|r| r.name.clone())) />
        <Show when=move || gone.get()>
            <PageHeader title=Signal::derive(move || row.with(|r| r.name.clone())) />
            <EmptyState icon="machines" title="This machine was deleted" text="Nothing on the host itself was changed.">
                <LinkButton href=url("/machines")>"All machines"</LinkButton>
            </EmptyState>
        </Show>
        <div class="stack" hidden=move || gone.get()>
            <Head row/>
            <Tabs label="Machine" items=tabs(id)/>
            {move || tab.with(|tab| content(tab, id, seen))}
        </div>
    }
}

fn follow(first: &MachineRow) -> LiveRows<MachineRow> {
    let rows = Rows {
        rows: vec![first.clone()],
        seqs: Vec::new(),
    };
    live_rows(TOPIC_MACHINES, Some(vec![first.id.to_string()]), rows)
}

fn live_numbers(id: MachineId, row: Signal<MachineRow>, initial: Rows<HostNumbers>) -> Signal<Option<HostNumbers>> {
    let rows = live_rows(TOPIC_NUMBERS, Some(vec![id.to_string()]), initial);
    let reading = rows.follow(super::list::key_of(&id.to_string()));
    let up = Memo::new(move |_| row.with(|r| r.state.is_up()));
    Signal::derive(move || reading.get().filter(|_| up.get()))
}

fn live_history(initial: SeriesSet, numbers: Signal<Option<HostNumbers>>) -> Signal<SeriesSet> {
    let set = RwSignal::new(initial);
    Effect::new(move |_| {
        if let Some(n) = numbers.get() {
            set.update(|set| set.push(n.at, &n.values(), HISTORY_MILLIS));
        }
    });
    set.into()
}

/// Not while somebody types into the settings: what they typed would be gone.
fn ask_again_when_the_state_changes(
    row: Signal<MachineRow>,
    shown: crate::plugins::machines::model::LinkState,
    tab: Memo<String>,
    again: Callback<()>,
) {
    let state = Memo::new(move |_| row.with(|r| r.state));
    Effect::new(move |_| {
        if state.get() != shown && tab.with(|tab| tab != SETTINGS) {
            again.run(());
        }
    });
}

const CONNECTION: &str = "connection";
const HISTORY: &str = "history";
const SETTINGS: &str = "settings";

/// The end of a tab's address: its title in lower case.
fn slug(title: &str) -> String {
    title.to_lowercase().replace(' ', "-")
}

fn tabs(id: MachineId) -> Vec<(String, String)> {
    let path = |end: &str| format!("/machines/{id}{end}");
    let of_others = MACHINE_TABS.titles().into_iter();
    let mut tabs = vec![(path(""), "Overview".to_owned())];
    tabs.extend(of_others.map(|title| (path(&format!("/{}", slug(title))), title.to_owned())));
    for (end, title) in [(HISTORY, "History"), (CONNECTION, "Connection"), (SETTINGS, "Settings")] {
        tabs.push((path(&format!("/{end}")), title.to_owned()));
    }
    tabs
}

fn content(tab: &str, id: MachineId, seen: Seen) -> AnyView {
    match tab {
        "" => view! { <OverviewTab seen/> }.into_any(),
        CONNECTION => view! { <ConnectionTab seen/> }.into_any(),
        HISTORY => view! { <HistoryTab seen/> }.into_any(),
        SETTINGS => view! { <SettingsTab seen/> }.into_any(),
        other => {
            let title = MACHINE_TABS.titles().into_iter().find(|title| slug(title) == other);
            title
                .and_then(|title| MACHINE_TABS.render_one(title, id))
                .unwrap_or_else(|| view! { <NoSuchTab id/> }.into_any())
        }
    }
}

#[component]
fn NoSuchTab(id: MachineId) -> impl IntoView {
    view! {
        <EmptyState icon="warn" title="There is no such tab" text="The address may be mistyped, or the part that showed it is stopped.">
            <LinkButton href=url(&format!("/machines/{id}"))>"To the machine"</LinkButton>
        </EmptyState>
    }
}

#[component]
fn Head(row: Signal<MachineRow>) -> impl IntoView {
    let actions = Actions::provide();
    offer(row, actions);
    let crumbs = vec![Crumb {
        label: "Machines".to_owned(),
        href: url("/machines"),
    }];
    let state = Memo::new(move |_| row.with(|r| r.state));
    let badge = view! {
        <StateBadge tone=Signal::derive(move || tone(state.get())) text=Signal::derive(move || state.get().label().to_owned())/>
        <span class="muted small">"since " <Ago at=Signal::derive(move || row.with(|r| r.since))/></span>
        <Tags tags=Signal::derive(move || row.with(|r| r.tags.clone()))/>
    };
    view! {
        <PageHeader title=Signal::derive(move || row.with(|r| r.name.clone())) crumbs aside=badge.into_any()>
            <LinkActions row actions/>
        </PageHeader>
    }
}
