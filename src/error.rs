//! `AppError`: the only error that crosses the wire.
//!
//! Which error where: adapters keep narrow errors of their own (`LinkFailure`, `bollard::Error`) and
//! turn them into an `AppError` at their border; services and `api.rs` speak `AppError` only.
//! `message` is always safe to show. A cause is logged once, where it becomes an `AppError`
//! ([`AppError::internal`], server only), under the request id, and is never serialised.

use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What went wrong, as far as a caller can act on it. One HTTP status each ([`ErrorKind::status`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input cannot be used; `field` names the part.
    Invalid,
    /// Nobody is logged in, or the session ended.
    Unauthenticated,
    /// Logged in, but not allowed.
    Forbidden,
    /// No such object, or none that this user may know of.
    NotFound,
    /// The object is not in a state that allows this (name taken, already running, ...).
    Conflict,
    /// The page was built by another version of the server: reload.
    Outdated,
    /// Too many requests.
    RateLimited,
    /// The plugin that owns this is stopped.
    PluginDisabled,
    /// The server cannot do this now (starting, stopping, a queue is full).
    Unavailable,
    /// The host is not connected.
    HostUnreachable,
    /// The host or its engine answered with an error.
    Upstream,
    /// A deadline of ours passed.
    Timeout,
    /// A fault of ours; the log has the cause under the request id.
    Internal,
}

impl ErrorKind {
    /// The HTTP status of this kind.
    pub fn status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            // A status of its own: a page must tell it from a conflict before it reads the answer.
            Self::Outdated => 412,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::HostUnreachable | Self::Upstream => 502,
            Self::PluginDisabled | Self::Unavailable => 503,
            Self::Timeout => 504,
        }
    }
}

/// An error that may be shown to the person who caused it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppError {
    pub kind: ErrorKind,
    /// What happened and what to do about it, in one or two sentences.
    pub message: String,
    /// Ties this answer to the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The form field that this is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// When to try again, for [`ErrorKind::RateLimited`]; also the header `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
}

pub type AppResult<T> = Result<T, AppError>;

impl AppError {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            request_id: current_request_id(),
            field: None,
            retry_after_seconds: None,
        }
    }

    /// Bad input in `field`.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new(ErrorKind::Invalid, message)
        }
    }

    /// The answer for a missing object and for one outside the caller's scope: they must look the same.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            ErrorKind::NotFound,
            format!("There is no such {what}, or you may not see it."),
        )
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }

    pub fn unauthenticated() -> Self {
        Self::new(
            ErrorKind::Unauthenticated,
            "You are not logged in. Log in and try again.",
        )
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Forbidden, message)
    }

    /// Too much at once; it works again in so many seconds.
    pub fn rate_limited(what: &str, seconds: u32) -> Self {
        let seconds = seconds.max(1);
        let unit = if seconds == 1 { "second" } else { "seconds" };
        Self {
            retry_after_seconds: Some(seconds),
            ..Self::new(ErrorKind::RateLimited, format!("{what} Try again in {seconds} {unit}."))
        }
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// A fault of ours: the cause goes to the log, the caller gets a request id to quote.
    #[cfg(feature = "ssr")]
    #[track_caller]
    pub fn internal(cause: impl fmt::Display) -> Self {
        let at = std::panic::Location::caller();
        tracing::error!(error.cause = %cause, error.at = %at, "internal error");
        Self::new(
            ErrorKind::Internal,
            "Something went wrong on the server. The log has the cause under this request id.",
        )
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
impl std::error::Error for AppError {}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;
    fn from_server_fn_error(value: ServerFnErrorErr) -> Self {
        match value {
            ServerFnErrorErr::Request(_) => {
                Self::unavailable("The server cannot be reached. Check the connection; nothing was lost.")
            }
            ServerFnErrorErr::Args(why) | ServerFnErrorErr::MissingArg(why) => {
                Self::new(ErrorKind::Invalid, format!("The request could not be read: {why}"))
            }
            ServerFnErrorErr::Deserialization(_) => Self::new(
                ErrorKind::Outdated,
                "The answer could not be read. Reload the page to get the server's version.",
            ),
            other => Self::new(ErrorKind::Internal, format!("The call failed: {other}")),
        }
    }
}

#[cfg(feature = "ssr")]
tokio::task_local! {
    /// The id of the request (or job) that this task works for.
    pub static REQUEST_ID: String;
}

#[cfg(feature = "ssr")]
pub fn current_request_id() -> Option<String> {
    REQUEST_ID.try_with(Clone::clone).ok()
}
#[cfg(not(feature = "ssr"))]
fn current_request_id() -> Option<String> {
    None
}
