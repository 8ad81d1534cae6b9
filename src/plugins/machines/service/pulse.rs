//! The heartbeat: one small `sh` on the host that answers each line it is sent. No answer three times means
//! that the link is dead, whatever ssh believes. It is the first channel of a link, which makes sshd turn off
//! Nagle's delay for all that follow; the collector will take its place.

use super::ssh::mux::{Channel, Mux};
use crate::error::{AppError, AppResult, ErrorKind};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::watch,
    time::{sleep, timeout},
};

/// Answers each line with the mark and the line; ends when its input does.
const SCRIPT: &str = "while read -r n; do printf '%s %s\\n' \"$0\" \"$n\" || exit; done";
const FIRST_DEADLINE: Duration = Duration::from_secs(10);
const MISSED_IS_DEAD: u32 = 3;
/// What rc files may print before the first answer is dropped beyond this.
const NOISE_BYTES: usize = 8 * 1024;

/// A started heartbeat.
pub struct Pulse {
    channel: Channel,
    mark: String,
    count: u64,
    seen: Vec<u8>,
}

impl Pulse {
    /// Starts the shell and waits for its first answer. Errors: `HostUnreachable` or `Timeout`.
    pub async fn start(mux: &Mux) -> AppResult<Self> {
        let mark = format!("polly-{:016x}", rand::random::<u64>());
        let begin = async {
            let channel = mux.channel(&["sh", "-c", SCRIPT, &mark]).await?;
            let mut pulse = Self {
                channel,
                mark: mark.clone(),
                count: 0,
                seen: Vec::new(),
            };
            pulse.beat().await.map(|()| pulse)
        };
        let silent = || {
            AppError::new(
                ErrorKind::Timeout,
                "The login works, but no command answers. Check the account's shell and its start-up files on the host.",
            )
        };
        timeout(FIRST_DEADLINE, begin).await.unwrap_or_else(|_| Err(silent()))
    }

    /// Beats each `every` until the link is dead; `late` tells while an answer is overdue.
    pub async fn run(&mut self, every: Duration, late: &watch::Sender<bool>) {
        let mut missed = 0;
        while missed < MISSED_IS_DEAD {
            sleep(every).await;
            match timeout(every, self.beat()).await {
                Ok(Ok(())) => missed = 0,
                Ok(Err(_)) => return,
                Err(_) => missed += 1,
            }
            late.send_if_modified(|late| std::mem::replace(late, missed > 0) != (missed > 0));
        }
    }

    async fn beat(&mut self) -> AppResult<()> {
        self.count += 1;
        let (line, answer) = (format!("{}\n", self.count), format!("{} {}\n", self.mark, self.count));
        self.channel
            .stdin
            .write_all(line.as_bytes())
            .await
            .map_err(|_| gone())?;
        let mut bytes = [0; 1024];
        while !contains(&self.seen, answer.as_bytes()) {
            if self.seen.len() > NOISE_BYTES {
                self.seen.drain(..self.seen.len() - answer.len());
            }
            match self.channel.stdout.read(&mut bytes).await {
                Ok(n) if n > 0 => self.seen.extend_from_slice(&bytes[..n]),
                _ => return Err(gone()),
            }
        }
        self.seen.clear();
        Ok(())
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn gone() -> AppError {
    AppError::new(
        ErrorKind::HostUnreachable,
        "The login works, but the host ends every command at once. Check that the account has a shell (not nologin).",
    )
}
