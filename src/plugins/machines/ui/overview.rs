//! A machine at a glance: what is wrong, what it is, what it is doing now.

use super::{
    figures::{Bar, Numbers, of_total, text},
    keys::LoginKey,
    list::account,
    notes::{Clock, Duplicates, OverCommands, Reason},
    page::Seen,
    row::ContainerCount,
    trust::TrustSection,
};
use crate::{
    plugins::machines::model::{DiskSpace, HostFacts, HostNumbers, MachineRow},
    ui::{
        Ago, Chart, ChartLine, Unit,
        format::{bytes, duration, percent},
    },
};
use leptos::prelude::*;

#[component]
pub(super) fn OverviewTab(seen: Seen) -> impl IntoView {
    let Seen {
        detail,
        row,
        numbers,
        history,
    } = seen;
    let first = detail.get_value();
    let shown = first.row.state;
    let measured = Memo::new(move |_| numbers.with(Option::is_some) || history.with(|h| !h.at.is_empty()));
    view! {
        <Reason row/>
        <Duplicates found=first.duplicates.clone()/>
        <Clock row/>
        <OverCommands row/>
        <TrustSection row=first.row.clone() offered=first.offered.clone() pinned=first.pinned.clone() probe_error=first.probe_error.clone()/>
        {(!shown.is_up()).then(|| first.key.clone().map(|key| view! { <LoginKey key state=shown/> }))}
        <div class="columns">
            <div class="stack">
                <Show when=move || measured.get() fallback=|| view! { <NotMeasured/> }>
                    <Now numbers/>
                    <div class="charts">
                        <Chart label="CPU".to_owned() unit=Unit::Ratio lines=vec![ChartLine { series: "cpu_ratio", title: "CPU" }] data=history/>
                        <Chart label="Memory".to_owned() unit=Unit::Bytes lines=vec![ChartLine { series: "memory_used_bytes", title: "Used" }] data=history/>
                    </div>
                    <Cores numbers/>
                    <Disks numbers/>
                </Show>
            </div>
            <div class="stack">
                <Facts row numbers/>
                <Notes text=first.notes/>
            </div>
        </div>
    }
}

#[component]
fn NotMeasured() -> impl IntoView {
    view! { <p class="muted">"Its numbers stand here once it is connected and was measured."</p> }
}

#[component]
fn Now(numbers: Numbers) -> impl IntoView {
    let figure = move |name: &'static str, of: fn(&HostNumbers) -> Option<String>| {
        view! { <div><dt>{name}</dt><dd>{text(numbers, of)}</dd></div> }
    };
    view! {
        <section class="card" aria-label="Now">
            <dl class="counts">
                {figure("CPU", super::figures::cpu)}
                {figure("Memory", super::figures::memory_of)}
                {figure("Load", |n| Some(format!("{:.2} {:.2} {:.2}", n.load_1, n.load_5, n.load_15)))}
                {figure("Up for", |n| Some(duration(n.uptime_seconds)))}
            </dl>
        </section>
    }
}

/// One bar per core. Their number is known with the first reading and does not change while it is up.
#[component]
fn Cores(numbers: Numbers) -> impl IntoView {
    let count = Memo::new(move |_| numbers.with(|n| n.as_ref().map_or(0, |n| n.core_ratios.len())));
    let core = move |i: usize| {
        let ratio = Signal::derive(move || numbers.with(|n| n.as_ref().and_then(|n| n.core_ratios.get(i).copied())));
        view! {
            <li class="core">
                <span class="muted small">{i}</span>
                <Bar ratio label=format!("Core {i}")/>
                <span class="small num">{move || ratio.get().map_or_else(|| "—".to_owned(), percent)}</span>
            </li>
        }
    };
    move || {
        let cores = count.get();
        (cores > 0).then(|| {
            view! {
                <section class="card" aria-labelledby="cores-title">
                    <h2 class="card-title" id="cores-title">{format!("Cores ({cores})")}</h2>
                    <ul class="cores">{(0..cores).map(core).collect_view()}</ul>
                </section>
            }
        })
    }
}

