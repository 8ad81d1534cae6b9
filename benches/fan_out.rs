//! P5: one change of state to 1,000 live sockets, against a bare axum broadcaster that sends the same bytes.
//!
//! Each server is a process of its own (this program again, with an argument), so that its processor time and
//! memory are its own and not the clients'. The clients are raw: they make the upgrade, then only read, so that
//! they cost as little as they can and both servers meet the same ones. A frame's delay is counted from the
//! instant within it, which the server writes when it publishes.
//!
//! Ours does all that a page gets: the session's cookie, the subscription, the user's right on the shard, one
//! queue per socket. The bare one has a `tokio::sync::broadcast` channel and a loop per socket.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on ends; it prints its figures"
)]

mod report;

use axum::{
    Router,
    extract::{
        State, WebSocketUpgrade,
        ws::{Message, Utf8Bytes},
    },
    routing::get,
};
use pollysystem::{
    app,
    core::{
        live::{
            model::{ClientMessage, RowKey, RowsEvent, Seq, ServerMessage},
            service::{LiveRow, RowTopic},
        },
        server::{
            config::{Config, ServeArgs},
            run::{self, Parts},
        },
    },
    plugins,
};
use report::line;
use serde::{Deserialize, Serialize};
use std::{
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::broadcast,
    time::{sleep, timeout},
};

const SOCKETS: usize = 1_000;
/// Frames of a round and the pause between two: 20 changes a second is a busy fleet.
const FRAMES: usize = 100;
const PAUSE: Duration = Duration::from_millis(50);
const ROUNDS: usize = 3;
const TOPIC: &str = "bench.rows";
const TARGET_SHARE: f64 = 0.8;
const TARGET_P99_MS: f64 = 50.0;
const TARGET_SOCKET_KB: f64 = 16.0;

/// About what a container's row takes on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    /// When it was published, in microseconds since 1970.
    at_us: u64,
    pad: String,
}
impl RowKey for Row {
    fn shard_id(&self) -> String {
        "s".to_owned()
    }
    fn row_id(&self) -> String {
        "r".to_owned()
    }
}
impl LiveRow for Row {}

fn row() -> Row {
    let at_us = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    Row {
        at_us: u64::try_from(at_us).unwrap(),
        pad: "x".repeat(300),
    }
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match std::env::args().nth(1).as_deref() {
        Some("ours") => runtime.block_on(ours()),
        Some("bare") => runtime.block_on(bare()),
        _ => runtime.block_on(compare()),
    }
}

// --- the servers: they print their address, then publish a round for each line they are sent ---

async fn ours() {
    let data = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let config = Config::load(&ServeArgs {
        data_dir: Some(data.path().to_owned()),
        listen: Some("127.0.0.1:0".to_owned()),
        ..ServeArgs::default()
    })
    .map_err(|why| why.0)
    .unwrap();
    let parts = Parts {
        shell: app::shell,
        app: app::app,
        plugins: plugins::all(),
        migrations: plugins::migrations(),
    };
    let server = run::start(config, parts).await.unwrap();
    let rows = RowTopic::new(server.core.hub.clone(), TOPIC, "bench.view");
    rows.upsert("s", row());
    println!("{} {}", server.address, server.core.auth.setup_code().unwrap());
    rounds(|| rows.upsert("s", row())).await;
    server.stop().await;
}

