//! Values that end up in an ssh configuration: checked once here, and again where the text is written.

use crate::error::{AppError, AppResult};
use serde::{Deserialize, Serialize};
use std::{fmt, net::IpAddr};

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = AppError;
            fn try_from(text: String) -> AppResult<Self> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_type!(
    /// An IP address or a host name (RFC 1123), in lower case. Never begins with `-`, has no zone id, no space.
    HostAddress
);
text_type!(
    /// An account name on a host: `[a-z_][a-z0-9_-]{0,31}`.
    SshUser
);
text_type!(
    /// What people call a machine: 1 to 64 printable characters.
    MachineName
);

const LONGEST_HOST: usize = 253;
const LONGEST_LABEL: usize = 63;
const LONGEST_USER: usize = 32;
const LONGEST_NAME: usize = 64;

impl HostAddress {
    /// Errors: `Invalid` in field `host`.
    pub fn parse(text: &str) -> AppResult<Self> {
        let text = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self(ip.to_string()));
        }
        if is_host_name(text) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        Err(AppError::invalid(
            "host",
            "Give an IP address or a host name, such as 192.0.2.7 or web-1.example.org, without a user or port.",
        ))
    }
    /// `host:port`, with brackets around an IPv6 address.
    pub fn with_port(&self, port: u16) -> String {
        if self.0.contains(':') {
            format!("[{}]:{port}", self.0)
        } else {
            format!("{}:{port}", self.0)
        }
    }
}

/// A last label of digits only is refused: `1.2.3` or `127.1` would be read as an address by some resolvers.
fn is_host_name(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let is_number =
        |label: &str| label.bytes().all(|b| b.is_ascii_digit()) || label.starts_with("0x") || label.starts_with("0X");
    text.len() <= LONGEST_HOST && labels.iter().all(|l| is_label(l)) && !labels.last().is_some_and(|l| is_number(l))
}

fn is_label(label: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    !label.is_empty()
        && label.len() <= LONGEST_LABEL
        && label.bytes().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl SshUser {
    /// Errors: `Invalid` in field `user`.
    pub fn parse(text: &str) -> AppResult<Self> {
        let mut bytes = text.bytes();
        let first = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_');
        let rest = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        if first && rest && text.len() <= LONGEST_USER {
            return Ok(Self(text.to_owned()));
        }
        Err(AppError::invalid(
            "user",
            "A user name begins with a lower-case letter or _, goes on with lower-case letters, digits, _ or -, and has at most 32 characters.",
        ))
    }
}

impl MachineName {
    /// Trims. Errors: `Invalid` in field `name`.
    pub fn parse(text: &str) -> AppResult<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AppError::invalid("name", "Give the machine a name."));
        }
        if text.chars().count() > LONGEST_NAME {
            return Err(AppError::invalid("name", "A name has at most 64 characters."));
        }
        if text.chars().any(|c| c.is_control() || is_invisible(c)) {
            return Err(AppError::invalid("name", "A name is one line of visible characters."));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Marks that change how the text around them reads: direction overrides, zero-width characters, line separators.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_are_right() {
        for (given, kept) in [
            ("192.0.2.7", "192.0.2.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:DB8::1]", "2001:db8::1"),
            ("Web-1.Example.ORG", "web-1.example.org"),
            ("a", "a"),
            ("3com.net", "3com.net"),
        ] {
            assert_eq!(HostAddress::parse(given).unwrap().as_str(), kept);
        }
        assert_eq!(HostAddress::parse("::1").unwrap().with_port(22), "[::1]:22");
    }

    #[test]
    fn sh_05_hostile_hosts_users_and_names_are_refused() {
        let long = "a.".repeat(127) + "aa";
        for host in [
            "",
            "-oProxyCommand=touch /tmp/pwned",
            "a b",
            "$(id)",
            "`id`",
            "user@host",
            "host:22",
            "fe80::1%eth0",
            "a\nProxyCommand x",
            "a\0",
            "a;b",
            "-l",
            "a-",
            "a..b",
            ".a",
            "a.",
            "127.1",
            "0x7f.0x1",
            "1.2.3.4.5",
            "[a]b",
            "[::1",
            "é.org",
            "a_b",
            "a/b",
            "%h",
            long.as_str(),
            " a",
        ] {
            assert!(HostAddress::parse(host).is_err(), "{host:?} must be refused");
        }
        for user in [
            "",
            "-l",
            "Root",
            "a b",
            "a@b",
            "$(id)",
            "a\n",
            "1a",
            "a.b",
            &"a".repeat(33),
        ] {
            assert!(SshUser::parse(user).is_err(), "{user:?} must be refused");
        }
        for name in ["", "  ", "a\nb", "a\u{202e}b", "a\0b", "\u{1b}[31m", &"x".repeat(65)] {
            assert!(MachineName::parse(name).is_err(), "{name:?} must be refused");
        }
    }

    #[test]
    fn names_may_hold_what_a_shell_would_run_because_no_shell_sees_them() {
        assert_eq!(
            MachineName::parse(" $(touch /tmp/pwned)'\" ").unwrap().as_str(),
            "$(touch /tmp/pwned)'\""
        );
        assert!(SshUser::parse("_backup-2").is_ok());
    }

    #[test]
    fn the_wire_checks_too() {
        assert!(serde_json::from_str::<HostAddress>("\"-oProxyCommand=x\"").is_err());
        assert_eq!(
            serde_json::to_string(&HostAddress::parse("a").unwrap()).unwrap(),
            "\"a\""
        );
    }
}
