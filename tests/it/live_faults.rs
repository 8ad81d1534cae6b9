//! The live socket under bad readers and bad lines: the others see nothing of it, and nobody is ever shown what is not so.

use crate::{
    app::TestApp,
    live::{Row, Socket, row, topic},
};
use pollysystem::core::live::{
    model::{ClientMessage, RowKey, RowsEvent, Seq, ServerMessage, ShardSeq},
    service::RowTopic,
};
use rand::{Rng, RngCore, SeedableRng, rngs::StdRng};
use std::{collections::BTreeMap, sync::Arc};

const TOPIC: &str = "test.rows";

/// A page as a browser keeps it: the rows, and how far it has come.
struct Page {
    rows: BTreeMap<String, Row>,
    at: Seq,
    /// Frames that the server said it dropped.
    missed: u64,
    got: u64,
}

impl Page {
    /// What a page is when its first HTML was made now.
    fn rendered(topic: &RowTopic<Row>) -> Self {
        let (rows, seqs) = topic.rows();
        Self {
            rows: rows.into_iter().map(|row| (row.row_id(), row)).collect(),
            at: seqs[0].seq,
            missed: 0,
            got: 0,
        }
    }
    fn have(&self) -> Vec<ShardSeq> {
        vec![ShardSeq {
            shard: "s".into(),
            seq: self.at,
        }]
    }
    /// Takes what came. Only the next frame, or a snapshot, may follow: no frame twice, and no hole.
    fn take(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Gap { missed, .. } => self.missed += missed,
            ServerMessage::Frame {
                seq, snapshot, body, ..
            } => {
                assert!(snapshot || seq.n == self.at.n + 1, "{seq:?} after {:?}", self.at);
                self.got += u64::from(!snapshot);
                self.at = seq;
                self.apply(serde_json::from_value(body).unwrap());
            }
            ServerMessage::Pong => {}
            other => panic!("{other:?}"),
        }
    }
    fn apply(&mut self, event: RowsEvent<Row>) {
        let upserts = match event {
            RowsEvent::Snapshot { rows } => {
                self.rows.clear();
                rows
            }
            RowsEvent::Delta { upserts, removes } => {
                removes.iter().for_each(|id| drop(self.rows.remove(id)));
                upserts
            }
        };
        self.rows.extend(upserts.into_iter().map(|row| (row.row_id(), row)));
    }
    async fn reads_until(&mut self, socket: &mut Socket, n: u32) {
        while self.at.n < n {
            self.take(socket.next().await.expect("the socket stays open"));
        }
    }
    fn is_true(&self, topic: &RowTopic<Row>) {
        assert_eq!(self.rows.values().cloned().collect::<Vec<_>>(), topic.rows().0);
    }
}

async fn open(app: &TestApp, browser: &crate::app::Browser, page: &Page) -> Socket {
    let mut socket = Socket::open(app, browser).await;
    socket.subscribe(TOPIC, page.have(), None).await;
    socket.say(&ClientMessage::Ping).await;
    socket
}

/// 20,000 lines in frames of 200, as a log that is written fast comes. The next frame is published when all that
/// read have the one before: had the one that does not read any part in it, the test would stand still.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ls_01_one_that_stops_reading_holds_up_none_of_ninety_nine_and_is_told_what_it_missed() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let rows = topic(&app);
    rows.replace("s", vec![row(0, "start")]);
    let mut slow = Page::rendered(&rows);
    let from = slow.at.n;
    let mut stuck = open(&app, &admin, &slow).await;
    let mut readers = Vec::new();
    for _ in 0..99 {
        let page = Page::rendered(&rows);
        readers.push((open(&app, &admin, &page).await, page));
    }
    let lines =
        "a line of a log that is as long as lines of logs are, more or less, with its time before it\n".repeat(200);
    let published = publish_to(&rows, &mut readers, &lines, 100).await;
    for (_, page) in &readers {
        assert_eq!((page.missed, page.got), (0, 100), "a reader misses nothing");
    }
    // Now past what its queue and the kernel's buffers hold, whatever this machine's are.
    let more = "x".repeat(256 << 10);
    readers.truncate(1);
    let end = publish_to(&rows, &mut readers, &more, 100).await;
    slow.reads_until(&mut stuck, end).await;
    assert!(slow.missed > 0, "the test must overrun the queue");
    assert_eq!(
        slow.missed + slow.got,
        u64::from(end - from),
        "every frame was sent or counted"
    );
    // What waited for it is bounded: the queue holds 4 MiB, the kernel's buffers a few more.
    assert!(
        slow.got < u64::from(published - from) + 60,
        "{} frames were kept",
        slow.got
    );
    slow.is_true(&rows);
    app.stop().await;
}

/// Publishes `count` changes, each when all readers have the one before; gives the last one's number.
async fn publish_to(rows: &RowTopic<Row>, readers: &mut [(Socket, Page)], text: &str, count: u32) -> u32 {
    let mut at = 0;
    for n in 0..count {
        rows.upsert("s", row(n % 3, &format!("{n} {text}")));
        at = rows.rows().1[0].seq.n;
        let all = readers.iter_mut().map(|(socket, page)| page.reads_until(socket, at));
        futures::future::join_all(all).await;
    }
    at
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ls_03_a_page_whose_line_is_cut_again_and_again_is_never_wrong() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let rows = topic(&app);
    rows.replace("s", (0..20).map(|n| row(n, "start")).collect());
    let stop = tokio_util::sync::CancellationToken::new();
    let writer = tokio::spawn(write(rows.clone(), stop.clone()));
    let mut page = Page::rendered(&rows);
    let mut random = StdRng::seed_from_u64(3);
    let (mut replays, mut snapshots) = (0, 0);
    for cut in 0..150 {
        // Every tenth time it stays away for longer than what is kept for a page that returns.
        let away = if cut % 10 == 0 { 200 } else { random.gen_range(0..30) };
        let until = page.at.n + away;
        while rows.rows().1[0].seq.n < until {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        let mut socket = open(&app, &admin, &page).await;
        let frames = random.gen_range(1..40);
        for n in 0..frames {
            let message = socket.next().await.expect("the socket stays open");
            if let (0, ServerMessage::Frame { snapshot, .. }) = (n, &message) {
                *(if *snapshot { &mut snapshots } else { &mut replays }) += 1;
            }
            page.take(message);
        }
        socket.cut();
    }
    stop.cancel();
    writer.await.unwrap();
    let mut socket = open(&app, &admin, &page).await;
    page.reads_until(&mut socket, rows.rows().1[0].seq.n).await;
    page.is_true(&rows);
    assert_eq!(page.missed, 0, "whoever reads is never told of a gap");
    assert!(
        replays > 50 && snapshots >= 10,
        "{replays} replays, {snapshots} snapshots"
    );
    app.stop().await;
}

/// Changes and removes rows until it is stopped, as fast as a page can follow.
async fn write(rows: Arc<RowTopic<Row>>, stop: tokio_util::sync::CancellationToken) {
    let mut random = StdRng::seed_from_u64(1);
    let mut pace = tokio::time::interval(std::time::Duration::from_millis(1));
    while !stop.is_cancelled() {
        pace.tick().await;
        let n = random.gen_range(0..30);
        if random.gen_bool(0.3) {
            rows.remove("s", &row(n, "").row_id());
        } else {
            rows.upsert("s", row(n, &random.next_u32().to_string()));
        }
    }
}
