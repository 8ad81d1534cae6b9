//! A container as `docker inspect` tells it: the parts that its page shows, each of them allowed to be odd.
//! The values of environment variables are dropped while they are read: they go no further than this file.

use super::loose::{Loose, LooseList};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

macro_rules! said {
    ($(#[$doc:meta])* $name:ident { $($(#[$meta:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(rename_all = "PascalCase", default)]
        pub(in crate::plugins::docker::service) struct $name { $($(#[$meta])* pub $field: $type),* }
    };
}

said!(
    /// The answer of `/containers/{id}/json`.
    Said {
        id: Loose<String>,
        created: Loose<String>,
        /// The image's digest, `sha256:...`.
        image: Loose<String>,
        driver: Loose<String>,
        platform: Loose<String>,
        restart_count: Loose<i64>,
        state: Loose<State>,
        config: Loose<Config>,
        host_config: Loose<HostConfig>,
        mounts: LooseList<Mount>,
        network_settings: Loose<NetworkSettings>,
    }
);
said!(State {
    status: Loose<String>,
    exit_code: Loose<i64>,
    error: Loose<String>,
    #[serde(rename = "OOMKilled")]
    oom_killed: Loose<bool>,
    pid: Loose<i64>,
    started_at: Loose<String>,
    finished_at: Loose<String>,
    health: Loose<Health>,
});
said!(Health {
    status: Loose<String>,
    failing_streak: Loose<i64>,
    log: LooseList<Check>,
});
said!(Check {
    start: Loose<String>,
    end: Loose<String>,
    exit_code: Loose<i64>,
    output: Loose<String>,
});
said!(Config {
    hostname: Loose<String>,
    user: Loose<String>,
    tty: Loose<bool>,
    env: Names,
    cmd: Words,
    entrypoint: Words,
    image: Loose<String>,
    working_dir: Loose<String>,
    labels: Loose<BTreeMap<String, String>>,
    healthcheck: Loose<Healthcheck>,
    stop_signal: Loose<String>,
    stop_timeout: Loose<i64>,
});
said!(Healthcheck {
    test: Words,
    interval: Loose<i64>,
    timeout: Loose<i64>,
    retries: Loose<i64>,
});
said!(HostConfig {
    restart_policy: Loose<RestartPolicy>,
    network_mode: Loose<String>,
    log_config: Loose<LogConfig>,
    privileged: Loose<bool>,
    readonly_rootfs: Loose<bool>,
    cap_add: Words,
    cap_drop: Words,
    memory: Loose<i64>,
    memory_swap: Loose<i64>,
    memory_reservation: Loose<i64>,
    #[serde(rename = "NanoCpus")]
    nano_cpus: Loose<i64>,
    cpu_shares: Loose<i64>,
    cpu_quota: Loose<i64>,
    cpu_period: Loose<i64>,
    cpuset_cpus: Loose<String>,
    pids_limit: Loose<i64>,
});
said!(RestartPolicy {
    name: Loose<String>,
    maximum_retry_count: Loose<i64>,
});
said!(LogConfig {
    #[serde(rename = "Type")]
    driver: Loose<String>,
});
said!(Mount {
    #[serde(rename = "Type")]
    kind: Loose<String>,
    name: Loose<String>,
    source: Loose<String>,
    destination: Loose<String>,
    mode: Loose<String>,
    #[serde(rename = "RW")]
    writable: Loose<bool>,
});
said!(NetworkSettings {
    ports: Loose<BTreeMap<String, LooseList<Binding>>>,
    networks: Loose<BTreeMap<String, Loose<Network>>>,
});
said!(Binding {
    host_ip: Loose<String>,
    host_port: Loose<String>,
});
said!(Network {
    #[serde(rename = "IPAddress")]
    ip_address: Loose<String>,
    #[serde(rename = "IPPrefixLen")]
    ip_prefix_len: Loose<i64>,
    #[serde(rename = "GlobalIPv6Address")]
    global_ipv6_address: Loose<String>,
    gateway: Loose<String>,
    mac_address: Loose<String>,
    aliases: Words,
});
said!(
    /// The answer of `/images/{id}/json`.
    ImageSaid {
        repo_digests: Words,
    }
);

/// A list of words that may be missing, or one word.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::plugins::docker::service) struct Words(pub Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match serde_json::Value::deserialize(from)? {
            serde_json::Value::String(one) => Self(vec![one]),
            serde_json::Value::Array(all) => {
                Self(all.into_iter().filter_map(|v| serde_json::from_value(v).ok()).collect())
            }
            _ => Self::default(),
        })
    }
}

/// The names in a list of `NAME=value`; the values are never kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::plugins::docker::service) struct Names(pub Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = |entry: String| entry.split('=').next().unwrap_or_default().to_owned();
        Ok(Self(Words::deserialize(from)?.0.into_iter().map(name).collect()))
    }
}
