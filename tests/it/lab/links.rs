//! Links under the faults of real hosts: one breaks, it is noticed and mended by itself, and the others see nothing.

use super::hosts::{Host, Lab, act, container, detail, lab, reaches, server};
use crate::app::{Browser, TestApp, eventually};
use pollysystem::{
    core::{jobs::model::JobState, live::model::Rows},
    plugins::{
        docker::model::ContainerState,
        machines::model::{DockerVia, LinkState, MachineId, MachineRow},
    },
};
use std::{path::Path, time::Duration};

/// How soon a fault must be noticed.
const NOTICED: Duration = Duration::from_secs(45);

/// Three hosts online; the last is the one that is broken.
struct Fleet {
    app: TestApp,
    admin: Browser,
    hosts: Vec<Host>,
    ids: Vec<MachineId>,
}

impl Fleet {
    async fn online() -> Self {
        let lab = Lab::read();
        let (app, admin) = server().await;
        let mut ids = Vec::new();
        for host in &lab.hosts[..3] {
            ids.push(lab.enrol(&admin, host).await);
        }
        Self {
            app,
            admin,
            hosts: lab.hosts,
            ids,
        }
    }
    async fn row(&self, id: MachineId) -> MachineRow {
        let rows: Rows<MachineRow> = self.admin.ask("/api/machines/list", &[]).await;
        rows.rows.into_iter().find(|row| row.id == id).unwrap()
    }
    /// Breaks the last host and mends it; checks what must hold of every fault. Gives the reason that was shown.
    async fn survives(self, breaks: impl FnOnce(&Self), mends: impl FnOnce(&Self)) -> String {
        let broken = self.ids[2];
        let before = [self.row(self.ids[0]).await, self.row(self.ids[1]).await];
        let up_since = self.row(broken).await.since;
        breaks(&self);
        let down = eventually("the fault is noticed", NOTICED, async || {
            let row = self.row(broken).await;
            (row.state != LinkState::Online && row.state != LinkState::Connecting && row.reason.is_some())
                .then_some(row)
        })
        .await;
        assert!(down.since > up_since, "{down:?}");
        mends(&self);
        let back = reaches(&self.admin, broken, LinkState::Online, Duration::from_secs(100)).await;
        assert!(back.since > down.since && back.reason.is_none(), "{back:?}");
        for old in before {
            let now = self.row(old.id).await;
            assert_eq!(
                (now.state, now.since),
                (LinkState::Online, old.since),
                "{} saw it",
                old.name
            );
        }
        let connects = detail(&self.admin, broken).await.connects;
        assert!(
            connects[0].failure.is_none() && connects[0].ended.is_none(),
            "{connects:?}"
        );
        self.app.stop().await;
        down.reason.unwrap()
    }
}

