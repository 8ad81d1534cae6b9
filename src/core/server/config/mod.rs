//! Configuration: defaults, then `pollysystem.toml`, then `POLLY_*`, then the command line; parsed once
//! into typed values. Unknown keys in the file are refused with their line.

mod cli;
mod file;

pub use cli::{AdminCommand, AuditCommand, Cli, Command, ServeArgs};
pub use file::FileConfig;

use crate::core::server::secrets::{Secret, SecretsConfig};
use ipnet::IpNet;
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    path::PathBuf,
    time::Duration,
};
use url::Url;

/// A configuration that cannot be used: what, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One readable line per event, coloured on a terminal.
    Human,
    /// One JSON object per line.
    Json,
}

/// Everything the server needs to know before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    pub public_url: Option<Url>,
    /// Host names that requests may carry while `public_url` is unset (IPs and localhost always may).
    pub allowed_hosts: Vec<String>,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// A `tracing` filter.
    pub log: String,
    pub log_format: LogFormat,
    pub secrets: SecretsConfig,
    pub metrics_token: Option<Secret<String>>,
    /// A built site on disk, instead of the embedded one.
    pub site_dir: Option<PathBuf>,
    /// Pause between two host-key probes of a machine.
    pub key_probe: Duration,
    /// Pause between two readings of a machine's numbers.
    pub collect: Duration,
    pub session: SessionConfig,
    pub limits: LimitConfig,
}

#[derive(Clone, Copy, Debug)]
pub struct SessionConfig {
    pub idle: Duration,
    pub absolute: Duration,
}

/// Requests per second that go on for ever; five seconds' worth may come at once.
#[derive(Clone, Copy, Debug)]
pub struct LimitConfig {
    /// Of one client address (of one /64 for IPv6).
    pub per_address: NonZeroU32,
    /// Of one session.
    pub per_session: NonZeroU32,
}

impl Default for LimitConfig {
    fn default() -> Self {
        let of = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        Self {
            per_address: of(200),
            per_session: of(100),
        }
    }
}

impl Config {
    /// Reads the file (when there is one) and puts the environment and the command line over it.
    pub fn load(args: &ServeArgs) -> Result<Self, ConfigError> {
        let file = FileConfig::read(args.config.as_deref())?;
        Self::merge(file, args)
    }

    fn merge(file: FileConfig, args: &ServeArgs) -> Result<Self, ConfigError> {
        let public_url = args
            .public_url
            .clone()
            .or(file.public_url)
            .map(|text| parse_public_url(&text))
            .transpose()?;
        let secret = |text: Option<String>| text.filter(|t| !t.is_empty()).map(Secret::new);
        Ok(Self {
            data_dir: args.data_dir.clone().or(file.data_dir).unwrap_or_else(default_data_dir),
            listen: args
                .listen
                .clone()
                .or(file.listen)
                .map_or_else(|| Ok(default_listen()), |l| parse_listen(&l))?,
            public_url,
            allowed_hosts: args
                .allowed_hosts
                .as_deref()
                .map(comma_list)
                .or(file.allowed_hosts)
                .unwrap_or_default(),
            trusted_proxies: args
                .trusted_proxies
                .as_deref()
                .map(comma_list)
                .or(file.trusted_proxies)
                .unwrap_or_default()
                .iter()
                .map(|text| parse_network(text))
                .collect::<Result<_, _>>()?,
            log: args.log.clone().or(file.log).unwrap_or_else(|| "info".to_owned()),
            log_format: parse_format(
                args.log_format
                    .as_deref()
                    .or(file.log_format.as_deref())
                    .unwrap_or("human"),
            )?,
            secrets: SecretsConfig {
                master_key_file: args.master_key_file.clone().or(file.master_key_file),
                master_key: secret(args.master_key.clone()),
            },
            metrics_token: secret(args.metrics_token.clone().or(file.metrics_token)),
            site_dir: args.site_dir.clone().or(file.site_dir),
            key_probe: seconds(
                "key_probe_seconds",
                args.key_probe_seconds.or(file.key_probe_seconds).unwrap_or(60),
                1..=86_400,
            )?,
            collect: seconds(
                "collect_seconds",
                args.collect_seconds.or(file.collect_seconds).unwrap_or(5),
                1..=300,
            )?,
            session: SessionConfig {
                idle: seconds(
                    "session_idle_seconds",
                    file.session_idle_seconds.unwrap_or(1_800),
                    60..=604_800,
                )?,
                absolute: seconds(
                    "session_absolute_seconds",
                    file.session_absolute_seconds.unwrap_or(43_200),
                    300..=2_592_000,
                )?,
            },
            limits: LimitConfig {
                per_address: per_second(
                    "address_requests_per_second",
                    file.address_requests_per_second,
                    LimitConfig::default().per_address,
                )?,
                per_session: per_second(
                    "session_requests_per_second",
                    file.session_requests_per_second,
                    LimitConfig::default().per_session,
                )?,
            },
        })
    }

