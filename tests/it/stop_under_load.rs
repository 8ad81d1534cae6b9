//! DB-10: a stop while many write and jobs run.

use crate::{
    app::{Browser, NAME, PASSWORD, eventually},
    process::serve,
    slow_engine::{CONTAINER, SlowEngine},
};
use pollysystem::{
    core::{
        jobs::model::{JobList, JobState},
        live::model::Rows,
    },
    plugins::{docker::model::Fleet, machines::model::MachineRow},
};
use std::{
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

const WRITERS: usize = 64;
const JOBS: usize = 8;
const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn db_10_a_stop_under_load_drains_and_loses_nothing_that_was_acknowledged() {
    let data = tempfile::tempdir().unwrap();
    // Longer than a stop waits for jobs: it must not depend on their end.
    let engine = SlowEngine::listen(data.path(), Duration::from_secs(60));
    let host = format!("unix://{}", engine.socket.display());
    let data_dir = data.path().join("data");
    let (mut server, browser) = serve(&data_dir, &host);
    let code = server.wait_for("set-up code: ").rsplit(' ').next().unwrap().to_owned();
    let form = [
        ("code", code.as_str()),
        ("name", NAME),
        ("password", PASSWORD),
        ("password_again", PASSWORD),
    ];
    browser.ask::<()>("/api/auth/setup", &form).await;
    let machine = run_jobs(&browser).await;
    eventually("a job waits for its engine", SOON, async || {
        (engine.restarts() > 0).then_some(())
    })
    .await;

    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let browser = Arc::new(browser);
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| tokio::spawn(write(n, browser.clone(), acknowledged.clone())))
        .collect();
    eventually("writes under way", SOON, async || {
        (acknowledged.lock().unwrap().len() >= 2 * WRITERS).then_some(())
    })
    .await;
    server.signal("TERM");
    assert_eq!(server.exit(Duration::from_secs(25)), Some(0));
    for writer in writers {
        writer.await.unwrap();
    }
    let wal = std::fs::metadata(data_dir.join("pollysystem.db-wal")).map_or(0, |m| m.len());
    assert_eq!(wal, 0, "the write-ahead log is folded into the database");

    assert_whole(&data_dir);
    let (_server, browser) = serve(&data_dir, &host);
    browser
        .ask::<()>("/api/auth/login", &[("name", NAME), ("password", PASSWORD)])
        .await;
    let rows: Rows<MachineRow> = browser.ask("/api/machines/list", &[]).await;
    let kept: Vec<String> = rows.rows.into_iter().map(|row| row.name).collect();
    let acknowledged = acknowledged.lock().unwrap().clone();
    let lost: Vec<_> = acknowledged.iter().filter(|name| !kept.contains(name)).collect();
    assert!(
        lost.is_empty(),
        "{} of {} are lost: {lost:?}",
        lost.len(),
        acknowledged.len()
    );
    let jobs: JobList = browser.ask("/api/jobs/list", &[]).await;
    assert_eq!(jobs.jobs.len(), JOBS);
    for job in jobs.jobs {
        assert!(
            job.state.is_over() && job.state != JobState::Succeeded,
            "{machine}: {job:?}"
        );
    }
}

/// Adds this host, whose engine is the slow one, and restarts its container some times.
async fn run_jobs(browser: &Browser) -> String {
    let machine: String = browser.ask("/api/machines/add_local", &[]).await;
    eventually("the container is seen", SOON, async || {
        let fleet: Fleet = browser.ask("/api/docker/fleet", &[]).await;
        let mut rows = fleet.window.rows.iter();
        rows.any(|(row, _)| row.id.as_str() == CONTAINER).then_some(())
    })
    .await;
    for _ in 0..JOBS {
        let target = format!("{machine}/{CONTAINER}");
        let form = [("action", "restart"), ("targets[]", target.as_str())];
        browser.ask::<String>("/api/docker/act", &form).await;
    }
    machine
}

/// Enrols hosts one after the other until the server is gone; keeps the names that it was told are there.
async fn write(n: usize, browser: Arc<Browser>, acknowledged: Arc<Mutex<Vec<String>>>) {
    for i in 0.. {
        let name = format!("w{n}-{i}");
        let form = [
            ("machine[name]", name.as_str()),
            ("machine[host]", "192.0.2.1"),
            ("machine[port]", "22"),
            ("machine[user]", "polly"),
            ("machine[key_mode]", "generate"),
        ];
        match browser.try_call("/api/machines/add", &form).await {
            Ok(answer) if answer.status().is_success() || answer.status().is_redirection() => {
                acknowledged.lock().unwrap().push(name);
            }
            _ => return,
        }
    }
}

/// Every row of the audit log follows the one before.
fn assert_whole(data: &Path) {
    let verify = Command::new(env!("CARGO_BIN_EXE_pollysystem"))
        .args(["audit", "verify", "--data-dir"])
        .arg(data)
        .output()
        .unwrap();
    assert!(verify.status.success(), "{verify:?}");
}