async fn bare() {
    let (publish, _) = broadcast::channel::<Utf8Bytes>(256);
    let router = Router::new()
        .route(
            "/live",
            get(
                |State(publish): State<broadcast::Sender<Utf8Bytes>>, upgrade: WebSocketUpgrade| async move {
                    upgrade.on_upgrade(async move |mut socket| {
                        let mut frames = publish.subscribe();
                        while let Ok(frame) = frames.recv().await {
                            if socket.send(Message::Text(frame)).await.is_err() {
                                break;
                            }
                        }
                    })
                },
            ),
        )
        .with_state(publish.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{} -", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut n = 0;
    rounds(|| {
        n += 1;
        let _ = publish.send(frame(n).into());
    })
    .await;
}

/// The bytes that our server sends for one change.
fn frame(n: u32) -> String {
    let event = RowsEvent::Delta {
        upserts: vec![row()],
        removes: Vec::new(),
    };
    serde_json::to_string(&ServerMessage::Frame {
        topic: TOPIC.to_owned(),
        shard: "s".to_owned(),
        seq: Seq { epoch: u32::MAX, n },
        snapshot: false,
        body: serde_json::to_value(&event).unwrap(),
    })
    .unwrap()
}

async fn rounds(mut publish: impl FnMut()) {
    let mut input = tokio::io::stdin();
    let mut byte = [0; 1];
    while input.read(&mut byte).await.is_ok_and(|n| n > 0) {
        for _ in 0..FRAMES {
            publish();
            sleep(PAUSE).await;
        }
    }
}

// --- the other end ---

struct Server {
    child: Child,
    input: ChildStdin,
    address: String,
    cookie: String,
}

impl Server {
    async fn start(kind: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(kind)
            .env("POLLY_LOG", "off")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let line = first_line(child.stdout.as_mut().unwrap());
        let (address, code) = line.split_once(' ').unwrap();
        let cookie = if code == "-" {
            String::new()
        } else {
            set_up(address, code).await
        };
        Self {
            input: child.stdin.take().unwrap(),
            address: address.to_owned(),
            cookie,
            child,
        }
    }

    /// Processor time used so far, and resident memory in bytes.
    fn usage(&self) -> (Duration, f64) {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        let pages: f64 = fields[21].parse().unwrap();
        // USER_HZ is 100 and a page 4 KiB on every Linux that this runs on
        (Duration::from_millis(ticks * 10), pages * 4096.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn first_line(out: &mut ChildStdout) -> String {
    use std::io::{BufRead, BufReader};
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).unwrap();
    line.trim().to_owned()
}

/// Makes the admin; gives the cookies of the session.
async fn set_up(address: &str, code: &str) -> String {
    let password = "correct horse battery staple";
    let answer = reqwest::Client::new()
        .post(format!("http://{address}/api/auth/setup"))
        .header("origin", format!("http://{address}"))
        .header("accept", "application/json")
        .form(&[
            ("code", code),
            ("name", "ada"),
            ("password", password),
            ("password_again", password),
        ])
        .send()
        .await
        .unwrap();
    let pairs = answer
        .headers()
        .get_all("set-cookie")
        .iter()
        .filter_map(|value| value.to_str().ok()?.split(';').next().map(str::to_owned));
    pairs.collect::<Vec<_>>().join("; ")
}

/// What the clients saw.
#[derive(Default)]
struct Seen {
    frames: AtomicUsize,
    delays_us: Mutex<Vec<u32>>,
}

/// Upgrades by hand, subscribes, and reads until the server goes away.
async fn client(address: String, cookie: String, subscribe: Option<String>, seen: Arc<Seen>, ready: Arc<AtomicUsize>) {
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let request = format!(
        "GET /live HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: {cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    if let Some(text) = subscribe {
        // a masked text frame; a mask of zeros leaves the text as it is
        let mut frame = vec![0x81, 0x80 | 126];
        frame.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        stream.write_all(&frame).await.unwrap();
    }
    let (mut buffer, mut upgraded) = (Vec::with_capacity(4096), false);
    while let Ok(n) = stream.read_buf(&mut buffer).await
        && n > 0
    {
        if !upgraded {
            let Some(end) = find(&buffer, b"\r\n\r\n") else {
                continue;
            };
            assert!(
                buffer.starts_with(b"HTTP/1.1 101"),
                "{}",
                String::from_utf8_lossy(&buffer)
            );
            buffer.drain(..end + 4);
            upgraded = true;
            ready.fetch_add(1, Ordering::Relaxed);
        }
        while let Some((body, whole)) = next_frame(&buffer) {
            note(&buffer[body..whole], &seen);
            buffer.drain(..whole);
        }
    }
}

/// Where the body of the first whole frame begins and ends.
fn next_frame(buffer: &[u8]) -> Option<(usize, usize)> {
    let (head, length) = match buffer.get(1)? & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes([*buffer.get(2)?, *buffer.get(3)?]))),
        127 => (
            10,
            usize::try_from(u64::from_be_bytes(buffer.get(2..10)?.try_into().ok()?)).ok()?,
        ),
        short => (2, usize::from(short)),
    };
    (buffer.len() >= head + length).then_some((head, head + length))
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn note(body: &[u8], seen: &Seen) {
    const MARK: &[u8] = b"\"at_us\":";
    if find(body, b"\"snapshot\":true").is_some() {
        return;
    }
    let Some(at) = find(body, MARK) else { return };
    let digits = body[at + MARK.len()..].iter().take_while(|b| b.is_ascii_digit());
    let sent = digits.fold(0_u64, |n, digit| n * 10 + u64::from(digit - b'0'));
    let delay = row().at_us.saturating_sub(sent);
    seen.delays_us
        .lock()
        .unwrap()
        .push(u32::try_from(delay).unwrap_or(u32::MAX));
    seen.frames.fetch_add(1, Ordering::Relaxed);
}

/// One server's figures.
struct Figures {
    cpu_us_per_frame: f64,
    p50_ms: f64,
    p99_ms: f64,
    socket_kb: f64,
}

async fn measure(kind: &str) -> Figures {
    let mut server = Server::start(kind).await;
    let subscribe = (kind == "ours").then(|| {
        serde_json::to_string(&ClientMessage::Subscribe {
            sub: 1,
            topic: TOPIC.to_owned(),
            have: Vec::new(),
            shards: None,
            view: None,
        })
        .unwrap()
    });
    let before = server.usage().1;
    let (seen, ready) = (Arc::new(Seen::default()), Arc::new(AtomicUsize::new(0)));
    for _ in 0..SOCKETS {
        let (address, cookie) = (server.address.clone(), server.cookie.clone());
        tokio::spawn(client(address, cookie, subscribe.clone(), seen.clone(), ready.clone()));
        // a listen queue has an end
        sleep(Duration::from_micros(500)).await;
    }
    reach("every socket is open", &ready, SOCKETS).await;
    sleep(Duration::from_secs(1)).await;
    let (idle_cpu, idle) = server.usage();
    for round in 1..=ROUNDS {
        use std::io::Write;
        server.input.write_all(b"\n").unwrap();
        server.input.flush().unwrap();
        reach("every frame arrived", &seen.frames, round * FRAMES * SOCKETS).await;
    }
    let cpu = server.usage().0 - idle_cpu;
    let mut delays = std::mem::take(&mut *seen.delays_us.lock().unwrap());
    delays.sort_unstable();
    let at = |percent: usize| f64::from(delays[(delays.len() - 1) * percent / 100]) / 1000.0;
    Figures {
        cpu_us_per_frame: cpu.as_secs_f64() * 1e6 / delays.len() as f64,
        p50_ms: at(50),
        p99_ms: at(99),
        socket_kb: (idle - before) / 1024.0 / SOCKETS as f64,
    }
}

async fn reach(what: &str, counter: &AtomicUsize, wanted: usize) {
    let begun = Instant::now();
    let reached = async {
        while counter.load(Ordering::Relaxed) < wanted {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let done = timeout(Duration::from_secs(60), reached).await;
    let got = counter.load(Ordering::Relaxed);
    assert!(done.is_ok(), "{what}: {got} of {wanted} after {:?}", begun.elapsed());
}

async fn compare() {
    let (bare, ours) = (measure("bare").await, measure("ours").await);
    let share = bare.cpu_us_per_frame / ours.cpu_us_per_frame;
    line(
        "P5",
        "frames for the same processor time, to a bare axum broadcaster",
        share,
        "x",
        TARGET_SHARE,
        " (more is better)",
    );
    line(
        "P5",
        "delay of a change at 1,000 sockets, p99",
        ours.p99_ms,
        "ms",
        TARGET_P99_MS,
        "",
    );
    line(
        "P5",
        "memory of an idle socket",
        ours.socket_kb,
        "kB",
        TARGET_SOCKET_KB,
        "",
    );
    println!(
        "     {ROUNDS} rounds of {FRAMES} changes to {SOCKETS} sockets; a frame costs {:.1} us of the server's time, bare {:.1}; \
         p50 {:.1} ms, bare {:.1} (p99 {:.1}); a bare socket takes {:.1} kB",
        ours.cpu_us_per_frame, bare.cpu_us_per_frame, ours.p50_ms, bare.p50_ms, bare.p99_ms, bare.socket_kb
    );
}
