//! The one-time set-up code: shown in the log, good for thirty minutes, renewed by a restart.

use crate::error::{AppError, AppResult, ErrorKind};
use rand::Rng;
use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::{Duration, Instant},
};
use subtle::ConstantTimeEq;

const LIFE: Duration = Duration::from_secs(30 * 60);
/// Letters and digits that are not mistaken for each other; 12 of them are 59 bits.
const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Wrong tries before the code is dead.
const MAX_TRIES: u32 = 100;

pub(super) struct SetupCode {
    code: String,
    made: Instant,
    open: AtomicBool,
    tries: AtomicU32,
}

/// Random groups of four characters that can be read out and typed, 19 bits each.
pub(super) fn spoken_code(groups: usize) -> String {
    let mut rng = rand::rngs::OsRng;
    let mut group = |_| {
        (0..4)
            .map(|_| char::from(ALPHABET[rng.gen_range(0..ALPHABET.len())]))
            .collect::<String>()
    };
    (0..groups).map(&mut group).collect::<Vec<_>>().join("-")
}

impl SetupCode {
    pub fn new(open: bool) -> Self {
        Self {
            code: spoken_code(3),
            made: Instant::now(),
            open: AtomicBool::new(open),
            tries: AtomicU32::new(0),
        }
    }
    pub fn open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }
    pub fn close(&self) {
        self.open.store(false, Ordering::Release);
    }
    pub fn code(&self) -> Option<String> {
        self.open().then(|| self.code.clone())
    }

    /// Accepts the code in any case, with or without its dashes.
    pub fn check(&self, given: &str) -> AppResult<()> {
        let plain = |text: &str| {
            text.chars()
                .filter(char::is_ascii_alphanumeric)
                .collect::<String>()
                .to_ascii_uppercase()
        };
        if self.made.elapsed() > LIFE || self.tries.load(Ordering::Relaxed) >= MAX_TRIES {
            return Err(AppError::invalid(
                "code",
                "The set-up code has expired. Restart the server: its log shows a new one.",
            ));
        }
        if bool::from(plain(given).as_bytes().ct_eq(plain(&self.code).as_bytes())) {
            return Ok(());
        }
        self.tries.fetch_add(1, Ordering::Relaxed);
        Err(AppError {
            field: Some("code".to_owned()),
            ..AppError::new(
                ErrorKind::Forbidden,
                "This is not the set-up code. The server's log shows it.",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn au_13_the_set_up_code_is_checked_expires_and_dies_of_guessing() {
        let mut setup = SetupCode::new(true);
        let code = setup.code().unwrap();
        assert_eq!(code.len(), 14);
        assert!(setup.check(&code.to_lowercase().replace('-', " ")).is_ok());
        for _ in 0..MAX_TRIES {
            assert_eq!(setup.check("AAAA-AAAA-AAAA").unwrap_err().kind, ErrorKind::Forbidden);
        }
        assert!(setup.check(&code).is_err(), "dead after {MAX_TRIES} wrong tries");
        setup = SetupCode::new(true);
        setup.made = Instant::now().checked_sub(LIFE + Duration::from_secs(1)).unwrap();
        assert!(
            setup
                .check(&setup.code().unwrap())
                .unwrap_err()
                .message
                .contains("expired")
        );
    }
}
