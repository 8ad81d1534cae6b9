//! After a page change without a load the focus goes to the new page's heading, so that a screen reader says where
//! one is and the keyboard goes on from there.

use super::browser;
use leptos::{html::H1, prelude::*};
use leptos_router::hooks::use_location;

/// Whether the page changed and its heading has not come yet.
#[derive(Clone, Copy)]
struct Arriving(StoredValue<bool>);

/// Watches the address. Once, around all pages.
pub fn provide_arrival() {
    let here = use_location().pathname;
    let arriving = StoredValue::new(false);
    provide_context(Arriving(arriving));
    Effect::new(move |before: Option<String>| {
        let now = here.get();
        if before.is_some_and(|before| before != now) {
            arriving.set_value(true);
        }
        now
    });
}

/// The heading of a page: the only `h1`.
#[component]
pub fn Heading(#[prop(optional)] class: Option<&'static str>, #[prop(into)] text: Signal<String>) -> impl IntoView {
    let heading = NodeRef::<H1>::new();
    let arriving = use_context::<Arriving>();
    Effect::new(move |_| {
        if let (Some(heading), Some(Arriving(arriving))) = (heading.get(), arriving)
            && arriving.try_get_value() == Some(true)
        {
            arriving.set_value(false);
            browser::focus(&heading);
        }
    });
    view! { <h1 class=class tabindex="-1" node_ref=heading>{move || text.get()}</h1> }
}
