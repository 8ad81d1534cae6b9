//! What the palette finds, and how well a text fits what was typed.

use serde::{Deserialize, Serialize};

/// The most that one source answers.
pub const MOST_HITS: usize = 20;
/// Longer queries are cut.
const LONGEST_QUERY: usize = 100;

/// Something to go to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    pub title: String,
    /// What it is and where: `Container on db-host`.
    pub detail: String,
    /// Path below the base path.
    pub path: String,
}

/// The best hits of a source for what was typed, best first.
pub fn best(query: &str, hits: impl IntoIterator<Item = Hit>) -> Vec<Hit> {
    let mut found: Vec<(i32, Hit)> = hits
        .into_iter()
        .filter_map(|hit| Some((score(query, &hit.title, &hit.detail)?, hit)))
        .collect();
    found.sort_by(|(a, left), (b, right)| {
        b.cmp(a)
            .then_with(|| (&left.title, &left.path).cmp(&(&right.title, &right.path)))
    });
    found.truncate(MOST_HITS);
    found.into_iter().map(|(_, hit)| hit).collect()
}

/// How well something fits, higher is better; `None` if a word is not in it. The letters of a word must stand in the
/// text in their order, not side by side: `wb1` finds `web-1`. What stands in the title counts more.
pub fn score(query: &str, title: &str, detail: &str) -> Option<i32> {
    let query: String = query.chars().take(LONGEST_QUERY).collect::<String>().to_lowercase();
    let (title, detail) = (title.to_lowercase(), detail.to_lowercase());
    query
        .split_whitespace()
        .map(|word| {
            let here = fit(word, &title).map(|score| 2 * score + 10);
            here.or_else(|| fit(word, &detail))
        })
        .sum()
}

/// Letters in a row and letters that begin a word count more; letters that are passed over count against it.
fn fit(word: &str, text: &str) -> Option<i32> {
    if let Some(place) = text.find(word) {
        let first = i32::from(place == 0);
        let begins = i32::from(text[..place].chars().next_back().is_none_or(|c| !c.is_alphanumeric()));
        let whole = i32::from(text.len() == word.len());
        return Some(100 + 40 * begins + 20 * first + 60 * whole - length(text).min(40));
    }
    let (mut score, mut in_row, mut before) = (0, false, ' ');
    let mut wanted = word.chars().peekable();
    for c in text.chars() {
        let hit = wanted.next_if_eq(&c).is_some();
        score += match (hit, in_row, before.is_alphanumeric()) {
            (true, true, _) => 6,
            (true, false, false) => 5,
            (true, false, true) => 1,
            (false, ..) => -1,
        };
        (in_row, before) = (hit, c);
    }
    wanted.peek().is_none().then(|| score.min(90))
}

fn length(text: &str) -> i32 {
    i32::try_from(text.len()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(query: &str, titles: &[&str]) -> Vec<String> {
        let hits = titles.iter().map(|title| Hit {
            title: (*title).to_owned(),
            detail: "Container on alpha".to_owned(),
            path: format!("/{title}"),
        });
        best(query, hits).into_iter().map(|hit| hit.title).collect()
    }

    #[test]
    fn what_begins_with_the_query_comes_first_and_what_lacks_a_letter_not_at_all() {
        assert_eq!(
            order("web", &["a-web", "cobweb", "web-1", "web", "weather-b", "db"]),
            ["web", "web-1", "a-web", "cobweb", "weather-b"]
        );
    }

    #[test]
    fn letters_may_be_left_out_but_not_turned_round() {
        assert_eq!(order("wb1", &["web-1", "1bw"]), ["web-1"]);
    }

    #[test]
    fn every_word_must_be_in_title_or_detail() {
        assert_eq!(order("web alp", &["web-1"]), ["web-1"]);
        assert!(order("web beta", &["web-1"]).is_empty());
    }

    #[test]
    fn an_empty_query_fits_all_and_the_answer_is_bounded() {
        let many: Vec<String> = (0..100).map(|n| format!("c{n}")).collect();
        let names: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(order("", &names).len(), MOST_HITS);
        assert!(score(&"x".repeat(1 << 20), "xx", "").is_none());
        assert_eq!(score("ÄÖ", "äö", ""), score("äö", "äö", ""));
    }
}
