//! The table of all containers on the real router: what a view shows, and what one request does to many.

use crate::{
    app::{Browser, TestApp, eventually},
    live::Socket,
    rows::{self, Simulated, docker, simulate},
};
use pollysystem::{
    core::{
        jobs::{
            api::JobView,
            model::{JobId, JobState},
        },
        live::model::{ClientMessage, ServerMessage, View},
    },
    plugins::docker::{
        model::{ContainerQuery, ContainerRow, Facets, Fleet, Reading, TOPIC_FLEET},
        service::Listed,
    },
};
use reqwest::{Method, header};
use serde_json::Value;
use std::{collections::HashMap, time::Duration};

struct Window {
    total: u32,
    ids: Vec<String>,
    rows: Vec<ContainerRow>,
    readings: Vec<(u32, Option<Reading>)>,
    facets: Option<Facets>,
}

/// The next window of subscription `sub`; one of another fails the test.
async fn window(socket: &mut Socket, sub: u32) -> Window {
    loop {
        match socket.next().await.expect("the socket stays open") {
            ServerMessage::Window {
                sub: from,
                total,
                ids,
                rows,
                readings,
                summary,
            } => {
                assert_eq!(from, sub, "a view that was left says nothing");
                let read = |(place, value)| (place, serde_json::from_value(value).unwrap());
                return Window {
                    total,
                    ids,
                    rows: rows
                        .into_iter()
                        .map(|row| serde_json::from_value(row).unwrap())
                        .collect(),
                    readings: readings.into_iter().map(read).collect(),
                    facets: summary.map(|value| serde_json::from_value(value).unwrap()),
                };
            }
            ServerMessage::Pong => {}
            other => panic!("no window but {other:?}"),
        }
    }
}

async fn ask(socket: &mut Socket, sub: u32, query: &str) {
    let subscribe = ClientMessage::Subscribe {
        sub,
        topic: TOPIC_FLEET.to_owned(),
        have: Vec::new(),
        shards: None,
        view: Some(ContainerQuery::read(query).view()),
    };
    socket.say(&subscribe).await;
}

fn key(row: &ContainerRow) -> String {
    format!("{}/{}", row.machine, row.id)
}

fn named(query: &[(&str, &str)]) -> String {
    query
        .iter()
        .map(|(n, v)| format!("{n}={v}"))
        .collect::<Vec<_>>()
        .join("&")
}

async fn fleet(browser: &Browser, query: &str) -> Fleet {
    browser.ask("/api/docker/fleet", &[("query", query)]).await
}

fn names(fleet: &Fleet) -> Vec<String> {
    let rows = fleet.window.rows.iter();
    rows.map(|(row, _)| format!("{} {}", row.machine_name, row.name))
        .collect()
}

#[tokio::test]
async fn a_view_is_filtered_sorted_by_a_reading_and_cut_and_follows_both_topics() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let hosts = simulate(&app.server.core, 3, 20);
    let mut socket = Socket::open(&app, &admin).await;
    ask(&mut socket, 1, "host=host-01&state=running&sort=-cpu&per=3").await;
    let first = window(&mut socket, 1).await;
    // Of 20 containers numbers 6 and 13 have exited; the busiest that runs is the last.
    let row = |n: usize| &hosts[1].rows[n];
    assert_eq!(
        (first.total, first.ids.as_slice()),
        (18, [key(row(19)), key(row(18)), key(row(17))].as_slice())
    );
    assert_eq!(first.rows[0], *row(19));
    assert_eq!(first.readings[0].1.unwrap().cpu_ratio, Some(0.019));
    let facets = first.facets.expect("the first window says the counts");
    assert_eq!(facets.all, 60);
    assert_eq!(facets.hosts.iter().map(|h| h.count).collect::<Vec<_>>(), [18, 18, 18]);

    // A reading puts another on top; the rows that stay are not sent again.
    let docker = docker(&app.server.core);
    let shard = hosts[1].machine.to_string();
    docker.numbers.upsert(&shard, rows::numbers(row(2), 3.5));
    let busier = window(&mut socket, 1).await;
    assert_eq!(busier.ids, [key(row(2)), key(row(19)), key(row(18))]);
    assert_eq!(busier.rows, [row(2).clone()]);
    assert_eq!(busier.readings, [(0, Some(Reading::of(&rows::numbers(row(2), 3.5))))]);
    assert!(busier.facets.is_none(), "the counts did not move");

    // So does a state, and with it the counts.
    docker.containers.remove(&shard, row(19).id.as_str());
    let fewer = window(&mut socket, 1).await;
    assert_eq!(
        (fewer.total, fewer.ids.as_slice()),
        (17, [key(row(2)), key(row(18)), key(row(17))].as_slice())
    );
    assert_eq!(fewer.facets.unwrap().hosts[1].count, 17);
    app.stop().await;
}

