//! What a terminal's colours become on a page: spans with classes. Every other control sequence is taken
//! out, links and titles included; what is left is text.
//!
//! All 16, 256 and 24-bit colours come down to six hues and a grey that can be read on both themes, and a
//! background is a soft ground under the page's own text colour: a program's colours must not hide its text.

use std::borrow::Cow;

/// Spans of one line; what changes more often goes on in the last style.
const MOST_SPANS: usize = 256;
const MOST_PARAMETERS: usize = 32;

/// How many spans a line can become, without reading what its control sequences say.
pub fn most_spans(text: &str) -> usize {
    let escapes = text.bytes().filter(|byte| *byte == 0x1b).count();
    (escapes + 1).min(MOST_SPANS)
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    ink: Hue,
    ground: Hue,
    bold: bool,
    italic: bool,
    underline: bool,
    strike: bool,
    inverse: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Hue {
    #[default]
    Plain,
    Gray,
    Red,
    Green,
    Yellow,
    Blue,
    Magenta,
    Cyan,
}

/// Text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub text: String,
    pub style: Style,
}

impl Style {
    /// Its classes; empty for plain text.
    pub fn class(self) -> String {
        let (ink, ground) = if self.inverse {
            let ground = if self.ink == Hue::Plain { Hue::Gray } else { self.ink };
            (Hue::Plain, ground)
        } else {
            (self.ink, self.ground)
        };
        // On a ground the text has the page's own colour.
        let ink = if ground == Hue::Plain { ink.ink() } else { "" };
        let all = [
            ink,
            ground.ground(),
            if self.bold { "ansi-bold" } else { "" },
            if self.italic { "ansi-italic" } else { "" },
            if self.underline { "ansi-underline" } else { "" },
            if self.strike { "ansi-strike" } else { "" },
        ];
        all.iter()
            .filter(|class| !class.is_empty())
            .copied()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Applies one `m` sequence.
    fn select(&mut self, parameters: &str) {
        let mut codes = parameters.split(';').take(MOST_PARAMETERS);
        while let Some(code) = codes.next() {
            if let Some((head, rest)) = code.split_once(':') {
                // One colour in one parameter: `38:5:n`, `38:2::r:g:b`.
                let parts: Vec<u8> = rest.split(':').filter_map(|p| p.parse().ok()).collect();
                let hue = match parts.as_slice() {
                    [5, n] => indexed(*n),
                    [2, .., r, g, b] => nearest(*r, *g, *b),
                    _ => continue,
                };
                self.colour(head, hue);
                continue;
            }
            match code
                .parse::<u16>()
                .unwrap_or(if code.is_empty() { 0 } else { u16::MAX })
            {
                0 => *self = Self::default(),
                1 => self.bold = true,
                2 => self.ink = Hue::Gray,
                3 => self.italic = true,
                4 => self.underline = true,
                7 => self.inverse = true,
                9 => self.strike = true,
                22 => self.bold = false,
                23 => self.italic = false,
                24 => self.underline = false,
                27 => self.inverse = false,
                29 => self.strike = false,
                n @ (30..=37 | 90..=97) => self.ink = indexed(basic(n)),
                n @ (40..=47 | 100..=107) => self.ground = indexed(basic(n)),
                39 => self.ink = Hue::Plain,
                49 => self.ground = Hue::Plain,
                38 | 48 => {
                    let mut number = || codes.next().and_then(|n| n.parse::<u8>().ok());
                    let hue = match number() {
                        Some(5) => number().map(indexed),
                        Some(2) => number().zip(number()).zip(number()).map(|((r, g), b)| nearest(r, g, b)),
                        _ => None,
                    };
                    self.colour(code, hue.unwrap_or_default());
                }
                _ => {}
            }
        }
    }

    fn colour(&mut self, code: &str, hue: Hue) {
        match code {
            "38" => self.ink = hue,
            "48" => self.ground = hue,
            _ => {}
        }
    }
}

impl Hue {
    fn ink(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Gray => "ansi-gray",
            Self::Red => "ansi-red",
            Self::Green => "ansi-green",
            Self::Yellow => "ansi-yellow",
            Self::Blue => "ansi-blue",
            Self::Magenta => "ansi-magenta",
            Self::Cyan => "ansi-cyan",
        }
    }
    fn ground(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Gray => "ansi-on-gray",
            Self::Red => "ansi-on-red",
            Self::Green => "ansi-on-green",
            Self::Yellow => "ansi-on-yellow",
            Self::Blue => "ansi-on-blue",
            Self::Magenta => "ansi-on-magenta",
            Self::Cyan => "ansi-on-cyan",
        }
    }
}

