//! One machine as a row of the table.

use super::{
    figures::{CpuFigure, DiskFigure, MemoryFigure, Sparks, cpu, load, memory, text},
    links::LinkActions,
    list::{Fleet, account, key_of},
    tags::Tags,
    tone,
};
use crate::{
    core::url::url,
    plugins::machines::model::{HostNumbers, MachineRow},
    ui::{Ago, StateBadge},
};
use leptos::prelude::*;

/// The signals of one machine that rows and cards are drawn from.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    /// The newest reading, while the machine is up: numbers of a lost host are not its numbers.
    pub numbers: Signal<Option<HostNumbers>>,
    pub sparks: Sparks,
}

impl Shown {
    pub fn new(row: Signal<MachineRow>, fleet: Fleet) -> Self {
        let id = row.with_untracked(|r| r.id.to_string());
        let readings = fleet.numbers.follow(key_of(&id));
        let up = Memo::new(move |_| row.with(|r| r.state.is_up()));
        let numbers = Signal::derive(move || readings.get().filter(|_| up.get()));
        let initial = fleet.sparks.with_value(|sparks| sparks.get(&id).cloned());
        Self {
            numbers,
            sparks: Sparks::new(initial, numbers),
        }
    }
}

#[component]
pub(super) fn MachineLine(row: Signal<MachineRow>, fleet: Fleet) -> impl IntoView {
    let href = row.with_untracked(|r| url(&format!("/machines/{}", r.id)));
    let Shown { numbers, sparks } = Shown::new(row, fleet);
    let short = move || {
        let (cpu, memory) = (text(numbers, cpu).get(), text(numbers, memory).get());
        numbers
            .with(Option::is_some)
            .then(|| format!("CPU {cpu}, memory {memory}"))
    };
    view! {
        <tr>
            <th scope="row">
                <a href=href>{move || row.with(|r| r.name.clone())}</a>
                <span class="cell-sub">{move || row.with(account)}</span>
                <Tags tags=Signal::derive(move || row.with(|r| r.tags.clone()))/>
            </th>
            <td>
                <StateCell row/>
                <span class="cell-sub only-narrow">{short}</span>
            </td>
            <td class="only-wide"><CpuFigure numbers sparks/></td>
            <td class="only-wide"><MemoryFigure numbers sparks/></td>
            <td class="only-wide"><DiskFigure numbers/></td>
            <td class="only-wide num">{text(numbers, load)}</td>
            <td class="only-wide num"><ContainerCount row/></td>
            <td class="actions only-wide">
                <div class="cluster">
                    <LinkActions row actions=fleet.actions small=true/>
                </div>
            </td>
        </tr>
    }
}

/// The state, since when, why, and the way to what is to be done.
#[component]
pub(super) fn StateCell(row: Signal<MachineRow>) -> impl IntoView {
    let state = Memo::new(move |_| row.with(|r| r.state));
    let reason = Memo::new(move |_| row.with(|r| r.reason.clone()));
    let trust = row.with_untracked(|r| url(&format!("/machines/{}", r.id)));
    view! {
        <StateBadge
            tone=Signal::derive(move || tone(state.get()))
            text=Signal::derive(move || state.get().label().to_owned())
        />
        " "
        <span class="muted small"><Ago at=Signal::derive(move || row.with(|r| r.since))/></span>
        {move || {
            let href = trust.clone();
            if state.get().needs_trust() {
                return Some(view! { <span class="cell-sub"><a href=href>"Compare its keys"</a></span> }.into_any());
            }
            reason.get().map(|text| view! { <span class="cell-sub">{text}</span> }.into_any())
        }}
    }
}

/// `3 of 5`: running of all.
#[component]
pub(super) fn ContainerCount(row: Signal<MachineRow>) -> impl IntoView {
    let counts = Memo::new(move |_| row.with(|r| r.containers));
    let href = row.with_untracked(|r| url(&format!("/machines/{}/containers", r.id)));
    move || {
        let href = href.clone();
        match counts.get() {
            Some(c) => {
                let spoken = format!("{} of {} containers run", c.running, c.total);
                view! { <a href=href aria-label=spoken>{format!("{} of {}", c.running, c.total)}</a> }.into_any()
            }
            None => "—".into_any(),
        }
    }
}
