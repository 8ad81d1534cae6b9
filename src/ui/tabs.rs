//! Tabs are links: every tab has its own address, so they work without script and can be shared.

use crate::core::url::url;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// `items` are (path below the base, label).
#[component]
pub fn Tabs(label: &'static str, items: Vec<(String, String)>) -> impl IntoView {
    let here = use_location().pathname;
    let links = items
        .into_iter()
        .map(|(path, text)| {
            let href = url(&path);
            let target = href.clone();
            let current = move || (here.get().trim_end_matches('/') == target.trim_end_matches('/')).then_some("page");
            view! { <a class="tab" href=href aria-current=current>{text}</a> }
        })
        .collect_view();
    view! { <nav class="tabs" aria-label=label>{links}</nav> }
}
