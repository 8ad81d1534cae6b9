//! Who did what, when, from where, and how it ended: append-only and hash-chained.
//!
//! A change of our own data writes its row in the same transaction; a remote action writes an intent
//! before and an outcome after. If the row cannot be written, the action does not happen.

pub mod api;
pub mod model;
#[cfg(feature = "ssr")]
pub mod service;
pub mod ui;
