//! What a page answers when what it shows is missing, stopped or old, and what a form without script is told.

use crate::app::{Browser, NAME, PASSWORD, TestApp};
use reqwest::{Method, Response, StatusCode, header};

async fn status_and_text(browser: &Browser, path: &str) -> (StatusCode, String) {
    let answer = browser.get(path).await;
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test]
async fn the_page_of_a_missing_object_answers_404_and_says_so() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = uuid::Uuid::now_v7();
    let hex = "a".repeat(64);
    for path in [
        format!("/machines/{id}"),
        "/machines/nonsense".to_owned(),
        format!("/containers/{id}/{hex}"),
        "/containers/x/y".to_owned(),
        format!("/activity/{id}"),
        "/activity/nonsense".to_owned(),
    ] {
        let (status, text) = status_and_text(&admin, &path).await;
        assert_eq!(status, 404, "{path}");
        assert!(text.contains("role=\"alert\"") && text.contains("Not found"), "{path}");
        assert!(
            text.contains("aria-label=\"Main\""),
            "{path}: the rest of the app stays"
        );
    }
    for path in ["/containers/only-one", "/settings/nothing", "/nothing"] {
        let (status, text) = status_and_text(&admin, path).await;
        assert_eq!(status, 404, "{path}");
        assert!(text.contains("There is no such page"), "{path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn the_page_of_a_stopped_plugin_answers_503_and_a_page_with_its_card_does_not() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin
        .ask::<()>("/api/settings/stop_plugin", &[("id", "machines")])
        .await;
    for path in ["/machines", "/containers"] {
        let (status, text) = status_and_text(&admin, path).await;
        assert_eq!(status, 503, "{path}");
        assert!(text.contains("This part is stopped"), "{path}");
    }
    for path in ["/", "/settings", "/activity"] {
        assert_eq!(admin.get(path).await.status(), 200, "{path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_call_of_a_page_of_another_build_is_told_that_it_is_outdated() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let html = admin.html("/").await;
    let build = html.split("data-build=\"").nth(1).unwrap().split('"').next().unwrap();
    let call = async |build: &str| {
        let request = admin
            .request(Method::POST, "/api/jobs/list")
            .header("x-polly-build", build);
        admin.send(request.header(header::ORIGIN, app.url(""))).await
    };
    assert_eq!(call(build).await.status(), 200);
    let refused = call("another").await;
    assert_eq!(refused.status(), 412);
    assert!(refused.text().await.unwrap().contains("\"outdated\""));
    app.stop().await;
}

/// Posts a form as a browser without script does, from the page `from`.
async fn post(app: &TestApp, browser: &Browser, from: &str, path: &str, form: &[(&str, &str)]) -> Response {
    let request = browser
        .request(Method::POST, path)
        .header(header::ORIGIN, app.url(""))
        .header(header::REFERER, app.url(from))
        .header(header::ACCEPT, "text/html,application/xhtml+xml");
    browser.send(request.form(form)).await
}

#[tokio::test]
async fn an_error_of_a_form_is_shown_once_by_the_page_with_what_was_typed_and_is_not_in_the_address() {
    let app = TestApp::start().await;
    app.admin().await;
    let stranger = app.stranger();
    let wrong = [("name", NAME), ("password", "not the password"), ("next", "/machines")];
    let answer = post(&app, &stranger, "/login?next=%2Fmachines", "/api/auth/login", &wrong).await;
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()[header::LOCATION], app.url("/login?next=%2Fmachines"));
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(
        cookie.contains("polly_flash=") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );

    let page = stranger.html("/login?next=%2Fmachines").await;
    assert!(page.contains("role=\"alert\""), "the error stands on the page");
    assert!(page.contains(&format!("value=\"{NAME}\"")), "the name is still there");
    assert!(!page.contains("not the password"), "the password is not");
    let hydrated = page.split("<script").filter(|s| s.contains("/api/auth/login")).count();
    assert!(hydrated > 0, "the hydrated page gets the same error");
    assert!(!stranger.html("/login").await.contains("role=\"alert\""), "once");

    let right = [("name", NAME), ("password", PASSWORD), ("next", "/machines")];
    let answer = post(&app, &stranger, "/login", "/api/auth/login", &right).await;
    assert_eq!(answer.headers()[header::LOCATION], "/machines");
    app.stop().await;
}

#[tokio::test]
async fn a_field_of_a_form_that_failed_says_what_is_wrong_with_it() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let form = [
        ("machine[name]", "alpha"),
        ("machine[host]", "-oProxyCommand=x"),
        ("machine[port]", "22"),
        ("machine[user]", "polly"),
        ("machine[key_mode]", "paste"),
        ("machine[private_key]", "SECRET KEY TEXT"),
        ("machine[passphrase]", "SECRET PHRASE"),
    ];
    post(&app, &admin, "/machines/new", "/api/machines/add", &form).await;
    let page = admin.html("/machines/new").await;
    assert!(page.contains("field-error") && page.contains("aria-invalid=\"true\""));
    assert!(
        page.contains("value=\"alpha\"") && page.contains("value=\"-oProxyCommand=x\""),
        "what was typed is kept"
    );
    let chosen = page
        .split("<input")
        .find(|input| input.contains("value=\"paste\""))
        .unwrap();
    assert!(chosen.split('>').next().unwrap().contains("checked"), "{chosen}");
    assert!(!page.contains("SECRET"), "secrets are not");
    app.stop().await;
}

#[tokio::test]
async fn wb_02_a_crafted_link_puts_no_words_on_our_pages() {
    let app = TestApp::start().await;
    app.admin().await;
    let stranger = app.stranger();
    // {"kind":"internal","message":"Call 555-0100"} as server_fn would encode it
    let error = "eyJraW5kIjoiaW50ZXJuYWwiLCJtZXNzYWdlIjoiQ2FsbCA1NTUtMDEwMCJ9";
    let answer = stranger
        .get(&format!("/login?__path=%2Fapi%2Fauth%2Flogin&__err={error}&next=%2F"))
        .await;
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()[header::LOCATION], "/login?next=%2F");
    let made_up = stranger
        .request(Method::GET, "/login")
        .header(header::COOKIE, "polly_flash=00; __Host-polly_flash=00");
    let page = stranger.send(made_up).await.text().await.unwrap();
    assert!(!page.contains("role=\"alert\""));
    app.stop().await;
}

