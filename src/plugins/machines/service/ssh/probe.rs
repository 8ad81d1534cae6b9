//! Which host keys a machine offers, read by an SSH handshake of our own that stops before any login:
//! no user name is sent, and nothing of ours is shown but the address we come from.

use super::{
    failure::{LinkFailure, remote_words},
    hostkey::HostKey,
};
use crate::plugins::machines::model::HostAddress;
use russh::{
    client::{self, connect_stream},
    keys::{Algorithm, EcdsaCurve, HashAlg, PublicKeyOrCertificate},
};
use std::{
    borrow::Cow,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::net::TcpStream;

/// No probe takes longer than this.
pub const DEADLINE: Duration = Duration::from_secs(10);

const RETRIES: usize = 3;
const RETRY_PAUSE: Duration = Duration::from_millis(150);

/// The algorithms that a host key may have, best first; one handshake each.
const KINDS: [Kind; 4] = [Kind::Ed25519, Kind::P256, Kind::P384, Kind::Rsa];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ed25519,
    P256,
    P384,
    Rsa,
}

impl Kind {
    fn algorithms(self) -> Vec<Algorithm> {
        match self {
            Self::Ed25519 => vec![Algorithm::Ed25519],
            Self::P256 => vec![Algorithm::Ecdsa {
                curve: EcdsaCurve::NistP256,
            }],
            Self::P384 => vec![Algorithm::Ecdsa {
                curve: EcdsaCurve::NistP384,
            }],
            Self::Rsa => vec![
                Algorithm::Rsa {
                    hash: Some(HashAlg::Sha512),
                },
                Algorithm::Rsa {
                    hash: Some(HashAlg::Sha256),
                },
            ],
        }
    }
    fn of(key: &HostKey) -> Option<Self> {
        match key.algorithm().as_str() {
            "ssh-ed25519" => Some(Self::Ed25519),
            "ecdsa-sha2-nistp256" => Some(Self::P256),
            "ecdsa-sha2-nistp384" => Some(Self::P384),
            _ => Some(Self::Rsa).filter(|_| key.algorithm().contains("rsa")),
        }
    }
}

/// All keys that the host offers, best first; never empty.
///
/// Errors: what kept us from the first handshake, or `NoCommonHostKey` when it has only unknown kinds.
pub async fn offered(host: &HostAddress, port: u16) -> Result<Vec<HostKey>, LinkFailure> {
    let [a, b, c, d] = KINDS.map(|kind| handshake(host, port, vec![kind], DEADLINE));
    let mut results: [_; 4] = tokio::join!(a, b, c, d).into();
    if results.iter().any(Result::is_ok) {
        one_by_one(host, port, &mut results).await;
    }
    let mut failure = None;
    let mut keys = Vec::new();
    for result in results {
        match result {
            Ok(key) => keys.push(key),
            Err(LinkFailure::NoCommonHostKey { offer }) if failure.is_some() => drop(offer),
            Err(other) => failure = Some(other),
        }
    }
    if keys.is_empty() {
        Err(failure.unwrap_or(LinkFailure::Closed))
    } else {
        Ok(keys)
    }
}

/// A host that takes few strangers at once (MaxStartups) hung up on some of us: it is asked again for those.
async fn one_by_one(host: &HostAddress, port: u16, results: &mut [Result<HostKey, LinkFailure>; 4]) {
    let hung_up = |result: &Result<HostKey, LinkFailure>| {
        matches!(
            result,
            Err(LinkFailure::NotSsh | LinkFailure::Closed | LinkFailure::Other { .. })
        )
    };
    for (kind, result) in KINDS.into_iter().zip(results) {
        for _ in 0..RETRIES {
            if !hung_up(result) {
                break;
            }
            // the one before is still being let go of
            tokio::time::sleep(RETRY_PAUSE).await;
            *result = handshake(host, port, vec![kind], DEADLINE).await;
        }
    }
}

/// The key that ssh would be shown now with these pins: one handshake, the same preferences.
///
/// Errors: the failure; `NoCommonHostKey` when the host has no key of a pinned kind any more.
pub async fn current(host: &HostAddress, port: u16, pins: &[HostKey]) -> Result<HostKey, LinkFailure> {
    let kinds = KINDS
        .into_iter()
        .filter(|kind| pins.iter().any(|pin| Kind::of(pin) == Some(*kind)))
        .collect();
    handshake(host, port, kinds, DEADLINE).await
}

async fn handshake(host: &HostAddress, port: u16, kinds: Vec<Kind>, within: Duration) -> Result<HostKey, LinkFailure> {
    let work = async {
        let stream = TcpStream::connect((host.as_str(), port))
            .await
            .map_err(|e| connect_failure(&e))?;
        exchange(stream, kinds).await
    };
    tokio::time::timeout(within, work)
        .await
        .unwrap_or(Err(LinkFailure::TimedOut {
            stage: "reading its host key",
        }))
}

async fn exchange(stream: TcpStream, kinds: Vec<Kind>) -> Result<HostKey, LinkFailure> {
    let seen = Seen::default();
    let mut config = client::Config {
        nodelay: true,
        ..client::Config::default()
    };
    config.preferred.key = Cow::Owned(kinds.into_iter().flat_map(Kind::algorithms).collect());
    let outcome = connect_stream(Arc::new(config), stream, seen.clone()).await;
    if let Some(line) = seen.take() {
        return HostKey::parse(&line).map_err(|e| LinkFailure::Other { text: e.message });
    }
    Err(outcome
        .err()
        .map_or(LinkFailure::Closed, |error| handshake_failure(&error)))
}

/// Keeps the key and refuses to go on: the handshake ends there.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Option<String>>>);

impl Seen {
    fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl client::Handler for Seen {
    type Error = russh::Error;
    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        if let PublicKeyOrCertificate::PublicKey { key, .. } = shown {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = key.to_openssh().ok();
        }
        Ok(false)
    }
}

fn connect_failure(error: &io::Error) -> LinkFailure {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => LinkFailure::PortClosed,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => LinkFailure::NoRoute,
        io::ErrorKind::TimedOut => LinkFailure::TimedOut {
            stage: "opening the connection",
        },
        // std gives a failed look-up no kind of its own
        _ if error.raw_os_error().is_none() => LinkFailure::NameUnknown,
        _ => LinkFailure::Other {
            text: error.to_string(),
        },
    }
}

fn handshake_failure(error: &russh::Error) -> LinkFailure {
    match error {
        russh::Error::NoCommonAlgo {
            kind: russh::AlgorithmKind::Key,
            theirs,
            ..
        } => LinkFailure::NoCommonHostKey {
            offer: remote_words(&theirs.join(", ")),
        },
        russh::Error::NoCommonAlgo { .. } => LinkFailure::NoCommonAlgorithm {
            text: remote_words(&error.to_string()),
        },
        _ => LinkFailure::NotSsh,
    }
}

#[cfg(test)]
#[path = "probe_test.rs"]
mod tests;
