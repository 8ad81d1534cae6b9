//! Envelope encryption with XChaCha20-Poly1305.
//!
//! `v1.<key id>.<nonce>.<wrapped data key>.<nonce>.<ciphertext>`, binary parts in base64url without padding.
//! The data key is wrapped, and the text sealed, with the place as associated data, so neither can be moved.
//! 192-bit random nonces do not repeat, and each data key seals exactly one text.

use super::{Place, Secret, random_key};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce, aead::Aead, aead::Payload};
use hkdf::Hkdf;
use rand::{RngCore, rngs::OsRng};
use sha2::Sha256;

const VERSION: &str = "v1";
const NONCE_BYTES: usize = 24;

/// The key-encryption key, and the id that tells it from others without giving anything away.
pub(super) struct Kek {
    id: String,
    wrap: Secret<[u8; 32]>,
}

impl Kek {
    /// Derives both from the master key.
    pub(super) fn from_master(master: &Secret<[u8; 32]>) -> Self {
        let derive = Hkdf::<Sha256>::new(None, master.expose());
        let (mut id, mut wrap) = ([0u8; 8], [0u8; 32]);
        // Both lengths are far below HKDF's bound of 255 blocks, the only way to fail.
        let _ = derive.expand(b"pollysystem key id v1", &mut id);
        let _ = derive.expand(b"pollysystem key wrap v1", &mut wrap);
        Self {
            id: hex::encode(id),
            wrap: Secret::new(wrap),
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

/// `None` when the cipher refuses, which it does for texts over 256 GiB only.
pub(super) fn seal(kek: &Kek, at: Place<'_>, plain: &[u8]) -> Option<String> {
    let data_key = random_key();
    let (wrap_nonce, wrapped) = encrypt(&kek.wrap, &aad("key", kek, at), data_key.expose())?;
    let (nonce, text) = encrypt(&data_key, &aad("text", kek, at), plain)?;
    let parts = [wrap_nonce.to_vec(), wrapped, nonce.to_vec(), text].map(|part| BASE64.encode(part));
    Some(format!("{VERSION}.{}.{}", kek.id, parts.join(".")))
}

pub(super) fn open(kek: &Kek, at: Place<'_>, sealed: &str) -> Result<Secret<Vec<u8>>, &'static str> {
    let parts: Vec<&str> = sealed.split('.').collect();
    let &[version, id, wrap_nonce, wrapped, nonce, text] = parts.as_slice() else {
        return Err("it is not sealed text");
    };
    if version != VERSION {
        return Err("it was sealed by another version");
    }
    if id != kek.id {
        return Err("it was sealed under another master key");
    }
    let data_key = decrypt(&kek.wrap, wrap_nonce, &aad("key", kek, at), wrapped)?;
    let data_key = data_key
        .expose()
        .as_slice()
        .try_into()
        .map(Secret::new)
        .map_err(|_| "its data key has a wrong length")?;
    decrypt(&data_key, nonce, &aad("text", kek, at), text)
}

pub(super) fn nonce() -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    OsRng.fill_bytes(&mut nonce);
    nonce
}

fn encrypt(key: &Secret<[u8; 32]>, aad: &[u8], plain: &[u8]) -> Option<([u8; NONCE_BYTES], Vec<u8>)> {
    let nonce = nonce();
    let cipher = XChaCha20Poly1305::new(key.expose().into());
    Some((
        nonce,
        cipher
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad })
            .ok()?,
    ))
}

fn decrypt(key: &Secret<[u8; 32]>, nonce: &str, aad: &[u8], text: &str) -> Result<Secret<Vec<u8>>, &'static str> {
    let decode = |part: &str| BASE64.decode(part).map_err(|_| "it is not sealed text");
    let (nonce, text) = (decode(nonce)?, decode(text)?);
    if nonce.len() != NONCE_BYTES {
        return Err("its nonce has a wrong length");
    }
    let cipher = XChaCha20Poly1305::new(key.expose().into());
    let plain = cipher.decrypt(XNonce::from_slice(&nonce), Payload { msg: &text, aad });
    plain.map(Secret::new).map_err(|_| "it was changed or moved")
}

/// Each part with its length before it, so that no two places give the same bytes.
fn aad(what: &str, kek: &Kek, at: Place<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in [VERSION, what, &kek.id, at.table, at.row, at.field] {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    bytes
}
