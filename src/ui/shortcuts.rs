//! Keyboard shortcuts and commands of the page: whoever shows something registers what can be done with it, for as
//! long as it is shown. `?` lists the keys, the command palette the commands.

use super::{browser, dialog::Modal};
use leptos::{ev, prelude::*};

/// A sequence (`g m`) is typed within this time.
const SEQUENCE_MILLIS: i64 = 1_500;

/// One thing that a key or the palette does.
#[derive(Clone, Copy)]
pub struct Command {
    id: u32,
    /// `g m`, `?`, `Mod+k` (Ctrl or Cmd), `Shift+ArrowDown`; empty for a command of the palette alone.
    pub keys: &'static str,
    pub label: Signal<String>,
    /// Heading in the list of shortcuts: where these keys work.
    pub scope: &'static str,
    /// Icon in the palette; without one it is not shown there.
    pub icon: Option<&'static str>,
    /// Whether it makes sense now; the palette leaves out what does not.
    on: Signal<bool>,
    pub run: Callback<()>,
}

/// What is registered now; in the context of the app.
#[derive(Clone, Copy)]
pub struct Shortcuts {
    commands: RwSignal<Vec<Command>>,
    next: StoredValue<u32>,
    /// The first half of a sequence, and when it was typed.
    begun: StoredValue<Option<(String, i64)>>,
    /// Whether the list of shortcuts is open.
    pub help: RwSignal<bool>,
}

/// Gives the registry to everything below and listens for keys. Once, in `App`.
pub fn provide_shortcuts() {
    let this = Shortcuts {
        commands: RwSignal::new(Vec::new()),
        next: StoredValue::new(0),
        begun: StoredValue::new(None),
        help: RwSignal::new(false),
    };
    provide_context(this);
    Effect::new(move |_| {
        let listener = window_event_listener(ev::keydown, move |event| this.pressed(&event));
        on_cleanup(move || listener.remove());
    });
    shortcut("?", "List of shortcuts", "Everywhere", move || this.help.set(true));
}

/// The registry of this page; one that nobody listens to where none was provided.
pub fn use_shortcuts() -> Shortcuts {
    use_context().unwrap_or_else(|| Shortcuts {
        commands: RwSignal::new(Vec::new()),
        next: StoredValue::new(0),
        begun: StoredValue::new(None),
        help: RwSignal::new(false),
    })
}

/// `keys` do `run` until the calling scope ends. Keys that are typed into a field, or behind a modal dialog, are
/// left alone. Of two with the same keys the later one wins: what is shown inside comes after what is around it.
pub fn shortcut(
    keys: &'static str,
    label: impl Into<Signal<String>>,
    scope: &'static str,
    run: impl Fn() + Send + Sync + 'static,
) {
    register(keys, label.into(), scope, None, Signal::stored(true), run);
}

/// A command of the palette until the calling scope ends, with keys or without (`""`).
pub fn command(
    keys: &'static str,
    label: impl Into<Signal<String>>,
    scope: &'static str,
    icon: &'static str,
    run: impl Fn() + Send + Sync + 'static,
) {
    register(keys, label.into(), scope, Some(icon), Signal::stored(true), run);
}

/// A command of the palette on the object that the page shows, offered while `on`.
pub fn command_while(
    on: Signal<bool>,
    label: impl Into<Signal<String>>,
    scope: &'static str,
    icon: &'static str,
    run: impl Fn() + Send + Sync + 'static,
) {
    register("", label.into(), scope, Some(icon), on, run);
}

fn register(
    keys: &'static str,
    label: Signal<String>,
    scope: &'static str,
    icon: Option<&'static str>,
    on: Signal<bool>,
    run: impl Fn() + Send + Sync + 'static,
) {
    let shortcuts = use_shortcuts();
    let run = Callback::new(move |()| run());
    // In an Effect: the server sets no signal while it renders.
    Effect::new(move |_| {
        let id = shortcuts.next.with_value(|n| n.wrapping_add(1));
        shortcuts.next.set_value(id);
        let command = Command {
            id,
            keys,
            label,
            scope,
            icon,
            on,
            run,
        };
        shortcuts.commands.update(|all| all.push(command));
        on_cleanup(move || {
            shortcuts.commands.try_update(|all| all.retain(|c| c.id != id));
        });
    });
}

impl Shortcuts {
    /// What the palette offers, the latest first: what concerns the object that is shown.
    pub fn for_palette(self) -> Vec<Command> {
        let mut all = self.commands.get();
        // Where the page has just gone its signals are gone too.
        all.retain(|command| command.icon.is_some() && command.on.try_get() == Some(true));
        all.reverse();
        all
    }

