//! What the container is connected to: ports, networks, mounts.

use super::{config::left_out, data::Data, details::WithDetails};
use crate::{
    plugins::docker::model::{ContainerDetails, ContainerRow, Mount, Network, Port},
    ui::{Column, Table},
};
use leptos::prelude::*;

const PORTS: &[Column] = &[Column::new("In the container"), Column::new("On the host")];
const NETWORKS: &[Column] = &[
    Column::new("Network"),
    Column::new("IPv4"),
    Column::new("IPv6").class("only-wide"),
    Column::new("Gateway").class("only-wide"),
    Column::new("MAC").class("only-wide"),
    Column::new("Other names"),
];
const MOUNTS: &[Column] = &[
    Column::new("In the container"),
    Column::new("Kind"),
    Column::new("Source"),
    Column::new("Access"),
];

#[component]
pub(super) fn AttachedTab(row: Signal<ContainerRow>, data: Data) -> impl IntoView {
    view! { <WithDetails row details=data.details view=attached /> }
}

fn attached(details: ContainerDetails, _row: Signal<ContainerRow>) -> AnyView {
    let ContainerDetails {
        ports,
        networks,
        mounts,
        network_mode,
        left_out: count,
        ..
    } = details;
    let no_network = match network_mode.as_str() {
        "host" => "It uses the host's own network.",
        "none" => "It has no network.",
        mode if mode.starts_with("container:") => "It shares the network of another container.",
        _ => "It is on no network.",
    };
    view! {
        {left_out(count)}
        {section("Ports", "No port is published or exposed.", PORTS, ports.into_iter().map(port_row).collect())}
        {section("Networks", no_network, NETWORKS, networks.into_iter().map(network_row).collect())}
        {section("Mounts", "Nothing is mounted into it.", MOUNTS, mounts.into_iter().map(mount_row).collect())}
    }
    .into_any()
}

fn section(
    title: &'static str,
    nothing: &'static str,
    columns: &'static [Column],
    rows: Vec<AnyView>,
) -> impl IntoView {
    let body = if rows.is_empty() {
        view! { <p class="muted">{nothing}</p> }.into_any()
    } else {
        view! { <Table caption=title columns>{rows}</Table> }.into_any()
    };
    view! { <section class="stack stack-s" aria-label=title><h2>{title}</h2>{body}</section> }
}

fn port_row(port: Port) -> AnyView {
    let outside = match (&port.host_port, port.host_ip.as_deref()) {
        (None, _) => "not published".to_owned(),
        (Some(outer), Some(ip)) if ip.contains(':') => format!("[{ip}]:{outer}"),
        (Some(outer), Some(ip)) if !ip.is_empty() => format!("{ip}:{outer}"),
        (Some(outer), _) => outer.to_string(),
    };
    view! {
        <tr>
            <th scope="row" class="mono">{format!("{}/{}", port.container_port, port.protocol)}</th>
            <td class="mono">{outside}</td>
        </tr>
    }
    .into_any()
}

fn network_row(net: Network) -> AnyView {
    view! {
        <tr>
            <th scope="row">{net.name}</th>
            <td class="mono">{net.ipv4}</td>
            <td class="mono only-wide">{net.ipv6}</td>
            <td class="mono only-wide">{net.gateway}</td>
            <td class="mono only-wide">{net.mac}</td>
            <td class="mono">{net.aliases.join(", ")}</td>
        </tr>
    }
    .into_any()
}

fn mount_row(mount: Mount) -> AnyView {
    let access = if mount.writable { "read and write" } else { "read only" };
    let mode = (!mount.mode.is_empty()).then_some(mount.mode);
    let name = (!mount.name.is_empty()).then_some(mount.name);
    view! {
        <tr>
            <th scope="row" class="mono">{mount.destination}</th>
            <td>{mount.kind}</td>
            <td class="mono">{name} <span class="cell-sub">{mount.source}</span></td>
            <td>{access} <span class="cell-sub mono">{mode}</span></td>
        </tr>
    }
    .into_any()
}
