//! Access tokens (short JWTs) and refresh tokens (opaque, rotating).
//!
//! Access tokens are HS256 under 256-bit keys of our own ring: the newest signs, and the older ones verify for as long
//! as a token of theirs can be alive, so that a new key logs nobody out. A refresh token's successor is
//! HMAC(server key, token): inside the grace a repeated refresh gets the very same successor, and nothing but hashes
//! is stored.

use super::store;
use crate::{
    core::{
        auth::model::SessionId,
        id::UnixMillis,
        server::{
            db::Db,
            secrets::{Place, Secret, Secrets},
        },
    },
    error::{AppError, AppResult},
};
use arc_swap::ArcSwap;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand::RngCore;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Life of an access token.
pub const ACCESS_SECONDS: i64 = 600;
/// A key signs for so long.
const KEY_SECONDS: i64 = 30 * 24 * 3_600;
/// How far `nbf` and `exp` may be off: both are written and read by this server's own clock.
const LEEWAY_SECONDS: i64 = 5;
const ISSUER: &str = "pollysystem";
const AUDIENCE: &str = "pollysystem-web";
const TYPE: &str = "at+jwt";

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// A key of the ring.
struct Key {
    id: String,
    secret: Secret<[u8; 32]>,
    made_at: UnixMillis,
}

pub(super) struct Tokens {
    /// Newest first, never empty.
    ring: ArcSwap<Vec<Arc<Key>>>,
    rotation: Secret<[u8; 32]>,
}

impl Tokens {
    /// Reads the ring, and begins one in a new database.
    pub async fn open(db: &Db, secrets: &Secrets, rotation: Secret<[u8; 32]>, now: UnixMillis) -> AppResult<Self> {
        let this = Self {
            ring: ArcSwap::default(),
            rotation,
        };
        this.read(db, secrets).await?;
        if this.ring.load().is_empty() {
            this.rotate(db, secrets, now).await?;
        }
        Ok(this)
    }

    async fn read(&self, db: &Db, secrets: &Secrets) -> AppResult<()> {
        let mut ring = Vec::new();
        for (id, sealed, made_at) in store::signing_keys(db.read()).await? {
            let plain = secrets.open(place(&id), &sealed)?;
            let secret: [u8; 32] = plain
                .expose()
                .as_slice()
                .try_into()
                .map_err(|_| AppError::internal(format!("the signing key {id} is not 32 bytes")))?;
            ring.push(Arc::new(Key {
                id,
                secret: Secret::new(secret),
                made_at,
            }));
        }
        self.ring.store(Arc::new(ring));
        Ok(())
    }

    /// Adds a key that signs from now on; keys whose tokens have all ended go.
    pub async fn rotate(&self, db: &Db, secrets: &Secrets, now: UnixMillis) -> AppResult<()> {
        let mut bytes = [0_u8; 32];
        rand::rngs::OsRng.fill_bytes(&mut bytes);
        let secret = Secret::new(bytes);
        let id = uuid::Uuid::now_v7().simple().to_string();
        let sealed = secrets.seal(place(&id), secret.expose())?;
        // The key that signed until now goes with the one after next: it is older than its last token by then.
        let before = now.plus_seconds(-KEY_SECONDS - ACCESS_SECONDS - LEEWAY_SECONDS);
        db.write(move |tx| Box::pin(async move { store::add_signing_key(tx, &id, &sealed, now, before).await }))
            .await?;
        self.read(db, secrets).await
    }

    /// Whether the key that signs has signed long enough.
    pub fn is_due(&self, now: UnixMillis) -> bool {
        self.ring
            .load()
            .first()
            .is_none_or(|key| now > key.made_at.plus_seconds(KEY_SECONDS))
    }

    /// A token for this session, good for [`ACCESS_SECONDS`].
    pub fn access(&self, session: SessionId, now: UnixMillis) -> AppResult<String> {
        let ring = self.ring.load();
        let key = ring
            .first()
            .ok_or_else(|| AppError::internal("there is no signing key"))?;
        let now = now.0 / 1000;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: session.to_string(),
            iat: now,
            nbf: now,
            exp: now + ACCESS_SECONDS,
        };
        let header = Header {
            typ: Some(TYPE.to_owned()),
            kid: Some(key.id.clone()),
            ..Header::new(Algorithm::HS256)
        };
        let secret = EncodingKey::from_secret(key.secret.expose());
        jsonwebtoken::encode(&header, &claims, &secret).map_err(AppError::internal)
    }

    /// The session of a valid access token.
    pub fn session(&self, access: &str, now: UnixMillis) -> Option<SessionId> {
        let header = jsonwebtoken::decode_header(access).ok()?;
        // A key comes from our ring and never from the token.
        let foreign = header.jku.is_some() || header.jwk.is_some() || header.x5u.is_some() || header.x5c.is_some();
        if header.typ.as_deref() != Some(TYPE) || foreign {
            return None;
        }
        let ring = self.ring.load();
        let key = ring.iter().find(|key| header.kid.as_deref() == Some(key.id.as_str()))?;
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        // The times are compared below, with the server's own clock.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        let secret = DecodingKey::from_secret(key.secret.expose());
        let claims = jsonwebtoken::decode::<Claims>(access, &secret, &rules).ok()?.claims;
        claims.is_now(now.0 / 1000).then(|| claims.sub.parse().ok())?
    }

    /// A new family's first refresh token: 256 random bits.
    pub fn first_refresh() -> String {
        let mut bytes = [0_u8; 32];
        rand::rngs::OsRng.fill_bytes(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The one successor of a refresh token.
    pub fn successor(&self, refresh: &str) -> AppResult<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.rotation.expose()).map_err(AppError::internal)?;
        mac.update(refresh.as_bytes());
        Ok(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    /// What the database keeps of a refresh token.
    pub fn at_rest(refresh: &str) -> String {
        hex::encode(Sha256::digest(refresh.as_bytes()))
    }
}

impl Claims {
    /// Whether the token has begun and not ended, and was not made to last longer than ours do.
    fn is_now(&self, now: i64) -> bool {
        let begun = self.nbf <= now + LEEWAY_SECONDS;
        let ended = self.exp <= now - LEEWAY_SECONDS;
        begun && !ended && self.exp.saturating_sub(self.nbf) <= ACCESS_SECONDS
    }
}

fn place(id: &str) -> Place<'_> {
    Place {
        table: "signing_keys",
        row: id,
        field: "sealed",
    }
}

#[cfg(test)]
#[path = "token_test.rs"]
mod tests;
