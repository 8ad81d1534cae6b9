//! Why a link could not be made or ended, told from what ssh wrote (its exit code is 255 for everything).
//!
//! The texts are those of OpenSSH with `LC_ALL=C` and `LogLevel INFO`; a test runs the installed ssh against them.

use crate::error::{AppError, ErrorKind};

/// What went wrong, as far as a person can act on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkFailure {
    /// The host showed another key than the accepted one; `offered` is its `SHA256:...`, when known.
    HostKeyChanged {
        offered: Option<String>,
    },
    /// The host showed a key, and none was accepted.
    HostKeyUnknown,
    /// The host has none of the accepted kinds of key; the text is what it offers.
    NoCommonHostKey {
        offer: String,
    },
    /// The host does not let the key in.
    AuthRefused {
        methods: String,
    },
    /// Our own agent did not sign; the text says why.
    AgentRefused {
        why: String,
    },
    TooManyAttempts,
    PortClosed,
    NoRoute,
    NameUnknown,
    /// The named stage did not end in time.
    TimedOut {
        stage: &'static str,
    },
    /// Something answers at that port, and it is not an SSH server (or it hung up before saying so).
    NotSsh,
    /// The two sides share no cipher, key exchange or MAC.
    NoCommonAlgorithm {
        text: String,
    },
    /// The host closed the connection.
    Closed,
    /// The host stopped answering on a link that stood.
    Lost,
    /// The master's control socket was removed on this server.
    Unplugged,
    /// ssh cannot be started on this server.
    SshMissing {
        text: String,
    },
    /// The login works, but commands do not; the text says how and what to do.
    NoCommands {
        text: String,
    },
    /// Anything else; the last line that ssh wrote.
    Other {
        text: String,
    },
}

impl LinkFailure {
    /// Tells the failure from everything that ssh wrote to its standard error.
    pub fn from_stderr(text: &str) -> Self {
        for (mark, make) in TABLE {
            if let Some(line) = text.lines().find(|line| line.contains(mark)) {
                return make(text, line);
            }
        }
        Self::Other { text: last_line(text) }
    }

    /// It is about the host's identity: nothing may be tried again before a person decides.
    pub fn is_host_key(&self) -> bool {
        matches!(
            self,
            Self::HostKeyChanged { .. } | Self::HostKeyUnknown | Self::NoCommonHostKey { .. }
        )
    }

    /// What happened and what to do, in one or two sentences.
    pub fn sentence(&self) -> String {
        match self {
            Self::HostKeyChanged { offered: Some(key) } => format!("The host shows another key than the accepted one ({key}). Either it was set up anew or somebody stands in between: compare the fingerprints on its console before you accept it."),
            Self::HostKeyChanged { offered: None } => "The host shows another key than the accepted one. Either it was set up anew or somebody stands in between: compare the fingerprints on its console before you accept it.".into(),
            Self::HostKeyUnknown => "The host's key has not been accepted yet. Open the machine and compare its fingerprints.".into(),
            Self::NoCommonHostKey { offer } => format!("The host no longer has a key of the accepted kind; it offers {offer}. Compare the fingerprints before you accept another one."),
            Self::AuthRefused { methods } => format!("The host does not let this key in (it accepts: {methods}). Check the user name, and that the public key stands in that user's ~/.ssh/authorized_keys."),
            Self::AgentRefused { why } => format!("The key was not used, because {why}."),
            Self::TooManyAttempts => "The host refused after too many attempts to log in. Check that it allows public keys.".into(),
            Self::PortClosed => "The host is there, but nothing listens on this port. Check the port and that sshd runs.".into(),
            Self::NoRoute => "There is no route to the host. Check the address, and that the host and the network are up.".into(),
            Self::NameUnknown => "The host's name cannot be resolved. Check its spelling, or use the IP address.".into(),
            Self::TimedOut { stage } => format!("The host did not answer in time ({stage}). Check the address and the firewall between."),
            Self::NotSsh => "What answers on this port is not an SSH server, or it hangs up at once (a full MaxStartups, a firewall, fail2ban).".into(),
            Self::NoCommonAlgorithm { text } => format!("This server and the host share no algorithm: {text}. Update the older of the two."),
            Self::Closed => "The host closed the connection: it is shutting down, or its sshd was stopped or refuses us (its log says which).".into(),
            Self::Lost => "The host stopped answering: it is down, overloaded, or the network between is cut.".into(),
            Self::Unplugged => "The connection's control socket was removed on this server, so the connection is made again. If this goes on, something cleans up the run directory (systemd-tmpfiles, tmpwatch): give the server its own with XDG_RUNTIME_DIR.".into(),
            Self::SshMissing { text } => format!("The ssh program cannot be started on this server: {text}. Install openssh-client."),
            Self::NoCommands { text } => text.clone(),
            Self::Other { text } => format!("ssh ended: {text}"),
        }
    }
}

