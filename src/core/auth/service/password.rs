//! argon2id, at most one computation per core at a time (19 MiB and tens of milliseconds each).

use crate::error::{AppError, AppResult};
use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordVerifier, Version,
    password_hash::{PasswordHasher as _, SaltString, rand_core::OsRng},
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, time::timeout};

/// OWASP ASVS 5.0, appendix C: argon2id with at least 19 MiB, t=2, p=1.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes and verifies passwords.
pub struct PasswordHasher {
    turns: Arc<Semaphore>,
    /// Verified when there is no such account, so that both answers take as long.
    dummy: String,
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    pub ok: bool,
    /// Made with weaker parameters than today's: hash again.
    pub outdated: bool,
}

impl Default for PasswordHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl PasswordHasher {
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let dummy = hash_now("no account has this password").unwrap_or_default();
        Self {
            turns: Arc::new(Semaphore::new(cores)),
            dummy,
        }
    }

    /// The PHC string of `password`, with a salt of its own.
    pub async fn hash(&self, password: &str) -> AppResult<String> {
        let password = password.to_owned();
        self.in_turn(move || hash_now(&password)).await?
    }

    /// Checks `password` against `phc`, or against a dummy when there is none.
    pub async fn verify(&self, password: &str, phc: Option<&str>) -> AppResult<Verified> {
        let (password, phc, exists) = (
            password.to_owned(),
            phc.unwrap_or(&self.dummy).to_owned(),
            phc.is_some(),
        );
        let found = self.in_turn(move || verify_now(&password, &phc)).await?;
        Ok(Verified {
            ok: found.ok && exists,
            ..found
        })
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> AppResult<T> {
        let busy =
            || AppError::unavailable("Too many people are logging in at this moment. Try again in a few seconds.");
        let turn = timeout(Duration::from_secs(10), self.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| busy())?.map_err(|_| busy())?;
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        })
        .await
        .map_err(AppError::internal)
    }
}

fn argon2() -> AppResult<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(AppError::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_now(password: &str) -> AppResult<String> {
    let salt = SaltString::generate(&mut OsRng);
    Ok(argon2()?
        .hash_password(password.as_bytes(), &salt)
        .map_err(AppError::internal)?
        .to_string())
}

fn verify_now(password: &str, phc: &str) -> Verified {
    let Ok(parsed) = PasswordHash::new(phc) else {
        return Verified {
            ok: false,
            outdated: false,
        };
    };
    // Only argon2id is accepted, whatever a row says.
    let known = parsed.algorithm == argon2::ARGON2ID_IDENT;
    let ok = known && Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
    let weaker = Params::try_from(&parsed).is_ok_and(|p| p.m_cost() < MEMORY_KIB || p.t_cost() < PASSES);
    Verified {
        ok,
        outdated: ok && weaker,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn au_01_a_password_is_kept_as_argon2id_with_its_own_salt_and_weak_rows_are_renewed() {
        let hasher = PasswordHasher::new();
        let (a, b) = (
            hasher.hash("correct horse battery").await.unwrap(),
            hasher.hash("correct horse battery").await.unwrap(),
        );
        assert!(a.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{a}");
        assert_ne!(a, b);
        let verify = |phc: String, password: &'static str| {
            let hasher = &hasher;
            async move { hasher.verify(password, Some(&phc)).await.unwrap() }
        };
        assert_eq!(
            verify(a.clone(), "correct horse battery").await,
            Verified {
                ok: true,
                outdated: false
            }
        );
        assert!(!verify(a, "correct horse batteryx").await.ok, "nothing is truncated");
        let salt = SaltString::generate(&mut OsRng);
        let weak = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(8_192, 1, 1, None).unwrap(),
        );
        let weak = weak.hash_password(b"correct horse battery", &salt).unwrap().to_string();
        assert_eq!(
            verify(weak, "correct horse battery").await,
            Verified {
                ok: true,
                outdated: true
            }
        );
        let bcrypt = "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW".to_owned();
        assert!(!verify(bcrypt, "secret").await.ok);
    }
}
