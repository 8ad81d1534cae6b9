//! Settings of the whole installation: plugins on and off.

pub mod api;
pub mod ui;
