//! Set-up, login, sessions.

use crate::app::{NAME, PASSWORD, TestApp, start};
use reqwest::header;

#[tokio::test]
async fn au_13_a_fresh_installation_has_no_account_and_the_code_makes_exactly_one_admin() {
    let app = TestApp::start().await;
    let code = app
        .server
        .core
        .auth
        .setup_code()
        .expect("a code while there is no account");
    let stranger = app.stranger();
    for (name, password) in [("admin", "admin"), ("admin", ""), ("root", "password")] {
        assert_eq!(
            stranger
                .call("/api/auth/login", &[("name", name), ("password", password)])
                .await
                .status(),
            401
        );
    }
    let form = |code: &str, password: &str| {
        [
            ("code", code.to_owned()),
            ("name", NAME.into()),
            ("password", password.into()),
            ("password_again", password.into()),
        ]
    };
    let try_it = async |code: &str, password: &str| {
        let form = form(code, password);
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
        stranger.call("/api/auth/setup", &form).await.status().as_u16()
    };
    assert_eq!(try_it("AAAA-AAAA-AAAA", PASSWORD).await, 403, "a wrong code");
    assert_eq!(
        try_it(&code, "too short").await,
        400,
        "a short password does not use the code up"
    );
    assert!(try_it(&code, PASSWORD).await < 400);
    assert_eq!(try_it(&code, PASSWORD).await, 409, "the code works once");
    assert!(app.server.core.auth.setup_code().is_none());

    let mut config = app.server.core.config.clone();
    let data = app.stop().await;
    config.data_dir = data.path().to_owned();
    let again = start(config).await;
    assert!(
        again.core.auth.setup_code().is_none(),
        "no second set-up after a restart"
    );
    again.stop().await;
}

#[tokio::test]
async fn au_01_the_database_holds_an_argon2id_string_and_no_password() {
    let app = TestApp::start().await;
    app.admin().await;
    let data = app.stop().await;
    let db = std::fs::read(data.path().join("pollysystem.db")).unwrap();
    let holds = |needle: &[u8]| db.windows(needle.len()).any(|w| w == needle);
    assert!(holds(b"$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(!holds(PASSWORD.as_bytes()));
}

#[tokio::test]
async fn a_login_sets_host_cookies_and_a_logout_ends_the_session_for_copies_too() {
    let app = TestApp::start().await;
    app.admin().await;
    let browser = app.stranger();
    let answer = browser
        .call("/api/auth/login", &[("name", NAME), ("password", PASSWORD)])
        .await;
    let cookies: Vec<String> = answer
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .map(|v| v.to_str().unwrap().to_owned())
        .collect();
    assert_eq!(cookies.len(), 2);
    for cookie in &cookies {
        assert!(cookie.starts_with("__Host-polly_"), "{cookie}");
        for flag in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
            assert!(cookie.contains(flag), "{cookie}");
        }
    }
    let copy = app.stranger();
    *copy.cookies.lock().unwrap() = browser.cookies.lock().unwrap().clone();
    assert_eq!(copy.get("/").await.status(), 200);
    assert!(browser.call("/api/auth/logout", &[]).await.status().as_u16() < 400);
    assert_eq!(copy.get("/").await.status(), 303, "the copy is logged out too");
    assert_eq!(copy.call("/api/jobs/list", &[]).await.status(), 401);
    app.stop().await;
}

#[tokio::test]
async fn the_refresh_token_alone_renews_a_session_with_one_successor_within_the_grace() {
    let app = TestApp::start().await;
    let browser = app.admin().await;
    let refresh = browser
        .cookies
        .lock()
        .unwrap()
        .get("__Host-polly_refresh")
        .cloned()
        .unwrap();
    browser.cookies.lock().unwrap().remove("__Host-polly_access");
    // Twenty in turn, within the grace: all succeed, with one and the same successor.
    let mut successors = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let one = app.stranger();
        one.cookies
            .lock()
            .unwrap()
            .insert("__Host-polly_refresh".into(), refresh.clone());
        assert_eq!(one.get("/activity").await.status(), 200);
        successors.insert(one.cookies.lock().unwrap()["__Host-polly_refresh"].clone());
    }
    assert_eq!(successors.len(), 1);
    let successor = successors.pop_first().unwrap();
    assert_ne!(successor, refresh);
    app.stop().await;
}
