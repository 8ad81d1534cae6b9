//! The live socket: from the first HTML on, nothing is lost, and nothing is silently dropped.

use crate::app::{Browser, TestApp, eventually};
use futures::{SinkExt, StreamExt};
use pollysystem::{
    core::{
        jobs::model::TOPIC_JOBS,
        live::{
            model::{ClientMessage, RowKey, RowsEvent, Seq, ServerMessage, ShardSeq, View},
            service::{LiveRow, RowTopic},
        },
    },
    plugins::docker::model::{LogEvent, TOPIC_LOGS},
};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::client::IntoClientRequest,
    tungstenite::{Error, Message},
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub n: u32,
    pub pad: String,
}
impl RowKey for Row {
    fn shard_id(&self) -> String {
        "s".into()
    }
    fn row_id(&self) -> String {
        format!("{:06}", self.n)
    }
}
impl LiveRow for Row {
    fn matches(&self, filter: &str) -> bool {
        filter.is_empty() || self.pad == filter
    }
}
pub fn row(n: u32, pad: &str) -> Row {
    Row { n, pad: pad.into() }
}

pub struct Socket(WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>);

impl Socket {
    pub async fn open(_: &TestApp, browser: &Browser) -> Self {
        Self::of(browser).await
    }
    pub async fn of(browser: &Browser) -> Self {
        let mut socket = Self::try_of(browser).await.expect("a socket");
        assert!(matches!(socket.next().await, Some(ServerMessage::Hello { .. })));
        socket
    }
    /// The socket, or the status that refused it.
    pub async fn try_of(browser: &Browser) -> Result<Self, u16> {
        let mut request = browser
            .url("/live")
            .replace("http://", "ws://")
            .into_client_request()
            .unwrap();
        request.headers_mut().insert("origin", browser.origin.parse().unwrap());
        request
            .headers_mut()
            .insert("cookie", browser.cookie_header().parse().unwrap());
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(other) => panic!("{other}"),
        }
    }
    pub async fn say(&mut self, message: &ClientMessage) {
        self.0
            .send(Message::text(serde_json::to_string(message).unwrap()))
            .await
            .unwrap();
    }
    pub async fn subscribe(&mut self, topic: &str, have: Vec<ShardSeq>, view: Option<View>) {
        self.say(&ClientMessage::Subscribe {
            sub: 1,
            topic: topic.into(),
            have,
            shards: None,
            view,
        })
        .await;
    }
    /// Follows the log of one container.
    pub async fn follow(&mut self, shard: &str) {
        self.say(&ClientMessage::Subscribe {
            sub: 1,
            topic: TOPIC_LOGS.into(),
            have: Vec::new(),
            shards: Some(vec![shard.to_owned()]),
            view: None,
        })
        .await;
    }
    /// The next news of a followed log; `None` for the end of its shard.
    pub async fn log_event(&mut self) -> Option<LogEvent> {
        self.log_event_within(Duration::from_secs(10)).await
    }
    /// The same; it may be so long in coming.
    pub async fn log_event_within(&mut self, patience: Duration) -> Option<LogEvent> {
        loop {
            match self.next_within(patience).await {
                Some(ServerMessage::Frame { body, topic, .. }) if topic == TOPIC_LOGS => {
                    return Some(serde_json::from_value(body).unwrap());
                }
                Some(ServerMessage::End { .. }) => return None,
                Some(_) => {}
                None => panic!("the socket was closed"),
            }
        }
    }
    pub async fn next(&mut self) -> Option<ServerMessage> {
        self.next_within(Duration::from_secs(10)).await
    }
    /// The next message; it may be so long in coming.
    pub async fn next_within(&mut self, patience: Duration) -> Option<ServerMessage> {
        loop {
            let message = tokio::time::timeout(patience, self.0.next())
                .await
                .unwrap_or_else(|_| panic!("no message within {patience:?}"))?;
            match message.ok()? {
                Message::Text(text) => return serde_json::from_str(&text).ok(),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }
    /// The line is cut: no close, no farewell.
    pub fn cut(self) {
        if let MaybeTlsStream::Plain(stream) = self.0.get_ref() {
            let _ = stream.set_zero_linger();
        }
    }
    pub async fn frame(&mut self) -> (Seq, bool, RowsEvent<Row>) {
        match self.next().await {
            Some(ServerMessage::Frame {
                seq, snapshot, body, ..
            }) => (seq, snapshot, serde_json::from_value(body).unwrap()),
            other => panic!("no frame but {other:?}"),
        }
    }
}

pub fn topic(app: &TestApp) -> Arc<RowTopic<Row>> {
    RowTopic::new(app.server.core.hub.clone(), "test.rows", "test.view")
}

#[tokio::test]
async fn ls_10_what_happens_between_the_first_html_and_the_subscription_is_not_lost() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let rows = topic(&app);
    rows.replace("s", vec![row(1, "a")]);
    let (_, rendered) = rows.rows();
    rows.upsert("s", row(2, "b"));
    rows.remove("s", &row(1, "a").row_id());
    let mut socket = Socket::open(&app, &admin).await;
    socket.subscribe("test.rows", rendered.clone(), None).await;
    let (first, second) = (socket.frame().await, socket.frame().await);
    assert_eq!((first.0.n, second.0.n), (rendered[0].seq.n + 1, rendered[0].seq.n + 2));
    assert_eq!(
        first.2,
        RowsEvent::Delta {
            upserts: vec![row(2, "b")],
            removes: vec![]
        }
    );
    assert_eq!(
        second.2,
        RowsEvent::Delta {
            upserts: vec![],
            removes: vec![row(1, "a").row_id()]
        }
    );
    app.stop().await;
}

