//! The release: one executable, its licence and its README in a tar ball.
use crate::{
    files,
    run::{run, step},
    site,
};
use anyhow::{Context, Result};
use std::{fs, process::Command};

pub fn package() -> Result<()> {
    let binary = site::server("dist")?;
    let root = files::root();
    let name = format!("pollysystem-{}-linux-{}", version()?, std::env::consts::ARCH);
    let dist = files::target().join("dist");
    let dir = dist.join(&name);
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(&dir)?;
    fs::copy(binary, dir.join("pollysystem"))?;
    for extra in ["LICENSE", "README.md", ".env.example"].map(|file| root.join(file)) {
        if extra.exists() {
            fs::copy(&extra, dir.join(extra.file_name().unwrap_or_default()))?;
        }
    }
    let ball = dist.join(format!("{name}.tar.gz"));
    step("package", || {
        run(Command::new("tar")
            .args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "-czf"])
            .arg(&ball)
            .arg("-C")
            .arg(&dist)
            .arg(&name))
    })?;
    eprintln!("xtask: {}", ball.display());
    Ok(())
}

fn version() -> Result<String> {
    let manifest = files::read(&files::root().join("Cargo.toml"))?;
    let line = manifest.lines().find_map(|line| line.strip_prefix("version = \""));
    Ok(line
        .and_then(|rest| rest.split('"').next())
        .context("no version in Cargo.toml")?
        .to_owned())
}
