//! Icons: one path each on a 16 px grid, drawn with a line of 1.5 px in the colour of the text.
//! They are always decoration: the name of a control stands in its text or `aria-label`.

use leptos::prelude::*;

/// The icon called `name`; an unknown name is a small square.
#[component]
pub fn Icon(#[prop(into)] name: Signal<&'static str>) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d=move || path(name.get())></path>
        </svg>
    }
}

fn path(name: &str) -> &'static str {
    match name {
        // places
        "overview" => "M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z",
        "machines" => "M2 3h12v4H2zM2 9h12v4H2zM4.5 5h.01M4.5 11h.01",
        "containers" => "M8 1.5l5.5 3v7L8 14.5l-5.5-3v-7zM2.5 4.5L8 7.5l5.5-3M8 7.5v7",
        "stacks" => "M8 2l6 3-6 3-6-3zM2 8l6 3 6-3M2 11l6 3 6-3",
        "images" => "M3 2h10v12H3zM3 6h10M3 10h10",
        "volumes" => "M3 4c0-2.7 10-2.7 10 0v8c0 2.7-10 2.7-10 0zM3 4c0 2.7 10 2.7 10 0M3 8c0 2.7 10 2.7 10 0",
        "networks" => "M6 2h4v3H6zM2 11h4v3H2zM10 11h4v3h-4zM8 5v3M4 11V8h8v3",
        "monitoring" => "M1.5 8.5h3l2-5.5 3.5 10 2-4.5h2.5",
        "alerts" => "M4 11V7a4 4 0 0 1 8 0v4l1.5 1.5h-11zM6.8 14.5h2.4",
        "activity" => "M3 3.5h10M3 8h10M3 12.5h6",
        "audit" => "M4 1.5h8v13H4zM6.5 5h3M6.5 8h3M6.5 11h1.5",
        "settings" => "M2 4.5h6M11 4.5h3M2 11.5h3M8 11.5h6M9.5 3v3M6.5 10v3",
        // states
        "ok" => "M13.5 4.5l-7 7-4-4",
        "warn" => "M8 2L1.5 13.5h13zM8 6.5v3M8 11.6v.01",
        "bad" => "M4 4l8 8M12 4l-8 8",
        "info" => "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM8 7.2v4M8 4.7v.01",
        "idle" => "M8 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8z",
        "running" => "M8 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM8 6.6a1.4 1.4 0 1 1 0 2.8 1.4 1.4 0 0 1 0-2.8z",
        "busy" => "M8 2a6 6 0 1 1-6 6",
        "shield" => "M8 1.5l5.5 2v4.2c0 3.2-2.2 5.4-5.5 6.8-3.3-1.4-5.5-3.6-5.5-6.8V3.5z",
        "clock" => "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM8 4.5V8l2.5 1.5",
        // actions
        "start" => "M4.5 2.5v11l9-5.5z",
        "stop" => "M3.5 3.5h9v9h-9z",
        "restart" | "refresh" => "M13.5 8A5.5 5.5 0 1 1 11.6 3.8L13.5 5.5M13.5 2v3.5H10",
        "pause" => "M5 3v10M11 3v10",
        "trash" => "M2.5 4h11M6 4V2.5h4V4M4 4l.7 9.5h6.6L12 4M6.8 7v4M9.2 7v4",
        "copy" => "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
        "plus" => "M8 3v10M3 8h10",
        "close" => "M3.5 3.5l9 9M12.5 3.5l-9 9",
        "search" => "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.3 10.3L14 14",
        "menu" => "M2 4h12M2 8h12M2 12h12",
        "more" => {
            "M3 7.5a.5.5 0 1 1 0 1 .5.5 0 0 1 0-1zM8 7.5a.5.5 0 1 1 0 1 .5.5 0 0 1 0-1zM13 7.5a.5.5 0 1 1 0 1 .5.5 0 0 1 0-1z"
        }
        "external" => "M6.5 3.5h-4v10h10v-4M9 2h5v5M14 2L7.5 8.5",
        "key" => "M5 7a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM7.5 8.5L14 2M11.2 4.8l2 2",
        "link" => "M6.5 9.5l3-3M7 4.5l1.5-1.5a3.2 3.2 0 0 1 4.5 4.5L11.5 9M9 11.5L7.5 13A3.2 3.2 0 0 1 3 8.5L4.5 7",
        "logout" => "M6 2.5H2.5v11H6M10.5 5l3 3-3 3M13.5 8H6",
        "user" => "M8 2a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM2.5 14c.6-2.6 2.8-4 5.5-4s4.9 1.4 5.5 4",
        "sun" => {
            "M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9L13 13M3 13l1.1-1.1M11.9 4.1L13 3"
        }
        "moon" => "M13.5 9.7A5.8 5.8 0 0 1 6.3 2.5a5.8 5.8 0 1 0 7.2 7.2z",
        "device" => "M1.5 2.5h13v9h-13zM5.5 14h5M8 11.5V14",
        "terminal" => "M1.5 2.5h13v11h-13zM4 6l2.2 2L4 10M8 10.5h4",
        // direction
        "right" => "M6 3.5L10.5 8 6 12.5",
        "down" => "M3.5 6L8 10.5 12.5 6",
        "up" => "M3.5 10L8 5.5l4.5 4.5",
        _ => "M6 6h4v4H6z",
    }
}
