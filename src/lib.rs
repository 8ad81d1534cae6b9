//! PollySystem: a fleet of Docker hosts from one binary, over plain SSH.
//!
//! One crate, two targets: with `ssr` the server, with `hydrate` the browser bundle. See ARCHITECTURE.md.
#![recursion_limit = "256"]

#[cfg(all(feature = "ssr", feature = "hydrate"))]
compile_error!("`ssr` and `hydrate` are two targets: build the bundle with --no-default-features --features hydrate");

pub mod app;
pub mod core;
pub mod error;
pub mod plugins;
pub mod ui;

/// Takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::server_fn::client::set_server_url(Box::leak(core::url::url("").into_boxed_str()));
    leptos::mount::hydrate_lazy(app::App);
}
