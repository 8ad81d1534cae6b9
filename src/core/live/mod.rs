//! Live state: one WebSocket per tab carries every topic.
//!
//! A topic is split into shards, the smallest unit a right is given on (mostly: one machine). A frame
//! holds one shard, has a [`model::Seq`] and is encoded once for all sockets. Rights decide which
//! shards a socket receives, never what is in a frame.

pub mod client;
#[cfg(feature = "ssr")]
pub mod http;
pub mod model;
#[cfg(feature = "ssr")]
pub mod service;
