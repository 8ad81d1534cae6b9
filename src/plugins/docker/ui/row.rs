//! One row of the containers table; every cell follows the row's own signal.

use super::{
    actions::{Actions, ContainerActions},
    condition, health,
};
use crate::{
    core::url::url,
    plugins::docker::model::{ContainerRow, Port},
    ui::{Ago, StateBadge},
};
use leptos::prelude::*;

/// Ports shown in a cell; the rest is on the container's page.
const SHOWN_PORTS: usize = 3;

#[component]
pub(super) fn ContainerLine(
    row: ArcRwSignal<ContainerRow>,
    actions: Actions,
    stale: Signal<bool>,
    #[prop(optional)] no_host: bool,
) -> impl IntoView {
    let row: Signal<ContainerRow> = row.into();
    let (href, host) = row.with_untracked(|r| {
        (
            url(&format!("/containers/{}/{}", r.machine, r.id)),
            url(&format!("/machines/{}", r.machine)),
        )
    });
    let now = move || row.with(|r| condition(r.state, r.health, r.exit_code));
    view! {
        <tr class:stale=move || stale.get()>
            <th scope="row"><a href=href>{move || row.with(|r| r.name.clone())}</a></th>
            <td class="only-wide truncate" title=move || row.with(|r| r.image.clone())>{move || row.with(|r| r.image.clone())}</td>
            <td><StateBadge tone=Signal::derive(move || now().0) text=Signal::derive(move || now().1) /></td>
            <td class="only-wide">{move || health(row.with(|r| r.health)).map(|(tone, text)| view! { <StateBadge tone=tone text=text.to_owned() /> })}</td>
            <td class="only-wide mono">{move || row.with(|r| ports(&r.ports))}</td>
            {(!no_host).then(|| view! { <td><a href=host>{move || row.with(|r| r.machine_name.clone())}</a></td> })}
            <td class="only-wide"><Ago at=Signal::derive(move || row.with(|r| r.created_at)) /></td>
            <td class="actions"><ContainerActions row actions /></td>
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
