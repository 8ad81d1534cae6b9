//! The command palette (Ctrl-K): go to any object, page or action by typing a part of its name.
//!
//! Pages and the actions of what is shown are known in the browser; objects are looked for by the plugins that own
//! them, which register a source here.

pub mod model;
pub mod ui;

use crate::{core::plugin::Offers, error::AppResult};
use model::Hit;
use std::{future::Future, pin::Pin};

/// Where objects are looked for: one server function per source.
pub static PALETTE_SOURCES: Offers<Source> = Offers::new("palette_sources");
/// Places that are no entry of the rail: `Add a host`.
pub static PALETTE_LINKS: Offers<Link> = Offers::new("palette_links");

/// Scope of the commands that belong to no object and no page: they stand last.
pub const EVERYWHERE: &str = "PollySystem";

/// What a source answers; at most [`model::MOST_HITS`].
pub type Answer = Pin<Box<dyn Future<Output = AppResult<Vec<Hit>>> + Send>>;

/// A kind of object that can be gone to.
#[derive(Clone, Copy)]
pub struct Source {
    /// Icon of its hits.
    pub icon: &'static str,
    pub find: fn(String) -> Answer,
}

/// A place with an address of its own.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    pub title: &'static str,
    pub icon: &'static str,
    /// Path below the base path.
    pub path: &'static str,
}
