//! The job as an object that rights are given on: by everybody who may see all of them, and by whoever asked for it.

use super::Jobs;
use crate::{
    core::{auth::service::Guarded, id::ObjectRef, jobs::model::JobId, server::services::Services},
    error::{AppResult, ErrorKind},
};
use async_trait::async_trait;

/// A job that exists.
pub struct JobObject {
    id: JobId,
    title: String,
    tags: Vec<String>,
}

/// The tag of what `id_text` asked for.
pub(super) fn asked_by(id_text: &str) -> String {
    format!("asked-by={id_text}")
}

#[async_trait]
impl Guarded for JobObject {
    type Id = JobId;
    const KIND: &'static str = "job";
    async fn load(services: &Services, id: &JobId) -> AppResult<Option<Self>> {
        match services.get::<Jobs>()?.get(*id).await {
            Ok(job) => Ok(Some(Self {
                id: *id,
                title: job.summary.title,
                tags: vec![asked_by(&job.summary.asked_by)],
            })),
            Err(why) if why.kind == ErrorKind::NotFound => Ok(None),
            Err(why) => Err(why),
        }
    }
    fn object_ref(&self) -> ObjectRef {
        ObjectRef::new(Self::KIND, self.id, self.title.clone())
    }
    fn tags(&self) -> &[String] {
        &self.tags
    }
}
