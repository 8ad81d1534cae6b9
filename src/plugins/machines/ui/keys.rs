//! The key that logs in, and the host keys that were accepted.

use super::trust::KeyList;
use crate::{
    plugins::machines::model::{KeySummary, LinkState, PinnedHostKey},
    ui::{Ago, Snippet},
};
use leptos::prelude::*;

/// The public line and how to put it on the host; folded away once the host lets us in.
#[component]
pub(super) fn LoginKey(key: KeySummary, state: LinkState) -> impl IntoView {
    let command = install_command(&key.public_line);
    view! {
        <section class="card" aria-labelledby="key-title">
            <h2 class="card-title" id="key-title">"Login key"</h2>
            <details open=!state.is_up()>
                <summary>{format!("{} ({})", key.name, key.algorithm)}</summary>
                <div class="stack stack-s">
                    <p class="muted">"Its public line:"</p>
                    <Snippet text=key.public_line what="public key"/>
                    <p class="muted">"As the host's account, this lets PollySystem in:"</p>
                    <Snippet text=command what="command"/>
                    <p class="muted small">"Fingerprint " <code>{key.fingerprint}</code></p>
                </div>
            </details>
        </section>
    }
}

/// Adds the line to the account's keys, whatever quotes stand in it.
fn install_command(line: &str) -> String {
    let line = line.trim().replace('\'', r"'\''");
    format!("umask 077; mkdir -p ~/.ssh && echo '{line}' >> ~/.ssh/authorized_keys")
}

#[component]
pub(super) fn AcceptedKeys(pinned: Vec<PinnedHostKey>) -> impl IntoView {
    let last = pinned
        .iter()
        .max_by_key(|k| k.accepted_at)
        .map(|k| (k.accepted_by.clone(), k.accepted_at));
    last.map(|(who, at)| {
        let keys = pinned.into_iter().map(|k| (k.algorithm, k.fingerprint)).collect();
        view! {
            <section class="card" aria-label="Accepted host keys">
                <KeyList title="Accepted host keys" keys/>
                <p class="muted small">"By " {who} ", " <Ago at/></p>
            </section>
        }
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_quote_in_the_comment_stays_in_the_line() {
        let command = super::install_command("ssh-ed25519 AAAA it's; rm -rf ~\n");
        assert!(
            command.contains(r"echo 'ssh-ed25519 AAAA it'\''s; rm -rf ~' >>"),
            "{command}"
        );
    }
}
