//! One job kind per action on a container. Each step authorises again before it acts.

use super::{
    DockerService, authorised,
    container::{ContainersRestart, ContainersStart, ContainersStop, parse_target},
};
use crate::{
    core::{
        auth::service::Action,
        id::ObjectRef,
        jobs::{
            model::Stream,
            service::{JobKind, StepCtx},
        },
    },
    error::AppResult,
    plugins::docker::model::ContainerAction,
};
use async_trait::async_trait;
use std::{sync::Arc, time::Duration};

struct OnContainer(ContainerAction);

/// The kinds that this plugin owns.
pub fn kinds() -> Vec<Arc<dyn JobKind>> {
    [ContainerAction::Start, ContainerAction::Stop, ContainerAction::Restart]
        .into_iter()
        .map(|action| Arc::new(OnContainer(action)) as Arc<dyn JobKind>)
        .collect()
}

pub(super) fn kind_name(action: ContainerAction) -> &'static str {
    match action {
        ContainerAction::Start => ContainersStart::NAME,
        ContainerAction::Stop => ContainersStop::NAME,
        ContainerAction::Restart => ContainersRestart::NAME,
    }
}

#[async_trait]
impl JobKind for OnContainer {
    fn kind(&self) -> &'static str {
        kind_name(self.0)
    }
    /// The engine waits ten seconds before it kills; the rest is for a slow host.
    fn step_timeout(&self) -> Duration {
        Duration::from_secs(90)
    }
    async fn step(&self, ctx: &StepCtx, target: &ObjectRef) -> AppResult<()> {
        let (machine, id) = parse_target(target)?;
        let docker = ctx.actor.services().get::<DockerService>()?;
        ctx.say(Stream::System, &format!("{} {}", self.0.label(), target.label));
        match self.0 {
            ContainerAction::Start => docker.start(authorised(&ctx.actor, machine, id).await?).await?,
            ContainerAction::Stop => docker.stop(authorised(&ctx.actor, machine, id).await?).await?,
            ContainerAction::Restart => docker.restart(authorised(&ctx.actor, machine, id).await?).await?,
        }
        ctx.say(Stream::System, "Done.");
        Ok(())
    }
}