#[component]
fn Disks(numbers: Numbers) -> impl IntoView {
    let disks = Memo::new(move |_| numbers.with(|n| n.as_ref().map(|n| n.disks.clone()).unwrap_or_default()));
    let line = |disk: DiskSpace| {
        let ratio = disk.used_ratio();
        let used = of_total(disk.used_bytes, disk.total_bytes);
        view! {
            <li class="disk">
                <span class="mono">{disk.mount.clone()} <span class="muted small">" " {disk.device}</span></span>
                <Bar ratio=Signal::stored(ratio) label=format!("Space used on {}", disk.mount)/>
                <span class="small">{ratio.map_or_else(|| "—".to_owned(), percent)} " · " {used}</span>
            </li>
        }
    };
    move || {
        let disks = disks.get();
        (!disks.is_empty()).then(|| {
            view! {
                <section class="card" aria-labelledby="disks-title">
                    <h2 class="card-title" id="disks-title">"Disks"</h2>
                    <ul class="stack stack-s">{disks.into_iter().map(line).collect_view()}</ul>
                </section>
            }
        })
    }
}

#[component]
fn Facts(row: Signal<MachineRow>, numbers: Numbers) -> impl IntoView {
    let fact = move |name: &'static str, of: fn(&HostFacts) -> String| {
        let text = Memo::new(move |_| row.with(|r| r.facts.as_ref().map(of)).filter(|text| !text.is_empty()));
        view! { <dt>{name}</dt><dd>{move || text.get().unwrap_or_else(|| "—".to_owned())}</dd> }
    };
    let docker = move || {
        row.with(|r| {
            r.docker.as_ref().map_or_else(
                || "—".to_owned(),
                |d| d.version.clone().unwrap_or_else(|| "found".to_owned()),
            )
        })
    };
    let socket = move || row.with(|r| r.docker.as_ref().map_or_else(|| "—".to_owned(), |d| d.socket.clone()));
    let swap = |n: &HostNumbers| (n.swap_total_bytes > 0).then(|| of_total(n.swap_used_bytes, n.swap_total_bytes));
    view! {
        <section class="card" aria-labelledby="facts-title">
            <h2 class="card-title" id="facts-title">"Facts"</h2>
            <dl class="facts">
                <dt>"Address"</dt>
                <dd class="mono">{move || row.with(account)}</dd>
                {fact("Host name", |f| f.hostname.clone())}
                {fact("System", |f| f.os.clone())}
                {fact("Kernel", |f| format!("{} {}", f.kernel, f.architecture))}
                {fact("CPU", |f| format!("{} × {}", f.cpu_count, f.cpu_model))}
                {fact("Memory", |f| bytes(f.memory_total_bytes as f64))}
                <dt>"Swap"</dt>
                <dd>{text(numbers, swap)}</dd>
                {fact("Clock", clock)}
                <dt>"Docker"</dt>
                <dd>{docker}</dd>
                <dt>"Socket"</dt>
                <dd class="mono">{socket}</dd>
                <dt>"Containers"</dt>
                <dd><ContainerCount row/></dd>
                <dt>"Added"</dt>
                <dd><Ago at=Signal::derive(move || row.with(|r| r.created_at))/></dd>
            </dl>
        </section>
    }
}

fn clock(facts: &HostFacts) -> String {
    match facts.clock_offset_millis {
        -2_000..=2_000 => "as this server's".to_owned(),
        off => format!("{:+.1} s", off as f64 / 1000.0),
    }
}

#[component]
fn Notes(text: String) -> impl IntoView {
    (!text.is_empty()).then(|| {
        view! {
            <section class="card" aria-labelledby="notes-title">
                <h2 class="card-title" id="notes-title">"Notes"</h2>
                <p>{text}</p>
            </section>
        }
    })
}
