//! One row of the containers table; every cell follows the signal of what it shows.

use super::{
    actions::{action_button, target},
    condition, health,
    select::BULK_FORM,
    table::Parts,
};
use crate::{
    core::url::url,
    plugins::docker::model::{ContainerAction, ContainerRow, Port, Reading},
    ui::{Ago, Icon, StateBadge, format},
};
use leptos::prelude::*;

/// Ports shown in a cell; the rest is on the container's page.
const SHOWN_PORTS: usize = 3;

#[component]
pub(super) fn ContainerLine(
    row: ArcRwSignal<ContainerRow>,
    reading: ArcRwSignal<Option<Reading>>,
    parts: Parts,
) -> impl IntoView {
    let menu_row = row.clone();
    let row: Signal<ContainerRow> = row.into();
    let reading: Signal<Option<Reading>> = reading.into();
    let (machine, key, name) =
        row.with_untracked(|r| (r.machine, target(r), format!("{} on {}", r.name, r.machine_name)));
    let (href, host) = (url(&format!("/containers/{key}")), url(&format!("/machines/{machine}")));
    let now = Memo::new(move |_| row.with(|r| condition(r.state, r.health, r.exit_code)));
    let problem = move || parts.problems.with(|all| all.get(&machine).cloned());
    let number = move |show: fn(Reading) -> Option<String>| {
        move || reading.get().and_then(show).unwrap_or_else(|| "—".to_owned())
    };
    let buttons = [ContainerAction::Start, ContainerAction::Stop, ContainerAction::Restart]
        .map(|action| action_button(action, row, "btn btn-ghost btn-small btn-icon only-wide", false));
    view! {
        <tr tabindex="-1" data-row="" class:stale=move || problem().is_some()>
            {parts.selection.map(|selection| {
                let own = key.clone();
                view! {
                    <td class="col-select">
                        <input
                            type="checkbox"
                            form=BULK_FORM
                            name="targets[]"
                            value=key.clone()
                            aria-label=format!("Select {name}")
                            prop:checked=move || selection.has(&own)
                        />
                    </td>
                }
            })}
            <th scope="row">
                <a href=href>{move || row.with(|r| r.name.clone())}</a>
                <span class="cell-sub only-narrow">{move || row.with(|r| r.machine_name.clone())}</span>
            </th>
            <td class="col-image only-wide truncate mono" title=move || row.with(|r| r.image.clone())>
                {move || row.with(|r| r.image.clone())}
            </td>
            <td class="col-state">
                <StateBadge tone=Signal::derive(move || now.get().0) text=Signal::derive(move || now.get().1) />
                {move || problem().map(|why| view! { <span class="cell-sub" title=why>"not live"</span> })}
            </td>
            <td class="col-health only-wide">
                {move || health(row.with(|r| r.health)).map(|(tone, text)| view! { <StateBadge tone=tone text=text.to_owned() /> })}
            </td>
            <td class="col-ports only-wide mono">{move || row.with(|r| ports(&r.ports))}</td>
            <td class="col-host only-wide"><a href=host>{move || row.with(|r| r.machine_name.clone())}</a></td>
            <td class="col-cpu only-wide num">{number(|it| it.cpu_ratio.map(format::percent))}</td>
            <td class="col-memory only-wide num">{number(|it| Some(format::bytes(it.memory_bytes)))}</td>
            <td class="col-network only-wide num">{number(|it| it.network_bytes_per_second.map(format::rate))}</td>
            <td class="col-age only-wide"><Ago at=Signal::derive(move || row.with(|r| r.created_at)) /></td>
            <td class="actions">
                <div class="cluster">
                    {buttons.into_iter().collect_view()}
                    <button
                        type="button"
                        class="btn btn-ghost btn-small btn-icon needs-script"
                        popovertarget="row-menu"
                        title=format!("More for {name}")
                        on:click=move |_| parts.menu.set(Some(menu_row.clone()))
                    >
                        <Icon name="more" />
                    </button>
                </div>
            </td>
        </tr>
    }
}

pub(super) fn ports(ports: &[Port]) -> String {
    let shown: Vec<String> = ports.iter().take(SHOWN_PORTS).map(Port::label).collect();
    match ports.len().saturating_sub(SHOWN_PORTS) {
        0 => shown.join(", "),
        more => format!("{} +{more}", shown.join(", ")),
    }
}