/// `31` and `91` are red: 1 and 9.
fn basic(code: u16) -> u8 {
    let bright = code >= 90;
    u8::try_from(code % 10).unwrap_or(0) + if bright { 8 } else { 0 }
}

/// A colour of the palette of 256.
fn indexed(n: u8) -> Hue {
    match n {
        // black and white: one of them could not be seen on each theme
        0 | 7 | 15 => Hue::Plain,
        8 => Hue::Gray,
        1 | 9 => Hue::Red,
        2 | 10 => Hue::Green,
        3 | 11 => Hue::Yellow,
        4 | 12 => Hue::Blue,
        5 | 13 => Hue::Magenta,
        6 | 14 => Hue::Cyan,
        16..=231 => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let n = n - 16;
            nearest(level(n / 36), level(n / 6 % 6), level(n % 6))
        }
        232..=255 => {
            let level = 8 + 10 * (n - 232);
            nearest(level, level, level)
        }
    }
}

/// The hue that a colour is closest to, by which of its parts are strong.
fn nearest(r: u8, g: u8, b: u8) -> Hue {
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    if most - least < 40 {
        return if (60..200).contains(&most) {
            Hue::Gray
        } else {
            Hue::Plain
        };
    }
    let strong = |part: u8| u16::from(part - least) * 2 > u16::from(most - least);
    match (strong(r), strong(g), strong(b)) {
        (true, false, false) => Hue::Red,
        (false, true, false) => Hue::Green,
        (true, true, _) => Hue::Yellow,
        (false, false, true) => Hue::Blue,
        (true, false, true) => Hue::Magenta,
        (false, true, true) => Hue::Cyan,
        (false, false, false) => Hue::Plain,
    }
}

/// The text in its styles.
pub fn spans(text: &str) -> Vec<Span> {
    let mut all: Vec<Span> = Vec::new();
    let mut style = Style::default();
    let mut add = |text: &str, style: Style| {
        if text.is_empty() {
            return;
        }
        let full = all.len() >= MOST_SPANS;
        match all.last_mut().filter(|last| full || last.style == style) {
            Some(last) => last.text.push_str(text),
            None => all.push(Span {
                text: text.to_owned(),
                style,
            }),
        }
    };
    for piece in Pieces(text) {
        match piece {
            Piece::Text(text) => add(text, style),
            Piece::Select(parameters) => style.select(parameters),
            Piece::Nothing => {}
        }
    }
    all
}

/// The text alone.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_control) {
        return Cow::Borrowed(text);
    }
    let texts = Pieces(text).filter_map(|piece| match piece {
        Piece::Text(text) => Some(text),
        _ => None,
    });
    Cow::Owned(texts.collect())
}

fn is_control(c: char) -> bool {
    c.is_control() && c != '\t'
}

enum Piece<'a> {
    Text(&'a str),
    /// The parameters of an `m` sequence.
    Select(&'a str),
    /// A control character or sequence that means nothing here.
    Nothing,
}

/// Takes a text apart, from left to right.
struct Pieces<'a>(&'a str);

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;
    fn next(&mut self) -> Option<Piece<'a>> {
        let first = self.0.chars().next()?;
        if !is_control(first) {
            return Some(Piece::Text(self.take(self.0.find(is_control))));
        }
        self.take(Some(first.len_utf8()));
        if first != '\u{1b}' {
            return Some(Piece::Nothing);
        }
        Some(match self.0.chars().next() {
            Some('[') => {
                self.take(Some(1));
                self.control_sequence()
            }
            // Titles, links (OSC 8), and other strings for the terminal: up to their end.
            Some(']' | 'P' | 'X' | '^' | '_') => {
                let end = self.0.find(['\u{7}', '\u{1b}']);
                self.take(end);
                if self.0.starts_with("\u{1b}\\") {
                    self.take(Some(2));
                }
                Piece::Nothing
            }
            _ => {
                let between = self.0.find(|c| !(' '..='/').contains(&c)).unwrap_or(self.0.len());
                self.take(Some(between));
                if self.0.starts_with(|c| ('0'..='~').contains(&c)) {
                    self.take(Some(1));
                }
                Piece::Nothing
            }
        })
    }
}

