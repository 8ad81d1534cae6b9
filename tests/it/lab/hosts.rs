//! The lab as tests see it, and the steps that every story takes.

use crate::app::{Browser, TestApp, eventually};
use pollysystem::{
    core::{
        jobs::{api::JobView, model::JobId},
        live::model::Rows,
    },
    plugins::{
        docker::model::{ContainerRow, Fleet},
        machines::model::{LinkState, MachineDetail, MachineId, MachineRow},
    },
};
use serde::Deserialize;
use std::{path::PathBuf, process::Command, time::Duration};

#[derive(Deserialize)]
pub struct Lab {
    pub hosts: Vec<Host>,
    pub key: PathBuf,
    pub user: String,
}

#[derive(Clone, Deserialize)]
pub struct Host {
    pub name: String,
    pub address: String,
    #[serde(default = "ssh_port")]
    pub port: u16,
    pub fingerprint: String,
    pub sshd_log: PathBuf,
}

fn ssh_port() -> u16 {
    22
}

impl Lab {
    /// The lab that `make test-lab` brought up; without one the tests fail.
    pub fn read() -> Self {
        let path = std::env::var("POLLY_LAB").expect("POLLY_LAB names lab.json: run `make test-lab`");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }
    /// Enrols a host and gives its id; nobody has accepted its keys yet.
    pub async fn add(&self, browser: &Browser, host: &Host) -> MachineId {
        let key = std::fs::read_to_string(&self.key).unwrap();
        let fields = [
            ("machine[name]", host.name.as_str()),
            ("machine[host]", &host.address),
            ("machine[port]", &host.port.to_string()),
            ("machine[user]", &self.user),
            ("machine[key_mode]", "paste"),
            ("machine[key_id]", ""),
            ("machine[private_key]", &key),
            ("machine[passphrase]", ""),
        ];
        browser.ask("/api/machines/add", &fields).await
    }
    /// Enrols a host, accepts its keys, and waits until it is online.
    pub async fn enrol(&self, browser: &Browser, host: &Host) -> MachineId {
        let id = self.add(browser, host).await;
        trust(browser, id).await;
        reaches(browser, id, LinkState::Online, Duration::from_secs(20)).await;
        id
    }
}

impl Host {
    /// Runs a command on the host, from outside of PollySystem.
    pub fn run(&self, argv: &[&str]) -> String {
        let out = lab(&[&["exec", &self.name], argv].concat());
        out.trim().to_owned()
    }
    pub fn sshd_log(&self) -> String {
        std::fs::read_to_string(&self.sshd_log).unwrap_or_default()
    }
    /// Removes every container.
    pub fn clean(&self) {
        self.run(&["sh", "-c", "docker ps -aq | xargs -r docker rm -f"]);
    }
}

/// One verb of the lab's script.
pub fn lab(args: &[&str]) -> String {
    let script = std::env::var("POLLY_LAB_SCRIPT").expect("POLLY_LAB_SCRIPT names scripts/lab.sh: run `make test-lab`");
    let out = Command::new("bash").arg(script).args(args).output().unwrap();
    assert!(
        out.status.success(),
        "lab {args:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).unwrap()
}

pub async fn detail(browser: &Browser, id: MachineId) -> MachineDetail {
    browser.ask("/api/machines/detail", &[("id", &id.to_string())]).await
}

/// Accepts exactly the keys that the host offers now.
pub async fn trust(browser: &Browser, id: MachineId) {
    let offered = eventually("the host offers its keys", Duration::from_secs(20), async || {
        let detail = detail(browser, id).await;
        (!detail.offered.is_empty()).then_some(detail.offered)
    })
    .await;
    let id = id.to_string();
    let names: Vec<String> = (0..offered.len()).map(|i| format!("fingerprints[{i}]")).collect();
    let keys = names
        .iter()
        .zip(&offered)
        .map(|(name, key)| (name.as_str(), key.fingerprint.as_str()));
    let form: Vec<(&str, &str)> = [("id", id.as_str())].into_iter().chain(keys).collect();
    browser.ask::<()>("/api/machines/trust", &form).await;
}

/// Waits until the link is in `state`.
pub async fn reaches(browser: &Browser, id: MachineId, state: LinkState, within: Duration) -> MachineRow {
    eventually(&format!("the machine is {state}"), within, async || {
        let rows: Rows<MachineRow> = browser.ask("/api/machines/list", &[]).await;
        rows.rows.into_iter().find(|row| row.id == id && row.state == state)
    })
    .await
}

pub async fn containers(browser: &Browser) -> Vec<ContainerRow> {
    let fleet: Fleet = browser.ask("/api/docker/fleet", &[("query", "per=1000")]).await;
    fleet.window.rows.into_iter().map(|(row, _)| row).collect()
}

/// Waits until a container of that name on that machine is as `wanted` says.
pub async fn container(
    browser: &Browser,
    machine: MachineId,
    name: &str,
    wanted: impl Fn(&ContainerRow) -> bool,
) -> ContainerRow {
    eventually(&format!("{name} as wanted"), Duration::from_secs(10), async || {
        containers(browser)
            .await
            .into_iter()
            .find(|row| row.machine == machine && row.name == name && wanted(row))
    })
    .await
}

/// Does `action` to a container and waits for the job's end.
pub async fn act(browser: &Browser, action: &str, row: &ContainerRow) -> JobView {
    act_on(browser, action, std::slice::from_ref(row)).await
}

/// Does `action` to many containers in one job and waits for its end.
pub async fn act_on(browser: &Browser, action: &str, rows: &[ContainerRow]) -> JobView {
    let targets: Vec<String> = rows.iter().map(|row| format!("{}/{}", row.machine, row.id)).collect();
    let targets = targets.iter().map(|target| ("targets[]", target.as_str()));
    let form: Vec<_> = [("action", action)].into_iter().chain(targets).collect();
    let job: JobId = browser.ask("/api/docker/act", &form).await;
    end_of(browser, job).await
}

/// Waits for the end of a job.
pub async fn end_of(browser: &Browser, job: JobId) -> JobView {
    eventually("the job ends", Duration::from_secs(40), async || {
        let job: JobView = browser.ask("/api/jobs/get", &[("id", &job.to_string())]).await;
        job.job.summary.state.is_over().then_some(job)
    })
    .await
}

/// A server with nothing enrolled, and its admin.
pub async fn server() -> (TestApp, Browser) {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    (app, admin)
}

/// Tries to accept a key that the host did not offer; it must be refused.
pub async fn add_stranger_key(browser: &Browser, id: MachineId) {
    let stranger = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let answer = browser
        .call(
            "/api/machines/trust",
            &[("id", &id.to_string()), ("fingerprints[0]", stranger)],
        )
        .await;
    assert!(answer.status().is_client_error(), "{}", answer.status());
}
