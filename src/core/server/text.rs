//! Text that comes from elsewhere, made fit to be kept and shown.

/// At most `max` characters of `text`, with a mark in place of each control character.
pub fn cut(text: &str, max: usize) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .take(max)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_marked_and_long_text_is_cut() {
        assert_eq!(cut("a\u{1b}]0;x\u{7}b", 99), "a\u{fffd}]0;x\u{fffd}b");
        assert_eq!(cut(&"é".repeat(10_000), 256).chars().count(), 256);
    }
}
