//! Logging: human by default, JSON by option. One event is one line, whatever is in it.

use super::config::{Config, ConfigError, LogFormat};
use std::io::IsTerminal;
use tracing_subscriber::{EnvFilter, fmt};

/// Installs the subscriber of this process; a second call does nothing.
pub fn init(config: &Config) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(directives(&config.log))
        .map_err(|why| ConfigError(format!("log: {:?} is not a log filter ({why}).", config.log)))?;
    let base = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    // A second server in one process (tests) finds the first one's subscriber and uses it.
    let _ = if config.log_format == LogFormat::Json {
        base.json().flatten_event(true).try_init()
    } else {
        base.with_ansi(std::io::stderr().is_terminal()).try_init()
    };
    Ok(())
}

/// A bare level is about this program; the libraries below it say what they do only when asked by name.
/// (Some of them print whole requests and answers at `debug`.)
fn directives(text: &str) -> String {
    let bare = ["off", "error", "warn", "info", "debug", "trace"].contains(&text.trim().to_ascii_lowercase().as_str());
    if bare {
        format!("warn,pollysystem={}", text.trim())
    } else {
        text.to_owned()
    }
}
