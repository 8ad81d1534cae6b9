//! Tabs are links: every tab has its own address, so they work without script and can be shared.

use crate::core::url::url;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

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

/// Tabs of one page: `?tab=` names the one that is shown, the first of `items` (name, label) without it.
/// `path` is the page's, below the base.
#[component]
pub fn PageTabs(label: &'static str, path: String, items: &'static [(&'static str, &'static str)]) -> impl IntoView {
    let shown = current_tab(items);
    let links = items
        .iter()
        .enumerate()
        .map(|(n, (name, text))| {
            let query = if n == 0 { String::new() } else { format!("?tab={name}") };
            let current = move || (shown.get() == *name).then_some("page");
            view! { <a class="tab" href=url(&format!("{path}{query}")) data-noscroll="" aria-current=current>{*text}</a> }
        })
        .collect_view();
    view! { <nav class="tabs" aria-label=label>{links}</nav> }
}

/// The name of the tab that `?tab=` asks for.
pub fn current_tab(items: &'static [(&'static str, &'static str)]) -> Memo<&'static str> {
    let query = use_query_map();
    Memo::new(move |_| {
        let asked = query.with(|q| q.get("tab"));
        let found = items
            .iter()
            .map(|(name, _)| *name)
            .find(|name| asked.as_deref() == Some(name));
        found.or(items.first().map(|(name, _)| *name)).unwrap_or_default()
    })
}
