//! The app: the document, the frame, and every route (core pages, then each plugin's).

use crate::{
    core::{
        audit::ui::AuditRoute,
        auth::{
            api::{Logout, session_state},
            model::Me,
            ui::{InviteRoute, LoginRoute, ProfileRoute, RightsRoute, SetupRoute, UsersRoute},
        },
        flash::provide_flash,
        jobs::ui::{ActivityDrawer, ActivityRoute, JobRoute},
        live::client::{self, Line, provide_line},
        palette::{
            EVERYWHERE,
            ui::{Palette, SearchButton, provide_palette},
        },
        plugin::NavItem,
        settings::{api::SetTheme, ui::SettingsRoute},
        url::{base_path, url},
    },
    error::AppError,
    plugins::{self, HomeRoute, PluginRoutes},
    ui::{
        AppFrame, EmptyState, ErrorBox, FetchBar, LinkButton, Menu, Note, ShortcutHelp, Theme, ThemeChoice, Tone,
        Variant, browser, command, provide_arrival, provide_clock, provide_shortcuts, provide_theme, provide_toasts,
        shortcut,
    },
};
#[cfg(feature = "ssr")]
use document::answer_with;
#[cfg(feature = "ssr")]
pub use document::shell;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    Lazy, NavigateOptions, SsrMode,
    components::{Outlet, ParentRoute, Route, Router, Routes},
    hooks::use_navigate,
    path,
};

/// The whole document, on the server only.
#[cfg(feature = "ssr")]
mod document {
    use super::App;
    use crate::{
        core::{
            auth::api,
            server::http::content_security_policy,
            url::{base_path, url},
        },
        error::AppError,
        ui::theme::Theme,
    };
    use axum::http::{HeaderValue, StatusCode, header};
    use leptos::{nonce::use_nonce, prelude::*};
    use leptos_axum::ResponseOptions;
    use leptos_meta::MetaTags;

    /// Gives the document the status of `error`.
    pub fn answer_with(error: &AppError) {
        if let (Some(options), Ok(status)) = (
            use_context::<ResponseOptions>(),
            StatusCode::from_u16(error.kind.status()),
        ) {
            options.set_status(status);
        }
    }

