//! A part of a log, read once.

use super::{follow::is_terminal, lines::LineReader};
use crate::{
    core::lines::LogLine,
    error::{AppError, AppResult, ErrorKind},
    plugins::docker::{
        model::ContainerId,
        service::engine::{Engine, LogRange},
    },
};
use std::time::Duration;
use tokio::time::timeout;

const WITHIN: Duration = Duration::from_secs(15);
/// Text of the lines together; what comes after is not read.
const BYTES: usize = 2 << 20;

/// The newest `most` lines as the engine has them, numbered from 1.
pub(super) async fn tail_of(engine: &Engine, id: &ContainerId, most: u32) -> AppResult<Vec<LogLine>> {
    let reading = async {
        let mut reader = LineReader::new(is_terminal(engine, id).await?);
        let mut answer = engine.logs(id, LogRange::Tail(most), false).await?;
        let (mut lines, mut bytes) = (Vec::new(), 0);
        while let Some(chunk) = answer.chunk().await? {
            reader.feed(&chunk)?;
            for line in reader.lines() {
                bytes += line.text.len();
                lines.push(line);
            }
            if bytes > BYTES {
                break;
            }
        }
        reader.finish();
        lines.extend(reader.lines());
        Ok::<_, AppError>(lines)
    };
    let mut lines: Vec<LogLine> = timeout(WITHIN, reading).await.map_err(|_| late())??;
    for (n, line) in (1..).zip(&mut lines) {
        line.n = n;
    }
    Ok(lines)
}

/// Every line, for tests.
#[cfg(test)]
pub(in crate::plugins::docker::service) async fn read_all(
    engine: &Engine,
    id: &ContainerId,
) -> AppResult<Vec<LogLine>> {
    tail_of(engine, id, 10_000).await
}

fn late() -> AppError {
    AppError::new(
        ErrorKind::Timeout,
        format!(
            "The log could not be read within {} s. Try it on the host: docker logs.",
            WITHIN.as_secs()
        ),
    )
}
