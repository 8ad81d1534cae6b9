//! Reading from the engine with bounds: bollard collects an answer of any size and waits for it for any
//! time, which a host may use against everybody. One connection per answer; dropping it ends it.

use crate::error::{AppError, AppResult, ErrorKind};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{
    Request, StatusCode,
    body::Incoming,
    client::conn::http1::{self, Connection},
    header,
};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use std::{path::Path, pin::Pin, time::Duration};
use tokio::{net::UnixStream, time::timeout};

/// The longest error text that is read of an answer.
const ERROR_BYTES: usize = 16 << 10;
/// The longest error text that is shown, in characters.
const ERROR_CHARS: usize = 500;

/// An answer whose body is still on its way.
pub(in crate::plugins::docker::service) struct Answer {
    body: Incoming,
    /// Drives the body; polled beside it, so that no task is needed.
    connection: Pin<Box<Connection<TokioIo<UnixStream>, Empty<Bytes>>>>,
    over: bool,
    patience: Duration,
}

/// Asks the engine behind `socket` for `target` (path and query). Each wait for it ends after `patience`.
pub(super) async fn get(socket: &Path, target: &str, patience: Duration) -> AppResult<Answer> {
    let mut answer = timeout(patience, ask(socket, target, patience))
        .await
        .map_err(|_| silent(patience))??;
    if answer.0.is_success() {
        return Ok(answer.1);
    }
    let text = answer.1.bytes(ERROR_BYTES).await.unwrap_or_default();
    Err(refused(answer.0, &text))
}

async fn ask(socket: &Path, target: &str, patience: Duration) -> AppResult<(StatusCode, Answer)> {
    let stream = UnixStream::connect(socket).await.map_err(|e| unreachable(&e))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|e| broken(&e))?;
    let request = Request::get(target)
        .header(header::HOST, "docker")
        .body(Empty::new())
        .map_err(AppError::internal)?;
    let mut connection = Box::pin(connection);
    let mut over = false;
    let mut asked = std::pin::pin!(sender.send_request(request));
    let response = loop {
        tokio::select! {
            biased;
            response = &mut asked => break response.map_err(|e| broken(&e))?,
            _ = &mut connection, if !over => over = true,
        }
    };
    let (head, body) = response.into_parts();
    let answer = Answer {
        body,
        connection,
        over,
        patience,
    };
    Ok((head.status, answer))
}

impl Answer {
    /// The next piece of the body, whenever it comes; `None` at its end. A body that was cut short is an error.
    /// Cancel-safe.
    pub async fn chunk(&mut self) -> AppResult<Option<Bytes>> {
        loop {
            tokio::select! {
                biased;
                frame = self.body.frame() => match frame {
                    None => return Ok(None),
                    Some(Err(why)) => return Err(broken(&why)),
                    Some(Ok(frame)) => if let Ok(data) = frame.into_data() { return Ok(Some(data)) },
                },
                _ = &mut self.connection, if !self.over => self.over = true,
            }
        }
    }

    /// The whole body. Errors: `Upstream` when it is longer than `limit`, `Timeout` when nothing comes for too
    /// long, or the whole takes four times as long.
    pub async fn bytes(&mut self, limit: usize) -> AppResult<Vec<u8>> {
        timeout(self.patience * 4, self.read(limit))
            .await
            .map_err(|_| silent(self.patience * 4))?
    }

    async fn read(&mut self, limit: usize) -> AppResult<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(chunk) = timeout(self.patience, self.chunk())
            .await
            .map_err(|_| silent(self.patience))??
        {
            if all.len() + chunk.len() > limit {
                return Err(AppError::new(
                    ErrorKind::Upstream,
                    format!(
                        "The engine's answer is longer than {} MiB and was not read. Look at it on the host with the docker command.",
                        limit >> 20
                    ),
                ));
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all)
    }

    /// The whole body, read as JSON.
    pub async fn json<T: DeserializeOwned>(mut self, limit: usize) -> AppResult<T> {
        let bytes = self.bytes(limit).await?;
        serde_json::from_slice(&bytes).map_err(|why| {
            AppError::new(
                ErrorKind::Upstream,
                format!("The engine's answer could not be read ({why}). Check it on the host: docker info."),
            )
        })
    }
}

/// Text of a host in a sentence of ours: cut, and without control characters.
pub(super) fn clean(text: &str, chars: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(chars).collect()
}

fn refused(status: StatusCode, body: &[u8]) -> AppError {
    if status == StatusCode::NOT_FOUND {
        return AppError::new(
            ErrorKind::NotFound,
            "The engine says that there is no such container any more.",
        );
    }
    #[derive(serde::Deserialize)]
    struct Said {
        message: String,
    }
    let text = serde_json::from_slice::<Said>(body)
        .map_or_else(|_| String::from_utf8_lossy(body).into_owned(), |said| said.message);
    AppError::new(
        ErrorKind::Upstream,
        format!(
            "The engine refused with {}: {}",
            status.as_u16(),
            clean(&text, ERROR_CHARS)
        ),
    )
}

fn silent(patience: Duration) -> AppError {
    AppError::new(
        ErrorKind::Timeout,
        format!(
            "The Docker engine did not answer within {} s. Check it on the host: docker info.",
            patience.as_secs()
        ),
    )
}

fn unreachable(why: &std::io::Error) -> AppError {
    AppError::new(
        ErrorKind::HostUnreachable,
        format!("The Docker engine cannot be reached: {why}"),
    )
}

fn broken(why: &hyper::Error) -> AppError {
    AppError::new(
        ErrorKind::HostUnreachable,
        format!(
            "The Docker engine ended its answer before it was whole ({why}); it is restarting, or the line was cut."
        ),
    )
}