#[tokio::test]
async fn a_tag_that_no_host_has_finds_nothing_and_hides_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    simulate(&app.server.core, 2, 10);
    let found = fleet(&admin, "tag=nosuch").await;
    assert_eq!((found.window.total, found.window.summary.all), (0, 20));
    let html = admin.html("/containers?tag=nosuch").await;
    assert!(html.contains("nosuch"), "the filter can be seen, and taken out");
    app.stop().await;
}

#[tokio::test]
async fn a_changed_view_gets_its_own_window_and_the_one_before_is_silent() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let hosts = simulate(&app.server.core, 2, 10);
    let mut socket = Socket::open(&app, &admin).await;
    ask(&mut socket, 1, "per=4").await;
    assert_eq!(window(&mut socket, 1).await.ids.len(), 4);
    socket.say(&ClientMessage::Unsubscribe { sub: 1 }).await;
    ask(&mut socket, 2, "q=web-0003").await;
    let found = window(&mut socket, 2).await;
    assert_eq!(found.ids, [key(&hosts[0].rows[3]), key(&hosts[1].rows[3])]);
    docker(&app.server.core)
        .containers
        .remove(&hosts[0].machine.to_string(), hosts[0].rows[3].id.as_str());
    assert_eq!(window(&mut socket, 2).await.ids, [key(&hosts[1].rows[3])]);
    app.stop().await;
}

#[tokio::test]
async fn ls_10_what_happens_between_the_first_html_and_the_view_is_not_lost() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let hosts = simulate(&app.server.core, 1, 3);
    let rendered = fleet(&admin, "").await.window;
    let docker = docker(&app.server.core);
    let shard = hosts[0].machine.to_string();
    docker.containers.remove(&shard, hosts[0].rows[0].id.as_str());
    docker
        .containers
        .upsert(&shard, rows::listed(rows::container(hosts[0].machine, "host-00", 9)));
    let mut socket = Socket::open(&app, &admin).await;
    ask(&mut socket, 1, "").await;
    let first = window(&mut socket, 1).await;
    let now: Vec<String> = fleet(&admin, "")
        .await
        .window
        .rows
        .iter()
        .map(|(row, _)| key(row))
        .collect();
    assert_eq!(first.ids, now);
    assert_ne!(now, rendered.rows.iter().map(|(row, _)| key(row)).collect::<Vec<_>>());
    app.stop().await;
}

#[tokio::test]
async fn a_view_of_a_stopped_plugin_is_refused_and_of_another_topic_gets_no_window() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    simulate(&app.server.core, 1, 3);
    let mut socket = Socket::open(&app, &admin).await;
    ask(&mut socket, 1, "").await;
    window(&mut socket, 1).await;
    admin.call("/api/settings/stop_plugin", &[("id", "docker")]).await;
    // The view's machines end with the plugin.
    eventually("the end is told", Duration::from_secs(5), async || {
        let docker = app
            .server
            .core
            .services
            .get::<pollysystem::plugins::docker::service::DockerService>();
        docker.is_err().then_some(())
    })
    .await;
    let mut later = Socket::open(&app, &admin).await;
    ask(&mut later, 1, "").await;
    assert!(matches!(
        later.next().await,
        Some(ServerMessage::Refused { sub: 1, .. })
    ));
    app.stop().await;
}

