//! What narrows the list of machines: a form that works as a link, so that it can be shared and needs no script.

use super::query::{ATTENTION, Query, needs_attention};
use crate::{
    core::{live::client::LiveRows, url::url},
    plugins::machines::model::{LinkState, MachineRow},
    ui::Button,
};
use leptos::prelude::*;
use leptos_router::components::Form;
use std::collections::BTreeMap;

const STATES: [LinkState; 7] = [
    LinkState::Online,
    LinkState::Degraded,
    LinkState::Unreachable,
    LinkState::HostKeyChanged,
    LinkState::Untrusted,
    LinkState::Connecting,
    LinkState::Disabled,
];

#[component]
pub(super) fn FilterBar(rows: LiveRows<MachineRow>, query: Memo<Query>, count: Signal<usize>) -> impl IntoView {
    let found = move || match count.get() {
        1 => "1 machine".to_owned(),
        n => format!("{n} machines"),
    };
    view! {
        <div class="toolbar">
            <Form action=url("/machines") method="get" attr:class="form-inline form-filter" attr:role="search">
                <input
                    class="input"
                    type="search"
                    name="q"
                    aria-label="Find by name, address, account or tag"
                    placeholder="Find by name, address or tag"
                    prop:value=move || query.get().filter
                    value=query.get_untracked().filter
                />
                <StateChoice rows query/>
                <TagChoice rows query/>
                {move || hidden("sort", query.get().sort)}
                {move || hidden("view", if query.get().cards { "cards".to_owned() } else { String::new() })}
                <Button>"Filter"</Button>
                {move || query.with(Query::narrows).then(|| {
                    let all = Query { sort: query.get().sort, cards: query.get().cards, ..Query::default() };
                    view! { <a class="btn btn-ghost" href=all.href()>"Clear"</a> }
                })}
            </Form>
            <p class="muted" role="status">{found}</p>
            <ViewChoice query/>
        </div>
    }
}

/// A part of the address that the form keeps as it is.
fn hidden(name: &'static str, value: String) -> Option<impl IntoView> {
    (!value.is_empty()).then(|| view! { <input type="hidden" name=name value=value/> })
}

#[component]
fn StateChoice(rows: LiveRows<MachineRow>, query: Memo<Query>) -> impl IntoView {
    let counts = Memo::new(move |_| {
        let all = rows.all();
        let of = |fits: &dyn Fn(LinkState) -> bool| all.iter().filter(|row| fits(row.state)).count();
        let mut counts = vec![(ATTENTION.to_owned(), "Needs attention", of(&needs_attention))];
        let states = STATES
            .iter()
            .map(|state| (state.as_str().to_owned(), state.label(), of(&|s| s == *state)));
        counts.extend(states);
        counts
    });
    let chosen = Memo::new(move |_| query.with(|q| q.state.clone()));
    let options = move || {
        let chosen = chosen.get();
        let shown = counts
            .get()
            .into_iter()
            .filter(|(value, _, n)| *n > 0 || *value == chosen);
        shown
            .map(|(value, label, n)| {
                let selected = value == chosen;
                view! { <option value=value selected=selected>{format!("{label} ({n})")}</option> }
            })
            .collect_view()
    };
    view! {
        <select class="input" name="state" aria-label="State">
            <option value="" selected=move || chosen.with(String::is_empty)>"Any state"</option>
            {options}
        </select>
    }
}

/// Nothing while no machine has a tag.
#[component]
fn TagChoice(rows: LiveRows<MachineRow>, query: Memo<Query>) -> impl IntoView {
    let tags = Memo::new(move |_| {
        let mut tags: BTreeMap<String, usize> = BTreeMap::new();
        for tag in rows.all().into_iter().flat_map(|row| row.tags) {
            *tags.entry(tag).or_default() += 1;
        }
        let chosen = query.with(|q| q.tag.clone());
        if !chosen.is_empty() {
            tags.entry(chosen).or_default();
        }
        tags
    });
    let any = Memo::new(move |_| tags.with(|t| !t.is_empty()));
    let chosen = Memo::new(move |_| query.with(|q| q.tag.clone()));
    let options = move || {
        let option = |(tag, n): (String, usize)| {
            let selected = chosen.with(|c| *c == tag);
            view! { <option value=tag.clone() selected=selected>{format!("{tag} ({n})")}</option> }
        };
        tags.get().into_iter().map(option).collect_view()
    };
    move || {
        any.get().then(|| {
            view! {
                <select class="input" name="tag" aria-label="Tag">
                    <option value="" selected=move || chosen.with(String::is_empty)>"Any tag"</option>
                    {options}
                </select>
            }
        })
    }
}

#[component]
fn ViewChoice(query: Memo<Query>) -> impl IntoView {
    let link = move |cards: bool, label: &'static str| {
        let href = move || Query { cards, ..query.get() }.href();
        let current = move || (query.with(|q| q.cards) == cards).then_some("true");
        view! { <a class="switch-item" href=href aria-current=current>{label}</a> }
    };
    view! {
        <nav class="switch" aria-label="View">
            {link(false, "Table")}
            {link(true, "Cards")}
        </nav>
    }
}
