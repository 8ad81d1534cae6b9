//! Locked npm packages, installed once per lock file below the target directory.
use crate::{files, run::run};
use anyhow::{Result, anyhow};
use std::{path::PathBuf, process::Command};

/// `node_modules` of the programs that the build calls.
pub fn tools() -> Result<PathBuf> {
    modules("xtask/npm")
}

/// `node_modules` of a folder of this tree with a package.json and its lock.
pub fn modules(folder: &str) -> Result<PathBuf> {
    let from = files::root().join(folder);
    let lock = from.join("package-lock.json");
    let dir = files::target()
        .join("npm")
        .join(files::hash(&from, std::slice::from_ref(&lock))?);
    if !dir.join("done").exists() {
        for file in [from.join("package.json"), lock] {
            let name = file.file_name().ok_or_else(|| anyhow!("no file name"))?;
            files::write(&dir.join(name), std::fs::read(&file)?)?;
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
    Ok(dir.join("node_modules"))
}
