//! What can be done to containers, and how a request names them.

use super::{ContainerId, ContainerState};
use crate::plugins::machines::model::MachineId;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Containers of one request at most.
pub const MAX_CHOSEN: usize = 1_000;

/// What can be done to a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerAction {
    Start,
    Stop,
    Restart,
    Pause,
    Unpause,
    Kill,
    Remove,
}

impl ContainerAction {
    /// In the order in which menus show them.
    pub const ALL: [Self; 7] = [
        Self::Start,
        Self::Stop,
        Self::Restart,
        Self::Pause,
        Self::Unpause,
        Self::Kill,
        Self::Remove,
    ];

    pub fn label(self) -> &'static str {
        match self {
            Self::Start => "Start",
            Self::Stop => "Stop",
            Self::Restart => "Restart",
            Self::Pause => "Pause",
            Self::Unpause => "Unpause",
            Self::Kill => "Kill",
            Self::Remove => "Remove",
        }
    }
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Pause => "pause",
            Self::Unpause => "unpause",
            Self::Kill => "kill",
            Self::Remove => "remove",
        }
    }
    /// Name of its icon.
    pub fn icon(self) -> &'static str {
        match self {
            Self::Start | Self::Unpause => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Pause => "pause",
            Self::Kill => "bad",
            Self::Remove => "trash",
        }
    }
    /// Whether it makes sense in this state.
    pub fn fits(self, state: ContainerState) -> bool {
        match self {
            Self::Start => state.can_start(),
            Self::Stop | Self::Restart | Self::Kill => state.can_stop(),
            Self::Pause => state == ContainerState::Running,
            Self::Unpause => state == ContainerState::Paused,
            Self::Remove => state != ContainerState::Removing,
        }
    }
    /// Whether a person is asked before it happens.
    pub fn asks_first(self) -> bool {
        matches!(self, Self::Kill | Self::Remove)
    }
}

/// A container by its machine and its id, as forms and jobs name it: `machine/container`. It need not exist.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContainerRef {
    pub machine: MachineId,
    pub container: ContainerId,
}

impl FromStr for ContainerRef {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "A container is named by its machine's id, a slash, and its own id.".to_owned();
        let (machine, container) = text.split_once('/').ok_or_else(wrong)?;
        Ok(Self {
            machine: machine.parse().map_err(|_| wrong())?,
            container: container.parse()?,
        })
    }
}
impl TryFrom<String> for ContainerRef {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}
impl From<ContainerRef> for String {
    fn from(it: ContainerRef) -> Self {
        it.to_string()
    }
}
impl fmt::Display for ContainerRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.machine, self.container)
    }
}
