//! A program that stays, on a host or on this one: what it is written, and what it says.

use super::argv::quote;
use crate::error::{AppError, AppResult};
use std::{any::Any, process::Stdio};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    process::Command,
};

/// The two ends of a program. It is expected to end when its input does, which is when this is dropped.
pub struct Channel {
    pub stdin: Box<dyn AsyncWrite + Send + Sync + Unpin>,
    pub stdout: Box<dyn AsyncRead + Send + Sync + Unpin>,
    _program: Box<dyn Any + Send + Sync>,
}

impl Channel {
    /// `program` is kept for as long as the channel is.
    pub fn new(
        stdin: impl AsyncWrite + Send + Sync + Unpin + 'static,
        stdout: impl AsyncRead + Send + Sync + Unpin + 'static,
        program: impl Any + Send + Sync,
    ) -> Self {
        Self {
            stdin: Box::new(stdin),
            stdout: Box::new(stdout),
            _program: Box::new(program),
        }
    }

    /// Starts a program on this host. Errors: `Invalid` as over SSH, `Unavailable` when it cannot be run.
    pub fn local(argv: &[&str]) -> AppResult<Self> {
        quote(argv)?;
        let mut child = Command::new(argv[0])
            .args(&argv[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|why| AppError::unavailable(format!("{} cannot be run on this host: {why}.", argv[0])))?;
        let ends = child.stdin.take().zip(child.stdout.take());
        let (stdin, stdout) = ends.ok_or_else(|| AppError::internal("a channel has no ends"))?;
        Ok(Self::new(stdin, stdout, child))
    }
}
