//! One container: its details, its log and the overview, on a server of its own with an engine that does what
//! the test says.

use crate::{
    app::{Browser, NAME, PASSWORD, eventually},
    fake_engine::{FakeEngine, id, line, listed},
    live::Socket,
    process::{Server, serve},
};
use pollysystem::{
    core::live::model::Rows,
    plugins::docker::model::{ContainerRow, Fleet, FleetSummary, LogEvent, LogState, Trouble},
};
use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

struct House {
    engine: FakeEngine,
    server: Server,
    browser: Browser,
    machine: String,
    _data: tempfile::TempDir,
}

impl House {
    /// A server with this host and these containers on it.
    async fn open(containers: Vec<Value>) -> Self {
        let data = tempfile::tempdir().unwrap();
        let engine = FakeEngine::listen(data.path());
        let count = containers.len();
        engine.world().containers = containers;
        let host = format!("unix://{}", engine.socket.display());
        let (mut server, browser) = serve(&data.path().join("data"), &host);
        let code = server.wait_for("set-up code: ").rsplit(' ').next().unwrap().to_owned();
        let form = [
            ("code", code.as_str()),
            ("name", NAME),
            ("password", PASSWORD),
            ("password_again", PASSWORD),
        ];
        browser.ask::<()>("/api/auth/setup", &form).await;
        let machine: String = browser.ask("/api/machines/add_local", &[]).await;
        let house = Self {
            engine,
            server,
            browser,
            machine,
            _data: data,
        };
        house.shows(|rows| rows.len() == count).await;
        house
    }
    async fn rows(&self) -> Vec<ContainerRow> {
        let fleet: Fleet = self.browser.ask("/api/docker/fleet", &[]).await;
        fleet.window.rows.into_iter().map(|(row, _)| row).collect()
    }
    async fn shows(&self, wanted: impl Fn(&[ContainerRow]) -> bool) -> Vec<ContainerRow> {
        eventually("the containers as wanted", SOON, async || {
            Some(self.rows().await).filter(|rows| wanted(rows))
        })
        .await
    }
    fn shard(&self, digit: char) -> String {
        format!("{}/{}", self.machine, id(digit))
    }
    fn page(&self, digit: char) -> String {
        format!("/containers/{}", self.shard(digit))
    }
}

/// Reads until so many lines came; the snapshot's are among them.
async fn lines(socket: &mut Socket, count: usize) -> Vec<(u64, String)> {
    let mut all = Vec::new();
    while all.len() < count {
        let new = match socket.log_event().await.expect("the log goes on") {
            LogEvent::Snapshot { lines, .. } | LogEvent::Lines { lines } => lines,
            LogEvent::State(_) => Vec::new(),
        };
        all.extend(new.into_iter().map(|l| (l.n, l.text)));
    }
    all
}

#[tokio::test]
async fn one_following_serves_every_tab_and_ends_with_the_last() {
    let house = House::open(vec![listed('a', "web", "running", json!({}))]).await;
    house.engine.world().log = line(1, 1, "before");
    let mut one = Socket::of(&house.browser).await;
    one.follow(&house.shard('a')).await;
    assert_eq!(lines(&mut one, 1).await, [(1, "before".to_owned())]);
    let mut two = Socket::of(&house.browser).await;
    two.follow(&house.shard('a')).await;
    assert_eq!(lines(&mut two, 1).await, [(1, "before".to_owned())], "from memory");
    house.engine.write(line(2, 2, "after"));
    assert_eq!(lines(&mut one, 1).await, [(2, "after".to_owned())]);
    assert_eq!(lines(&mut two, 1).await, [(2, "after".to_owned())]);
    assert_eq!((house.engine.asked("follow=1"), house.engine.following()), (1, 1));

    drop(one);
    house.engine.write(line(1, 3, "still"));
    assert_eq!(lines(&mut two, 1).await, [(3, "still".to_owned())]);
    assert_eq!(house.engine.following(), 1);
    drop(two);
    eventually("the following ends", SOON, async || {
        (house.engine.following() == 0).then_some(())
    })
    .await;
    let mut three = Socket::of(&house.browser).await;
    three.follow(&house.shard('a')).await;
    assert_eq!(lines(&mut three, 1).await, [(1, "before".to_owned())], "it begins anew");
    assert_eq!(house.engine.asked("follow=1"), 2);
}

