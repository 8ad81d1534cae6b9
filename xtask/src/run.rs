//! Steps with their times, and other programs.
use anyhow::{Context, Result, ensure};
use std::{process::Command, time::Instant};

/// Does one step and says how long it took.
pub fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let result = work().with_context(|| name.to_owned())?;
    eprintln!("xtask: {name}: {:.1} s", start.elapsed().as_secs_f32());
    Ok(result)
}

/// Runs a program to its end; anything but success is an error that names it.
pub fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{name} cannot be started"))?;
    ensure!(status.success(), "{name} failed ({status})");
    Ok(())
}

/// The cargo that runs us.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
