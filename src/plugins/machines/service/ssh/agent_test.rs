use super::*;
use ssh_agent_lib::{client::Client, proto::extension::QueryResponse};
use std::os::unix::fs::PermissionsExt;

struct Setting {
    dir: tempfile::TempDir,
    host: ssh_key::PrivateKey,
    agent: KeyAgent,
    public: KeyData,
}

fn setting() -> Setting {
    let dir = tempfile::tempdir().unwrap();
    let host = ssh_key::PrivateKey::random(&mut rand::rngs::OsRng, ssh_key::Algorithm::Ed25519).unwrap();
    let pin = HostKey::parse(&host.public_key().to_openssh().unwrap()).unwrap();
    let key = LoginKey::generate("k").unwrap();
    let public = key.public().clone();
    let agent = KeyAgent::start(&dir.path().join("agent"), key, &[pin]).unwrap();
    Setting {
        dir,
        host,
        agent,
        public,
    }
}

impl Setting {
    async fn client(&self) -> Client<UnixStream> {
        Client::new(UnixStream::connect(self.dir.path().join("agent")).await.unwrap())
    }
    fn request(&self, data: Vec<u8>) -> SignRequest {
        SignRequest {
            credential: self.public.clone().into(),
            data,
            flags: 0,
        }
    }
}

fn bind(host: &ssh_key::PrivateKey, signer: &ssh_key::PrivateKey, is_forwarding: bool) -> Extension {
    let session_id = b"session".to_vec();
    let signature = signature::Signer::try_sign(signer, &session_id).unwrap();
    Extension::new_message(SessionBind {
        host_key: host.public_key().key_data().clone(),
        session_id,
        signature,
        is_forwarding,
    })
    .unwrap()
}

fn login() -> Vec<u8> {
    [&7u32.to_be_bytes()[..], b"session", &[LOGIN_REQUEST], b"rest"].concat()
}

#[tokio::test]
async fn it_signs_the_login_of_a_session_with_an_accepted_host_only() {
    let s = setting();
    let mut client = s.client().await;
    assert!(client.request_identities().await.unwrap().is_empty());
    assert!(client.sign(s.request(login())).await.is_err());
    client.extension(bind(&s.host, &s.host, false)).await.unwrap();
    assert_eq!(client.request_identities().await.unwrap().len(), 1);
    assert!(client.sign(s.request(login())).await.is_ok());
    assert!(client.sign(s.request(b"anything else".to_vec())).await.is_err());
    assert_eq!(s.agent.signed(), 1);
}

#[tokio::test]
async fn another_host_a_stolen_public_key_and_forwarding_are_refused() {
    let s = setting();
    let other = ssh_key::PrivateKey::random(&mut rand::rngs::OsRng, ssh_key::Algorithm::Ed25519).unwrap();
    for extension in [
        bind(&other, &other, false),
        bind(&s.host, &other, false),
        bind(&s.host, &s.host, true),
    ] {
        let mut client = s.client().await;
        assert!(client.extension(extension).await.is_err());
        assert!(client.sign(s.request(login())).await.is_err());
    }
    assert_eq!(s.agent.signed(), 0);
}

#[tokio::test]
async fn sh_12_the_socket_is_private_takes_no_keys_and_goes_with_the_agent() {
    let s = setting();
    let path = s.dir.path().join("agent");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut client = s.client().await;
    assert!(client.remove_all_identities().await.is_err());
    assert!(
        client
            .extension(Extension::new_message(QueryResponse { extensions: vec![] }).unwrap())
            .await
            .is_err()
    );
    drop(s.agent);
    assert!(!path.exists());
}
