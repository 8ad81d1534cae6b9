//! Followed logs over lines that break: each line once, none lost.

use super::hosts::{Lab, container, detail, lab, reaches, server};
use crate::live::Socket;
use pollysystem::plugins::{
    docker::model::{ContainerState, LogEvent, LogState, log_shard},
    machines::model::LinkState,
};
use std::time::Duration;

/// What a page has of the log.
#[derive(Default)]
struct Page {
    /// The number that the container wrote, of each line in turn.
    written: Vec<u64>,
    /// How often the following broke.
    broken: usize,
    following: bool,
}

impl Page {
    /// Reads until `enough`. The lines must be numbered one after another, by the server and by the container.
    async fn reads(&mut self, socket: &mut Socket, mut enough: impl FnMut(&Self) -> bool) {
        while !enough(self) {
            match socket
                .log_event_within(Duration::from_secs(60))
                .await
                .expect("the log goes on")
            {
                LogEvent::Lines { lines } => self.lines(lines.iter().map(|line| line.text.as_str())),
                LogEvent::Snapshot { lines, state, .. } => {
                    assert!(self.written.is_empty(), "a page that reads gets no second snapshot");
                    self.following = state == LogState::Following;
                    self.lines(lines.iter().map(|line| line.text.as_str()));
                }
                LogEvent::State(state) => {
                    self.broken += usize::from(matches!(state, LogState::Broken(_)));
                    self.following = state == LogState::Following;
                }
            }
        }
    }
    fn lines<'a>(&mut self, lines: impl Iterator<Item = &'a str>) {
        for line in lines {
            let n: u64 = line.strip_prefix("line ").unwrap().parse().unwrap();
            assert!(
                self.written.last().is_none_or(|last| last + 1 == n),
                "{n} after {:?}",
                self.written.last()
            );
            self.written.push(n);
        }
    }
}

#[tokio::test]
async fn a_log_that_is_followed_over_a_line_that_is_cut_has_every_line_once() {
    let hosts = Lab::read();
    let host = &hosts.hosts[2];
    host.clean();
    let script = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.05; done";
    host.run(&[
        "docker",
        "run",
        "-d",
        "--name",
        "writer",
        "busybox:1.35",
        "sh",
        "-c",
        script,
    ]);
    let (app, admin) = server().await;
    let machine = hosts.enrol(&admin, host).await;
    let writer = container(&admin, machine, "writer", |c| c.state == ContainerState::Running).await;
    let mut socket = Socket::of(&admin).await;
    socket.follow(&log_shard(machine, &writer.id)).await;
    let mut page = Page::default();
    page.reads(&mut socket, |page| page.following && page.written.len() > 20)
        .await;

    lab(&["cut", &host.name]);
    page.reads(&mut socket, |page| page.broken > 0).await;
    let before = page.written.len();
    lab(&["mend", &host.name]);
    page.reads(&mut socket, |page| page.following && page.written.len() > before + 20)
        .await;
    reaches(&admin, machine, LinkState::Online, Duration::from_secs(100)).await;
    let tail = host.run(&["docker", "logs", "--tail", "1", "writer"]);
    let last = tail.strip_prefix("line ").and_then(|n| n.parse::<u64>().ok());
    page.reads(&mut socket, |page| page.written.last().copied() >= last)
        .await;
    assert!(
        detail(&admin, machine).await.connects.len() > 1,
        "the line was really broken"
    );
    host.clean();
    app.stop().await;
}
