//! Login keys: read in every form that people have them, made anew, and used to sign. In memory only.

use crate::{
    error::{AppError, AppResult},
    plugins::machines::model::{KeyId, KeySummary},
};
use rsa::pkcs1v15;
use signature::{SignatureEncoding, Signer};
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, Signature, private::KeypairData};
use zeroize::Zeroizing;

const LEAST_RSA_BITS: usize = 2048;
const LONGEST_TEXT: usize = 64 * 1024;
/// Flags of the agent protocol (draft-miller-ssh-agent, 3.6.1).
const RSA_SHA2_256: u32 = 2;
const RSA_SHA2_512: u32 = 4;

/// A private key, decrypted. Its memory is cleared on drop.
pub struct LoginKey(PrivateKey);

impl LoginKey {
    /// Reads a pasted key: OpenSSH's form, old PEM and PKCS#8, each with or without a passphrase.
    /// Slow on purpose for an encrypted one (about 0.1 s), so it runs on a blocking thread.
    ///
    /// Errors: `Invalid` in field `private_key` or `passphrase`, saying what to do.
    pub async fn read(text: Zeroizing<String>, passphrase: Option<Zeroizing<String>>) -> AppResult<Self> {
        let work = move || parse(&text, passphrase.as_ref().map(|p| p.as_str()));
        tokio::task::spawn_blocking(work).await.map_err(AppError::internal)?
    }

    /// A new Ed25519 key.
    pub fn generate(comment: &str) -> AppResult<Self> {
        let mut key = PrivateKey::random(&mut rand::rngs::OsRng, Algorithm::Ed25519).map_err(AppError::internal)?;
        key.set_comment(comment);
        Ok(Self(key))
    }

    /// The form in which it is sealed: OpenSSH's, without a passphrase (the seal encrypts it).
    pub fn to_text(&self) -> AppResult<Zeroizing<String>> {
        self.0.to_openssh(LineEnding::LF).map_err(AppError::internal)
    }

    /// What [`LoginKey::to_text`] gave.
    pub fn from_text(text: &str) -> AppResult<Self> {
        PrivateKey::from_openssh(text).map(Self).map_err(AppError::internal)
    }

    /// The public side, for pages.
    pub fn summary(&self, id: KeyId, name: &str) -> AppResult<KeySummary> {
        Ok(KeySummary {
            id,
            name: name.to_owned(),
            algorithm: self.0.algorithm().as_str().to_owned(),
            public_line: self.0.public_key().to_openssh().map_err(AppError::internal)?,
            fingerprint: self.0.fingerprint(HashAlg::Sha256).to_string(),
        })
    }

    pub(super) fn public(&self) -> &ssh_key::public::KeyData {
        self.0.public_key().key_data()
    }

    /// Signs as the agent protocol asks; RSA with SHA-2 only.
    pub(super) fn sign(&self, data: &[u8], flags: u32) -> Result<Signature, String> {
        match self.0.key_data() {
            KeypairData::Rsa(pair) => sign_rsa(pair, data, flags),
            _ => self.0.try_sign(data).map_err(|e| e.to_string()),
        }
    }
}

impl std::fmt::Debug for LoginKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginKey(***)")
    }
}

/// ssh-key 0.6's own RSA signer fails on the order of p and q, so the key is built from its parts.
fn sign_rsa(pair: &ssh_key::private::RsaKeypair, data: &[u8], flags: u32) -> Result<Signature, String> {
    let number = |part: &ssh_key::Mpint| rsa::BigUint::from_bytes_be(part.as_positive_bytes().unwrap_or_default());
    let (public, private) = (&pair.public, &pair.private);
    let primes = vec![number(&private.p), number(&private.q)];
    let key = rsa::RsaPrivateKey::from_components(number(&public.n), number(&public.e), number(&private.d), primes)
        .map_err(|e| e.to_string())?;
    let (hash, bytes) = if flags & RSA_SHA2_512 != 0 {
        (
            HashAlg::Sha512,
            pkcs1v15::SigningKey::<rsa::sha2::Sha512>::new(key)
                .try_sign(data)
                .map_err(|e| e.to_string())?
                .to_vec(),
        )
    } else if flags & RSA_SHA2_256 != 0 {
        (
            HashAlg::Sha256,
            pkcs1v15::SigningKey::<rsa::sha2::Sha256>::new(key)
                .try_sign(data)
                .map_err(|e| e.to_string())?
                .to_vec(),
        )
    } else {
        return Err("the host asked for an RSA signature with SHA-1, which is not given".to_owned());
    };
    Signature::new(Algorithm::Rsa { hash: Some(hash) }, bytes).map_err(|e| e.to_string())
}

fn wrong_key(message: &str) -> AppError {
    AppError::invalid("private_key", message)
}
fn wrong_passphrase() -> AppError {
    AppError::invalid("passphrase", "The passphrase does not open this key.")
}
fn missing_passphrase() -> AppError {
    AppError::invalid("passphrase", "This key is encrypted. Give its passphrase.")
}

