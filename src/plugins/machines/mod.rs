//! The fleet: which hosts there are, the one verified SSH link to each, and what other plugins may do over it.

pub mod model;
#[cfg(feature = "ssr")]
pub mod service;
