//! Instants on a page: the server renders UTC, the browser then says how long ago, with the local
//! time as the title. Both first renders are the same text, so hydration finds what it expects.

use super::browser;
use crate::core::id::UnixMillis;
use leptos::prelude::*;
use std::time::Duration;

/// The page's clock: `None` until hydrated, then the device's time, moved on every ten seconds.
#[derive(Clone, Copy)]
struct Clock(RwSignal<Option<i64>>);

/// Starts the clock that every [`Ago`] of the page reads. Once, in `App`.
pub fn provide_clock() {
    let now = RwSignal::new(None);
    provide_context(Clock(now));
    Effect::new(move |_| {
        now.set(Some(browser::now_millis()));
        set_interval(move || now.set(Some(browser::now_millis())), Duration::from_secs(10));
    });
}

/// `3 min ago`.
#[component]
pub fn Ago(#[prop(into)] at: Signal<UnixMillis>) -> impl IntoView {
    let clock = use_context::<Clock>();
    // Own signal: a part that hydrates late must also begin with the server's text.
    let now = RwSignal::new(None);
    Effect::new(move |_| {
        // The clock only says when to look again: an instant newer than its last tick is not in the future.
        at.track();
        if let Some(Clock(tick)) = clock {
            tick.track();
        }
        now.set(Some(browser::now_millis()));
    });
    let text = move || match now.get() {
        Some(now) => relative(at.get(), UnixMillis(now)),
        None => utc_text(at.get()),
    };
    let title = move || match now.get() {
        Some(_) => browser::local_text(at.get().0),
        None => utc_text(at.get()),
    };
    view! { <time class="nowrap" datetime=move || iso(at.get()) title=title>{text}</time> }
}

/// `2026-01-02T03:04:05Z`
pub fn iso(at: UnixMillis) -> String {
    let (y, mo, d, h, mi, s) = civil(at);
    format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}Z")
}

/// `2026-01-02 03:04 UTC`
pub fn utc_text(at: UnixMillis) -> String {
    let (y, mo, d, h, mi, _) = civil(at);
    format!("{y:04}-{mo:02}-{d:02} {h:02}:{mi:02} UTC")
}

/// Year, month, day, hour, minute, second in UTC. Days to a civil date as in Howard Hinnant's
/// `civil_from_days`: years begin in March, so that the leap day is a year's last.
fn civil(at: UnixMillis) -> (i64, i64, i64, i64, i64, i64) {
    let seconds = at.0.div_euclid(1000);
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468; // days since 0000-03-01
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day, rest / 3600, rest % 3600 / 60, rest % 60)
}

/// How long before (or after) `now`, in the largest unit that fits.
pub fn relative(at: UnixMillis, now: UnixMillis) -> String {
    let seconds = (now.0 - at.0).div_euclid(1000);
    let span = span_text(seconds.unsigned_abs());
    match seconds {
        // A server's clock may be a little ahead of the device's.
        -60..=4 => "just now".to_owned(),
        s if s < 0 => format!("in {span}"),
        _ => format!("{span} ago"),
    }
}

/// `45 s`, `3 min`, `5 h`, `12 d`, `2 y`
pub fn span_text(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        86_400..63_072_000 => format!("{} d", seconds / 86_400),
        _ => format!("{} y", seconds / 31_536_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_becomes_its_utc_date() {
        for (millis, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_399_999, "2000-02-28T23:59:59Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (951_868_800_000, "2000-03-01T00:00:00Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00Z"),
            (1_735_689_599_000, "2024-12-31T23:59:59Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
            (-2_203_891_200_000, "1900-03-01T00:00:00Z"),
            (1_000_000_000_000, "2001-09-09T01:46:40Z"),
        ] {
            assert_eq!(iso(UnixMillis(millis)), expected);
        }
        assert_eq!(utc_text(UnixMillis(1_000_000_000_000)), "2001-09-09 01:46 UTC");
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut last = civil(UnixMillis(-86_400_000 * 800_000));
        for day in -799_999..800_000_i64 {
            let next = civil(UnixMillis(86_400_000 * day));
            let follows = (next.0, next.1, next.2) == (last.0, last.1, last.2 + 1)
                || (next.2 == 1 && last.2 >= 28 && (next.0 * 12 + next.1) == (last.0 * 12 + last.1 + 1));
            assert!(follows, "{last:?} then {next:?}");
            last = next;
        }
    }

    #[test]
    fn a_span_is_told_in_its_largest_unit() {
        let now = UnixMillis(1_000_000_000_000);
        for (seconds, expected) in [
            (0, "just now"),
            (59, "59 s ago"),
            (60, "1 min ago"),
            (3599, "59 min ago"),
            (3600, "1 h ago"),
            (86_400, "1 d ago"),
            (800 * 86_400, "2 y ago"),
            (-60, "just now"),
            (-90, "in 1 min"),
        ] {
            assert_eq!(relative(now.plus_seconds(-seconds), now), expected);
        }
    }
}
