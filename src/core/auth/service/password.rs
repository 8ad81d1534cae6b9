//! argon2id with a secret key of the server (a pepper), at most one computation per core at a time (19 MiB and tens of milliseconds each).

use crate::core::server::secrets::Secret;
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

/// Stands before the PHC string of a hash that the key went into. One without it was made by an earlier version, and
/// is renewed at the next login.
const KEYED: &str = "k1";

/// The key of all hashes: a copy of the database alone cannot even be guessed at.
type Pepper = Arc<Secret<[u8; 32]>>;

/// Hashes and verifies passwords.
pub struct PasswordHasher {
    turns: Arc<Semaphore>,
    pepper: Pepper,
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

impl PasswordHasher {
    /// `pepper` is kept sealed under the master key.
    pub fn new(pepper: Secret<[u8; 32]>) -> Self {
        let pepper = Arc::new(pepper);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let dummy = hash_now(&pepper, "no account has this password").unwrap_or_default();
        Self {
            turns: Arc::new(Semaphore::new(cores)),
            pepper,
            dummy,
        }
    }

    /// What is kept of `password`, with a salt of its own.
    pub async fn hash(&self, password: &str) -> AppResult<String> {
        let (password, pepper) = (password.to_owned(), self.pepper.clone());
        self.in_turn(move || hash_now(&pepper, &password)).await?
    }

    /// Checks `password` against `phc`, or against a dummy when there is none.
    pub async fn verify(&self, password: &str, phc: Option<&str>) -> AppResult<Verified> {
        let (password, phc, exists) = (
            password.to_owned(),
            phc.unwrap_or(&self.dummy).to_owned(),
            phc.is_some(),
        );
        let pepper = self.pepper.clone();
        let found = self.in_turn(move || verify_now(&pepper, &password, &phc)).await?;
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

fn argon2(pepper: &Pepper) -> AppResult<Argon2<'_>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(AppError::internal)?;
    Argon2::new_with_secret(pepper.expose(), Algorithm::Argon2id, Version::V0x13, params).map_err(AppError::internal)
}

fn hash_now(pepper: &Pepper, password: &str) -> AppResult<String> {
    let salt = SaltString::generate(&mut OsRng);
    let argon2 = argon2(pepper)?;
    let phc = argon2
        .hash_password(password.as_bytes(), &salt)
        .map_err(AppError::internal)?;
    Ok(format!("{KEYED}{phc}"))
}

fn verify_now(pepper: &Pepper, password: &str, kept: &str) -> Verified {
    let (keyed, phc) = kept.strip_prefix(KEYED).map_or((false, kept), |phc| (true, phc));
    let Ok(parsed) = PasswordHash::new(phc) else {
        return Verified {
            ok: false,
            outdated: false,
        };
    };
    // Only argon2id is accepted, whatever a row says.
    let known = parsed.algorithm == argon2::ARGON2ID_IDENT;
    let check = if keyed { argon2(pepper) } else { Ok(Argon2::default()) };
    let ok = known && check.is_ok_and(|argon2| argon2.verify_password(password.as_bytes(), &parsed).is_ok());
    let weaker = Params::try_from(&parsed).is_ok_and(|p| p.m_cost() < MEMORY_KIB || p.t_cost() < PASSES);
    Verified {
        ok,
        outdated: ok && (weaker || !keyed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn ld_03_a_flood_computes_no_more_hashes_at_once_than_there_are_cores() {
        let hasher = PasswordHasher::new(Secret::new([7; 32]));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let flood = (0..200).map(|_| {
            let (running, most) = (running.clone(), most.clone());
            hasher.in_turn(move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
            })
        });
        assert!(futures::future::join_all(flood).await.iter().all(Result::is_ok));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        assert!((1..=cores).contains(&most.load(Ordering::SeqCst)));
    }

    #[tokio::test]
    async fn au_01_a_password_is_kept_as_argon2id_with_its_own_salt_and_weak_rows_are_renewed() {
        let hasher = PasswordHasher::new(Secret::new([7; 32]));
        let (a, b) = (
            hasher.hash("correct horse battery").await.unwrap(),
            hasher.hash("correct horse battery").await.unwrap(),
        );
        assert!(a.starts_with("k1$argon2id$v=19$m=19456,t=2,p=1$"), "{a}");
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
        assert!(
            !verify(a.clone(), "correct horse batteryx").await.ok,
            "nothing is truncated"
        );
        let other = PasswordHasher::new(Secret::new([8; 32]));
        let elsewhere = other.verify("correct horse battery", Some(&a)).await.unwrap();
        assert!(!elsewhere.ok, "another key opens nothing");
        let salt = SaltString::generate(&mut OsRng);
        let unkeyed = Argon2::default().hash_password(b"correct horse battery", &salt);
        assert_eq!(
            verify(unkeyed.unwrap().to_string(), "correct horse battery").await,
            Verified {
                ok: true,
                outdated: true
            },
            "a hash from before the key is renewed"
        );
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
