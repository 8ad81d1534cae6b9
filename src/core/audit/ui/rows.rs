//! Rows of the log, on the audit page and on the pages of objects.

use crate::{
    core::audit::{
        api::object_history,
        model::{AuditRow, Change, Phase, changes},
    },
    ui::{Ago, Column, Skeleton, StateBadge, Table, Tone},
};
use leptos::prelude::*;

const COLUMNS: &[Column] = &[
    Column::new("When"),
    Column::new("Who"),
    Column::new("Action and object"),
    Column::new("Outcome"),
    Column::new("Detail").class("only-wide"),
];

/// The rows as a table; without `objects` they are all of one, which the page names.
#[component]
pub fn AuditTable(rows: Vec<AuditRow>, #[prop(into)] caption: String, objects: bool) -> impl IntoView {
    let lines = rows
        .into_iter()
        .map(|row| view! { <Line row objects /> })
        .collect_view();
    view! { <Table caption columns=COLUMNS>{lines}</Table> }
}

/// What was done to one object: for a tab or a section of its page.
#[component]
pub fn ObjectHistory(#[prop(into)] kind: String, #[prop(into)] id: String) -> impl IntoView {
    let found = Resource::new(
        move || (kind.clone(), id.clone()),
        |(kind, id)| object_history(kind, id),
    );
    view! {
        <Transition fallback=|| view! { <Skeleton lines=3 /> }>
            {move || Suspend::new(async move {
                found.await.map(|page| {
                    if page.rows.is_empty() {
                        return view! { <p class="muted">"Nothing was done to it yet."</p> }.into_any();
                    }
                    view! { <AuditTable rows=page.rows caption="History" objects=false /> }.into_any()
                })
            })}
        </Transition>
    }
}

#[component]
fn Line(row: AuditRow, objects: bool) -> impl IntoView {
    let (tone, text) = ending(&row);
    let label = if row.object.label.is_empty() {
        row.object.id.clone()
    } else {
        row.object.label.clone()
    };
    let object = objects.then(|| view! { <span class="cell-sub">{format!("{} {label}", row.object.kind)}</span> });
    view! {
        <tr>
            <td><Ago at=row.at /></td>
            <th scope="row">{row.actor_name.clone()}<span class="cell-sub">{row.address.clone()}</span></th>
            <td><span class="mono">{row.action.clone()}</span>{object}</td>
            <td><StateBadge tone text /></td>
            <td class="only-wide"><Detail row /></td>
        </tr>
    }
}

/// Before and after, field by field, and what ties the row to the server's log.
#[component]
fn Detail(row: AuditRow) -> impl IntoView {
    let lines = changes(&row.detail)
        .into_iter()
        .map(|Change { name, before, after }| {
            let text = match (before, after) {
                (Some(before), Some(after)) => format!("{before} → {after}"),
                (Some(before), None) => format!("{before} → (none)"),
                (None, after) => after.unwrap_or_default(),
            };
            view! { <dt>{name}</dt><dd>{text}</dd> }
        })
        .collect_view();
    let intent = row
        .intent_seq
        .map(|seq| view! { <dt>"Announced in"</dt><dd class="num">"row "{seq}</dd> });
    view! {
        <details>
            <summary>"Row "{row.seq}</summary>
            <dl class="facts">
                {lines}
                {intent}
                <dt>"Object"</dt><dd class="mono">{format!("{} {}", row.object.kind, row.object.id)}</dd>
                <dt>"Actor"</dt><dd class="mono">{row.actor_id}</dd>
                <dt>"Request"</dt><dd class="mono">{row.request_id}</dd>
            </dl>
        </details>
    }
}

fn ending(row: &AuditRow) -> (Tone, String) {
    match (row.phase, row.outcome.as_deref()) {
        (Phase::Change, _) => (Tone::Ok, "done".to_owned()),
        (Phase::Intent, _) => (Tone::Info, "announced".to_owned()),
        (Phase::Outcome, Some("ok")) => (Tone::Ok, "done".to_owned()),
        (Phase::Outcome, why) => (Tone::Bad, why.unwrap_or("unknown").to_owned()),
        (Phase::Refused, why) => (Tone::Warn, format!("refused: {}", why.unwrap_or_default())),
    }
}
