//! What the container takes: the last hour, and on as it is measured.

use crate::{
    core::{
        live::{
            client::{live_rows, row_key},
            model::Rows,
        },
        series::SeriesSet,
    },
    error::AppError,
    plugins::docker::{
        api::container_history,
        model::{ContainerNumbers, ContainerRow, TOPIC_CONTAINER_NUMBERS},
    },
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
pub(super) fn Charts(row: Signal<ContainerRow>) -> impl IntoView {
    let (machine, id) = row.with_untracked(|r| (r.machine, r.id.clone()));
    let found: Resource<Result<SeriesSet, AppError>> =
        Resource::new(|| (), move |()| container_history(machine, id.clone()));
    view! {
        <Transition fallback=|| view! { <Skeleton lines=6 /> }>
            {move || Suspend::new(async move {
                match found.await {
                    Ok(initial) => view! { <Drawn initial row /> }.into_any(),
                    Err(error) => view! { <ErrorBox error /> }.into_any(),
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
    let newest = Memo::new(move |_| numbers.all().into_iter().find(|n| row_key(n) == key));
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
