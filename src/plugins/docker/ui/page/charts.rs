//! What the container takes: the last hour, and on as it is measured.

use super::data::Asked;
use crate::{
    core::{
        live::{
            client::{live_rows, row_key},
            model::Rows,
        },
        series::SeriesSet,
    },
    plugins::docker::model::{ContainerNumbers, ContainerRow, TOPIC_CONTAINER_NUMBERS},
    ui::{
        ErrorBox, Skeleton,
        chart::{Chart, ChartLine, Unit},
    },
};
use leptos::prelude::*;

const WINDOW_MILLIS: i64 = 3_600_000;

const fn line(series: &'static str, title: &'static str) -> ChartLine {
    ChartLine { series, title }
}

#[component]
pub(super) fn Charts(row: Signal<ContainerRow>, history: Asked<SeriesSet>) -> impl IntoView {
    view! {
        <Transition fallback=|| view! { <Skeleton lines=6 /> }>
            {move || Suspend::new(async move {
                match history.await {
                    Some(Ok(initial)) => view! { <Drawn initial row /> }.into_any(),
                    Some(Err(error)) => view! { <ErrorBox error /> }.into_any(),
                    None => view! { <Skeleton lines=6 /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Drawn(initial: SeriesSet, row: Signal<ContainerRow>) -> impl IntoView {
    let data = RwSignal::new(initial);
    let (shard, key) = row.with_untracked(|r| (r.machine.to_string(), row_key(r)));
    let numbers = live_rows::<ContainerNumbers>(
        TOPIC_CONTAINER_NUMBERS,
        Some(vec![shard]),
        Rows {
            rows: Vec::new(),
            seqs: Vec::new(),
        },
    );
    let newest = numbers.follow(key);
    Effect::new(move |_| {
        if let Some(newest) = newest.get() {
            data.update(|set| set.push(newest.at, &newest.values(), WINDOW_MILLIS));
        }
    });
    let data = Signal::from(data);
    let chart = |label: &'static str, unit: Unit, lines: Vec<ChartLine>| {
        view! { <section class="card" aria-label=label><Chart label unit lines data /></section> }
    };
    view! {
        <div class="cards">
            {chart("CPU (100 % is one core)", Unit::Ratio, vec![line("cpu_ratio", "CPU")])}
            {chart("Memory", Unit::Bytes, vec![line("memory_used_bytes", "Used")])}
            {chart("Network", Unit::Rate, vec![line("network_received_bytes_per_second", "Received"), line("network_sent_bytes_per_second", "Sent")])}
            {chart("Block devices", Unit::Rate, vec![line("block_read_bytes_per_second", "Read"), line("block_written_bytes_per_second", "Written")])}
            {chart("Processes", Unit::Count, vec![line("pids", "Processes")])}
        </div>
    }
}
