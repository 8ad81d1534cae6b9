//! Tags: what people sort machines by. `env=prod`, or a bare word.

use crate::error::{AppError, AppResult};

/// Tags on one machine, at most.
pub const MOST_TAGS: usize = 32;
/// Characters on each side of the `=`.
const LONGEST_SIDE: usize = 63;

/// Reads what a person typed: tags separated by spaces or commas. The result is sorted and has no doubles.
///
/// Errors: `Invalid` in field `tags`, naming the first tag that is wrong.
pub fn parse_tags(text: &str) -> AppResult<Vec<String>> {
    let mut tags: Vec<String> = text
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .map(|word| {
            if is_tag(word) {
                Ok(word.to_owned())
            } else {
                Err(wrong(word))
            }
        })
        .collect::<AppResult<_>>()?;
    tags.sort();
    tags.dedup();
    if tags.len() > MOST_TAGS {
        let message = format!("A machine has at most {MOST_TAGS} tags; these are {}.", tags.len());
        return Err(AppError::invalid("tags", message));
    }
    Ok(tags)
}

fn is_tag(word: &str) -> bool {
    match word.split_once('=') {
        Some((key, value)) => is_side(key) && is_side(value),
        None => is_side(word),
    }
}

fn is_side(side: &str) -> bool {
    let first = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    side.len() <= LONGEST_SIDE
        && side.bytes().next().is_some_and(first)
        && side.bytes().all(|b| first(b) || b"._/-".contains(&b))
}

fn wrong(word: &str) -> AppError {
    let shown: String = word.chars().filter(|c| !c.is_control()).take(80).collect();
    let message = format!(
        "\"{shown}\" is no tag. A tag is a word such as web or a pair such as env=prod; each part begins with a lower-case letter or a digit, goes on with those and . _ / -, and has at most {LONGEST_SIDE} characters."
    );
    AppError::invalid("tags", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_split_sorted_and_kept_once() {
        assert_eq!(
            parse_tags(" web, env=prod\tweb\n dc=eu/1,,").unwrap(),
            ["dc=eu/1", "env=prod", "web"]
        );
        assert!(parse_tags(" , ").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_tag_is_named() {
        let long = "a".repeat(64);
        for bad in [
            "Web", "=x", "a=", "a=b=c", "-a", "a b=", "é", "a;b", "$(id)", "<b>", &long,
        ] {
            let error = parse_tags(bad).unwrap_err();
            assert_eq!(error.field.as_deref(), Some("tags"), "{bad:?}");
        }
        assert!(parse_tags("ok Web").unwrap_err().message.contains("\"Web\""));
        assert!(parse_tags(&"a".repeat(63)).is_ok());
        let many: Vec<String> = (0..33).map(|n| format!("t{n}")).collect();
        assert!(parse_tags(&many.join(" ")).unwrap_err().message.contains("at most 32"));
        assert!(parse_tags(&many[..32].join(",")).is_ok());
    }
}
