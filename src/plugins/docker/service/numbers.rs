//! What is measured of containers.

use super::{ContainersView, DockerService};
use crate::{
    core::{
        auth::service::Action,
        live::{
            model::Rows,
            service::{Hub, LiveRow, RowTopic},
        },
        series::SeriesSet,
    },
    plugins::{
        docker::model::{CONTAINER_SERIES, ContainerId, ContainerNumbers, TOPIC_CONTAINER_NUMBERS},
        machines::model::MachineId,
    },
};
use std::sync::Arc;

impl LiveRow for ContainerNumbers {}

/// The numbers of all containers.
pub(super) struct Numbers {
    live: Arc<RowTopic<ContainerNumbers>>,
}

impl Numbers {
    pub(super) fn new(hub: Arc<Hub>) -> Self {
        Self {
            live: RowTopic::new(hub, TOPIC_CONTAINER_NUMBERS, ContainersView::NAME),
        }
    }
}

impl DockerService {
    /// The newest numbers of every running container.
    pub fn all_numbers(&self) -> Rows<ContainerNumbers> {
        let (rows, seqs) = self.numbers.live.rows();
        Rows { rows, seqs }
    }
    /// The newest numbers of a container, while it runs.
    pub fn numbers(&self, machine: MachineId, id: &ContainerId) -> Option<ContainerNumbers> {
        self.numbers.live.get(&machine.to_string(), id.as_str())
    }
    /// The last hour of a container's numbers.
    pub fn history(&self, _machine: MachineId, _id: &ContainerId) -> SeriesSet {
        SeriesSet::empty(&CONTAINER_SERIES)
    }
}
