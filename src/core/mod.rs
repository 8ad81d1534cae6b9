//! What every plugin stands on. `core` never names a plugin.

pub mod audit;
pub mod auth;
pub mod call;
pub mod flash;
pub mod home;
pub mod id;
pub mod jobs;
pub mod lines;
pub mod live;
pub mod palette;
pub mod plugin;
pub mod series;
#[cfg(feature = "ssr")]
pub mod server;
pub mod settings;
pub mod url;
