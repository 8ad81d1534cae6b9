//! Settings of the whole installation: plugins on and off.

pub mod api;
#[cfg(feature = "ssr")]
pub mod service;
pub mod ui;
