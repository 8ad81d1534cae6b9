//! The audit page, and the history of one object for other pages.

mod page;
mod rows;

pub use page::AuditRoute;
pub use rows::{AuditTable, ObjectHistory};