#[tokio::test]
async fn the_address_says_what_the_page_shows_without_script() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    simulate(&app.server.core, 3, 20);
    let page = admin
        .html("/containers?q=web-000&host=host-02&label=tier%3Dfront&sort=-name&per=2&cols=state")
        .await;
    // 0 to 9 on host-02 without every third (their tier is back): 6 or 7 of them, the greatest first.
    let found = fleet(&admin, "q=web-000&host=host-02&label=tier%3Dfront&sort=-name&per=2").await;
    let shown = names(&found);
    assert_eq!(shown.len(), 2);
    assert!(shown[0] > shown[1], "{shown:?}");
    for name in &shown {
        assert!(page.contains(name.split(' ').nth(1).unwrap()), "{name}");
    }
    let total = found.window.total;
    assert!(page.contains(&format!("{total} of 60 containers")), "the count is told");
    assert!(
        page.contains("label: tier=front") && page.contains("host: host-02"),
        "the filter is told"
    );
    assert!(
        page.contains("no-image") && !page.contains("no-state"),
        "the columns are as chosen"
    );
    assert!(page.contains("page=2"), "the next page has a link");
    let none = admin.html("/containers?q=nothing-like-it").await;
    assert!(none.contains("No container matches the filter") && none.contains("Clear filters"));
    app.stop().await;
}

#[tokio::test]
async fn in_06_a_hostile_order_filter_or_limit_shows_the_page_and_nothing_else() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    simulate(&app.server.core, 1, 5);
    for hostile in [
        "sort=name);DROP%20TABLE%20jobs;--",
        "sort=--cpu&page=-1&per=0",
        "per=18446744073709551616&page=18446744073709551616",
        "per=1000&page=4294967295",
        "state=running%00&health=%ff%fe",
        "q=%3Cscript%3Ealert(1)%3C/script%3E",
        "cols=%27%22%3E&tag=(a%2B)%2B%24&label==&label=%3D%3D",
    ] {
        let page = admin.html(&format!("/containers?{hostile}")).await;
        assert!(!page.contains("<script>alert"), "{hostile}");
        let found = fleet(&admin, hostile).await;
        assert!(found.window.rows.len() <= 5, "{hostile}");
    }
    // Words beyond the bound are cut and match nothing; a place beyond the end shows no row of the five.
    let hostile = |filter: String| View {
        filter,
        sort: "\u{0}".repeat(2_000),
        offset: u32::MAX,
        limit: u32::MAX,
    };
    for (filter, total) in [("q=".repeat(5_000), 0), (String::new(), 5)] {
        let mut socket = Socket::open(&app, &admin).await;
        socket.subscribe(TOPIC_FLEET, Vec::new(), Some(hostile(filter))).await;
        let shown = window(&mut socket, 1).await;
        assert_eq!((shown.total, shown.ids.len()), (total, 0));
    }
    app.stop().await;
}

#[tokio::test]
async fn wb_01_what_a_host_says_of_its_containers_arrives_as_text() {
    const MARKUP: &str = "\"><img src=x onerror=alert(1)><script>window.__pwned=1</script></textarea>{{7*7}}";
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let hosts = simulate(&app.server.core, 1, 1);
    let row = ContainerRow {
        name: MARKUP.to_owned(),
        image: MARKUP.to_owned(),
        machine_name: MARKUP.to_owned(),
        project: Some(MARKUP.to_owned()),
        command: MARKUP.to_owned(),
        ..hosts[0].rows[0].clone()
    };
    let labels = HashMap::from([(MARKUP.to_owned(), MARKUP.to_owned())]);
    docker(&app.server.core)
        .containers
        .upsert(&hosts[0].machine.to_string(), Listed::new(row, labels));
    let escaped: String = reqwest::Url::parse_with_params("http://x/", [("label", MARKUP), ("q", "script")])
        .unwrap()
        .query()
        .unwrap()
        .to_owned();
    for path in [
        "/containers".to_owned(),
        format!("/containers?{escaped}"),
        format!("/machines/{}", hosts[0].machine),
    ] {
        let page = admin.get(&path).await.text().await.unwrap();
        assert!(!page.contains("<img") && !page.contains("<script>window"), "{path}");
    }
    let page = admin.html(&format!("/containers?{escaped}")).await;
    assert!(
        page.contains("&lt;img src=x onerror=alert(1)&gt;"),
        "it is shown as it is, as text"
    );
    app.stop().await;
}

