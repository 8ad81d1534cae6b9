//! The server's own disk, full for a while: a small file system of its own under the data directory.

use crate::app::{Browser, TestApp, config, eventually, start};
use pollysystem::{core::live::model::Rows, plugins::machines::model::MachineRow};
use std::{path::Path, process::Command, time::Duration};

/// A tmpfs of a few megabytes, unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

/// Mounting is for root only; who runs the lab may become it.
fn as_root(argv: &[&str]) {
    let (program, rest) = if nix::unistd::getuid().is_root() {
        (argv[0], &argv[1..])
    } else {
        ("sudo", argv)
    };
    let done = Command::new(program).args(rest).status().unwrap();
    assert!(done.success(), "{argv:?}");
}

impl SmallDisk {
    fn mount() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let owner = format!("size=6m,mode=0700,uid={}", nix::unistd::getuid());
        as_root(&[
            "mount",
            "-t",
            "tmpfs",
            "-o",
            &owner,
            "polly-test",
            dir.path().to_str().unwrap(),
        ]);
        Self(dir)
    }
    fn path(&self) -> &Path {
        self.0.path()
    }
    /// Leaves not a byte.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.path().join("ballast")).unwrap();
        let block = [0; 4096];
        while std::io::Write::write_all(&mut file, &block).is_ok() {}
    }
    fn make_room(&self) {
        std::fs::remove_file(self.path().join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        as_root(&["umount", "-l", self.path().to_str().unwrap()]);
    }
}

async fn add(admin: &Browser, name: &str) -> reqwest::Response {
    let tags: String = (0..32).map(|n| format!("tag-{n:02}={} ", "x".repeat(50))).collect();
    let form = [
        ("machine[name]", name),
        ("machine[host]", "127.0.0.1"),
        ("machine[port]", "1"),
        ("machine[user]", "polly"),
        ("machine[key_mode]", "generate"),
        ("machine[tags]", &tags),
    ];
    admin.call("/api/machines/add", &form).await
}

async fn names(admin: &Browser) -> Vec<String> {
    let rows: Rows<MachineRow> = admin.ask("/api/machines/list", &[]).await;
    let mut names: Vec<String> = rows.rows.into_iter().map(|row| row.name).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_changes_in_a_sentence_reads_go_on_and_room_mends_it() {
    let disk = SmallDisk::mount();
    let data = tempfile::tempdir().unwrap();
    let mut config = config(&data);
    config.data_dir = disk.path().to_owned();
    let app = TestApp {
        server: start(config).await,
        data,
    };
    let admin = app.admin().await;
    assert!(add(&admin, "before").await.status().is_success());
    disk.fill();
    // what was preallocated may still take a few
    let mut kept = vec!["before".to_owned()];
    let refused = 'full: {
        for n in 0..500 {
            let name = format!("filler-{n:03}");
            let answer = add(&admin, &name).await;
            if !answer.status().is_success() {
                break 'full answer;
            }
            kept.push(name);
        }
        panic!("the disk does not fill");
    };
    assert_eq!(refused.status(), 503);
    let error: serde_json::Value = refused.json().await.unwrap();
    let message = error["message"].as_str().unwrap();
    for part in [
        disk.path().to_str().unwrap(),
        "full",
        "nothing was changed",
        "Make room",
    ] {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
    kept.sort();
    assert_eq!(names(&admin).await, kept, "what was refused is not there, all else is");
    let machine = admin.html("/machines").await;
    assert!(machine.contains("before"), "reads go on");
    assert_eq!(add(&admin, "still").await.status(), 503);
    disk.make_room();
    eventually("changes go on", Duration::from_secs(10), async || {
        add(&admin, "after").await.status().is_success().then_some(())
    })
    .await;
    assert!(names(&admin).await.contains(&"after".to_owned()));
    assert!(app.server.core.audit.verify().await.unwrap() > 2, "the log is whole");
    let data = app.stop().await;
    drop((data, disk));
}
