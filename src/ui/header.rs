//! The head of a page.

use super::{arrival::Heading, icon::Icon};
use leptos::prelude::*;
use leptos_meta::Title;

/// A step on the way to this page; `href` is complete.
#[derive(Clone, Debug)]
pub struct Crumb {
    pub label: String,
    pub href: String,
}

/// The document's title where it follows a signal. leptos_meta keeps the text function past the end of
/// the page, so it must not read what is gone.
#[component]
pub fn PageTitle(#[prop(into)] text: Signal<String>) -> impl IntoView {
    view! { <Title text=move || text.try_get().unwrap_or_default() /> }
}

/// Title, what it is about, the way here, and in `children` the page's actions.
#[component]
pub fn PageHeader(
    #[prop(into)] title: Signal<String>,
    #[prop(optional, into)] lead: Option<String>,
    #[prop(optional)] crumbs: Vec<Crumb>,
    /// Beside the title: its state.
    #[prop(optional)]
    aside: Option<AnyView>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let crumbs = (!crumbs.is_empty()).then(|| {
        let items = crumbs
            .into_iter()
            .map(|c| view! { <li class="crumbs"><a href=c.href>{c.label}</a><Icon name="right"/></li> })
            .collect_view();
        view! { <nav aria-label="Breadcrumb"><ol class="crumbs">{items}</ol></nav> }
    });
    view! {
        <header class="page-head">
            <div class="page-head-text">
                {crumbs}
                <div class="page-head-title">
                    <Heading text=title/>
                    {aside}
                </div>
                {lead.map(|text| view! { <p class="page-lead">{text}</p> })}
            </div>
            {children.map(|c| view! { <div class="cluster">{c()}</div> })}
        </header>
    }
}
