//! Which new passwords are taken: 12 to 128 characters, and none that the lists of leaked ones are made of.
//!
//! No rule asks for digits or signs (ASVS 6.2.5). What is looked for is little left to guess: the password is taken
//! apart into runs along the keyboard, the alphabet or the digits, years, repetitions, and common words (also the account's
//! own name), with `@`, `0`, `3` and their like read as letters. At most three such pieces and fewer than
//! [`MIN_REST`] characters of something else is refused: that covers the entries of twelve and more characters of the
//! usual top-3000 lists, and their variations with a year or an exclamation mark.

use crate::error::{AppError, AppResult};
use std::{collections::HashSet, sync::LazyLock};
use unicode_segmentation::UnicodeSegmentation;

/// Characters as a person counts them.
pub const LENGTH: std::ops::RangeInclusive<usize> = 12..=128;
/// Bytes that are looked at at all: 128 characters may be made of many code points each.
const MAX_BYTES: usize = 4_096;
/// Different characters that a password has at least.
const MIN_DIFFERENT: usize = 5;
/// Common pieces that together are still one of the first guesses.
const MAX_PIECES: usize = 3;
/// Characters beside the common pieces that make a password more than those.
const MIN_REST: usize = 5;
/// Characters of a piece; shorter ones turn up in everything.
const MIN_PIECE: usize = 3;
const MAX_PIECE: usize = 64;

const RUNS: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "!@#$%^&*()",
];

static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("common.txt").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
});

/// Accepts `password` for the account `name`, or says what is wrong with it.
pub fn check_password(password: &str, name: &str) -> AppResult<()> {
    let refuse = |why: &str| Err(AppError::invalid("password", why));
    let length = password.graphemes(true).take(LENGTH.end() + 1).count();
    if !LENGTH.contains(&length) || password.len() > MAX_BYTES {
        return refuse("A password has 12 to 128 characters. A few words that only you would put together do well.");
    }
    if is_common(password, name) {
        return refuse(
            "This password is one of the first that somebody would guess. Take a few words that only you would put together.",
        );
    }
    Ok(())
}

fn is_common(password: &str, name: &str) -> bool {
    let lower: Vec<char> = password.to_lowercase().chars().collect();
    let different = lower.iter().collect::<HashSet<_>>().len();
    let once = unrepeated(&lower);
    let name = name.trim().to_lowercase();
    different < MIN_DIFFERENT || [plain(once), once.to_vec()].iter().any(|text| cheap(text, &name))
}

/// One turn of a text that is the same over and over.
fn unrepeated(text: &[char]) -> &[char] {
    let is_period = |p: &usize| text.len().is_multiple_of(*p) && text.chunks(*p).all(|chunk| chunk == &text[..*p]);
    let period = (1..=text.len() / 2).find(is_period);
    &text[..period.unwrap_or(text.len())]
}

/// Signs that stand for letters, read as those.
fn plain(text: &[char]) -> Vec<char> {
    let letter = |c: &char| match c {
        '@' | '4' => 'a',
        '3' => 'e',
        '1' | '!' | '|' => 'i',
        '0' => 'o',
        '5' | '$' => 's',
        '7' => 't',
        other => *other,
    };
    text.iter().map(letter).collect()
}

/// Whether the text is a few pieces and little else: the cheapest way to take it apart, found from its end.
fn cheap(text: &[char], name: &str) -> bool {
    // Per place: the rest (characters that belong to no piece) by number of pieces used from there on.
    let mut rest = vec![[usize::MAX; MAX_PIECES + 1]; text.len() + 1];
    rest[text.len()] = [0; MAX_PIECES + 1];
    for at in (0..text.len()).rev() {
        let ends: Vec<usize> = piece_ends(&text[at..], name).collect();
        for pieces in 0..=MAX_PIECES {
            let skipped = rest[at + 1][pieces].saturating_add(1);
            let taken = pieces
                .checked_sub(1)
                .and_then(|left| ends.iter().map(|length| rest[at + length][left]).min());
            rest[at][pieces] = taken.map_or(skipped, |taken| taken.min(skipped));
        }
    }
    rest[0][MAX_PIECES] < MIN_REST
}

