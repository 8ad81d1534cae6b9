//! How every bench says its figures, so that they can be read under each other.
#![allow(dead_code, reason = "no bench uses all of it")]

use std::time::Duration;

/// A figure beside its target; the last column is measured divided by target.
pub fn line(id: &str, what: &str, value: f64, unit: &str, target: f64, note: &str) {
    println!(
        "{id:<4} {what:<62} {value:>9.2} {unit:<3} of {target:>6.2}  x{:.2}{note}",
        value / target
    );
}

/// Milliseconds that `percent` of the waits stay within; sorts them.
pub fn quantile(waits: &mut [Duration], percent: usize) -> f64 {
    waits.sort_unstable();
    waits[(waits.len() - 1) * percent / 100].as_secs_f64() * 1_000.0
}
