//! What other plugins may do with machines. Server only.

use super::{
    model::{ContainerCounts, DockerSummary, HostNumbers, MachineId, MachineRow},
    service::Fleet,
};
use crate::error::AppResult;
use async_trait::async_trait;
use std::{
    any::Any,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::broadcast;

/// How much one command may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub time: Duration,
    /// For standard output and standard error each; more is cut off and the command is given up.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(15),
            output_bytes: 1 << 20,
        }
    }
}

/// What a command left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecOutput {
    /// Its exit status; `None` when a signal ended it or its output was cut off.
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// The output was longer than allowed; what is here is its beginning.
    pub truncated: bool,
}

/// A connected machine.
#[async_trait]
pub trait HostLink: Send + Sync {
    /// Runs a program with exactly these arguments; no shell ever reads them.
    ///
    /// Errors: `Timeout` (the remote process is ended too, where the host has `timeout`), `HostUnreachable`
    /// when the link ends, `Unavailable` when the host opens no more sessions.
    async fn exec(&self, argv: &[&str], stdin: Option<&[u8]>, limits: Limits) -> AppResult<ExecOutput>;
    /// A socket on this machine that leads to the Unix socket `remote_path` on that one. A missing remote
    /// socket shows only when it is used.
    async fn open_unix(&self, remote_path: &str) -> AppResult<LocalSocket>;
    /// A socket on this machine that leads to the engine as it was found there: forwarded, or (where its sshd
    /// forwards no sockets) one command on the host per connection. Callers see no difference but in speed.
    async fn open_docker(&self, docker: &DockerSummary) -> AppResult<LocalSocket>;
}

/// A Unix socket on this machine; a forwarded one is closed and unlinked when dropped.
pub struct LocalSocket {
    path: PathBuf,
    _forward: Option<Box<dyn Any + Send + Sync>>,
}

impl LocalSocket {
    /// A socket that nobody forwards.
    pub fn own(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            _forward: None,
        }
    }
    pub(super) fn forwarded(path: PathBuf, forward: impl Any + Send + Sync) -> Self {
        Self {
            path,
            _forward: Some(Box::new(forward)),
        }
    }
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Debug for LocalSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LocalSocket").field(&self.path).finish()
    }
}

/// Something happened to a link. Whoever lags reads [`MachinesPort::machines`] again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// Commands and Docker calls can be sent; sent again when Docker came up on a standing link, and when the
    /// machine's name or tags were changed.
    Online {
        id: MachineId,
    },
    /// Everything that was opened on the link is dead; sent again for a machine that is not up when its name or
    /// tags were changed.
    Down {
        id: MachineId,
    },
    Deleted {
        id: MachineId,
    },
}

/// One reading of a machine and of the containers on it.
#[derive(Clone, Debug)]
pub struct Sample {
    pub machine: MachineId,
    pub host: HostNumbers,
    pub containers: Vec<ContainerSample>,
}

/// One container's part of a [`Sample`], as its control groups tell it; the units are those of
/// `docker::model::ContainerNumbers`, which this becomes.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerSample {
    /// 64 lower-case hex digits.
    pub id: String,
    pub cpu_ratio: Option<f64>,
    pub memory_used_bytes: i64,
    /// `None`: no limit is set.
    pub memory_limit_bytes: Option<i64>,
    pub network_received_bytes_per_second: Option<f64>,
    pub network_sent_bytes_per_second: Option<f64>,
    pub block_read_bytes_per_second: Option<f64>,
    pub block_written_bytes_per_second: Option<f64>,
    pub pids: i64,
}

/// The machines, for other plugins.
pub struct MachinesPort(Arc<Fleet>);

impl MachinesPort {
    pub(super) fn new(fleet: Arc<Fleet>) -> Self {
        Self(fleet)
    }
    pub fn machine(&self, id: MachineId) -> Option<MachineRow> {
        self.0.row(id)
    }
    /// All machines, in no order.
    pub fn machines(&self) -> Vec<MachineRow> {
        self.0.rows().rows().0
    }
    pub fn watch(&self) -> broadcast::Receiver<LinkEvent> {
        self.0.watch()
    }
    /// Every reading of every machine, as it is taken. Who lags misses readings and nothing else.
    pub fn samples(&self) -> broadcast::Receiver<Arc<Sample>> {
        self.0.world().numbers.samples()
    }
    /// Shows on the machine what runs on it, for whoever watches its engine.
    pub fn count_containers(&self, id: MachineId, counts: Option<ContainerCounts>) {
        self.0.count_containers(id, counts);
    }
    /// The machine's link. Errors: `HostUnreachable` with the reason when it is not online, `NotFound`.
    pub async fn link(&self, id: MachineId) -> AppResult<Arc<dyn HostLink>> {
        self.0.link(id)
    }
    /// A socket on this machine that leads to the machine's Docker engine.
    /// Errors: as [`MachinesPort::link`]; `Unavailable` when the machine has none.
    pub async fn docker_socket(&self, id: MachineId) -> AppResult<LocalSocket> {
        self.0.docker_socket(id).await
    }
}
