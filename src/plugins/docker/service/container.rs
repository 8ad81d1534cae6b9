//! The container as an object that rights are given on, and its actions.

use super::{DockerService, unknown_container};
use crate::{
    action,
    core::{
        auth::service::{Action, Guarded},
        id::ObjectRef,
        server::services::Services,
    },
    error::AppResult,
    plugins::{
        docker::model::{ContainerAction, ContainerId, ContainerRef, ContainerRow},
        machines::model::MachineId,
    },
};
use async_trait::async_trait;

action!(
    /// See containers.
    ContainersView = "docker.containers.view",
    ContainersStart = "docker.containers.start",
    ContainersStop = "docker.containers.stop",
    ContainersRestart = "docker.containers.restart",
    /// Read what a container wrote.
    ContainersLogs = "docker.containers.logs",
    ContainersPause = "docker.containers.pause",
    ContainersUnpause = "docker.containers.unpause",
    ContainersKill = "docker.containers.kill",
    ContainersRemove = "docker.containers.remove",
);

/// The right to do an action, tied to the action: a job of one kind cannot be made with the right of another.
pub trait Does: Action {
    const ACTION: ContainerAction;
}

macro_rules! does {
    ($($right:ident = $action:ident),+ $(,)?) => {
        $(impl Does for $right {
            const ACTION: ContainerAction = ContainerAction::$action;
        })+
    };
}

does!(
    ContainersStart = Start,
    ContainersStop = Stop,
    ContainersRestart = Restart,
    ContainersPause = Pause,
    ContainersUnpause = Unpause,
    ContainersKill = Kill,
    ContainersRemove = Remove,
);

/// Evaluates `$call` with `$right` naming the right to do `$action`: from a value to the type that is checked.
macro_rules! with_right {
    ($action:expr, $right:ident => $call:expr) => {{
        use $crate::plugins::docker::{model::ContainerAction, service as rights};
        match $action {
            ContainerAction::Start => {
                type $right = rights::ContainersStart;
                $call
            }
            ContainerAction::Stop => {
                type $right = rights::ContainersStop;
                $call
            }
            ContainerAction::Restart => {
                type $right = rights::ContainersRestart;
                $call
            }
            ContainerAction::Pause => {
                type $right = rights::ContainersPause;
                $call
            }
            ContainerAction::Unpause => {
                type $right = rights::ContainersUnpause;
                $call
            }
            ContainerAction::Kill => {
                type $right = rights::ContainersKill;
                $call
            }
            ContainerAction::Remove => {
                type $right = rights::ContainersRemove;
                $call
            }
        }
    }};
}
pub(crate) use with_right;

/// A container that exists, as far as the fleet's memory knows.
pub struct Container(pub ContainerRow, Vec<String>);

impl Container {
    /// How jobs and audit rows name it; [`parse_target`] reads it back.
    pub fn target(&self) -> ObjectRef {
        let row = &self.0;
        let id = ContainerRef {
            machine: row.machine,
            container: row.id.clone(),
        };
        ObjectRef::new(Self::KIND, id, format!("{} on {}", row.name, row.machine_name)).at(&row.machine_name)
    }
}

/// The container that a job's target names.
pub(super) fn parse_target(target: &ObjectRef) -> AppResult<ContainerRef> {
    target.id.parse().map_err(|_| unknown_container())
}

/// How a report names a container that is missing or may not be seen: by what the request said, and no more.
pub(super) fn unknown_target(id: &ContainerRef) -> ObjectRef {
    ObjectRef::new(Container::KIND, id, format!("container {}", id.container.short()))
}

#[async_trait]
impl Guarded for Container {
    type Id = (MachineId, ContainerId);
    const KIND: &'static str = "container";
    async fn load(services: &Services, (machine, id): &Self::Id) -> AppResult<Option<Self>> {
        let docker = services.get::<DockerService>()?;
        let tags = docker.containers.tags_of(&machine.to_string()).to_vec();
        Ok(docker.row(*machine, id).map(|row| Self(row, tags)))
    }
    fn object_ref(&self) -> ObjectRef {
        self.target()
    }
    /// Those of its machine.
    fn tags(&self) -> &[String] {
        &self.1
    }
}
