//! The form of a machine, new or changed: flat text fields, so that it works as a plain HTML form.

use super::{HostAddress, KeyId, MachineName, SshUser, parse_tags};
use crate::error::{AppError, AppResult};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a person typed. Fields that the chosen `key_mode` does not use are ignored.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MachineForm {
    pub name: String,
    pub host: String,
    /// Empty means 22.
    pub port: String,
    pub user: String,
    /// `generate`, `paste`, `existing`, and of a machine that is there already `keep`.
    pub key_mode: String,
    pub key_id: String,
    pub private_key: String,
    pub passphrase: String,
    /// Separated by spaces or commas.
    pub tags: String,
    /// Empty: found by itself.
    pub docker_socket: String,
    pub notes: String,
}

/// The same, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidMachine {
    pub name: MachineName,
    pub host: HostAddress,
    pub port: u16,
    pub user: SshUser,
    pub key: KeyChoice,
    pub tags: Vec<String>,
}

/// A change of a machine, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    pub name: MachineName,
    /// `None`: this host, which has no address.
    pub target: Option<EditedTarget>,
    pub tags: Vec<String>,
    pub docker_socket: Option<String>,
    pub notes: String,
}

/// Where and as whom to log in from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditedTarget {
    pub host: HostAddress,
    pub port: u16,
    pub user: SshUser,
    /// `None`: the key that it has.
    pub key: Option<KeyChoice>,
}

/// A Unix socket's path ends there.
const LONGEST_SOCKET: usize = 107;
const LONGEST_NOTES: usize = 500;

/// Which key logs in.
#[derive(Clone, PartialEq, Eq)]
pub enum KeyChoice {
    /// A private key as text; `passphrase` opens it.
    Paste {
        private: String,
        passphrase: Option<String>,
    },
    /// One that the server holds already.
    Existing { id: KeyId },
    /// A new Ed25519 key.
    Generate,
}

impl MachineForm {
    /// As a new machine. Errors: `Invalid` with the field's name.
    pub fn checked(self) -> AppResult<ValidMachine> {
        Ok(ValidMachine {
            name: MachineName::parse(&self.name)?,
            host: HostAddress::parse(self.host.trim())?,
            port: port(self.port.trim())?,
            user: SshUser::parse(self.user.trim())?,
            tags: parse_tags(&self.tags)?,
            key: self.key_choice()?,
        })
    }

    /// As a change; of this host (`local`) what belongs to SSH is not looked at. Errors: `Invalid` with the field's name.
    pub fn edited(self, local: bool) -> AppResult<Edited> {
        Ok(Edited {
            name: MachineName::parse(&self.name)?,
            tags: parse_tags(&self.tags)?,
            docker_socket: socket(self.docker_socket.trim())?,
            notes: notes(&self.notes)?,
            target: if local { None } else { Some(self.target()?) },
        })
    }

    fn target(self) -> AppResult<EditedTarget> {
        Ok(EditedTarget {
            host: HostAddress::parse(self.host.trim())?,
            port: port(self.port.trim())?,
            user: SshUser::parse(self.user.trim())?,
            key: if self.key_mode == "keep" {
                None
            } else {
                Some(self.key_choice()?)
            },
        })
    }

    fn key_choice(self) -> AppResult<KeyChoice> {
        match self.key_mode.as_str() {
            "generate" => Ok(KeyChoice::Generate),
            "existing" => self
                .key_id
                .parse()
                .map(|id| KeyChoice::Existing { id })
                .map_err(|_| AppError::invalid("key_id", "Choose one of the keys.")),
            "paste" if self.private_key.trim().is_empty() => {
                Err(AppError::invalid("private_key", "Paste the private key."))
            }
            "paste" => Ok(KeyChoice::Paste {
                private: self.private_key,
                passphrase: (!self.passphrase.is_empty()).then_some(self.passphrase),
            }),
            _ => Err(AppError::invalid(
                "key_mode",
                "Choose how the key is given: generate, paste or existing.",
            )),
        }
    }
}

fn port(text: &str) -> AppResult<u16> {
    if text.is_empty() {
        return Ok(22);
    }
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let port = text.parse::<u16>().ok().filter(|p| digits && *p != 0);
    port.ok_or_else(|| AppError::invalid("port", "A port is a number from 1 to 65535."))
}

fn socket(text: &str) -> AppResult<Option<String>> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.starts_with('/') && text.len() <= LONGEST_SOCKET && !text.chars().any(char::is_control) {
        return Ok(Some(text.to_owned()));
    }
    let message = "Give the path of the engine's socket on the host, such as /var/run/docker.sock: it begins with / and has at most 107 bytes. Empty, it is found by itself.";
    Err(AppError::invalid("docker_socket", message))
}

