//! The last hour of a machine.

use super::page::Seen;
use crate::ui::{Chart, ChartLine, EmptyState, Unit};
use leptos::prelude::*;

/// Title, unit, and the series with their names.
const CHARTS: &[(&str, Unit, &[(&str, &str)])] = &[
    ("CPU", Unit::Ratio, &[("cpu_ratio", "CPU")]),
    (
        "Memory",
        Unit::Bytes,
        &[("memory_used_bytes", "Used"), ("swap_used_bytes", "Swap")],
    ),
    (
        "Network",
        Unit::Rate,
        &[
            ("network_received_bytes_per_second", "Received"),
            ("network_sent_bytes_per_second", "Sent"),
        ],
    ),
    (
        "Disk traffic",
        Unit::Rate,
        &[
            ("disk_read_bytes_per_second", "Read"),
            ("disk_written_bytes_per_second", "Written"),
        ],
    ),
    ("Load", Unit::Count, &[("load_1", "Load")]),
    ("Fullest disk", Unit::Ratio, &[("disk_used_ratio", "Used")]),
];

#[component]
pub(super) fn HistoryTab(seen: Seen) -> impl IntoView {
    let data = seen.history;
    let any = Memo::new(move |_| data.with(|set| !set.at.is_empty()));
    let charts = move || {
        let chart = |(title, unit, lines): &(&str, Unit, &'static [(&'static str, &'static str)])| {
            let lines = lines
                .iter()
                .map(|&(series, title)| ChartLine { series, title })
                .collect();
            view! { <Chart label=(*title).to_owned() unit=*unit lines data/> }
        };
        CHARTS.iter().map(chart).collect_view()
    };
    view! {
        <Show when=move || any.get() fallback=|| view! { <Nothing/> }>
            <p class="muted">"The last hour, kept in memory while the server runs."</p>
            <div class="charts">{charts}</div>
        </Show>
    }
}

#[component]
fn Nothing() -> impl IntoView {
    view! {
        <EmptyState icon="monitoring" title="Not measured yet" text="The last hour stands here, a few seconds after the machine is connected."/>
    }
}
