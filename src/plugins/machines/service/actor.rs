//! The owner of one machine's link: connects, holds, ends, waits, and begins again. Nobody else touches it.
//!
//! A change of the machine (keys accepted, disabled, connect now) is written to the database and the actor
//! woken: it ends what it has and reads anew, so there is one way through, whatever happened.

use super::{
    collect::{Collector, Desk, script},
    connect::{self, Connected},
    fleet::World,
    link::LocalLink,
    shown::Shown,
    socket,
    ssh::{failure::LinkFailure, hostkey::HostKey, probe},
    store::{self, Record, SshTarget},
};
use crate::{
    core::id::UnixMillis,
    error::AppError,
    plugins::machines::{
        model::{LinkState, MachineId},
        port::HostLink,
    },
};
use std::{convert::Infallible, future::pending, path::Path, sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

/// Runs the actor until `token` ends; one that panics is started again.
pub async fn supervise(world: Arc<World>, shown: Arc<Shown>, wake: Arc<Notify>, token: CancellationToken) {
    while !token.is_cancelled() {
        let actor = LinkActor {
            world: world.clone(),
            shown: shown.clone(),
            wake: wake.clone(),
            token: token.clone(),
        };
        if let Err(error) = tokio::spawn(actor.run()).await {
            tracing::error!(machine = %shown.id(), %error, "a machine's actor failed; it is started again");
            shown.withdraw();
            sleep(Duration::from_secs(1)).await;
        }
    }
}

struct LinkActor {
    world: Arc<World>,
    shown: Arc<Shown>,
    wake: Arc<Notify>,
    token: CancellationToken,
}

impl LinkActor {
    fn id(&self) -> MachineId {
        self.shown.id()
    }

    async fn run(self) {
        let mut current = None;
        while !self.token.is_cancelled() {
            tokio::select! {
                () = self.token.cancelled() => {}
                () = self.wake.notified() => {}
                never = self.live(&mut current) => match never {},
            }
            self.end(&mut current, "It was ended here, to begin anew or for good.")
                .await;
        }
    }

    /// The one way a link ends, whatever the reason.
    async fn end(&self, current: &mut Option<Connected>, why: &str) {
        self.shown.withdraw();
        self.shown.ended(why);
        if let Some(connected) = current.take() {
            connected.end().await;
        }
    }

    /// The life of the link until it is told to begin anew.
    async fn live(&self, current: &mut Option<Connected>) -> Infallible {
        let (record, pins) = self.read().await;
        let Some(record) = record else { return pending().await };
        match &record.ssh {
            _ if record.disabled => self.shown.state(LinkState::Disabled, None, None),
            None => self.live_local(record.docker_socket.as_deref()).await,
            Some(_) if pins.is_empty() => {
                let reason = "Compare the host's keys and accept them. Nobody logs in before that.";
                self.shown.state(LinkState::Untrusted, Some(reason.to_owned()), None);
            }
            Some(target) => self.live_ssh(&record, target, &pins, current).await,
        }
        pending().await
    }

    async fn read(&self) -> (Option<Record>, Vec<HostKey>) {
        let db = self.world.db.read();
        loop {
            let both =
                async { Ok::<_, AppError>((store::by_id(db, self.id()).await?, store::pins(db, self.id()).await?)) };
            match both.await {
                Ok(both) => return both,
                Err(error) => tracing::error!(machine = %self.id(), %error, "a machine cannot be read"),
            }
            sleep(Duration::from_secs(5)).await;
        }
    }

    async fn live_local(&self, socket: Option<&str>) {
        let link: Arc<dyn HostLink> = Arc::new(LocalLink);
        let user = local_user();
        self.shown
            .offer(link.clone(), socket::find(&*link, &user, socket).await);
        let (late, is_late) = watch::channel(false);
        tokio::join!(
            self.look_for_docker(&*link, &user, socket),
            self.collect_local(&*link, &late),
            self.tell_late(is_late),
        );
    }

    /// Never returns: a shell that ended is started again.
    async fn collect_local(&self, link: &dyn HostLink, late: &watch::Sender<bool>) {
        loop {
            match Collector::start(async { script::local() }).await {
                Ok(mut collector) => self.collect(&mut collector, link, late).await,
                Err(error) => tracing::warn!(%error, "the numbers of this host cannot be read"),
            }
            self.world.numbers.down(self.id());
            sleep(self.world.paces.docker).await;
        }
    }

    /// Returns when nothing answers any more.
    async fn collect(&self, collector: &mut Collector, link: &dyn HostLink, late: &watch::Sender<bool>) {
        let desk = Desk {
            numbers: &self.world.numbers,
            shown: &self.shown,
        };
        collector.run(self.world.paces.collect, link, &desk, late).await;
    }

    /// Never returns.
    async fn tell_late(&self, mut is_late: watch::Receiver<bool>) {
        while is_late.changed().await.is_ok() {
            let late = *is_late.borrow_and_update();
            self.shown.late(late);
        }
        pending().await
    }

    /// Returns when the host's identity is in question; all else is tried again.
    async fn live_ssh(&self, record: &Record, target: &SshTarget, pins: &[HostKey], current: &mut Option<Connected>) {
        let (first, last) = self.world.paces.retry;
        let mut pause = first;
        loop {
            self.shown.state(LinkState::Connecting, None, None);
            let mut begun = Instant::now();
            let failure = match self.connect(record, target, pins).await {
                Ok(connected) => {
                    begun = Instant::now();
                    let connected = current.insert(connected);
                    self.hold(connected, record, target, pins).await
                }
                Err(failure) => failure,
            };
            if failure.is_host_key() {
                self.end(current, &failure.sentence()).await;
                return self.stop_for_key(target, pins, failure).await;
            }
            let lasted = current.is_some() && begun.elapsed() > last;
            self.end(current, &failure.sentence()).await;
            pause = if lasted { first } else { pause };
            let wait = jittered(pause);
            tracing::info!(machine = %self.id(), reason = %failure.sentence(), wait_ms = wait.as_millis() as u64, "the link is down");
            self.shown
                .state(LinkState::Unreachable, Some(failure.sentence()), Some(in_time(wait)));
            sleep(wait).await;
            pause = (pause * 2).min(last);
        }
    }

    async fn connect(&self, record: &Record, target: &SshTarget, pins: &[HostKey]) -> Result<Connected, LinkFailure> {
        let turn = self.world.connects.acquire().await;
        let (at, begun) = (UnixMillis::now(), Instant::now());
        let connected = connect::connect(&self.world, record, target, pins).await;
        drop(turn);
        let failure = connected.as_ref().err().map(LinkFailure::sentence);
        self.shown.tried(at, begun.elapsed(), failure);
        connected
    }

    /// Stays while the link is good; gives the reason why it is not any more.
    async fn hold(
        &self,
        connected: &mut Connected,
        record: &Record,
        target: &SshTarget,
        pins: &[HostKey],
    ) -> LinkFailure {
        let control = connected.master.control();
        let Connected {
            master,
            collector,
            link,
            took_ms,
            ..
        } = connected;
        let link: Arc<dyn HostLink> = link.clone();
        self.shown.connected(*took_ms);
        let (late, is_late) = watch::channel(false);
        let (user, socket) = (target.user.as_str(), record.docker_socket.as_deref());
        let working = async {
            let look = socket::find(&*link, user, socket).await;
            self.shown.offer(link.clone(), look);
            self.look_for_docker(&*link, user, socket).await
        };
        let (collecting, probing) = (
            self.collect(collector, &*link, &late),
            watch_key(target, pins, self.world.paces.key_probe),
        );
        tokio::select! {
            failure = master.died() => failure,
            () = collecting => LinkFailure::Lost,
            failure = probing => failure,
            () = unplugged(&control, self.world.paces.collect.beat) => LinkFailure::Unplugged,
            () = self.tell_late(is_late) => LinkFailure::Lost,
            () = working => LinkFailure::Lost,
        }
    }

    /// Never returns: asks the engine again and again, and looks for one while there is none.
    async fn look_for_docker(&self, link: &dyn HostLink, user: &str, socket: Option<&str>) {
        loop {
            sleep(self.world.paces.docker).await;
            let known = self.shown.docker_now();
            if let Some(docker) = &known
                && socket::answers(link, docker).await
            {
                continue;
            }
            self.shown.docker(socket::find(link, user, socket).await);
        }
    }

    /// Nothing goes to the host any more until a person decides.
    async fn stop_for_key(&self, target: &SshTarget, pins: &[HostKey], failure: LinkFailure) {
        let offered = match failure {
            LinkFailure::HostKeyChanged { offered: Some(offered) } => Some(offered),
            _ => probe::current(&target.host, target.port, pins)
                .await
                .ok()
                .map(|key| key.fingerprint()),
        };
        let accepted: Vec<String> = pins.iter().map(HostKey::fingerprint).collect();
        let shows = offered.as_deref().unwrap_or("no key of an accepted kind");
        let reason = format!(
            "The host shows {shows}; accepted was {}. Either it was set up anew or somebody stands in between: compare the fingerprints on its console before you accept it.",
            accepted.join(", ")
        );
        tracing::warn!(machine = %self.id(), offered = shows, "the host key changed: all work on this machine stopped");
        self.shown.state(LinkState::HostKeyChanged, Some(reason), None);
        self.record_key_change(shows, &accepted).await;
    }

    async fn record_key_change(&self, offered: &str, accepted: &[String]) {
        let (audit, system) = (self.world.audit.clone(), self.world.system.clone());
        let entry = self.shown.key_change_entry(offered, accepted);
        let written = self
            .world
            .db
            .write(move |tx| Box::pin(async move { audit.change_in(tx, &system, entry).await.map(|_| ()) }))
            .await;
        if let Err(error) = written {
            tracing::error!(machine = %self.id(), %error, "a changed host key could not be written to the audit log");
        }
    }
}

/// Looks at the host's key again and again; returns when it is none of `pins`.
async fn watch_key(target: &SshTarget, pins: &[HostKey], every: Duration) -> LinkFailure {
    loop {
        sleep(jittered_by(every, 0.1)).await;
        match probe::current(&target.host, target.port, pins).await {
            Ok(key) if pins.contains(&key) => {}
            Ok(key) => {
                return LinkFailure::HostKeyChanged {
                    offered: Some(key.fingerprint()),
                };
            }
            Err(failure) if failure.is_host_key() => return failure,
            // a probe that fails for another reason says nothing about the key, and the collector watches the link
            Err(_) => {}
        }
    }
}

/// Ends when the master's control socket is gone: what stands on the link goes on, nothing new can begin.
async fn unplugged(control: &Path, every: Duration) {
    while tokio::fs::try_exists(control).await.unwrap_or(true) {
        sleep(every).await;
    }
}

/// The account that this server runs as, for the sentences about the local socket.
fn local_user() -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::getuid());
    user.ok()
        .flatten()
        .map_or_else(|| "of this server".to_owned(), |user| user.name)
}

fn jittered(pause: Duration) -> Duration {
    jittered_by(pause, 0.3)
}

/// `pause`, longer or shorter by up to the given part of it.
fn jittered_by(pause: Duration, part: f64) -> Duration {
    pause.mul_f64(1.0 - part + 2.0 * part * rand::random::<f64>())
}

fn in_time(wait: Duration) -> UnixMillis {
    UnixMillis(
        UnixMillis::now()
            .0
            .saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_within_its_part() {
        for _ in 0..100 {
            let wait = jittered(Duration::from_secs(10));
            assert!((7.0..=13.0).contains(&wait.as_secs_f64()));
        }
    }
}
