//! The audit page, and the history of one object for other pages.

mod page;
mod rows;

pub use page::AuditLogPage;
pub use rows::{AuditTable, ObjectHistory};
