//! Custom roles by tags: who has one sees and touches what carries them, and the rest is as if it were not there.

use crate::{
    app::{Browser, TestApp, eventually},
    live::Socket,
    rows::{container, docker, listed, numbers},
    users::{id_of, member, status},
};
use pollysystem::{
    core::{
        auth::model::{Explained, UserList},
        jobs::model::{JobId, JobList},
        live::model::{ClientMessage, Rows, ServerMessage},
        palette::model::Hit,
    },
    plugins::{
        docker::model::{ContainerNumbers, ContainerQuery, Fleet, FleetSummary, TOPIC_CONTAINERS, TOPIC_FLEET},
        machines::model::{MachineId, MachineRow, TOPIC_MACHINES},
    },
};
use std::time::Duration;

const PROD: &str = "machines.view env=prod\ndocker.containers.* env=prod";

/// Two hosts, one of them tagged `env=prod`, with two containers each.
struct House {
    app: TestApp,
    admin: Browser,
    prod: MachineId,
    other: MachineId,
}

impl House {
    async fn open() -> Self {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        let prod = host(&app, &admin, "prod-1", "env=prod").await;
        let other = host(&app, &admin, "secret-2", "env=test").await;
        Self {
            app,
            admin,
            prod,
            other,
        }
    }

    /// Makes the custom role `prod` and somebody who has it and nothing else.
    async fn scoped(&self, name: &str, hours: &str) -> Browser {
        let form = [("role_name", "prod"), ("rules", PROD)];
        assert_eq!(status(&self.admin, "/api/roles/save", &form).await, 200);
        let browser = member(&self.app, &self.admin, name, "member").await;
        assert_eq!(self.grant(name, hours).await, 200);
        browser
    }

    async fn grant(&self, name: &str, hours: &str) -> u16 {
        let (list, user) = (self.users().await, id_of(&self.admin, name).await);
        let role = list.roles[0].id.to_string();
        let form = [("id", user.as_str()), ("role", role.as_str()), ("hours", hours)];
        status(&self.admin, "/api/users/grant", &form).await
    }

    async fn users(&self) -> UserList {
        self.admin.ask("/api/users/list", &[]).await
    }
}

pub async fn host(app: &TestApp, admin: &Browser, name: &str, tags: &str) -> MachineId {
    let form = [
        ("machine[name]", name),
        ("machine[host]", "127.0.0.9"),
        ("machine[port]", "9"),
        ("machine[user]", "root"),
        ("machine[key_mode]", "generate"),
        ("machine[tags]", tags),
    ];
    let id: MachineId = admin.ask("/api/machines/add", &form).await;
    let rows: Vec<_> = (0..2).map(|n| container(id, name, n)).collect();
    let (docker, shard) = (docker(&app.server.core), id.to_string());
    docker
        .containers
        .replace(&shard, rows.iter().cloned().map(listed).collect());
    docker
        .numbers
        .replace(&shard, rows.iter().map(|row| numbers(row, 0.5)).collect());
    id
}

