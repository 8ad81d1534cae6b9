//! The enrolment form: flat text fields, so that it works as a plain HTML form.

use super::{HostAddress, KeyId, MachineName, SshUser};
use crate::error::{AppError, AppResult};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a person typed. Fields that the chosen `key_mode` does not use are ignored.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewMachine {
    pub name: String,
    pub host: String,
    /// Empty means 22.
    pub port: String,
    pub user: String,
    /// `generate`, `paste` or `existing`.
    pub key_mode: String,
    pub key_id: String,
    pub private_key: String,
    pub passphrase: String,
}

/// The same, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidMachine {
    pub name: MachineName,
    pub host: HostAddress,
    pub port: u16,
    pub user: SshUser,
    pub key: KeyChoice,
}

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

impl NewMachine {
    /// Errors: `Invalid` with the field's name.
    pub fn checked(self) -> AppResult<ValidMachine> {
        Ok(ValidMachine {
            name: MachineName::parse(&self.name)?,
            host: HostAddress::parse(self.host.trim())?,
            port: port(self.port.trim())?,
            user: SshUser::parse(self.user.trim())?,
            key: self.key_choice()?,
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

impl fmt::Debug for NewMachine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewMachine")
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

    fn form() -> NewMachine {
        NewMachine {
            name: "web".into(),
            host: "10.0.0.1".into(),
            user: "polly".into(),
            key_mode: "generate".into(),
            ..NewMachine::default()
        }
    }
    fn field_of(form: NewMachine) -> Option<String> {
        form.checked().unwrap_err().field
    }

    #[test]
    fn a_plain_form_is_understood() {
        let valid = form().checked().unwrap();
        assert_eq!((valid.port, valid.key), (22, KeyChoice::Generate));
        assert_eq!(
            NewMachine {
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
                field_of(NewMachine {
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
            field_of(NewMachine {
                key_mode: "paste".into(),
                ..form()
            })
            .as_deref(),
            Some("private_key")
        );
        assert_eq!(
            field_of(NewMachine {
                key_mode: "existing".into(),
                key_id: "7".into(),
                ..form()
            })
            .as_deref(),
            Some("key_id")
        );
        assert_eq!(
            field_of(NewMachine {
                key_mode: String::new(),
                ..form()
            })
            .as_deref(),
            Some("key_mode")
        );
    }

    #[test]
    fn debug_text_has_no_secret() {
        let form = NewMachine {
            key_mode: "paste".into(),
            private_key: "CANARY".into(),
            passphrase: "CANARY".into(),
            ..form()
        };
        assert!(!format!("{form:?} {:?}", form.clone().checked()).contains("CANARY"));
    }
}
