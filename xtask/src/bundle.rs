//! The wasm bundle: cargo, wasm-bindgen (as a library, of the lock file's version), wasm-opt.
use crate::{
    files, npm,
    run::{cargo, run, step},
};
use anyhow::{Result, anyhow};
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
    process::Command,
};
use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::{Options, SplitWasm, transform};

/// The files of each part of the bundle, beside the part that all pages need.
pub type Parts = BTreeMap<String, Vec<String>>;

/// The name that the marks in the program have for it; it is a module beside the others.
const LOADER: &str = "./__wasm_split.______________________.js";

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
pub fn build(out: &Path, small: bool) -> Result<Parts> {
    let profile = if small { "wasm-release" } else { "wasm-dev" };
    step("wasm", || {
        run(cargo()
            .current_dir(files::root())
            .env("CARGO_TARGET_DIR", files::target())
            .args([
                "rustc",
                "--quiet",
                "--lib",
                "--no-default-features",
                "--features",
                "hydrate",
            ])
            .args(["--target", "wasm32-unknown-unknown", "--profile", profile])
            // The splitter follows the relocations from function to function.
            .args(["--crate-type", "cdylib", "--", "-Clink-args=--emit-relocs"]))
    })?;
    let wasm = files::target()
        .join("wasm32-unknown-unknown")
        .join(profile)
        .join("pollysystem.wasm");
    let main = wasm.with_file_name("pollysystem_main.wasm");
    let parts = step("split", || split(&wasm, &main, out))?;
    step("wasm-bindgen", || {
        let mut bindgen = Bindgen::new();
        bindgen
            .input_path(&main)
            .keep_lld_exports(true)
            .out_name("pollysystem")
            .typescript(false)
            .web(true)?;
        bindgen.generate(out)
    })?;
    if small {
        step("wasm-opt", || {
            optimise(&out.join("pollysystem_bg.wasm"))?;
            parts.split_modules.iter().try_for_each(|part| optimise(part))
        })?;
    }
    Ok(files_of(parts.prefetch_map))
}

fn files_of(parts: HashMap<String, Vec<String>>) -> Parts {
    let file = |name: String| format!("{name}.wasm");
    let named = |(part, names): (String, Vec<String>)| (part, names.into_iter().map(file).collect());
    parts.into_iter().map(named).collect()
}

/// Splits the bundle at its lazy pages: what all pages need goes to `main`, the parts and their loader into `out`.
fn split(wasm: &Path, main: &Path, out: &Path) -> Result<SplitWasm> {
    let whole = fs::read(wasm)?;
    let mut options = Options::new(&whole);
    options.output_dir = out;
    options.main_out_path = main;
    options.link_name = LOADER;
    options.main_module = "./pollysystem.js";
    transform(options).map_err(|why| anyhow!("{why:?}"))
}

fn optimise(wasm: &Path) -> Result<()> {
    let small = wasm.with_extension("small");
    let tool = npm::tools()?.join("binaryen/bin/wasm-opt");
    run(Command::new("node")
        .arg(tool)
        .args(["-q", "-Oz"])
        .args(FEATURES)
        .arg(wasm)
        .arg("-o")
        .arg(&small))?;
    Ok(fs::rename(small, wasm)?)
}
