use super::*;
use std::{
    collections::HashSet,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
};
use tempfile::TempDir;

const PLACE: Place<'static> = Place {
    table: "ssh_keys",
    row: "7",
    field: "private",
};
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

async fn open() -> (TempDir, Db, Secrets) {
    let dir = TempDir::new().unwrap();
    let db = Db::open(dir.path(), Vec::new()).await.unwrap();
    let secrets = Secrets::open_or_create(&SecretsConfig::default(), dir.path(), &db)
        .await
        .unwrap();
    (dir, db, secrets)
}

fn other_kek() -> Kek {
    Kek::from_master(&random_key())
}

fn key_file(dir: &TempDir, content: &str, mode: u32) -> SecretsConfig {
    let file = dir.path().join("given.key");
    fs::write(&file, content).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
    SecretsConfig {
        master_key_file: Some(file),
        master_key: None,
    }
}

async fn refusal(config: &SecretsConfig, dir: &TempDir, db: &Db) -> String {
    Secrets::open_or_create(config, dir.path(), db)
        .await
        .err()
        .unwrap()
        .message
}

#[tokio::test]
async fn what_was_sealed_opens_in_its_place() {
    let (dir, db, secrets) = open().await;
    let sealed = secrets.seal(PLACE, b"the key").unwrap();
    assert!(!sealed.contains("the key"));
    assert_eq!(secrets.open(PLACE, &sealed).unwrap().expose(), b"the key");
    let again = Secrets::open_or_create(&SecretsConfig::default(), dir.path(), &db)
        .await
        .unwrap();
    assert_eq!(again.open(PLACE, &sealed).unwrap().expose(), b"the key");
}

#[tokio::test]
async fn se_02_a_change_of_any_character_is_an_error() {
    let (_dir, _db, secrets) = open().await;
    let sealed = secrets.seal(PLACE, b"the key").unwrap();
    for i in 0..sealed.len() {
        for bit in 0..7 {
            let mut bytes = sealed.clone().into_bytes();
            bytes[i] ^= 1 << bit;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(
                secrets.open(PLACE, &changed).is_err(),
                "character {i}, bit {bit}: {changed}"
            );
        }
        assert!(secrets.open(PLACE, &sealed[..i]).is_err(), "cut at {i}");
    }
}

#[tokio::test]
async fn se_02_a_secret_opens_in_no_other_place_and_under_no_other_key() {
    let (_dir, _db, secrets) = open().await;
    let sealed = secrets.seal(PLACE, b"the key").unwrap();
    for at in [
        Place { row: "8", ..PLACE },
        Place {
            field: "public",
            ..PLACE
        },
        Place { table: "x", ..PLACE },
        Place {
            table: "ssh_keys7",
            row: "",
            ..PLACE
        },
    ] {
        assert!(secrets.open(at, &sealed).is_err(), "{at:?}");
    }
    assert!(envelope::open(&other_kek(), PLACE, &sealed).is_err());
    // Also when the text claims to be sealed under that other key.
    let other = other_kek();
    assert!(envelope::open(&other, PLACE, &sealed.replace(secrets.kek.id(), other.id())).is_err());
}

#[tokio::test]
async fn se_02_parts_of_two_secrets_do_not_mix() {
    let (_dir, _db, secrets) = open().await;
    let (a, b) = (
        secrets.seal(PLACE, b"one").unwrap(),
        secrets.seal(PLACE, b"two").unwrap(),
    );
    let (a, b): (Vec<_>, Vec<_>) = (a.split('.').collect(), b.split('.').collect());
    let mixed = [a[0], a[1], a[2], a[3], b[4], b[5]].join(".");
    assert!(secrets.open(PLACE, &mixed).is_err());
}

#[test]
fn se_02_a_million_nonces_are_unique() {
    let mut seen = HashSet::with_capacity(1_000_000);
    assert!((0..1_000_000).all(|_| seen.insert(envelope::nonce())));
}

