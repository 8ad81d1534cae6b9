//! The overview's cards: the fleet's containers in numbers, who takes the most, and what needs somebody.
//! They share one summary, which the server makes from memory; the fleet itself is not sent.

use crate::{
    core::{
        live::{
            client::{live_rows, row_key},
            model::{RowKey, Rows},
        },
        url::url,
    },
    error::AppError,
    plugins::docker::{
        api::summary,
        model::{Attention, Consumer, ContainerState, FleetSummary, Health, TOPIC_SUMMARY, Trouble},
    },
    ui::{Ago, ErrorBox, Skeleton, StateBadge, Tone, format},
};
use leptos::prelude::*;

/// Containers by state and health.
pub fn overview_card() -> AnyView {
    with_summary(counts)
}
/// Who takes the most CPU and memory.
pub fn consumers_card() -> AnyView {
    with_summary(consumers)
}
/// What somebody should look at.
pub fn attention_card() -> AnyView {
    with_summary(attention)
}

type Found = Resource<Result<Rows<FleetSummary>, AppError>>;

/// The summary of the page that is being made: the first card asks, the others find it.
fn shared() -> Found {
    use_context::<Found>().unwrap_or_else(|| {
        let found: Found = Resource::new(|| (), |()| summary());
        provide_context(found);
        found
    })
}

fn with_summary(card: fn(Signal<FleetSummary>) -> AnyView) -> AnyView {
    let found = shared();
    view! {
        <Transition fallback=|| view! { <Skeleton lines=3 /> }>
            {move || Suspend::new(async move {
                match found.await {
                    Ok(initial) => {
                        let first = initial.rows.first().cloned().unwrap_or_default();
                        let key = row_key(&first);
                        // Named: the server makes it only while somebody asks for this shard.
                        let rows = live_rows(TOPIC_SUMMARY, Some(vec![first.shard_id()]), initial);
                        card(rows.get(&key).map_or_else(|| Signal::stored(first), Into::into))
                    }
                    Err(error) => view! { <ErrorBox error /> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

fn counts(now: Signal<FleetSummary>) -> AnyView {
    let states = move || {
        let states = now.with(|s| s.states.clone());
        let one = |(state, count): (ContainerState, u32)| {
            let href = url(&format!("/containers?state={}", state.as_str()));
            view! { <div><dt>{state.as_str()}</dt><dd class="num"><a href=href>{count}</a></dd></div> }
        };
        states.into_iter().map(one).collect_view()
    };
    let healths = move || {
        let healths = now.with(|s| s.healths.clone());
        let one = |(health, count): (Health, u32)| {
            let (tone, word) = super::health(health).unwrap_or((Tone::Idle, "none"));
            let href = url(&format!("/containers?health={word}"));
            view! { <li><a href=href><StateBadge tone text=format!("{count} {word}") /></a></li> }
        };
        healths.into_iter().map(one).collect_view()
    };
    let none = Memo::new(move |_| now.with(|s| s.containers == 0));
    let any_health = Memo::new(move |_| now.with(|s| !s.healths.is_empty()));
    view! {
        <Show when=move || !none.get() fallback=|| view! { <p class="muted">"No container on any host yet."</p> }>
            <dl class="counts">{states}</dl>
            <Show when=move || any_health.get()>
                <ul class="cluster" aria-label="By health">{healths}</ul>
            </Show>
        </Show>
    }
    .into_any()
}

fn consumers(now: Signal<FleetSummary>) -> AnyView {
    let list = move |title: &'static str, pick: fn(&FleetSummary) -> &Vec<Consumer>, unit: fn(f64) -> String| {
        let rows = move || {
            let one = |it: Consumer| {
                view! {
                    <li class="ranked">
                        <a class="truncate" href=page(it.machine, &it.id)>{it.name}</a>
                        <span class="muted truncate">{it.machine_name}</span>
                        <span class="num nowrap">{unit(it.value)}</span>
                    </li>
                }
            };
            now.with(|s| pick(s).clone()).into_iter().map(one).collect_view()
        };
        view! { <section class="stack stack-s" aria-label=title><h3>{title}</h3><ol class="ranks">{rows}</ol></section> }
    };
    let none = Memo::new(move |_| now.with(|s| s.top_cpu.is_empty() && s.top_memory.is_empty()));
    view! {
        <Show when=move || !none.get() fallback=|| view! { <p class="muted">"Nothing was measured yet."</p> }>
            {list("CPU (100 % is one core)", |s| &s.top_cpu, format::percent)}
            {list("Memory", |s| &s.top_memory, format::bytes)}
        </Show>
    }
    .into_any()
}

fn attention(now: Signal<FleetSummary>) -> AnyView {
    let rows = move || {
        let all = now.with(|s| s.attention.clone());
        all.into_iter().map(attention_row).collect_view()
    };
    let more = Memo::new(move |_| now.with(|s| s.more));
    let none = Memo::new(move |_| now.with(|s| s.attention.is_empty()));
    view! {
        <Show when=move || !none.get() fallback=|| view! { <p class="muted">"All is well: nothing is unhealthy, restarts again and again, or failed lately."</p> }>
            <ul class="ranks">{rows}</ul>
            <Show when=move || { more.get() > 0 }>
                <p class="muted small">"and " {move || more.get()} " more: " <a href=url("/containers?health=unhealthy")>"unhealthy"</a> ", " <a href=url("/containers?state=restarting")>"restarting"</a> ", " <a href=url("/containers?state=exited")>"exited"</a></p>
            </Show>
        </Show>
    }
    .into_any()
}

fn attention_row(it: Attention) -> impl IntoView {
    let (tone, text) = match it.trouble {
        Trouble::RestartLoop { starts: 0 } => (Tone::Bad, "restarting".to_owned()),
        Trouble::RestartLoop { starts } => (Tone::Bad, format!("{starts} starts in 5 min")),
        Trouble::Unhealthy => (Tone::Bad, "unhealthy".to_owned()),
        Trouble::Dead => (Tone::Bad, "dead".to_owned()),
        Trouble::Exited { code } => (Tone::Warn, format!("exited {code}")),
    };
    view! {
        <li class="ranked">
            <a class="truncate" href=page(it.machine, &it.id)>{it.name}</a>
            <span class="muted truncate">{it.machine_name}</span>
            <span class="cluster nowrap">
                <StateBadge tone text />
                {it.since.map(|at| view! { <span class="muted small"><Ago at /></span> })}
            </span>
        </li>
    }
}

fn page(
    machine: crate::plugins::machines::model::MachineId,
    id: &crate::plugins::docker::model::ContainerId,
) -> String {
    url(&format!("/containers/{machine}/{id}"))
}
