//! What is measured of containers: from a machine's reading to rows of the running ones, and their last hour.

use super::DockerService;
use crate::{
    core::{auth::service::Actor, live::model::Rows, series::SeriesSet, server::tasks::TaskSet},
    plugins::{
        docker::model::{ContainerId, ContainerNumbers, ContainerState},
        machines::{
            model::MachineId,
            port::{ContainerSample, Sample},
        },
    },
};
use std::{collections::HashMap, sync::Arc};
use tokio::sync::broadcast::error::RecvError;

impl DockerService {
    /// The newest numbers of every running container.
    pub fn all_numbers(&self) -> Rows<ContainerNumbers> {
        let (rows, seqs) = self.numbers.rows();
        Rows { rows, seqs }
    }
    /// Those of the containers that `actor` may see.
    pub fn numbers_for(&self, actor: &Actor) -> Rows<ContainerNumbers> {
        let (Rows { rows, seqs }, sees) = (self.all_numbers(), self.sees(actor));
        Rows {
            rows: rows.into_iter().filter(|row| sees(&row.machine.to_string())).collect(),
            seqs: seqs.into_iter().filter(|seq| sees(&seq.shard)).collect(),
        }
    }
    /// The newest numbers of a container, while it runs.
    pub fn numbers(&self, machine: MachineId, id: &ContainerId) -> Option<ContainerNumbers> {
        self.numbers.get(&machine.to_string(), id.as_str())
    }
    /// The last hour of a container's numbers.
    pub fn history(&self, machine: MachineId, id: &ContainerId) -> SeriesSet {
        self.hours.all(&(machine, id.clone()))
    }

    /// The machine is not connected: nobody knows what its containers do now.
    pub(super) fn numbers_are_old(&self, machine: MachineId) {
        self.numbers.replace(&machine.to_string(), Vec::new());
    }
    /// The machine is gone.
    pub(super) fn forget_numbers(&self, machine: MachineId) {
        self.numbers.drop_shard(&machine.to_string());
        self.hours.retain(|(of, _)| *of != machine);
    }

    /// The states of a machine's containers.
    fn states(&self, machine: MachineId) -> HashMap<ContainerId, ContainerState> {
        self.containers.read(|shards, _| {
            let rows = shards
                .get(&machine.to_string())
                .into_iter()
                .flat_map(|rows| rows.values());
            rows.map(|it| (it.row.id.clone(), it.row.state)).collect()
        })
    }

    /// Takes a machine's reading. Control groups of which the engine knows nothing are another engine's.
    fn measured(&self, sample: &Sample) {
        let machine = sample.machine;
        if !self.machines.machine(machine).is_some_and(|row| row.state.is_up()) {
            return;
        }
        let states = self.states(machine);
        let rows = sample.containers.iter().filter_map(|container| row(sample, container));
        let rows: Vec<ContainerNumbers> = rows
            .filter(|row| states.get(&row.id).copied().is_some_and(has_processes))
            .collect();
        for row in &rows {
            self.hours.push((machine, row.id.clone()), row.at, &row.values());
        }
        self.numbers.replace(&machine.to_string(), rows);
        // a container that stopped meanwhile was not there to be taken away
        self.settle_numbers(machine);
    }

    /// After a change of a machine's containers: what stopped has no numbers, what is gone no history.
    pub(super) fn settle_numbers(&self, machine: MachineId) {
        let (shard, states) = (machine.to_string(), self.states(machine));
        let runs = |id: &ContainerId| states.get(id).copied().is_some_and(has_processes);
        let stopped: Vec<String> = self
            .numbers
            .shard(&shard)
            .into_iter()
            .filter(|row| !runs(&row.id))
            .map(|row| row.id.to_string())
            .collect();
        self.numbers.change(&shard, Vec::new(), &stopped);
        self.hours.retain(|(of, id)| *of != machine || states.contains_key(id));
    }
}

fn has_processes(state: ContainerState) -> bool {
    !matches!(
        state,
        ContainerState::Created | ContainerState::Exited | ContainerState::Dead
    )
}

fn row(sample: &Sample, container: &ContainerSample) -> Option<ContainerNumbers> {
    let (limit, host) = (container.memory_limit_bytes, sample.host.memory_total_bytes);
    Some(ContainerNumbers {
        machine: sample.machine,
        id: container.id.parse().ok()?,
        at: sample.host.at,
        cpu_ratio: container.cpu_ratio,
        memory_used_bytes: container.memory_used_bytes,
        // a limit above what the host has is none
        memory_limit_bytes: limit.filter(|limit| host == 0 || *limit < host).unwrap_or(host),
        network_received_bytes_per_second: container.network_received_bytes_per_second,
        network_sent_bytes_per_second: container.network_sent_bytes_per_second,
        block_read_bytes_per_second: container.block_read_bytes_per_second,
        block_written_bytes_per_second: container.block_written_bytes_per_second,
        pids: container.pids,
    })
}

/// Takes every reading of every machine.
pub(super) fn start(service: Arc<DockerService>, tasks: &TaskSet) {
    tasks.spawn_until_stopped(async move {
        let mut samples = service.machines.samples();
        loop {
            match samples.recv().await {
                Ok(sample) => service.measured(&sample),
                Err(RecvError::Lagged(missed)) => tracing::debug!(missed, "readings were missed"),
                Err(RecvError::Closed) => return,
            }
        }
    });
}
