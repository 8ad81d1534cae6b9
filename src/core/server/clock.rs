//! The time of sessions and delays: it follows the system's clock forward and never goes back.

use crate::core::id::UnixMillis;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

/// Clones share it. A system clock that is set back an hour does not make a session an hour longer: from the
/// furthest time seen the clock goes on by the kernel's monotonic one.
#[derive(Clone)]
pub struct Clock {
    furthest: Arc<Mutex<(UnixMillis, Instant)>>,
    shifted: Arc<AtomicI64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            furthest: Arc::new(Mutex::new((UnixMillis::now(), Instant::now()))),
            shifted: Arc::default(),
        }
    }
}

impl Clock {
    pub fn now(&self) -> UnixMillis {
        let system = UnixMillis(UnixMillis::now().0 + self.shifted.load(Ordering::Acquire));
        let mut furthest = self.furthest.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = i64::try_from(furthest.1.elapsed().as_millis()).unwrap_or(i64::MAX);
        let steady = UnixMillis(furthest.0.0.saturating_add(passed));
        if system > steady {
            *furthest = (system, Instant::now());
        }
        system.max(steady)
    }

    /// Moves what the system's clock is taken to say, for tests of what time does.
    pub fn shift_seconds(&self, seconds: i64) {
        self.shifted.fetch_add(seconds * 1000, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn au_11_the_clock_follows_forward_and_never_back() {
        let clock = Clock::default();
        let start = clock.now();
        clock.shift_seconds(3_600);
        let ahead = clock.now();
        assert!(ahead.0 - start.0 >= 3_600_000);
        clock.shift_seconds(-7_200);
        assert!(clock.now() >= ahead);
    }
}
