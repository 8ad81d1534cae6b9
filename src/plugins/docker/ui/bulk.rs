//! What is done to all chosen containers at once. Without script a plain form that is always there; with script it
//! shows when something is chosen, counts by host, and asks where that is due.

use super::{
    Window,
    actions::{Actions, RemoveOptions},
    select::{BULK_FORM, Selection},
};
use crate::{
    plugins::docker::model::{ContainerAction, ContainerQuery, Facets},
    ui::{DialogActions, Icon, PostForm, browser},
};
use leptos::{ev, html::Dialog, prelude::*};
use std::collections::BTreeMap;

/// What is done without a dialog, unless all that match are meant.
const DIRECT: [ContainerAction; 6] = [
    ContainerAction::Start,
    ContainerAction::Stop,
    ContainerAction::Restart,
    ContainerAction::Pause,
    ContainerAction::Unpause,
    ContainerAction::Kill,
];

/// How many are meant, and where they are.
#[derive(Clone, Debug, Default, PartialEq)]
struct Meant {
    count: u32,
    hosts: BTreeMap<String, u32>,
}

impl Meant {
    fn now(selection: Selection, window: Window, query: Memo<ContainerQuery>) -> Self {
        if !selection.all.get() {
            let hosts = selection.by_host();
            return Self {
                count: hosts.values().sum(),
                hosts,
            };
        }
        let hosts = window
            .summary
            .with(|facets| query.with(|query| hosts_of(facets, query)));
        Self {
            count: window.total.get(),
            hosts,
        }
    }

    /// `5 on h1, 7 on h2`
    fn places(&self) -> String {
        const SHOWN: usize = 6;
        let mut places: Vec<String> = self
            .hosts
            .iter()
            .take(SHOWN)
            .map(|(host, n)| format!("{n} on {host}"))
            .collect();
        if let Some(more) = self.hosts.len().checked_sub(SHOWN).filter(|n| *n > 0) {
            places.push(format!("the rest on {more} more hosts"));
        }
        places.join(", ")
    }

    fn what(&self) -> String {
        match (self.count, self.hosts.len()) {
            (1, _) => "1 container".to_owned(),
            (n, 1) => format!("{n} containers on 1 host"),
            (n, hosts) => format!("{n} containers on {hosts} hosts"),
        }
    }
}

/// Where the rows are that match: the counts of the hosts, of those that the filter names.
fn hosts_of(facets: &Facets, query: &ContainerQuery) -> BTreeMap<String, u32> {
    let named = |name: &str, id: String| {
        query.host.is_empty()
            || query
                .host
                .iter()
                .any(|h| h.to_lowercase() == name.to_lowercase() || *h == id)
    };
    let hosts = facets
        .hosts
        .iter()
        .filter(|h| h.count > 0 && named(&h.name, h.machine.to_string()));
    hosts.map(|h| (h.name.clone(), h.count)).collect()
}

#[component]
pub(super) fn BulkBar(selection: Selection, window: Window, query: Memo<ContainerQuery>) -> impl IntoView {
    let actions = Actions::provide();
    let meant = Memo::new(move |_| Meant::now(selection, window, query));
    let dialog = NodeRef::<Dialog>::new();
    let asking = RwSignal::new(ContainerAction::Remove);
    let ask = move |action: ContainerAction, event: &ev::MouseEvent| {
        if let Some(dialog) = dialog
            .get_untracked()
            .filter(|_| action.asks_first() || selection.all.get_untracked())
        {
            event.prevent_default();
            asking.set(action);
            browser::show_modal(&dialog);
        }
    };
    Effect::new(move |_| {
        if actions.act.value().with(|v| matches!(v, Some(Ok(_)))) {
            selection.clear();
        }
    });
    // "All that match" was said of the filter as it was.
    Effect::new(move |before: Option<String>| {
        let filter = query.with(ContainerQuery::filter_text);
        if before.is_some_and(|before| before != filter) {
            selection.all.set(false);
        }
        filter
    });
    let buttons = DIRECT.map(|action| {
        view! {
            <button
                type="submit"
                class="btn btn-small"
                name="action"
                value=action.as_str()
                on:click=move |event| ask(action, &event)
            >
                <Icon name=action.icon() />
                {action.label()}
            </button>
        }
    });
    view! {
        <section
            class="bulk"
            aria-label="Chosen containers"
            data-count=move || meant.with(|m| m.count)
            on:submit=move |_| {
                if let Some(dialog) = dialog.get_untracked() {
                    dialog.close();
                }
            }
        >
            <PostForm action=actions.act id=BULK_FORM class="bulk-form" label="Chosen containers">
                <For each=move || selection.elsewhere() key=Clone::clone let:key>
                    <input type="hidden" name="targets[]" value=key />
                </For>
                <Count selection window query meant />
                <div class="cluster">
                    {buttons.into_iter().collect_view()}
                    <button
                        type="button"
                        class="btn btn-small btn-danger"
                        popovertarget="bulk-dialog"
                        aria-haspopup="dialog"
                        on:click=move |event| ask(ContainerAction::Remove, &event)
                    >
                        <Icon name="trash" />
                        "Remove…"
                    </button>
                </div>
                <Question dialog asking meant />
            </PostForm>
        </section>
    }
}

