//! The server's own machinery, behind one gate: configuration, database, secrets, HTTP, the plugin
//! manager, and the composition of them all ([`state::Core`]). Server only.

pub mod clock;
pub mod config;
pub mod db;
pub mod health;
pub mod http;
pub mod manager;
pub mod metrics;
pub mod net;
pub mod plugin;
pub mod rings;
pub mod run;
pub mod secrets;
pub mod services;
pub mod state;
pub mod tasks;
pub mod telemetry;
pub mod text;
