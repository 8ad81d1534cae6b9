//! `pollysystem.toml`.

use super::ConfigError;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The file's keys, all optional. An unknown one is an error that names its line.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileConfig {
    pub data_dir: Option<PathBuf>,
    pub listen: Option<String>,
    pub public_url: Option<String>,
    pub allowed_hosts: Option<Vec<String>>,
    pub trusted_proxies: Option<Vec<String>>,
    pub log: Option<String>,
    pub log_format: Option<String>,
    pub master_key_file: Option<PathBuf>,
    pub metrics_token: Option<String>,
    pub site_dir: Option<PathBuf>,
    pub key_probe_seconds: Option<u64>,
    pub collect_seconds: Option<u64>,
    pub session_idle_seconds: Option<u64>,
    pub session_absolute_seconds: Option<u64>,
    pub address_requests_per_second: Option<u32>,
    pub session_requests_per_second: Option<u32>,
}

impl FileConfig {
    /// Reads `path`, or `./pollysystem.toml`, or `/etc/pollysystem/pollysystem.toml`; only a named file must exist.
    pub fn read(path: Option<&Path>) -> Result<Self, ConfigError> {
        let candidates = ["pollysystem.toml", "/etc/pollysystem/pollysystem.toml"];
        let Some(path) = path.or_else(|| candidates.iter().map(Path::new).find(|p| p.is_file())) else {
            return Ok(Self::default());
        };
        let text = std::fs::read_to_string(path).map_err(|why| ConfigError(format!("{}: {why}.", path.display())))?;
        Self::parse(&text).map_err(|why| ConfigError(format!("{}: {why}", path.display())))
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let why = FileConfig::parse("listen = \"127.0.0.1:1\"\nlisten_on = \"x\"\n")
            .unwrap_err()
            .to_string();
        assert!(why.contains("line 2") && why.contains("listen_on"), "{why}");
    }
}
