//! Containers that no engine has: put straight where engines put theirs. The bench of the fleet page uses them, too.

use pollysystem::{
    core::{id::UnixMillis, server::state::Core},
    plugins::{
        docker::{
            model::{ContainerNumbers, ContainerRow, ContainerState, EngineRow, Health, Port},
            service::{DockerService, Listed},
        },
        machines::model::MachineId,
    },
};
use std::{collections::HashMap, sync::Arc};

/// One host and the containers on it.
pub struct Simulated {
    pub machine: MachineId,
    pub rows: Vec<ContainerRow>,
}

pub fn docker(core: &Core) -> Arc<DockerService> {
    core.services.get().unwrap()
}

/// Container `n` of a host: every seventh has exited, every fifth has a health check.
pub fn container(machine: MachineId, host: &str, n: usize) -> ContainerRow {
    let stopped = n % 7 == 6;
    ContainerRow {
        machine,
        machine_name: host.to_owned(),
        id: format!("{:032x}{n:032x}", machine.0.as_u128()).parse().unwrap(),
        name: format!("web-{n:04}"),
        image: format!("registry.example.org/shop/web:{}", n % 9),
        state: if stopped {
            ContainerState::Exited
        } else {
            ContainerState::Running
        },
        health: if n.is_multiple_of(5) && !stopped {
            Health::Healthy
        } else {
            Health::None
        },
        exit_code: stopped.then_some(143),
        ports: vec![Port {
            container_port: 80,
            protocol: "tcp".to_owned(),
            host_port: u16::try_from(10_000 + n % 40_000).ok(),
            host_ip: Some("0.0.0.0".to_owned()),
        }],
        created_at: UnixMillis(1_790_000_000_000 + n as i64),
        project: Some("shop".to_owned()),
        command: "/usr/local/bin/serve --port 80".to_owned(),
    }
}

pub fn numbers(row: &ContainerRow, cpu_ratio: f64) -> ContainerNumbers {
    ContainerNumbers {
        machine: row.machine,
        id: row.id.clone(),
        at: UnixMillis::now(),
        cpu_ratio: Some(cpu_ratio),
        memory_used_bytes: 64 << 20,
        memory_limit_bytes: 1 << 30,
        network_received_bytes_per_second: Some(1_000.0),
        network_sent_bytes_per_second: Some(500.0),
        block_read_bytes_per_second: Some(0.0),
        block_written_bytes_per_second: Some(0.0),
        pids: 3,
    }
}

/// `hosts` hosts with `each` containers, each with a reading: container `n` of a host uses `n` thousandths of a core.
pub fn simulate(core: &Core, hosts: usize, each: usize) -> Vec<Simulated> {
    (0..hosts)
        .map(|h| simulate_host(core, &format!("host-{h:02}"), each))
        .collect()
}

fn simulate_host(core: &Core, name: &str, each: usize) -> Simulated {
    let machine = MachineId::new();
    let rows: Vec<_> = (0..each).map(|n| container(machine, name, n)).collect();
    let listed = rows.iter().map(|row| listed(row.clone())).collect();
    let readings = rows.iter().enumerate();
    let readings = readings.map(|(n, row)| numbers(row, n as f64 / 1_000.0)).collect();
    let (docker, shard) = (docker(core), machine.to_string());
    docker.containers.replace(&shard, listed);
    docker.numbers.replace(&shard, readings);
    docker.engines.upsert(
        &shard,
        EngineRow {
            machine,
            machine_name: name.to_owned(),
            watching: true,
            since: UnixMillis::now(),
            version: None,
            problem: None,
        },
    );
    Simulated { machine, rows }
}

/// A row with the label `tier=front` or, every third, `tier=back`.
pub fn listed(row: ContainerRow) -> Listed {
    let back = row.created_at.0 % 3 == 0;
    let tier = if back { "back" } else { "front" };
    Listed::new(row, HashMap::from([("tier".to_owned(), tier.to_owned())]))
}
