//! Access tokens (short JWTs) and refresh tokens (opaque, rotating).
//!
//! A refresh token's successor is HMAC(server key, token): inside the grace a repeated refresh gets the
//! very same successor, and nothing but hashes is stored.

use crate::{
    core::{auth::model::SessionId, id::UnixMillis, server::secrets::Secret},
    error::{AppError, AppResult},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand::RngCore;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Life of an access token.
pub const ACCESS_SECONDS: i64 = 600;
const ISSUER: &str = "pollysystem";
const AUDIENCE: &str = "pollysystem-web";
const TYPE: &str = "at+jwt";
/// Id of the only key of the ring so far.
const KEY_ID: &str = "k1";

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

pub(super) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    rotation: Secret<[u8; 32]>,
}

impl Tokens {
    pub fn new(signing: Secret<[u8; 32]>, rotation: Secret<[u8; 32]>) -> Self {
        Self {
            encoding: EncodingKey::from_secret(signing.expose()),
            decoding: DecodingKey::from_secret(signing.expose()),
            rotation,
        }
    }

    /// A token for this session, good for [`ACCESS_SECONDS`].
    pub fn access(&self, session: SessionId, now: UnixMillis) -> AppResult<String> {
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
            kid: Some(KEY_ID.to_owned()),
            ..Header::new(Algorithm::HS256)
        };
        jsonwebtoken::encode(&header, &claims, &self.encoding).map_err(AppError::internal)
    }

    /// The session of a valid access token.
    pub fn session(&self, access: &str) -> Option<SessionId> {
        let header = jsonwebtoken::decode_header(access).ok()?;
        if header.typ.as_deref() != Some(TYPE) || header.kid.as_deref() != Some(KEY_ID) {
            return None;
        }
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        rules.validate_nbf = true;
        rules.leeway = 5;
        jsonwebtoken::decode::<Claims>(access, &self.decoding, &rules)
            .ok()?
            .claims
            .sub
            .parse()
            .ok()
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
