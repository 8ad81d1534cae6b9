//! P10: durable writes of 64 tasks through the group commit, against the same tasks with one commit each.
//!
//! Both sides have one write connection, WAL and `synchronous=FULL`, and write the same rows on the same disk
//! (the target directory's, so that a `/tmp` in memory cannot flatter it). Without the group commit a task
//! waits for the connection, begins, writes, commits, and gives it back. The sides take turns, so that
//! another program's load meets both. A write counts when it was answered, after the commit that holds it.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on ends; it prints its figures"
)]

mod report;

use pollysystem::core::server::db::{Db, query, sql_migration};
use report::{line, quantile};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
    sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous},
};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const TASKS: usize = 64;
const ROUNDS: usize = 7;
const GROUPED_PER_TASK: usize = 100;
/// The slow side: fewer, or a round takes minutes on a disk that syncs slowly.
const SINGLE_PER_TASK: usize = 10;
const TARGET_RATIO: f64 = 16.0;
const TARGET_P99_MS: f64 = 40.0;

const TABLE: &str =
    "CREATE TABLE bench (id INTEGER PRIMARY KEY, name TEXT NOT NULL, value TEXT NOT NULL, at BIGINT NOT NULL)";
const INSERT: &str = "INSERT INTO bench (name, value, at) VALUES (?, ?, ?)";

struct Round {
    per_second: f64,
    waits: Vec<Duration>,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(compare());
}

async fn compare() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let grouped = Db::open(
        &dir.path().join("grouped"),
        vec![sql_migration("bench_0001_table", &[TABLE])],
    )
    .await
    .unwrap();
    let single = connection(&dir.path().join("single.db")).await;
    single.execute_unprepared(TABLE).await.unwrap();

    // One round each that does not count: files grow, statements are prepared.
    group_commit(&grouped).await;
    one_commit_each(&single).await;
    let (mut ratios, mut waits, mut rates) = (Vec::new(), Vec::new(), (Vec::new(), Vec::new()));
    for _ in 0..ROUNDS {
        let (one, many) = (one_commit_each(&single).await, group_commit(&grouped).await);
        ratios.push(many.per_second / one.per_second);
        rates.0.push(one.per_second);
        rates.1.push(many.per_second);
        waits.extend(many.waits);
    }
    let mut at = |percent: usize| quantile(&mut waits, percent);
    let ((low, ratio, high), (_, one, _), (_, many, _)) = (spread(ratios), spread(rates.0), spread(rates.1));

    line(
        "P10",
        &format!("durable writes, {TASKS} tasks, to one commit each"),
        ratio,
        "x",
        TARGET_RATIO,
        " (more is better)",
    );
    line(
        "P10",
        "their p99, from the call to the answer",
        at(99),
        "ms",
        TARGET_P99_MS,
        "",
    );
    println!(
        "     {ROUNDS} rounds of {} writes, and {} with a commit each: ratio {low:.1} to {high:.1}; \
         {many:.0} against {one:.0} writes/s (medians); p50 {:.1} ms",
        TASKS * GROUPED_PER_TASK,
        TASKS * SINGLE_PER_TASK,
        at(50)
    );
    grouped.close().await;
}

async fn group_commit(db: &Db) -> Round {
    let db = db.clone();
    all_at_once(GROUPED_PER_TASK, move |task, n| {
        let db = db.clone();
        async move {
            db.write(move |tx| Box::pin(async move { query::run(tx, INSERT, row(task, n)).await }))
                .await
                .map(|_| ())
                .unwrap()
        }
    })
    .await
}

async fn one_commit_each(db: &DatabaseConnection) -> Round {
    let db = db.clone();
    all_at_once(SINGLE_PER_TASK, move |task, n| {
        let db = db.clone();
        async move {
            let immediate = TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..Default::default()
            };
            let tx = db.begin_with_options(immediate).await.unwrap();
            query::run(&tx, INSERT, row(task, n)).await.unwrap();
            tx.commit().await.unwrap();
        }
    })
    .await
}

/// Every task writes its next row when the one before was answered.
async fn all_at_once<F, W>(per_task: usize, write: F) -> Round
where
    F: Fn(usize, usize) -> W + Clone + Send + 'static,
    W: Future<Output = ()> + Send,
{
    let started = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let write = write.clone();
            tokio::spawn(async move {
                let mut waits = Vec::with_capacity(per_task);
                for n in 0..per_task {
                    let from = Instant::now();
                    write(task, n).await;
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
    Round {
        per_second: waits.len() as f64 / started.elapsed().as_secs_f64(),
        waits,
    }
}

fn row(task: usize, n: usize) -> [sea_orm::Value; 3] {
    [
        format!("task-{task}").into(),
        "a value of the size of a setting or a job's state".into(),
        (n as i64).into(),
    ]
}

async fn connection(file: &Path) -> DatabaseConnection {
    let file = file.to_owned();
    let mut options = ConnectOptions::new("sqlite://single.db");
    options
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(60))
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |o| {
            o.filename(&file)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
        });
    Database::connect(options).await.unwrap()
}

/// The least, the median and the greatest.
fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[0], values[values.len() / 2], values[values.len() - 1])
}
