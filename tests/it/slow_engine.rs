//! A Docker engine that takes its time to restart a container: what a real one does not do when told to.

use axum::{
    Json, Router,
    body::Body,
    extract::Request,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

pub const CONTAINER: &str = "5106e5106e5106e5106e5106e5106e5106e5106e5106e5106e5106e5106e5106";

/// Listens until it is dropped with the runtime of its test.
pub struct SlowEngine {
    pub socket: PathBuf,
    restarts: Arc<AtomicUsize>,
}

impl SlowEngine {
    /// `takes` is how long a restart lasts.
    pub fn listen(dir: &Path, takes: Duration) -> Self {
        let socket = dir.join("engine.sock");
        let listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let restarts = Arc::new(AtomicUsize::new(0));
        let count = restarts.clone();
        let router = Router::new().fallback(move |request: Request| answer(request, count.clone(), takes));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { socket, restarts }
    }

    /// Restarts that were asked for.
    pub fn restarts(&self) -> usize {
        self.restarts.load(Ordering::Acquire)
    }
}

async fn answer(request: Request, restarts: Arc<AtomicUsize>, takes: Duration) -> Response {
    let path = request.uri().path();
    if path.ends_with("/version") {
        return Json(json!({"Version": "26.1.0", "ApiVersion": "1.41", "MinAPIVersion": "1.24"})).into_response();
    }
    if path.ends_with("/containers/json") {
        let one = json!({"Id": CONTAINER, "Names": ["/slow"], "Image": "busybox:1.35", "ImageID": "sha256:0", "Command": "sleep",
            "Created": 1_700_000_000, "State": "running", "Status": "Up", "Ports": [], "Labels": {}});
        return Json(json!([one])).into_response();
    }
    if path.ends_with("/events") {
        return Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>()).into_response();
    }
    if path.ends_with("/restart") {
        restarts.fetch_add(1, Ordering::AcqRel);
        tokio::time::sleep(takes).await;
        return StatusCode::NO_CONTENT.into_response();
    }
    (StatusCode::NOT_FOUND, Json(json!({"message": "not in this engine"}))).into_response()
}
