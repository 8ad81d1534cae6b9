//! The WebSocket at `/live`.

use super::service::LiveSocket;
use crate::{
    core::server::{
        http::{Identity, Policy, RouteTable, answer},
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
    http::Method,
    response::{IntoResponse, Response},
};
use futures::SinkExt;
use std::{pin::pin, sync::Arc, task::Poll, time::Duration};
use tokio::time::{Instant, interval, timeout};

/// Largest message of a browser; all of ours are far smaller.
const MAX_MESSAGE_BYTES: usize = 64 << 10;
/// A socket that cannot take a message for this long is dead.
const WRITE_WITHIN: Duration = Duration::from_secs(20);
/// A browser that says nothing (it pings every 20 s) for this long is gone.
const SILENT_FOR: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// A browser says little; the library's own 128 KiB would be most of what an idle socket takes.
const READ_BUFFER_BYTES: usize = 4 << 10;

pub fn routes(table: &mut RouteTable) {
    table.add(Method::GET, "/live", Policy::Session, live);
}

async fn live(
    State(core): State<Arc<Core>>,
    Extension(who): Extension<Identity>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let actor = who.0.ok_or_else(AppError::unauthenticated);
    let socket = match actor.and_then(|actor| LiveSocket::open(core.hub.clone(), actor)) {
        Ok(socket) => socket,
        Err(why) => return answer(&why).into_response(),
    };
    let tasks = core.tasks.clone();
    upgrade
        .max_message_size(MAX_MESSAGE_BYTES)
        .max_frame_size(MAX_MESSAGE_BYTES)
        .read_buffer_size(READ_BUFFER_BYTES)
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

/// One timer for the socket's life looks at how long it has been silent: a timer per frame costs as much as the frame.
async fn carry(mut socket: LiveSocket, mut transport: WebSocket) {
    let mut heard_at = Instant::now();
    let mut look = interval(LOOK_EVERY);
    loop {
        let message = tokio::select! {
            next = socket.next() => match next {
                Some(bytes) => Utf8Bytes::try_from(bytes).map(Message::Text).unwrap_or(Message::Close(None)),
                None => break,
            },
            heard = transport.recv() => match heard {
                Some(Ok(message @ (Message::Text(_) | Message::Ping(_) | Message::Pong(_)))) => {
                    heard_at = Instant::now();
                    if let Message::Text(text) = message {
                        socket.receive(&text);
                    }
                    continue;
                }
                _ => break,
            },
            _ = look.tick() => {
                if heard_at.elapsed() > SILENT_FOR {
                    break;
                }
                continue;
            }
        };
        if !write(&mut transport, message).await {
            break;
        }
    }
    let _ = timeout(Duration::from_secs(2), transport.close()).await;
}

/// Whether the message was written. Most are at once, and need no timer.
async fn write(transport: &mut WebSocket, message: Message) -> bool {
    let mut sending = pin!(transport.send(message));
    match futures::poll!(sending.as_mut()) {
        Poll::Ready(done) => done.is_ok(),
        Poll::Pending => matches!(timeout(WRITE_WITHIN, sending).await, Ok(Ok(()))),
    }
}
