//! One job kind per action on a container. Each step authorises again before it acts.

use super::{
    DockerService,
    container::{Container, parse_target, unknown_target, with_right},
};
use crate::{
    core::{
        auth::service::{Action, Actor, Authorized},
        id::ObjectRef,
        jobs::{
            model::Stream,
            service::{Admitted, JobKind, StepCtx},
        },
    },
    error::AppResult,
    plugins::docker::model::{ContainerAction, ContainerRef},
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// How an action is done; what does not concern it is ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Remove: also one that runs.
    pub force: bool,
    /// Remove: its anonymous volumes, too.
    pub volumes: bool,
}

struct OnContainer(ContainerAction);

/// The kinds that this plugin owns.
pub fn kinds() -> Vec<Arc<dyn JobKind>> {
    ContainerAction::ALL
        .into_iter()
        .map(|action| Arc::new(OnContainer(action)) as Arc<dyn JobKind>)
        .collect()
}

/// The containers that `actor` may do `A` to, and the rest as a report names them.
pub async fn authorise_all<A: Action>(
    actor: &Actor,
    ids: Vec<ContainerRef>,
) -> (Vec<Authorized<Container, A>>, Vec<ObjectRef>) {
    let ids = ids.into_iter().map(|id| (id.machine, id.container)).collect();
    let (granted, refused) = actor.authorise_all::<Container, A>(ids).await;
    let refused = refused
        .into_iter()
        .map(|(machine, container)| unknown_target(&ContainerRef { machine, container }));
    (granted, refused.collect())
}

#[async_trait]
impl JobKind for OnContainer {
    fn kind(&self) -> &'static str {
        with_right!(self.0, Right => Right::NAME)
    }
    /// The engine waits ten seconds before it kills; the rest is for a slow host.
    fn step_timeout(&self) -> Duration {
        Duration::from_secs(90)
    }
    async fn admit(&self, actor: &Actor, targets: &[ObjectRef]) -> AppResult<Admitted> {
        let ids = targets.iter().map(parse_target).collect::<AppResult<Vec<_>>>()?;
        Ok(with_right!(self.0, Right => {
            let (granted, refused) = authorise_all::<Right>(actor, ids).await;
            let granted = granted.iter().map(|it| it.object().target()).collect();
            Admitted { granted, refused }
        }))
    }
    async fn step(&self, ctx: &StepCtx, target: &ObjectRef) -> AppResult<()> {
        let id = parse_target(target)?;
        let docker = ctx.actor.services().get::<DockerService>()?;
        let options: Options = serde_json::from_value(ctx.params.clone()).unwrap_or_default();
        with_right!(self.0, Right => {
            let container = ctx.actor.authorise::<Container, Right>((id.machine, id.container)).await?;
            ctx.say(Stream::System, &format!("{} {}", self.0.label(), target.label));
            docker.run(container, options).await?;
        });
        ctx.say(Stream::System, &format!("{} {}: done.", self.0.label(), target.label));
        Ok(())
    }
}
