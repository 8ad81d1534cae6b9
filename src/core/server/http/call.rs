//! Server functions: one route for all, one policy entry each.

use super::{
    client::Identity,
    flash,
    request::{answer, retry_after},
    routes::{Policy, RouteTable},
};
use crate::{
    core::{
        auth::service::{Actor, Client},
        call::BUILD_HEADER,
        server::{http::assets::Site, state::Core},
        url::BasePath,
    },
    error::{AppError, ErrorKind},
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use leptos::prelude::provide_context;
use std::sync::Arc;

/// Header of every call that a hydrated page makes: the build that made the page.
const BUILD_ID: HeaderName = HeaderName::from_static(BUILD_HEADER);

const MAX_ERROR_BYTES: usize = 64 << 10;

/// Server functions that nobody needs to be logged in for.
const PUBLIC_CALLS: [&str; 4] = [
    "/api/auth/setup",
    "/api/auth/login",
    "/api/auth/accept_invitation",
    "/api/auth/session_state",
];

/// Who may call a server function, by its path.
pub fn call_policy(path: &str) -> Policy {
    if PUBLIC_CALLS.contains(&path) {
        Policy::Public
    } else {
        Policy::Session
    }
}

pub(super) fn routes(table: &mut RouteTable) {
    table.add(Method::GET, "/api/{*function}", Policy::PerFunction, call);
    table.add(Method::POST, "/api/{*function}", Policy::PerFunction, call);
}

/// What pages and server functions find in the Leptos context.
#[derive(Clone)]
pub struct AppContext {
    pub core: Arc<Core>,
    pub actor: Option<Actor>,
    pub client: Client,
    pub request_headers: Arc<HeaderMap>,
}

impl AppContext {
    pub(super) fn of(core: Arc<Core>, request: &Request) -> Self {
        let extensions = request.extensions();
        Self {
            core,
            actor: extensions.get::<Identity>().and_then(|who| who.0.clone()),
            client: extensions.get::<Client>().cloned().unwrap_or_default(),
            request_headers: Arc::new(request.headers().clone()),
        }
    }
    pub(super) fn provide(&self) {
        provide_context(BasePath(self.core.config.base_path().into()));
        provide_context(self.clone());
    }
}

async fn call(State(core): State<Arc<Core>>, mut request: Request) -> Response {
    let base = core.config.base_path();
    let path = request
        .uri()
        .path()
        .strip_prefix(base.as_str())
        .unwrap_or_default()
        .to_owned();
    let context = AppContext::of(core.clone(), &request);
    if let Err(why) = admit(&context, &path) {
        return refuse(&context, &base, &why);
    }
    // server_fn looks a function up by its path, which knows no base path.
    let query = request.uri().query().map(|q| format!("?{q}")).unwrap_or_default();
    let Ok(uri) = format!("{path}{query}").parse::<Uri>() else {
        return answer(&AppError::not_found("function")).into_response();
    };
    *request.uri_mut() = uri;
    if !leptos::server_fn::axum::server_fn_paths().any(|(p, method)| p == path && method == *request.method()) {
        return answer(&AppError::not_found("function")).into_response();
    }
    let (request, fields) = match flash::fields(request).await {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    let headers = context.request_headers.clone();
    let response = leptos_axum::handle_server_fns_with_context(move || context.provide(), request).await;
    let response = with_status(response.into_response()).await;
    match fields {
        Some(fields) => flash::out_of_the_address(&core, &headers, fields, response),
        None => response,
    }
}

/// A typed error comes as 500 whatever its kind: give it the status of its kind.
async fn with_status(response: Response) -> Response {
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_ERROR_BYTES).await else {
        return answer(&AppError::internal("the error of a server function could not be read")).into_response();
    };
    if let Ok(why) = serde_json::from_slice::<AppError>(&body) {
        parts.status = StatusCode::from_u16(why.kind.status()).unwrap_or(parts.status);
        parts.headers.extend(retry_after(&why));
    }
    Response::from_parts(parts, body.into())
}

fn admit(context: &AppContext, path: &str) -> Result<(), AppError> {
    context.core.require_ready()?;
    let build = context.request_headers.get(&BUILD_ID).and_then(|v| v.to_str().ok());
    if build.is_some_and(|build| build != context.core.hub.build_id()) {
        return Err(AppError::new(
            ErrorKind::Outdated,
            "The server was updated. Reload the page to go on; what you typed is still here.",
        ));
    }
    if !has_form(&context.request_headers) {
        return Err(AppError::new(
            ErrorKind::Invalid,
            "A call carries a form (application/x-www-form-urlencoded) or JSON.",
        ));
    }
    if call_policy(path) != Policy::Public && context.actor.is_none() {
        return Err(AppError::unauthenticated());
    }
    Ok(())
}

/// What our pages send; a cross-site form could only send one of the others without asking first.
fn has_form(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.is_empty()
        || kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        || kind.eq_ignore_ascii_case("application/json")
}

/// A form without JavaScript is sent to the login page; a call gets the error.
fn refuse(context: &AppContext, base: &str, why: &AppError) -> Response {
    let is_form = context
        .request_headers
        .get(header::ACCEPT)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|a| a.contains("text/html"));
    if is_form && why.kind == ErrorKind::Unauthenticated {
        return Redirect::to(&format!("{base}/login")).into_response();
    }
    answer(why).into_response()
}

impl Core {
    pub(super) fn site(&self) -> Site {
        Site::of(&self.config)
    }
}
