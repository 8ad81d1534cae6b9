use super::*;

/// Standard error as OpenSSH 9.2 wrote it, and what it must be told as.
const CAPTURED: &[(&str, LinkFailure)] = &[
    (
        "No ED25519 host key is known for m-1 and you have requested strict checking.\r\nHost key verification failed.\r\n",
        LinkFailure::HostKeyUnknown,
    ),
    (
        "ssh: connect to host 127.0.0.1 port 1: Connection refused\r\n",
        LinkFailure::PortClosed,
    ),
    (
        "ssh: connect to host 10.77.0.99 port 22: No route to host\r\n",
        LinkFailure::NoRoute,
    ),
    (
        "ssh: Could not resolve hostname nowhere.invalid: Name or service not known\r\n",
        LinkFailure::NameUnknown,
    ),
    (
        "ssh: connect to host 192.0.2.1 port 22: Connection timed out\r\n",
        LinkFailure::TimedOut {
            stage: "opening the connection",
        },
    ),
    (
        "Connection timed out during banner exchange\r\nConnection to 127.0.0.1 port 2 timed out\r\n",
        LinkFailure::TimedOut {
            stage: "waiting for its SSH banner",
        },
    ),
    (
        "kex_exchange_identification: Connection closed by remote host\r\nConnection closed by 127.0.0.1 port 2\r\n",
        LinkFailure::NotSsh,
    ),
    ("Timeout, server 10.77.0.11 not responding.\r\n", LinkFailure::Lost),
    (
        "Connection to 10.77.0.11 closed by remote host.\r\n",
        LinkFailure::Closed,
    ),
    (
        "Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures\r\nDisconnected from 10.0.0.1 port 22\r\n",
        LinkFailure::TooManyAttempts,
    ),
];

#[test]
fn captured_texts_are_told_apart() {
    for (text, failure) in CAPTURED {
        assert_eq!(&LinkFailure::from_stderr(text), failure, "{text}");
    }
}

#[test]
fn a_changed_key_gives_its_fingerprint() {
    let text = "@@@@@\r\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n@@@@@\r\nThe fingerprint for the ED25519 key sent by the remote host is\nSHA256:abc+/9.\r\nHost key for m-1 has changed and you have requested strict checking.\r\nHost key verification failed.\r\n";
    assert_eq!(
        LinkFailure::from_stderr(text),
        LinkFailure::HostKeyChanged {
            offered: Some("SHA256:abc+/9".into())
        }
    );
}

#[test]
fn details_are_kept_and_bounded() {
    let refused =
        LinkFailure::from_stderr("Warning: x\r\npolly@127.0.0.1: Permission denied (publickey,password).\r\n");
    assert_eq!(
        refused,
        LinkFailure::AuthRefused {
            methods: "publickey,password".into()
        }
    );
    let none = LinkFailure::from_stderr(
        "Unable to negotiate with 127.0.0.1 port 2: no matching host key type found. Their offer: ssh-rsa\r\n",
    );
    assert_eq!(
        none,
        LinkFailure::NoCommonHostKey {
            offer: "ssh-rsa".into()
        }
    );
    let LinkFailure::Other { text } = LinkFailure::from_stderr(&format!("\u{1b}[31m{}\r\n", "x".repeat(1000))) else {
        panic!("not told")
    };
    assert!(text.chars().count() == 201 && !text.contains('\u{1b}'));
    assert_eq!(
        LinkFailure::from_stderr(""),
        LinkFailure::Other {
            text: "it said nothing".into()
        }
    );
}

#[test]
fn wb_01_what_a_stranger_says_is_quoted_cut_and_without_control_characters() {
    let many = format!("\u{1b}]0;x\u{7}{}", "algorithm,".repeat(500));
    let texts = [
        format!("Unable to negotiate: no matching host key type found. Their offer: {many}\r\n"),
        format!("Unable to negotiate: no matching cipher found. Their offer: {many}\r\n"),
        format!("polly@h: Permission denied ({many}).\r\n"),
        many.clone(),
    ];
    for text in texts {
        let said = LinkFailure::from_stderr(&text).sentence();
        assert!(
            said.chars().count() < 500 && !said.chars().any(char::is_control),
            "{said:?}"
        );
    }
    assert_eq!(
        remote_words(&"x".repeat(201)).chars().last(),
        Some('…'),
        "it says that it is cut"
    );
}

#[test]
fn only_questions_of_identity_wait_for_a_person() {
    assert!(LinkFailure::HostKeyUnknown.is_host_key());
    assert!(!LinkFailure::PortClosed.is_host_key());
    assert!(
        CAPTURED
            .iter()
            .all(|(_, f)| f.sentence().ends_with('.') || f.sentence().ends_with(')'))
    );
}