    /// Path of the public address, without a trailing slash.
    pub fn base_path(&self) -> String {
        self.public_url
            .as_ref()
            .map(|u| u.path().trim_end_matches('/').to_owned())
            .unwrap_or_default()
    }

    /// Where to point a browser.
    pub fn address(&self) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.listen),
        }
    }
}

/// The effective values, secrets masked: what `check-config` prints.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let masked = |set: bool| if set { "\"***\"" } else { "(unset)" };
        let path = |p: &Option<PathBuf>| p.as_ref().map_or("(unset)".to_owned(), |p| format!("{p:?}"));
        writeln!(f, "data_dir = {:?}", self.data_dir)?;
        writeln!(f, "listen = \"{}\"", self.listen)?;
        writeln!(
            f,
            "public_url = {}",
            self.public_url
                .as_ref()
                .map_or("(unset)".to_owned(), |u| format!("\"{u}\""))
        )?;
        writeln!(f, "allowed_hosts = {:?}", self.allowed_hosts)?;
        let proxies: Vec<String> = self.trusted_proxies.iter().map(ToString::to_string).collect();
        writeln!(f, "trusted_proxies = {proxies:?}")?;
        writeln!(f, "log = {:?}", self.log)?;
        writeln!(
            f,
            "log_format = \"{}\"",
            format!("{:?}", self.log_format).to_lowercase()
        )?;
        writeln!(f, "master_key_file = {}", path(&self.secrets.master_key_file))?;
        writeln!(f, "master_key = {}", masked(self.secrets.master_key.is_some()))?;
        writeln!(f, "metrics_token = {}", masked(self.metrics_token.is_some()))?;
        writeln!(f, "site_dir = {}", path(&self.site_dir))?;
        writeln!(f, "key_probe_seconds = {}", self.key_probe.as_secs())?;
        writeln!(f, "collect_seconds = {}", self.collect.as_secs())?;
        writeln!(f, "session_idle_seconds = {}", self.session.idle.as_secs())?;
        writeln!(f, "session_absolute_seconds = {}", self.session.absolute.as_secs())?;
        writeln!(f, "address_requests_per_second = {}", self.limits.per_address)?;
        write!(f, "session_requests_per_second = {}", self.limits.per_session)
    }
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 3000))
}

fn default_data_dir() -> PathBuf {
    let env = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    env("XDG_DATA_HOME")
        .or_else(|| env("HOME").map(|home| home.join(".local/share")))
        .unwrap_or_else(|| PathBuf::from("/var/lib"))
        .join("pollysystem")
}

fn comma_list(text: &str) -> Vec<String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

/// A network, or one address.
fn parse_network(text: &str) -> Result<IpNet, ConfigError> {
    let one = || text.parse::<IpAddr>().map(IpNet::from).ok();
    text.parse::<IpNet>().ok().or_else(one).ok_or_else(|| {
        ConfigError(format!(
            "trusted_proxies: {text:?} is neither an address nor a network. Write for example 127.0.0.1 or 10.0.0.0/8."
        ))
    })
}

fn per_second(name: &str, value: Option<u32>, default: NonZeroU32) -> Result<NonZeroU32, ConfigError> {
    let known = |n: &NonZeroU32| n.get() <= 1_000_000;
    value
        .map_or(Some(default), NonZeroU32::new)
        .filter(known)
        .ok_or_else(|| {
            ConfigError(format!(
                "{name}: {} is outside 1 to 1000000 requests.",
                value.unwrap_or_default()
            ))
        })
}

fn parse_listen(text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_| {
        ConfigError(format!(
            "listen: {text:?} is not an address with a port. Write for example 127.0.0.1:3000."
        ))
    })
}

fn parse_public_url(text: &str) -> Result<Url, ConfigError> {
    let bad = |why: &str| {
        ConfigError(format!(
            "public_url: {text:?} {why}. Write for example https://ops.example.org/polly."
        ))
    };
    let url = Url::parse(text).map_err(|_| bad("is not an address"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(bad("is not an http or https address"));
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(bad("must have no query, fragment or user"));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
    if !url.path().chars().all(plain) || url.path().contains("..") {
        return Err(bad(
            "has a path with characters other than letters, digits, - _ . and /",
        ));
    }
    Ok(url)
}

fn parse_format(text: &str) -> Result<LogFormat, ConfigError> {
    match text {
        "human" => Ok(LogFormat::Human),
        "json" => Ok(LogFormat::Json),
        other => Err(ConfigError(format!("log_format: {other:?} is neither human nor json."))),
    }
}

fn seconds(name: &str, value: u64, range: std::ops::RangeInclusive<u64>) -> Result<Duration, ConfigError> {
    if range.contains(&value) {
        return Ok(Duration::from_secs(value));
    }
    Err(ConfigError(format!(
        "{name}: {value} is outside {} to {} seconds.",
        range.start(),
        range.end()
    )))
}
