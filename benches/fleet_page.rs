//! P6: the page of all containers, rendered by the real router with 20,000 containers of 50 hosts in memory.
//!
//! The first page (200 rows) is asked for one by one over one connection, so that what is measured is the time to
//! its first byte and not the wait for a core. `?per=1000` is asked for by as many clients as there are cores, in
//! turns with a bare axum handler that sends the same bytes from memory: both sides pay the same for client, kernel
//! and HTTP, and another program's load meets both. Nothing is compressed on either side. About 30 s.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on ends; it prints its figures"
)]
#![recursion_limit = "256"]

#[path = "../tests/it/app.rs"]
#[allow(dead_code, reason = "the tests use the rest of it")]
mod app;
mod report;
#[path = "../tests/it/rows.rs"]
#[allow(dead_code, reason = "the tests use the rest of it")]
mod rows;

use app::TestApp;
use axum::{Router, http::header, routing::get};
use bytes::Bytes;
use report::quantile;
use reqwest::Client;
use std::time::{Duration, Instant};

const HOSTS: usize = 50;
const EACH: usize = 400;
const FIRST_PAGES: usize = 300;
const ROUND: Duration = Duration::from_millis(1_500);
const ROUNDS: usize = 5;
const TARGET_TTFB_MS: f64 = 30.0;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure());
}

/// One side of the comparison.
struct Side {
    url: String,
    cookie: String,
}

async fn measure() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    rows::simulate(&app.server.core, HOSTS, EACH);
    let page = |query: &str| Side {
        url: app.url(&format!("/containers{query}")),
        cookie: admin.cookie_header(),
    };
    first_page(&page(""), "first page of 200").await;
    first_page(&page("?state=running&sort=-cpu"), "the same, by CPU").await;
    churning(&app, &page("")).await;

    let large = page("?per=1000");
    let bytes = body(&large).await;
    println!(
        "     a page of 1,000 rows is {:.0} kB, one of 200 is {:.0} kB",
        kilo(&bytes),
        kilo(&body(&page("")).await)
    );
    let bare = bare(bytes).await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.extend(round(&large).await);
        theirs.extend(round(&bare).await);
    }
    let per_second = |waits: &[Duration]| waits.len() as f64 / (ROUND.as_secs_f64() * ROUNDS as f64);
    let (our_rate, their_rate) = (per_second(&ours), per_second(&theirs));
    let (our_p99, their_p99) = (quantile(&mut ours, 99), quantile(&mut theirs, 99));
    println!(
        "{:<4} {:<42} {our_rate:>9.1} /s  of {their_rate:>6.1}  x{:.3} (of the same bytes from memory)",
        "P6",
        "?per=1000, requests",
        our_rate / their_rate
    );
    println!(
        "{:<4} {:<42} {our_p99:>9.1} ms  of {their_p99:>6.1}  x{:.2} (of the same bytes from memory)",
        "P6",
        "?per=1000, p99 of the whole answer",
        our_p99 / their_p99
    );
    app.stop().await;
}

/// The first byte of the first page, one request after the other.
async fn first_page(side: &Side, what: &str) {
    let client = Client::new();
    let mut waits = Vec::new();
    for _ in 0..FIRST_PAGES {
        waits.push(first_byte(&client, side).await);
    }
    report(what, &mut waits);
}

/// The same while a container changes its state every 10 ms, so that nothing picked before is of use.
async fn churning(app: &TestApp, side: &Side) {
    let docker = rows::docker(&app.server.core);
    let (shard, row) = docker.containers.read(|all, _| {
        let (shard, rows) = all.iter().next().unwrap();
        (shard.clone(), rows.values().next().unwrap().row.clone())
    });
    let churn = tokio::spawn(async move {
        for n in 0_i64.. {
            let row = pollysystem::plugins::docker::model::ContainerRow {
                exit_code: Some(n),
                ..row.clone()
            };
            docker.containers.upsert(&shard, rows::listed(row));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    first_page(side, "first page of 200, states changing").await;
    churn.abort();
    let _ = churn.await;
}

fn report(what: &str, waits: &mut [Duration]) {
    let (p50, p99) = (quantile(waits, 50), quantile(waits, 99));
    println!(
        "{:<4} {:<42} {p99:>9.1} ms  of {TARGET_TTFB_MS:>6.1}  x{:.2} (p50 {p50:.1} ms)",
        "P6",
        format!("{what}, TTFB p99"),
        p99 / TARGET_TTFB_MS
    );
}

async fn first_byte(client: &Client, side: &Side) -> Duration {
    let from = Instant::now();
    let mut answer = client
        .get(&side.url)
        .header(header::COOKIE, &side.cookie)
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
    let first = answer.chunk().await.unwrap().expect("a page has bytes");
    let took = from.elapsed();
    assert!(!first.is_empty());
    while answer.chunk().await.unwrap().is_some() {}
    took
}

/// As many clients as cores ask for [`ROUND`], each when the answer before was read.
async fn round(side: &Side) -> Vec<Duration> {
    let clients = std::thread::available_parallelism().map_or(2, usize::from);
    let end = Instant::now() + ROUND;
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (client, url, cookie) = (Client::new(), side.url.clone(), side.cookie.clone());
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while Instant::now() < end {
                    let from = Instant::now();
                    let answer = client.get(&url).header(header::COOKIE, &cookie).send().await.unwrap();
                    answer.bytes().await.unwrap();
                    waits.push(from.elapsed());
                }
                waits
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.unwrap());
    }
    waits
}

async fn body(side: &Side) -> Bytes {
    let request = Client::new().get(&side.url).header(header::COOKIE, &side.cookie);
    request.send().await.unwrap().bytes().await.unwrap()
}

/// A server that sends these bytes to whoever asks.
async fn bare(bytes: Bytes) -> Side {
    let answer = move || async move { ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], bytes) };
    let router = Router::new().route("/", get(answer));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Side {
        url,
        cookie: String::new(),
    }
}

fn kilo(bytes: &Bytes) -> f64 {
    bytes.len() as f64 / 1_000.0
}
