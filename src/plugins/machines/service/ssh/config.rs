//! The configuration and known_hosts text of one machine. Everything ssh does is written here: it reads no
//! other file, and options given on the command line would not reach an inner ssh of a jump host.
//!
//! Every value is checked again at this border, whatever its type promised before.

use super::hostkey::HostKey;
use crate::{
    error::{AppError, AppResult},
    plugins::machines::model::{HostAddress, SshUser},
};
use std::path::Path;

/// What goes into the stanza of one host.
#[derive(Clone, Debug)]
pub struct Stanza<'a> {
    /// The name that only we know the host by: letters, digits and `-`.
    pub alias: &'a str,
    pub host: &'a str,
    pub port: u16,
    pub user: &'a str,
    pub pins: &'a [HostKey],
    pub known_hosts: &'a Path,
    pub agent: &'a Path,
}

/// For all hosts; ssh takes the first value it meets, so this stands last.
const COMMON: &str = "\
Host *
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  UpdateHostKeys no
  VerifyHostKeyDNS no
  CheckHostIP no
  CanonicalizeHostname no
  HashKnownHosts no
  IdentityFile none
  IdentitiesOnly no
  PreferredAuthentications publickey
  PubkeyAuthentication yes
  PasswordAuthentication no
  KbdInteractiveAuthentication no
  HostbasedAuthentication no
  GSSAPIAuthentication no
  BatchMode yes
  ForwardAgent no
  ForwardX11 no
  PermitLocalCommand no
  ConnectTimeout 10
  ServerAliveInterval 10
  ServerAliveCountMax 3
  TCPKeepAlive no
  EscapeChar none
  RequestTTY no
  Compression no
  StreamLocalBindMask 0177
  LogLevel INFO
";

/// The text for `ssh -F`.
///
/// Errors: `Invalid` with the field when a value could mean more than itself, or no host key is accepted.
pub fn text(stanza: &Stanza<'_>) -> AppResult<String> {
    let alias = alias(stanza.alias)?;
    let host = HostAddress::parse(stanza.host)?;
    let user = SshUser::parse(stanza.user)?;
    if stanza.port == 0 {
        return Err(AppError::invalid("port", "A port is a number from 1 to 65535."));
    }
    Ok(format!(
        "Host {alias}\n  HostName {host}\n  Port {}\n  User {user}\n  HostKeyAlias {alias}\n  HostKeyAlgorithms {}\n  UserKnownHostsFile {}\n  IdentityAgent {}\n{COMMON}",
        stanza.port,
        algorithms(stanza.pins)?,
        path(stanza.known_hosts)?,
        path(stanza.agent)?,
    ))
}

/// The text of the machine's own known_hosts file.
pub fn known_hosts(name: &str, pins: &[HostKey]) -> AppResult<String> {
    let name = alias(name)?;
    Ok(pins.iter().map(|key| format!("{name} {}\n", key.line())).collect())
}

fn algorithms(pins: &[HostKey]) -> AppResult<String> {
    let mut sorted = pins.to_vec();
    super::hostkey::sort(&mut sorted);
    let mut names: Vec<&str> = sorted.iter().flat_map(HostKey::signature_algorithms).copied().collect();
    names.dedup();
    if names.is_empty() {
        return Err(AppError::invalid(
            "host_key",
            "No host key of this machine has been accepted.",
        ));
    }
    Ok(names.join(","))
}

fn alias(text: &str) -> AppResult<&str> {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if text.is_empty() || text.starts_with('-') || !text.bytes().all(fine) {
        return Err(AppError::invalid("alias", "An alias has letters, digits and - only."));
    }
    Ok(text)
}

/// Paths are ours, but `%`, `$`, quotes and spaces mean something to ssh, so none of them may be there.
fn path(path: &Path) -> AppResult<&str> {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"/._-".contains(&b);
    path.to_str()
        .filter(|text| text.starts_with('/') && text.bytes().all(fine))
        .ok_or_else(|| {
            AppError::invalid(
                "path",
                "The run directory's path has characters that ssh would read as more than a path.",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIN: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

    fn with<R>(change: impl FnOnce(&mut Stanza<'_>) -> R) -> AppResult<String> {
        let pins = [HostKey::parse(PIN).unwrap()];
        let mut stanza = Stanza {
            alias: "m-1",
            host: "192.0.2.7",
            port: 2222,
            user: "polly",
            pins: &pins,
            known_hosts: Path::new("/run/p/known_hosts"),
            agent: Path::new("/run/p/agent"),
        };
        change(&mut stanza);
        text(&stanza)
    }

    #[test]
    fn the_text_is_what_was_proved() {
        let text = with(|_| ()).unwrap();
        let own = "Host m-1\n  HostName 192.0.2.7\n  Port 2222\n  User polly\n  HostKeyAlias m-1\n  HostKeyAlgorithms ssh-ed25519\n  UserKnownHostsFile /run/p/known_hosts\n  IdentityAgent /run/p/agent\nHost *\n";
        assert!(text.starts_with(own), "{text}");
        assert_eq!(
            known_hosts("m-1", &[HostKey::parse(PIN).unwrap()]).unwrap(),
            format!("m-1 {PIN}\n")
        );
    }

    #[test]
    fn sh_05_values_that_got_past_validation_stop_here() {
        let evil = [
            "-oProxyCommand=touch /tmp/pwned",
            "a b",
            "$(id)",
            "-l",
            "a\nProxyCommand touch /tmp/pwned",
            "fe80::1%eth0",
            "%d",
            "\"a\"",
            "",
        ];
        for value in evil {
            assert!(with(|s| s.host = value).is_err(), "host {value:?}");
            assert!(with(|s| s.user = value).is_err(), "user {value:?}");
            assert!(with(|s| s.alias = value).is_err(), "alias {value:?}");
            assert!(with(|s| s.agent = Path::new(value)).is_err(), "agent {value:?}");
        }
        assert!(with(|s| s.port = 0).is_err());
        assert!(with(|s| s.agent = Path::new("/run/${HOME}/a")).is_err());
        assert!(known_hosts("*", &[]).is_err());
    }

    #[test]
    fn sh_01_without_an_accepted_key_there_is_no_configuration() {
        assert_eq!(with(|s| s.pins = &[]).unwrap_err().field.as_deref(), Some("host_key"));
    }

    #[test]
    fn sh_04_the_installed_ssh_reads_every_option_as_meant() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("cfg");
        std::fs::write(&file, with(|_| ()).unwrap()).unwrap();
        let output = std::process::Command::new("ssh")
            .arg("-G")
            .arg("-F")
            .arg(&file)
            .args(["--", "m-1"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let seen = String::from_utf8(output.stdout).unwrap();
        for line in [
            "hostname 192.0.2.7",
            "port 2222",
            "user polly",
            "hostkeyalias m-1",
            "stricthostkeychecking true",
            "updatehostkeys false",
            "globalknownhostsfile /dev/null",
            "userknownhostsfile /run/p/known_hosts",
            "identityagent /run/p/agent",
            "batchmode yes",
            "hostkeyalgorithms ssh-ed25519",
            "forwardagent no",
            "serveraliveinterval 10",
            "passwordauthentication no",
        ] {
            assert!(seen.lines().any(|l| l == line), "{line:?} is missing in\n{seen}");
        }
        assert!(
            !seen.contains("proxycommand") && !seen.contains("identityfile ~"),
            "{seen}"
        );
    }
}
