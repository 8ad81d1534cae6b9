//! Pages: every route of the app is rendered whole, with the data of the moment.

use super::{
    assets::Site,
    call::AppContext,
    client::Identity,
    cookies, flash,
    request::answer,
    routes::{Policy, RouteTable},
};
use crate::{core::server::state::Core, ui::lazy::Parts};
use axum::{
    Extension,
    extract::{Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use leptos::prelude::{AnyView, LeptosOptions, provide_context};
use std::sync::Arc;

/// Renders something of the app; a plain function, so that `core` need not know the app.
pub type AppFn = fn() -> AnyView;

/// The app as `main` hands it in.
#[derive(Clone)]
pub struct Pages {
    /// The whole document.
    pub shell: AppFn,
    /// Paths of all pages, in axum's syntax, without the base path.
    pub paths: Arc<Vec<String>>,
    pub options: LeptosOptions,
    pub parts: Parts,
}

/// Pages that nobody needs to be logged in for.
const PUBLIC_PAGES: [&str; 3] = ["/setup", "/login", "/invite"];

impl Pages {
    /// Finds the app's pages by rendering it once, without a request.
    pub fn new(shell: AppFn, app: AppFn, site: &Site) -> Self {
        let paths = leptos_axum::generate_route_list(app)
            .iter()
            .map(|r| r.path().to_owned())
            .collect();
        let manifest = site.manifest();
        let options = LeptosOptions::builder()
            .output_name("pollysystem")
            .site_pkg_dir(format!("pkg/{}", manifest.hash))
            .build();
        Self {
            shell,
            paths: Arc::new(paths),
            parts: Parts(Arc::new(manifest.parts)),
            options,
        }
    }
}

pub(super) fn routes(table: &mut RouteTable, pages: &Pages) {
    for path in pages.paths.iter() {
        let public = PUBLIC_PAGES.contains(&path.as_str());
        let policy = if public { Policy::Public } else { Policy::Session };
        let pages = pages.clone();
        // A page of its own answers a stranger: it sends them to the login page instead of answering 401.
        table.add_page(
            Method::GET,
            path,
            policy,
            move |State(core): State<Arc<Core>>, Extension(who): Extension<Identity>, request: Request| {
                let pages = pages.clone();
                async move {
                    match detour(&core, public, who.0.is_some(), &request) {
                        Some(elsewhere) => Redirect::to(&elsewhere).into_response(),
                        None => render(core, pages, request).await,
                    }
                }
            },
        );
    }
}

/// Where somebody must go instead of this page.
fn detour(core: &Core, public: bool, logged_in: bool, request: &Request) -> Option<String> {
    let base = core.config.base_path();
    let path = request.uri().path().strip_prefix(base.as_str()).unwrap_or_default();
    let fresh = core.auth.needs_setup();
    match path {
        "/setup" if fresh => None,
        "/setup" => Some(format!("{base}/login")),
        _ if fresh => Some(format!("{base}/setup")),
        "/login" if logged_in => Some(format!("{base}/")),
        _ if public || logged_in => None,
        "" | "/" => Some(format!("{base}/login")),
        _ => {
            let query = request.uri().query().map(|q| format!("?{q}")).unwrap_or_default();
            let next: String = url::form_urlencoded::byte_serialize(format!("{path}{query}").as_bytes()).collect();
            Some(format!("{base}/login?next={next}"))
        }
    }
}

async fn render(core: Arc<Core>, pages: Pages, request: Request) -> Response {
    if let Err(why) = core.require_ready() {
        return answer(&why).into_response();
    }
    if let Some(elsewhere) = flash::detour(request.uri()) {
        return elsewhere;
    }
    let flash = flash::take(&core, request.headers());
    let shown = flash.is_some();
    let context = AppContext::of(core.clone(), &request);
    let headers = context.request_headers.clone();
    let provide = move || {
        context.provide();
        provide_context(pages.options.clone());
        provide_context(pages.parts.clone());
        if let Some(flash) = flash.clone() {
            provide_context(flash);
        }
    };
    let mut response = leptos_axum::render_app_async_with_context(provide, pages.shell)(request).await;
    if let Some(cookie) = cookies::flash_cookie(&core.config, &headers, None).filter(|_| shown) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The fallback: the app's own "not found" page for people, an error for the rest.
pub(super) async fn not_found(core: Arc<Core>, pages: Pages, request: Request) -> Response {
    let base = core.config.base_path();
    let path = request.uri().path().to_owned();
    let inside = path
        .strip_prefix(base.as_str())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let logged_in = request
        .extensions()
        .get::<Identity>()
        .is_some_and(|who| who.0.is_some());
    if path == "/" && !base.is_empty() {
        return Redirect::to(&format!("{base}/")).into_response();
    }
    if request.method() != Method::GET
        || !inside
        || path.strip_prefix(base.as_str()).is_some_and(|p| p.starts_with("/api/"))
    {
        return answer(&crate::error::AppError::not_found("page")).into_response();
    }
    if !logged_in {
        return Redirect::to(&format!("{base}/login")).into_response();
    }
    let mut response = render(core, pages, request).await;
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
