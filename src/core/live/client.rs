//! The page's end of the live socket. One socket per tab; components subscribe through [`live_rows`] (every row
//! of some shards), [`live_window`] (what the server picks of many rows) and [`live_events`]. On the server they
//! are plain signals; in the browser they move by themselves.

mod window;

pub use super::model::row_key;
pub use window::{LiveWindow, live_window};

use super::model::{ConnState, RowKey, Rows, RowsEvent, ShardSeq};
use leptos::prelude::*;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

#[cfg(feature = "hydrate")]
#[path = "browser.rs"]
mod browser;

/// What the whole page knows of the line; in the context of the app.
#[derive(Clone, Copy)]
pub struct Line {
    pub state: RwSignal<ConnState>,
    /// The server is of another build than this page.
    pub outdated: RwSignal<bool>,
    /// Frames that the server had to drop for this tab, all together.
    pub missed: RwSignal<u64>,
    /// Why the server ended the session, if it did.
    pub ended: RwSignal<Option<String>>,
}

/// Provides the line; called once, by the app.
pub fn provide_line() -> Line {
    let line = Line {
        state: RwSignal::new(ConnState::Connecting),
        outdated: RwSignal::new(false),
        missed: RwSignal::new(0),
        ended: RwSignal::new(None),
    };
    provide_context(line);
    line
}

/// Opens the socket, if it is not open yet. Does nothing on the server.
pub fn connect(line: Line) {
    #[cfg(feature = "hydrate")]
    browser::connect(line);
    #[cfg(not(feature = "hydrate"))]
    let _ = line;
}

/// The server said that this page is of an older build.
pub fn outdated() {
    #[cfg(feature = "hydrate")]
    browser::outdated();
}

/// A message of one subscription.
#[derive(Clone, Debug)]
pub enum LiveMessage {
    /// A frame's body; `snapshot` replaces the shard.
    Frame {
        shard: String,
        snapshot: bool,
        body: serde_json::Value,
    },
    /// The shard is gone.
    End { shard: String },
    /// What is new in a view; see `ServerMessage::Window`.
    Window(WindowNews),
}

/// What is new in a view.
#[derive(Clone, Debug)]
pub struct WindowNews {
    pub total: u32,
    pub ids: Vec<String>,
    pub rows: Vec<serde_json::Value>,
    pub readings: Vec<(u32, serde_json::Value)>,
    pub summary: Option<serde_json::Value>,
}

/// Subscribes until the calling scope ends. `have` says what the page already shows.
pub fn live_events(
    topic: &'static str,
    shards: Option<Vec<String>>,
    have: Vec<ShardSeq>,
    on: impl Fn(LiveMessage) + 'static,
) {
    #[cfg(feature = "hydrate")]
    Effect::new({
        let on = std::rc::Rc::new(on);
        move |_| {
            let id = browser::subscribe(topic, shards.clone(), have.clone(), None, on.clone());
            on_cleanup(move || browser::unsubscribe(id));
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (topic, shards, have, on);
}

/// Rows that follow the server. Keys are `shard/row`.
pub struct LiveRows<R: 'static> {
    rows: StoredValue<HashMap<String, ArcRwSignal<R>>>,
    /// Moves with every change; lists depend on it, cells on their row's own signal.
    version: RwSignal<u32>,
}
impl<R> Clone for LiveRows<R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for LiveRows<R> {}

/// Shows `initial` and keeps it true. With `shards`, only those are followed.
pub fn live_rows<R>(topic: &'static str, shards: Option<Vec<String>>, initial: Rows<R>) -> LiveRows<R>
where
    R: RowKey + Clone + PartialEq + DeserializeOwned + Send + Sync + 'static,
{
    let rows = initial
        .rows
        .into_iter()
        .map(|row| (row_key(&row), ArcRwSignal::new(row)))
        .collect();
    let this = LiveRows {
        rows: StoredValue::new(rows),
        version: RwSignal::new(0),
    };
    live_events(topic, shards, initial.seqs, move |message| this.take(message));
    this
}

impl<R> LiveRows<R>
where
    R: RowKey + Clone + PartialEq + DeserializeOwned + Send + Sync + 'static,
{
    /// The row's own signal; cells read it.
    pub fn get(self, key: &str) -> Option<ArcRwSignal<R>> {
        self.rows.try_with_value(|rows| rows.get(key).cloned()).flatten()
    }

    /// The row of this key while there is one; it may come and go.
    pub fn follow(self, key: String) -> Signal<Option<R>> {
        let found = Memo::new(move |_| {
            self.version.track();
            self.get(&key)
        });
        Signal::derive(move || found.get().map(|row| row.get()))
    }

    /// All rows, tracked: for lists, counts and filters.
    pub fn all(self) -> Vec<R> {
        self.version.track();
        self.rows
            .try_with_value(|rows| rows.values().map(|row| row.get_untracked()).collect())
            .unwrap_or_default()
    }

    fn take(self, message: LiveMessage) {
        match message {
            LiveMessage::Window(_) => {}
            LiveMessage::End { shard } => self.keep(|row| row.shard_id() != shard),
            LiveMessage::Frame { shard, body, .. } => match serde_json::from_value::<RowsEvent<R>>(body) {
                Ok(RowsEvent::Snapshot { rows }) => {
                    let keys: Vec<String> = rows.iter().map(row_key).collect();
                    self.keep(|row| row.shard_id() != shard || keys.contains(&row_key(row)));
                    rows.into_iter().for_each(|row| self.put(row));
                }
                Ok(RowsEvent::Delta { upserts, removes }) => {
                    self.keep(|row| row.shard_id() != shard || !removes.contains(&row.row_id()));
                    upserts.into_iter().for_each(|row| self.put(row));
                }
                Err(why) => leptos::logging::warn!("a live frame could not be read: {why}"),
            },
        }
        self.version.try_update(|v| *v = v.wrapping_add(1));
    }

    fn keep(self, wanted: impl Fn(&R) -> bool) {
        self.rows
            .try_update_value(|rows| rows.retain(|_, row| row.with_untracked(&wanted)));
    }

    fn put(self, row: R) {
        let key = row_key(&row);
        match self.get(&key) {
            Some(signal) if signal.with_untracked(|old| *old == row) => {}
            Some(signal) => signal.set(row),
            None => {
                self.rows
                    .try_update_value(|rows| rows.insert(key, ArcRwSignal::new(row)));
            }
        }
    }
}
