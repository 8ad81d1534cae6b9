//! Wire types of the live socket. JSON text frames, at most 64 KiB from the browser. Enums are tagged
//! from outside, here and in every topic: an inner tag costs the bundle a second decoder per type.

use serde::{Deserialize, Serialize};

/// Where a frame stands in its shard's history. `epoch` is given anew by each process that owns the
/// shard; `n` counts from 0 (the state before the first frame) within it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Seq {
    pub epoch: u32,
    pub n: u32,
}

/// One shard of one topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ShardKey {
    pub topic: String,
    pub shard: String,
}

impl ShardKey {
    pub fn new(topic: &str, shard: impl ToString) -> Self {
        Self {
            topic: topic.to_owned(),
            shard: shard.to_string(),
        }
    }
}

/// A shard and how much of it the receiver already has: stands in server-rendered data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardSeq {
    pub shard: String,
    pub seq: Seq,
}

/// Which rows of a topic a page shows. The server answers with [`ServerMessage::Window`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct View {
    /// The page's filter text, as in its URL.
    pub filter: String,
    /// Column name, `-` before it for descending; unknown names mean the default order.
    pub sort: String,
    pub offset: u32,
    pub limit: u32,
}

/// Number of one subscription within a socket, chosen by the browser.
pub type SubId = u32;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientMessage {
    Subscribe {
        sub: SubId,
        topic: String,
        /// What the page has already; shards not named here get a snapshot.
        #[serde(default)]
        have: Vec<ShardSeq>,
        /// Only these shards; `None` is every shard that the user may see, later ones included.
        #[serde(default)]
        shards: Option<Vec<String>>,
        #[serde(default)]
        view: Option<View>,
    },
    Unsubscribe {
        sub: SubId,
    },
    Ping,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerMessage {
    /// First message of a socket.
    Hello {
        build_id: String,
    },
    /// New state of one shard; `body` is the topic's event type. With `snapshot` it replaces all before.
    Frame {
        topic: String,
        shard: String,
        seq: Seq,
        snapshot: bool,
        body: serde_json::Value,
    },
    /// `missed` frames of this shard were dropped because the browser was too slow; a snapshot follows.
    Gap {
        topic: String,
        shard: String,
        missed: u64,
    },
    /// The shard is gone, or the user may no longer see it.
    End {
        topic: String,
        shard: String,
    },
    /// The rows that the view shows now, in order, as `shard/row`; the rest is what is new since the last window.
    Window {
        sub: SubId,
        /// Rows that match the filter, shown or not.
        total: u32,
        ids: Vec<String>,
        /// Rows that came into it or changed.
        rows: Vec<serde_json::Value>,
        /// What moves with every reading, by place in `ids`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        readings: Vec<(u32, serde_json::Value)>,
        /// What the topic says of the whole list; `None` when it is as before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<serde_json::Value>,
    },
    /// The subscription was refused.
    Refused {
        sub: SubId,
        message: String,
    },
    Pong,
    /// The server is stopping, or the session ended; `reconnect` tells which.
    Bye {
        reconnect: bool,
        message: String,
    },
}

/// A row of a live list, as both ends know it.
pub trait RowKey {
    /// The shard it belongs to.
    fn shard_id(&self) -> String;
    /// Unique within its shard.
    fn row_id(&self) -> String;
}

/// What travels on a topic of rows; `R` is the row's type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowsEvent<R> {
    Snapshot { rows: Vec<R> },
    Delta { upserts: Vec<R>, removes: Vec<String> },
}

/// Rows as a page gets them with its first HTML: what is there, and where the stream of each shard starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rows<R> {
    pub rows: Vec<R>,
    pub seqs: Vec<ShardSeq>,
}

/// The rows of a view as a page gets them with its first HTML. Each row has a part that seldom moves (`R`) and
/// one that moves with every reading (`F`, `()` where there is none); `S` is what is said of the whole list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Window<R, F, S> {
    /// Rows that match the filter, shown or not.
    pub total: u32,
    pub rows: Vec<(R, F)>,
    pub summary: S,
}

/// The key of a row in the whole list: `shard/row`.
pub fn row_key(row: &impl RowKey) -> String {
    format!("{}/{}", row.shard_id(), row.row_id())
}

/// The state of the line, shown in the top bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnState {
    /// Not hydrated yet, or the first connect is under way.
    #[default]
    Connecting,
    Live,
    Reconnecting,
    /// No line for longer than ten seconds.
    Offline,
}
