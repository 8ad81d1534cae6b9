//! What was chosen lately, kept by this browser.

use crate::{core::palette::model::Hit, ui::browser};

pub(super) type Recent = Hit;

const KEY: &str = "polly_recent";
const KEPT: usize = 8;

/// Newest first; nothing where nothing was kept or it cannot be read.
pub(super) fn load() -> Vec<Recent> {
    let text = browser::stored(KEY).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

pub(super) fn add(hit: Recent) {
    let list = with(load(), hit);
    if let Ok(text) = serde_json::to_string(&list) {
        browser::store(KEY, &text);
    }
}

fn with(mut list: Vec<Recent>, hit: Recent) -> Vec<Recent> {
    list.retain(|old| old.path != hit.path);
    list.insert(0, hit);
    list.truncate(KEPT);
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_first_and_stands_there_once() {
        let hit = |n: usize| Hit {
            title: format!("c{n}"),
            detail: String::new(),
            path: format!("/{n}"),
        };
        let list = (0..12).map(hit).fold(Vec::new(), with);
        assert_eq!(list.len(), KEPT);
        let list = with(list, hit(6));
        assert_eq!(
            list.iter().map(|h| h.path.as_str()).collect::<Vec<_>>(),
            ["/6", "/11", "/10", "/9", "/8", "/7", "/5", "/4"]
        );
    }
}
