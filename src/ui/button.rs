//! Buttons, and links that look like them.

use super::icon::Icon;
use leptos::prelude::*;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variant {
    #[default]
    Plain,
    /// The one thing this page is for.
    Primary,
    /// Opens the way to something destructive.
    Danger,
    /// Does the destructive thing.
    DangerFill,
    /// Quiet, for rows and bars.
    Ghost,
}

impl Variant {
    fn class(self, small: bool, icon_only: bool) -> String {
        let mut class = String::from(match self {
            Self::Plain => "btn",
            Self::Primary => "btn btn-primary",
            Self::Danger => "btn btn-danger",
            Self::DangerFill => "btn btn-danger-fill",
            Self::Ghost => "btn btn-ghost",
        });
        if small {
            class.push_str(" btn-small");
        }
        if icon_only {
            class.push_str(" btn-icon");
        }
        class
    }
}

/// A button; it submits its form unless `kind` says `button`. With `label` its accessible name is
/// that and only the icon is seen, so give the object too: `Stop web-1`.
#[component]
pub fn Button(
    #[prop(default = "submit")] kind: &'static str,
    #[prop(optional)] variant: Variant,
    #[prop(optional)] small: bool,
    #[prop(optional)] icon: Option<&'static str>,
    #[prop(optional, into)] label: Option<String>,
    /// The work it started is under way: not to be pressed again.
    #[prop(optional, into)]
    busy: Signal<bool>,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let class = variant.class(small, children.is_none());
    view! {
        <button
            type=kind
            class=class
            aria-label=label.clone()
            title=label
            aria-busy=move || busy.get().then_some("true")
            disabled=move || busy.get() || disabled.get()
        >
            {icon.map(|name| view! { <Icon name=name/> })}
            {children.map(|c| c())}
        </button>
    }
}

/// A link that looks like a button. `href` is complete: made by `core::url::url`.
#[component]
pub fn LinkButton(
    href: String,
    #[prop(optional)] variant: Variant,
    #[prop(optional)] small: bool,
    #[prop(optional)] icon: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    view! {
        <a class=variant.class(small, false) href=href>
            {icon.map(|name| view! { <Icon name=name/> })}
            {children()}
        </a>
    }
}
