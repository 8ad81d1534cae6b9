//! What every answer carries, and what other origins get.

use crate::app::TestApp;
use reqwest::{Method, header};

#[tokio::test]
async fn wb_03_every_answer_carries_the_security_headers_and_a_fresh_nonce() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut nonces = std::collections::BTreeSet::new();
    let paths = [
        "/",
        "/",
        "/containers",
        "/nothing/here",
        "/api/nothing",
        "/healthz",
        "/pkg/none.js",
        "/metrics",
        "/settings",
    ];
    for path in paths {
        let answer = admin.get(path).await;
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|v| v.to_str().unwrap().to_owned())
                .unwrap_or_else(|| panic!("{path}: no {name}"))
        };
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"),
            "{path}: {policy}"
        );
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(header("referrer-policy"), "same-origin");
        assert!(!header("x-request-id").is_empty());
        assert_eq!(header("cache-control"), "no-store", "{path}");
        let nonce = policy
            .split("'nonce-")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap()
            .to_owned();
        assert!(nonces.insert(nonce), "{path}: a nonce came twice");
    }
    app.stop().await;
}

#[tokio::test]
async fn wb_03_the_nonce_of_the_header_is_the_one_in_the_page() {
    let app = TestApp::start().await;
    let answer = app.admin().await.get("/").await;
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap()
        .to_owned();
    let html = answer.text().await.unwrap();
    assert!(html.contains(&format!("nonce=\"{nonce}\"")));
    assert!(!html.contains(" style=") && !html.contains(" onclick="));
    app.stop().await;
}

fn origins(own: &str, port: u16) -> Vec<Option<String>> {
    vec![
        None,
        Some("null".into()),
        Some("http://evil.example".into()),
        Some(format!("https://127.0.0.1:{port}")),
        Some(format!("http://127.0.0.1:{}", port ^ 1)),
        Some(format!("{own}.evil.example")),
        Some(format!("{own}/")),
        Some("http://127.0.0.1".into()),
    ]
}

#[tokio::test]
async fn wb_04_a_socket_opens_for_our_own_origin_only() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let own = format!("http://{}", app.server.address);
    let upgrade = |origin: Option<String>| {
        let request = admin
            .request(Method::GET, "/live")
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        match origin {
            Some(origin) => request.header(header::ORIGIN, origin),
            None => request,
        }
    };
    for origin in origins(&own, app.server.address.port()) {
        assert_eq!(admin.send(upgrade(origin.clone())).await.status(), 403, "{origin:?}");
    }
    assert_eq!(admin.send(upgrade(Some(own))).await.status(), 101);
    app.stop().await;
}

#[tokio::test]
async fn wb_05_a_change_needs_our_own_origin_and_post() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let own = format!("http://{}", app.server.address);
    let path = "/api/settings/stop_plugin";
    for origin in origins(&own, app.server.address.port()) {
        let request = admin.request(Method::POST, path).form(&[("id", "monitoring")]);
        let request = match &origin {
            Some(origin) => request.header(header::ORIGIN, origin),
            None => request,
        };
        assert_eq!(admin.send(request).await.status(), 403, "{origin:?}");
    }
    let cross = admin
        .request(Method::POST, path)
        .header(header::ORIGIN, &own)
        .header("sec-fetch-site", "cross-site");
    assert_eq!(admin.send(cross.form(&[("id", "monitoring")])).await.status(), 403);
    for kind in ["text/plain", "multipart/form-data; boundary=x"] {
        let odd = admin
            .request(Method::POST, path)
            .header(header::ORIGIN, &own)
            .header(header::CONTENT_TYPE, kind)
            .body("id=monitoring");
        assert!(admin.send(odd).await.status().as_u16() >= 400, "{kind}");
    }
    for (function, _) in leptos::server_fn::axum::server_fn_paths() {
        let status = admin.get(&format!("{function}?id=monitoring")).await.status();
        assert!(matches!(status.as_u16(), 404 | 405), "GET {function}: {status}");
    }
    let running = app
        .server
        .core
        .plugins
        .status()
        .into_iter()
        .filter(|p| p.running)
        .count();
    assert_eq!(running, 3, "nothing of this had an effect");
    app.stop().await;
}

#[tokio::test]
async fn a_host_name_that_could_be_rebound_is_not_answered() {
    let app = TestApp::start_with(|c| c.allowed_hosts = vec!["polly.example".into()]).await;
    let stranger = app.stranger();
    let status = async |host: &str| {
        stranger
            .send(stranger.request(Method::GET, "/login").header(header::HOST, host))
            .await
            .status()
            .as_u16()
    };
    assert_eq!(status("evil.example").await, 403);
    assert_eq!(status("polly.example:3000").await, 303);
    assert_eq!(status("localhost").await, 303);
    app.stop().await;
}

#[tokio::test]
async fn under_a_base_path_every_address_of_a_page_is_below_it() {
    let app = TestApp::start_with(|c| c.public_url = Some("http://127.0.0.1:1/ops/polly".parse().unwrap())).await;
    let stranger = app.stranger();
    let html = stranger.html("/setup").await;
    for part in html.split(['"', '\'']).filter(|p| p.starts_with('/')) {
        assert!(part.starts_with("/ops/polly/") || part == "/ops/polly", "{part}");
    }
    let redirect = stranger.get("/machines").await;
    assert_eq!(redirect.headers()[header::LOCATION], "/ops/polly/setup");
    app.stop().await;
}

#[tokio::test]
async fn metrics_want_a_session_or_the_token() {
    let app = TestApp::start_with(|c| {
        c.metrics_token = Some(pollysystem::core::server::secrets::Secret::new("tok".to_owned()))
    })
    .await;
    let stranger = app.stranger();
    assert_eq!(stranger.get("/metrics").await.status(), 401);
    let with = |token: &str| stranger.request(Method::GET, "/metrics").bearer_auth(token);
    assert_eq!(stranger.send(with("nope")).await.status(), 401);
    let text = stranger.send(with("tok")).await.text().await.unwrap();
    assert!(
        text.contains("pollysystem_http_requests_total") && text.ends_with("# EOF\n"),
        "{text}"
    );
    app.stop().await;
}
