//! A Docker engine that does what a test tells it: for faults, counts and races that a real one will not give.

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::Request,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::broadcast;

/// What the engine has and says; changed by the test while it runs.
#[derive(Default)]
pub struct World {
    /// As `/containers/json` lists them.
    pub containers: Vec<Value>,
    /// Beside what every inspect says.
    pub inspect: Value,
    /// The whole of each log that is not followed, as the wire carries it.
    pub log: Vec<u8>,
    /// A log that is not followed breaks after `log`.
    pub log_breaks: bool,
    /// Path and query of every request.
    pub asked: Vec<String>,
}

pub struct FakeEngine {
    pub socket: PathBuf,
    world: Arc<Mutex<World>>,
    events: broadcast::Sender<Option<Bytes>>,
    follows: broadcast::Sender<Bytes>,
    following: Arc<AtomicUsize>,
}

/// The id that ends in this digit.
pub fn id(digit: char) -> String {
    digit.to_string().repeat(64)
}

/// A container as a list has it.
pub fn listed(digit: char, name: &str, state: &str, labels: Value) -> Value {
    let status = if state == "exited" {
        "Exited (3) 5 seconds ago"
    } else {
        "Up 2 hours"
    };
    json!({"Id": id(digit), "Names": [format!("/{name}")], "Image": "busybox:1.35", "ImageID": "sha256:0", "Command": "sleep",
        "Created": 1_700_000_000, "State": state, "Status": status, "Ports": [], "Labels": labels})
}

/// A line as a container without a terminal has it in its log.
pub fn line(kind: u8, nanos: u32, text: &str) -> Vec<u8> {
    let message = format!("2026-01-02T03:04:05.{nanos:09}Z {text}\n");
    let mut frame = vec![kind, 0, 0, 0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message.as_bytes());
    frame
}

impl FakeEngine {
    /// Listens until the runtime of its test ends.
    pub fn listen(dir: &Path) -> Self {
        let socket = dir.join("fake.sock");
        let listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let this = Self {
            socket,
            world: Arc::default(),
            events: broadcast::channel(1024).0,
            follows: broadcast::channel(65_536).0,
            following: Arc::default(),
        };
        let (world, events) = (this.world.clone(), this.events.clone());
        let (follows, following) = (this.follows.clone(), this.following.clone());
        let router = Router::new().fallback(move |request: Request| {
            let answer = answer(&request, &world, &events, &follows, &following);
            async move { answer }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        this
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }
    /// Tells of something that happened to a container.
    pub fn event(&self, action: &str, id: &str) {
        let event = json!({"Type": "container", "Action": action, "Actor": {"ID": id}});
        let _ = self.events.send(Some(format!("{event}\n").into()));
    }
    /// Breaks every stream of events, as an engine does that restarts.
    pub fn break_events(&self) {
        let _ = self.events.send(None);
    }
    /// Writes to every log that is followed.
    pub fn write(&self, bytes: Vec<u8>) {
        let _ = self.follows.send(bytes.into());
    }
    /// Logs that are followed now.
    pub fn following(&self) -> usize {
        self.following.load(Ordering::Acquire)
    }
    /// Requests whose path and query hold `part`.
    pub fn asked(&self, part: &str) -> usize {
        self.world().asked.iter().filter(|target| target.contains(part)).count()
    }
}

struct Counted(Arc<AtomicUsize>);
impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn received<T: Clone + Send + 'static>(receiver: broadcast::Receiver<T>) -> impl Stream<Item = T> + Send {
    stream::unfold(receiver, |mut receiver| async move {
        loop {
            match receiver.recv().await {
                Ok(it) => return Some((it, receiver)),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    })
}

fn answer(
    request: &Request,
    world: &Mutex<World>,
    events: &broadcast::Sender<Option<Bytes>>,
    follows: &broadcast::Sender<Bytes>,
    following: &Arc<AtomicUsize>,
) -> Response {
    let mut world = world.lock().unwrap();
    let target = request.uri().to_string();
    world.asked.push(target.clone());
    let path = request.uri().path();
    let broken = || io::Error::other("the engine goes away");
    if path.ends_with("/version") {
        return Json(json!({"Version": "26.1.0", "ApiVersion": "1.41", "MinAPIVersion": "1.24"})).into_response();
    }
    if path.ends_with("/containers/json") {
        return Json(Value::Array(world.containers.clone())).into_response();
    }
    if path.ends_with("/events") {
        let stream = received(events.subscribe()).map(move |event| event.ok_or_else(broken));
        return Body::from_stream(stream).into_response();
    }
    if path.ends_with("/json") && path.contains("/containers/") {
        let mut said = json!({"Id": path, "Config": {"Tty": false}, "State": {"Status": "running"}});
        if let (Some(said), Some(more)) = (said.as_object_mut(), world.inspect.as_object()) {
            said.extend(more.clone());
        }
        return Json(said).into_response();
    }
    if path.ends_with("/logs") {
        let written = Bytes::from(world.log.clone());
        let ready = stream::iter([Ok::<_, io::Error>(written)]);
        if target.contains("follow=1") {
            following.fetch_add(1, Ordering::AcqRel);
            let counted = Counted(following.clone());
            let more = received(follows.subscribe()).map(move |bytes| {
                let _ = &counted;
                Ok(bytes)
            });
            return Body::from_stream(ready.chain(more)).into_response();
        }
        let end = stream::iter(world.log_breaks.then(|| Err(broken())));
        return Body::from_stream(ready.chain(end)).into_response();
    }
    (StatusCode::NOT_FOUND, Json(json!({"message": "not in this engine"}))).into_response()
}