#[tokio::test]
async fn az_04_nothing_is_opened_on_a_host_for_a_log_that_one_may_not_see() {
    let house = House::open(vec![listed('a', "web", "running", json!({}))]).await;
    let stranger = Browser::new(house.browser.url(""), house.browser.origin.clone());
    for path in ["/log", "/log?timestamps=1", "?tab=logs"] {
        let answer = stranger.get(&format!("{}{path}", house.page('a'))).await;
        assert!(
            answer.status() == StatusCode::UNAUTHORIZED || answer.status().is_redirection(),
            "{path}"
        );
    }
    for (path, form) in [
        ("/api/docker/log_tail", house.shard('a')),
        ("/api/docker/inspect", house.shard('a')),
    ] {
        let (machine, container) = form.split_once('/').unwrap();
        let answer = stranger
            .call(path, &[("machine", machine), ("container", container)])
            .await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    // What does not exist looks the same as what may not be seen.
    let other = "01890a5d-ac96-774b-bcce-b302099a8057";
    for shard in [
        house.shard('b'),
        format!("{other}/{}", id('a')),
        format!("{}/../version", house.machine),
        house.shard('a').to_uppercase(),
        String::new(),
        "x".repeat(5_000),
    ] {
        let mut socket = Socket::of(&house.browser).await;
        socket.follow(&shard).await;
        assert_eq!(socket.log_event().await, None, "{shard:?}");
        let path = format!("/containers/{shard}/log");
        if shard.len() < 200 && !shard.contains("..") && !shard.is_empty() {
            assert_eq!(
                house.browser.get(&path).await.status(),
                StatusCode::NOT_FOUND,
                "{shard:?}"
            );
        }
    }
    assert_eq!(
        house.engine.asked("/logs") + house.engine.asked(&format!("{}/json", id('a'))),
        0
    );
}

#[tokio::test]
async fn a_log_is_downloaded_whole_under_a_name_that_leads_nowhere() {
    let house = House::open(vec![listed('a', "../we\"b\r\n", "running", json!({}))]).await;
    house.engine.world().log = [
        line(1, 1, "one"),
        line(2, 2, "zwei \u{1f980}"),
        line(1, 3, "\u{1b}[31mred"),
    ]
    .concat();
    let answer = house.browser.get(&format!("{}/log", house.page('a'))).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let head = |name| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(head(header::CONTENT_TYPE), "text/plain; charset=utf-8");
    assert_eq!(head(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    let name = head(header::CONTENT_DISPOSITION);
    let file = name
        .strip_prefix("attachment; filename=\"")
        .and_then(|n| n.strip_suffix(".log\""))
        .unwrap();
    assert!(file.starts_with("___we_b__"), "{name}");
    assert!(
        file.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)),
        "{name}"
    );
    assert_eq!(answer.text().await.unwrap(), "one\nzwei \u{1f980}\n\u{1b}[31mred\n");

    let timed = house
        .browser
        .get(&format!("{}/log?timestamps=1", house.page('a')))
        .await;
    let timed = timed.text().await.unwrap();
    assert!(timed.starts_with("2026-01-02T03:04:05.000000001Z one\n2026-01-02T03:04:05.000000002Z zwei"));

    house.engine.world().log_breaks = true;
    let cut = house.browser.get(&format!("{}/log", house.page('a'))).await;
    assert_eq!(
        cut.status(),
        StatusCode::BAD_GATEWAY,
        "a part is not taken for the whole"
    );
    assert!(cut.text().await.unwrap().contains("before it was whole"));
}

#[tokio::test]
async fn without_script_the_page_has_the_last_lines_and_the_details() {
    let house = House::open(vec![listed('a', "web", "running", json!({}))]).await;
    let log: Vec<Vec<u8>> = (1..=3)
        .map(|n| line(1, n, &format!("\u{1b}[31m<b>line</b> {n}")))
        .collect();
    house.engine.world().log = log.concat();
    house.engine.world().inspect = json!({"RestartCount": 7, "Config": {"Labels": {
        "org.opencontainers.image.source": "javascript:alert(1)", "com.docker.compose.service": "front"}}});
    let html = house
        .browser
        .html(&format!("{}?tab=logs&q=line", house.page('a')))
        .await;
    assert_eq!(house.engine.asked("tail=200"), 1, "asked once for a page");
    assert!(
        html.contains("&lt;b&gt;") && !html.contains("<b>line"),
        "text is never markup"
    );
    assert!(html.contains("<mark>line<") && html.contains("class=\"ansi-red\""));
    assert!(html.contains("3 lines") || html.contains("3</"), "the search counts");
    let html = house.browser.html(&house.page('a')).await;
    assert!(html.contains(">7<!></span> by the engine"));
    let details = format!("{}/json", id('a'));
    assert_eq!(
        house.engine.asked(&details),
        2,
        "once for the log's page, once for this one"
    );
    let html = house.browser.html(&format!("{}?tab=config", house.page('a'))).await;
    assert!(html.contains("javascript:alert(1)") && !html.contains("href=\"javascript"));
    assert!(html.contains("Compose labels") && html.contains("front"));
}

#[tokio::test]
async fn se_09_values_of_the_environment_reach_no_page_and_no_answer() {
    let house = House::open(vec![listed('a', "web", "running", json!({}))]).await;
    house.engine.world().inspect = json!({"Config": {"Env": ["DB_PASSWORD=hunter2-secret", "PLAIN"]}});
    for tab in ["overview", "logs", "config", "attached"] {
        let html = house.browser.html(&format!("{}?tab={tab}", house.page('a'))).await;
        assert!(!html.contains("hunter2"), "{tab}");
        // Names travel with the details, which every tab but the log's is drawn from.
        assert_eq!(html.contains("DB_PASSWORD"), tab != "logs", "{tab}");
    }
    let form = [("machine", house.machine.as_str()), ("container", &id('a'))];
    let answer = house
        .browser
        .call("/api/docker/inspect", &form)
        .await
        .text()
        .await
        .unwrap();
    assert!(answer.contains("DB_PASSWORD") && !answer.contains("hunter2"));
}

#[tokio::test]
async fn dk_04_a_forged_label_of_ours_changes_nothing() {
    let forged = json!({"pollysystem.owner": "system", "pollysystem.managed": "true", "pollysystem.stack": "shop",
        "pollysystem.machine": "01890a5d-ac96-774b-bcce-b302099a8057"});
    let house = House::open(vec![
        listed('a', "plain", "running", json!({})),
        listed('b', "forged", "running", forged.clone()),
    ])
    .await;
    house.engine.world().inspect = json!({"Config": {"Labels": forged}});
    let rows = house.rows().await;
    let of = |name: &str| rows.iter().find(|r| r.name == name).unwrap();
    let mut as_plain = of("forged").clone();
    (as_plain.id, as_plain.name) = (of("plain").id.clone(), of("plain").name.clone());
    assert_eq!(as_plain, *of("plain"), "the same row but for its name");
    assert_eq!(
        of("forged").machine.to_string(),
        house.machine,
        "it is where its engine was dialled"
    );
    // The same may be done to both, by the same right, with the same trace.
    for digit in ['a', 'b'] {
        let target = house.shard(digit);
        let answer = house
            .browser
            .call("/api/docker/act", &[("action", "stop"), ("targets[]", &target)])
            .await;
        assert!(answer.status().is_success(), "{digit}");
        let stranger = Browser::new(house.browser.url(""), house.browser.origin.clone());
        let refused = stranger
            .call("/api/docker/act", &[("action", "stop"), ("targets[]", &target)])
            .await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    }
    eventually("both stops reached the engine", SOON, async || {
        let stopped = |digit| house.engine.asked(&format!("{}/stop", id(digit)));
        (stopped('a') == 1 && stopped('b') == 1).then_some(())
    })
    .await;
    let html = async |digit| house.browser.html(&format!("{}?tab=config", house.page(digit))).await;
    assert!(
        html('b').await.contains("pollysystem.owner"),
        "shown as the text that it is"
    );
}

#[tokio::test]
async fn dk_08_after_a_restart_of_the_engine_the_list_is_the_truth_and_nothing_is_left_over() {
    let house = House::open(vec![
        listed('a', "stays", "running", json!({})),
        listed('b', "goes", "running", json!({})),
    ])
    .await;
    // While its events are broken, one container goes, one comes, one changes; nobody tells.
    house.engine.world().containers = vec![
        listed('a', "stays", "exited", json!({})),
        listed('c', "comes", "running", json!({})),
    ];
    house.engine.break_events();
    let rows = house
        .shows(|rows| rows.iter().all(|r| r.name != "goes") && rows.len() == 2)
        .await;
    let mut states: Vec<_> = rows.iter().map(|r| (r.name.as_str(), r.state.as_str())).collect();
    states.sort_unstable();
    assert_eq!(states, [("comes", "running"), ("stays", "exited")]);
    // And an event that cannot be read makes it look again.
    house.engine.world().containers = vec![listed('c', "comes", "running", json!({}))];
    eventually("the odd event is heard", SOON, async || {
        house.engine.event("", &id('a'));
        (house.rows().await.len() == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_log_goes_on_over_broken_streams_and_restarts_with_nothing_lost_or_doubled() {
    let house = House::open(vec![listed('a', "web", "running", json!({}))]).await;
    let log = |to: u32| -> Vec<u8> {
        (1..=to)
            .flat_map(|n| line(1, n * 1_000, &format!("line {n}")))
            .collect()
    };
    house.engine.world().log = log(3);
    let mut socket = Socket::of(&house.browser).await;
    socket.follow(&house.shard('a')).await;
    let mut all = lines(&mut socket, 3).await;
    // The stream breaks in the middle of a line; meanwhile more was written.
    house.engine.write(b"\x07 no frame at all".to_vec());
    house.engine.world().log = log(6);
    all.extend(lines(&mut socket, 3).await);
    let expected: Vec<_> = (1..=6).map(|n| (n, format!("line {n}"))).collect();
    assert_eq!(all, expected);
    let asked = house.engine.world().asked.clone();
    let again = asked.iter().filter(|t| t.contains("follow=1")).nth(1).unwrap();
    assert!(again.contains("since="), "{again}");
    // The container is removed: the log ends, and its lines stay.
    house.engine.world().containers.clear();
    house.engine.event("destroy", &id('a'));
    house.engine.write(b"\x07 no frame at all".to_vec());
    while socket.log_event().await != Some(LogEvent::State(LogState::Gone)) {}
}

#[tokio::test]
async fn ls_04_tabs_that_vanish_leave_nothing_open() {
    let digits = ['a', 'b', 'c', 'd', 'e'];
    let house = House::open(
        digits
            .iter()
            .map(|d| listed(*d, &format!("web-{d}"), "running", json!({})))
            .collect(),
    )
    .await;
    house.engine.world().log = line(1, 1, "hello");
    let base = house.server.handles();
    for _ in 0..5 {
        let mut tabs = Vec::new();
        for n in 0..100 {
            let mut tab = Socket::of(&house.browser).await;
            tab.follow(&house.shard(digits[n % digits.len()])).await;
            tabs.push(tab);
        }
        for tab in &mut tabs {
            lines(tab, 1).await;
        }
        assert_eq!(house.engine.following(), digits.len(), "one for each container");
        drop(tabs);
    }
    eventually("everything is closed", SOON, async || {
        let open = house.server.handles();
        (house.engine.following() == 0 && open <= base + 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_overview_tells_states_and_troubles_from_memory_and_follows() {
    let house = House::open(vec![
        listed('a', "web", "running", json!({})),
        listed('b', "failed", "exited", json!({})),
        listed('c', "dead", "dead", json!({})),
    ])
    .await;
    let summary = async || -> FleetSummary {
        let rows: Rows<FleetSummary> = house.browser.ask("/api/docker/summary", &[]).await;
        rows.rows.into_iter().next().unwrap()
    };
    let first = summary().await;
    let states: Vec<_> = first.states.iter().map(|(s, n)| (s.as_str(), *n)).collect();
    assert_eq!(states, [("running", 1), ("exited", 1), ("dead", 1)]);
    let troubles = |s: &FleetSummary| {
        s.attention
            .iter()
            .map(|a| (a.name.clone(), a.trouble))
            .collect::<Vec<_>>()
    };
    let (dead, failed) = (
        ("dead".to_owned(), Trouble::Dead),
        ("failed".to_owned(), Trouble::Exited { code: 3 }),
    );
    assert_eq!(troubles(&first), [dead, failed]);
    let html = house.browser.html("/").await;
    assert!(html.contains("/containers?state=exited") && html.contains("exited 3"));
    assert!(html.contains(&house.page('c')), "each is a link");
    for _ in 0..3 {
        house.engine.event("start", &id('a'));
    }
    eventually("the restart loop is seen", SOON, async || {
        let worst = summary().await.attention.into_iter().next()?;
        (worst.name == "web" && worst.trouble == Trouble::RestartLoop { starts: 3 }).then_some(())
    })
    .await;
}
