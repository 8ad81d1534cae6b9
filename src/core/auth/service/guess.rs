//! Guessing passwords is slow, from wherever it comes, and nobody can lock somebody else out.
//!
//! Three counts are kept in the database, so that a restart forgets nothing: of a name from one network (an IPv4
//! address, or an IPv6 /64), of a network, and of a name from everywhere. A try is counted before it is checked, so
//! that a hundred at once are a hundred. Whether an account exists makes no difference.
//!
//! - A name from one network: five tries, then a pause that doubles from 1 s to 15 minutes.
//! - A network: twenty tries of any names, then a pause that doubles from 1 s to 1 minute.
//! - A name that thirty wrong tries were made on: a network has to ask twice, [`FIRST_WAIT_SECONDS`] apart, and has
//!   one try before its pauses begin. This is the longest that a stranger can make the owner wait who comes from
//!   another network: a try by others never counts against that one.

#[path = "guess_store.rs"]
mod guess_store;

use crate::{
    core::{
        id::UnixMillis,
        server::{
            clock::Clock,
            db::{Connection, Db},
            net::client_network,
        },
    },
    error::{AppError, AppResult},
};
use guess_store as store;
use sha2::{Digest, Sha256};

/// Wrong tries are forgotten after so long without another one.
const FORGET_MILLIS: i64 = 24 * 3_600_000;
/// Rows kept at most; the ones that were used longest ago go first.
const MAX_ROWS: u64 = 10_000;
const PAIR_FREE: u32 = 5;
const PAIR_CAP_SECONDS: i64 = 900;
const NETWORK_FREE: u32 = 20;
const NETWORK_CAP_SECONDS: i64 = 60;
const NAME_FREE: u32 = 30;
/// How long a network that is new to a name under attack waits.
pub const FIRST_WAIT_SECONDS: i64 = 30;

/// What a count is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Pair,
    Network,
    Name,
}

/// One count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    failures: u32,
    first_at: UnixMillis,
    last_at: UnixMillis,
}

/// The counts of one try: of the name (if there is one) from this network.
#[derive(Clone)]
pub struct Try {
    pair: Option<String>,
    name: Option<String>,
    network: String,
}

impl Try {
    /// A try to log in as `name`, in whatever case and with whatever space around it.
    pub fn of_name(name: &str, address: &str) -> Self {
        let (name, network) = (name.trim().to_lowercase(), client_network(address));
        Self {
            pair: Some(key(&[&name, &network])),
            name: Some(key(&[&name])),
            network: key(&[&network]),
        }
    }

    /// A try of something that has no name: the set-up code.
    pub fn of_network(address: &str) -> Self {
        Self {
            pair: None,
            name: None,
            network: key(&[&client_network(address)]),
        }
    }

    fn keys(&self) -> impl Iterator<Item = (Scope, &str)> {
        let optional = [(Scope::Pair, self.pair.as_deref()), (Scope::Name, self.name.as_deref())];
        let optional = optional
            .into_iter()
            .filter_map(|(scope, key)| key.map(|key| (scope, key)));
        optional.chain([(Scope::Network, self.network.as_str())])
    }
}

/// Names are not kept: what is typed into that field may be a password. Lengths keep the parts apart.
fn key(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(&hash.finalize()[..16])
}

/// The guard before every check of a secret that a person types.
#[derive(Clone)]
pub struct Guesses {
    db: Db,
    clock: Clock,
}

/// What to do with a try.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Check,
    Wait { seconds: i64, remember: bool },
}

