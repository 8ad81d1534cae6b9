//! An engine that answers nonsense, late, or nothing (DK-07), and log streams that are cut anywhere (DK-11).

use super::{
    LogRange,
    testing::{Answer, FakeEngine},
};
use crate::{
    error::{AppError, ErrorKind},
    plugins::{docker::model::ContainerState, docker::service::logs::read_all, machines::model::MachineRow},
};
use futures::StreamExt;
use std::pin::pin;

fn machine() -> MachineRow {
    serde_json::from_value(serde_json::json!({
        "id": "01890a5d-ac96-774b-bcce-b302099a8057", "name": "h1", "kind": "local", "address": "this host",
        "user": null, "key_id": null, "state": "online", "since": 0, "reason": null, "next_try_at": null,
        "docker": null, "connect_ms": null, "tags": [], "facts": null, "created_at": 0
    }))
    .unwrap()
}
fn id(digit: &str) -> String {
    digit.repeat(64)
}
fn body(text: &str) -> Option<Answer> {
    Some(Answer::Body(200, text.into()))
}

async fn list_error(answer: fn() -> Answer) -> AppError {
    let fake = FakeEngine::start(move |path| path.starts_with("/containers").then(answer));
    let engine = fake.connect().await.unwrap();
    match engine.list(&machine(), None).await {
        Ok(rows) => panic!("{} rows", rows.len()),
        Err(why) => why,
    }
}

