//! The last hour of a machine.

use super::page::Seen;
use crate::ui::{Chart, ChartLine, EmptyState, Unit};
use leptos::prelude::*;

/// One chart: the series that it draws, each with its name.
struct Panel {
    title: &'static str,
    unit: Unit,
    lines: &'static [(&'static str, &'static str)],
}

const PANELS: [Panel; 6] = [
    Panel {
        title: "CPU",
        unit: Unit::Ratio,
        lines: &[("cpu_ratio", "CPU")],
    },
    Panel {
        title: "Memory",
        unit: Unit::Bytes,
        lines: &[("memory_used_bytes", "Used"), ("swap_used_bytes", "Swap")],
    },
    Panel {
        title: "Network",
        unit: Unit::Rate,
        lines: &[
            ("network_received_bytes_per_second", "Received"),
            ("network_sent_bytes_per_second", "Sent"),
        ],
    },
    Panel {
        title: "Disk traffic",
        unit: Unit::Rate,
        lines: &[
            ("disk_read_bytes_per_second", "Read"),
            ("disk_written_bytes_per_second", "Written"),
        ],
    },
    Panel {
        title: "Load",
        unit: Unit::Count,
        lines: &[("load_1", "Load")],
    },
    Panel {
        title: "Fullest disk",
        unit: Unit::Ratio,
        lines: &[("disk_used_ratio", "Used")],
    },
];

#[component]
pub(super) fn HistoryTab(seen: Seen) -> impl IntoView {
    let data = seen.history;
    let any = Memo::new(move |_| data.with(|set| !set.at.is_empty()));
    let chart = move |panel: &Panel| {
        let lines = panel
            .lines
            .iter()
            .map(|&(series, title)| ChartLine { series, title })
            .collect();
        view! { <Chart label=panel.title.to_owned() unit=panel.unit lines data/> }
    };
    let charts = move || PANELS.iter().map(chart).collect_view();
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
