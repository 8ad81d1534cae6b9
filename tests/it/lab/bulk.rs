//! One action on containers of several hosts.

use super::hosts::{Lab, act, act_on, container, end_of, server};
use pollysystem::{
    core::jobs::model::{JobId, JobState, JobStep},
    plugins::docker::model::{ContainerRow, ContainerState},
};

/// `docker run` of a container that ends at once when asked to.
fn run(host: &super::hosts::Host, name: &str, more: &[&str]) {
    let begin = ["docker", "run", "-d", "--stop-signal", "KILL", "--name", name];
    host.run(&[&begin, more, &["busybox:1.35", "sleep", "600"]].concat());
}

fn step<'a>(steps: &'a [JobStep], row: &ContainerRow) -> &'a JobStep {
    let label = format!("{} on {}", row.name, row.machine_name);
    steps.iter().find(|step| step.target.label == label).unwrap()
}

#[tokio::test]
async fn a_bulk_restart_over_three_hosts_reports_the_one_that_fails_and_its_rerun_mends_it() {
    let lab = Lab::read();
    let (app, admin) = server().await;
    let mut rows = Vec::new();
    for host in &lab.hosts[..3] {
        host.clean();
        let port: &[&str] = if host.name == lab.hosts[1].name {
            &["-p", "8099:80"]
        } else {
            &[]
        };
        run(host, "shop", port);
        let machine = lab.enrol(&admin, host).await;
        rows.push(container(&admin, machine, "shop", |c| c.state == ContainerState::Running).await);
    }
    // While the second is down another takes its port: it cannot come back.
    let second = &lab.hosts[1];
    act(&admin, "kill", &rows[1]).await;
    container(&admin, rows[1].machine, "shop", |c| c.state == ContainerState::Exited).await;
    run(second, "squatter", &["-p", "8099:80"]);

    let job = act_on(&admin, "restart", &rows).await.job;
    assert_eq!(
        (job.summary.state, job.summary.steps_failed),
        (JobState::Failed, 1),
        "{job:?}"
    );
    for (row, state) in rows
        .iter()
        .zip([JobState::Succeeded, JobState::Failed, JobState::Succeeded])
    {
        let step = step(&job.steps, row);
        assert_eq!(
            (step.state, step.target.place.as_deref()),
            (state, Some(row.machine_name.as_str()))
        );
    }
    let why = step(&job.steps, &rows[1]).error.clone().unwrap_or_default();
    assert!(why.contains("8099"), "the engine's own reason is told: {why}");

    second.run(&["docker", "rm", "-f", "squatter"]);
    let again: JobId = admin
        .ask("/api/jobs/rerun", &[("id", &job.summary.id.to_string())])
        .await;
    let again = end_of(&admin, again).await.job;
    assert_eq!(
        (again.summary.state, again.rerun_of),
        (JobState::Succeeded, Some(job.summary.id))
    );
    assert_eq!(again.steps.len(), 1, "only what failed");
    container(&admin, rows[1].machine, "shop", |c| c.state == ContainerState::Running).await;
    app.stop().await;
}

#[tokio::test]
async fn a_container_is_paused_unpaused_killed_and_removed() {
    let lab = Lab::read();
    let host = &lab.hosts[0];
    host.clean();
    run(host, "victim", &[]);
    let (app, admin) = server().await;
    let machine = lab.enrol(&admin, host).await;
    let victim = container(&admin, machine, "victim", |c| c.state == ContainerState::Running).await;
    for (action, state) in [
        ("pause", ContainerState::Paused),
        ("unpause", ContainerState::Running),
        ("kill", ContainerState::Exited),
    ] {
        let job = act(&admin, action, &victim).await.job;
        assert_eq!(job.summary.state, JobState::Succeeded, "{action}: {job:?}");
        container(&admin, machine, "victim", |c| c.state == state).await;
    }
    let job = act(&admin, "remove", &victim).await.job;
    assert_eq!(job.summary.state, JobState::Succeeded, "{job:?}");
    crate::app::eventually("it is gone", std::time::Duration::from_secs(5), async || {
        let left = super::hosts::containers(&admin).await;
        left.iter().all(|row| row.id != victim.id).then_some(())
    })
    .await;
    assert_eq!(host.run(&["docker", "ps", "-aq"]), "");
    app.stop().await;
}
