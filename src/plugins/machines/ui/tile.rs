//! One machine as a card.

use super::{
    figures::{CpuFigure, DiskFigure, MemoryFigure, load, text},
    links::LinkActions,
    list::{Fleet, account},
    row::{ContainerCount, Shown, StateCell},
    tags::Tags,
};
use crate::{core::url::url, plugins::machines::model::MachineRow};
use leptos::prelude::*;

#[component]
pub(super) fn MachineTile(row: Signal<MachineRow>, fleet: Fleet) -> impl IntoView {
    let href = row.with_untracked(|r| url(&format!("/machines/{}", r.id)));
    let Shown { numbers, sparks } = Shown::new(row, fleet);
    view! {
        <li class="card">
            <div class="stack stack-s">
                <h2 class="card-title"><a class="card-link" href=href>{move || row.with(|r| r.name.clone())}</a></h2>
                <p class="muted small mono">{move || row.with(account)}</p>
                <div><StateCell row/></div>
            </div>
            <dl class="facts">
                <dt>"CPU"</dt>
                <dd><CpuFigure numbers sparks/></dd>
                <dt>"Memory"</dt>
                <dd><MemoryFigure numbers sparks/></dd>
                <dt>"Disk"</dt>
                <dd><DiskFigure numbers/></dd>
                <dt>"Load"</dt>
                <dd>{text(numbers, load)}</dd>
                <dt>"Containers"</dt>
                <dd><ContainerCount row/></dd>
            </dl>
            <Tags tags=Signal::derive(move || row.with(|r| r.tags.clone()))/>
            <div class="cluster">
                <LinkActions row actions=fleet.actions small=true/>
            </div>
        </li>
    }
}
