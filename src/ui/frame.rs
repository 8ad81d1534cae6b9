//! The frame around every page: rail, bar, content; and the card of set-up and login.

use super::{badge::ConnBadge, browser, icon::Icon, theme::ThemeSwitch, toast::ToastStack};
use crate::core::{live::model::ConnState, plugin::NavItem, url::url};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// `nav` in the order to show; `account` is the bar's last item (a [`super::Menu`]); `search` its first; `theme` is
/// where the choice of theme is posted without script.
#[component]
pub fn AppFrame(
    nav: Vec<NavItem>,
    #[prop(into)] conn: Signal<ConnState>,
    theme: String,
    #[prop(optional)] search: Option<AnyView>,
    #[prop(optional)] account: Option<AnyView>,
    children: Children,
) -> impl IntoView {
    view! {
        <a class="skip-link" href="#page" rel="external">"Skip to the page"</a>
        <div class="app">
            <Rail nav=nav/>
            <header class="bar">
                <button type="button" class="btn btn-ghost btn-icon only-narrow" popovertarget="rail" aria-label="Menu">
                    <Icon name="menu"/>
                </button>
                <div class="bar-search">{search}</div>
                <div class="bar-end">
                    <ConnBadge state=conn/>
                    <ThemeSwitch action=theme/>
                    {account}
                </div>
            </header>
            <main class="page" id="page" tabindex="-1">{children()}</main>
        </div>
        <ToastStack/>
    }
}

#[component]
fn Rail(nav: Vec<NavItem>) -> impl IntoView {
    let here = use_location().pathname;
    let links = nav
        .into_iter()
        .map(|item| {
            let href = url(item.path);
            let target = href.clone();
            let place = move || Place::of(&here.get(), &target, item.path == "/");
            let exact = place.clone();
            view! {
                <li>
                    <a
                        class="rail-link"
                        href=href
                        title=item.label
                        aria-current=move || (exact() == Place::Here).then_some("page")
                        data-active=move || (place() != Place::Elsewhere).then_some("true")
                    >
                        <Icon name=item.icon/>
                        <span class="rail-label">{item.label}</span>
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        <nav class="rail" id="rail" popover="auto" aria-label="Main" on:click=|event| browser::close_popover(&event)>
            <div class="rail-head">
                <a class="brand" href=url("/")><Mark/><span class="rail-label">"PollySystem"</span></a>
                <button
                    type="button"
                    class="btn btn-ghost btn-icon btn-small only-narrow"
                    popovertarget="rail"
                    popovertargetaction="hide"
                    aria-label="Close menu"
                >
                    <Icon name="close"/>
                </button>
            </div>
            <ul class="rail-list">{links}</ul>
        </nav>
    }
}

/// Where the current page stands to a link of the rail.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Here,
    Below,
    Elsewhere,
}

impl Place {
    fn of(here: &str, target: &str, root: bool) -> Self {
        let (here, target) = (here.trim_end_matches('/'), target.trim_end_matches('/'));
        match here.strip_prefix(target) {
            Some("") => Self::Here,
            Some(rest) if rest.starts_with('/') && !root => Self::Below,
            _ => Self::Elsewhere,
        }
    }
}

/// The sign: three hosts held by one.
#[component]
fn Mark() -> impl IntoView {
    view! {
        <svg class="icon brand-mark" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d="M8 1.5l5.6 3.250v6.5L8 14.5l-5.6-3.250v-6.5zM8 8v6.5M8 8L2.4 4.750M8 8l5.6-3.250"></path>
        </svg>
    }
}

/// One card in the middle of the page. `title` is the page's heading.
#[component]
pub fn AuthFrame(#[prop(into)] title: String, #[prop(into)] lead: String, children: Children) -> impl IntoView {
    view! {
        <main class="auth" id="page">
            <div class="brand"><Mark/>"PollySystem"</div>
            <section class="auth-card" aria-labelledby="auth-title">
                <div class="auth-head">
                    <h1 id="auth-title">{title}</h1>
                    <p class="muted">{lead}</p>
                </div>
                {children()}
            </section>
        </main>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_active_on_its_page_and_below() {
        assert!(Place::of("/polly/machines", "/polly/machines", false) == Place::Here);
        assert!(Place::of("/polly/machines/1", "/polly/machines", false) == Place::Below);
        assert!(Place::of("/polly/machinesx", "/polly/machines", false) == Place::Elsewhere);
        assert!(Place::of("/polly/", "/polly/", true) == Place::Here);
        assert!(Place::of("/polly/machines", "/polly/", true) == Place::Elsewhere);
    }
}
