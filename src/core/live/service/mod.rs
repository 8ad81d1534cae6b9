//! The hub: who publishes, who listens, and what a slow listener gets instead of silence.
//!
//! A publisher holds its own lock while it publishes, so the order of frames is the order of changes.
//! Lock order is always demand, publisher, topic, outbox; a snapshot is taken without the topic's lock, and
//! the frames that pass meanwhile wait in the outbox (see [`outbox`]).

mod hub;
mod outbox;
mod rows;
mod socket;

pub use hub::{Change, Hub, MAX_USER_SOCKETS, Subscriber, TopicSource, WindowRow, WindowRows};
pub use outbox::Outbox;
pub use rows::{LiveRow, RowTopic, Shards, cut};
pub use socket::LiveSocket;
