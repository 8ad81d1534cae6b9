//! The command line: `check-config`, `version`, and refusals.

use std::process::{Command, Output};

fn polly(args: &[&str], env: &[(&str, &str)], dir: &std::path::Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pollysystem"));
    command
        .args(args)
        .env_clear()
        .env("HOME", dir)
        .current_dir(dir)
        .envs(env.iter().copied());
    command.output().unwrap()
}

#[test]
fn check_config_prints_effective_values_and_masks_secrets() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("pollysystem.toml"),
        "listen = \"127.0.0.1:4000\"\nmetrics_token = \"CANARY_token\"\n",
    )
    .unwrap();
    let env = [("POLLY_LOG", "debug"), ("POLLY_MASTER_KEY", "CANARY_key")];
    let out = polly(&["check-config", "--data-dir", "/tmp/elsewhere"], &env, dir.path());
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    for line in [
        "listen = \"127.0.0.1:4000\"",
        "log = \"debug\"",
        "data_dir = \"/tmp/elsewhere\"",
        "metrics_token = \"***\"",
        "master_key = \"***\"",
    ] {
        assert!(text.contains(line), "{line} not in:\n{text}");
    }
    assert!(!text.contains("CANARY"));
}

#[test]
fn an_unknown_key_is_refused_with_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("pollysystem.toml"),
        "log = \"info\"\n\nlissten = \"x\"\n",
    )
    .unwrap();
    let out = polly(&["check-config"], &[], dir.path());
    let text = String::from_utf8(out.stderr).unwrap();
    assert!(!out.status.success());
    assert!(
        text.contains("pollysystem.toml") && text.contains("line 3") && text.contains("lissten"),
        "{text}"
    );
}

#[test]
fn an_address_that_is_none_is_refused_in_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let out = polly(&["check-config"], &[("POLLY_LISTEN", "3000")], dir.path());
    assert!(
        String::from_utf8(out.stderr)
            .unwrap()
            .contains("not an address with a port")
    );
    let out = polly(&["check-config"], &[("POLLY_PUBLIC_URL", "https://x/a b")], dir.path());
    assert!(!out.status.success());
}

#[test]
fn version_prints_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let out = polly(&["version"], &[], dir.path());
    assert_eq!(
        String::from_utf8(out.stdout).unwrap(),
        format!("pollysystem {}\n", env!("CARGO_PKG_VERSION"))
    );
}