#[tokio::test]
async fn the_theme_is_kept_without_script_and_rendered_by_the_server() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    assert!(admin.html("/").await.contains("data-theme=\"system\""));
    for theme in ["dark", "light", "system", "nonsense"] {
        let answer = post(&app, &admin, "/machines", "/api/settings/theme", &[("theme", theme)]).await;
        assert_eq!(answer.headers()[header::LOCATION], app.url("/machines"));
        let expected = if theme == "nonsense" { "system" } else { theme };
        let page = admin.html("/machines").await;
        assert!(page.contains(&format!("data-theme=\"{expected}\"")), "{theme}");
        let pressed = page
            .split("<button")
            .find(|b| b.contains("aria-pressed=\"true\""))
            .unwrap();
        assert!(pressed.contains(&format!("value=\"{expected}\"")), "{pressed}");
    }
    app.stop().await;
}

#[tokio::test]
async fn the_palette_s_sources_find_by_a_part_of_the_name_and_answer_twenty_at_most() {
    use pollysystem::core::palette::model::Hit;
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for n in 0..25 {
        let (name, host) = (format!("web-{n:02}"), format!("192.0.2.{}", n + 1));
        let form = [
            ("machine[name]", name.as_str()),
            ("machine[host]", &host),
            ("machine[port]", "22"),
            ("machine[user]", "polly"),
            ("machine[key_mode]", "generate"),
        ];
        admin.call("/api/machines/add", &form).await.error_for_status().unwrap();
    }
    let hits: Vec<Hit> = admin.ask("/api/machines/find", &[("query", "web")]).await;
    assert_eq!(hits.len(), 20);
    let hits: Vec<Hit> = admin.ask("/api/machines/find", &[("query", "wb07")]).await;
    assert_eq!(hits.iter().map(|h| h.title.as_str()).collect::<Vec<_>>(), ["web-07"]);
    assert!(hits[0].path.starts_with("/machines/") && hits[0].detail.contains("192.0.2.8"));
    let hits: Vec<Hit> = admin.ask("/api/docker/find", &[("query", "web")]).await;
    assert!(hits.is_empty());
    app.stop().await;
}
