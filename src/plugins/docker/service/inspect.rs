//! From what the engine says of a container to what its page shows: pure, cut and cleaned.

use super::{
    engine::{ImageSaid, InspectSaid as Said, Loose},
    instant::{millis, nanos},
};
use crate::plugins::docker::model::{
    ContainerDetails, HealthCheck, HealthDetails, ImageDetails, Limits, Mount, Network, Port, ProcessDetails, Security,
    StateDetails,
};

/// Longest text of one value, in characters.
const TEXT: usize = 1024;
/// Longest output of one health check, in characters.
const OUTPUT: usize = 4096;
/// Most entries of one list.
const ENTRIES: usize = 500;

/// Cuts texts and lists, and counts what it leaves out of lists.
#[derive(Default)]
struct Cut {
    left_out: u32,
}

impl Cut {
    fn list<T, U>(&mut self, all: impl IntoIterator<Item = T>, take: impl FnMut(T) -> U) -> Vec<U> {
        let mut all = all.into_iter();
        let kept = all.by_ref().take(ENTRIES).map(take).collect();
        self.left_out = self
            .left_out
            .saturating_add(u32::try_from(all.count()).unwrap_or(u32::MAX));
        kept
    }
    fn words(&mut self, words: Vec<String>) -> Vec<String> {
        self.list(words, |word| text(&word))
    }
}

fn text(value: &str) -> String {
    let clean = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut out: String = value.chars().take(TEXT).map(clean).collect();
    if value.chars().nth(TEXT).is_some() {
        out.push('…');
    }
    out
}

fn or_empty(value: &Loose<String>) -> String {
    value.as_deref().map(text).unwrap_or_default()
}

fn number(value: &Loose<i64>) -> i64 {
    value.unwrap_or(0)
}

/// The details of a container; `image` where the engine could be asked for it.
pub(super) fn details(said: Said, image: Option<ImageSaid>) -> ContainerDetails {
    let mut cut = Cut::default();
    let state = said.state.0.unwrap_or_default();
    let config = said.config.0.unwrap_or_default();
    let host = said.host_config.0.unwrap_or_default();
    let net = said.network_settings.0.unwrap_or_default();
    let check = config.healthcheck.0.unwrap_or_default();
    let seconds = |value: &Loose<i64>| number(value) / 1_000_000_000;
    let health = state.health.0.map(|health| HealthDetails {
        status: or_empty(&health.status),
        failing_streak: number(&health.failing_streak),
        test: cut.words(check.test.0),
        interval_seconds: seconds(&check.interval),
        timeout_seconds: seconds(&check.timeout),
        retries: number(&check.retries),
        checks: cut.list(health.log.0.into_iter().rev(), |one| {
            let (start, end) = (one.start.as_deref(), one.end.as_deref());
            let of = |time: Option<&str>| time.and_then(|t| nanos(t.as_bytes()));
            HealthCheck {
                at: start.and_then(millis),
                took_millis: of(end)
                    .zip(of(start))
                    .map(|(end, start)| (end - start).max(0) / 1_000_000),
                exit_code: number(&one.exit_code),
                output: output(one.output.as_deref().unwrap_or_default()),
            }
        }),
    });
    let policy = host.restart_policy.0.unwrap_or_default();
    let ports = ports(net.ports.0.unwrap_or_default(), &mut cut);
    let mut details = ContainerDetails {
        state: StateDetails {
            word: or_empty(&state.status),
            exit_code: number(&state.exit_code),
            error: or_empty(&state.error),
            oom_killed: state.oom_killed.unwrap_or(false),
            pid: number(&state.pid),
            started_at: state.started_at.as_deref().and_then(millis),
            finished_at: state.finished_at.as_deref().and_then(millis),
        },
        health,
        image: ImageDetails {
            name: or_empty(&config.image),
            id: or_empty(&said.image),
            digests: cut.words(image.unwrap_or_default().repo_digests.0),
            platform: or_empty(&said.platform),
        },
        process: ProcessDetails {
            entrypoint: cut.words(config.entrypoint.0),
            command: cut.words(config.cmd.0),
            user: or_empty(&config.user),
            working_dir: or_empty(&config.working_dir),
            hostname: or_empty(&config.hostname),
            terminal: config.tty.unwrap_or(false),
            stop_signal: or_empty(&config.stop_signal),
            environment: cut.words(config.env.0),
        },
        limits: Limits {
            memory_bytes: number(&host.memory),
            memory_reservation_bytes: number(&host.memory_reservation),
            memory_swap_bytes: number(&host.memory_swap),
            cpu_millis: cpu_millis(
                number(&host.nano_cpus),
                number(&host.cpu_quota),
                number(&host.cpu_period),
            ),
            cpu_shares: number(&host.cpu_shares),
            cpu_set: or_empty(&host.cpuset_cpus),
            pids: number(&host.pids_limit).max(0),
        },
        security: Security {
            privileged: host.privileged.unwrap_or(false),
            read_only: host.readonly_rootfs.unwrap_or(false),
            added: cut.words(host.cap_add.0),
            dropped: cut.words(host.cap_drop.0),
        },
        restart_policy: restart_policy(&or_empty(&policy.name), number(&policy.maximum_retry_count)),
        restart_count: number(&said.restart_count),
        log_driver: host.log_config.0.map(|log| or_empty(&log.driver)).unwrap_or_default(),
        network_mode: or_empty(&host.network_mode),
        created_at: said.created.as_deref().and_then(millis),
        ports,
        mounts: cut.list(said.mounts.0, |mount| Mount {
            kind: or_empty(&mount.kind),
            name: or_empty(&mount.name),
            source: or_empty(&mount.source),
            destination: or_empty(&mount.destination),
            mode: or_empty(&mount.mode),
            writable: mount.writable.unwrap_or(true),
        }),
        networks: Vec::new(),
        labels: cut.list(config.labels.0.unwrap_or_default(), |(name, value)| {
            (text(&name), text(&value))
        }),
        left_out: 0,
    };
    let mut aliases = Cut::default();
    details.networks = cut.list(net.networks.0.unwrap_or_default(), |(name, net)| {
        let net = net.0.unwrap_or_default();
        let ipv4 = or_empty(&net.ip_address);
        Network {
            name: text(&name),
            ipv4: match net.ip_prefix_len.0 {
                Some(length) if !ipv4.is_empty() => format!("{ipv4}/{length}"),
                _ => ipv4,
            },
            ipv6: or_empty(&net.global_ipv6_address),
            gateway: or_empty(&net.gateway),
            mac: or_empty(&net.mac_address),
            aliases: aliases.words(net.aliases.0),
        }
    });
    details.left_out = cut.left_out.saturating_add(aliases.left_out);
    details
}

