//! The palette's dialog: a combobox over a list of what fits.

mod items;
mod recent;

use super::{PALETTE_SOURCES, model::Hit};
use crate::{
    core::{plugin::NavItem, url::url},
    ui::{Icon, Keys, Modal, browser, shortcut, use_shortcuts},
};
use items::{Does, Item, listed};
use leptos::{ev, leptos_dom::helpers::debounce, prelude::*, task::spawn_local_scoped_with_cancellation};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use std::time::Duration;

/// Typing stops for this long before a server is asked.
const PAUSE: Duration = Duration::from_millis(120);

/// Whether the palette is open; in the context of the frame.
#[derive(Clone, Copy)]
pub struct PaletteOpen(RwSignal<bool>);

/// Gives its state to the frame and its keys to the page.
pub fn provide_palette() {
    let open = RwSignal::new(false);
    provide_context(PaletteOpen(open));
    shortcut("Mod+k", "Search and commands", "Everywhere", move || open.set(true));
}

/// The bar's search. Without script it leads to the list that has a search of its own.
#[component]
pub fn SearchButton() -> impl IntoView {
    let open = use_context::<PaletteOpen>();
    let click = move |event: ev::MouseEvent| {
        if let Some(PaletteOpen(open)) = open
            && browser::plain_click(&event)
        {
            event.prevent_default();
            open.set(true);
        }
    };
    view! {
        <a class="search-button" href=url("/containers") title="Search and commands" on:click=click>
            <Icon name="search" />
            <span class="search-text">"Search"</span>
            <span class="search-keys needs-script" aria-hidden="true"><Keys keys="Mod+k" /></span>
        </a>
    }
}

/// The dialog. `nav` are the pages of the rail.
#[component]
pub fn Palette(nav: Vec<NavItem>) -> impl IntoView {
    let PaletteOpen(open) = expect_context::<PaletteOpen>();
    let nav = StoredValue::new(nav);
    view! {
        <Modal id="palette" open label="Search and commands" class="dialog palette">
            <Search open nav=nav.get_value() />
        </Modal>
    }
}

/// What a source found, with the icon of its kind.
type Found = (&'static str, Hit);

#[component]
fn Search(open: RwSignal<bool>, nav: Vec<NavItem>) -> impl IntoView {
    let (query, active) = (RwSignal::new(String::new()), RwSignal::new(0_usize));
    let (found, waiting) = (RwSignal::new(Vec::<Found>::new()), RwSignal::new(0_usize));
    ask(query, found, waiting);
    let shortcuts = use_shortcuts();
    let recent = StoredValue::new(recent::load());
    let items = Memo::new_with_compare(
        move |_| {
            let here = items::local(&nav, shortcuts.for_palette());
            listed(&query.get(), &recent.get_value(), here, &found.get())
        },
        |_, _| true,
    );
    let navigate = use_navigate();
    let choose = Callback::new(move |item: Item| {
        open.set(false);
        match item.does {
            Does::Run(run) => {
                run.try_run(());
            }
            Does::Go(path) => {
                recent::add(Hit {
                    title: item.title,
                    detail: item.detail,
                    path: path.clone(),
                });
                let exact = NavigateOptions {
                    resolve: false,
                    ..Default::default()
                };
                navigate(&url(&path), exact);
            }
        }
    });
    let key = move |event: ev::KeyboardEvent| {
        let last = items.with_untracked(Vec::len).saturating_sub(1);
        let now = active.get_untracked().min(last);
        match event.key().as_str() {
            "ArrowDown" => active.set(if now >= last { 0 } else { now + 1 }),
            "ArrowUp" => active.set(if now == 0 { last } else { now - 1 }),
            "Enter" => {
                if let Some(item) = items.with_untracked(|all| all.get(now).cloned()) {
                    choose.run(item);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let shown = Memo::new(move |_| active.get().min(items.with(Vec::len).saturating_sub(1)));
    Effect::new(move |_| browser::reveal(&option_id(shown.get())));
    let none = move || items.with(Vec::is_empty) && waiting.get() == 0;
    view! {
        <div class="palette-head">
            <Icon name="search" />
            <input
                class="palette-input"
                type="text"
                role="combobox"
                autofocus=true
                autocomplete="off"
                spellcheck="false"
                placeholder="Machine, container, page or action"
                aria-label="Search and commands"
                aria-autocomplete="list"
                aria-expanded="true"
                aria-controls="palette-list"
                aria-activedescendant=move || (!items.with(Vec::is_empty)).then(|| option_id(shown.get()))
                on:input=move |event| {
                    active.set(0);
                    query.set(event_target_value(&event));
                }
                on:keydown=key
            />
        </div>
        <ul class="palette-list" id="palette-list" role="listbox" aria-label="Results">
            {move || {
                items.get().into_iter().enumerate().map(|(place, item)| view! { <Line place item shown choose /> }).collect_view()
            }}
        </ul>
        <p class="palette-note" role="status">{move || none().then_some("Nothing has that name. Try a part of a name, of an image or of a host.")}</p>
    }
}

fn option_id(place: usize) -> String {
    format!("palette-{place}")
}

#[component]
fn Line(place: usize, item: Item, shown: Memo<usize>, choose: Callback<Item>) -> impl IntoView {
    let Item {
        title,
        detail,
        icon,
        keys,
        ..
    } = item.clone();
    view! {
        <li
            class="palette-item"
            id=option_id(place)
            role="option"
            aria-selected=move || if shown.get() == place { "true" } else { "false" }
            on:click=move |_| choose.run(item.clone())
        >
            <Icon name=icon />
            <span class="palette-title">{title}</span>
            <span class="palette-detail">{detail}</span>
            {(!keys.is_empty()).then(|| view! { <Keys keys /> })}
        </li>
    }
}

/// Asks every source once typing pauses; an answer to an older question is dropped, and its call ended.
fn ask(query: RwSignal<String>, found: RwSignal<Vec<Found>>, waiting: RwSignal<usize>) {
    let asked = RwSignal::new(String::new());
    let mut settle = debounce(PAUSE, move |text: String| {
        asked.try_set(text);
    });
    Effect::new(move |_| settle(query.get()));
    let sources = PALETTE_SOURCES.all();
    Effect::new(move |_| {
        let text = asked.get();
        found.set(Vec::new());
        waiting.set(0);
        if text.trim().is_empty() {
            return;
        }
        waiting.set(sources.len());
        for source in sources.clone() {
            let answer = (source.find)(text.clone());
            spawn_local_scoped_with_cancellation(async move {
                // A source that cannot answer (its plugin is stopped) leaves the others alone.
                let hits = answer.await.unwrap_or_default();
                found.update(|all| all.extend(hits.into_iter().map(|hit| (source.icon, hit))));
                waiting.update(|n| *n = n.saturating_sub(1));
            });
        }
    });
}
