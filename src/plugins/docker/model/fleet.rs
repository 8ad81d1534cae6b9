//! The containers of all machines as one table: what the server picked, and what it says of the rest.

use super::{ContainerNumbers, ContainerRow, ContainerState, EngineRow, Health};
use crate::{
    core::live::model::{Rows, Window},
    plugins::machines::model::MachineId,
};
use serde::{Deserialize, Serialize};

/// Topic of the table, for views only; the shard is the machine's id.
pub const TOPIC_FLEET: &str = "docker.fleet";

/// The rows of a page of the table, their readings, and the counts of the filters.
pub type FleetWindow = Window<ContainerRow, Option<Reading>, Facets>;

/// Everything the containers page starts with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fleet {
    pub window: FleetWindow,
    pub engines: Rows<EngineRow>,
}

/// The newest reading of a container as the table shows it: rounded to what is seen, so that a row which looks the
/// same is the same, is not sent again, and does not change places.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Of one core, in steps of 0.001.
    #[serde(rename = "c")]
    pub cpu_ratio: Option<f64>,
    /// Three significant digits.
    #[serde(rename = "m")]
    pub memory_bytes: f64,
    /// Received and sent together, three significant digits; `None` where it is not known.
    #[serde(rename = "n")]
    pub network_bytes_per_second: Option<f64>,
}

impl Reading {
    pub fn of(numbers: &ContainerNumbers) -> Self {
        let (down, up) = (
            numbers.network_received_bytes_per_second,
            numbers.network_sent_bytes_per_second,
        );
        Self {
            cpu_ratio: numbers.cpu_ratio.map(|ratio| (ratio * 1_000.0).round() / 1_000.0),
            memory_bytes: three_digits(numbers.memory_used_bytes as f64),
            network_bytes_per_second: down.zip(up).map(|(down, up)| three_digits(down + up)),
        }
    }
}

fn three_digits(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let step = 10_f64.powi((value.abs().log10().floor() as i32 - 2).max(0));
    (value / step).round() * step
}

/// How many containers each choice of a filter would show, the other filters being as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facets {
    /// Containers of all hosts that this user may see, whatever the filter.
    pub all: u32,
    /// By name.
    pub hosts: Vec<HostCount>,
    /// States that occur.
    pub states: Vec<(ContainerState, u32)>,
    pub healths: Vec<(Health, u32)>,
}

/// One host's part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostCount {
    pub machine: MachineId,
    pub name: String,
    pub count: u32,
}

impl Facets {
    pub fn state(&self, state: ContainerState) -> u32 {
        self.states.iter().find(|(s, _)| *s == state).map_or(0, |(_, n)| *n)
    }
    pub fn health(&self, health: Health) -> u32 {
        self.healths.iter().find(|(h, _)| *h == health).map_or(0, |(_, n)| *n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_keeps_what_is_seen() {
        assert_eq!(three_digits(123_456.0), 123_000.0);
        assert_eq!(three_digits(99_960.0), 100_000.0);
        assert_eq!(three_digits(7.4), 7.0);
        assert_eq!(three_digits(0.0), 0.0);
        assert_eq!(three_digits(f64::NAN), 0.0);
    }
}
