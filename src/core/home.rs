//! The overview: cards that plugins put there, and what was done lately.

use crate::{
    core::{jobs::ui::RecentJobs, plugin::Slot},
    ui::PageHeader,
};
use leptos::prelude::*;
use leptos_meta::Title;

/// Cards of the overview.
pub static OVERVIEW_CARDS: Slot<()> = Slot::new("overview_cards");

#[component]
pub fn HomePage() -> impl IntoView {
    let cards = OVERVIEW_CARDS
        .render(&())
        .into_iter()
        .map(|(title, card)| view! { <section class="card" aria-label=title><h2 class="card-title">{title}</h2>{card}</section> })
        .collect_view();
    view! {
        <Title text="Overview" />
        <PageHeader title="Overview" lead="The whole fleet at a glance." />
        <div class="overview">
            <div class="cards">{cards}</div>
            <section class="card" aria-label="Recent activity">
                <h2 class="card-title">"Recent activity"</h2>
                <RecentJobs />
            </section>
        </div>
    }
    .into_any()
}
