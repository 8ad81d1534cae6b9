//! An ssh agent inside the server, one per link, with exactly that link's key.
//!
//! It lists and signs only after ssh has shown, by `session-bind@openssh.com`, that the session is with an
//! accepted host key, and only login data of that very session: a second, independent check of the pin.

use super::{hostkey::HostKey, keys::LoginKey};
use crate::error::{AppError, AppResult};
use ssh_agent_lib::{
    agent::{ListeningSocket, Session, listen},
    error::AgentError,
    proto::{Extension, Identity, SignRequest, extension::SessionBind},
    ssh_key::{Signature, public::KeyData},
};
use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};
use tokio::net::{UnixListener, UnixStream};

/// The running agent: dropping it ends it and unlinks its socket.
#[derive(Debug)]
pub struct KeyAgent {
    path: PathBuf,
    shared: Arc<Shared>,
    listening: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    key: LoginKey,
    pins: Vec<KeyData>,
    signed: AtomicU32,
    refused: Mutex<Option<&'static str>>,
    /// A host has proved to have an accepted key.
    bound: std::sync::atomic::AtomicBool,
    closed: std::sync::atomic::AtomicBool,
}

impl KeyAgent {
    /// Listens on `path` (0600), which must lie in a private directory.
    pub fn start(path: &Path, key: LoginKey, pins: &[HostKey]) -> AppResult<Self> {
        let listener = UnixListener::bind(path).map_err(AppError::internal)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(AppError::internal)?;
        let shared = Arc::new(Shared {
            key,
            pins: pins.iter().map(|pin| pin.data().clone()).collect(),
            signed: AtomicU32::new(0),
            refused: Mutex::new(None),
            bound: std::sync::atomic::AtomicBool::new(false),
            closed: std::sync::atomic::AtomicBool::new(false),
        });
        let bound = Bound {
            shared: shared.clone(),
            session: None,
        };
        let listening = tokio::spawn(async move {
            if let Err(error) = listen(OwnUser(listener), Template(bound)).await {
                tracing::warn!(%error, "the ssh agent stopped listening");
            }
        });
        Ok(Self {
            path: path.to_owned(),
            shared,
            listening,
        })
    }
    /// How many signatures it gave.
    pub fn signed(&self) -> u32 {
        self.shared.signed.load(Ordering::Relaxed)
    }
    /// The key exchange with an accepted host is done: what comes next is the login.
    pub fn bound(&self) -> bool {
        self.shared.bound.load(Ordering::Relaxed)
    }
    /// Why it last refused, if it did.
    pub fn refused(&self) -> Option<&'static str> {
        *self.shared.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for KeyAgent {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        self.listening.abort();
        let _ = fs::remove_file(&self.path);
    }
}

/// Accepts processes of our own user only.
#[derive(Debug)]
struct OwnUser(UnixListener);

#[ssh_agent_lib::async_trait]
impl ListeningSocket for OwnUser {
    type Stream = UnixStream;
    async fn accept(&mut self) -> io::Result<UnixStream> {
        loop {
            let (stream, _) = self.0.accept().await?;
            if stream
                .peer_cred()
                .is_ok_and(|peer| peer.uid() == nix::unistd::getuid().as_raw())
            {
                return Ok(stream);
            }
            tracing::warn!("another user tried to reach an ssh agent of this server");
        }
    }
}

struct Template(Bound);

impl ssh_agent_lib::agent::Agent<OwnUser> for Template {
    fn new_session(&mut self, _: &UnixStream) -> impl Session {
        Bound {
            shared: self.0.shared.clone(),
            session: None,
        }
    }
}

/// One connection of ssh, and the session it proved to have with an accepted host.
struct Bound {
    shared: Arc<Shared>,
    session: Option<Vec<u8>>,
}

impl Bound {
    fn refuse(&self, why: &'static str) -> AgentError {
        *self.shared.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
        AgentError::Failure
    }
    fn bind(&mut self, bind: &SessionBind) -> Result<(), &'static str> {
        if self.session.is_some() || bind.is_forwarding {
            return Err("ssh tried to hand the agent on to another session");
        }
        if !self.shared.pins.contains(&bind.host_key) {
            return Err("the session is with a host key that was not accepted");
        }
        bind.verify_signature()
            .map_err(|_| "the host did not prove that it has its key")?;
        self.session = Some(bind.session_id.clone());
        self.shared.bound.store(true, Ordering::Relaxed);
        Ok(())
    }
    fn may_sign(&self, request: &SignRequest) -> Result<(), &'static str> {
        if self.shared.closed.load(Ordering::Relaxed) {
            return Err("the link has ended");
        }
        let session = self
            .session
            .as_ref()
            .ok_or("ssh did not say which host the session is with; OpenSSH 8.9 or newer is needed on this server")?;
        if request.credential.key_data() != self.shared.key.public() {
            return Err("ssh asked for another key");
        }
        let length = u32::try_from(session.len()).unwrap_or(0).to_be_bytes();
        let login = [&length[..], session, &[LOGIN_REQUEST]].concat();
        if request.data.starts_with(&login) {
            Ok(())
        } else {
            Err("what ssh wanted signed is not the login of this session")
        }
    }
}

/// SSH_MSG_USERAUTH_REQUEST (RFC 4252): what follows the session's id in the data of a login.
const LOGIN_REQUEST: u8 = 50;

#[ssh_agent_lib::async_trait]
impl Session for Bound {
    async fn request_identities(&mut self) -> Result<Vec<Identity>, AgentError> {
        if self.session.is_none() || self.shared.closed.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        Ok(vec![Identity {
            credential: self.shared.key.public().clone().into(),
            comment: String::new(),
        }])
    }

    async fn sign(&mut self, request: SignRequest) -> Result<Signature, AgentError> {
        self.may_sign(&request).map_err(|why| self.refuse(why))?;
        let shared = self.shared.clone();
        let work = move || shared.key.sign(&request.data, request.flags);
        let signed = tokio::task::spawn_blocking(work).await.map_err(AgentError::other)?;
        let signature = signed.map_err(|why| {
            tracing::warn!(%why, "the ssh agent cannot sign");
            self.refuse("the key cannot make the signature that the host asked for")
        })?;
        self.shared.signed.fetch_add(1, Ordering::Relaxed);
        Ok(signature)
    }

    async fn extension(&mut self, extension: Extension) -> Result<Option<Extension>, AgentError> {
        let Ok(Some(bind)) = extension.parse_message::<SessionBind>() else {
            return Err(AgentError::ExtensionFailure);
        };
        match self.bind(&bind) {
            Ok(()) => Ok(None),
            Err(why) => {
                self.refuse(why);
                Err(AgentError::ExtensionFailure)
            }
        }
    }
}

#[cfg(test)]
#[path = "agent_test.rs"]
mod tests;
