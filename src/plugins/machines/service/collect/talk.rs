//! Questions and answers on one channel: a numbered line there, and back whatever it asked for up to a line of the
//! channel's mark and that number. One question at a time.

use super::script::Request;
use crate::{
    error::{AppError, AppResult, ErrorKind},
    plugins::machines::service::channel::Channel,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A longer answer is thrown away.
const ANSWER_BYTES: usize = 8 << 20;

/// A mark that nothing else on the host prints.
pub fn mark() -> String {
    format!("polly-{:016x}", rand::random::<u64>())
}

/// A conversation with the script of [`super::script`].
pub struct Talk {
    channel: Channel,
    mark: String,
    count: u64,
    /// What of the question has not been written.
    unsent: Vec<u8>,
    /// The line that ends the answer.
    end: Vec<u8>,
    seen: Vec<u8>,
    /// The end was looked for up to here.
    searched: usize,
    too_long: bool,
}

impl Talk {
    pub fn new(channel: Channel, mark: String) -> Self {
        Self {
            channel,
            mark,
            count: 0,
            unsent: Vec::new(),
            end: Vec::new(),
            seen: Vec::new(),
            searched: 0,
            too_long: false,
        }
    }

    /// Puts a question; [`Talk::answer`] sends it and waits.
    pub fn ask(&mut self, what: Request) {
        self.count += 1;
        self.unsent = format!("{} {}\n", self.count, what.letter()).into_bytes();
        self.end = format!("{} {}\n", self.mark, self.count).into_bytes();
        self.seen.clear();
        self.searched = 0;
        self.too_long = false;
    }

    /// What came before the mark of the last question; empty when it was longer than 8 MiB. May be dropped and
    /// called again. Errors: `HostUnreachable` when the channel ended.
    pub async fn answer(&mut self) -> AppResult<Vec<u8>> {
        while !self.unsent.is_empty() {
            match self.channel.stdin.write(&self.unsent).await {
                Ok(n) if n > 0 => drop(self.unsent.drain(..n)),
                _ => return Err(gone()),
            }
        }
        let mut bytes = vec![0; 16 * 1024];
        loop {
            if let Some(answer) = self.take_answer() {
                return Ok(answer);
            }
            match self.channel.stdout.read(&mut bytes).await {
                Ok(n) if n > 0 => self.seen.extend_from_slice(&bytes[..n]),
                _ => return Err(gone()),
            }
        }
    }

    fn take_answer(&mut self) -> Option<Vec<u8>> {
        let from = self.searched.saturating_sub(self.end.len());
        let found = self.seen[from..].windows(self.end.len()).position(|w| w == self.end);
        if let Some(at) = found {
            self.seen.truncate(if self.too_long { 0 } else { from + at });
            return Some(std::mem::take(&mut self.seen));
        }
        if self.seen.len() > ANSWER_BYTES {
            // only the end is still of interest: it says that the host lives
            self.seen.drain(..self.seen.len() - self.end.len());
            self.too_long = true;
        }
        self.searched = self.seen.len();
        None
    }
}

fn gone() -> AppError {
    AppError::new(
        ErrorKind::HostUnreachable,
        "The login works, but the host ends every command at once. Check that the account has a shell (not nologin).",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::{io::DuplexStream, time::timeout};

    /// A conversation, and the host's ends of it: what it is asked, what it says.
    fn pair() -> (Talk, DuplexStream, DuplexStream) {
        let ((stdin, asked), (said, stdout)) = (tokio::io::duplex(64), tokio::io::duplex(1 << 16));
        (
            Talk::new(Channel::new(stdin, stdout, ()), "polly-7".to_owned()),
            asked,
            said,
        )
    }

    #[tokio::test]
    async fn an_answer_ends_at_its_own_mark_however_it_is_split_and_whatever_is_printed_before() {
        let (mut talk, mut asked, mut said) = pair();
        for (n, body) in [(1, "Welcome!\npolly-7 2\n"), (2, "a:1\nb:2\n"), (3, "")] {
            talk.ask(Request::Read);
            assert!(
                timeout(Duration::from_millis(5), talk.answer()).await.is_err(),
                "may be dropped and called again"
            );
            let mut line = vec![0; 64];
            let got = asked.read(&mut line).await.unwrap();
            assert_eq!(&line[..got], format!("{n} r\n").as_bytes(), "was sent once");
            let text = format!("{body}polly-7 {n}\n");
            let saying = async {
                for byte in text.bytes() {
                    said.write_all(&[byte]).await.unwrap();
                    tokio::task::yield_now().await;
                }
            };
            let (answer, ()) = tokio::join!(talk.answer(), saying);
            assert_eq!(answer.unwrap(), body.as_bytes());
        }
    }

    #[tokio::test]
    async fn an_endless_answer_is_thrown_away_and_an_ended_channel_is_told() {
        let (mut talk, _asked, mut said) = pair();
        talk.ask(Request::Read);
        let saying = async {
            let line = vec![b'x'; 1 << 16];
            for _ in 0..140 {
                said.write_all(&line).await.unwrap();
            }
            said.write_all(b"polly-7 1\n").await.unwrap();
        };
        let (answer, ()) = tokio::join!(talk.answer(), saying);
        assert_eq!(answer.unwrap(), b"");
        talk.ask(Request::Read);
        drop(said);
        assert_eq!(talk.answer().await.unwrap_err().kind, ErrorKind::HostUnreachable);
    }
}
