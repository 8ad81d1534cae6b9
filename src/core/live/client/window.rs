//! A list that the server filters, sorts and cuts. The page names a view and shows what comes for it.

use super::{LiveMessage, WindowNews};
use crate::core::live::model::{RowKey, View, Window, row_key};
use leptos::prelude::*;
use serde::de::DeserializeOwned;
use std::collections::{HashMap, HashSet};

/// The two signals of a row: what seldom moves, and its reading. Cells follow the one that they show.
type Cells<R, F> = (ArcRwSignal<R>, ArcRwSignal<F>);

/// The rows of a view, as the server picks them. Rows that stay keep their signals, and so their place in the page.
pub struct LiveWindow<R: 'static, F: 'static, S: 'static> {
    rows: StoredValue<HashMap<String, Cells<R, F>>>,
    /// Keys of the rows (`shard/row`), in order.
    pub ids: RwSignal<Vec<String>>,
    /// Rows that match the filter, shown or not.
    pub total: RwSignal<u32>,
    /// What is said of the whole list.
    pub summary: RwSignal<S>,
    /// Another view was asked for, and has not come yet.
    pub pending: RwSignal<bool>,
}
impl<R, F, S> Clone for LiveWindow<R, F, S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R, F, S> Copy for LiveWindow<R, F, S> {}

/// Shows `initial`, which is what the server had for `view`, and follows both: what changes on the server, and what
/// the page asks for. Each view is a subscription of its own, so an answer to an older one finds nobody.
pub fn live_window<R, F, S>(
    topic: &'static str,
    view: impl Into<Signal<View>>,
    initial: Window<R, F, S>,
) -> LiveWindow<R, F, S>
where
    R: RowKey + Clone + PartialEq + DeserializeOwned + Send + Sync + 'static,
    F: Clone + Default + PartialEq + DeserializeOwned + Send + Sync + 'static,
    S: Clone + PartialEq + DeserializeOwned + Send + Sync + 'static,
{
    let this = LiveWindow {
        rows: StoredValue::new(HashMap::with_capacity(initial.rows.len())),
        ids: RwSignal::new(initial.rows.iter().map(|(row, _)| row_key(row)).collect()),
        total: RwSignal::new(initial.total),
        summary: RwSignal::new(initial.summary),
        pending: RwSignal::new(false),
    };
    this.put(initial.rows);
    this.follow(topic, view.into());
    this
}

impl<R, F, S> LiveWindow<R, F, S>
where
    R: RowKey + Clone + PartialEq + DeserializeOwned + Send + Sync + 'static,
    F: Clone + Default + PartialEq + DeserializeOwned + Send + Sync + 'static,
    S: Clone + PartialEq + DeserializeOwned + Send + Sync + 'static,
{
    /// The signals of a row: what seldom moves, and its reading.
    pub fn get(self, key: &str) -> Option<Cells<R, F>> {
        self.rows.try_with_value(|rows| rows.get(key).cloned()).flatten()
    }

    /// Shows `window` now: what a call answered while the line is down.
    pub fn show(self, window: Window<R, F, S>) {
        let ids = window.rows.iter().map(|(row, _)| row_key(row)).collect();
        self.put(window.rows);
        self.arrange(ids, window.total, Some(window.summary));
    }

    #[cfg(feature = "hydrate")]
    fn follow(self, topic: &'static str, view: Signal<View>) {
        use super::browser;
        let on = std::rc::Rc::new(move |message| {
            if let LiveMessage::Window(news) = message {
                self.take(news);
            }
        });
        Effect::new(move |before: Option<()>| {
            let id = browser::subscribe(topic, None, Vec::new(), Some(view.get()), on.clone());
            on_cleanup(move || browser::unsubscribe(id));
            if before.is_some() {
                self.pending.set(true);
            }
        });
    }
    #[cfg(not(feature = "hydrate"))]
    fn follow(self, topic: &'static str, view: Signal<View>) {
        let _ = (
            topic,
            view,
            Self::take as fn(Self, WindowNews),
            |message: LiveMessage| message,
        );
    }

    fn take(self, news: WindowNews) {
        let decoded = || {
            let rows: Result<Vec<R>, _> = news.rows.into_iter().map(serde_json::from_value).collect();
            let summary: Option<S> = news.summary.map(serde_json::from_value).transpose()?;
            let reading = |(place, value)| serde_json::from_value::<F>(value).map(|reading| (place, reading));
            let readings: Result<Vec<(u32, F)>, _> = news.readings.into_iter().map(reading).collect();
            Ok::<_, serde_json::Error>((rows?, readings?, summary))
        };
        let (rows, readings, summary) = match decoded() {
            Ok(news) => news,
            Err(why) => return leptos::logging::warn!("a live window could not be read: {why}"),
        };
        for row in rows {
            self.put_row(row);
        }
        for (place, reading) in readings {
            if let Some((_, cell)) = news.ids.get(place as usize).and_then(|key| self.get(key)) {
                set(&cell, reading);
            }
        }
        self.arrange(news.ids, news.total, summary);
    }

    fn put(self, rows: Vec<(R, F)>) {
        for (row, reading) in rows {
            let cell = self.put_row(row);
            set(&cell, reading);
        }
    }

    /// Keeps a row and gives the signal of its reading.
    fn put_row(self, row: R) -> ArcRwSignal<F> {
        let key = row_key(&row);
        if let Some((cell, reading)) = self.get(&key) {
            set(&cell, row);
            return reading;
        }
        let reading = ArcRwSignal::new(F::default());
        let cells = (ArcRwSignal::new(row), reading.clone());
        self.rows.try_update_value(|rows| rows.insert(key, cells));
        reading
    }

    /// Puts the rows in order and forgets those that left.
    fn arrange(self, ids: Vec<String>, total: u32, summary: Option<S>) {
        let wanted: HashSet<&str> = ids.iter().map(String::as_str).collect();
        self.rows
            .try_update_value(|rows| rows.retain(|key, _| wanted.contains(key.as_str())));
        if self.ids.try_with_untracked(|old| *old != ids) == Some(true) {
            self.ids.set(ids);
        }
        if self.total.try_get_untracked() != Some(total) {
            self.total.try_set(total);
        }
        if let Some(summary) = summary {
            self.summary.try_set(summary);
        }
        self.pending.try_set(false);
    }
}

fn set<T: PartialEq + Send + Sync + 'static>(signal: &ArcRwSignal<T>, value: T) {
    if signal.with_untracked(|old| *old != value) {
        signal.set(value);
    }
}
