//! Links to the machines and what is kept about them. Server only.

pub mod argv;
pub mod ssh;
