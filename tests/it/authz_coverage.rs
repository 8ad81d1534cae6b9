//! Every route and server function stands in the checked-in policy table, and strangers get nothing else.

use crate::app::TestApp;
use pollysystem::core::server::http::{Policy, call_policy};
use reqwest::{Method, header};
use std::collections::BTreeSet;

const TABLE: &str = include_str!("policy.txt");

fn actual(app: &TestApp) -> BTreeSet<String> {
    let routes = app
        .server
        .routes
        .iter()
        .map(|r| format!("{} {} {:?}", r.method, r.path, r.policy));
    let calls = leptos::server_fn::axum::server_fn_paths()
        .map(|(path, method)| format!("{method} {path} {:?}", call_policy(path)));
    routes.chain(calls).collect()
}

#[tokio::test]
async fn az_01_the_router_is_exactly_the_policy_table() {
    let app = TestApp::start().await;
    let actual = actual(&app);
    let expected: BTreeSet<String> = TABLE
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .map(str::to_owned)
        .collect();
    let missing: Vec<_> = actual.difference(&expected).collect();
    let extra: Vec<_> = expected.difference(&actual).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "not in tests/it/policy.txt: {missing:#?}\nno longer there: {extra:#?}"
    );
    app.stop().await;
}

#[tokio::test]
async fn az_02_a_stranger_gets_401_or_the_login_page_from_everything_that_is_not_public() {
    let app = TestApp::start().await;
    app.admin().await;
    let stranger = app.stranger();
    for route in app
        .server
        .routes
        .iter()
        .filter(|r| r.method == "GET" && matches!(r.policy, Policy::Session | Policy::SessionOrMetricsToken))
    {
        let path = route
            .path
            .split('/')
            .map(|part| if part.starts_with('{') { "x" } else { part })
            .collect::<Vec<_>>()
            .join("/");
        let answer = stranger.get(&path).await;
        let to_login = answer
            .headers()
            .get(header::LOCATION)
            .is_some_and(|l| l.to_str().unwrap().starts_with("/login"));
        assert!(
            answer.status() == 401 || to_login || (path == "/live" && answer.status() == 403),
            "{path}: {}",
            answer.status()
        );
    }
    for (path, method) in
        leptos::server_fn::axum::server_fn_paths().filter(|(path, _)| call_policy(path) != Policy::Public)
    {
        let request = stranger.request(Method::from_bytes(method.as_str().as_bytes()).unwrap(), path);
        let answer = stranger
            .send(request.header(header::ORIGIN, format!("http://{}", app.server.address)))
            .await;
        assert_eq!(answer.status(), 401, "{path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn az_02_a_path_that_does_not_exist_tells_a_stranger_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let stranger = app.stranger();
    assert_eq!(stranger.get("/nothing/here").await.status(), 303);
    assert_eq!(stranger.get("/api/nothing").await.status(), 401);
    assert_eq!(admin.get("/nothing/here").await.status(), 404);
    assert_eq!(admin.get("/api/nothing").await.status(), 404);
    app.stop().await;
}
