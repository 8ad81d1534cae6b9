//! Nothing here yet.

use super::icon::Icon;
use leptos::prelude::*;

/// Says what would stand here and what to do next; `children` is the action.
#[component]
pub fn EmptyState(
    icon: &'static str,
    #[prop(into)] title: String,
    #[prop(into)] text: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name=icon/>
            <h2>{title}</h2>
            <p class="empty-text">{text}</p>
            {children.map(|c| view! { <div class="empty-action">{c()}</div> })}
        </div>
    }
}
