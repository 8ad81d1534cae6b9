//! What other pages show of containers.

use super::{
    Window,
    actions::Actions,
    table::{FleetTable, sorting},
};
use crate::{
    core::{
        live::client::{live_rows, live_window},
        url::url,
    },
    plugins::{
        docker::{
            api::list_containers,
            model::{Cell, ContainerQuery, Fleet, TOPIC_ENGINES, TOPIC_FLEET},
        },
        machines::model::MachineId,
    },
    ui::{ErrorBox, Skeleton},
};
use leptos::prelude::*;

/// A part of the fleet that lives. `show` makes its view.
fn fleet_of(query: ContainerQuery, lines: u8, show: fn(Fleet, ContainerQuery) -> AnyView) -> AnyView {
    let query = StoredValue::new(query);
    let fleet = Resource::new(|| (), move |()| list_containers(query.with_value(ContainerQuery::text)));
    view! {
        <Transition fallback=move || view! { <Skeleton lines /> }>
            {move || Suspend::new(async move {
                match fleet.await {
                    Ok(initial) => show(initial, query.get_value()),
                    Err(error) => view! { <ErrorBox error /> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

/// The containers of one machine, for its page: the same table with its filter set.
pub fn machine_containers(machine: MachineId) -> AnyView {
    let query = ContainerQuery {
        host: vec![machine.to_string()],
        ..ContainerQuery::default()
    };
    fleet_of(query, 3, |initial, query| {
        view! { <OfMachine initial query /> }.into_any()
    })
}

/// The columns beside the ones that say what the page says already.
const CELLS: [Cell; 6] = [
    Cell::Image,
    Cell::State,
    Cell::Health,
    Cell::Cpu,
    Cell::Memory,
    Cell::Ports,
];

#[component]
fn OfMachine(initial: Fleet, query: ContainerQuery) -> impl IntoView {
    let window: Window = live_window(TOPIC_FLEET, Signal::stored(query.view()), initial.window);
    let engines = live_rows(TOPIC_ENGINES, Some(query.host.clone()), initial.engines);
    let any = Memo::new(move |_| window.ids.with(|ids| !ids.is_empty()));
    let actions = Actions::provide();
    let href = url(&query.path());
    view! {
        <Show when=move || any.get() fallback=|| view! { <p class="muted">"No container on this host."</p> }>
            <FleetTable
                window
                engines
                caption="Containers of this machine"
                actions
                cells=Signal::stored(CELLS.to_vec())
                sorting=sorting(Signal::stored(query.clone()))
            />
        </Show>
        <p><a href=href>{move || format!("All {} in the table of containers, to filter and to choose", window.total.get())}</a></p>
    }
}
