//! One id and one log line per request; errors as answers.

use crate::{
    core::server::state::Core,
    error::{AppError, REQUEST_ID},
};
use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{any::Any, sync::Arc, time::Instant};
use tracing::Instrument;

pub(super) const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of this request, in its extensions.
#[derive(Clone)]
pub struct RequestId(pub String);

/// Gives the request its id, a span, a log line and its place in the metrics.
pub(super) async fn traced(State(core): State<Arc<Core>>, mut request: Request, next: Next) -> Response {
    let id = uuid::Uuid::now_v7().simple().to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    // The path only: a query may hold what a person typed.
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let span = tracing::info_span!("request", request_id = %id, %method, path);
    let started = Instant::now();
    // The id is known to everything this request does on this task.
    let answered = REQUEST_ID
        .scope(id.clone(), next.run(request).instrument(span.clone()))
        .await;
    span.in_scope(|| finished(&core, &method, &id, started, answered))
}

fn finished(core: &Core, method: &Method, id: &str, started: Instant, mut response: Response) -> Response {
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
    let (took, status) = (started.elapsed(), response.status().as_u16());
    core.metrics.answered(method_name(method), status, took);
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    if status >= 500 {
        tracing::warn!(status, duration_ms, "answered");
    } else {
        tracing::debug!(status, duration_ms, "answered");
    }
    response
}

/// Metrics know nine methods; a made-up one must not make a series.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        _ => "other",
    }
}

/// An error as an HTTP answer.
pub fn answer(error: &AppError) -> (StatusCode, HeaderMap, Json<AppError>) {
    let status = StatusCode::from_u16(error.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, retry_after(error), Json(error.clone()))
}

/// The header that says when to come again, if the error says so.
pub(super) fn retry_after(error: &AppError) -> HeaderMap {
    let seconds = error.retry_after_seconds.map(|s| (header::RETRY_AFTER, s.into()));
    seconds.into_iter().collect()
}

/// A panic becomes an internal error; its text goes to the log only.
pub(super) fn panicked(why: Box<dyn Any + Send>) -> Response<Body> {
    let text = why
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| why.downcast_ref::<&str>().copied());
    answer(&AppError::internal(text.unwrap_or("panic without a text"))).into_response()
}
