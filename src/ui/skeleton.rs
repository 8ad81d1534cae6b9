//! Stands for what is on its way. Not seen for the first 200 ms, so a quick answer does not flash.

use leptos::prelude::*;

#[component]
pub fn Skeleton(#[prop(default = 6)] lines: u8, #[prop(default = "Loading")] label: &'static str) -> impl IntoView {
    view! {
        <div class="skeleton" role="status" aria-label=label>
            {(0..lines).map(|_| view! { <div class="skeleton-line"></div> }).collect_view()}
        </div>
    }
}
