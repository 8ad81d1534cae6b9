//! One SSH link, from the host key to the control socket. OpenSSH does the talking; these parts see to it
//! that it reads no file but ours, trusts no key but the accepted ones, and ends when we do.

pub mod agent;
pub mod config;
pub mod failure;
pub mod hostkey;
pub mod keys;
pub mod master;
pub mod mux;
mod pdeathsig;
pub mod probe;
mod relay;
pub mod rundir;
#[cfg(test)]
pub(crate) mod testing;
