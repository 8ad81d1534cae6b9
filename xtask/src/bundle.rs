//! The wasm bundle: cargo, wasm-bindgen (as a library, of the lock file's version), wasm-opt.
use crate::{
    files, npm,
    run::{cargo, run, step},
};
use anyhow::Result;
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
    let tool = npm::tools()?.join("binaryen/bin/wasm-opt");
    run(Command::new("node")
        .arg(tool)
        .arg("-Oz")
        .args(FEATURES)
        .arg(wasm)
        .arg("-o")
        .arg(&small))?;
    Ok(fs::rename(small, wasm)?)
}
