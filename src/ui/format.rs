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
    }
}
