//! The wasm bundle: cargo, wasm-bindgen (as a library, of the lock file's version), wasm-opt.
use crate::{
    files,
    run::{cargo, run, step},
};
use anyhow::{Result, anyhow};
use std::{fs, path::Path, process::Command};
use wasm_bindgen_cli_support::Bindgen;

const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-multivalue",
];

/// Writes `pollysystem.js` and `pollysystem_bg.wasm` into `out`: Leptos asks for `_bg` as long as the server is
/// compiled without `LEPTOS_OUTPUT_NAME`. `small` is the release's bundle; without it building is quick.
pub fn build(out: &Path, small: bool) -> Result<()> {
    let profile = if small { "wasm-release" } else { "wasm-dev" };
    step("wasm", || {
        run(cargo()
            .current_dir(files::root())
            .env("CARGO_TARGET_DIR", files::target())
            .args([
                "build",
                "--quiet",
                "--lib",
                "--no-default-features",
                "--features",
                "hydrate",
            ])
            .args(["--target", "wasm32-unknown-unknown", "--profile", profile]))
    })?;
    let wasm = files::target()
        .join("wasm32-unknown-unknown")
        .join(profile)
        .join("pollysystem.wasm");
    step("wasm-bindgen", || {
        let mut bindgen = Bindgen::new();
        bindgen
            .input_path(&wasm)
            .out_name("pollysystem")
            .typescript(false)
            .web(true)?;
        bindgen.generate(out)
    })?;
    if !small {
        return Ok(());
    }
    step("wasm-opt", || optimise(&out.join("pollysystem_bg.wasm")))
}

fn optimise(wasm: &Path) -> Result<()> {
    let small = wasm.with_extension("small");
    let tool = npm()?.join("node_modules/binaryen/bin/wasm-opt");
    run(Command::new("node")
        .arg(tool)
        .arg("-Oz")
        .args(FEATURES)
        .arg(wasm)
        .arg("-o")
        .arg(&small))?;
    Ok(fs::rename(small, wasm)?)
}

/// The locked npm tools, installed once per lock file below the target directory.
fn npm() -> Result<std::path::PathBuf> {
    let from = files::root().join("xtask/npm");
    let lock = from.join("package-lock.json");
    let dir = files::target()
        .join("npm")
        .join(files::hash(&from, std::slice::from_ref(&lock))?);
    if !dir.join("done").exists() {
        for file in [from.join("package.json"), lock] {
            let name = file.file_name().ok_or_else(|| anyhow!("no file name"))?;
            files::write(&dir.join(name), fs::read(&file)?)?;
        }
        run(Command::new("npm").current_dir(&dir).args([
            "ci",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
        ]))?;
        files::write(&dir.join("done"), "")?;
    }
    Ok(dir)
}
