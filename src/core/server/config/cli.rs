//! The command line.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Manages a fleet of Docker hosts over plain SSH, from one binary.
#[derive(Parser, Debug)]
#[command(name = "pollysystem", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Start the server.
    Serve(ServeArgs),
    /// Print the effective configuration, secrets masked, and end.
    CheckConfig(ServeArgs),
    /// Print the version.
    Version,
    /// Look at the audit log.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Mend accounts from the server's own machine, beside a running server or without one.
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Ask a running server whether it is alive (for container health checks).
    Health(ServeArgs),
}

#[derive(Subcommand, Debug)]
pub enum AuditCommand {
    /// Check the hash chain; names the first bad row.
    Verify(ServeArgs),
    /// Print every row as one line of JSON, oldest first.
    Export {
        /// Only rows after this one
        #[arg(long, default_value_t = 0)]
        after: i64,
        #[command(flatten)]
        args: ServeArgs,
    },
}

#[derive(Subcommand, Debug)]
pub enum AdminCommand {
    /// Give an account a new random password, print it, and end all of the account's sessions.
    ResetPassword {
        /// The account's name
        name: String,
        #[command(flatten)]
        args: ServeArgs,
    },
}

/// Every option is also an environment variable and (without POLLY_, in lower case) a key of the file.
#[derive(Args, Debug, Clone, Default)]
pub struct ServeArgs {
    /// Configuration file [default: ./pollysystem.toml, then /etc/pollysystem/pollysystem.toml]
    #[arg(long, env = "POLLY_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where the database and the master key live [default: ~/.local/share/pollysystem]
    #[arg(long, env = "POLLY_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Address and port to listen on [default: 127.0.0.1:3000]
    #[arg(long, env = "POLLY_LISTEN")]
    pub listen: Option<String>,
    /// The address that browsers use, with a path if behind one (https://ops.example.org/polly)
    #[arg(long, env = "POLLY_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Host names to answer to while no public URL is set, separated by commas
    #[arg(long, env = "POLLY_ALLOWED_HOSTS")]
    pub allowed_hosts: Option<String>,
    /// Networks whose X-Forwarded-For is believed, separated by commas (127.0.0.1, 10.0.0.0/8)
    #[arg(long, env = "POLLY_TRUSTED_PROXIES")]
    pub trusted_proxies: Option<String>,
    /// Log filter, for example info or pollysystem=debug [default: info]
    #[arg(long, env = "POLLY_LOG")]
    pub log: Option<String>,
    /// human or json [default: human]
    #[arg(long, env = "POLLY_LOG_FORMAT")]
    pub log_format: Option<String>,
    /// File with the 32-byte master key (base64 or hex), mode 0600
    #[arg(long, env = "POLLY_MASTER_KEY_FILE")]
    pub master_key_file: Option<PathBuf>,
    /// The master key itself; prefer the file
    #[arg(long, env = "POLLY_MASTER_KEY", hide_env_values = true)]
    pub master_key: Option<String>,
    /// Bearer token for /metrics
    #[arg(long, env = "POLLY_METRICS_TOKEN", hide_env_values = true)]
    pub metrics_token: Option<String>,
    /// A built site on disk instead of the embedded one
    #[arg(long, env = "POLLY_SITE_DIR")]
    pub site_dir: Option<PathBuf>,
    /// Seconds between two host-key probes of a machine [default: 60]
    #[arg(long, env = "POLLY_KEY_PROBE_SECONDS")]
    pub key_probe_seconds: Option<u64>,
    /// Seconds between two readings of a machine's numbers [default: 5]
    #[arg(long, env = "POLLY_COLLECT_SECONDS")]
    pub collect_seconds: Option<u64>,
}