fn output(said: &str) -> String {
    let clean = |c: char| if c.is_control() && c != '\n' { '\u{fffd}' } else { c };
    said.trim_end().chars().take(OUTPUT).map(clean).collect()
}

fn cpu_millis(nano: i64, quota: i64, period: i64) -> i64 {
    if nano > 0 {
        return nano / 1_000_000;
    }
    let period = if period > 0 { period } else { 100_000 };
    if quota > 0 {
        quota.saturating_mul(1000) / period
    } else {
        0
    }
}

fn restart_policy(name: &str, most: i64) -> String {
    match name {
        "" => "no".to_owned(),
        "on-failure" if most > 0 => format!("on-failure:{most}"),
        other => other.to_owned(),
    }
}

/// `80/tcp` with where it is published; one entry for each address, but only one for "everywhere".
fn ports(
    said: std::collections::BTreeMap<String, super::engine::LooseList<super::engine::Binding>>,
    cut: &mut Cut,
) -> Vec<Port> {
    let mut all = Vec::new();
    for (inside, bindings) in said {
        let (number, protocol) = inside.split_once('/').unwrap_or((&inside, "tcp"));
        let Ok(container_port) = number.parse() else { continue };
        let port = |host_ip: Option<String>, host_port| Port {
            container_port,
            protocol: text(protocol),
            host_port,
            host_ip,
        };
        if bindings.0.is_empty() {
            all.push(port(None, None));
        }
        all.extend(bindings.0.iter().map(|b| {
            let host_port = b.host_port.as_deref().and_then(|p| p.parse().ok());
            port(b.host_ip.as_deref().map(text), host_port)
        }));
    }
    all.sort();
    all.dedup_by(|a, b| a.label() == b.label());
    cut.list(all, |port| port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> ContainerDetails {
        details(serde_json::from_str(json).unwrap(), None)
    }

    #[test]
    fn a_captured_inspect_becomes_what_the_page_shows() {
        let said = serde_json::from_str(include_str!("inspect_fixture.json")).unwrap();
        let image = ImageSaid::default();
        let seen = details(said, Some(image));
        assert_eq!(seen.process.entrypoint, ["sh"]);
        assert_eq!(seen.process.command, ["-c", "echo ready; exec sleep 600"]);
        assert_eq!(seen.process.environment, ["PASSWORD", "EMPTY"]);
        assert_eq!(
            (seen.process.user.as_str(), seen.process.working_dir.as_str()),
            ("1000:1000", "/tmp")
        );
        assert_eq!(seen.restart_policy, "on-failure:3");
        assert_eq!(seen.limits.memory_bytes, 64 << 20);
        assert_eq!((seen.limits.cpu_millis, seen.limits.pids), (500, 100));
        assert_eq!(
            seen.ports.iter().map(Port::label).collect::<Vec<_>>(),
            ["127.0.0.1:8080→80/tcp", "443/tcp"]
        );
        let health = seen.health.unwrap();
        assert_eq!((health.status.as_str(), health.interval_seconds), ("healthy", 1));
        assert_eq!(
            (health.checks[0].exit_code, health.checks[0].output.as_str()),
            (0, "fine")
        );
        assert!(health.checks[0].at > health.checks[1].at, "the newest first");
        assert_eq!(seen.mounts.len(), 3);
        assert!(
            seen.mounts
                .iter()
                .any(|m| m.kind == "bind" && m.source == "/etc/hostname" && !m.writable)
        );
        assert_eq!(seen.networks[0].name, "lab-net");
        assert!(seen.networks[0].ipv4.contains('/') && seen.networks[0].mac.contains(':'));
        assert!(
            seen.labels
                .contains(&("com.docker.compose.project".to_owned(), "shop".to_owned()))
        );
        assert!(seen.state.started_at > seen.created_at && seen.state.finished_at.is_none());
    }

    #[test]
    fn se_09_values_of_the_environment_are_nowhere_in_the_details() {
        let seen = of(r#"{"Config": {"Env": ["TOKEN=s3cret=tail", "=odd", "PLAIN"]}}"#);
        assert_eq!(seen.process.environment, ["TOKEN", "", "PLAIN"]);
        let sent = serde_json::to_string(&seen).unwrap();
        assert!(!sent.contains("s3cret") && !sent.contains("tail"));
        let kept = include_str!("inspect_fixture.json");
        assert!(kept.contains("hunter2"), "the fixture has a secret to lose");
        let seen = of(kept);
        assert!(!serde_json::to_string(&seen).unwrap().contains("hunter2"));
    }

    #[test]
    fn dk_07_an_inspect_of_nonsense_shows_what_can_be_read() {
        assert_eq!(of("{}").restart_policy, "no");
        let seen = of(
            r#"{"State": {"Status": "dreaming", "ExitCode": "x", "Health": {"Log": null}}, "Mounts": [7, {"Type": "moon", "RW": null}],
                "NetworkSettings": {"Ports": {"80/tcp": null, "odd": [], "99/udp": [{"HostPort": 5}]}, "Networks": {"a": null}},
                "HostConfig": null, "RestartCount": 4, "Config": {"Cmd": "one word", "Labels": 3}}"#,
        );
        assert_eq!(
            (seen.state.word.as_str(), seen.state.exit_code, seen.restart_count),
            ("dreaming", 0, 4)
        );
        assert_eq!((seen.mounts.len(), seen.mounts[0].kind.as_str()), (1, "moon"));
        assert_eq!(
            seen.ports.iter().map(Port::label).collect::<Vec<_>>(),
            ["80/tcp", "99/udp"]
        );
        assert_eq!((seen.networks[0].name.as_str(), seen.process.command.len()), ("a", 1));
    }

    #[test]
    fn in_05_hostile_text_is_cut_and_cleaned_and_long_lists_end() {
        let labels: std::collections::BTreeMap<String, String> =
            (0..2_000).map(|n| (format!("{n:04}"), "x".repeat(5_000))).collect();
        let json = serde_json::json!({ "Config": { "Labels": labels, "User": "a\u{1b}]0;x\u{7}\n" } });
        let seen = of(&json.to_string());
        assert_eq!((seen.labels.len(), seen.left_out), (ENTRIES, 1_500));
        assert_eq!(seen.labels[0].1.chars().count(), TEXT + 1);
        assert_eq!(seen.process.user, "a\u{fffd}]0;x\u{fffd}\u{fffd}");
    }
}
