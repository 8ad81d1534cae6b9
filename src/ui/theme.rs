//! Light, dark, or as the device says. The choice is a cookie, so the server renders the right
//! `data-theme` on `<html>` first and nothing flashes.

use super::{browser, icon::Icon};
use crate::core::url::url;
use leptos::{ev::MouseEvent, prelude::*};

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
    /// The cookie that keeps the choice for a year, as `Set-Cookie` has it.
    pub fn cookie(self, path: &str) -> String {
        let value = self.as_str();
        format!("{THEME_COOKIE}={value}; Path={path}; Max-Age=31536000; SameSite=Lax")
    }
    /// Icon and label.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Light => ("sun", "Light theme"),
            Self::Dark => ("moon", "Dark theme"),
            Self::System => ("device", "Theme of this device"),
        }
    }
}

/// The choice of this page; in the context of the app.
#[derive(Clone, Copy)]
pub struct ThemeChoice(RwSignal<Theme>);

/// Provides the choice. The server gives what the cookie said as a `Theme` in the context; the browser reads the
/// same from `data-theme`. Once, in `App`.
pub fn provide_theme() -> ThemeChoice {
    let first = use_context::<Theme>()
        .or_else(|| browser::theme_attribute().map(|t| Theme::parse(&t)))
        .unwrap_or_default();
    let choice = ThemeChoice(RwSignal::new(first));
    provide_context(choice);
    choice
}

impl ThemeChoice {
    /// Shows `theme` and keeps it.
    pub fn choose(self, theme: Theme) {
        self.0.set(theme);
        browser::set_theme_attribute(theme.as_str());
        browser::set_cookie(&theme.cookie(&url("/")));
    }
}

/// Three buttons, one pressed. Without script they post to `action`, which sets the same cookie.
#[component]
pub fn ThemeSwitch(action: String) -> impl IntoView {
    let chosen = expect_context::<ThemeChoice>();
    let buttons = Theme::ALL
        .map(|theme| {
            let (icon, label) = theme.words();
            let choose = move |event: MouseEvent| {
                event.prevent_default();
                chosen.choose(theme);
            };
            let pressed = move || if chosen.0.get() == theme { "true" } else { "false" };
            view! {
                <button
                    type="submit"
                    class="segment"
                    name="theme"
                    value=theme.as_str()
                    aria-label=label
                    title=label
                    aria-pressed=pressed
                    on:click=choose
                >
                    <Icon name=icon/>
                </button>
            }
        })
        .into_iter()
        .collect_view();
    view! {
        <form method="post" action=action>
            <div class="segments" role="group" aria-label="Theme">{buttons}</div>
        </form>
    }
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
