//! One action on many containers: who is meant, whether the person saw what it takes along, and the job.

use super::{Container, DockerService, Does, Options};
use crate::{
    core::{
        auth::service::{Actor, Authorized},
        id::ObjectRef,
        jobs::{model::JobId, service::NewJob},
    },
    error::{AppError, AppResult},
    plugins::docker::model::{ContainerAction, ContainerRef, MAX_CHOSEN},
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Which containers a request means.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    pub targets: Vec<ContainerRef>,
    /// Instead of `targets`: all that this filter finds, of which the person saw this many.
    pub matching: Option<(String, u32)>,
}

impl DockerService {
    /// The containers that are meant, each once. Errors: `Invalid` without any, or with too many; `Conflict` when
    /// the filter finds another number than the person saw.
    pub fn chosen(&self, actor: &Actor, chosen: Chosen) -> AppResult<Vec<ContainerRef>> {
        let (ids, count) = match &chosen.matching {
            Some((filter, _)) => self.table.found(filter, MAX_CHOSEN as u32, &self.sees(actor)),
            None => {
                let ids: BTreeSet<_> = chosen.targets.into_iter().collect();
                let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
                (ids.into_iter().collect(), count)
            }
        };
        if count == 0 {
            return Err(AppError::invalid("targets", "Choose at least one container."));
        }
        if count as usize > MAX_CHOSEN {
            let message =
                format!("{count} containers are meant, and one job takes {MAX_CHOSEN} at most. Narrow the filter.");
            return Err(AppError::invalid("targets", message));
        }
        match chosen.matching {
            Some((_, seen)) if seen != count => Err(AppError::conflict(format!(
                "The filter finds {count} containers now; you confirmed {seen}. Nothing was done: look again."
            ))),
            _ => Ok(ids),
        }
    }

    /// Whether the person said what must be said before something is destroyed. Hosts are named of what they may
    /// destroy only. Errors: `Invalid` in field `typed`, with the sentence that they must have read; `NotFound`
    /// when nothing is left.
    pub fn confirmed<A: Does>(
        &self,
        granted: &[Authorized<Container, A>],
        refused: usize,
        typed: Option<u32>,
    ) -> AppResult<()> {
        if granted.is_empty() {
            return Err(AppError::not_found("container"));
        }
        let count = granted.len() + refused;
        if A::ACTION != ContainerAction::Remove || count <= 1 || typed.map(|n| n as usize) == Some(count) {
            return Ok(());
        }
        let mut hosts: BTreeMap<&str, usize> = BTreeMap::new();
        for it in granted {
            *hosts.entry(&it.object().0.machine_name).or_default() += 1;
        }
        let hosts = hosts.iter().map(|(host, n)| format!("{n} on {host}"));
        let rest = (refused > 0).then(|| format!("{refused} that cannot be found"));
        let hosts: Vec<String> = hosts.chain(rest).collect();
        let message = format!(
            "This removes {count} containers ({}). Nothing was done: type {count} to confirm it.",
            hosts.join(", ")
        );
        Err(AppError::invalid("typed", message))
    }

    /// Puts an action into a job with one step per container. Those in `refused` are reported as failed; they may
    /// be missing or out of reach, which looks the same. Errors: `NotFound` when none is left.
    pub async fn act<A: Does>(
        &self,
        actor: &Actor,
        granted: Vec<Authorized<Container, A>>,
        refused: Vec<ObjectRef>,
        options: Options,
    ) -> AppResult<JobId> {
        let first = granted.first().ok_or_else(|| AppError::not_found("container"))?;
        let hosts: BTreeSet<_> = granted.iter().map(|it| it.object().0.machine).collect();
        let what = match granted.len() + refused.len() {
            1 => first.object().target().label,
            n if hosts.len() == 1 => format!("{n} containers on {}", first.object().0.machine_name),
            n => format!("{n} containers on {} hosts", hosts.len()),
        };
        let params = match A::ACTION {
            ContainerAction::Remove => json!(options),
            _ => json!({}),
        };
        let new = NewJob {
            kind: A::NAME,
            title: format!("{} {what}", A::ACTION.label()),
            params,
            targets: granted.iter().map(|it| it.object().target()).collect(),
        };
        self.jobs.submit_some(actor, new, refused).await
    }
}
