//! Long work: anything that can take over a second on a host. A job has targets and steps, streamed
//! output, progress, cancel, history, and outlives the request that started it.

pub mod api;
pub mod model;
#[cfg(feature = "ssr")]
pub mod service;
pub mod ui;
