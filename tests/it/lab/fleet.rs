//! The main job on real hosts.

use super::hosts::{Lab, act, add_stranger_key, container, containers, detail, lab, reaches, server, trust};
use crate::app::eventually;
use pollysystem::{
    core::{audit::model::Phase, jobs::model::JobState},
    plugins::{docker::model::ContainerState, machines::model::LinkState},
};
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_host_is_enrolled_its_containers_seen_and_one_stopped() {
    let lab = Lab::read();
    let host = &lab.hosts[0];
    host.clean();
    host.run(&[
        "docker",
        "run",
        "-d",
        "--name",
        "web",
        "-p",
        "8080:80",
        "busybox:1.35",
        "httpd",
        "-f",
        "-p",
        "80",
    ]);
    let (app, admin) = server().await;
    let machine = lab.enrol(&admin, host).await;
    let web = container(&admin, machine, "web", |c| c.state == ContainerState::Running).await;
    assert_eq!(
        (
            web.image.as_str(),
            web.machine_name.as_str(),
            web.ports[0].label().as_str()
        ),
        ("busybox:1.35", "h1", "8080→80/tcp")
    );
    let html = admin.html("/containers").await;
    assert!(
        html.contains("web") && html.contains("8080→80/tcp") && html.contains("h1"),
        "whole in the first HTML"
    );

    let stopped = act(&admin, "stop", &web).await;
    assert_eq!(stopped.job.summary.state, JobState::Succeeded, "{:?}", stopped.job);
    container(&admin, machine, "web", |c| c.state == ContainerState::Exited).await;
    assert_eq!(
        host.run(&["docker", "inspect", "-f", "{{.State.Running}}", "web"]),
        "false"
    );
    act(&admin, "start", &web).await;
    container(&admin, machine, "web", |c| c.state == ContainerState::Running).await;

    let rows = app.server.core.audit.list(None, 100, None).await.unwrap();
    let of = |phase| {
        rows.iter()
            .filter(|r| r.action == "docker.containers.stop" && r.phase == phase)
            .count()
    };
    assert_eq!(
        (of(Phase::Intent), of(Phase::Outcome)),
        (1, 1),
        "written before and after"
    );
    assert!(app.server.core.audit.verify().await.unwrap() > 5);
    app.stop().await;
}

#[tokio::test]
async fn what_the_docker_cli_does_on_the_host_shows_within_a_second() {
    let lab = Lab::read();
    let host = &lab.hosts[0];
    host.clean();
    let (app, admin) = server().await;
    let machine = lab.enrol(&admin, host).await;
    eventually("the engine is watched", Duration::from_secs(10), async || {
        let fleet: pollysystem::plugins::docker::model::Fleet = admin.ask("/api/docker/fleet", &[]).await;
        fleet.engines.rows.iter().any(|e| e.watching).then_some(())
    })
    .await;
    for round in 0..3 {
        let name = format!("late-{round}");
        host.run(&["docker", "run", "-d", "--name", &name, "busybox:1.35", "sleep", "600"]);
        let asked = Instant::now();
        container(&admin, machine, &name, |c| c.state == ContainerState::Running).await;
        assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
        host.run(&["docker", "rm", "-f", &name]);
        eventually("it is gone", Duration::from_secs(1), async || {
            containers(&admin).await.is_empty().then_some(())
        })
        .await;
    }
    app.stop().await;
}