    pub fn shell() -> AnyView {
        let nonce = use_nonce();
        if let (Some(nonce), Some(options)) = (&nonce, use_context::<ResponseOptions>())
            && let Ok(policy) = HeaderValue::from_str(&content_security_policy(nonce))
        {
            options.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
        let app = api::app().ok();
        let cookies = app
            .as_ref()
            .and_then(|a| a.request_headers.get(header::COOKIE)?.to_str().ok().map(str::to_owned));
        let theme = Theme::from_cookies(cookies.as_deref().unwrap_or_default());
        provide_context(theme);
        let build = app.map(|a| a.core.hub.build_id().to_owned()).unwrap_or_default();
        let package = use_context::<LeptosOptions>()
            .map(|o| url(&format!("/{}", o.site_pkg_dir)))
            .unwrap_or_default();
        let script = format!(
            "import init, {{ hydrate }} from '{package}/pollysystem.js'; init({{ module_or_path: '{package}/pollysystem_bg.wasm' }}).then(() => hydrate());"
        );
        view! {
            <!DOCTYPE html>
            <html lang="en" data-base=base_path().0.to_string() data-build=build data-package=package.clone() data-theme=theme.as_str()>
                <head>
                    <meta charset="utf-8" />
                    <meta name="viewport" content="width=device-width, initial-scale=1" />
                    <meta name="color-scheme" content="light dark" />
                    <link rel="icon" type="image/svg+xml" href=url("/favicon.svg") />
                    <link rel="stylesheet" href=format!("{package}/pollysystem.css") />
                    <link rel="modulepreload" href=format!("{package}/pollysystem.js") nonce=nonce.clone() />
                    <link rel="preload" href=format!("{package}/pollysystem_bg.wasm") r#as="fetch" r#type="application/wasm" crossorigin="" />
                    <script type="module" nonce=nonce>{script}</script>
                    <MetaTags />
                </head>
                <body>
                    <App />
                </body>
            </html>
        }
        .into_any()
    }
}

/// In the browser the page came long ago.
#[cfg(not(feature = "ssr"))]
fn answer_with(_error: &AppError) {}

/// The app as the route listing wants it.
pub fn app() -> AnyView {
    view! { <App /> }.into_any()
}

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_flash();
    provide_clock();
    provide_toasts();
    provide_theme();
    provide_shortcuts();
    provide_line();
    plugins::provide_palette_offers();
    view! {
        <Title formatter=|title: String| if title.is_empty() { "PollySystem".to_owned() } else { format!("{title} · PollySystem") } />
        <Router base=base_path().0.to_string()>
            <Routes fallback=|| view! { <NotFoundPage /> }.into_any()>
                <Route path=path!("/setup") view={Lazy::<SetupRoute>::new()} ssr=SsrMode::Async />
                <Route path=path!("/login") view={Lazy::<LoginRoute>::new()} ssr=SsrMode::Async />
                <Route path=path!("/invite") view={Lazy::<InviteRoute>::new()} ssr=SsrMode::Async />
                <ParentRoute path=path!("") view=Frame ssr=SsrMode::Async>
                    <Route path=path!("/") view={Lazy::<HomeRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/activity") view={Lazy::<ActivityRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/activity/:job") view={Lazy::<JobRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/audit") view={Lazy::<AuditRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/profile") view={Lazy::<ProfileRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/users") view={Lazy::<UsersRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/users/rights") view={Lazy::<RightsRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/settings") view={Lazy::<SettingsRoute>::new()} ssr=SsrMode::Async />
                    <PluginRoutes />
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// The core's own entries of the rail.
const NAV: [NavItem; 5] = [
    NavItem {
        path: "/",
        label: "Overview",
        icon: "overview",
        keys: "g o",
        order: 10,
    },
    NavItem {
        path: "/activity",
        label: "Activity",
        icon: "activity",
        keys: "g a",
        order: 80,
    },
    NavItem {
        path: "/audit",
        label: "Audit",
        icon: "audit",
        keys: "g u",
        order: 85,
    },
    NavItem {
        path: "/users",
        label: "Users",
        icon: "user",
        keys: "g p",
        order: 88,
    },
    NavItem {
        path: "/settings",
        label: "Settings",
        icon: "settings",
        keys: "g s",
        order: 90,
    },
];

fn nav() -> Vec<NavItem> {
    let mut nav: Vec<NavItem> = NAV
        .into_iter()
        .chain(plugins::METAS.iter().flat_map(|meta| meta.nav.iter().copied()))
        .collect();
    nav.sort_by_key(|item| item.order);
    nav
}

/// Everything around a page of somebody who is logged in.
#[component]
fn Frame() -> impl IntoView {
    let line = expect_context::<Line>();
    Effect::new(move |_| client::connect(line));
    provide_arrival();
    provide_palette();
    everywhere();
    let me = Resource::new(|| (), |()| session_state());
    let account = view! {
        <Transition>
            {move || Suspend::new(async move { me.await.ok().flatten().map(|me| view! { <Account me /> }) })}
        </Transition>
    }
    .into_any();
    view! {
        <AppFrame nav=nav() conn=line.state theme=url(SetTheme::url()) search=view! { <SearchButton /> }.into_any() account=account>
            <FetchBar />
            <Notices line />
            <ErrorBoundary fallback=|errors| view! { <PageFault errors /> }>
                <Outlet />
            </ErrorBoundary>
            <ActivityDrawer />
        </AppFrame>
        <Palette nav=nav() />
        <ShortcutHelp />
    }
    .into_any()
}

/// What can be done on every page: the keys of the rail, and the commands that belong to no object.
fn everywhere() {
    let navigate = use_navigate();
    for item in nav() {
        let (navigate, target) = (navigate.clone(), url(item.path));
        let exact = NavigateOptions {
            resolve: false,
            ..Default::default()
        };
        shortcut(item.keys, item.label, "Go to", move || navigate(&target, exact.clone()));
    }
    let theme = expect_context::<ThemeChoice>();
    command("", "Reload the page", EVERYWHERE, "refresh", browser::reload);
    command("", "Log out", EVERYWHERE, "logout", || browser::submit(LOGOUT_FORM));
    for choice in Theme::ALL {
        let (icon, label) = choice.words();
        command("", label, EVERYWHERE, icon, move || theme.choose(choice));
    }
}

/// The palette sends the same form as the account's menu.
const LOGOUT_FORM: &str = "log-out";

#[component]
fn Account(me: Me) -> impl IntoView {
    view! {
        <Menu id="account" label=me.name icon="user" text=true>
            <a class="menu-item" href=url("/profile")>"Profile"</a>
            <form method="post" id=LOGOUT_FORM action=url(Logout::url())>
                <button class="menu-item" type="submit">"Log out"</button>
            </form>
        </Menu>
    }
}

/// What a person must know about this page as a whole.
#[component]
fn Notices(line: Line) -> impl IntoView {
    move || {
        if let Some(why) = line.ended.get() {
            return Some(view! { <Note tone=Tone::Warn title=why><p><a href=url("/login") rel="external">"Log in again"</a></p></Note> }.into_any());
        }
        line.outdated.get().then(|| {
            view! {
                <Note tone=Tone::Info title="The server was updated">
                    <p>"This page is of an older version. Finish what you are typing, then " <a href="" rel="external">"reload it"</a> "."</p>
                </Note>
            }
            .into_any()
        })
    }
}

/// A page whose data could not be had: the rest of the app goes on. Only the page's own errors come here (cards and
/// other parts show theirs in place), so this one's status is the answer's.
#[component]
fn PageFault(errors: ArcRwSignal<Errors>) -> impl IntoView {
    let first = move || {
        let errors = errors.get();
        let error = errors.into_iter().next()?.1;
        let known = error.downcast_ref::<AppError>().cloned();
        Some(known.unwrap_or_else(|| AppError::unavailable(error.to_string())))
    };
    untrack(&first).iter().for_each(answer_with);
    move || first().map(|error| view! { <ErrorBox error retry=String::new() page=true /> })
}

#[component]
fn NotFoundPage() -> impl IntoView {
    view! {
        <Title text="Not found" />
        <main class="page page-narrow" id="page">
            <EmptyState icon="warn" title="There is no such page" text="The address may be mistyped, or what it showed was removed.">
                <LinkButton href=url("/") variant=Variant::Primary>"Go to the overview"</LinkButton>
            </EmptyState>
        </main>
    }
}
