//! Light, dark, or as the device says. The choice is a cookie, so the server renders the right
//! `data-theme` on `<html>` first and nothing flashes.

use super::{browser, icon::Icon};
use crate::core::url::url;
use leptos::prelude::*;

/// The cookie that the choice is kept in.
pub const THEME_COOKIE: &str = "polly_theme";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
    /// As the device says.
    #[default]
    System,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::Light, Self::Dark, Self::System];

    /// The value of the cookie and of `data-theme`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::System => "system",
        }
    }
    /// Anything unknown is `System`.
    pub fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|t| t.as_str() == text).unwrap_or_default()
    }
    /// From the value of a `Cookie` header.
    pub fn from_cookies(header: &str) -> Self {
        let mut pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs
            .find(|(name, _)| *name == THEME_COOKIE)
            .map(|(_, value)| Self::parse(value))
            .unwrap_or_default()
    }
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Light => ("sun", "Light theme"),
            Self::Dark => ("moon", "Dark theme"),
            Self::System => ("device", "Theme of this device"),
        }
    }
}

/// Three buttons, one pressed. The server gives what the cookie said as a `Theme` in the context;
/// the browser reads the same from `data-theme`.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let first = use_context::<Theme>()
        .or_else(|| browser::theme_attribute().map(|t| Theme::parse(&t)))
        .unwrap_or_default();
    let theme = RwSignal::new(first);
    let buttons = Theme::ALL
        .map(|choice| {
            let (icon, label) = choice.words();
            let choose = move |_| {
                theme.set(choice);
                browser::set_theme_attribute(choice.as_str());
                browser::remember(THEME_COOKIE, choice.as_str(), &url("/"));
            };
            let pressed = move || if theme.get() == choice { "true" } else { "false" };
            view! {
                <button type="button" class="segment" aria-label=label title=label aria-pressed=pressed on:click=choose>
                    <Icon name=icon/>
                </button>
            }
        })
        .into_iter()
        .collect_view();
    view! { <div class="segments needs-script" role="group" aria-label="Theme">{buttons}</div> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        assert_eq!(Theme::from_cookies("a=b; polly_theme=dark; c=d"), Theme::Dark);
        assert_eq!(Theme::from_cookies("polly_theme=light"), Theme::Light);
        assert_eq!(Theme::from_cookies("xpolly_theme=dark"), Theme::System);
        assert_eq!(Theme::from_cookies("polly_theme=\"><script>"), Theme::System);
        assert_eq!(Theme::from_cookies(""), Theme::System);
    }
}
