//! The JavaScript widgets of `web/`: each folder becomes one file beside the bundle, with the locked packages inside.
use crate::{
    files, npm,
    run::{run, step},
};
use anyhow::Result;
use std::{fs, path::Path, process::Command};

/// Writes `<name>.js` into `out` for every `web/<name>/<name>.js`.
pub fn build(out: &Path) -> Result<()> {
    let (tools, packages) = (npm::tools()?, npm::modules("web")?);
    let web = files::root().join("web");
    step("widgets", || {
        for entry in fs::read_dir(&web)? {
            let folder = entry?;
            let name = format!("{}.js", folder.file_name().to_string_lossy());
            let source = folder.path().join(&name);
            if !source.exists() {
                continue;
            }
            run(Command::new("node")
                .arg(tools.join("esbuild/bin/esbuild"))
                .env("NODE_PATH", &packages)
                .arg(source)
                .args([
                    "--bundle",
                    "--minify",
                    "--format=esm",
                    "--target=es2022",
                    "--log-level=warning",
                ])
                .arg(format!("--outfile={}", out.join(&name).display())))?;
        }
        Ok(())
    })
}
