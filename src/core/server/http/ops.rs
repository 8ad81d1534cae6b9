//! Routes for machines: liveness, readiness, metrics.

use super::{
    client::Identity,
    request::answer,
    routes::{Policy, RouteTable},
};
use crate::{core::server::state::Core, error::AppError};
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::sync::Arc;
use subtle::ConstantTimeEq;

pub(super) fn routes(table: &mut RouteTable) {
    table.add(Method::GET, "/healthz", Policy::Public, healthz);
    table.add(Method::GET, "/readyz", Policy::Public, readyz);
    table.add(Method::GET, "/metrics", Policy::SessionOrMetricsToken, metrics);
}

/// The process is alive.
async fn healthz() -> &'static str {
    "ok\n"
}

/// Requests are served; 503 while starting and while stopping.
async fn readyz(State(core): State<Arc<Core>>) -> (StatusCode, &'static str) {
    if core.ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

async fn metrics(State(core): State<Arc<Core>>, Extension(who): Extension<Identity>, headers: HeaderMap) -> Response {
    if who.0.is_none() && !has_token(&core, &headers) {
        return answer(&AppError::unauthenticated()).into_response();
    }
    let kind = [(
        header::CONTENT_TYPE,
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    )];
    (kind, core.metrics.text(core.hub.sockets())).into_response()
}

fn has_token(core: &Core, headers: &HeaderMap) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "));
    match (&core.config.metrics_token, given) {
        (Some(token), Some(given)) => token.expose().as_bytes().ct_eq(given.as_bytes()).into(),
        _ => false,
    }
}
