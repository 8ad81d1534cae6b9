use super::{
    super::testing::{TestSshd, free_port},
    *,
};

#[tokio::test]
async fn sh_01_a_probe_reads_every_host_key_and_sends_no_user_name() {
    let sshd = TestSshd::start();
    let keys = offered(&sshd.host(), sshd.port).await.unwrap();
    assert_eq!(keys, sshd.host_keys());
    assert_eq!(
        keys.iter().map(HostKey::fingerprint).collect::<Vec<_>>(),
        keygen_fingerprints(&sshd)
    );
    tokio::time::sleep(Duration::from_millis(300)).await;
    let log = sshd.log();
    assert!(log.contains("Connection from 127.0.0.1"), "{log}");
    assert!(
        !log.contains(TestSshd::user().as_str()) && !log.to_lowercase().contains("user") && !log.contains("publickey"),
        "{log}"
    );
}

fn keygen_fingerprints(sshd: &TestSshd) -> Vec<String> {
    let of = |name: &str| {
        let out = std::process::Command::new("ssh-keygen")
            .arg("-lf")
            .arg(sshd.file(name))
            .output()
            .unwrap();
        String::from_utf8(out.stdout)
            .unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .to_owned()
    };
    vec![of("ed25519.pub"), of("rsa.pub")]
}

#[tokio::test]
async fn sh_02_the_current_key_is_the_one_that_ssh_would_be_shown() {
    let mut sshd = TestSshd::start();
    let pins = sshd.host_keys();
    assert_eq!(current(&sshd.host(), sshd.port, &pins).await.unwrap(), pins[0]);
    assert_eq!(current(&sshd.host(), sshd.port, &pins[1..]).await.unwrap(), pins[1]);
    sshd.change_host_keys();
    assert!(!pins.contains(&current(&sshd.host(), sshd.port, &pins).await.unwrap()));
}

#[tokio::test]
async fn failures_say_what_is_wrong() {
    let host = HostAddress::parse("127.0.0.1").unwrap();
    assert_eq!(offered(&host, free_port()).await, Err(LinkFailure::PortClosed));
    assert_eq!(
        offered(&HostAddress::parse("nowhere.invalid").unwrap(), 22).await,
        Err(LinkFailure::NameUnknown)
    );
    let web = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = web.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = web.accept().await {
            drop(stream)
        }
    });
    assert_eq!(offered(&host, port).await, Err(LinkFailure::NotSsh));
    serving.abort();
}

#[tokio::test]
async fn a_silent_peer_costs_the_deadline_and_no_more() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let answer = handshake(
        &HostAddress::parse("127.0.0.1").unwrap(),
        port,
        KINDS.to_vec(),
        Duration::from_millis(200),
    )
    .await;
    assert_eq!(
        answer,
        Err(LinkFailure::TimedOut {
            stage: "reading its host key"
        })
    );
}

#[tokio::test]
async fn a_host_without_an_accepted_kind_of_key_says_what_it_has() {
    let sshd = TestSshd::with("HostKeyAlgorithms rsa-sha2-512\n");
    let pins = sshd.host_keys();
    let only = current(&sshd.host(), sshd.port, &pins[..1]).await;
    assert_eq!(
        only,
        Err(LinkFailure::NoCommonHostKey {
            offer: "rsa-sha2-512".into()
        })
    );
    assert_eq!(offered(&sshd.host(), sshd.port).await.unwrap(), pins[1..]);
}