impl<'a> Pieces<'a> {
    /// The text up to `end`, or all of it.
    fn take(&mut self, end: Option<usize>) -> &'a str {
        let (taken, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        taken
    }
    fn control_sequence(&mut self) -> Piece<'a> {
        let parameters = self.take(self.0.find(|c| !('0'..='?').contains(&c)));
        let between = self.take(self.0.find(|c| !(' '..='/').contains(&c)));
        let Some(last) = self.0.chars().next().filter(|c| ('@'..='~').contains(c)) else {
            return Piece::Nothing;
        };
        self.take(Some(1));
        let own = parameters.contains(['<', '=', '>', '?']) || !between.is_empty();
        if last == 'm' && !own {
            Piece::Select(parameters)
        } else {
            Piece::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seen(text: &str) -> Vec<(String, String)> {
        spans(text)
            .into_iter()
            .map(|span| (span.style.class(), span.text))
            .collect()
    }
    fn of(parts: &[(&str, &str)]) -> Vec<(String, String)> {
        parts.iter().map(|(c, t)| ((*c).to_owned(), (*t).to_owned())).collect()
    }

    #[test]
    fn colours_become_classes() {
        let text =
            "a\u{1b}[1;31mb\u{1b}[0mc\u{1b}[38;5;46md\u{1b}[m\u{1b}[48;2;0;0;255me\u{1b}[49;38:5:13mf\u{1b}[0;7mg";
        let expected = [
            ("", "a"),
            ("ansi-red ansi-bold", "b"),
            ("", "c"),
            ("ansi-green", "d"),
            ("ansi-on-blue", "e"),
            ("ansi-magenta", "f"),
            ("ansi-on-gray", "g"),
        ];
        assert_eq!(seen(text), of(&expected));
    }

    #[test]
    fn everything_else_of_a_terminal_is_taken_out() {
        for text in [
            "\u{1b}]8;;javascript:alert(1)\u{7}link\u{1b}]8;;\u{1b}\\",
            "\u{1b}]0;title\u{7}link",
            "li\u{1b}[2J\u{1b}[10;10Hnk",
            "\u{1b}[?25llink\u{1b}[?25h",
            "\u{1b}(Blink\u{1b}c",
            "\u{1b}P1$r\u{1b}\\link",
            "li\u{7}\u{8}nk\u{1b}",
            "\u{1b}[>4;2mlink",
        ] {
            assert_eq!(seen(text), of(&[("", "link")]), "{text:?}");
            assert_eq!(plain(text), "link");
        }
        assert_eq!(plain("\u{1b}]0;never ends"), "");
        assert_eq!(plain("\u{1b}[31"), "");
    }

    #[test]
    fn ls_06_a_bomb_of_sequences_makes_few_spans_and_loses_no_text() {
        let text: String = (0..50_000).map(|n| format!("\u{1b}[{}mx", 30 + n % 8)).collect();
        let spans = spans(&text);
        assert!(spans.len() <= MOST_SPANS);
        assert_eq!(spans.iter().map(|s| s.text.len()).sum::<usize>(), 50_000);
        let parameters = format!("\u{1b}[{}mx", "1;".repeat(100_000));
        assert_eq!(seen(&parameters), of(&[("ansi-bold", "x")]));
    }

    proptest! {
        #[test]
        fn any_text_keeps_its_order_and_holds_no_control_character(text in "(\\x1b(\\[[0-9;:?]{0,6}[a-zA-Z ~é]?|\\]|P|\\\\|[ -/]{0,2}[0-~]?)?|\\x07|[\\PC\t]|\\PC{0,4}){0,40}") {
            let shown: String = spans(&text).into_iter().map(|s| s.text).collect();
            prop_assert_eq!(&shown, &*plain(&text));
            prop_assert!(!shown.chars().any(is_control));
            let mut rest = text.chars();
            prop_assert!(shown.chars().all(|c| rest.any(|r| r == c)), "text is taken out, never changed");
        }

        #[test]
        fn text_without_control_characters_is_preserved(text in "[^\\x00-\\x1f\\x7f-\\u{9f}]{0,200}") {
            prop_assert_eq!(plain(&text), text.as_str());
        }
    }
}