fn notes(text: &str) -> AppResult<String> {
    let text = text.trim();
    if text.chars().count() > LONGEST_NOTES {
        return Err(AppError::invalid("notes", "Notes have at most 500 characters."));
    }
    if text.chars().any(char::is_control) {
        return Err(AppError::invalid("notes", "Notes are one line of plain text."));
    }
    Ok(text.to_owned())
}

impl fmt::Debug for MachineForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineForm")
            .field("name", &self.name)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("user", &self.user)
            .field("key_mode", &self.key_mode)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for KeyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paste { .. } => f.write_str("Paste(***)"),
            Self::Existing { id } => write!(f, "Existing({id})"),
            Self::Generate => f.write_str("Generate"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> MachineForm {
        MachineForm {
            name: "web".into(),
            host: "10.0.0.1".into(),
            user: "polly".into(),
            key_mode: "generate".into(),
            ..MachineForm::default()
        }
    }
    fn field_of(form: MachineForm) -> Option<String> {
        form.checked().unwrap_err().field
    }

    #[test]
    fn a_plain_form_is_understood() {
        let valid = form().checked().unwrap();
        assert_eq!((valid.port, valid.key), (22, KeyChoice::Generate));
        assert_eq!(
            MachineForm {
                port: " 2222 ".into(),
                ..form()
            }
            .checked()
            .unwrap()
            .port,
            2222
        );
    }

    #[test]
    fn sh_05_ports_are_numbers_and_nothing_else() {
        for port in ["0", "65536", "-1", "+22", "22 -oProxyCommand=x", "0x16", "２２"] {
            assert_eq!(
                field_of(MachineForm {
                    port: port.into(),
                    ..form()
                })
                .as_deref(),
                Some("port"),
                "{port:?}"
            );
        }
    }

    #[test]
    fn each_error_names_its_field() {
        assert_eq!(
            field_of(MachineForm {
                key_mode: "paste".into(),
                ..form()
            })
            .as_deref(),
            Some("private_key")
        );
        assert_eq!(
            field_of(MachineForm {
                key_mode: "existing".into(),
                key_id: "7".into(),
                ..form()
            })
            .as_deref(),
            Some("key_id")
        );
        assert_eq!(
            field_of(MachineForm {
                key_mode: String::new(),
                ..form()
            })
            .as_deref(),
            Some("key_mode")
        );
    }

    #[test]
    fn a_change_keeps_the_key_unless_another_is_chosen_and_of_this_host_reads_no_address() {
        let change = MachineForm {
            key_mode: "keep".into(),
            tags: "web env=prod".into(),
            docker_socket: " /run/user/1000/docker.sock ".into(),
            notes: " rack 4, next to the door ".into(),
            ..form()
        };
        let edited = change.clone().edited(false).unwrap();
        assert_eq!(edited.target.unwrap().key, None);
        assert_eq!(edited.docker_socket.as_deref(), Some("/run/user/1000/docker.sock"));
        assert_eq!(
            (edited.notes.as_str(), edited.tags.len()),
            ("rack 4, next to the door", 2)
        );
        let local = MachineForm {
            host: String::new(),
            user: String::new(),
            key_mode: String::new(),
            ..change
        };
        assert!(local.edited(true).unwrap().target.is_none());
        for (field, wrong) in [
            (
                "docker_socket",
                MachineForm {
                    docker_socket: "docker.sock".into(),
                    ..form()
                },
            ),
            (
                "docker_socket",
                MachineForm {
                    docker_socket: format!("/{}", "x".repeat(107)),
                    ..form()
                },
            ),
            (
                "notes",
                MachineForm {
                    notes: "\u{1b}[31m".into(),
                    ..form()
                },
            ),
            (
                "tags",
                MachineForm {
                    tags: "A".into(),
                    ..form()
                },
            ),
            (
                "user",
                MachineForm {
                    user: "-l".into(),
                    ..form()
                },
            ),
        ] {
            assert_eq!(wrong.edited(false).unwrap_err().field.as_deref(), Some(field));
        }
    }

    #[test]
    fn debug_text_has_no_secret() {
        let form = MachineForm {
            key_mode: "paste".into(),
            private_key: "CANARY".into(),
            passphrase: "CANARY".into(),
            ..form()
        };
        assert!(!format!("{form:?} {:?}", form.clone().checked()).contains("CANARY"));
    }
}