/// Lengths of the pieces that `text` begins with.
fn piece_ends<'t>(text: &'t [char], name: &'t str) -> impl Iterator<Item = usize> + 't {
    let longest = text.len().min(MAX_PIECE);
    (MIN_PIECE..=longest).filter(move |length| {
        let piece: String = text[..*length].iter().collect();
        WORDS.contains(piece.as_str()) || piece == name || is_run(&piece)
    })
}

fn is_run(piece: &str) -> bool {
    let back: String = piece.chars().rev().collect();
    let same = piece.chars().all(|c| piece.starts_with(c));
    let year = piece.len() == 4 && piece.starts_with(['1', '2']) && piece.bytes().all(|b| b.is_ascii_digit());
    same || year || RUNS.iter().any(|run| run.contains(piece) || run.contains(&back))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(password: &str) -> bool {
        check_password(password, "ada lovelace").is_ok()
    }

    #[test]
    fn au_02_length_is_counted_as_a_person_counts_and_nothing_else_is_asked_for() {
        let of = |n: usize| {
            "pzu kvy tmo xre "
                .chars()
                .cycle()
                .take(n - 1)
                .chain(['w'])
                .collect::<String>()
        };
        for (length, ok) in [
            (7, false),
            (8, false),
            (11, false),
            (12, true),
            (64, true),
            (128, true),
            (129, false),
        ] {
            assert_eq!(taken(&of(length)), ok, "{length}");
        }
        assert!(taken(" leading and trailing oaks "), "space counts");
        assert!(taken("žluťoučký kůň"), "any script");
        // Eleven and twelve family emoji, of seven code points each, with enough that differ.
        let family = "👨‍👩‍👧‍👦";
        assert!(!taken(&format!("qåßœ{}", family.repeat(7))));
        assert!(taken(&format!("qåßœ{}", family.repeat(8))));
        assert!(
            !taken(&format!("qzkw{}", "e\u{301}".repeat(7))),
            "an accent is no character of its own"
        );
        assert!(!taken(&"\u{301}".repeat(3_000)));
    }

    #[test]
    fn au_02_common_passwords_and_their_variations_are_refused() {
        for password in [
            "123456789012",
            "111111111111",
            "passwordpassword",
            "Password1234",
            "P@ssw0rd1234",
            "qwertyuiop123",
            "1q2w3e4r5t6y",
            "1qaz2wsx3edc",
            "adminadminadmin",
            "administrator",
            "Administrator1!",
            "iloveyou1234",
            "letmein123456",
            "welcome2024!!",
            "Welcome12345",
            "abcdefghijkl",
            "abcabcabcabc",
            "zxcvbnm12345",
            "pollysystem1",
            "PollySystem2026",
            "dockerdocker",
            "Ada Lovelace1",
            "ada lovelace!",
            "footballbaseball",
            "sunshine2025",
            "princess12345",
            "trustno1trustno1",
            "unbelievable",
            "christopher1",
            "asdfghjkl123",
            "qazwsxedcrfv",
            "987654321098",
            "changeme1234",
            "changemechangeme",
            "rootrootroot",
            "monkeydragon1",
            "!@#$%^&*()!@",
            "aaaaaaaaaaab",
            "iloveyouforever",
            "starwars1977",
            "Summer2025!!",
            "mypassword123",
        ] {
            assert!(!taken(password), "{password}");
        }
    }

    #[test]
    fn au_02_words_that_only_you_would_put_together_are_taken() {
        for password in [
            "correct horse battery staple",
            "vK9#qLm2xW7p",
            "my cat eats purple socks",
            "Regen fällt auf Blech",
            "tümpel-lachs-42-orgel",
            "f3Kz-99ab-Qwel-0mnt",
            "the quick brown fox jumps",
        ] {
            assert!(taken(password), "{password}");
        }
    }

    #[test]
    fn au_02_the_longest_password_is_judged_quickly_enough_to_be_no_attack() {
        let long: String = "abcqweasdpassword1".chars().cycle().take(128).collect();
        assert!(!taken(&"a".repeat(128)));
        let _ = taken(&long);
        let _ = taken(&"👨‍👩‍👧‍👦".repeat(128));
    }
}
