//! Public host keys: the text forms, fingerprints and algorithms.

use crate::{
    error::{AppError, AppResult},
    plugins::machines::model::OfferedHostKey,
};
use ssh_key::{Algorithm, EcdsaCurve, HashAlg, PublicKey};

/// A host's public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey(PublicKey);

impl HostKey {
    /// From `algorithm base64`, as known_hosts files hold it. Errors: `Invalid` in field `host_key`.
    pub fn parse(line: &str) -> AppResult<Self> {
        let mut key = PublicKey::from_openssh(line)
            .map_err(|e| AppError::invalid("host_key", format!("This is no public host key: {e}.")))?;
        key.set_comment("");
        rank(&key.algorithm())
            .ok_or_else(|| AppError::invalid("host_key", "This kind of host key is not accepted."))?;
        Ok(Self(key))
    }
    /// `algorithm base64`.
    pub fn line(&self) -> String {
        self.0.to_openssh().unwrap_or_default()
    }
    /// `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, ...
    pub fn algorithm(&self) -> String {
        self.0.algorithm().as_str().to_owned()
    }
    /// `SHA256:...`
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }
    /// Signature algorithms that this key can make, as `HostKeyAlgorithms` spells them; never SHA-1.
    pub fn signature_algorithms(&self) -> &'static [&'static str] {
        match self.0.algorithm() {
            Algorithm::Ed25519 => &["ssh-ed25519"],
            Algorithm::Ecdsa {
                curve: EcdsaCurve::NistP256,
            } => &["ecdsa-sha2-nistp256"],
            Algorithm::Ecdsa {
                curve: EcdsaCurve::NistP384,
            } => &["ecdsa-sha2-nistp384"],
            Algorithm::Rsa { .. } => &["rsa-sha2-512", "rsa-sha2-256"],
            _ => &[],
        }
    }
    /// The key as a page shows it.
    pub fn offered(&self, pins: &[HostKey]) -> OfferedHostKey {
        OfferedHostKey {
            algorithm: self.algorithm(),
            fingerprint: self.fingerprint(),
            pinned: pins.contains(self),
        }
    }
    pub(super) fn data(&self) -> &ssh_key::public::KeyData {
        self.0.key_data()
    }
}

/// Best first: the order in which ssh and the probe both ask for them.
pub fn sort(keys: &mut [HostKey]) {
    keys.sort_by_key(|key| rank(&key.0.algorithm()));
}

/// Best first. P-521 is not among them: the agent could not verify it.
fn rank(algorithm: &Algorithm) -> Option<u8> {
    match algorithm {
        Algorithm::Ed25519 => Some(0),
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP256,
        } => Some(1),
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP384,
        } => Some(2),
        Algorithm::Rsa { .. } => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

    #[test]
    fn text_and_back() {
        let key = HostKey::parse(&format!("{ED25519} root@web\n")).unwrap();
        assert_eq!(key.line(), ED25519);
        assert!(key.fingerprint().starts_with("SHA256:"));
        assert_eq!(key.algorithm(), "ssh-ed25519");
    }

    #[test]
    fn in_03_a_comment_with_a_line_break_does_not_get_in() {
        let key = HostKey::parse(&format!("{ED25519} x\n* ssh-ed25519 AAAA")).map(|k| k.line());
        assert!(key.is_err() || key.is_ok_and(|line| line == ED25519));
    }

    #[test]
    fn certificates_dsa_and_nonsense_are_refused() {
        for line in ["", "ssh-ed25519", "ssh-dss AAAAB3NzaC1kc3M=", "hello world", "-oX=y"] {
            assert!(HostKey::parse(line).is_err(), "{line:?}");
        }
    }
}
