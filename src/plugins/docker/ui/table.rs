//! The table of containers, as the containers page and the page of a machine show it: rows, row menu, keys.

use super::{
    Window,
    actions::{ActionForms, Actions, RemoveOptions, action_button, target},
    row::ContainerLine,
    select::Selection,
};
use crate::{
    core::{live::client::LiveRows, url::url},
    plugins::{
        docker::model::{Cell, ContainerAction, ContainerQuery, ContainerRow, EngineRow, Sort},
        machines::model::MachineId,
    },
    ui::{Column, DialogActions, Icon, PostForm, Table, browser, shortcuts::shortcut, table::Sorting},
};
use leptos::{ev::KeyboardEvent, html::Dialog, prelude::*};
use std::collections::HashMap;

const COLUMNS: &[Column] = &[
    Column::new("Name").sort("name"),
    Column::new("Image").class("col-image only-wide").sort("image"),
    Column::new("State").class("col-state").sort("state"),
    Column::new("Health").class("col-health only-wide").sort("health"),
    Column::new("Ports").class("col-ports only-wide"),
    Column::new("Host").class("col-host only-wide").sort("host"),
    Column::new("CPU")
        .class("col-cpu only-wide num")
        .sort("cpu")
        .greatest_first(),
    Column::new("Memory")
        .class("col-memory only-wide num")
        .sort("memory")
        .greatest_first(),
    Column::new("Network")
        .class("col-network only-wide num")
        .sort("network")
        .greatest_first(),
    Column::new("Created").class("col-age only-wide").sort("age"),
    Column::new("Actions").class("actions").quiet(),
];

/// What the rows of one table share.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    /// `None`: rows cannot be chosen here.
    pub selection: Option<Selection>,
    /// Machines whose rows may be old, and why.
    pub problems: Memo<HashMap<MachineId, String>>,
    /// The row that the menu is open for.
    pub menu: RwSignal<Option<ArcRwSignal<ContainerRow>>>,
}

/// `cells`: the columns to show.
#[component]
pub(super) fn FleetTable(
    window: Window,
    engines: LiveRows<EngineRow>,
    #[prop(into)] caption: String,
    actions: Actions,
    #[prop(into)] cells: Signal<Vec<Cell>>,
    sorting: Sorting,
    #[prop(optional)] selection: Option<Selection>,
) -> impl IntoView {
    let parts = Parts {
        selection,
        problems: Memo::new(move |_| problems(&engines.all())),
        menu: RwSignal::new(None),
    };
    let lead = selection.map(|selection| view! { <SelectPage selection /> }.into_any());
    keys(selection);
    view! {
        <ActionForms actions />
        <div
            class=move || cells.with(|cells| class_of(cells))
            aria-busy=move || window.pending.get().then_some("true")
            on:click=move |event| {
                if let Some(selection) = selection {
                    selection.clicked(&event);
                }
            }
            on:keydown=row_key
        >
            <Table caption columns=COLUMNS sorting lead>
                <For each=move || window.ids.get() key=Clone::clone let:key>
                    {window.get(&key).map(|(row, reading)| view! { <ContainerLine row reading parts /> })}
                </For>
            </Table>
        </div>
        <RowMenu menu=parts.menu actions />
    }
}

/// Links that put the rows of `query` in another order, on the page of all containers.
pub(super) fn sorting(query: Signal<ContainerQuery>) -> Sorting {
    Sorting {
        current: Signal::derive(move || query.with(|q| q.sort.to_string())),
        href: Callback::new(move |sort: String| {
            let query = ContainerQuery {
                sort: Sort::read(&sort),
                page: 1,
                ..query.get()
            };
            url(&query.path())
        }),
    }
}

fn problems(engines: &[EngineRow]) -> HashMap<MachineId, String> {
    let down = engines.iter().filter(|engine| !engine.watching);
    down.map(|engine| (engine.machine, engine.problem.clone().unwrap_or_default()))
        .collect()
}

/// The columns that are left out, as classes.
fn class_of(cells: &[Cell]) -> String {
    let hidden = Cell::ALL.iter().filter(|cell| !cells.contains(cell));
    let hidden = hidden.map(|cell| match cell {
        Cell::Image => "no-image",
        Cell::State => "no-state",
        Cell::Health => "no-health",
        Cell::Ports => "no-ports",
        Cell::Host => "no-host",
        Cell::Cpu => "no-cpu",
        Cell::Memory => "no-memory",
        Cell::Network => "no-network",
        Cell::Age => "no-age",
    });
    ["fleet"].into_iter().chain(hidden).collect::<Vec<_>>().join(" ")
}

