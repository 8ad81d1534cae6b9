//! Who is asking, and whether they may: users, sessions, and the only way to get an `Authorized<T, A>`.

pub mod api;
pub mod model;
#[cfg(feature = "ssr")]
pub mod service;
pub mod ui;
