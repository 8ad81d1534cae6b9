//! Users, sessions and rights. `authorise` is the only maker of [`Authorized`].

mod authorise;

pub use authorise::{Action, Actor, Authorized, Decision, Guarded, Instance, RequestMeta, Who};
