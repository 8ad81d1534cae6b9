//! The base path: one helper makes every address that a page, a form or a redirect names.

use leptos::prelude::*;
use std::sync::Arc;

/// Path of `POLLY_PUBLIC_URL` without a trailing slash; empty when the server owns the whole origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BasePath(pub Arc<str>);

/// The base path of this page: from the context on the server, from `<html data-base>` in the browser.
pub fn base_path() -> BasePath {
    #[cfg(feature = "ssr")]
    return use_context::<BasePath>().unwrap_or_default();
    #[cfg(not(feature = "ssr"))]
    return document()
        .document_element()
        .and_then(|html| html.get_attribute("data-base"))
        .map(|base| BasePath(base.into()))
        .unwrap_or_default();
}

/// The address of `path` (which begins with `/`) below the base path.
pub fn url(path: &str) -> String {
    format!("{}{path}", base_path().0)
}
