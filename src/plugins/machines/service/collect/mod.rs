//! The collector: what is measured on a machine, and the proof that it lives.
//!
//! One small `sh` on the host ([`script`]) answers each line that it is sent: with nothing but a mark (a beat) or
//! with the counters of /proc and of all control groups before it. We set the pace; nothing sleeps on the host. No
//! mark for three beats means that the link is dead, whatever ssh believes. It is the first channel of a link, which
//! makes sshd turn off Nagle's delay for all that follow. The host that the server runs on is measured by the same
//! script in a child process.
//!
//! [`parse`] reads the answers, [`meter`] makes numbers of two readings, [`Desk`] is where they go.

mod desk;
mod firsts;
mod meter;
mod parse;
pub mod script;
pub mod talk;

pub use desk::{Desk, Numbers};

use crate::{
    core::id::UnixMillis,
    error::{AppError, AppResult, ErrorKind},
    plugins::machines::port::{HostLink, Limits},
};
use firsts::Firsts;
use meter::Known;
use parse::Reading;
use script::Request;
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use talk::Talk;
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until, timeout},
};

const FIRST_DEADLINE: Duration = Duration::from_secs(10);
const MISSED_IS_DEAD: u32 = 3;
/// Between two looks at the file systems.
const SPACE: Duration = Duration::from_secs(60);
/// A file system that hangs is not asked more often than this.
const SPACE_LAST: Duration = Duration::from_secs(3_600);
const DF: Limits = Limits {
    time: Duration::from_secs(10),
    output_bytes: 64 * 1024,
};

/// How fast.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two readings.
    pub collect: Duration,
    /// Longest time without a question, and what an answer may take before it is missed.
    pub beat: Duration,
}

/// A conversation that answered once.
pub struct Collector {
    talk: Talk,
}

impl Collector {
    /// Waits for the first answer. Errors: `HostUnreachable` or `Timeout`.
    pub async fn start(open: impl Future<Output = AppResult<Talk>>) -> AppResult<Self> {
        let begin = async {
            let mut talk = open.await?;
            talk.ask(Request::Beat);
            talk.answer().await.map(|_| Self { talk })
        };
        let silent = || {
            AppError::new(
                ErrorKind::Timeout,
                "The login works, but no command answers. Check the account's shell and its start-up files on the host.",
            )
        };
        timeout(FIRST_DEADLINE, begin).await.unwrap_or_else(|_| Err(silent()))
    }

    /// Measures until the link is dead; `late` tells while an answer is overdue.
    pub async fn run(&mut self, pace: Pace, link: &dyn HostLink, desk: &Desk<'_>, late: &watch::Sender<bool>) {
        let known = Mutex::new(Known::default());
        let (look, looks) = watch::channel(Vec::new());
        let mut round = Round {
            talk: &mut self.talk,
            beat: pace.beat,
            late,
        };
        tokio::select! {
            _ = round.run(pace.collect, desk, &known, &look) => {}
            never = measure_space(link, looks, &known) => match never {},
        }
    }
}

/// Questions and answers at our pace.
struct Round<'a> {
    talk: &'a mut Talk,
    beat: Duration,
    late: &'a watch::Sender<bool>,
}

impl Round<'_> {
    /// Ends, with `None`, when the link is dead.
    async fn run(
        &mut self,
        every: Duration,
        desk: &Desk<'_>,
        known: &Mutex<Known>,
        look: &watch::Sender<Vec<String>>,
    ) -> Option<()> {
        let (asked_at, begun) = (UnixMillis::now(), Instant::now());
        let answer = self.ask(Request::Facts).await?;
        desk.facts(parse::facts(&answer, asked_at.0, begun.elapsed()));
        let (mut firsts, mut last, mut looked): (Firsts, Option<(Instant, Reading)>, Option<Instant>) =
            (Firsts::new(), None, None);
        // links that came up together are not read together for ever
        let mut due = Instant::now() + every.mul_f64(0.5 + rand::random::<f64>() / 2.0);
        loop {
            if looked.is_none_or(|at| at.elapsed() >= SPACE) {
                looked = Some(Instant::now());
                let devices = parse::devices(&self.ask(Request::Devices).await?);
                look.send_replace(parse::chosen(&devices));
                lock(known).devices = devices;
            }
            let request = firsts.request();
            let answer = self.ask(request).await?;
            let now = Instant::now();
            if !answer.is_empty() {
                let reading = parse::reading(&answer, &mut firsts.known);
                firsts.learn(request, &reading);
                let before = last.as_ref().map(|(at, reading)| (reading, now - *at));
                let sample = meter::sample(desk.machine(), UnixMillis::now(), before, &reading, &lock(known));
                desk.put(sample);
                last = Some((now, reading));
            }
            self.idle(due).await?;
            due = (due + every).max(Instant::now());
        }
    }

    /// Beats until it is time for the next reading.
    async fn idle(&mut self, due: Instant) -> Option<()> {
        while due.saturating_duration_since(Instant::now()) > self.beat {
            sleep(self.beat).await;
            self.ask(Request::Beat).await?;
        }
        sleep_until(due).await;
        Some(())
    }

    /// One answer; `None` when three beats passed without it, or the channel ended.
    async fn ask(&mut self, request: Request) -> Option<Vec<u8>> {
        self.talk.ask(request);
        for _ in 0..MISSED_IS_DEAD {
            match timeout(self.beat, self.talk.answer()).await {
                Ok(Ok(answer)) => {
                    self.tell(false);
                    return Some(answer);
                }
                Ok(Err(_)) => return None,
                Err(_) => self.tell(true),
            }
        }
        None
    }

    fn tell(&self, late: bool) {
        self.late.send_if_modified(|was| std::mem::replace(was, late) != late);
    }
}

/// Asks `df` for the space of the paths in `looks` each time they are sent. It hangs on a dead device, and what
/// hangs cannot be ended: then it is asked less and less often.
async fn measure_space(
    link: &dyn HostLink,
    mut looks: watch::Receiver<Vec<String>>,
    known: &Mutex<Known>,
) -> std::convert::Infallible {
    let mut pause = SPACE;
    while looks.changed().await.is_ok() {
        let paths = looks.borrow_and_update().clone();
        let argv: Vec<&str> = ["df", "-P", "-k", "--"]
            .into_iter()
            .chain(paths.iter().map(String::as_str))
            .collect();
        match link.exec(&argv, None, DF).await {
            Ok(output) => {
                lock(known).disks = parse::space(&output.stdout);
                pause = SPACE;
            }
            Err(error) => {
                tracing::debug!(%error, "the space of the file systems cannot be read");
                lock(known).disks.clear();
                pause = (pause * 2).min(SPACE_LAST);
                sleep(pause).await;
            }
        }
    }
    std::future::pending().await
}

fn lock(known: &Mutex<Known>) -> std::sync::MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}
