//! The server's own numbers, in the OpenMetrics text format.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answer {
    method: &'static str,
    status: u16,
}

/// Metrics of this process. Plugins add their own through [`Metrics::with_registry`].
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<Answer, Counter>,
    durations: Histogram,
    sockets: Gauge,
    resident: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("pollysystem");
        let requests = Family::default();
        let durations = Histogram::new(exponential_buckets(0.001, 2.0, 14));
        let (sockets, resident) = (Gauge::default(), Gauge::default());
        registry.register("http_requests", "Answered HTTP requests", requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time to the answer's head",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register("live_sockets", "Open live sockets", sockets.clone());
        registry.register_with_unit(
            "resident_memory",
            "Resident memory of the server",
            Unit::Bytes,
            resident.clone(),
        );
        let build = prometheus_client::metrics::info::Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Version of this server", build);
        Self {
            registry: Mutex::new(registry),
            requests,
            durations,
            sockets,
            resident,
        }
    }
}

impl Metrics {
    pub fn answered(&self, method: &'static str, status: u16, took: Duration) {
        self.requests.get_or_create(&Answer { method, status }).inc();
        self.durations.observe(took.as_secs_f64());
    }

    /// Lets a plugin register metrics of its own.
    pub fn with_registry<T>(&self, add: impl FnOnce(&mut Registry) -> T) -> T {
        add(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Everything as text; `sockets` is the number of open live sockets.
    pub fn text(&self, sockets: usize) -> String {
        self.sockets.set(i64::try_from(sockets).unwrap_or(i64::MAX));
        self.resident.set(resident_bytes());
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing into a String cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

/// `VmRSS` of /proc/self/status, in bytes; 0 where there is no /proc.
fn resident_bytes() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|l| l.strip_prefix("VmRSS:"))
        .unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<i64>().unwrap_or(0) * 1024
}
