//! What other pages show of containers.

use super::{actions::Actions, row::ContainerLine};
use crate::{
    core::live::{
        client::{live_rows, row_key},
        model::Rows,
    },
    plugins::{
        docker::{
            api::list_containers,
            model::{Fleet, TOPIC_CONTAINERS},
        },
        machines::model::MachineId,
    },
    ui::{Column, ErrorBox, Skeleton, Table},
};
use leptos::prelude::*;

const COLUMNS: &[Column] = &[
    Column::new("Name"),
    Column::new("Image").class("only-wide"),
    Column::new("State"),
    Column::new("Health").class("only-wide"),
    Column::new("Ports").class("only-wide"),
    Column::new("Created").class("only-wide"),
    Column::new("Actions").quiet(),
];

/// The containers of one machine, for its page.
pub fn machine_containers(machine: MachineId) -> AnyView {
    let fleet = Resource::new(|| (), |()| list_containers());
    view! {
        <Transition fallback=|| view! { <Skeleton lines=3 /> }>
            {move || Suspend::new(async move {
                match fleet.await {
                    Ok(initial) => view! { <OfMachine initial machine /> }.into_any(),
                    Err(error) => view! { <ErrorBox error /> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

#[component]
fn OfMachine(initial: Fleet, machine: MachineId) -> impl IntoView {
    let shard = machine.to_string();
    let Rows { mut rows, mut seqs } = initial.containers;
    rows.retain(|row| row.machine == machine);
    seqs.retain(|seq| seq.shard == shard);
    let rows = live_rows(TOPIC_CONTAINERS, Some(vec![shard]), Rows { rows, seqs });
    let keys = Memo::new(move |_| {
        let mut all = rows.all();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all.iter().map(row_key).collect::<Vec<_>>()
    });
    let any = Memo::new(move |_| !keys.with(Vec::is_empty));
    let actions = Actions::provide();
    view! {
        <Show when=move || any.get() fallback=|| view! { <p class="muted">"No container on this host."</p> }>
            <Table caption="Containers of this machine" columns=COLUMNS>
                <For each=move || keys.get() key=Clone::clone let:key>
                    {rows.get(&key).map(|row| view! { <ContainerLine row actions stale=Signal::stored(false) no_host=true /> })}
                </For>
            </Table>
        </Show>
    }
}
