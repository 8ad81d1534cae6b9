//! The build tool: bundle, style, precompress, embed, package. Nothing of the product lives here.
mod bundle;
mod compress;
mod css;
mod files;
mod npm;
mod package;
mod run;
mod site;
mod style;
mod widgets;

use anyhow::{Result, bail};

const USAGE: &str = "usage: cargo xtask COMMAND
  site              the browser's files into <target>/site (bundle, style, public), precompressed
  site --dev        the same quickly and large, into <target>/site-dev
  build [--dist]    site, then the server with the site inside: one file
  style [--check]   generate style/utilities.css from the class tokens in the source, or check that it is fresh
  css FILE          the one style sheet of the site (for `make watch`)
  widgets DIR       the JavaScript widgets of web/ (for `make watch`)
  package           a dist build as <target>/dist/pollysystem-<version>-linux-<arch>.tar.gz";

fn main() -> std::process::ExitCode {
    match command() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn command() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["site"] => site::build().map(drop),
        ["site", "--dev"] => site::dev(),
        ["build"] => site::server("release").map(drop),
        ["build", "--dist"] => site::server("dist").map(drop),
        ["style"] => style::write(),
        ["style", "--check"] => style::check(),
        ["css", out] => files::write(out.as_ref(), css::sheet()?),
        ["widgets", out] => widgets::build(out.as_ref()),
        ["package"] => package::package(),
        _ => bail!("{USAGE}"),
    }
}