async fn end_of(browser: &Browser, job: JobId) -> JobView {
    eventually("the job ends", Duration::from_secs(20), async || {
        let job: JobView = browser.ask("/api/jobs/get", &[("id", &job.to_string())]).await;
        job.job.summary.state.is_over().then_some(job)
    })
    .await
}

/// A form for `docker/act` with these targets.
fn form<'a>(action: &'a str, targets: &'a [String], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let targets = targets.iter().map(|target| ("targets[]", target.as_str()));
    [("action", action)]
        .into_iter()
        .chain(targets)
        .chain(more.iter().copied())
        .collect()
}

fn keys(host: &Simulated, places: std::ops::Range<usize>) -> Vec<String> {
    host.rows[places].iter().map(key).collect()
}

async fn jobs(app: &TestApp) -> usize {
    app.server.core.jobs.list(100, None).await.unwrap().len()
}

#[tokio::test]
async fn a_bulk_request_reports_each_container_and_those_that_are_missing_look_like_forbidden_ones() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let hosts = simulate(&app.server.core, 2, 4);
    let unknown = format!("{}/{}", hosts[0].machine, "f".repeat(64));
    let targets = [
        keys(&hosts[0], 0..2),
        keys(&hosts[1], 0..1),
        vec![unknown.clone(), unknown.clone()],
    ]
    .concat();
    let job: JobId = admin.ask("/api/docker/act", &form("restart", &targets, &[])).await;
    let job = end_of(&admin, job).await.job;
    assert_eq!(
        job.summary.title, "Restart 4 containers on 2 hosts",
        "each is meant once"
    );
    assert_eq!(
        (job.summary.state, job.summary.kind.as_str()),
        (JobState::Failed, "docker.containers.restart")
    );
    let places: Vec<_> = job.steps.iter().map(|s| s.target.place.as_deref()).collect();
    assert_eq!(places, [Some("host-00"), Some("host-00"), Some("host-01"), None]);
    let refused = job.steps.last().unwrap();
    assert_eq!(
        refused.error.as_deref(),
        Some("There is no such container, or you may not see it.")
    );
    assert_eq!(
        refused.target.label, "container ffffffffffff",
        "nothing is told but what was asked"
    );
    assert!(refused.started_at.is_none());

    let before = jobs(&app).await;
    let none = admin.call("/api/docker/act", &form("stop", &[unknown], &[])).await;
    assert_eq!(none.status(), 404);
    let empty = admin.call("/api/docker/act", &form("stop", &[], &[])).await;
    assert_eq!(empty.status(), 400);
    let strange = admin
        .call("/api/docker/act", &form("stop", &["../version".to_owned()], &[]))
        .await;
    assert!(strange.status().is_client_error() || strange.status().is_server_error());
    let action = admin
        .call("/api/docker/act", &form("explode", &keys(&hosts[0], 0..1), &[]))
        .await;
    assert!(action.status().is_client_error() || action.status().is_server_error());
    assert_eq!(jobs(&app).await, before, "nothing was begun");
    app.stop().await;
}

#[tokio::test]
async fn all_that_match_are_found_at_submit_and_only_as_many_as_were_seen() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    simulate(&app.server.core, 2, 10);
    let filter = [("host", "host-01"), ("state", "running")];
    let matching = format!("?{}", named(&filter));
    let seen = |n: &'static str| [("matching", matching.as_str()), ("seen", n)];
    let old = admin.call("/api/docker/act", &form("stop", &[], &seen("8"))).await;
    assert_eq!(old.status(), 409);
    let why = old.text().await.unwrap();
    assert!(why.contains("9 containers") && why.contains("you confirmed 8"), "{why}");
    let job: JobId = admin.ask("/api/docker/act", &form("stop", &[], &seen("9"))).await;
    let job = end_of(&admin, job).await.job;
    assert_eq!(job.summary.title, "Stop 9 containers on host-01");
    assert!(job.steps.iter().all(|s| s.target.place.as_deref() == Some("host-01")));
    app.stop().await;
}

