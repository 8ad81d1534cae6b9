//! Links that a host names.

/// `text` as an address to link to, when it is one of the web. Anything else (`javascript:`, a path of ours)
/// is no link, only text.
pub fn web_link(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '`');
    let has_host = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
    (has_host && text.len() <= 2048 && text.chars().all(plain)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::web_link;

    #[test]
    fn in_05_only_an_address_of_the_web_becomes_a_link() {
        assert!(web_link("https://example.com/shop?x=1#y").is_some());
        assert!(web_link("http://[::1]:8080/").is_some());
        for text in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " https://example.com",
            "https:example.com",
            "https:///path",
            "//example.com",
            "/machines",
            "data:text/html,x",
            "https://example.com/\n",
            "https://exa mple.com",
            "https://example.com/\"onclick",
            "git@example.com:shop",
            "",
        ] {
            assert_eq!(web_link(text), None, "{text:?}");
        }
    }
}