#[component]
fn SelectPage(selection: Selection) -> impl IntoView {
    view! {
        <th scope="col" class="col-select">
            <input
                type="checkbox"
                class="needs-script"
                aria-label="Select all on this page"
                prop:checked=move || selection.page_is_chosen()
                on:change=move |event| selection.choose_page(event_target_checked(&event))
            />
        </th>
    }
}

/// What is done less often, for the row whose button opened it. One menu serves all rows.
#[component]
fn RowMenu(menu: RwSignal<Option<ArcRwSignal<ContainerRow>>>, actions: Actions) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    let removing = RwSignal::new(None::<(String, String)>);
    let ask = move |row: Signal<ContainerRow>| {
        removing.set(Some(
            row.with_untracked(|r| (target(r), format!("{} on {}", r.name, r.machine_name))),
        ));
        if let Some(dialog) = dialog.get_untracked() {
            browser::show_modal(&dialog);
        }
    };
    let items = move || {
        let row: Signal<ContainerRow> = menu.get()?.into();
        let items = ContainerAction::ALL
            .into_iter()
            .filter(|action| *action != ContainerAction::Remove);
        let items = items
            .map(|action| action_button(action, row, "menu-item", true))
            .collect_view();
        Some(view! {
            <p class="menu-label">{row.with_untracked(|r| format!("{} on {}", r.name, r.machine_name))}</p>
            {items}
            <button
                type="button"
                class="menu-item"
                data-act="remove"
                disabled=move || !ContainerAction::Remove.fits(row.with(|r| r.state))
                on:click=move |_| ask(row)
            >
                <Icon name="trash" />
                "Remove…"
            </button>
        })
    };
    let name = move || removing.get().map(|(_, name)| name).unwrap_or_default();
    view! {
        <div class="menu-panel" id="row-menu" popover="auto" on:click=|event| browser::close_popover(&event)>
            {items}
        </div>
        <dialog
            class="dialog"
            id="remove-one"
            popover="auto"
            aria-labelledby="remove-one-title"
            node_ref=dialog
            on:submit=|event| browser::close_dialog(&event)
        >
            <div class="dialog-body">
                <h2 id="remove-one-title">"Remove " {name} "?"</h2>
                <p>
                    "The container and everything written inside it are deleted on the host. Its image and named volumes stay."
                </p>
                <PostForm action=actions.act>
                    <input type="hidden" name="action" value="remove" />
                    <input type="hidden" name="targets[]" prop:value=move || removing.get().map(|(key, _)| key).unwrap_or_default() />
                    <RemoveOptions />
                    <DialogActions dialog="remove-one">
                        <button type="submit" class="btn btn-danger-fill"><Icon name="trash" />"Remove " {name}</button>
                    </DialogActions>
                </PostForm>
            </div>
        </dialog>
    }
}

/// Keys of the table, wherever the focus is.
fn keys(selection: Option<Selection>) {
    const SCOPE: &str = "Containers";
    let click = |keys, label: &'static str, what: &'static str| {
        shortcut(keys, label, SCOPE, move || browser::click_in_row(what));
    };
    shortcut("j", "Next row (also ↓ in a row)", SCOPE, || browser::step_row(1));
    shortcut("k", "Row before (also ↑ in a row)", SCOPE, || browser::step_row(-1));
    click("Enter", "Open the row's container", "th a");
    click("s", "Start the row's container", "[data-act=start]");
    click("S", "Stop the row's container", "[data-act=stop]");
    click("r", "Restart the row's container", "[data-act=restart]");
    click("m", "Menu of the row", "[popovertarget]");
    if let Some(selection) = selection {
        click("x", "Select the row", "input[type=checkbox]");
        shortcut("Escape", "Clear the selection", SCOPE, move || selection.clear());
    }
}

/// Arrows move from row to row while a row itself has the focus.
fn row_key(event: KeyboardEvent) {
    let step = match event.key().as_str() {
        "ArrowDown" => 1,
        "ArrowUp" => -1,
        _ => return,
    };
    if browser::row_has_focus() {
        event.prevent_default();
        browser::step_row(step);
    }
}
