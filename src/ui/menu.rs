//! A list of things to do behind a button: an HTML popover, so it opens, closes on Escape and on a
//! click beside it, with and without script.

use super::{browser, icon::Icon};
use leptos::prelude::*;

/// `children` are links or buttons with the class `menu-item`. `id` must be unique in the page.
#[component]
pub fn Menu(
    #[prop(into)] id: String,
    #[prop(into)] label: String,
    icon: &'static str,
    /// Show the label beside the icon; without it the label is the button's name only.
    #[prop(optional)]
    text: bool,
    children: Children,
) -> impl IntoView {
    let shown = text.then(|| label.clone());
    let class = if text {
        "btn btn-ghost"
    } else {
        "btn btn-ghost btn-icon"
    };
    view! {
        <button type="button" class=class popovertarget=id.clone() aria-label=label.clone() title=label>
            <Icon name=icon/>
            {shown.map(|text| view! { <span class="only-wide truncate">{text}</span> })}
        </button>
        <div class="menu-panel" id=id popover="auto" on:click=|event| browser::close_popover(&event)>
            {children()}
        </div>
    }
}
