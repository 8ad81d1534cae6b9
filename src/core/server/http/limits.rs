//! How many requests one client address and one session may make.

use crate::{
    core::{
        auth::{
            model::SessionId,
            service::{Actor, Who},
        },
        server::{config::LimitConfig, net::client_network},
    },
    error::{AppError, AppResult},
};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::keyed::HashMapStateStore,
};
use std::{
    hash::Hash,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};

/// How much may come at once, as seconds of the rate.
const BURST_SECONDS: u32 = 5;
/// Keys that have used up nothing are forgotten after so many questions.
const TIDY_EVERY: u32 = 4_096;

/// The limits of a server.
pub struct Limits {
    addresses: Keyed<String>,
    sessions: Keyed<SessionId>,
}

struct Keyed<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, HashMapStateStore<K>, DefaultClock>,
    asked: AtomicU32,
}

impl Limits {
    pub fn new(config: LimitConfig) -> Self {
        Self {
            addresses: Keyed::new(config.per_address),
            sessions: Keyed::new(config.per_session),
        }
    }

    /// Counts one request of this client address.
    pub(super) fn address(&self, address: &str) -> AppResult<()> {
        self.addresses.count(
            &client_network(address),
            "There are too many requests from this address.",
        )
    }

    /// Counts one request of this actor's session.
    pub(super) fn session(&self, actor: &Actor) -> AppResult<()> {
        let Who::User { session, .. } = actor.who() else {
            return Ok(());
        };
        self.sessions
            .count(session, "There are too many requests in this session.")
    }
}

impl<K: Hash + Eq + Clone> Keyed<K> {
    fn new(per_second: NonZeroU32) -> Self {
        let burst = per_second.saturating_mul(NonZeroU32::MIN.saturating_add(BURST_SECONDS - 1));
        Self {
            limiter: RateLimiter::hashmap(Quota::per_second(per_second).allow_burst(burst)),
            asked: AtomicU32::new(0),
        }
    }

    fn count(&self, key: &K, what: &str) -> AppResult<()> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        self.limiter.check_key(key).map_err(|later| {
            let wait = later.wait_time_from(DefaultClock::default().now());
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            AppError::rate_limited(what, seconds)
        })
    }
}
