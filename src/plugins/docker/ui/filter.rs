//! The filter of the containers page: a GET form, so it can be shared and works without script. With script the
//! address, and so the table, follows as one types.

use crate::{
    core::url::url,
    plugins::docker::model::{Cell, ContainerQuery, ContainerState, Facets, Health, PER_PAGE},
    ui::{Icon, browser, shortcuts::shortcut},
};
use leptos::{ev, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use std::time::Duration;

/// How long a pause in typing is.
const PAUSE: Duration = Duration::from_millis(180);
/// Where the page begins to hold fewer or more rows.
const PER: [u32; 4] = [50, PER_PAGE, 500, 1_000];

/// Goes to what `query` says, in place of this entry of the history.
fn use_go() -> impl Fn(&ContainerQuery) + Clone + Send + Sync + 'static {
    let navigate = use_navigate();
    move |query| {
        let options = NavigateOptions {
            resolve: false,
            replace: true,
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate(&url(&query.path()), options);
    }
}

#[component]
pub(super) fn FilterForm(query: Memo<ContainerQuery>, facets: RwSignal<Facets>) -> impl IntoView {
    let go = StoredValue::new(use_go());
    let follow = move |event: &ev::Event| {
        if let Some(text) = browser::form_query(event) {
            let asked = ContainerQuery::read(&text);
            if query.try_get_untracked().is_some_and(|now| now != asked) {
                go.with_value(|go| go(&asked));
            }
        }
    };
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    let stop_waiting = move || {
        waiting.try_update_value(|waiting| waiting.take().inspect(TimeoutHandle::clear));
    };
    on_cleanup(stop_waiting);
    let typed = move |event: ev::Event| {
        if browser::is_search(&event) {
            stop_waiting();
            let later = set_timeout_with_handle(move || follow(&event), PAUSE);
            waiting.set_value(later.ok());
        }
    };
    let now = move |event: ev::Event| {
        stop_waiting();
        follow(&event);
    };
    shortcut("/", "Filter the containers", "Containers", || {
        browser::focus_on("#filter-words")
    });
    view! {
        <form
            class="filters"
            role="search"
            method="get"
            action=url("/containers")
            on:input=typed
            on:change=now
            on:submit=move |event| {
                event.prevent_default();
                now(event.into());
            }
        >
            <Words query />
            <div class="cluster">
                <HostChoice query facets />
                <StateChoice query facets />
                <HealthChoice query facets />
                <MoreChoice query />
                <ViewChoice query />
                <button class="btn needs-no-script" type="submit">"Filter"</button>
            </div>
            {move || query.with(hidden_sort)}
        </form>
    }
}

fn hidden_sort(query: &ContainerQuery) -> impl IntoView + use<> {
    let sort = query.sort.to_string();
    (query.sort != Default::default()).then(|| view! { <input type="hidden" name="sort" value=sort /> })
}

/// The words. What is typed leads; the address follows, and only another address (a link) changes what is typed.
#[component]
fn Words(query: Memo<ContainerQuery>) -> impl IntoView {
    let words = Memo::new(move |_| query.with(|q| q.words.clone()));
    let first = words.get_untracked();
    let shown = RwSignal::new(first.clone());
    Effect::new(move |_| {
        let words = words.get();
        if !browser::has_focus("#filter-words") {
            shown.set(words);
        }
    });
    view! {
        <div class="input-icon filter-words">
            <Icon name="search" />
            <input
                class="input"
                id="filter-words"
                type="search"
                name="q"
                autocomplete="off"
                spellcheck="false"
                aria-label="Filter by name, image, host, stack or id"
                placeholder="Filter by name, image, host, stack or id"
                value=first
                prop:value=move || shown.get()
            />
        </div>
    }
}

/// One choice of a filter: its value in the address, what a person reads, and how many rows it would show.
#[derive(Clone, Debug, PartialEq)]
struct Choice {
    value: String,
    label: String,
    count: u32,
}

/// A filter with its choices behind a button. They are kept in the page while they occur or are chosen.
#[component]
fn Choices(
    title: &'static str,
    name: &'static str,
    #[prop(into)] choices: Signal<Vec<Choice>>,
    #[prop(into)] chosen: Signal<Vec<String>>,
) -> impl IntoView {
    let id = format!("filter-{name}");
    let count = move |value: &str| choices.with(|all| all.iter().find(|c| c.value == value).map_or(0, |c| c.count));
    let shown = move || {
        let mut all = choices.get();
        for value in chosen.get() {
            if all.iter().all(|choice| choice.value != value) {
                let label = value.clone();
                all.push(Choice { value, label, count: 0 });
            }
        }
        all
    };
    view! {
        <button type="button" class="btn" popovertarget=id.clone()>
            {title}
            {move || Some(chosen.with(Vec::len)).filter(|n| *n > 0).map(|n| view! { <span class="count">{n}</span> })}
            <Icon name="down" />
        </button>
        <fieldset class="menu-panel menu-checks" id=id popover="auto">
            <legend class="menu-label">{title}</legend>
            <For each=shown key=|choice| choice.value.clone() let:choice>
                {
                    let (own, of) = (choice.value.clone(), choice.value.clone());
                    let first = chosen.with_untracked(|all| all.contains(&own));
                    view! {
                        <label class="check menu-check">
                            <input
                                type="checkbox"
                                name=name
                                value=choice.value
                                checked=first
                                prop:checked=move || chosen.with(|all| all.contains(&own))
                            />
                            <span class="truncate">{choice.label}</span>
                            <span class="num muted">{move || count(&of)}</span>
                        </label>
                    }
                }
            </For>
        </fieldset>
    }
}

#[component]
fn HostChoice(query: Memo<ContainerQuery>, facets: RwSignal<Facets>) -> impl IntoView {
    let choices = Signal::derive(move || {
        let choice = |host: &crate::plugins::docker::model::HostCount| Choice {
            value: host.name.clone(),
            label: host.name.clone(),
            count: host.count,
        };
        facets.with(|f| f.hosts.iter().map(choice).collect::<Vec<_>>())
    });
    view! { <Choices title="Host" name="host" choices chosen=Signal::derive(move || query.with(|q| q.host.clone())) /> }
}

#[component]
fn StateChoice(query: Memo<ContainerQuery>, facets: RwSignal<Facets>) -> impl IntoView {
    let choices = Signal::derive(move || {
        let choice = |state: ContainerState, count| Choice {
            value: state.as_str().to_owned(),
            label: state.as_str().to_owned(),
            count,
        };
        facets.with(|f| f.states.iter().map(|(state, n)| choice(*state, *n)).collect::<Vec<_>>())
    });
    let chosen = move || query.with(|q| q.state.iter().map(|s| s.as_str().to_owned()).collect::<Vec<_>>());
    view! { <Choices title="State" name="state" choices chosen=Signal::derive(chosen) /> }
}

#[component]
fn HealthChoice(query: Memo<ContainerQuery>, facets: RwSignal<Facets>) -> impl IntoView {
    let choices = Signal::derive(move || {
        let choice = |health: Health, count| Choice {
            value: health.as_str().to_owned(),
            label: match health {
                Health::None => "no health check".to_owned(),
                other => other.as_str().to_owned(),
            },
            count,
        };
        facets.with(|f| {
            f.healths
                .iter()
                .map(|(health, n)| choice(*health, *n))
                .collect::<Vec<_>>()
        })
    });
    let chosen = move || query.with(|q| q.health.iter().map(|h| h.as_str().to_owned()).collect::<Vec<_>>());
    view! { <Choices title="Health" name="health" choices chosen=Signal::derive(chosen) /> }
}

/// Filters by free text: each adds a value to those that the chips show.
#[component]
fn MoreChoice(query: Memo<ContainerQuery>) -> impl IntoView {
    let kept = move || {
        let all = query.with(ContainerQuery::filters).into_iter();
        all.filter(|(name, _)| matches!(*name, "label" | "image" | "tag"))
            .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
            .collect_view()
    };
    let fields = [
        ("image", "Image", "part of its name, such as postgres"),
        ("label", "Label", "key or key=value"),
        ("tag", "Tag of the host", "such as env=prod"),
    ]
    .map(|(name, label, hint)| {
        let id = format!("filter-by-{name}");
        view! {
            <div class="field">
                <label class="field-label" for=id.clone()>{label}</label>
                <input class="input" id=id type="text" name=name placeholder=hint autocomplete="off" spellcheck="false" data-once="" />
            </div>
        }
    });
    view! {
        <button type="button" class="btn" popovertarget="filter-more">
            "More"
            <Icon name="down" />
        </button>
        <div class="menu-panel menu-fields" id="filter-more" popover="auto">
            {fields.into_iter().collect_view()}
            <button class="btn btn-primary" type="submit">"Add to the filter"</button>
        </div>
        {kept}
    }
}

/// Columns, and rows of a page.
#[component]
fn ViewChoice(query: Memo<ContainerQuery>) -> impl IntoView {
    let cells = Cell::ALL.iter().map(|cell| {
        let has = move |q: &ContainerQuery| q.cells.contains(cell);
        view! {
            <label class="check menu-check">
                <input
                    type="checkbox"
                    name="cols"
                    value=cell.as_str()
                    checked=query.with_untracked(has)
                    prop:checked=move || query.with(has)
                />
                {column_label(*cell)}
            </label>
        }
    });
    let per = PER.map(|per| {
        view! {
            <label class="check menu-check">
                <input
                    type="radio"
                    name="per"
                    value=per.to_string()
                    checked=query.with_untracked(|q| q.per == per)
                    prop:checked=move || query.with(|q| q.per == per)
                />
                {per}
                " rows"
            </label>
        }
    });
    view! {
        <button type="button" class="btn" popovertarget="filter-view">
            "View"
            <Icon name="down" />
        </button>
        <div class="menu-panel menu-checks" id="filter-view" popover="auto">
            <fieldset>
                <legend class="menu-label">"Columns"</legend>
                {cells.collect_view()}
            </fieldset>
            <fieldset>
                <legend class="menu-label">"Rows of a page"</legend>
                {per.into_iter().collect_view()}
            </fieldset>
        </div>
    }
}

fn column_label(cell: Cell) -> &'static str {
    match cell {
        Cell::Image => "Image",
        Cell::State => "State",
        Cell::Health => "Health",
        Cell::Ports => "Ports",
        Cell::Host => "Host",
        Cell::Cpu => "CPU",
        Cell::Memory => "Memory",
        Cell::Network => "Network",
        Cell::Age => "Created",
    }
}

/// The filters that are on, each with the link that takes it out.
#[component]
pub(super) fn Chips(query: Memo<ContainerQuery>) -> impl IntoView {
    let chip = move |(name, value): (&'static str, String)| {
        let href = move |q: &ContainerQuery, value: &str| url(&q.without(name, value).path());
        let own = value.clone();
        let label = match name {
            "q" => format!("“{value}”"),
            _ => format!("{name}: {value}"),
        };
        view! {
            <li>
                <a class="chip" href=move || query.with(|q| href(q, &own)) aria-label=format!("Remove the filter {label}")>
                    {label.clone()}
                    <Icon name="close" />
                </a>
            </li>
        }
    };
    let any = Memo::new(move |_| query.with(|q| !q.filters().is_empty()));
    let chips = move || query.with(ContainerQuery::filters);
    view! {
        <Show when=move || any.get()>
            <ul class="chips" aria-label="Filters">
                <For each=chips key=Clone::clone children=chip />
                <li><a class="chip chip-clear" href=move || query.with(|q| url(&q.cleared().path()))>"Clear all"</a></li>
            </ul>
        </Show>
    }
}
