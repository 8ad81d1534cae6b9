use super::*;
use std::{path::Path, process::Command};

fn keygen(dir: &Path, args: &[&str]) -> String {
    let file = dir.join("k");
    let _ = std::fs::remove_file(&file);
    let made = Command::new("ssh-keygen")
        .args(["-q", "-C", "c"])
        .args(args)
        .arg("-f")
        .arg(&file)
        .status()
        .unwrap();
    assert!(made.success());
    std::fs::read_to_string(file).unwrap()
}

async fn read(text: &str, passphrase: Option<&str>) -> AppResult<LoginKey> {
    LoginKey::read(
        Zeroizing::new(text.to_owned()),
        passphrase.map(|p| Zeroizing::new(p.to_owned())),
    )
    .await
}

async fn field(text: &str, passphrase: Option<&str>) -> (Option<String>, String) {
    let error = read(text, passphrase).await.unwrap_err();
    (error.field, error.message)
}

#[tokio::test]
async fn every_form_that_ssh_keygen_writes_is_read_and_signs() {
    let dir = tempfile::tempdir().unwrap();
    for kind in [
        &["-t", "ed25519"][..],
        &["-t", "ecdsa", "-b", "256"],
        &["-t", "ecdsa", "-b", "384"],
        &["-t", "rsa", "-b", "2048"],
    ] {
        for (form, passphrase) in [
            (&[][..], ""),
            (&[], "open sesame"),
            (&["-m", "PEM"], ""),
            (&["-m", "PEM"], "open sesame"),
            (&["-m", "PKCS8"], ""),
            (&["-m", "PKCS8"], "open sesame"),
        ] {
            if kind[1] == "ed25519" && !form.is_empty() {
                continue;
            }
            let text = keygen(dir.path(), &[kind, form, &["-N", passphrase]].concat());
            let result = read(&text, Some(passphrase).filter(|p| !p.is_empty())).await;
            if form == ["-m", "PEM"] && kind[1] == "ecdsa" {
                continue;
            }
            let key = result.unwrap_or_else(|e| panic!("{kind:?} {form:?} {passphrase:?}: {}", e.message));
            let public = std::fs::read_to_string(dir.path().join("k.pub")).unwrap();
            assert_eq!(
                key.summary(KeyId::new(), "k").unwrap().public_line.split(' ').nth(1),
                public.split(' ').nth(1)
            );
            let signature = key.sign(b"data", RSA_SHA2_512).unwrap();
            signature::Verifier::verify(key.public(), b"data", &signature).unwrap();
            assert_eq!(
                LoginKey::from_text(&key.to_text().unwrap()).unwrap().public(),
                key.public()
            );
        }
    }
}

#[tokio::test]
async fn each_mistake_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let locked = keygen(dir.path(), &["-t", "ed25519", "-N", "right one"]);
    let public = std::fs::read_to_string(dir.path().join("k.pub")).unwrap();
    let (of, says) = field(&locked, None).await;
    assert!(
        of.as_deref() == Some("passphrase") && says.contains("encrypted"),
        "{says}"
    );
    let (of, says) = field(&locked, Some("wrong one")).await;
    assert!(
        of.as_deref() == Some("passphrase") && says.contains("does not open"),
        "{says}"
    );
    assert!(field(&public, None).await.1.contains("public key"));
    assert!(field("hello", None).await.1.contains("not a private key"));
    assert!(field(&locked[..locked.len() / 2], None).await.1.contains("damaged"));
    assert!(
        field("PuTTY-User-Key-File-3: ssh-ed25519\n", None)
            .await
            .1
            .contains("PuTTYgen")
    );
    let pem = keygen(dir.path(), &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "right one"]);
    assert_eq!(field(&pem, None).await.0.as_deref(), Some("passphrase"));
    assert_eq!(field(&pem, Some("wrong")).await.0.as_deref(), Some("passphrase"));
    let short = keygen(dir.path(), &["-t", "rsa", "-b", "1024", "-N", ""]);
    assert!(field(&short, None).await.1.contains("too short"));
}

#[tokio::test]
async fn text_with_windows_line_ends_and_blanks_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let text = keygen(dir.path(), &["-t", "ed25519", "-N", ""]).replace('\n', "\r\n");
    assert!(read(&format!("\r\n  {text}  \r\n\r\n"), None).await.is_ok());
}

#[test]
fn a_made_key_is_ed25519_and_prints_no_secret() {
    let key = LoginKey::generate("pollysystem web").unwrap();
    let summary = key.summary(KeyId::new(), "web").unwrap();
    assert!(summary.public_line.starts_with("ssh-ed25519 ") && summary.public_line.ends_with(" pollysystem web"));
    assert!(summary.fingerprint.starts_with("SHA256:"));
    assert_eq!(format!("{key:?}"), "LoginKey(***)");
}

#[test]
fn rsa_never_signs_with_sha_1() {
    let dir = tempfile::tempdir().unwrap();
    let key = LoginKey::from_text(&keygen(dir.path(), &["-t", "rsa", "-b", "2048", "-N", ""])).unwrap();
    assert!(key.sign(b"x", 0).is_err());
}