fn parse(text: &str, passphrase: Option<&str>) -> AppResult<LoginKey> {
    let text = tidy(text)?;
    let key = if text.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----") {
        openssh(&text, passphrase)?
    } else {
        old_pem(&text, passphrase)?
    };
    accept(&key)?;
    Ok(LoginKey(key))
}

/// Line ends and blanks around the text, as a browser or an editor leaves them; and the common mix-ups.
fn tidy(text: &str) -> AppResult<Zeroizing<String>> {
    if text.len() > LONGEST_TEXT {
        return Err(wrong_key("This is far too long for a private key."));
    }
    let lines: Zeroizing<Vec<String>> = Zeroizing::new(
        text.lines()
            .map(|l| l.trim().to_owned())
            .filter(|l| !l.is_empty())
            .collect(),
    );
    let text = Zeroizing::new(lines.join("\n") + "\n");
    let public = [
        "ssh-",
        "ecdsa-sha2-",
        "sk-ssh-",
        "sk-ecdsa-",
        "---- BEGIN SSH2 PUBLIC KEY",
        "-----BEGIN PUBLIC KEY",
    ];
    if public.iter().any(|p| text.starts_with(p)) {
        return Err(wrong_key(
            "This is a public key. Paste the private key: the file without .pub at its end.",
        ));
    }
    if text.starts_with("PuTTY-User-Key-File-") {
        return Err(wrong_key(
            "This is a PuTTY key. Export it in PuTTYgen under Conversions, Export OpenSSH key, and paste that.",
        ));
    }
    if !text.starts_with("-----BEGIN ") || !text.contains("PRIVATE KEY-----") {
        return Err(wrong_key(
            "This is not a private key. It begins with -----BEGIN OPENSSH PRIVATE KEY----- or a similar line.",
        ));
    }
    Ok(text)
}

fn openssh(text: &str, passphrase: Option<&str>) -> AppResult<PrivateKey> {
    let key = PrivateKey::from_openssh(text).map_err(|e| match e {
        ssh_key::Error::AlgorithmUnknown | ssh_key::Error::AlgorithmUnsupported { .. } => {
            wrong_key("This kind of key is not supported. Use Ed25519, ECDSA or RSA.")
        }
        _ => wrong_key("The private key is damaged: it must be pasted whole, from its BEGIN line to its END line."),
    })?;
    if !key.is_encrypted() {
        return Ok(key);
    }
    key.decrypt(passphrase.ok_or_else(missing_passphrase)?)
        .map_err(|_| wrong_passphrase())
}

/// PKCS#1, SEC 1 and PKCS#8, through the decoder of russh; carried over in OpenSSH's own text.
fn old_pem(text: &str, passphrase: Option<&str>) -> AppResult<PrivateKey> {
    let encrypted = text.contains("ENCRYPTED");
    if encrypted && passphrase.is_none() {
        return Err(missing_passphrase());
    }
    let refused = |_| {
        if encrypted {
            AppError::invalid(
                "passphrase",
                "The passphrase does not open this key, or its encryption is too old. Convert it with ssh-keygen -p -f <file>, which writes the present form.",
            )
        } else {
            wrong_key(
                "The private key cannot be read. Convert it with ssh-keygen -p -f <file>, which writes the present form.",
            )
        }
    };
    let key = russh::keys::decode_secret_key(text, passphrase).map_err(refused)?;
    let carried = key
        .to_openssh(russh::keys::ssh_key::LineEnding::LF)
        .map_err(|_| wrong_key("The private key is damaged."))?;
    PrivateKey::from_openssh(carried.as_bytes())
        .map_err(|_| wrong_key("This kind of key is not supported. Use Ed25519, ECDSA or RSA."))
}

fn accept(key: &PrivateKey) -> AppResult<()> {
    match key.key_data() {
        KeypairData::Ed25519(_) => Ok(()),
        KeypairData::Ecdsa(pair) if !matches!(pair, ssh_key::private::EcdsaKeypair::NistP521 { .. }) => Ok(()),
        KeypairData::Ecdsa(_) => Err(wrong_key(
            "ECDSA keys on the curve P-521 are not supported. Use Ed25519, P-256, P-384 or RSA.",
        )),
        KeypairData::Rsa(pair) if bits(&pair.public.n) >= LEAST_RSA_BITS => Ok(()),
        KeypairData::Rsa(_) => Err(wrong_key(
            "This RSA key is too short to be safe: it needs 2048 bits, better 3072. Make an Ed25519 key instead.",
        )),
        KeypairData::SkEd25519(_) | KeypairData::SkEcdsaSha2NistP256(_) => Err(wrong_key(
            "This key lives in a hardware token, which a server cannot touch. Use a key of its own for the server.",
        )),
        _ => Err(wrong_key(
            "This kind of key is not supported. Use Ed25519, ECDSA or RSA.",
        )),
    }
}

fn bits(n: &ssh_key::Mpint) -> usize {
    n.as_positive_bytes().map_or(0, |bytes| bytes.len() * 8)
}

#[cfg(test)]
#[path = "keys_test.rs"]
mod tests;
