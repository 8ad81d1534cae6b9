//! Who is asking: the one layer that refreshes a session before every request, SSR and upgrade included.

use super::{
    cookies,
    request::{RequestId, answer},
};
use crate::core::{
    auth::service::{Actor, Client, RequestMeta},
    server::{net::address_of, state::Core},
};
use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{net::SocketAddr, sync::Arc};

/// What is kept of a `User-Agent`: enough to tell devices apart, and no place to store things in.
const MAX_AGENT_CHARS: usize = 256;

/// The logged-in user of this request, or nobody.
#[derive(Clone)]
pub struct Identity(pub Option<Actor>);

pub(super) async fn identify(State(core): State<Arc<Core>>, mut request: Request, next: Next) -> Response {
    let client = client_of(&core, &request);
    request.extensions_mut().insert(client.clone());
    if is_probe(&core, request.uri().path()) || is_asset(&core, request.uri().path()) {
        request.extensions_mut().insert(Identity(None));
        return next.run(request).await;
    }
    if let Err(why) = core.limits.address(&client.meta.address) {
        return answer(&why).into_response();
    }
    let headers: HeaderMap = request.headers().clone();
    let found = match core
        .auth
        .identify(&cookies::read(&core.config, &headers), &client)
        .await
    {
        Ok(found) => found,
        Err(why) => return answer(&why).into_response(),
    };
    if let Some(Err(why)) = found.actor.as_ref().map(|actor| core.limits.session(actor)) {
        return answer(&why).into_response();
    }
    request.extensions_mut().insert(Identity(found.actor));
    let mut response = next.run(request).await;
    // A login or logout set its own cookies; they win.
    if (found.renewed.is_some() || found.stale) && !cookies::sets_session(response.headers()) {
        for value in cookies::session_cookies(&core.config, &headers, found.renewed.as_ref()) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

/// Assets are public and many: no session is looked up for them.
fn is_asset(core: &Core, path: &str) -> bool {
    path.strip_prefix(core.config.base_path().as_str())
        .unwrap_or(path)
        .starts_with("/pkg/")
}

/// Health probes ask often, cost nothing and must not fail because of others.
fn is_probe(core: &Core, path: &str) -> bool {
    let inner = path.strip_prefix(core.config.base_path().as_str()).unwrap_or(path);
    matches!(inner, "/healthz" | "/readyz")
}

fn client_of(core: &Core, request: &Request) -> Client {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
    let address = peer.map(|peer| address_of(peer, request.headers(), &core.config.trusted_proxies).to_string());
    let request_id = request.extensions().get::<RequestId>().map(|r| r.0.clone());
    let agent = request.headers().get(header::USER_AGENT).and_then(|v| v.to_str().ok());
    Client {
        meta: RequestMeta {
            request_id: request_id.unwrap_or_default(),
            address: address.unwrap_or_default(),
        },
        user_agent: agent.unwrap_or_default().chars().take(MAX_AGENT_CHARS).collect(),
    }
}
