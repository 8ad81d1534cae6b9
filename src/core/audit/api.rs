//! Server functions of the audit log. It is only read: rows are written where things are done.

use super::model::{AuditFilter, AuditPage};
use crate::{core::call::PageClient, error::AppError};
use leptos::prelude::*;

#[cfg(feature = "ssr")]
use crate::core::auth::{
    api::{actor, app},
    service::{AuditView, Instance},
};

/// One page of the rows that the filter lets through, newest first.
#[server(prefix = "/api", endpoint = "audit/list", client = PageClient)]
pub async fn list(#[server(default)] filter: AuditFilter) -> Result<AuditPage, AppError> {
    actor()?.authorise::<Instance, AuditView>(()).await?;
    app()?.core.audit.search(&filter).await
}

/// What was done to one object, newest first.
#[server(prefix = "/api", endpoint = "audit/object", client = PageClient)]
pub async fn object_history(kind: String, id: String) -> Result<AuditPage, AppError> {
    actor()?.authorise::<Instance, AuditView>(()).await?;
    app()?.core.audit.history(&kind, &id).await
}
