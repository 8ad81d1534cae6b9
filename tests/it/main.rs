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
mod container;
mod fake_engine;
mod fleet;
mod lab;
mod limits;
mod live;
mod live_faults;
mod machines;
mod pages;
mod plugins;
mod process;
mod rights;
mod rows;
mod scope;
mod sessions;
mod slow_engine;
mod stop_under_load;
mod users;
mod web;
