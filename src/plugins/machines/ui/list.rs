//! Every machine: what its link is doing and how loaded it is. Which, in what order and how: in the address.

use super::{
    filter::FilterBar,
    links::Actions,
    query::{PER_PAGE, Query},
    row::MachineLine,
    tile::MachineTile,
};
use crate::{
    core::{
        live::{
            client::{LiveRows, live_rows},
            model::Rows,
        },
        series::SeriesSet,
        url::url,
    },
    error::AppError,
    plugins::machines::{
        api::{list, numbers, sparks},
        model::{HostNumbers, MachineId, MachineRow, TOPIC_MACHINES, TOPIC_NUMBERS},
    },
    ui::{Column, EmptyState, LinkButton, PageHeader, Skeleton, Table, Variant, table::Sorting},
};
use leptos::prelude::*;
use leptos_meta::Title;
use std::{collections::HashMap, time::Duration};

const COLUMNS: &[Column] = &[
    Column::new("Name").sort("name"),
    Column::new("State").sort("state"),
    Column::new("CPU").class("only-wide").sort("cpu"),
    Column::new("Memory").class("only-wide").sort("memory"),
    Column::new("Disk").class("only-wide").sort("disk"),
    Column::new("Load").class("only-wide num").sort("load"),
    Column::new("Containers").class("only-wide num").sort("containers"),
    Column::new("Actions").class("only-wide").quiet(),
];
/// How often the order is looked at again while it is by something measured.
const REORDER: Duration = Duration::from_secs(5);

/// What the page begins with.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Initial {
    machines: Rows<MachineRow>,
    numbers: Rows<HostNumbers>,
    sparks: Vec<(MachineId, SeriesSet)>,
}

async fn initial() -> Result<Initial, AppError> {
    let (machines, numbers) = (list().await?, numbers().await?);
    // of more than a page the lines would outweigh all else; there they begin with what comes
    let sparks = if machines.rows.len() > PER_PAGE {
        Vec::new()
    } else {
        sparks().await?
    };
    Ok(Initial {
        machines,
        numbers,
        sparks,
    })
}

#[component]
pub fn MachinesPage() -> impl IntoView {
    let found = Resource::new(|| (), |()| initial());
    view! {
        <Title text="Machines"/>
        <PageHeader title="Machines" lead="The hosts of this installation and the link to each.">
            <LinkButton href=url("/machines/new") variant=Variant::Primary icon="plus">"Add a host"</LinkButton>
        </PageHeader>
        <Transition fallback=|| view! { <Skeleton/> }>
            {move || Suspend::new(async move { found.await.map(|initial| view! { <Machines initial/> }) })}
        </Transition>
    }
    .into_any()
}

/// What rows and cards need of the page.
#[derive(Clone, Copy)]
pub(super) struct Fleet {
    pub rows: LiveRows<MachineRow>,
    pub numbers: LiveRows<HostNumbers>,
    pub sparks: StoredValue<HashMap<String, SeriesSet>>,
    pub actions: Actions,
}

#[component]
fn Machines(initial: Initial) -> impl IntoView {
    let sparks = initial
        .sparks
        .into_iter()
        .map(|(id, set)| (id.to_string(), set))
        .collect();
    let fleet = Fleet {
        rows: live_rows(TOPIC_MACHINES, None, initial.machines),
        numbers: live_rows(TOPIC_NUMBERS, None, initial.numbers),
        sparks: StoredValue::new(sparks),
        actions: Actions::provide(),
    };
    let query = Query::read();
    let found = ordered(fleet, query);
    let shown = Memo::new(move |_| {
        let first = query.with(|q| q.page.max(1) - 1) * PER_PAGE;
        found.with(|ids| ids.iter().skip(first).take(PER_PAGE).cloned().collect::<Vec<_>>())
    });
    let any = Memo::new(move |_| !fleet.rows.all().is_empty());
    let cards = Memo::new(move |_| query.with(|q| q.cards));
    view! {
        <Show when=move || any.get() fallback=|| view! { <Nothing/> }>
            <FilterBar rows=fleet.rows query count=Signal::derive(move || found.with(Vec::len))/>
            <Show when=move || found.with(|ids| !ids.is_empty()) fallback=move || view! { <NoneFits/> }>
                {move || if cards.get() {
                    view! { <Cards fleet shown/> }.into_any()
                } else {
                    view! { <Lines fleet shown query/> }.into_any()
                }}
            </Show>
            <Pages query total=Signal::derive(move || found.with(Vec::len))/>
        </Show>
    }
}