impl Guesses {
    pub fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock }
    }

    /// Counts the try as wrong, before it is checked; an error when it comes too early and must not be checked.
    pub async fn admit(&self, attempt: &Try) -> AppResult<()> {
        let now = self.clock.now();
        // Most of a flood ends here, without a write.
        if let Answer::Wait {
            seconds,
            remember: false,
        } = decide(self.db.read(), attempt, now).await?
        {
            return Err(too_early(seconds));
        }
        let attempt = attempt.clone();
        let wait = self
            .db
            .write(move |tx| Box::pin(async move { count(tx, &attempt, now).await }))
            .await?;
        wait.map_or(Ok(()), |seconds| Err(too_early(seconds)))
    }

    /// The try was right: what was counted for it is taken back, and the name's own pauses from here end.
    pub async fn right(&self, attempt: &Try) -> AppResult<()> {
        let attempt = attempt.clone();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    for (scope, key) in attempt.keys() {
                        store::take_back(tx, scope, key, scope == Scope::Pair).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

/// Counts the try, or gives the seconds to wait.
async fn count(tx: &impl Connection, attempt: &Try, now: UnixMillis) -> AppResult<Option<i64>> {
    store::prune(tx, UnixMillis(now.0 - FORGET_MILLIS), MAX_ROWS).await?;
    match decide(tx, attempt, now).await? {
        Answer::Check => {
            for (scope, key) in attempt.keys() {
                store::add(tx, scope, key, 1, now).await?;
            }
            Ok(None)
        }
        Answer::Wait { seconds, remember } => {
            if let Some(pair) = attempt.pair.as_deref().filter(|_| remember) {
                store::add(tx, Scope::Pair, pair, 0, now).await?;
            }
            Ok(Some(seconds))
        }
    }
}

async fn decide(db: &impl Connection, attempt: &Try, now: UnixMillis) -> AppResult<Answer> {
    let mut counts = [None; 3];
    for (scope, key) in attempt.keys() {
        let found = store::get(db, scope, key).await?;
        counts[scope as usize] = found.filter(|c| now.0 - c.last_at.0 < FORGET_MILLIS);
    }
    let [pair, network, name] = counts;
    Ok(answer(pair, network.unwrap_or_default(), name.unwrap_or_default(), now))
}

fn answer(pair: Option<Count>, network: Count, name: Count, now: UnixMillis) -> Answer {
    let attacked = name.failures >= NAME_FREE;
    let free = if attacked { 1 } else { PAIR_FREE };
    let first = match pair {
        _ if !attacked => 0,
        None => FIRST_WAIT_SECONDS,
        Some(pair) => left(pair.first_at, FIRST_WAIT_SECONDS, now),
    };
    let own = pair.unwrap_or_default();
    let pauses = [
        first,
        left(own.last_at, pause(own.failures, free, PAIR_CAP_SECONDS), now),
        left(
            network.last_at,
            pause(network.failures, NETWORK_FREE, NETWORK_CAP_SECONDS),
            now,
        ),
    ];
    match pauses.into_iter().max().unwrap_or_default() {
        0 => Answer::Check,
        seconds => Answer::Wait {
            seconds,
            remember: attacked && pair.is_none(),
        },
    }
}

/// The pause after so many wrong tries, in seconds: none, 1, 2, 4 ... `cap`.
fn pause(failures: u32, free: u32, cap: i64) -> i64 {
    match failures.checked_sub(free) {
        None => 0,
        Some(over) => 1_i64.checked_shl(over.min(20)).unwrap_or(cap).min(cap),
    }
}

/// What is left, in whole seconds, of a pause that began at `from`.
fn left(from: UnixMillis, seconds: i64, now: UnixMillis) -> i64 {
    let millis = from.plus_seconds(seconds).0 - now.0;
    (millis.max(0) + 999) / 1000
}

fn too_early(seconds: i64) -> AppError {
    AppError::rate_limited("There were too many tries.", u32::try_from(seconds).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    async fn guesses() -> (TempDir, Guesses, Clock) {
        let dir = TempDir::new().unwrap();
        let db = Db::open(dir.path(), Vec::new()).await.unwrap();
        let clock = Clock::default();
        (dir, Guesses::new(db, clock.clone()), clock)
    }

    async fn wait(guesses: &Guesses, attempt: &Try) -> Option<u32> {
        guesses.admit(attempt).await.err().and_then(|e| e.retry_after_seconds)
    }

    /// So many tries that are checked, each after the pause of the one before.
    async fn press(guesses: &Guesses, clock: &Clock, attempt: &Try, times: u32) {
        for _ in 0..times {
            clock.shift_seconds(PAIR_CAP_SECONDS);
            guesses.admit(attempt).await.unwrap();
        }
    }

    #[test]
    fn au_04_the_pause_doubles_up_to_its_cap() {
        let pauses: Vec<i64> = (4..9).map(|n| pause(n, PAIR_FREE, PAIR_CAP_SECONDS)).collect();
        assert_eq!(pauses, [0, 1, 2, 4, 8]);
        assert_eq!(pause(60, PAIR_FREE, PAIR_CAP_SECONDS), PAIR_CAP_SECONDS);
    }

    #[tokio::test]
    async fn au_04_a_thousand_tries_from_one_address_are_five_checks_and_then_one_a_pause() {
        let (_dir, guesses, clock) = guesses().await;
        let mut checked = 0;
        for n in 0..1_000 {
            let name = ["ada", " Ada", "ADA ", "aDa"][n % 4];
            checked += u32::from(guesses.admit(&Try::of_name(name, "192.0.2.1")).await.is_ok());
        }
        // A second may pass meanwhile, and on a slow machine some more.
        assert!(
            (PAIR_FREE..PAIR_FREE + 5).contains(&checked),
            "case and space make no other name: {checked}"
        );
        let attempt = Try::of_name("ada", "192.0.2.1");
        press(&guesses, &clock, &attempt, 5).await;
        assert!(wait(&guesses, &attempt).await.unwrap() >= 16, "the pause grows");
    }

    #[tokio::test]
    async fn au_04_two_hundred_addresses_make_the_owner_wait_no_longer_than_is_documented() {
        let (_dir, guesses, clock) = guesses().await;
        let mut checked = 0;
        for n in 0..1_000 {
            let address = format!("198.51.100.{}", n % 200);
            checked += u32::from(guesses.admit(&Try::of_name("ada", &address)).await.is_ok());
        }
        assert!(checked <= NAME_FREE, "{checked}");
        let owner = Try::of_name("ada", "203.0.113.5");
        assert_eq!(wait(&guesses, &owner).await, Some(FIRST_WAIT_SECONDS as u32));
        assert!(
            wait(&guesses, &Try::of_name("bob", "203.0.113.5")).await.is_none(),
            "others do not notice"
        );
        clock.shift_seconds(FIRST_WAIT_SECONDS);
        for n in 0..200 {
            let _ = guesses.admit(&Try::of_name("ada", &format!("198.51.100.{n}"))).await;
        }
        assert_eq!(
            wait(&guesses, &owner).await,
            None,
            "and strangers do not make it longer"
        );
    }

    #[tokio::test]
    async fn au_04_a_hundred_tries_at_once_are_counted_as_a_hundred() {
        let (_dir, guesses, _clock) = guesses().await;
        let attempt = Try::of_name("ada", "192.0.2.1");
        let all = futures::future::join_all((0..100).map(|_| guesses.admit(&attempt))).await;
        let checked = all.iter().filter(|r| r.is_ok()).count();
        assert!((5..8).contains(&checked), "{checked}");
    }

    #[tokio::test]
    async fn au_04_many_names_from_one_network_are_slowed_and_a_right_try_takes_its_count_back() {
        let (_dir, guesses, _clock) = guesses().await;
        for n in 0..100 {
            let attempt = Try::of_name(&format!("user{n}"), "2001:db8:0:7::1");
            assert!(guesses.admit(&attempt).await.is_ok());
            guesses.right(&attempt).await.unwrap();
        }
        let mut checked = 0;
        for n in 0..100 {
            let address = format!("2001:db8:0:7::{n:x}");
            checked += u32::from(
                guesses
                    .admit(&Try::of_name(&format!("user{n}"), &address))
                    .await
                    .is_ok(),
            );
        }
        assert!((NETWORK_FREE..NETWORK_FREE + 5).contains(&checked), "{checked}");
        let other = Try::of_network("2001:db8:0:7:ff::1");
        assert_eq!(other.network, Try::of_name("ada", "2001:db8:0:7::1").network);
    }

    #[tokio::test]
    async fn au_04_the_counts_are_bounded_and_survive_a_restart() {
        let (dir, guesses, clock) = guesses().await;
        press(&guesses, &clock, &Try::of_name("ada", "192.0.2.1"), 12).await;
        guesses.db.close().await;
        let db = Db::open(dir.path(), Vec::new()).await.unwrap();
        let again = Guesses::new(db.clone(), clock.clone());
        assert!(again.admit(&Try::of_name("ada", "192.0.2.1")).await.is_err());
        clock.shift_seconds(FORGET_MILLIS / 1000 + 1);
        assert!(again.admit(&Try::of_name("bob", "192.0.2.2")).await.is_ok());
        assert_eq!(store::rows(db.read()).await.unwrap(), 3, "old ones are gone");
        let now = clock.now();
        db.write(move |tx| {
            Box::pin(async move {
                for n in 0..20 {
                    store::add(tx, Scope::Pair, &n.to_string(), 1, UnixMillis(now.0 + n)).await?;
                }
                store::prune(tx, UnixMillis(0), 10).await
            })
        })
        .await
        .unwrap();
        assert_eq!(store::rows(db.read()).await.unwrap(), 10);
    }
}