#[tokio::test]
async fn what_destroys_many_is_named_and_asked_for_by_number() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let hosts = simulate(&app.server.core, 2, 4);
    let targets = [keys(&hosts[0], 0..1), keys(&hosts[1], 0..2)].concat();
    for typed in ["", "2", "three"] {
        let refused = admin
            .call("/api/docker/act", &form("remove", &targets, &[("typed", typed)]))
            .await;
        let (status, why) = (refused.status(), refused.text().await.unwrap());
        assert_eq!(status, 400, "{why}");
        assert!(
            why.contains("removes 3 containers (1 on host-00, 2 on host-01)") && why.contains("\"typed\""),
            "{why}"
        );
    }
    assert_eq!(jobs(&app).await, 0);
    let more = [("typed", "3"), ("force", "true"), ("volumes", "true")];
    let job: JobId = admin.ask("/api/docker/act", &form("remove", &targets, &more)).await;
    end_of(&admin, job).await;
    let submitted = app.server.core.audit.list(None, 50, None).await.unwrap();
    let submitted = submitted.iter().find(|row| row.action == "core.jobs.submit").unwrap();
    assert_eq!(
        submitted.detail["params"],
        serde_json::json!({"force": true, "volumes": true})
    );
    app.stop().await;
}

#[tokio::test]
async fn without_script_checkboxes_and_a_button_are_enough() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let hosts = simulate(&app.server.core, 1, 3);
    let page = admin.html("/containers").await;
    for row in &hosts[0].rows {
        assert!(page.contains(&format!("value=\"{}\"", key(row))));
    }
    assert!(page.contains("id=\"bulk\"") && page.contains("form=\"bulk\"") && page.contains("name=\"targets[]\""));
    let targets = keys(&hosts[0], 0..2);
    let request = admin
        .request(Method::POST, "/api/docker/act")
        .header(header::ORIGIN, format!("http://{}", app.server.address))
        .header(header::ACCEPT, "text/html");
    let answer = admin
        .send(request.form(&form("restart", &targets, &[("seen", "3"), ("typed", "")])))
        .await;
    assert!(answer.status().is_redirection(), "{}", answer.status());
    let to = answer.headers()[header::LOCATION].to_str().unwrap().to_owned();
    assert!(to.starts_with("/activity/"), "{to}");
    let page = admin.html(&to).await;
    assert!(page.contains("Restart 2 containers on host-00"));
    app.stop().await;
}

#[tokio::test]
async fn a_rerun_takes_up_what_failed_and_names_the_job_before() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let hosts = simulate(&app.server.core, 1, 3);
    // No engine answers for these hosts, so every step fails.
    let first: JobId = admin
        .ask("/api/docker/act", &form("pause", &keys(&hosts[0], 0..3), &[]))
        .await;
    assert_eq!(end_of(&admin, first).await.job.summary.steps_failed, 3);
    let docker = docker(&app.server.core);
    docker
        .containers
        .remove(&hosts[0].machine.to_string(), hosts[0].rows[0].id.as_str());
    let again: JobId = admin.ask("/api/jobs/rerun", &[("id", &first.to_string())]).await;
    let again = end_of(&admin, again).await.job;
    assert_eq!(
        (again.rerun_of, again.summary.kind.as_str()),
        (Some(first), "docker.containers.pause")
    );
    assert_eq!(again.steps.len(), 3);
    let gone = again.steps.last().unwrap();
    assert_eq!(gone.target.label, format!("container {}", hosts[0].rows[0].id.short()));
    assert!(gone.started_at.is_none(), "what is gone is told, and not tried");
    let page = admin.html(&format!("/activity/{}", again.summary.id)).await;
    assert!(page.contains(&format!("/activity/{first}")) && page.contains("Run the failed again"));
    let rows = app.server.core.audit.list(None, 100, None).await.unwrap();
    let submits: Vec<&Value> = rows
        .iter()
        .filter(|r| r.action == "core.jobs.submit")
        .map(|r| &r.detail)
        .collect();
    assert_eq!(submits[0]["rerun_of"], serde_json::json!(first));
    assert_eq!((submits.len(), &submits[1]["rerun_of"]), (2, &Value::Null));

    docker.containers.drop_shard(&hosts[0].machine.to_string());
    let none = admin
        .call("/api/jobs/rerun", &[("id", &again.summary.id.to_string())])
        .await;
    assert_eq!(none.status(), 404, "nothing is left that may be touched");
    app.stop().await;
}
