//! The one integration binary: the real router on a temporary SQLite, and (module `lab`) real hosts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should say so and end"
)]
#![recursion_limit = "256"]

mod app;
mod architecture;
mod audit;
mod auth;
mod authz_coverage;
mod config;
mod lab;
mod limits;
mod live;
mod machines;
mod plugins;
mod process;
mod sessions;
mod web;
