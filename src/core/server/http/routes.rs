//! The table of raw routes: the Router and the list for the coverage test are built at once.

use super::{Pages, client::Identity, pages};
use crate::{core::server::state::Core, error::AppError};
use axum::{
    Extension, Router,
    extract::{Request, State},
    handler::Handler,
    http::Method,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{MethodFilter, MethodRouter, on},
};
use std::sync::Arc;

/// Who may call a route at all. What they may do there, the function decides on the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// Anybody.
    Public,
    /// A logged-in user; a page sends others to the login page.
    Session,
    /// A logged-in user, or the metrics token.
    SessionOrMetricsToken,
    /// The server function's own entry in the table decides.
    PerFunction,
}

/// One route, without the base path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteEntry {
    pub method: String,
    pub path: String,
    pub policy: Policy,
}

/// The only place where routes are added.
pub struct RouteTable {
    router: Router<Arc<Core>>,
    list: Vec<RouteEntry>,
    base: String,
}

impl RouteTable {
    pub(super) fn new(base: String) -> Self {
        Self {
            router: Router::new(),
            list: Vec::new(),
            base,
        }
    }

    /// Mounts `handler` at `path` (below the base path) for one method.
    pub fn add<H, T>(&mut self, method: Method, path: &str, policy: Policy, handler: H)
    where
        H: Handler<T, Arc<Core>>,
        T: 'static,
    {
        let Ok(filter) = MethodFilter::try_from(method.clone()) else {
            return;
        };
        let route = match policy {
            Policy::Session => on(filter, handler).route_layer(middleware::from_fn(require_session)),
            _ => on(filter, handler),
        };
        self.mount(method, path, policy, route);
    }

    /// Mounts a page: it answers strangers itself, by sending them to the login page.
    pub(super) fn add_page<H, T>(&mut self, method: Method, path: &str, policy: Policy, handler: H)
    where
        H: Handler<T, Arc<Core>>,
        T: 'static,
    {
        self.mount(method, path, policy, on(MethodFilter::GET, handler));
    }

    fn mount(&mut self, method: Method, path: &str, policy: Policy, route: MethodRouter<Arc<Core>>) {
        let full = if path == "/" && !self.base.is_empty() {
            self.base.clone()
        } else {
            format!("{}{path}", self.base)
        };
        self.router = std::mem::take(&mut self.router).route(&full, route.clone());
        if path == "/" && !self.base.is_empty() {
            self.router = std::mem::take(&mut self.router).route(&format!("{}/", self.base), route);
        }
        self.list.push(RouteEntry {
            method: method.to_string(),
            path: path.to_owned(),
            policy,
        });
    }

    pub(super) fn finish(self, pages: &Pages) -> (Router<Arc<Core>>, Vec<RouteEntry>) {
        let pages = pages.clone();
        let router = self
            .router
            .fallback(move |State(core): State<Arc<Core>>, request: Request| async move {
                pages::not_found(core, pages, request).await
            });
        (router, self.list)
    }
}

async fn require_session(Extension(who): Extension<Identity>, request: Request, next: Next) -> Response {
    if who.0.is_some() {
        return next.run(request).await;
    }
    super::request::answer(&AppError::unauthenticated()).into_response()
}
