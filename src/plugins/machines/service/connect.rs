//! From what is stored to a link that answers: files, agent, ssh, first answer.

use super::{
    collect::{Collector, script, talk},
    fleet::World,
    link::SshLink,
    ssh::{
        agent::KeyAgent,
        config::{self, Stanza},
        failure::LinkFailure,
        hostkey::HostKey,
        keys::LoginKey,
        master::{LOGGING_IN, Master},
        mux::Mux,
        rundir::write_private,
    },
    store::{self, Record, SshTarget},
};
use crate::{
    core::server::secrets::Place,
    error::{AppError, AppResult, ErrorKind},
    plugins::machines::model::KeyId,
};
use std::{path::Path, sync::Arc, time::Instant};

/// A link that answered once. Its parts end together: see [`Connected::end`].
pub struct Connected {
    pub master: Master,
    pub collector: Collector,
    pub link: Arc<SshLink>,
    pub took_ms: u32,
    /// Kept for as long as the link stands.
    _agent: KeyAgent,
}

impl Connected {
    /// Refuses new calls, ends the waiting ones, then ssh, its sockets and the agent.
    pub async fn end(self) {
        self.link.0.close().await;
        self.master.end().await;
    }
}

/// Where the sealed private key is kept.
pub fn key_place(id: &str) -> Place<'_> {
    Place {
        table: "ssh_keys",
        row: id,
        field: "private_sealed",
    }
}

/// Connects once. Errors: why not; nothing is left then.
pub async fn connect(
    world: &World,
    record: &Record,
    target: &SshTarget,
    pins: &[HostKey],
) -> Result<Connected, LinkFailure> {
    let begun = Instant::now();
    let alias = format!("m-{}", record.id.0.simple());
    let key = open_key(world, target.key_id).await.map_err(ours)?;
    let dir = world.run.sub(&alias).map_err(ours)?;
    let (file, agent) = (dir.join("cfg"), dir.join("agent"));
    write_files(&dir, &file, &agent, &alias, target, pins).map_err(ours)?;
    let agent = KeyAgent::start(&agent, key, pins).map_err(ours)?;
    let master = Master::connect(&dir, &file, &alias, world.paces.login)
        .await
        .map_err(|failure| with_agent(failure, &agent))?;
    let mux = Arc::new(Mux::new(master.control(), &dir));
    match Collector::start(converse(&mux)).await {
        Ok(collector) => {
            let took_ms = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
            Ok(Connected {
                master,
                collector,
                link: Arc::new(SshLink(mux)),
                took_ms,
                _agent: agent,
            })
        }
        Err(error) => {
            master.end().await;
            Err(LinkFailure::NoCommands { text: error.message })
        }
    }
}

async fn converse(mux: &Mux) -> AppResult<talk::Talk> {
    let mark = talk::mark();
    let channel = mux.channel(&script::argv(&mark)).await?;
    Ok(talk::Talk::new(channel, mark))
}

async fn open_key(world: &World, id: KeyId) -> AppResult<LoginKey> {
    let sealed = store::sealed_key(world.db.read(), id).await?;
    let text = world.secrets.open(key_place(&id.to_string()), &sealed)?;
    LoginKey::from_text(std::str::from_utf8(text.expose()).map_err(AppError::internal)?)
}

fn write_files(
    dir: &Path,
    file: &Path,
    agent: &Path,
    alias: &str,
    target: &SshTarget,
    pins: &[HostKey],
) -> AppResult<()> {
    let known_hosts = dir.join("known_hosts");
    let stanza = Stanza {
        alias,
        host: target.host.as_str(),
        port: target.port,
        user: target.user.as_str(),
        pins,
        known_hosts: &known_hosts,
        agent,
    };
    write_private(file, config::text(&stanza)?.as_bytes())?;
    write_private(&known_hosts, config::known_hosts(alias, pins)?.as_bytes())
}

/// A fault of ours; the log has its cause.
fn ours(error: AppError) -> LinkFailure {
    let text = if error.kind == ErrorKind::Internal {
        "the server could not prepare the connection; its log says why".to_owned()
    } else {
        error.message
    };
    LinkFailure::Other { text }
}

/// What only the agent knows: ssh says "permission denied" when the agent refused, and nothing of how far it came.
fn with_agent(failure: LinkFailure, agent: &KeyAgent) -> LinkFailure {
    match (&failure, agent.refused()) {
        (LinkFailure::TimedOut { stage: LOGGING_IN }, _) if !agent.bound() => LinkFailure::TimedOut {
            stage: "exchanging keys",
        },
        (LinkFailure::AuthRefused { .. } | LinkFailure::AgentRefused { .. }, Some(why)) => {
            LinkFailure::AgentRefused { why: why.to_owned() }
        }
        _ => failure,
    }
}