impl From<&LinkFailure> for AppError {
    fn from(failure: &LinkFailure) -> Self {
        let kind = if matches!(failure, LinkFailure::TimedOut { .. }) {
            ErrorKind::Timeout
        } else {
            ErrorKind::HostUnreachable
        };
        Self::new(kind, failure.sentence())
    }
}

/// Characters of a host's own words that a sentence quotes.
const MOST_WORDS: usize = 200;

type Make = fn(&str, &str) -> LinkFailure;

/// First match wins, so the cause stands before its consequences.
const TABLE: &[(&str, Make)] = &[
    ("REVOKED HOST KEY DETECTED", |_, _| LinkFailure::HostKeyChanged {
        offered: None,
    }),
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", |all, _| {
        LinkFailure::HostKeyChanged {
            offered: fingerprint(all),
        }
    }),
    ("host key is known for", |_, _| LinkFailure::HostKeyUnknown),
    ("Host key verification failed", |_, _| LinkFailure::HostKeyUnknown),
    ("no matching host key type found", |_, line| {
        LinkFailure::NoCommonHostKey {
            offer: after(line, "Their offer: "),
        }
    }),
    ("no matching ", |_, line| LinkFailure::NoCommonAlgorithm {
        text: remote_words(line),
    }),
    ("Too many authentication failures", |_, _| LinkFailure::TooManyAttempts),
    ("agent refused operation", |_, _| LinkFailure::AgentRefused {
        why: "the agent refused to sign".into(),
    }),
    ("Permission denied (", |_, line| LinkFailure::AuthRefused {
        methods: after(line, "Permission denied (")
            .trim_end_matches([')', '.'])
            .to_owned(),
    }),
    ("Could not resolve hostname", |_, _| LinkFailure::NameUnknown),
    ("Connection refused", |_, _| LinkFailure::PortClosed),
    ("No route to host", |_, _| LinkFailure::NoRoute),
    ("Network is unreachable", |_, _| LinkFailure::NoRoute),
    ("Connection timed out during banner exchange", |_, _| {
        LinkFailure::TimedOut {
            stage: "waiting for its SSH banner",
        }
    }),
    ("Connection timed out", |_, _| LinkFailure::TimedOut {
        stage: "opening the connection",
    }),
    ("Timeout, server ", |_, _| LinkFailure::Lost),
    ("kex_exchange_identification", |_, _| LinkFailure::NotSsh),
    ("Bad packet length", |_, _| LinkFailure::NotSsh),
    ("Connection reset by", |_, _| LinkFailure::Closed),
    ("Connection closed by", |_, _| LinkFailure::Closed),
    ("closed by remote host", |_, _| LinkFailure::Closed),
    ("Broken pipe", |_, _| LinkFailure::Closed),
];

fn fingerprint(text: &str) -> Option<String> {
    let start = text.find("SHA256:")?;
    text[start..]
        .split_whitespace()
        .next()
        .map(|word| word.trim_end_matches('.').to_owned())
}

fn after(line: &str, mark: &str) -> String {
    remote_words(line.split_once(mark).map_or("", |(_, rest)| rest))
}

/// What a host said, for a sentence about it: bounded, no control characters.
pub(super) fn remote_words(text: &str) -> String {
    let mut plain = text.trim().chars().filter(|c| !c.is_control());
    let mut words: String = plain.by_ref().take(MOST_WORDS).collect();
    if plain.next().is_some() {
        words.push('…');
    }
    words
}

fn last_line(text: &str) -> String {
    let line = text
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or("it said nothing");
    remote_words(line)
}

#[cfg(test)]
#[path = "failure_test.rs"]
mod tests;
