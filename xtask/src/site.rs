//! The site: bundle, style sheet and public files under URLs that never change their meaning; and the server around it.
use crate::{
    bundle::{self, Parts},
    compress, css, files,
    run::{cargo, run, step},
    style, widgets,
};
use anyhow::{Context, Result};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The part of the page whose first load is measured: `/containers`.
const FIRST_PAGE: &str = "containers";

/// Builds `<target>/site` and gives its hash. Nothing is done while its inputs are what they were.
pub fn build() -> Result<String> {
    let site = files::target().join("site");
    let stamp = files::target().join("site.stamp");
    let inputs = inputs()?;
    if let Ok(old) = fs::read_to_string(&stamp)
        && let Some((old_inputs, hash)) = old.split_once(' ')
        && old_inputs == inputs
        && site.join("manifest.json").exists()
    {
        eprintln!("xtask: site {hash} is fresh");
        return Ok(hash.to_owned());
    }
    style::write()?;
    let draft = files::target().join("site.part");
    if draft.exists() {
        fs::remove_dir_all(&draft)?;
    }
    let pkg = draft.join("pkg/new");
    let parts = bundle::build(&pkg, true)?;
    widgets::build(&pkg)?;
    files::write(&pkg.join("pollysystem.css"), css::sheet()?)?;
    let hash = files::hash(&pkg, &files::walk(&pkg)?)?;
    fs::rename(&pkg, draft.join("pkg").join(&hash))?;
    files::copy(&files::root().join("public"), &draft)?;
    step("precompress", || manifest(&draft, &hash, &parts))?;
    if site.exists() {
        fs::remove_dir_all(&site)?;
    }
    fs::rename(&draft, &site)?;
    files::write(&stamp, format!("{inputs} {hash}"))?;
    Ok(hash)
}

/// A site that is built quickly and is not small, in `<target>/site-dev`: for `POLLY_SITE_DIR` while one works on a page.
pub fn dev() -> Result<()> {
    let site = files::target().join("site-dev");
    let pkg = site.join("pkg/dev");
    style::write()?;
    let parts = bundle::build(&pkg, false)?;
    widgets::build(&pkg)?;
    files::write(&pkg.join("pollysystem.css"), css::sheet()?)?;
    files::copy(&files::root().join("public"), &site)?;
    let hash = files::hash(&pkg, &files::walk(&pkg)?)?;
    let named = site.join("pkg").join(&hash);
    if named.exists() {
        fs::remove_dir_all(&named)?;
    }
    fs::rename(&pkg, named)?;
    files::write(
        &site.join("manifest.json"),
        json!({ "hash": hash, "parts": parts }).to_string(),
    )?;
    eprintln!("xtask: POLLY_SITE_DIR={}", site.display());
    Ok(())
}

/// The server with the site inside; gives the path of the executable.
pub fn server(profile: &str) -> Result<PathBuf> {
    build()?;
    step("server", || {
        run(cargo()
            .current_dir(files::root())
            .env("CARGO_TARGET_DIR", files::target())
            .env("POLLY_SITE_BUILD_DIR", files::target().join("site"))
            .args([
                "build",
                "--quiet",
                "--bin",
                "pollysystem",
                "--features",
                "embed",
                "--profile",
                profile,
            ]))
    })?;
    let file = files::target().join(profile).join("pollysystem");
    let bytes = fs::metadata(&file).with_context(|| file.display().to_string())?.len();
    eprintln!("xtask: {} ({:.1} MB)", file.display(), bytes as f64 / 1e6);
    Ok(file)
}

/// What the site is made from. The compiler counts too: server and bundle must come from one.
fn inputs() -> Result<String> {
    let root = files::root();
    let mut all: Vec<PathBuf> = ["Cargo.toml", "Cargo.lock"].map(|name| root.join(name)).into();
    for dir in ["src", "style", "public", "web", "xtask/src", "xtask/npm"] {
        all.extend(files::walk(&root.join(dir))?);
    }
    all.retain(|path| !path.ends_with("style/utilities.css")); // made here, from the rest
    let rustc = std::process::Command::new("rustc")
        .arg("-V")
        .output()
        .context("rustc")?;
    Ok(format!(
        "{}-{}",
        files::hash(&root, &all)?,
        String::from_utf8_lossy(&rustc.stdout).trim().replace(' ', "_")
    ))
}

fn manifest(site: &Path, hash: &str, parts: &Parts) -> Result<()> {
    let sizes = compress::tree(site)?;
    let first_page = parts.get(FIRST_PAGE).map(Vec::as_slice).unwrap_or_default();
    let mut first_load = 0;
    for file in sizes.iter().filter(|file| file.path.starts_with("pkg")) {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        // Widgets and other parts come with the page that shows one.
        if name.starts_with("pollysystem") || name.starts_with("__wasm_split") || first_page.iter().any(|f| **f == name)
        {
            first_load += if file.gzip_bytes > 0 {
                file.gzip_bytes
            } else {
                file.bytes
            };
        }
        eprintln!(
            "xtask:   {name}: {} bytes, {} gzip, {} br",
            file.bytes, file.gzip_bytes, file.br_bytes
        );
    }
    eprintln!("xtask:   first load: {first_load} bytes gzip");
    let list: Vec<_> = sizes
        .iter()
        .map(|f| json!({"path": f.path, "bytes": f.bytes, "gzip_bytes": f.gzip_bytes, "br_bytes": f.br_bytes}))
        .collect();
    files::write(
        &site.join("manifest.json"),
        serde_json::to_vec_pretty(
            &json!({"hash": hash, "first_load_gzip_bytes": first_load, "parts": parts, "files": list}),
        )?,
    )
}
