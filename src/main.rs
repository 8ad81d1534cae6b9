//! The composition root.
#![recursion_limit = "256"]

use clap::Parser;
use pollysystem::{
    app,
    core::server::{
        config::Cli,
        run::{self, Parts},
    },
    plugins,
};
use std::process::ExitCode;

fn main() -> ExitCode {
    let parts = Parts {
        shell: app::shell,
        app: app::app,
        plugins: plugins::all(),
        migrations: plugins::migrations(),
    };
    run::command(Cli::parse(), parts)
}