#[test]
fn a_secret_prints_as_stars() {
    let secret = Secret::new("hunter2".to_owned());
    assert_eq!(format!("{secret:?}"), "***");
    let config = SecretsConfig {
        master_key: Some(secret),
        ..Default::default()
    };
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[tokio::test]
async fn se_06_the_key_is_made_once_for_its_owner_alone() {
    let (dir, db, secrets) = open().await;
    let file = dir.path().join("master.key");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    fs::remove_file(&file).unwrap();
    let why = refusal(&SecretsConfig::default(), &dir, &db).await;
    assert!(why.contains(secrets.kek.id()), "{why}");
    assert!(!file.exists(), "no new key was made");
}

#[tokio::test]
async fn se_06_a_wrong_key_is_refused_and_the_right_one_named() {
    let (dir, db, secrets) = open().await;
    let why = refusal(&key_file(&dir, KEY, 0o600), &dir, &db).await;
    assert!(why.contains(secrets.kek.id()), "{why}");
}

#[tokio::test]
async fn se_06_short_example_and_open_keys_are_refused() {
    let dir = TempDir::new().unwrap();
    let db = Db::open(dir.path(), Vec::new()).await.unwrap();
    for bad in [
        "",
        "abc",
        &KEY[..62],
        "change-me-to-32-random-bytes-000",
        "CHANGE-ME",
        &"00".repeat(32),
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ] {
        let why = refusal(&key_file(&dir, bad, 0o600), &dir, &db).await;
        assert!(why.contains("given.key"), "{bad}: {why}");
        let text = SecretsConfig {
            master_key: Some(Secret::new(bad.to_owned())),
            ..Default::default()
        };
        assert!(refusal(&text, &dir, &db).await.contains("POLLY_MASTER_KEY"), "{bad}");
    }
    for mode in [0o644, 0o640, 0o604, 0o602] {
        assert!(
            refusal(&key_file(&dir, KEY, mode), &dir, &db)
                .await
                .contains("chmod 600")
        );
    }
    let absent = SecretsConfig {
        master_key_file: Some(dir.path().join("absent")),
        ..Default::default()
    };
    assert!(refusal(&absent, &dir, &db).await.contains("absent"));
    assert!(
        !dir.path().join("master.key").exists(),
        "a refused key is not replaced by a made one"
    );
}

#[test]
fn a_key_may_be_hex_base64_or_raw_and_the_first_source_counts() {
    let dir = TempDir::new().unwrap();
    let id = |config: &SecretsConfig| {
        kek::find_in(config, None, dir.path())
            .unwrap()
            .unwrap()
            .kek
            .id()
            .to_owned()
    };
    let text = |text: &str| SecretsConfig {
        master_key: Some(Secret::new(text.to_owned())),
        ..Default::default()
    };
    let hex = id(&text(KEY));
    assert_eq!(id(&text(&format!(" {}\n", KEY.to_uppercase()))), hex);
    assert_eq!(id(&text("ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=")), hex);
    assert_eq!(id(&text("ABEiM0RVZneImaq7zN3u_wARIjNEVWZ3iJmqu8zd7v8")), hex);
    let raw = dir.path().join("raw");
    fs::write(&raw, hex::decode(KEY).unwrap()).unwrap();
    fs::set_permissions(&raw, Permissions::from_mode(0o400)).unwrap();
    let both = SecretsConfig {
        master_key_file: Some(raw.clone()),
        master_key: Some(Secret::new("ignored".to_owned())),
    };
    assert_eq!(id(&both), hex);
    let credential = kek::find_in(&SecretsConfig::default(), Some(&raw), dir.path())
        .unwrap()
        .unwrap();
    assert_eq!(credential.kek.id(), hex);
}

#[tokio::test]
async fn a_named_key_is_made_once_also_by_two_at_once() {
    let (_dir, db, secrets) = open().await;
    let (a, b) = tokio::join!(
        secrets.named_key(&db, "audit-chain"),
        secrets.named_key(&db, "audit-chain")
    );
    let a = a.unwrap();
    assert_eq!(a, b.unwrap());
    assert_eq!(a, secrets.named_key(&db, "audit-chain").await.unwrap());
    assert_ne!(a, secrets.named_key(&db, "sessions").await.unwrap());
}
