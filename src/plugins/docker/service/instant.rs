//! Times as engines write them: RFC 3339 with up to nine digits of a second.

use crate::core::id::UnixMillis;

/// Nanoseconds since 1970 of `2026-01-02T03:04:05.678901234Z` or `...+01:00`; `None` for anything else,
/// and for the year 1, with which engines say "never".
pub(super) fn nanos(text: &[u8]) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.iter().all(u8::is_ascii_digit).then_some(())?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !marks.iter().all(|(at, mark)| text.get(*at) == Some(mark)) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let in_range = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    if year < 1678 || !in_range {
        return None;
    }
    let mut at = 19;
    let mut fraction = 0;
    if text.get(at) == Some(&b'.') {
        let digits = text[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        if !(1..=9).contains(&digits) {
            return None;
        }
        fraction = number(at + 1, at + 1 + digits)? * 10_i64.pow(9 - u32::try_from(digits).ok()?);
        at += 1 + digits;
    }
    let offset = match text.get(at)? {
        b'Z' if text.len() == at + 1 => 0,
        sign @ (b'+' | b'-') if text.len() == at + 6 && text[at + 3] == b':' => {
            let minutes = number(at + 1, at + 3)? * 60 + number(at + 4, at + 6)?;
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset * 60;
    seconds.checked_mul(1_000_000_000)?.checked_add(fraction)
}

/// The same in milliseconds.
pub(super) fn millis(text: &str) -> Option<UnixMillis> {
    nanos(text.as_bytes()).map(|n| UnixMillis(n.div_euclid(1_000_000)))
}

/// Days from 1970-01-01 to a date, as in Howard Hinnant's `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::time::iso;

    #[test]
    fn an_engine_s_times_are_read_to_the_nanosecond() {
        assert_eq!(nanos(b"1970-01-01T00:00:00.000000001Z"), Some(1));
        assert_eq!(nanos(b"2001-09-09T01:46:40Z"), Some(1_000_000_000_000_000_000));
        assert_eq!(nanos(b"2001-09-09T03:46:40.5+02:00"), Some(1_000_000_000_500_000_000));
        assert_eq!(nanos(b"1969-12-31T23:59:59.999999999Z"), Some(-1));
        for wrong in [
            &b"0001-01-01T00:00:00Z"[..],
            b"2001-09-09 01:46:40Z",
            b"2001-09-09T01:46:40",
            b"2001-13-09T01:46:40Z",
            b"2001-09-09T01:46:40.Z",
            b"2001-09-09T01:46:40.1234567890Z",
            b"2001-09-09T01:46:40Zx",
            b"9999-09-09T01:46:40Z",
            b"",
        ] {
            assert_eq!(nanos(wrong), None, "{}", String::from_utf8_lossy(wrong));
        }
    }

    #[test]
    fn what_a_page_writes_is_read_as_the_same_instant() {
        for millis_since in [0, 951_782_400_000, 1_709_164_800_000, 4_107_542_400_000] {
            assert_eq!(millis(&iso(UnixMillis(millis_since))), Some(UnixMillis(millis_since)));
        }
    }
}
