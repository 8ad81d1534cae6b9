//! The fleet at a glance, for the overview: how many in which state, and what needs a person.

use super::{
    list::Nothing,
    query::{ATTENTION, Query},
};
use crate::{
    core::{
        live::{
            client::{LiveRows, live_rows},
            model::Rows,
        },
        url::url,
    },
    error::AppError,
    plugins::machines::{
        api::{list, numbers},
        model::{HostNumbers, LinkState, MachineRow, TOPIC_MACHINES, TOPIC_NUMBERS, worries},
    },
    ui::{ErrorBox, Skeleton, StateBadge, Tone},
};
use leptos::prelude::*;
use std::collections::HashMap;

/// Lines that the card has room for.
const MOST: usize = 8;

async fn initial() -> Result<(Rows<MachineRow>, Rows<HostNumbers>), AppError> {
    Ok((list().await?, numbers().await?))
}

pub fn overview_card() -> AnyView {
    let found = Resource::new(|| (), |()| initial());
    view! {
        <Transition fallback=|| view! { <Skeleton lines=2/> }>
            {move || Suspend::new(async move {
                match found.await {
                    Ok((rows, numbers)) => view! { <Card rows numbers/> }.into_any(),
                    Err(error) => view! { <ErrorBox error/> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

#[component]
fn Card(rows: Rows<MachineRow>, numbers: Rows<HostNumbers>) -> impl IntoView {
    let rows = live_rows(TOPIC_MACHINES, None, rows);
    let numbers = live_rows(TOPIC_NUMBERS, None, numbers);
    let any = Memo::new(move |_| !rows.all().is_empty());
    view! {
        <Show when=move || any.get() fallback=|| view! { <Nothing/> }>
            <Counts rows/>
            <Attention rows numbers/>
        </Show>
    }
}

#[component]
fn Counts(rows: LiveRows<MachineRow>) -> impl IntoView {
    let states = Memo::new(move |_| {
        let mut counts: HashMap<LinkState, usize> = HashMap::new();
        for row in rows.all() {
            *counts.entry(row.state).or_default() += 1;
        }
        counts
    });
    let shown = [
        LinkState::Online,
        LinkState::Degraded,
        LinkState::Unreachable,
        LinkState::HostKeyChanged,
        LinkState::Untrusted,
        LinkState::Connecting,
        LinkState::Disabled,
    ];
    // online always, what is not there not at all
    let one = move |state: LinkState| {
        let count = states.with(|s| s.get(&state).copied().unwrap_or(0));
        let href = Query {
            state: state.as_str().to_owned(),
            ..Query::default()
        }
        .href();
        (count > 0 || state == LinkState::Online)
            .then(|| view! { <div><dt>{state.label()}</dt><dd><a href=href>{count}</a></dd></div> })
    };
    view! {
        <dl class="counts">
            {move || shown.into_iter().map(one).collect_view()}
            <div><dt>"All"</dt><dd><a href=url("/machines")>{move || states.with(|s| s.values().sum::<usize>())}</a></dd></div>
        </dl>
    }
}

/// One line of what needs a person.
#[derive(Clone, PartialEq)]
struct Line {
    id: String,
    name: String,
    bad: bool,
    text: String,
}

#[component]
fn Attention(rows: LiveRows<MachineRow>, numbers: LiveRows<HostNumbers>) -> impl IntoView {
    let lines = Memo::new(move |_| {
        let readings: HashMap<_, _> = numbers.all().into_iter().map(|n| (n.machine, n)).collect();
        let of = |row: MachineRow| {
            let found = worries(&row, readings.get(&row.id));
            found.into_iter().map(move |worry| Line {
                id: row.id.to_string(),
                name: row.name.clone(),
                bad: worry.bad,
                text: worry.text,
            })
        };
        let mut lines: Vec<Line> = rows.all().into_iter().flat_map(of).collect();
        lines.sort_by(|a, b| (!a.bad, &a.name, &a.text).cmp(&(!b.bad, &b.name, &b.text)));
        lines
    });
    move || {
        let mut all = lines.get();
        let more = all.len().saturating_sub(MOST);
        all.truncate(MOST);
        if all.is_empty() {
            return view! { <p class="muted">"Nothing needs you."</p> }.into_any();
        }
        let items = all
            .into_iter()
            .map(|line| {
                let (tone, word) = if line.bad {
                    (Tone::Bad, "down")
                } else {
                    (Tone::Warn, "look")
                };
                view! {
                    <li class="worry">
                        <StateBadge tone text=word.to_owned()/>
                        <span><a href=url(&format!("/machines/{}", line.id))>{line.name}</a> " " {line.text}</span>
                    </li>
                }
            })
            .collect_view();
        let all_of_them = Query {
            state: ATTENTION.to_owned(),
            ..Query::default()
        }
        .href();
        view! {
            <h3>"Needs attention"</h3>
            <ul class="stack stack-s" aria-label="Machines that need attention">{items}</ul>
            {(more > 0).then(|| view! { <p><a href=all_of_them>{format!("and {more} more")}</a></p> })}
        }
        .into_any()
    }
}
