//! Machines by state, for the overview.

use crate::{
    core::{
        live::{client::live_rows, model::Rows},
        url::url,
    },
    plugins::machines::{
        api::list,
        model::{LinkState, MachineRow, TOPIC_MACHINES},
    },
    ui::{ErrorBox, Skeleton},
};
use leptos::prelude::*;

pub fn overview_card() -> AnyView {
    let machines = Resource::new(|| (), |()| list());
    view! {
        <Transition fallback=|| view! { <Skeleton lines=2/> }>
            {move || Suspend::new(async move {
                match machines.await {
                    Ok(initial) => view! { <Counts initial/> }.into_any(),
                    Err(error) => view! { <ErrorBox error/> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

#[component]
fn Counts(initial: Rows<MachineRow>) -> impl IntoView {
    let rows = live_rows(TOPIC_MACHINES, None, initial);
    let count =
        move |wanted: fn(LinkState) -> bool| Memo::new(move |_| rows.all().iter().filter(|r| wanted(r.state)).count());
    let online = count(|state| state == LinkState::Online);
    let attention = count(|state| {
        matches!(
            state,
            LinkState::Untrusted | LinkState::Degraded | LinkState::Unreachable | LinkState::HostKeyChanged
        )
    });
    let all = count(|_| true);
    view! {
        <dl class="counts">
            <div><dt>"Online"</dt><dd>{move || online.get()}</dd></div>
            <div><dt>"Need attention"</dt><dd>{move || attention.get()}</dd></div>
            <div><dt>"All"</dt><dd><a href=url("/machines")>{move || all.get()}</a></dd></div>
        </dl>
        {move || (all.get() == 0).then(|| view! { <p><a href=url("/machines/new")>"Add the first host"</a></p> })}
    }
}
