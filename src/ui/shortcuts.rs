//! Keyboard shortcuts: whoever shows something registers its keys for as long as it is shown.

use super::browser;
use leptos::{ev, prelude::*};

/// One thing that a key does.
#[derive(Clone, Copy)]
pub struct Shortcut {
    id: u32,
    pub keys: &'static str,
    pub label: Signal<String>,
    /// Where the key works: the heading in a list of shortcuts.
    pub scope: &'static str,
    run: Callback<()>,
}

/// What is registered now; in the context of the app.
#[derive(Clone, Copy)]
pub struct Shortcuts {
    pub all: RwSignal<Vec<Shortcut>>,
    next: StoredValue<u32>,
}

/// Gives the registry to everything below and listens for keys. Once, in `App`.
pub fn provide_shortcuts() {
    let this = Shortcuts {
        all: RwSignal::new(Vec::new()),
        next: StoredValue::new(0),
    };
    provide_context(this);
    Effect::new(move |_| {
        let listener = window_event_listener(ev::keydown, move |event| this.pressed(&event));
        on_cleanup(move || listener.remove());
    });
}

/// `keys` do `run` until the calling scope ends; keys that are typed into a field or pressed on a control are left
/// alone. Of two with the same keys the later one wins.
pub fn shortcut(
    keys: &'static str,
    label: impl Into<Signal<String>>,
    scope: &'static str,
    run: impl Fn() + Send + Sync + 'static,
) {
    let Some(shortcuts) = use_context::<Shortcuts>() else {
        return;
    };
    let (label, run) = (label.into(), Callback::new(move |()| run()));
    Effect::new(move |_| {
        let id = shortcuts.next.with_value(|n| n.wrapping_add(1));
        shortcuts.next.set_value(id);
        shortcuts.all.update(|all| {
            all.push(Shortcut {
                id,
                keys,
                label,
                scope,
                run,
            });
        });
        on_cleanup(move || {
            shortcuts.all.try_update(|all| all.retain(|s| s.id != id));
        });
    });
}

impl Shortcuts {
    fn pressed(self, event: &ev::KeyboardEvent) {
        let Some(key) = browser::shortcut_key(event) else {
            return;
        };
        let found = self
            .all
            .with_untracked(|all| all.iter().rev().find(|s| s.keys == key).copied());
        if let Some(shortcut) = found {
            event.prevent_default();
            shortcut.run.run(());
        }
    }
}
