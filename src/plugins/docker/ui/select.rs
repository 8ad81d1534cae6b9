//! Which containers of the table are chosen. The checkboxes belong to the form of the bulk bar, so that choosing
//! works without script; with script the choice outlives pages and filters.

use super::Window;
use crate::ui::browser;
use leptos::{ev::MouseEvent, prelude::*};
use std::collections::{BTreeMap, BTreeSet};

/// Id of the form that the checkboxes belong to.
pub(super) const BULK_FORM: &str = "bulk";

#[derive(Clone, Copy)]
pub(super) struct Selection {
    window: Window,
    /// Key of each container that is chosen, with the name of its host.
    chosen: RwSignal<BTreeMap<String, String>>,
    /// All that match the filter instead, on whichever page.
    pub all: RwSignal<bool>,
    /// The box that was clicked last: where a range begins.
    last: StoredValue<Option<String>>,
}

impl Selection {
    pub fn new(window: Window) -> Self {
        Self {
            window,
            chosen: RwSignal::new(BTreeMap::new()),
            all: RwSignal::new(false),
            last: StoredValue::new(None),
        }
    }

    pub fn has(self, key: &str) -> bool {
        self.all.get() || self.chosen.with(|chosen| chosen.contains_key(key))
    }
    /// How many of the chosen are on each host.
    pub fn by_host(self) -> BTreeMap<String, u32> {
        let mut hosts = BTreeMap::new();
        self.chosen.with(|chosen| {
            for host in chosen.values() {
                *hosts.entry(host.clone()).or_default() += 1;
            }
        });
        hosts
    }
    /// The chosen ones that the table does not show now.
    pub fn elsewhere(self) -> Vec<String> {
        let shown: BTreeSet<String> = self.window.ids.get().into_iter().collect();
        self.chosen
            .with(|chosen| chosen.keys().filter(|key| !shown.contains(*key)).cloned().collect())
    }
    pub fn page_is_chosen(self) -> bool {
        let ids = self.window.ids.get();
        !ids.is_empty()
            && (self.all.get()
                || self
                    .chosen
                    .with(|chosen| ids.iter().all(|key| chosen.contains_key(key))))
    }

    pub fn clear(self) {
        self.all.set(false);
        self.last.set_value(None);
        self.chosen.update(BTreeMap::clear);
    }
    pub fn choose_page(self, on: bool) {
        self.all.set(false);
        self.put(self.window.ids.get_untracked(), on);
    }

    /// A click somewhere in the table: on a box it chooses, with Shift from the last box on.
    pub fn clicked(self, event: &MouseEvent) {
        let Some((key, on)) = browser::clicked_box(event) else {
            return;
        };
        let ids = self.window.ids.get_untracked();
        let place = |key: &str| ids.iter().position(|id| id == key);
        let last = self.last.get_value().filter(|_| event.shift_key());
        let range = last.and_then(|last| Some((place(&last)?, place(&key)?)));
        let keys = match range {
            Some((from, to)) => ids[from.min(to)..=from.max(to)].to_vec(),
            None => vec![key.clone()],
        };
        if self.all.get_untracked() {
            // From "all that match" to what is seen of it.
            self.choose_page(true);
        }
        self.last.set_value(Some(key));
        self.put(keys, on);
    }

    fn put(self, keys: Vec<String>, on: bool) {
        let host = |key: &str| {
            let (row, _) = self.window.get(key)?;
            Some(row.with_untracked(|r| r.machine_name.clone()))
        };
        self.chosen.update(|chosen| {
            for key in keys {
                if on {
                    let host = host(&key).unwrap_or_default();
                    chosen.insert(key, host);
                } else {
                    chosen.remove(&key);
                }
            }
        });
    }
}