#[tokio::test]
async fn sh_01_no_authentication_is_tried_before_a_person_accepted_the_keys() {
    let lab = Lab::read();
    let host = &lab.hosts[1];
    let before = host.sshd_log().len();
    let (app, admin) = server().await;
    let machine = lab.add(&admin, host).await;
    let seen = eventually("the keys are shown", Duration::from_secs(20), async || {
        let detail = detail(&admin, machine).await;
        (!detail.offered.is_empty()).then_some(detail)
    })
    .await;
    assert_eq!(seen.row.state, LinkState::Untrusted);
    assert!(
        seen.offered.iter().any(|k| k.fingerprint == host.fingerprint),
        "as the host itself says: {}",
        host.fingerprint
    );
    let log = host.sshd_log()[before..].to_owned();
    assert!(
        !log.contains("Accepted") && !log.contains("Failed") && !log.contains(&lab.user),
        "no authentication was tried:\n{log}"
    );
    add_stranger_key(&admin, machine).await;
    assert_eq!(
        detail(&admin, machine).await.row.state,
        LinkState::Untrusted,
        "a fingerprint that nobody offered is not accepted"
    );
    trust(&admin, machine).await;
    reaches(&admin, machine, LinkState::Online, Duration::from_secs(20)).await;
    assert!(host.sshd_log()[before..].contains("Accepted publickey"));
    app.stop().await;
}

#[tokio::test]
async fn sh_02_a_changed_host_key_stops_all_work_until_both_were_seen() {
    let hosts = Lab::read();
    let host = &hosts.hosts[1];
    host.clean();
    host.run(&["docker", "run", "-d", "--name", "kept", "busybox:1.35", "sleep", "600"]);
    let (app, admin) = server().await;
    let machine = hosts.enrol(&admin, host).await;
    let kept = container(&admin, machine, "kept", |_| true).await;
    lab(&["newkey", &host.name]);
    // The probe's period is two seconds here.
    let row = reaches(&admin, machine, LinkState::HostKeyChanged, Duration::from_secs(15)).await;
    let reason = row.reason.unwrap_or_default();
    assert!(reason.contains(&host.fingerprint), "the old one is named: {reason}");
    let refused = act(&admin, "stop", &kept).await;
    assert_eq!(refused.job.summary.state, JobState::Failed);
    assert_eq!(
        host.run(&["docker", "inspect", "-f", "{{.State.Running}}", "kept"]),
        "true",
        "nothing was done"
    );
    trust(&admin, machine).await;
    reaches(&admin, machine, LinkState::Online, Duration::from_secs(20)).await;
    app.stop().await;
}

#[tokio::test]
async fn a_host_that_dies_is_told_and_comes_back_by_itself() {
    let hosts = Lab::read();
    let host = &hosts.hosts[2];
    let (app, admin) = server().await;
    let machine = hosts.enrol(&admin, host).await;
    lab(&["kill", &host.name]);
    let down = eventually("the loss is seen", Duration::from_secs(45), async || {
        let detail = detail(&admin, machine).await;
        (!detail.row.state.is_up()).then_some(detail.row)
    })
    .await;
    assert!(down.reason.is_some(), "{down:?}");
    lab(&["start", &host.name]);
    reaches(&admin, machine, LinkState::Online, Duration::from_secs(90)).await;
    app.stop().await;
}

#[tokio::test]
async fn an_engine_that_restarts_is_watched_again_and_the_rows_are_the_truth() {
    let hosts = Lab::read();
    let host = &hosts.hosts[0];
    host.clean();
    host.run(&[
        "docker",
        "run",
        "-d",
        "--name",
        "before",
        "busybox:1.35",
        "sleep",
        "600",
    ]);
    let (app, admin) = server().await;
    let machine = hosts.enrol(&admin, host).await;
    container(&admin, machine, "before", |c| c.state == ContainerState::Running).await;
    host.run(&["sh", "-c", "kill $(cat /var/run/docker.pid)"]);
    eventually("the engine is missed", Duration::from_secs(20), async || {
        let fleet: pollysystem::plugins::docker::model::Fleet = admin.ask("/api/docker/fleet", &[]).await;
        fleet
            .engines
            .rows
            .iter()
            .any(|e| !e.watching && e.problem.is_some())
            .then_some(())
    })
    .await;
    lab(&["kill", &host.name]);
    lab(&["start", &host.name]);
    container(&admin, machine, "before", |c| c.state == ContainerState::Exited).await;
    app.stop().await;
}
