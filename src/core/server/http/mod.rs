//! HTTP: one table of raw routes, one order of layers, one handler for pages and one for server functions.

mod assets;
mod call;
mod client;
mod cookies;
mod flash;
mod headers;
mod limits;
mod ops;
mod origin;
mod pages;
mod request;
mod routes;

pub use assets::Site;
pub use call::{AppContext, call_policy};
pub use client::Identity;
pub use cookies::{cookie, session_cookies};
pub use flash::Flashes;
pub use headers::content_security_policy;
pub use limits::Limits;
pub use pages::{AppFn, Pages};
pub use request::answer;
pub use routes::{Policy, RouteEntry, RouteTable};

use super::state::Core;
use axum::{Router, extract::DefaultBodyLimit, middleware};
use std::sync::Arc;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};

/// Largest body of any request; uploads come with routes of their own.
const MAX_BODY_BYTES: usize = 1 << 20;

/// The whole router and the list of what is in it.
pub fn router(core: Arc<Core>, pages: &Pages) -> (Router, Vec<RouteEntry>) {
    let mut table = RouteTable::new(core.config.base_path());
    ops::routes(&mut table);
    assets::routes(&mut table);
    call::routes(&mut table);
    crate::core::live::http::routes(&mut table);
    for plugin in core.plugins.all() {
        plugin.routes(&mut table);
    }
    pages::routes(&mut table, pages);
    let (router, list) = table.finish(pages);
    // The last layer runs first.
    let router = router
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(core.clone(), client::identify))
        .layer(middleware::from_fn_with_state(core.clone(), origin::same_origin))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(request::panicked))
        .layer(middleware::from_fn_with_state(core.clone(), headers::secure))
        .layer(middleware::from_fn_with_state(core.clone(), request::traced))
        .with_state(core);
    (router, list)
}