#[tokio::test]
async fn dk_07_each_fault_of_an_answer_is_a_typed_error_with_a_sentence() {
    let refused = list_error(|| Answer::Body(500, br#"{"message":"disk\u001b[31m full"}"#.to_vec())).await;
    assert_eq!(refused.kind, ErrorKind::Upstream);
    assert_eq!(refused.message, "The engine refused with 500: disk[31m full");
    let plain = list_error(|| Answer::Body(503, "x".repeat(100_000).into_bytes())).await;
    assert!(plain.message.len() < 700, "an error text is cut");

    let truncated = list_error(|| Answer::Body(200, br#"[{"Id":"abc"#.to_vec())).await;
    assert_eq!(truncated.kind, ErrorKind::Upstream);
    assert!(truncated.message.contains("could not be read"), "{}", truncated.message);

    let cut =
        list_error(|| Answer::Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[{\"Id".to_vec())).await;
    assert_eq!(cut.kind, ErrorKind::HostUnreachable);
    assert!(cut.message.contains("before it was whole"), "{}", cut.message);
    let short = list_error(|| Answer::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[".to_vec())).await;
    assert!(short.message.contains("before it was whole"), "{}", short.message);

    for silent in [
        || Answer::Silence(Vec::new()),
        || Answer::Silence(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[".to_vec()),
    ] {
        let why = list_error(silent).await;
        assert_eq!(why.kind, ErrorKind::Timeout);
        assert!(why.message.contains("did not answer"), "{}", why.message);
    }
    let nonsense = list_error(|| Answer::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())).await;
    assert_eq!(nonsense.kind, ErrorKind::HostUnreachable);
    assert_eq!(
        list_error(|| Answer::Body(200, b"{}".to_vec())).await.kind,
        ErrorKind::Upstream
    );
}

#[tokio::test]
async fn dk_07_a_container_that_cannot_be_read_loses_no_other() {
    let odd = format!(
        r#"[{{"Id":"{}","Names":["/ok"],"State":"running","Status":"Up 2 days (healthy)"}},
            {{"Id":"{}","Names":null,"State":"hibernating","Ports":null,"Labels":null,"Created":"yesterday"}},
            null, 7, "text", [], {{"Id":"../version"}}, {{"Id":17}},
            {{"Id":"{}","Names":["/ports"],"Ports":[{{"PrivatePort":80,"Type":"quic"}},{{"PrivatePort":-1}},null],"State":null}}]"#,
        id("a"),
        id("b"),
        id("c")
    );
    let fake = FakeEngine::start(move |path| path.starts_with("/containers").then(|| body(&odd)).flatten());
    let seen = fake.connect().await.unwrap().list(&machine(), None).await.unwrap();
    let rows: Vec<_> = seen.into_iter().map(|one| one.listed.row).collect();
    assert_eq!(
        rows.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(),
        ["ok", "", "ports"]
    );
    let states: Vec<_> = rows.iter().map(|r| r.state).collect();
    assert_eq!(
        states,
        [
            ContainerState::Running,
            ContainerState::Unknown,
            ContainerState::Unknown
        ]
    );
    assert_eq!(rows[2].ports.iter().map(|p| p.label()).collect::<Vec<_>>(), ["80/quic"]);
}

#[tokio::test]
async fn dk_07_a_list_of_null_is_an_empty_one() {
    let fake = FakeEngine::start(|path| path.starts_with("/containers").then(|| body("null")).flatten());
    assert!(
        fake.connect()
            .await
            .unwrap()
            .list(&machine(), None)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn dk_07_an_inspect_of_a_hundred_megabytes_is_refused_with_a_sentence() {
    let fake = FakeEngine::start(|path| path.ends_with("/json").then_some(Answer::Zeros(100 << 20)));
    let engine = fake.connect().await.unwrap();
    let why = engine.inspect(&id("a").parse().unwrap()).await.err().unwrap();
    assert_eq!(why.kind, ErrorKind::Upstream);
    assert!(why.message.contains("longer than 4 MiB"), "{}", why.message);
}

#[tokio::test]
async fn dk_07_a_wrong_api_version_and_a_missing_engine_are_told_apart() {
    let odd = FakeEngine::start(|path| {
        (path == "/version")
            .then(|| body(r#"{"ApiVersion":"banana"}"#))
            .flatten()
    });
    assert_eq!(odd.connect().await.err().unwrap().kind, ErrorKind::Upstream);
    let gone = FakeEngine::start(|_| None);
    std::fs::remove_file(gone.dir.path().join("docker.sock")).unwrap();
    assert_eq!(gone.connect().await.err().unwrap().kind, ErrorKind::HostUnreachable);
}

#[tokio::test]
async fn dk_08_events_end_with_an_error_when_the_engine_goes_away_in_the_middle_of_one() {
    let fake = FakeEngine::start(|path| {
        path.starts_with("/events").then(|| {
            let one = format!("{{\"Action\":\"start\",\"Actor\":{{\"ID\":\"{}\"}}}}\n", id("a"));
            let chunks = format!("{:x}\r\n{one}\r\n5\r\n{{\"Act", one.len());
            Answer::Raw(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}").into_bytes())
        })
    });
    let engine = fake.connect().await.unwrap();
    let mut events = pin!(engine.events().await.unwrap());
    assert!(events.next().await.unwrap().is_ok());
    assert_eq!(
        events.next().await.unwrap().unwrap_err().kind,
        ErrorKind::HostUnreachable
    );
}

#[tokio::test]
async fn dk_11_a_log_arrives_exactly_however_the_engine_cuts_it() {
    let text = |line: &str| format!("2026-01-02T03:04:05.000000006Z {line}");
    let framed = |kind: u8, line: &str| {
        let line = text(line);
        let mut out = vec![kind, 0, 0, 0, 0, 0, 0, u8::try_from(line.len()).unwrap()];
        out.extend(line.as_bytes());
        out
    };
    let frames = [framed(1, "one\n"), framed(2, "zwei \u{1f980}\n"), framed(1, "three\n")].concat();
    let terminal = [text("one\r\n"), text("zwei \u{1f980}\r\n"), text("three\r\n")]
        .concat()
        .into_bytes();
    for (tty, stream) in [(false, frames), (true, terminal)] {
        for at in 0..stream.len() {
            let pieces = vec![stream[..at].to_vec(), stream[at..].to_vec()];
            let config = format!(r#"{{"Config":{{"Tty":{tty}}}}}"#);
            let fake = FakeEngine::start(move |path| match path {
                p if p.ends_with("/json") => body(&config),
                p if p.contains("/logs?") => Some(Answer::Pieces(pieces.clone())),
                _ => None,
            });
            let engine = fake.connect().await.unwrap();
            let lines = read_all(&engine, &id("a").parse().unwrap()).await.unwrap();
            let texts: Vec<&str> = lines.iter().map(|l| l.text.as_str()).collect();
            assert_eq!(texts, ["one", "zwei \u{1f980}", "three"], "terminal {tty}, cut at {at}");
        }
    }
}

/// Why the log is not read through bollard: what its decoder makes of these two streams.
#[tokio::test]
async fn dk_11_a_terminal_s_line_that_looks_like_a_header_and_a_lying_header_do_no_harm() {
    let stream = b"2026-01-02T03:04:05.000000006Z one\r\n\x01\0\0\0\xff\xff\xff\xff beep\r\n".to_vec();
    let fake = FakeEngine::start(move |path| match path {
        p if p.ends_with("/json") => body(r#"{"Config":{"Tty":true}}"#),
        p if p.contains("/logs?") => Some(Answer::Pieces(vec![stream.clone()])),
        _ => None,
    });
    let engine = fake.connect().await.unwrap();
    let lines = read_all(&engine, &id("a").parse().unwrap()).await.unwrap();
    assert_eq!(lines.len(), 2);
    assert!(lines[1].text.ends_with(" beep"), "{:?}", lines[1].text);

    let lie = [&[1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], &b"short"[..]].concat();
    let fake = FakeEngine::start(move |path| match path {
        p if p.ends_with("/json") => body("{}"),
        p if p.contains("/logs?") => Some(Answer::Pieces(vec![lie.clone()])),
        _ => None,
    });
    let engine = fake.connect().await.unwrap();
    let lines = read_all(&engine, &id("a").parse().unwrap()).await.unwrap();
    assert_eq!(lines.iter().map(|l| l.text.as_str()).collect::<Vec<_>>(), ["short"]);
}

#[tokio::test]
async fn dk_05_only_paths_of_the_typed_set_are_asked_for() {
    let fake = FakeEngine::start(|path| match path {
        p if p.starts_with("/containers") && p.ends_with("/json") => body("{}"),
        p if p.starts_with("/containers/json") => body("[]"),
        p if p.contains("/logs?") => Some(Answer::Pieces(Vec::new())),
        _ => None,
    });
    let engine = fake.connect().await.unwrap();
    let container = id("a").parse().unwrap();
    engine.list(&machine(), Some(&[id("b")])).await.unwrap();
    engine.inspect(&container).await.unwrap();
    engine
        .logs(&container, LogRange::Since(5_000_000_001), true)
        .await
        .unwrap();
    assert!(engine.image("sha256:../../version").await.is_err());
    let (a, b) = (id("a"), id("b"));
    assert_eq!(
        *fake.asked.lock().unwrap(),
        [
            "/version".to_owned(),
            format!("/v1.41/containers/json?all=true&filters=%7B%22id%22%3A%5B%22{b}%22%5D%7D"),
            format!("/v1.41/containers/{a}/json"),
            format!("/v1.41/containers/{a}/logs?stdout=1&stderr=1&timestamps=1&follow=1&tail=all&since=5.000000001"),
        ]
    );
}
