//! What a form that was posted without script was answered, for the page that is shown next, once.
//!
//! Leptos would write the error into the address, where anybody can write one; the server keeps it instead
//! (`server/http/flash.rs`) and the browser holds only its number, in a cookie.

use leptos::{prelude::*, server::ServerActionError};
use serde::{Deserialize, Serialize};

/// The answer, and what had been typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// Path of the server function: `/api/auth/login`.
    pub path: String,
    /// The error as server functions encode it.
    pub error: String,
    /// Names and values of the form, without what is secret.
    pub fields: Vec<(String, String)>,
}

/// Gives this request's flash, if there is one, to everything below; the hydrated page has the same. Once, in `App`.
pub fn provide_flash() {
    let flash: Option<Flash> = SharedValue::new(use_context::<Flash>).into_inner();
    if let Some(flash) = flash {
        // Every `ServerAction` of this function begins with the error.
        provide_context(ServerActionError::new(&flash.path, &flash.error));
        provide_context(Shown(flash));
    }
}

#[derive(Clone)]
struct Shown(Flash);

/// What was typed into the field `name` of the form that posts to `path`.
pub fn typed(path: &str, name: &str) -> Option<String> {
    let Shown(flash) = use_context::<Shown>()?;
    let mut fields = flash.fields.into_iter().filter(|_| flash.path == path);
    fields.find(|(key, _)| key == name).map(|(_, value)| value)
}

/// Whether a field of this name is never kept or given back. Every password field must have such a name
/// (`tests/it/architecture.rs`).
pub fn is_secret(name: &str) -> bool {
    ["password", "passphrase", "private", "secret", "token"]
        .iter()
        .any(|part| name.contains(part))
}