    fn pressed(self, event: &ev::KeyboardEvent) {
        let Some(key) = browser::pressed_key(event) else { return };
        let now = browser::now_millis();
        let begun = self.begun.get_value().filter(|(_, at)| now - at <= SEQUENCE_MILLIS);
        let commands = self.commands.get_untracked();
        let keys: Vec<&str> = commands.iter().map(|c| c.keys).collect();
        let meant = meaning(&keys, begun.as_ref().map(|(first, _)| first.as_str()), &key);
        self.begun.set_value(None);
        match meant {
            Meaning::Runs(place) => {
                event.prevent_default();
                if let Some(command) = commands.get(place) {
                    command.run.try_run(());
                }
            }
            Meaning::Begins(first) => self.begun.set_value(Some((first, now))),
            Meaning::Nothing => {}
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    /// The keys at this place are complete.
    Runs(usize),
    /// Keys that begin like this are known.
    Begins(String),
    Nothing,
}

/// What `key` means after `begun`; a sequence goes before a key alone.
fn meaning(known: &[&str], begun: Option<&str>, key: &str) -> Meaning {
    let sequence = begun.map(|first| format!("{first} {key}"));
    for typed in sequence.iter().map(String::as_str).chain([key]) {
        if let Some(place) = known.iter().rposition(|keys| *keys == typed) {
            return Meaning::Runs(place);
        }
        let begins = |keys: &&str| keys.strip_prefix(typed).is_some_and(|rest| rest.starts_with(' '));
        if known.iter().any(begins) {
            return Meaning::Begins(typed.to_owned());
        }
    }
    Meaning::Nothing
}

/// The list that `?` opens.
#[component]
pub fn ShortcutHelp() -> impl IntoView {
    let shortcuts = use_shortcuts();
    let list = move || {
        by_scope(&shortcuts.commands.get())
            .into_iter()
            .map(|(scope, commands)| view! { <h3>{scope}</h3> <dl class="keys-list">{commands.into_iter().map(line).collect_view()}</dl> })
            .collect_view()
    };
    view! {
        <Modal id="shortcuts" open=shortcuts.help label="Keyboard shortcuts">
            <div class="dialog-body">
                <h2>"Keyboard shortcuts"</h2>
                {list}
            </div>
        </Modal>
    }
}

/// Commands with keys by scope, each in the order of its coming; of two with the same keys the one that wins.
fn by_scope(all: &[Command]) -> Vec<(&'static str, Vec<Command>)> {
    let mut scopes: Vec<(&'static str, Vec<Command>)> = Vec::new();
    for (i, command) in all.iter().enumerate().filter(|(_, c)| !c.keys.is_empty()) {
        if all.iter().skip(i + 1).any(|later| later.keys == command.keys) {
            continue;
        }
        match scopes.iter_mut().find(|(scope, _)| *scope == command.scope) {
            Some((_, list)) => list.push(*command),
            None => scopes.push((command.scope, vec![*command])),
        }
    }
    scopes
}

fn line(command: Command) -> impl IntoView {
    view! { <div><dt><Keys keys=command.keys /></dt><dd>{move || command.label.get()}</dd></div> }
}

/// Keys as caps: `g m` is two, `Mod+k` is two that are held together.
#[component]
pub fn Keys(keys: &'static str) -> impl IntoView {
    let held = keys.contains('+');
    let caps = keys
        .split([' ', '+'])
        .map(|key| view! { <kbd class="key-cap">{cap(key, held)}</kbd> })
        .collect_view();
    view! { <span class="key-caps">{caps}</span> }
}

/// What stands on the key; letters are capitals where it is `held` with another, as everybody writes Ctrl K.
fn cap(key: &str, held: bool) -> String {
    match key {
        "Mod" => "Ctrl".to_owned(),
        "ArrowUp" => "↑".to_owned(),
        "ArrowDown" => "↓".to_owned(),
        "ArrowLeft" => "←".to_owned(),
        "ArrowRight" => "→".to_owned(),
        "Escape" => "Esc".to_owned(),
        letter if held && letter.len() == 1 => letter.to_uppercase(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_alone_a_sequence_and_an_unknown_key() {
        let known = ["?", "g m", "g c", "Mod+k"];
        assert_eq!(meaning(&known, None, "?"), Meaning::Runs(0));
        assert_eq!(meaning(&known, None, "Mod+k"), Meaning::Runs(3));
        assert_eq!(meaning(&known, None, "g"), Meaning::Begins("g".to_owned()));
        assert_eq!(meaning(&known, Some("g"), "c"), Meaning::Runs(2));
        assert_eq!(meaning(&known, None, "m"), Meaning::Nothing);
        assert_eq!(meaning(&known, Some("g"), "x"), Meaning::Nothing);
    }

    #[test]
    fn a_key_that_does_not_end_the_sequence_means_what_it_means_alone() {
        let known = ["g m", "j"];
        assert_eq!(meaning(&known, Some("g"), "j"), Meaning::Runs(1));
        assert_eq!(meaning(&known, Some("g"), "g"), Meaning::Begins("g".to_owned()));
    }

    #[test]
    fn the_later_of_two_wins() {
        assert_eq!(meaning(&["j", "k", "j"], None, "j"), Meaning::Runs(2));
    }
}
