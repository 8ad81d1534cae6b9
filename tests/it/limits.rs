//! Guessing, forged client addresses, floods and too many sockets.

use crate::{
    app::{Browser, NAME, PASSWORD, TestApp, start},
    live::Socket,
};
use reqwest::{Method, Response, header};
use std::num::NonZeroU32;

async fn log_in(browser: &Browser, name: &str, password: &str, forwarded: Option<&str>) -> Response {
    let form = [("name", name), ("password", password)];
    match forwarded {
        None => browser.call("/api/auth/login", &form).await,
        Some(address) => {
            let request = browser.form("/api/auth/login", &form);
            let names = ["x-forwarded-for", "x-real-ip", "forwarded", "client-ip"];
            let request = names.iter().fold(request, |r, name| r.header(*name, address));
            browser.send(request).await
        }
    }
}

/// The pause after so many wrong tries of one name from one address, in seconds, or a little more.
fn pause_after(tries: u32) -> i64 {
    if tries < 5 { 0 } else { 1 << (tries - 5) }
}

/// Status, headers and body, without what is different in every answer and how many seconds are left.
async fn face(answer: Response) -> (u16, Vec<(String, String)>, String) {
    let status = answer.status().as_u16();
    let changing = ["date", "x-request-id", "content-security-policy", "retry-after"];
    let headers = answer.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let headers = headers.filter(|(name, _)| !changing.contains(&name.as_str())).collect();
    let mut body: serde_json::Value = answer.json().await.unwrap();
    body.as_object_mut().unwrap().remove("request_id");
    let body = body.to_string().replace(|c: char| c.is_ascii_digit(), "");
    (status, headers, body)
}

#[tokio::test]
async fn au_03_a_missing_account_answers_like_an_existing_one_down_to_the_pauses() {
    let app = TestApp::start().await;
    app.admin().await;
    let stranger = app.stranger();
    let both = async || {
        let existing = face(log_in(&stranger, NAME, "a wrong password", None).await).await;
        let missing = face(log_in(&stranger, "nobody", "a wrong password", None).await).await;
        assert_eq!(existing, missing);
        existing.0
    };
    for n in 0..9 {
        app.server.core.auth.clock().shift_seconds(pause_after(n));
        assert_eq!(both().await, 401, "try {n}");
    }
    assert_eq!(both().await, 429);
    app.stop().await;
}

#[tokio::test]
async fn au_04_a_guessed_at_account_is_open_to_its_owner_from_elsewhere_and_a_restart_forgets_nothing() {
    let app = TestApp::start_with(|c| c.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()]).await;
    app.admin().await;
    let stranger = app.stranger();
    let attacker = Some("198.51.100.1");
    for n in 0..12 {
        app.server.core.auth.clock().shift_seconds(pause_after(n));
        let name = [NAME, " ADA", "Ada "][n as usize % 3];
        let status = log_in(&stranger, name, "a wrong password", attacker).await.status();
        assert_eq!(status, 401, "try {n}");
    }
    for n in 0..20 {
        let status = log_in(&stranger, NAME, "a wrong password", attacker).await.status();
        assert_eq!(status, 429, "at once, try {n}");
    }
    let late = log_in(&stranger, NAME, PASSWORD, attacker).await;
    assert_eq!(late.status(), 429, "not even the right password, from there");
    assert!(
        late.headers()[header::RETRY_AFTER]
            .to_str()
            .unwrap()
            .parse::<u32>()
            .unwrap()
            >= 1
    );
    assert!(
        log_in(&app.stranger(), NAME, PASSWORD, Some("203.0.113.9"))
            .await
            .status()
            .as_u16()
            < 400
    );

    let mut config = app.server.core.config.clone();
    let data = app.stop().await;
    config.data_dir = data.path().to_owned();
    let server = start(config).await;
    let address = format!("http://{}", server.address);
    let stranger = Browser::new(address.clone(), address);
    assert_eq!(log_in(&stranger, NAME, PASSWORD, attacker).await.status(), 429);
    server.stop().await;
}

#[tokio::test]
async fn au_05_a_client_cannot_choose_the_address_that_it_counts_for() {
    let app = TestApp::start().await;
    app.admin().await;
    let stranger = app.stranger();
    let mut checked = 0;
    for n in 0..30 {
        let address = format!("198.51.100.{n}");
        let answer = log_in(&stranger, NAME, "a wrong password", Some(&address)).await;
        checked += u32::from(answer.status() == 401);
    }
    // Five, and one more after 1, 2, 4 ... seconds.
    assert!(checked <= 12, "{checked} tries were checked");
    let rows = app.server.core.audit.list(None, 1, None).await.unwrap();
    assert_eq!(rows[0].address, "127.0.0.1");
    app.stop().await;
}

#[tokio::test]
async fn a_flood_is_answered_with_429_and_when_to_come_again_and_health_stays_open() {
    let app = TestApp::start_with(|c| {
        c.limits.per_address = NonZeroU32::new(2).unwrap();
        c.limits.per_session = NonZeroU32::MIN;
    })
    .await;
    let admin = app.admin().await;
    let mut refused = None;
    for _ in 0..40 {
        let answer = admin.get("/robots.txt").await;
        if answer.status() == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a limit");
    assert!(refused.headers().contains_key(header::RETRY_AFTER));
    let body: serde_json::Value = refused.json().await.unwrap();
    assert_eq!(body["kind"], "rate_limited");
    assert!(body["message"].as_str().unwrap().contains("in this session"), "{body}");
    let stranger = app.stranger();
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(stranger.get("/login").await.status().as_u16());
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(stranger.get("/healthz").await.status(), 200);
    app.stop().await;
}

#[tokio::test]
async fn ld_06_one_user_holds_a_bounded_number_of_sockets_and_others_do_not_notice() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut held = Vec::new();
    for _ in 0..pollysystem::core::live::service::MAX_USER_SOCKETS {
        held.push(Socket::open(&app, &admin).await);
    }
    for _ in 0..20 {
        assert_eq!(Socket::try_of(&admin).await.err(), Some(429));
    }
    assert_eq!(admin.get("/").await.status(), 200);
    drop(held.pop());
    crate::app::eventually(
        "a closed socket makes room",
        std::time::Duration::from_secs(10),
        || async { Socket::try_of(&admin).await.ok() },
    )
    .await;
    drop(held);
    app.stop().await;
}

#[tokio::test]
async fn ld_05_a_flood_of_set_up_tries_is_slowed_and_the_owner_can_still_set_up_from_elsewhere() {
    let app = TestApp::start_with(|c| c.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()]).await;
    let stranger = app.stranger();
    let setup = async |code: &str, address: &str| {
        let form = [
            ("code", code),
            ("name", NAME),
            ("password", PASSWORD),
            ("password_again", PASSWORD),
        ];
        let request = stranger
            .form("/api/auth/setup", &form)
            .header("x-forwarded-for", address);
        stranger.send(request).await.status().as_u16()
    };
    let mut checked = 0;
    for _ in 0..200 {
        checked += u32::from(setup("AAAA-AAAA-AAAA", "198.51.100.1").await == 403);
    }
    assert!(checked < 30, "{checked} codes were compared");
    let code = app.server.core.auth.setup_code().unwrap();
    assert!(setup(&code, "203.0.113.9").await < 400);
    assert_eq!(stranger.send(stranger.request(Method::GET, "/")).await.status(), 200);
    app.stop().await;
}