#[tokio::test]
async fn sh_06_a_half_open_line_is_noticed_and_mended_and_the_rest_is_untouched() {
    let fleet = Fleet::online().await;
    let reason = fleet
        .survives(
            |f| drop(lab(&["cut", &f.hosts[2].name])),
            |f| drop(lab(&["mend", &f.hosts[2].name])),
        )
        .await;
    assert!(
        reason.contains("late") || reason.contains("stopped answering"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_host_that_loses_its_power_is_noticed_and_comes_back_and_the_rest_is_untouched() {
    let fleet = Fleet::online().await;
    fleet
        .survives(
            |f| drop(lab(&["kill", &f.hosts[2].name])),
            |f| drop(lab(&["start", &f.hosts[2].name])),
        )
        .await;
}

#[tokio::test]
async fn an_engine_that_restarts_is_noticed_and_found_again_and_the_rest_is_untouched() {
    let fleet = Fleet::online().await;
    let reason = fleet
        .survives(
            |f| {
                drop(f.hosts[2].run(&[
                    "sh",
                    "-c",
                    "kill $(cat /var/run/docker.pid); while pidof dockerd; do sleep 0.1; done",
                ]))
            },
            |f| {
                drop(f.hosts[2].run(&[
                    "sh",
                    "-c",
                    "setsid dockerd </dev/null >>/var/log/dockerd.log 2>&1 & until docker version; do sleep 0.1; done",
                ]));
            },
        )
        .await;
    assert!(reason.contains("Docker"), "{reason}");
}

#[tokio::test]
async fn sh_07_a_master_that_is_killed_is_replaced_at_once_and_the_rest_is_untouched() {
    let fleet = Fleet::online().await;
    let (id, host) = (fleet.ids[2], fleet.hosts[2].clone());
    let others = [fleet.row(fleet.ids[0]).await, fleet.row(fleet.ids[1]).await];
    let logins = || host.sshd_log().matches("Accepted publickey").count();
    let before = logins();
    let run = std::fs::read_to_string(fleet.app.data.path().join("run-dir")).unwrap();
    let master = ssh_master(&Path::new(&run).join(format!("m-{}", id.0.simple())));
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(master), nix::sys::signal::Signal::SIGKILL).unwrap();
    eventually("it is connected again", NOTICED, async || {
        let connects = detail(&fleet.admin, id).await.connects;
        (connects.len() == 2 && connects[1].ended.is_some()).then_some(())
    })
    .await;
    reaches(&fleet.admin, id, LinkState::Online, Duration::from_secs(20)).await;
    assert_eq!(logins(), before + 1, "one reconnect");
    for old in others {
        assert_eq!(fleet.row(old.id).await.since, old.since);
    }
    fleet.app.stop().await;
}

/// The ssh process that works in this directory.
fn ssh_master(dir: &Path) -> i32 {
    let dir = dir.to_str().unwrap();
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let mut pids = pids.filter_map(|e| e.file_name().to_str()?.parse::<i32>().ok());
    let is_ours = |pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(dir)
    };
    pids.find(is_ours).expect("an ssh master runs")
}

/// More lines for the host's sshd, taken away again when dropped. Connections that stand keep the old ones.
struct Sshd(Host);

impl Sshd {
    fn with(host: &Host, lines: &str) -> Self {
        let script = format!("printf '{lines}' > /etc/ssh/extra; cat /etc/ssh/extra >> /etc/ssh/sshd_config; lab-sshd");
        host.run(&["sh", "-c", &format!("cp /etc/ssh/sshd_config /etc/ssh/kept; {script}")]);
        Self(host.clone())
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.0
            .run(&["sh", "-c", "mv /etc/ssh/kept /etc/ssh/sshd_config; lab-sshd"]);
    }
}

#[tokio::test]
async fn sh_08_without_forwarding_the_real_engine_is_reached_by_commands_and_nothing_is_missing() {
    let hosts = Lab::read();
    let host = &hosts.hosts[0];
    host.clean();
    host.run(&["docker", "run", "-d", "--name", "web", "busybox:1.35", "sleep", "600"]);
    let _sshd = Sshd::with(host, "AllowStreamLocalForwarding no\\n");
    let (app, admin) = server().await;
    let machine = hosts.enrol(&admin, host).await;
    let docker = detail(&admin, machine).await.row.docker.unwrap();
    assert_eq!(docker.via, DockerVia::Commands, "{docker:?}");
    let web = container(&admin, machine, "web", |c| c.state == ContainerState::Running).await;
    let stopped = act(&admin, "stop", &web).await;
    assert_eq!(stopped.job.summary.state, JobState::Succeeded, "{:?}", stopped.job);
    container(&admin, machine, "web", |c| c.state == ContainerState::Exited).await;
    host.run(&["docker", "run", "-d", "--name", "later", "busybox:1.35", "sleep", "600"]);
    container(&admin, machine, "later", |c| c.state == ContainerState::Running).await;
    let html = admin.html(&format!("/machines/{machine}")).await;
    assert!(
        html.contains("AllowStreamLocalForwarding yes"),
        "the page says how it gets faster"
    );
    app.stop().await;
}

#[tokio::test]
async fn sh_08_two_sessions_a_talking_shell_and_a_slow_start_up_file_do_not_keep_docker_away() {
    let hosts = Lab::read();
    let host = &hosts.hosts[1];
    host.clean();
    host.run(&["docker", "run", "-d", "--name", "quiet", "busybox:1.35", "sleep", "600"]);
    host.run(&["sh", "-c", "cp /home/polly/.bashrc /home/polly/.kept; { echo 'echo noise; echo polly-socket ok /tmp/x; echo polly-socket end; sleep 5'; cat /home/polly/.kept; } > /home/polly/.bashrc; echo motd > /etc/motd"]);
    let _sshd = Sshd::with(
        host,
        "MaxSessions 2\\nMaxStartups 1:100:1\\nBanner /etc/motd\\nPrintMotd yes\\n",
    );
    let (app, admin) = server().await;
    let machine = hosts.add(&admin, host).await;
    super::hosts::trust(&admin, machine).await;
    reaches(&admin, machine, LinkState::Online, Duration::from_secs(60)).await;
    container(&admin, machine, "quiet", |c| c.state == ContainerState::Running).await;
    app.stop().await;
    host.run(&["sh", "-c", "mv /home/polly/.kept /home/polly/.bashrc"]);
}

#[tokio::test]
async fn an_account_outside_of_the_group_is_told_the_command_and_works_once_it_was_run() {
    let hosts = Lab::read();
    let host = &hosts.hosts[1];
    let prepare = "id plain 2>/dev/null || useradd -m -s /bin/bash -p '*' plain; gpasswd -d plain docker; install -d -m 700 -o plain ~plain/.ssh; install -m 600 -o plain ~polly/.ssh/authorized_keys ~plain/.ssh/authorized_keys";
    host.run(&["bash", "-c", &format!("{prepare}; true")]);
    let (app, admin) = server().await;
    let plain = Lab {
        user: "plain".to_owned(),
        ..Lab::read()
    };
    let machine = plain.add(&admin, host).await;
    super::hosts::trust(&admin, machine).await;
    let row = reaches(&admin, machine, LinkState::Degraded, Duration::from_secs(20)).await;
    let command = "usermod -aG docker plain";
    assert!(row.reason.as_deref().unwrap().contains(command), "{row:?}");
    host.run(&command.split(' ').collect::<Vec<_>>());
    admin
        .ask::<()>("/api/machines/reconnect", &[("id", &machine.to_string())])
        .await;
    reaches(&admin, machine, LinkState::Online, Duration::from_secs(20)).await;
    app.stop().await;
}

#[tokio::test]
async fn a_host_without_docker_is_told_and_found_once_it_is_there() {
    let hosts = Lab::read();
    let host = &hosts.hosts[0];
    host.run(&[
        "sh",
        "-c",
        "kill $(cat /var/run/docker.pid); while pidof dockerd; do sleep 0.1; done; rm -f /var/run/docker.sock",
    ]);
    let (app, admin) = server().await;
    let machine = hosts.add(&admin, host).await;
    super::hosts::trust(&admin, machine).await;
    let row = reaches(&admin, machine, LinkState::Degraded, Duration::from_secs(20)).await;
    assert!(
        row.reason.as_deref().unwrap().contains("No Docker socket was found"),
        "{row:?}"
    );
    lab(&["kill", &host.name]);
    lab(&["start", &host.name]);
    reaches(&admin, machine, LinkState::Online, Duration::from_secs(100)).await;
    app.stop().await;
}

#[tokio::test]
async fn sh_09_another_account_and_another_key_are_used_for_the_next_byte() {
    let hosts = Lab::read();
    let host = &hosts.hosts[0];
    let (app, admin) = server().await;
    let machine = hosts.enrol(&admin, host).await;
    let before = host.sshd_log().len();
    let port = "22".to_owned();
    let form = [
        ("id", &*machine.to_string()),
        ("machine[name]", &host.name),
        ("machine[host]", &host.address),
        ("machine[port]", &port),
        ("machine[user]", &hosts.user),
        ("machine[key_mode]", "generate"),
        ("machine[tags]", "env=lab"),
    ];
    admin.ask::<()>("/api/machines/edit", &form).await;
    let row = reaches(&admin, machine, LinkState::Unreachable, Duration::from_secs(20)).await;
    assert!(
        row.reason.as_deref().unwrap().contains("authorized_keys") && row.tags == ["env=lab"],
        "{row:?}"
    );
    let key = detail(&admin, machine).await.key.unwrap();
    host.run(&[
        "sh",
        "-c",
        &format!("echo '{}' >> /home/polly/.ssh/authorized_keys", key.public_line.trim()),
    ]);
    reaches(&admin, machine, LinkState::Online, Duration::from_secs(90)).await;
    let accepted: Vec<String> = host.sshd_log()[before..]
        .lines()
        .filter(|line| line.contains("Accepted publickey"))
        .map(str::to_owned)
        .collect();
    assert!(
        accepted.len() == 1 && accepted[0].contains(&key.fingerprint),
        "{accepted:?}"
    );
    app.stop().await;
}
