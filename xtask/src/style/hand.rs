//! The classes that the hand-written style sheets define.
use crate::files;
use anyhow::Result;
use std::collections::BTreeSet;

pub fn classes() -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for file in files::walk(&files::root().join("style"))? {
        if file.extension().is_some_and(|end| end == "css") && !file.ends_with("utilities.css") {
            found.extend(of(&files::read(&file)?));
        }
    }
    Ok(found)
}

/// Every `.name` that stands in a selector: outside comments and before a `{`.
fn of(css: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let plain: String = css
        .split("/*")
        .enumerate()
        .map(|(i, s)| {
            if i == 0 {
                s
            } else {
                s.split_once("*/").map_or("", |p| p.1)
            }
        })
        .collect();
    let parts: Vec<&str> = plain.split('{').collect();
    for head in &parts[..parts.len() - 1] {
        let selector = head.rsplit(['}', ';']).next().unwrap_or(head);
        for class in selector.split('.').skip(1) {
            let name: String = class
                .chars()
                .take_while(|c| c.is_alphanumeric() || "-_".contains(*c))
                .collect();
            if name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '-') {
                found.insert(name);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn selectors_count_and_values_do_not() {
        let css =
            ".a, .b-c:hover > .d { margin: .5rem; transition: x .2s } /* .no {} */ @media (x) { .e.f { top: 0 } }";
        let want = ["a", "b-c", "d", "e", "f"].map(String::from);
        assert_eq!(super::of(css), BTreeSet::from(want));
    }
}