/// The ids that match, in order. By what is measured the order is made anew every few seconds, not with each reading.
fn ordered(fleet: Fleet, query: Memo<Query>) -> Memo<Vec<String>> {
    let again = RwSignal::new(());
    Effect::new(move |_| {
        let timer = set_interval_with_handle(
            move || {
                if query.with_untracked(Query::is_measured) {
                    again.set(());
                }
            },
            REORDER,
        );
        on_cleanup(move || {
            if let Ok(timer) = timer {
                timer.clear();
            }
        });
    });
    Memo::new(move |_| {
        again.track();
        let rows = fleet.rows.all();
        let numbers = untrack(|| fleet.numbers.all());
        let numbers = numbers.into_iter().map(|n| (n.machine.to_string(), n)).collect();
        let ordered = query.with(|q| q.ordered(rows, &numbers));
        ordered.into_iter().map(|row| row.id.to_string()).collect()
    })
}

/// The key of a machine's row and of its numbers: the shard is the machine, and so is the row.
pub(super) fn key_of(id: &str) -> String {
    format!("{id}/{id}")
}

#[component]
fn Lines(fleet: Fleet, shown: Memo<Vec<String>>, query: Memo<Query>) -> impl IntoView {
    let sorting = Sorting {
        current: Signal::derive(move || {
            let sort = query.get().sort;
            if sort.is_empty() { "name".to_owned() } else { sort }
        }),
        href: Callback::new(move |sort: String| {
            let page = 0;
            Query {
                sort,
                page,
                ..query.get()
            }
            .href()
        }),
    };
    view! {
        <Table caption="Machines" columns=COLUMNS sorting>
            <For each=move || shown.get() key=Clone::clone let:id>
                {fleet.rows.get(&key_of(&id)).map(|row| view! { <MachineLine row=row.into() fleet/> })}
            </For>
        </Table>
    }
}

#[component]
fn Cards(fleet: Fleet, shown: Memo<Vec<String>>) -> impl IntoView {
    view! {
        <ul class="cards" aria-label="Machines">
            <For each=move || shown.get() key=Clone::clone let:id>
                {fleet.rows.get(&key_of(&id)).map(|row| view! { <MachineTile row=row.into() fleet/> })}
            </For>
        </ul>
    }
}

/// What stands where no machine is yet, here and on the overview.
#[component]
pub(super) fn Nothing() -> impl IntoView {
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
fn NoneFits() -> impl IntoView {
    view! {
        <EmptyState icon="search" title="No machine fits" text="None has all of these words, this state and this tag.">
            <LinkButton href=url("/machines")>"Show all machines"</LinkButton>
        </EmptyState>
    }
}

#[component]
fn Pages(query: Memo<Query>, total: Signal<usize>) -> impl IntoView {
    move || {
        let q = query.get();
        let (here, last) = (q.page.max(1), total.get().div_ceil(PER_PAGE).max(1));
        let link = |page: usize, label: &'static str| {
            let fits = page >= 1 && page <= last && page != here;
            fits.then(|| view! { <a class="btn btn-small" href=Query { page, ..q.clone() }.href()>{label}</a> })
        };
        (last > 1).then(|| {
            view! {
                <nav class="pager" aria-label="Pages">
                    {link(here.saturating_sub(1), "Previous")}
                    <span class="muted">{format!("Page {here} of {last}")}</span>
                    {link(here + 1, "Next")}
                </nav>
            }
        })
    }
}

/// `polly@10.0.0.1:22`, or `this host`.
pub(super) fn account(row: &MachineRow) -> String {
    row.user
        .as_ref()
        .map_or_else(|| row.address.clone(), |user| format!("{user}@{}", row.address))
}
