//! Same origin or nothing: every change and every socket must come from our own pages.

use super::{
    cookies::{host_name, is_loopback},
    request::answer,
};
use crate::{core::server::state::Core, error::AppError};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{net::IpAddr, sync::Arc};

pub(super) async fn same_origin(State(core): State<Arc<Core>>, request: Request, next: Next) -> Response {
    if let Err(why) = check(&core, &request) {
        tracing::warn!(reason = %why, origin = ?request.headers().get(header::ORIGIN), "refused request of another origin");
        return answer(&why).into_response();
    }
    next.run(request).await
}

fn check(core: &Core, request: &Request) -> Result<(), AppError> {
    let (headers, path) = (request.headers(), request.uri().path());
    let config = &core.config;
    let inner = path.strip_prefix(config.base_path().as_str()).unwrap_or(path);
    if matches!(inner, "/healthz" | "/readyz") {
        return Ok(());
    }
    if config.public_url.is_none() && !host_allowed(headers, &config.allowed_hosts) {
        return Err(AppError::forbidden(
            "This server does not answer to that host name. Set POLLY_PUBLIC_URL, or add the name to POLLY_ALLOWED_HOSTS.",
        ));
    }
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe && inner != "/live" {
        return Ok(());
    }
    let origin = headers.get(header::ORIGIN).and_then(|v| v.to_str().ok());
    let expected = expected_origin(core, headers);
    // Every browser sends Origin with a change and with an upgrade; who sends none is not our page.
    if origin.is_none() || origin != expected.as_deref() {
        return Err(AppError::forbidden(
            "This request does not come from PollySystem's own pages. Behind a proxy, set POLLY_PUBLIC_URL to the address in the browser.",
        ));
    }
    match headers.get("sec-fetch-site").map(|v| v.as_bytes()) {
        None | Some(b"same-origin") => Ok(()),
        Some(_) => Err(AppError::forbidden("This request comes from another site.")),
    }
}

/// The only origin that may change anything.
fn expected_origin(core: &Core, headers: &HeaderMap) -> Option<String> {
    match &core.config.public_url {
        Some(url) => Some(url.origin().ascii_serialization()),
        None => Some(format!("http://{}", headers.get(header::HOST)?.to_str().ok()?)),
    }
}

/// Without a public URL only names that cannot be rebound: IPs, localhost and what was configured.
fn host_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(host) = host_name(headers) else { return false };
    is_loopback(&host) || host.parse::<IpAddr>().is_ok() || allowed.iter().any(|a| a.eq_ignore_ascii_case(&host))
}
