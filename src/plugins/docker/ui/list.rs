//! Every container of every host in one table. Filter, order and page are in the address.

use super::{actions::Actions, row::ContainerLine};
use crate::{
    core::{
        live::client::{LiveRows, live_rows, row_key},
        url::url,
    },
    plugins::docker::{
        api::list_containers,
        model::{ContainerRow, EngineRow, Fleet, TOPIC_CONTAINERS, TOPIC_ENGINES},
    },
    ui::{
        Ago, Button, Column, EmptyState, LinkButton, Note, PageHeader, Skeleton, Table, Tone, Variant, table::Sorting,
    },
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use std::cmp::Ordering;

const COLUMNS: &[Column] = &[
    Column::new("Name").sort("name"),
    Column::new("Image").class("only-wide").sort("image"),
    Column::new("State").sort("state"),
    Column::new("Health").class("only-wide").sort("health"),
    Column::new("Ports").class("only-wide"),
    Column::new("Host").sort("host"),
    Column::new("Created").class("only-wide").sort("age"),
    Column::new("Actions").quiet(),
];
const PER_PAGE: usize = 200;
const MAX_PER_PAGE: usize = 1_000;

#[component]
pub fn ContainersPage() -> impl IntoView {
    let fleet = Resource::new(|| (), |()| list_containers());
    view! {
        <Title text="Containers" />
        <PageHeader title="Containers" lead="Every container of every host." />
        <Transition fallback=|| view! { <Skeleton /> }>
            {move || Suspend::new(async move { fleet.await.map(|initial| view! { <Containers initial /> }) })}
        </Transition>
    }
    .into_any()
}

/// What the address says about the table.
#[derive(Clone, Debug, PartialEq)]
struct Query {
    filter: String,
    sort: String,
    page: usize,
    per: usize,
}

impl Query {
    fn read() -> Memo<Self> {
        let map = use_query_map();
        Memo::new(move |_| {
            map.with(|q| {
                let number = |name: &str, default| q.get(name).and_then(|t| t.parse().ok()).unwrap_or(default);
                Self {
                    filter: q.get("q").unwrap_or_default(),
                    sort: q.get("sort").unwrap_or_default(),
                    page: number("page", 1).max(1),
                    per: number("per", PER_PAGE).clamp(1, MAX_PER_PAGE),
                }
            })
        })
    }

    fn href(&self) -> String {
        let mut parts = Vec::new();
        let encode = |text: &str| leptos_router::location::Url::escape(text);
        if !self.filter.is_empty() {
            parts.push(format!("q={}", encode(&self.filter)));
        }
        if !self.sort.is_empty() {
            parts.push(format!("sort={}", self.sort));
        }
        if self.per != PER_PAGE {
            parts.push(format!("per={}", self.per));
        }
        if self.page > 1 {
            parts.push(format!("page={}", self.page));
        }
        url(&format!(
            "/containers{}{}",
            if parts.is_empty() { "" } else { "?" },
            parts.join("&")
        ))
    }
}

#[component]
fn Containers(initial: Fleet) -> impl IntoView {
    let rows = live_rows(TOPIC_CONTAINERS, None, initial.containers);
    let engines = live_rows(TOPIC_ENGINES, None, initial.engines);
    let query = Query::read();
    let matching = Memo::new(move |_| ordered(rows.all(), &query.get()));
    let total = Memo::new(move |_| matching.with(Vec::len));
    let shown = Memo::new(move |_| {
        let q = query.get();
        matching.with(|keys| {
            keys.iter()
                .skip((q.page - 1) * q.per)
                .take(q.per)
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let none_at_all = Memo::new(move |_| rows.all().is_empty());
    let no_engine = Memo::new(move |_| engines.all().is_empty());
    let actions = Actions::provide();
    view! {
        <Problems engines />
        <Show when=move || !none_at_all.get() fallback=move || view! { <Nothing no_engine /> }>
            <div class="toolbar">
                <FilterForm query />
                <p class="muted" role="status">{move || count_text(total.get())}</p>
            </div>
            <Table caption="Containers" columns=COLUMNS sorting=sorting(query)>
                <For each=move || shown.get() key=Clone::clone let:key>
                    {rows.get(&key).map(|row| {
                        let machine = row.with_untracked(|r| r.machine);
                        let stale = Signal::derive(move || engines.all().iter().any(|e| e.machine == machine && !e.watching));
                        view! { <ContainerLine row actions stale /> }
                    })}
                </For>
            </Table>
            <Pages query total />
        </Show>
    }
}

fn count_text(total: usize) -> String {
    if total == 1 {
        "1 container".to_owned()
    } else {
        format!("{total} containers")
    }
}

/// The keys of the rows that match, in order.
fn ordered(rows: Vec<ContainerRow>, query: &Query) -> Vec<String> {
    let words: Vec<String> = query
        .filter
        .to_lowercase()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    let mut rows: Vec<ContainerRow> = rows
        .into_iter()
        .filter(|row| words.iter().all(|word| matches(row, word)))
        .collect();
    let (column, descending) = query
        .sort
        .strip_prefix('-')
        .map_or((query.sort.as_str(), false), |c| (c, true));
    rows.sort_by(|a, b| {
        if descending {
            compare(b, a, column)
        } else {
            compare(a, b, column)
        }
    });
    rows.iter().map(row_key).collect()
}

fn matches(row: &ContainerRow, word: &str) -> bool {
    let fields = [&row.name, &row.image, &row.machine_name];
    fields.iter().any(|f| f.to_lowercase().contains(word))
        || row.state.as_str() == word
        || row.id.as_str().starts_with(word)
}

fn compare(a: &ContainerRow, b: &ContainerRow, column: &str) -> Ordering {
    let first = match column {
        "host" => a.machine_name.cmp(&b.machine_name),
        "image" => a.image.cmp(&b.image),
        "state" => a.state.cmp(&b.state),
        "health" => a.health.cmp(&b.health),
        "age" => b.created_at.cmp(&a.created_at),
        _ => Ordering::Equal,
    };
    first.then_with(|| (&a.name, &a.machine_name, &a.id).cmp(&(&b.name, &b.machine_name, &b.id)))
}

fn sorting(query: Memo<Query>) -> Sorting {
    Sorting {
        current: Signal::derive(move || {
            let sort = query.get().sort;
            if sort.is_empty() { "name".to_owned() } else { sort }
        }),
        href: Callback::new(move |sort: String| {
            Query {
                sort,
                page: 1,
                ..query.get()
            }
            .href()
        }),
    }
}

/// A search that is a link: it can be shared, and works without script.
#[component]
fn FilterForm(query: Memo<Query>) -> impl IntoView {
    view! {
        <leptos_router::components::Form action=url("/containers") method="get" attr:class="form-inline" attr:role="search">
            <input
                class="input"
                type="search"
                name="q"
                aria-label="Filter by name, image, host or state"
                placeholder="Filter by name, image, host or state"
                value=move || query.get().filter
            />
            {move || (!query.get().sort.is_empty()).then(|| view! { <input type="hidden" name="sort" value=query.get().sort /> })}
            <Button>"Filter"</Button>
        </leptos_router::components::Form>
    }
}

#[component]
fn Pages(query: Memo<Query>, total: Memo<usize>) -> impl IntoView {
    move || {
        let q = query.get();
        let last = total.get().div_ceil(q.per).max(1);
        let link = |page: usize, label: &'static str| {
            (page >= 1 && page <= last && page != q.page)
                .then(|| view! { <a class="btn btn-small" href=Query { page, ..q.clone() }.href()>{label}</a> })
        };
        (last > 1).then(|| {
            view! {
                <nav class="cluster" aria-label="Pages">
                    {link(q.page.saturating_sub(1), "Previous")}
                    <span class="muted num">{format!("Page {} of {last}", q.page)}</span>
                    {link(q.page + 1, "Next")}
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
        down.into_iter()
            .map(|engine| {
                let href = url(&format!("/machines/{}", engine.machine));
                view! {
                    <Note tone=Tone::Warn title=format!("{}: not live", engine.machine_name)>
                        <p>{engine.problem} " Its rows are as of " <Ago at=engine.since /> ". " <a href=href>"See the machine"</a></p>
                    </Note>
                }
            })
            .collect_view()
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