/// How many are chosen, and the way from there to all that match or to none.
#[component]
fn Count(selection: Selection, window: Window, query: Memo<ContainerQuery>, meant: Memo<Meant>) -> impl IntoView {
    let matching = move || format!("?{}", query.with(ContainerQuery::filter_text));
    view! {
        <div class="cluster">
            <p class="bulk-count needs-script" role="status">{move || meant.with(|m| format!("{} chosen", m.what()))}</p>
            <p class="bulk-count needs-no-script">"The chosen containers:"</p>
            <label class="check">
                <input
                    type="checkbox"
                    name="matching"
                    value=matching
                    prop:checked=move || selection.all.get()
                    on:change=move |event| selection.all.set(event_target_checked(&event))
                />
                {move || format!("All {} that match the filter", window.total.get())}
            </label>
            <input type="hidden" name="seen" value=move || window.total.get().to_string() />
            <button
                type="button"
                class="btn btn-small btn-ghost needs-script"
                on:click=move |_| selection.clear()
            >
                "Clear"
            </button>
        </div>
    }
}

/// Names what is about to happen, to how many, and where.
#[component]
fn Question(dialog: NodeRef<Dialog>, asking: RwSignal<ContainerAction>, meant: Memo<Meant>) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    Effect::new(move |_| {
        meant.track();
        typed.set(String::new());
    });
    let removes = move || asking.get() == ContainerAction::Remove;
    let told = move || meant.with(|m| m.count > 0);
    let title = move || {
        let what = if told() {
            meant.with(Meant::what)
        } else {
            "the chosen containers".to_owned()
        };
        format!("{} {what}?", asking.get().label())
    };
    // Without script nothing is counted here; the server asks for the number then.
    let unconfirmed =
        move || removes() && meant.with(|m| m.count > 1 && typed.with(|t| t.trim() != m.count.to_string()));
    view! {
        <dialog class="dialog" id="bulk-dialog" popover="auto" aria-labelledby="bulk-title" node_ref=dialog>
            <div class="dialog-body">
                <h2 id="bulk-title">{title}</h2>
                <p>{move || meant.with(Meant::places)}</p>
                <div class="stack" hidden=move || !removes()>
                    <p>"They and everything written inside them are deleted on their hosts. Images and named volumes stay."</p>
                    <RemoveOptions />
                    <div class="field">
                        <label class="field-label" for="bulk-typed">"Type how many are to be removed"</label>
                        <input
                            class="input"
                            id="bulk-typed"
                            name="typed"
                            inputmode="numeric"
                            autocomplete="off"
                            prop:value=move || typed.get()
                            on:input=move |event| typed.set(event_target_value(&event))
                        />
                    </div>
                </div>
                <DialogActions dialog="bulk-dialog">
                    <button
                        type="submit"
                        class=move || if asking.get().asks_first() { "btn btn-danger-fill" } else { "btn btn-primary" }
                        name="action"
                        value=move || asking.get().as_str()
                        disabled=unconfirmed
                    >
                        {move || asking.get().label()}
                    </button>
                </DialogActions>
            </div>
        </dialog>
    }
}