async fn machines(browser: &Browser) -> Vec<String> {
    let rows: Rows<MachineRow> = browser.ask("/api/machines/list", &[]).await;
    let mut names: Vec<String> = rows.rows.into_iter().map(|row| row.name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn az_03_what_is_out_of_scope_is_as_if_it_were_not_there_in_lists_counts_search_and_objects() {
    let house = House::open().await;
    let eve = house.scoped("eve", "").await;
    assert_eq!(machines(&eve).await, ["prod-1"]);
    assert_eq!(machines(&house.admin).await, ["prod-1", "secret-2"]);
    let fleet: Fleet = eve.ask("/api/docker/fleet", &[("query", "")]).await;
    assert_eq!(fleet.window.total, 2);
    assert!(fleet.window.rows.iter().all(|(row, _)| row.machine == house.prod));
    assert!(
        !serde_json::to_string(&fleet).unwrap().contains("secret-2"),
        "not among the choices either"
    );
    let summary: Rows<FleetSummary> = eve.ask("/api/docker/summary", &[]).await;
    assert_eq!(summary.rows[0].containers, 2);
    let numbers: Rows<ContainerNumbers> = eve.ask("/api/docker/numbers", &[]).await;
    assert!(numbers.rows.iter().all(|row| row.machine == house.prod) && numbers.rows.len() == 2);
    for path in ["/api/machines/find", "/api/docker/find"] {
        let hits: Vec<Hit> = eve.ask(path, &[("query", "secret")]).await;
        assert!(hits.is_empty(), "{path}");
    }
    for page in ["/", "/machines", "/containers", "/activity"] {
        assert!(!eve.html(page).await.contains("secret-2"), "{page}");
    }
    let missing = MachineId::new().to_string();
    let (other, prod) = (house.other.to_string(), house.prod.to_string());
    let a = container(house.other, "secret-2", 0).id.to_string();
    let answer = async |path: &str, form: &[(&str, &str)]| {
        let answer = eve.call(path, form).await;
        let (status, mut body) = (
            answer.status().as_u16(),
            answer.json::<serde_json::Value>().await.unwrap(),
        );
        body.as_object_mut().map(|body| body.remove("request_id"));
        (status, body)
    };
    for path in [
        "/api/machines/detail",
        "/api/machines/history",
        "/api/machines/reconnect",
    ] {
        let hidden = answer(path, &[("id", &other)]).await;
        assert_eq!(
            (hidden.0, &hidden),
            (404, &answer(path, &[("id", &missing)]).await),
            "{path}"
        );
    }
    for path in ["/api/docker/container", "/api/docker/inspect", "/api/docker/log_tail"] {
        let hidden = answer(path, &[("machine", &other), ("container", &a)]).await;
        let none = answer(path, &[("machine", &missing), ("container", &a)]).await;
        assert_eq!((hidden.0, &hidden), (404, &none), "{path}");
    }
    let target = format!("{other}/{a}");
    assert_eq!(
        answer("/api/docker/act", &[("action", "stop"), ("targets[0]", &target)])
            .await
            .0,
        404
    );
    assert_eq!(
        answer("/api/machines/delete", &[("id", &prod), ("typed", "prod-1")])
            .await
            .0,
        404,
        "not given"
    );
    house.app.stop().await;
}

#[tokio::test]
async fn ls_08_a_socket_hears_of_its_own_shards_only_whatever_it_asks_for() {
    let house = House::open().await;
    let eve = house.scoped("eve", "").await;
    let mut socket = Socket::open(&house.app, &eve).await;
    let others = [house.other.to_string(), format!("{}/{}", house.other, "a".repeat(64))];
    for (sub, (topic, shards, view)) in (1..).zip([
        (TOPIC_MACHINES, None, None),
        (TOPIC_CONTAINERS, Some(others.to_vec()), None),
        ("docker.logs", Some(others.to_vec()), None),
        ("core.jobs", None, None),
        (TOPIC_FLEET, None, Some(ContainerQuery::default().view())),
    ]) {
        let topic = topic.to_owned();
        let have = Vec::new();
        socket
            .say(&ClientMessage::Subscribe {
                sub,
                topic,
                have,
                shards,
                view,
            })
            .await;
    }
    // Something happens on both hosts, and a host comes and goes.
    let docker = docker(&house.app.server.core);
    for (machine, name) in [(house.other, "secret-2"), (house.prod, "prod-1")] {
        docker
            .containers
            .upsert(&machine.to_string(), listed(container(machine, name, 7)));
    }
    let third = host(&house.app, &house.admin, "secret-3", "").await.to_string();
    let gone = [("id", third.as_str()), ("typed", "secret-3")];
    assert!(status(&house.admin, "/api/machines/delete", &gone).await < 400);
    let mut heard = String::new();
    let mut whole = 0;
    while whole == 0 {
        let message = socket.next().await.expect("the socket stays open");
        if let ServerMessage::Window { total, .. } = &message {
            whole = u32::from(*total == 3);
        }
        heard += &serde_json::to_string(&message).unwrap();
    }
    socket.say(&ClientMessage::Ping).await;
    loop {
        match socket.next().await.expect("the socket stays open") {
            ServerMessage::Pong => break,
            message => heard += &serde_json::to_string(&message).unwrap(),
        }
    }
    assert!(heard.contains("prod-1"), "{heard}");
    for hidden in ["secret-2", "secret-3", &house.other.to_string(), &third] {
        assert!(!heard.contains(hidden), "{hidden} in {heard}");
    }
    drop(socket);
    house.app.stop().await;
}

#[tokio::test]
async fn az_11_a_grant_that_ends_is_taken_back_or_loses_its_host_counts_within_two_seconds() {
    let house = House::open().await;
    let eve = house.scoped("eve", "1").await;
    let ends = async |what: &str, mut socket: Socket| {
        let bye = async { while !matches!(socket.next().await, Some(ServerMessage::Bye { reconnect: true, .. })) {} };
        tokio::time::timeout(Duration::from_secs(2), bye)
            .await
            .unwrap_or_else(|_| panic!("{what}: within 2 s"));
    };
    // The host loses its tag.
    let socket = Socket::open(&house.app, &eve).await;
    let prod = house.prod.to_string();
    let retag = async |tags: &str| {
        let form = [
            ("id", prod.as_str()),
            ("machine[name]", "prod-1"),
            ("machine[host]", "127.0.0.9"),
            ("machine[port]", "9"),
            ("machine[user]", "root"),
            ("machine[key_mode]", "keep"),
            ("machine[tags]", tags),
        ];
        assert_eq!(status(&house.admin, "/api/machines/edit", &form).await, 200);
    };
    retag("env=test").await;
    assert!(machines(&eve).await.is_empty());
    ends("a tag", socket).await;
    retag("env=prod").await;
    assert_eq!(machines(&eve).await, ["prod-1"]);
    // It is taken back.
    let socket = Socket::open(&house.app, &eve).await;
    let (list, user) = (house.users().await, id_of(&house.admin, "eve").await);
    let grant = list.grants[0].1.id.to_string();
    let form = [("id", user.as_str()), ("grant", grant.as_str())];
    assert_eq!(status(&house.admin, "/api/users/revoke", &form).await, 200);
    assert_eq!(status(&eve, "/api/machines/list", &[]).await, 403);
    ends("revoked", socket).await;
    // Its time is over.
    assert_eq!(house.grant("eve", "1").await, 200);
    let socket = Socket::open(&house.app, &eve).await;
    assert_eq!(machines(&eve).await, ["prod-1"]);
    house.app.server.core.auth.clock().shift_seconds(1_795);
    assert_eq!(machines(&eve).await, ["prod-1"]);
    house.app.server.core.auth.clock().shift_seconds(1_795);
    assert_eq!(machines(&eve).await, ["prod-1"]);
    house.app.server.core.auth.clock().shift_seconds(11);
    ends("ran out", socket).await;
    assert_eq!(status(&eve, "/api/machines/list", &[]).await, 403);
    house.app.stop().await;
}

#[tokio::test]
async fn az_03_jobs_of_others_are_as_if_they_were_not_there_and_one_s_own_are() {
    let house = House::open().await;
    let eve = house.scoped("eve", "").await;
    let core = &house.app.server.core;
    let submit = async |who: &Browser, machine: MachineId, name: &str| {
        let id = container(machine, name, 0).id.to_string();
        let target = format!("{machine}/{id}");
        let form = [("action", "stop"), ("targets[0]", target.as_str())];
        who.ask::<JobId>("/api/docker/act", &form).await.to_string()
    };
    let theirs = submit(&house.admin, house.other, "secret-2").await;
    let own = submit(&eve, house.prod, "prod-1").await;
    let list: JobList = eve.ask("/api/jobs/list", &[]).await;
    let seen: Vec<String> = list.jobs.iter().map(|job| job.id.to_string()).collect();
    assert_eq!(seen.as_slice(), std::slice::from_ref(&own));
    let all: JobList = house.admin.ask("/api/jobs/list", &[]).await;
    assert_eq!(all.jobs.len(), 2);
    assert_eq!(status(&eve, "/api/jobs/get", &[("id", &own)]).await, 200);
    for path in ["get", "cancel", "rerun"] {
        assert_eq!(
            status(&eve, &format!("/api/jobs/{path}"), &[("id", &theirs)]).await,
            404,
            "{path}"
        );
    }
    let mut socket = Socket::open(&house.app, &eve).await;
    for (sub, (topic, shards)) in (1..).zip([
        ("core.jobs", vec!["all".to_owned(), list.seq.shard.clone()]),
        ("core.job", vec![theirs.clone()]),
    ]) {
        let (topic, shards, have) = (topic.to_owned(), Some(shards), Vec::new());
        socket
            .say(&ClientMessage::Subscribe {
                sub,
                topic,
                have,
                shards,
                view: None,
            })
            .await;
    }
    socket.say(&ClientMessage::Ping).await;
    let mut heard = String::new();
    while !heard.contains(&own) {
        heard += &serde_json::to_string(&socket.next().await.expect("open")).unwrap();
    }
    assert!(!heard.contains(&theirs), "{heard}");
    drop(socket);
    eventually("the jobs end", Duration::from_secs(20), async || {
        (core.jobs.active() == 0).then_some(())
    })
    .await;
    house.app.stop().await;
}

#[tokio::test]
async fn a_page_says_what_somebody_may_do_to_a_host_and_why() {
    let house = House::open().await;
    let eve = house.scoped("eve", "").await;
    let user = id_of(&house.admin, "eve").await;
    let ask = async |place: &str| -> Explained {
        house
            .admin
            .ask("/api/users/explain", &[("id", &user), ("place", place)])
            .await
    };
    let because = |explained: &Explained, action: &str| {
        explained
            .verdicts
            .iter()
            .find(|v| v.action == action)
            .unwrap()
            .because
            .clone()
    };
    let on = ask(&house.prod.to_string()).await;
    assert_eq!(on.tags, ["env=prod"]);
    assert_eq!(
        because(&on, "docker.containers.stop").unwrap(),
        "the row \"docker.containers.* env=prod\" of the role prod"
    );
    assert_eq!(because(&on, "machines.delete"), None);
    assert_eq!(
        because(&ask(&house.other.to_string()).await, "docker.containers.stop"),
        None
    );
    let html = house
        .admin
        .html(&format!("/users/rights?user={user}&place={}", house.prod))
        .await;
    assert!(
        html.contains("by the row") && html.contains("may not") && html.contains("secret-2"),
        "{html}"
    );
    assert_eq!(status(&eve, "/api/users/explain", &[("id", &user)]).await, 403);
    for bad in ["core.users.manage", "docker.nothing", "*"] {
        let answer = house
            .admin
            .call("/api/roles/save", &[("role_name", "bad"), ("rules", bad)])
            .await;
        assert_eq!(answer.status(), 400, "{bad}");
    }
    // A role that goes takes what it gave along.
    let role = house.users().await.roles[0].id.to_string();
    assert_eq!(status(&house.admin, "/api/roles/delete", &[("id", &role)]).await, 200);
    assert_eq!(status(&eve, "/api/machines/list", &[]).await, 403);
    house.app.stop().await;
}
