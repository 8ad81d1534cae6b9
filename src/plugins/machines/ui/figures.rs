//! The numbers of one machine, as its row, its card and its page show them.

use crate::{
    core::series::SeriesSet,
    plugins::machines::model::{FULL_DISK_RATIO, HostNumbers},
    ui::{
        Sparkline,
        format::{bytes, percent},
    },
};
use leptos::prelude::*;

/// How far back a sparkline reaches.
const SPARK_MILLIS: i64 = 600_000;
/// What a sparkline holds, in the order of [`spark_values`].
const SPARKS: [&str; 2] = ["cpu_ratio", "memory_used_bytes"];

/// The newest reading, while the machine gives one.
pub(super) type Numbers = Signal<Option<HostNumbers>>;

/// The recent past of one machine: what the page began with, and what came since.
#[derive(Clone, Copy)]
pub(super) struct Sparks(RwSignal<SeriesSet>);

impl Sparks {
    pub fn new(initial: Option<SeriesSet>, numbers: Numbers) -> Self {
        let set = RwSignal::new(initial.unwrap_or_else(|| SeriesSet::empty(&SPARKS)));
        Effect::new(move |_| {
            if let Some(n) = numbers.get() {
                let values = [n.cpu_ratio, Some(n.memory_used_bytes as f64)];
                set.update(|set| set.push(n.at, &values, SPARK_MILLIS));
            }
        });
        Self(set)
    }

    fn line(self, name: &'static str) -> Signal<Vec<f64>> {
        Signal::derive(move || {
            self.0.with(|set| {
                let series = set.get(name);
                series
                    .map(|s| s.values.iter().copied().flatten().collect())
                    .unwrap_or_default()
            })
        })
    }
}

/// One part of a reading as text, `—` while there is none.
pub(super) fn text(numbers: Numbers, of: fn(&HostNumbers) -> Option<String>) -> Signal<String> {
    let text = Memo::new(move |_| numbers.with(|n| n.as_ref().and_then(of)));
    Signal::derive(move || text.get().unwrap_or_else(|| "—".to_owned()))
}

pub(super) fn cpu(n: &HostNumbers) -> Option<String> {
    n.cpu_ratio.map(percent)
}
pub(super) fn memory(n: &HostNumbers) -> Option<String> {
    n.memory_used_ratio().map(percent)
}
pub(super) fn memory_of(n: &HostNumbers) -> Option<String> {
    Some(of_total(n.memory_used_bytes, n.memory_total_bytes))
}
pub(super) fn disk(n: &HostNumbers) -> Option<String> {
    n.disk_used_ratio().map(percent)
}
pub(super) fn load(n: &HostNumbers) -> Option<String> {
    Some(format!("{:.2}", n.load_1))
}

/// `3.2 GiB of 8.0 GiB`
pub(super) fn of_total(used: i64, total: i64) -> String {
    format!("{} of {}", bytes(used as f64), bytes(total as f64))
}

/// A number and its recent line.
#[component]
pub(super) fn CpuFigure(numbers: Numbers, sparks: Sparks) -> impl IntoView {
    let now = text(numbers, cpu);
    let label = Signal::derive(move || format!("CPU of the last 10 minutes, now {}", now.get()));
    view! {
        <span class="figure">
            <span class="figure-text">{move || now.get()}</span>
            <Sparkline values=sparks.line("cpu_ratio") max=Some(1.0) label/>
        </span>
    }
}

#[component]
pub(super) fn MemoryFigure(numbers: Numbers, sparks: Sparks) -> impl IntoView {
    let now = text(numbers, memory);
    let total = Memo::new(move |_| numbers.with(|n| n.as_ref().map(|n| n.memory_total_bytes)));
    let label = Signal::derive(move || format!("Memory of the last 10 minutes, now {}", now.get()));
    // its top is the memory that there is, and that is known with the first reading
    let line = move || {
        let max = total.get().map(|bytes| bytes as f64);
        view! { <Sparkline values=sparks.line("memory_used_bytes") max label/> }
    };
    view! {
        <span class="figure">
            <span class="figure-text" title=text(numbers, memory_of)>{move || now.get()}</span>
            {line}
        </span>
    }
}

/// A part of a whole as a bar. It turns to warning where a disk would be full.
#[component]
pub(super) fn Bar(#[prop(into)] ratio: Signal<Option<f64>>, #[prop(into)] label: String) -> impl IntoView {
    let shown = Memo::new(move |_| ratio.get().map(|r| (r.clamp(0.0, 1.0) * 1000.0).round() / 1000.0));
    view! {
        <meter
            class="gauge"
            aria-label=label
            min="0"
            max="1"
            high=FULL_DISK_RATIO.to_string()
            optimum="0"
            value=move || shown.get().unwrap_or(0.0).to_string()
        ></meter>
    }
}

#[component]
pub(super) fn DiskFigure(numbers: Numbers) -> impl IntoView {
    let now = text(numbers, disk);
    let ratio = Signal::derive(move || numbers.with(|n| n.as_ref().and_then(HostNumbers::disk_used_ratio)));
    view! {
        <span class="figure">
            <span class="figure-text">{move || now.get()}</span>
            <Bar ratio label="Fullest disk"/>
        </span>
    }
}
