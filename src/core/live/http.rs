//! The WebSocket at `/live`.

use super::service::LiveSocket;
use crate::{
    core::server::{
        http::{Identity, Policy, RouteTable},
        state::Core,
    },
    error::AppError,
};
use axum::{
    Extension,
    extract::{
        State,
        ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade},
    },
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use futures::{SinkExt, StreamExt};
use std::{sync::Arc, time::Duration};

/// Largest message of a browser; all of ours are far smaller.
const MAX_MESSAGE_BYTES: usize = 64 << 10;
/// A socket that cannot take a message for this long is dead.
const WRITE_WITHIN: Duration = Duration::from_secs(20);
/// A browser that says nothing (it pings every 20 s) for this long is gone.
const SILENT_FOR: Duration = Duration::from_secs(60);

pub fn routes(table: &mut RouteTable) {
    table.add(Method::GET, "/live", Policy::Session, live);
}

async fn live(
    State(core): State<Arc<Core>>,
    Extension(who): Extension<Identity>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(socket) = who.0.and_then(|actor| LiveSocket::open(core.hub.clone(), actor)) else {
        return (StatusCode::UNAUTHORIZED, AppError::unauthenticated().message).into_response();
    };
    let tasks = core.tasks.clone();
    upgrade
        .max_message_size(MAX_MESSAGE_BYTES)
        .max_frame_size(MAX_MESSAGE_BYTES)
        .on_upgrade(move |transport| async move {
            // Tracked, so that shutdown waits for the goodbye.
            let (done, wait) = tokio::sync::oneshot::channel();
            tasks.spawn(async move {
                carry(socket, transport).await;
                let _ = done.send(());
            });
            let _ = wait.await;
        })
}

async fn carry(mut socket: LiveSocket, transport: WebSocket) {
    let (mut out, mut incoming) = transport.split();
    loop {
        let message = tokio::select! {
            next = socket.next() => match next {
                Some(bytes) => Utf8Bytes::try_from(bytes).map(Message::Text).unwrap_or(Message::Close(None)),
                None => break,
            },
            heard = tokio::time::timeout(SILENT_FOR, incoming.next()) => match heard {
                Ok(Some(Ok(Message::Text(text)))) => {
                    socket.receive(&text);
                    continue;
                }
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => continue,
                _ => break,
            },
        };
        if !matches!(tokio::time::timeout(WRITE_WITHIN, out.send(message)).await, Ok(Ok(()))) {
            break;
        }
    }
    let _ = tokio::time::timeout(Duration::from_secs(2), out.close()).await;
}