#[tokio::test]
async fn a_page_of_another_epoch_or_too_far_behind_gets_a_snapshot() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let rows = topic(&app);
    for n in 0..200 {
        rows.upsert("s", row(n, "a"));
    }
    let now = rows.rows().1[0].seq;
    for old in [
        Seq {
            epoch: now.epoch ^ 1,
            n: now.n,
        },
        Seq { epoch: now.epoch, n: 3 },
        Seq {
            epoch: now.epoch,
            n: now.n + 50,
        },
    ] {
        let mut socket = Socket::open(&app, &admin).await;
        socket
            .subscribe(
                "test.rows",
                vec![ShardSeq {
                    shard: "s".into(),
                    seq: old,
                }],
                None,
            )
            .await;
        let (seq, snapshot, event) = socket.frame().await;
        assert!(snapshot && seq == now, "{old:?}");
        assert!(matches!(event, RowsEvent::Snapshot { rows } if rows.len() == 200));
    }
    app.stop().await;
}

#[tokio::test]
async fn ls_02_a_socket_that_does_not_read_is_told_how_much_it_missed_and_gets_the_truth() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let rows = topic(&app);
    rows.replace("s", vec![row(0, "start")]);
    let (_, have) = rows.rows();
    let mut socket = Socket::open(&app, &admin).await;
    socket.subscribe("test.rows", have.clone(), None).await;
    socket.say(&ClientMessage::Ping).await;
    assert!(matches!(socket.next().await, Some(ServerMessage::Pong)), "subscribed");
    // Far more than the line's and the outbox's buffers hold.
    let pad = "x".repeat(60_000);
    for n in 1..=1_500 {
        rows.upsert("s", row(n % 3, &format!("{pad}{n}")));
    }
    let (mut at, mut missed, mut got, mut state) = (have[0].seq.n, 0, 0, std::collections::BTreeMap::new());
    let end = rows.rows().1[0].seq.n;
    while at < end {
        match socket.next().await.expect("the socket stays open") {
            ServerMessage::Gap { missed: n, .. } => missed += n,
            ServerMessage::Frame {
                seq, snapshot, body, ..
            } => {
                if snapshot {
                    state.clear();
                } else {
                    assert_eq!(seq.n, at + 1, "no hole without a gap");
                    got += 1;
                }
                at = seq.n;
                match serde_json::from_value::<RowsEvent<Row>>(body).unwrap() {
                    RowsEvent::Snapshot { rows } => state.extend(rows.into_iter().map(|r| (r.row_id(), r))),
                    RowsEvent::Delta { upserts, .. } => state.extend(upserts.into_iter().map(|r| (r.row_id(), r))),
                }
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(missed > 0, "the test must overrun the queue");
    assert_eq!(
        u64::from(end - have[0].seq.n),
        missed + got,
        "every frame was sent or counted"
    );
    assert_eq!(
        state.into_values().collect::<Vec<_>>(),
        rows.rows().0,
        "and the state is the truth"
    );
    app.stop().await;
}

#[tokio::test]
async fn a_view_gets_its_window_and_only_what_changes_in_it() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let rows = topic(&app);
    rows.replace(
        "s",
        (0..50)
            .map(|n| row(n, if n % 2 == 0 { "even" } else { "odd" }))
            .collect(),
    );
    let mut socket = Socket::open(&app, &admin).await;
    let view = View {
        filter: "even".into(),
        sort: "-".into(),
        offset: 0,
        limit: 3,
    };
    socket.subscribe("test.rows", vec![], Some(view)).await;
    let Some(ServerMessage::Window {
        total, ids, rows: sent, ..
    }) = socket.next().await
    else {
        panic!("no window")
    };
    assert_eq!(
        (total, ids.as_slice(), sent.len()),
        (25, ["s/000048", "s/000046", "s/000044"].map(String::from).as_slice(), 3)
    );
    rows.upsert("s", row(1, "odd again"));
    rows.remove("s", "000046");
    let Some(ServerMessage::Window {
        total, ids, rows: sent, ..
    }) = socket.next().await
    else {
        panic!("no window")
    };
    assert_eq!(
        (total, ids.as_slice()),
        (24, ["s/000048", "s/000044", "s/000042"].map(String::from).as_slice())
    );
    assert_eq!(
        sent,
        [serde_json::to_value(row(42, "even")).unwrap()],
        "only the row that came in"
    );
    app.stop().await;
}

#[tokio::test]
async fn a_logout_ends_the_sockets_of_that_session() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut socket = Socket::open(&app, &admin).await;
    socket.subscribe(TOPIC_JOBS, vec![], None).await;
    admin.call("/api/auth/logout", &[]).await;
    loop {
        match socket.next().await {
            Some(ServerMessage::Bye { reconnect, .. }) => assert!(!reconnect),
            Some(_) => {}
            None => break,
        }
    }
    eventually("the socket is gone", Duration::from_secs(2), async || {
        (app.server.core.hub.sockets() == 0).then_some(())
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_refused_and_the_socket_goes_on() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut socket = Socket::open(&app, &admin).await;
    socket.0.send(Message::text("{\"t\":\"nonsense\"}")).await.unwrap();
    assert!(matches!(socket.next().await, Some(ServerMessage::Refused { .. })));
    socket.subscribe("no.such.topic", vec![], None).await;
    assert!(matches!(
        socket.next().await,
        Some(ServerMessage::Refused { sub: 1, .. })
    ));
    socket.say(&ClientMessage::Ping).await;
    assert!(matches!(socket.next().await, Some(ServerMessage::Pong)));
    app.stop().await;
}
