//! The link: the last tries, the host's keys, the key that logs in.

use super::{
    keys::{AcceptedKeys, LoginKey},
    notes::{Duplicates, OverCommands, Reason},
    page::Seen,
    trust::TrustSection,
};
use crate::{
    plugins::machines::model::Connect,
    ui::{Ago, Column, StateBadge, Table, Tone},
};
use leptos::prelude::*;

const COLUMNS: &[Column] = &[
    Column::new("When"),
    Column::new("Outcome"),
    Column::new("Took").class("num only-wide"),
];

#[component]
pub(super) fn ConnectionTab(seen: Seen) -> impl IntoView {
    let Seen { detail, row, .. } = seen;
    let first = detail.get_value();
    let local = first.row.user.is_none();
    view! {
        <Reason row/>
        <Duplicates found=first.duplicates.clone()/>
        <OverCommands row/>
        <TrustSection row=first.row.clone() offered=first.offered.clone() pinned=first.pinned.clone() probe_error=first.probe_error.clone()/>
        {if local {
            view! { <p class="muted">"This is the host that PollySystem runs on: it uses the Docker socket itself, without SSH."</p> }.into_any()
        } else {
            view! {
                <section class="stack stack-s" aria-labelledby="connects-title">
                    <h2 id="connects-title">"Last connects"</h2>
                    <Connects connects=first.connects/>
                </section>
                <AcceptedKeys pinned=first.pinned/>
                {first.key.map(|key| view! { <LoginKey key state=first.row.state/> })}
            }
            .into_any()
        }}
    }
}

#[component]
fn Connects(connects: Vec<Connect>) -> impl IntoView {
    if connects.is_empty() {
        return view! { <p class="muted">"No try to connect since the server started."</p> }.into_any();
    }
    view! {
        <Table caption="Last connects" columns=COLUMNS>
            {connects.into_iter().map(|connect| view! { <ConnectLine connect/> }).collect_view()}
        </Table>
    }
    .into_any()
}

#[component]
fn ConnectLine(connect: Connect) -> impl IntoView {
    let Connect {
        at,
        took_ms,
        failure,
        ended,
    } = connect;
    let (tone, word) = match (&failure, &ended) {
        (Some(_), _) => (Tone::Bad, "failed"),
        (None, Some(_)) => (Tone::Idle, "ended"),
        (None, None) => (Tone::Ok, "connected"),
    };
    let end = ended.map(|end| view! { <span class="cell-sub">"Ended " <Ago at=end.at/> ": " {end.why}</span> });
    view! {
        <tr>
            <th scope="row"><Ago at/></th>
            <td>
                <StateBadge tone text=word.to_owned()/>
                {failure.map(|why| view! { <span class="cell-sub">{why}</span> })}
                {end}
            </td>
            <td class="num only-wide">{format!("{took_ms} ms")}</td>
        </tr>
    }
}
