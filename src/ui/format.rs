//! Numbers as people read them. Binary units for memory and disks, as `docker stats` and `free -h` print them.

/// `1.5 GiB`; three significant digits, so that the width of a column does not jump.
pub fn bytes(value: f64) -> String {
    scaled(value, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB"])
}

/// `1.25 MB/s`: decimal, as network and disk speeds are named.
pub fn rate(bytes_per_second: f64) -> String {
    scaled(bytes_per_second, 1000.0, &["B/s", "kB/s", "MB/s", "GB/s", "TB/s"])
}

/// `12.3 %` of a ratio where 1 is the whole.
pub fn percent(ratio: f64) -> String {
    if !ratio.is_finite() {
        return "—".to_owned();
    }
    format!("{:.1} %", ratio * 100.0)
}

/// `12 d 3 h`, `5 h 2 min`, `40 s`: how long something has run.
pub fn duration(seconds: i64) -> String {
    let s = seconds.max(0);
    let two = |big: i64, unit: &str, small: i64, part: &str| {
        if small == 0 {
            format!("{big} {unit}")
        } else {
            format!("{big} {unit} {small} {part}")
        }
    };
    match s {
        0..60 => format!("{s} s"),
        60..3600 => two(s / 60, "min", s % 60, "s"),
        3600..86_400 => two(s / 3600, "h", s % 3600 / 60, "min"),
        _ => two(s / 86_400, "d", s % 86_400 / 3600, "h"),
    }
}

fn scaled(value: f64, step: f64, units: &[&str]) -> String {
    if !value.is_finite() || value < 0.0 {
        return "—".to_owned();
    }
    let (mut value, mut unit) = (value, 0);
    // 999.5 would print as 1000: the next unit is shorter
    while value >= step.min(999.5) && unit + 1 < units.len() {
        value /= step;
        unit += 1;
    }
    let digits = match value {
        _ if unit == 0 => 0,
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {}", units.get(unit).unwrap_or(&""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_speeds_keep_three_digits() {
        assert_eq!(bytes(0.0), "0 B");
        assert_eq!(bytes(1023.0), "1.00 KiB");
        assert_eq!(bytes(1536.0), "1.50 KiB");
        assert_eq!(bytes(10.0 * 1024.0 * 1024.0), "10.0 MiB");
        assert_eq!(bytes(999.6 * 1024.0), "0.98 MiB");
        assert_eq!(rate(1_250_000.0), "1.25 MB/s");
        assert_eq!(rate(-1.0), "—");
        assert_eq!(percent(0.1234), "12.3 %");
        assert_eq!(percent(f64::NAN), "—");
        assert_eq!(
            [0, 61, 3600, 90_060, 273_600].map(duration),
            ["0 s", "1 min 1 s", "1 h", "1 d 1 h", "3 d 4 h"]
        );
    }
}
