//! Finding words in lines: letters of ASCII in either case, everything else exactly.

/// Whether `text` holds `query`, which is not empty.
pub(super) fn contains(text: &str, query: &str) -> bool {
    find(text.as_bytes(), query.as_bytes()).is_some()
}

/// Where `query` stands in `text`, as byte ranges that do not overlap.
pub(super) fn matches(text: &str, query: &str) -> Vec<std::ops::Range<usize>> {
    let mut all = Vec::new();
    let mut from = 0;
    while let Some(at) = text
        .as_bytes()
        .get(from..)
        .and_then(|rest| find(rest, query.as_bytes()))
    {
        all.push(from + at..from + at + query.len());
        from += at + query.len();
    }
    all
}

/// Both are UTF-8, so a match begins and ends between characters.
fn find(text: &[u8], query: &[u8]) -> Option<usize> {
    let first = *query.first()?;
    let (low, high) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    let last = text.len().checked_sub(query.len())?;
    (0..=last).find(|at| {
        let here = text[*at];
        (here == low || here == high) && text[*at..*at + query.len()].eq_ignore_ascii_case(query)
    })
}

/// Cuts texts that follow each other at the ranges of their joined text; the flag says what is inside of one.
pub(super) fn split<'a>(texts: &[&'a str], ranges: &[std::ops::Range<usize>]) -> Vec<Vec<(&'a str, bool)>> {
    let mut start = 0;
    texts
        .iter()
        .map(|text| {
            let (from, to) = (start, start + text.len());
            start = to;
            let mut parts = Vec::new();
            let mut at = from;
            for range in ranges.iter().filter(|r| r.start < to && r.end > from) {
                let (begin, end) = (range.start.max(from), range.end.min(to));
                parts.push((&text[at - from..begin - from], false));
                parts.push((&text[begin - from..end - from], true));
                at = end;
            }
            parts.push((&text[at - from..], false));
            parts.retain(|(text, _)| !text.is_empty());
            parts
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn matches_are_found_in_either_case_and_do_not_overlap() {
        assert_eq!(matches("Error: eRRor", "error"), [0..5, 7..12]);
        assert_eq!(matches("aaaa", "aa"), [0..2, 2..4]);
        assert_eq!(matches("äÄ", "Ä").first(), Some(&(2..4)), "exactly, beyond ASCII");
        assert!(matches("x", "longer").is_empty());
    }

    #[test]
    fn a_match_across_spans_is_marked_in_both() {
        let parts = split(&["an er", "ror here"], std::slice::from_ref(&(3..8)));
        assert_eq!(
            parts,
            [
                vec![("an ", false), ("er", true)],
                vec![("ror", true), (" here", false)]
            ]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_cut_and_joined_to_itself(texts in prop::collection::vec("\\PC{0,12}", 0..6), query in "\\PC{1,3}") {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let all = texts.concat();
            let found = matches(&all, &query);
            let parts = split(&texts, &found);
            let joined: String = parts.iter().flatten().map(|(text, _)| *text).collect();
            prop_assert_eq!(joined, all.clone());
            let marked: String = parts.iter().flatten().filter(|(_, m)| *m).map(|(text, _)| *text).collect();
            let expected: String = found.iter().map(|r| &all[r.clone()]).collect();
            prop_assert_eq!(marked, expected);
        }
    }
}
