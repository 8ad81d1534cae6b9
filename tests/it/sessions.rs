//! Sessions from the login to every way in which they end, and the tokens that stand for them.

use crate::{
    app::{Browser, NAME, PASSWORD, TestApp, eventually},
    live::Socket,
    process::Server,
};
use axum::{extract::State, http::Method as AxumMethod};
use pollysystem::{
    core::{
        auth::{
            model::OwnSession,
            service::{Client, Cookies, RequestMeta},
        },
        live::model::ServerMessage,
        plugin::{PluginId, PluginMeta},
        server::{
            http::{Policy, RouteTable},
            plugin::{PluginServer, Running},
            state::Core,
            tasks::TaskSet,
        },
    },
    error::{AppResult, ErrorKind},
};
use reqwest::{Method, header};
use std::{
    collections::BTreeSet,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

const ACCESS: &str = "__Host-polly_access";
const REFRESH: &str = "__Host-polly_refresh";
const NEW_PASSWORD: &str = "seven tall ships at anchor";

async fn logged_in(app: &TestApp, password: &str) -> Browser {
    let browser = app.stranger();
    let form = [("name", NAME), ("password", password)];
    let answer = browser.call("/api/auth/login", &form).await;
    assert!(answer.status().as_u16() < 400, "{}", answer.text().await.unwrap());
    browser
}

fn token(browser: &Browser, name: &str) -> String {
    browser.cookies.lock().unwrap()[name].clone()
}

fn with(app: &TestApp, cookies: &[(&str, &str)]) -> Browser {
    let browser = app.stranger();
    let pairs = cookies.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    browser.cookies.lock().unwrap().extend(pairs);
    browser
}

async fn status(browser: &Browser) -> u16 {
    browser.call("/api/jobs/list", &[]).await.status().as_u16()
}

async fn sessions(browser: &Browser) -> Vec<OwnSession> {
    browser.ask("/api/auth/sessions", &[]).await
}

/// Waits until the server says goodbye, which it must within two seconds.
async fn ends(socket: &mut Socket) {
    let bye = async { while !matches!(socket.next().await, Some(ServerMessage::Bye { .. }) | None) {} };
    tokio::time::timeout(Duration::from_secs(2), bye)
        .await
        .expect("the socket ends within 2 s");
}

#[tokio::test]
async fn au_09b_a_used_refresh_token_that_comes_back_ends_the_family_and_is_audited() {
    let app = TestApp::start().await;
    let owner = app.admin().await;
    let first = token(&owner, REFRESH);
    owner.cookies.lock().unwrap().remove(ACCESS);
    assert_eq!(status(&owner).await, 200);
    let second = token(&owner, REFRESH);
    app.server.core.auth.clock().shift_seconds(11);
    owner.cookies.lock().unwrap().remove(ACCESS);
    assert_eq!(status(&owner).await, 200);
    assert_ne!(token(&owner, REFRESH), second);
    let mut socket = Socket::open(&app, &owner).await;
    assert_eq!(
        status(&with(&app, &[(REFRESH, &first)])).await,
        401,
        "two generations old"
    );
    ends(&mut socket).await;
    assert_eq!(status(&owner).await, 401, "the owner's access token is dead too");
    let rows = app.server.core.audit.list(None, 5, None).await.unwrap();
    assert!(rows.iter().any(|row| row.action == "core.session.reuse_detected"));
    app.stop().await;
}

#[tokio::test]
async fn au_09b_after_the_grace_even_the_last_token_is_a_used_one() {
    let app = TestApp::start().await;
    let owner = app.admin().await;
    let first = token(&owner, REFRESH);
    owner.cookies.lock().unwrap().remove(ACCESS);
    assert_eq!(status(&owner).await, 200);
    assert_eq!(status(&with(&app, &[(REFRESH, &first)])).await, 200, "within the grace");
    app.server.core.auth.clock().shift_seconds(11);
    assert_eq!(status(&with(&app, &[(REFRESH, &first)])).await, 401);
    assert_eq!(status(&owner).await, 401);
    app.stop().await;
}

#[tokio::test]
async fn au_09b_twenty_refreshes_at_once_have_one_successor_and_log_nobody_out() {
    let app = TestApp::start().await;
    let owner = app.admin().await;
    let refresh = token(&owner, REFRESH);
    let tabs: Vec<Browser> = (0..20).map(|_| with(&app, &[(REFRESH, &refresh)])).collect();
    let answers = futures::future::join_all(tabs.iter().map(status)).await;
    assert_eq!(answers, [200; 20]);
    let successors: BTreeSet<String> = tabs.iter().map(|tab| token(tab, REFRESH)).collect();
    assert_eq!(successors.len(), 1);
    for tab in &tabs {
        tab.cookies.lock().unwrap().remove(ACCESS);
        assert_eq!(status(tab).await, 200);
    }
    app.stop().await;
}

#[tokio::test]
async fn au_08_a_token_counts_in_its_cookie_and_nowhere_else() {
    let app = TestApp::start().await;
    let owner = app.admin().await;
    let (access, refresh) = (token(&owner, ACCESS), token(&owner, REFRESH));
    for token in [&access, &refresh] {
        let stranger = app.stranger();
        for name in [ACCESS, REFRESH, "token", "access_token", "polly_access"] {
            let answer = stranger
                .call(&format!("/api/jobs/list?{name}={token}"), &[(name, token)])
                .await;
            assert_eq!(answer.status(), 401, "{name}");
            let plain = with(&app, &[("polly_access", token), ("access", token)]);
            assert_eq!(status(&plain).await, 401);
        }
        for scheme in ["Bearer", "bearer", "Token", "Basic"] {
            let request = stranger
                .form("/api/jobs/list", &[])
                .header(header::AUTHORIZATION, format!("{scheme} {token}"));
            assert_eq!(stranger.send(request).await.status(), 401, "{scheme}");
        }
    }
    let crossed = with(&app, &[(ACCESS, &refresh), (REFRESH, &access)]);
    assert_eq!(status(&crossed).await, 401, "each in the other's place");
    app.stop().await;
}

#[tokio::test]
async fn au_09_tokens_of_a_session_that_was_ended_are_refused_at_once() {
    let app = TestApp::start().await;
    let owner = app.admin().await;
    for end in ["logout", "revoked by hand", "all others"] {
        let victim = logged_in(&app, PASSWORD).await;
        let mut socket = Socket::open(&app, &victim).await;
        let (access, refresh) = (token(&victim, ACCESS), token(&victim, REFRESH));
        let done = match end {
            "logout" => victim.call("/api/auth/logout", &[]).await,
            "all others" => owner.call("/api/auth/end_other_sessions", &[]).await,
            _ => {
                let mine = sessions(&owner).await;
                let other = mine.iter().find(|s| !s.current).unwrap().id.to_string();
                owner.call("/api/auth/end_session", &[("id", &other)]).await
            }
        };
        assert!(done.status().as_u16() < 400, "{end}");
        for cookies in [
            vec![(ACCESS, access.as_str())],
            vec![(REFRESH, refresh.as_str())],
            vec![(ACCESS, access.as_str()), (REFRESH, refresh.as_str())],
        ] {
            assert_eq!(status(&with(&app, &cookies)).await, 401, "{end}");
        }
        ends(&mut socket).await;
        assert_eq!(status(&owner).await, 200, "{end}");
        assert_eq!(sessions(&owner).await.len(), 1);
    }
    let foreign = uuid::Uuid::now_v7().to_string();
    assert_eq!(
        owner.call("/api/auth/end_session", &[("id", &foreign)]).await.status(),
        404
    );
    app.stop().await;
}

#[tokio::test]
async fn au_10_a_new_password_ends_every_other_session_and_its_sockets() {
    let app = TestApp::start().await;
    let owner = app.admin().await;
    let other = logged_in(&app, PASSWORD).await;
    let (mut own_socket, mut socket) = (Socket::open(&app, &owner).await, Socket::open(&app, &other).await);
    let change = async |current: &str, new: &str| {
        let form = [
            ("current_password", current),
            ("password", new),
            ("password_again", new),
        ];
        let answer = owner.call("/api/auth/change_password", &form).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (code, text) = change("not my password", NEW_PASSWORD).await;
    assert!(code == 400 && text.contains("\"current_password\""), "{text}");
    for weak in ["short", "passwordpassword", "pollysystem2026", PASSWORD] {
        let (code, text) = change(PASSWORD, weak).await;
        assert!(code == 400 && text.contains("\"password\""), "{weak}: {text}");
    }
    assert_eq!(status(&other).await, 200, "nothing has changed yet");
    assert_eq!(change(PASSWORD, NEW_PASSWORD).await.0, 200);
    ends(&mut socket).await;
    assert_eq!(status(&other).await, 401);
    assert_eq!(status(&owner).await, 200, "who changed it stays");
    own_socket
        .say(&pollysystem::core::live::model::ClientMessage::Ping)
        .await;
    assert!(matches!(own_socket.next().await, Some(ServerMessage::Pong)));
    let old = app.stranger();
    let form = [("name", NAME), ("password", PASSWORD)];
    assert_eq!(old.call("/api/auth/login", &form).await.status(), 401);
    logged_in(&app, NEW_PASSWORD).await;
    drop((own_socket, socket));
    app.stop().await;
}

#[tokio::test]
async fn au_10_a_login_under_way_does_not_outlive_a_new_password() {
    let app = TestApp::start().await;
    let owner = app.admin().await;
    let auth = &app.server.core.auth;
    // More than can be verified at a time: most have read the old password and wait for their turn.
    let clients: Vec<Client> = (1..=16).map(client).collect();
    let logins = futures::future::join_all(clients.iter().map(|client| auth.log_in(NAME, PASSWORD, client)));
    let (reset, logins) = tokio::join!(auth.reset_password(NAME), logins);
    let new = reset.unwrap();
    for (client, login) in clients.iter().zip(logins) {
        match login {
            Ok(session) => {
                let cookies = Cookies {
                    access: Some(session.access),
                    refresh: None,
                };
                let found = auth.identify(&cookies, client).await.unwrap();
                assert!(found.actor.is_none(), "a session by the old password");
            }
            Err(why) => assert_eq!(why.kind, ErrorKind::Unauthenticated, "{why:?}"),
        }
    }
    assert_eq!(status(&owner).await, 401);
    logged_in(&app, new.expose()).await;
    app.stop().await;
}

fn client(n: u32) -> Client {
    Client {
        meta: RequestMeta {
            address: format!("192.0.2.{n}"),
            ..RequestMeta::default()
        },
        user_agent: String::new(),
    }
}

#[tokio::test]
async fn of_a_long_user_agent_256_characters_are_kept_in_the_session_and_in_the_log() {
    let app = TestApp::start().await;
    app.admin().await;
    let browser = app.stranger();
    let login = browser
        .request(Method::POST, "/api/auth/login")
        .header(header::ORIGIN, &browser.origin)
        .header(header::USER_AGENT, "a".repeat(4_000))
        .form(&[("name", NAME), ("password", PASSWORD)]);
    assert!(browser.send(login).await.status().as_u16() < 400);
    let rows = app.server.core.audit.list(None, 1, None).await.unwrap();
    assert_eq!(rows[0].action, "core.login");
    assert_eq!(rows[0].detail, serde_json::json!({"user_agent": "a".repeat(256)}));
    app.stop().await;
}

#[tokio::test]
async fn au_10_a_password_reset_from_the_shell_ends_the_sessions_of_a_running_server() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Server::spawn(data.path(), &[]);
    let code = server.wait_for("set-up code: ").rsplit(' ').next().unwrap().to_owned();
    let address = server
        .seen
        .iter()
        .find_map(|l| l.split("open ").nth(1))
        .unwrap()
        .trim()
        .to_owned();
    let browser = Browser::new(address.clone(), address.clone());
    let form = [
        ("code", code.as_str()),
        ("name", NAME),
        ("password", PASSWORD),
        ("password_again", PASSWORD),
    ];
    browser.ask::<()>("/api/auth/setup", &form).await;
    let reset = |name: &str| {
        Command::new(env!("CARGO_BIN_EXE_pollysystem"))
            .args(["admin", "reset-password", name, "--data-dir"])
            .arg(data.path())
            .output()
            .unwrap()
    };
    let unknown = reset("nobody");
    assert!(!unknown.status.success() && String::from_utf8_lossy(&unknown.stderr).contains("no account"));
    assert_eq!(status(&browser).await, 200);
    let done = reset(NAME);
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{done:?}");
    let password = text.lines().next().unwrap().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(status(&browser).await, 401);
    let login = async |password: &str| {
        let form = [("name", NAME), ("password", password)];
        browser.call("/api/auth/login", &form).await.status().as_u16()
    };
    assert_eq!(login(PASSWORD).await, 401);
    assert!(login(&password).await < 400, "{text}");
    server.signal("TERM");
    server.exit(Duration::from_secs(25));
    let verified = Command::new(env!("CARGO_BIN_EXE_pollysystem"))
        .args(["audit", "verify", "--data-dir"])
        .arg(data.path())
        .output()
        .unwrap();
    assert!(verified.status.success(), "both wrote one chain: {verified:?}");
}

#[tokio::test]
async fn au_11_a_session_ends_when_it_is_idle_and_in_any_case_and_no_clock_revives_it() {
    let app = TestApp::start().await;
    let clock = app.server.core.auth.clock().clone();
    let idle = app.admin().await;
    let used = logged_in(&app, PASSWORD).await;
    let mut socket = Socket::open(&app, &idle).await;
    for _ in 0..4 {
        clock.shift_seconds(600);
        assert_eq!(status(&used).await, 200, "in use");
    }
    ends(&mut socket).await;
    assert_eq!(status(&idle).await, 401, "40 minutes idle");
    clock.shift_seconds(-3_600);
    assert_eq!(status(&idle).await, 401, "the clock went back an hour");
    assert_eq!(status(&used).await, 200);
    clock.shift_seconds(3_600);
    for _ in 0..70 {
        clock.shift_seconds(600);
        if status(&used).await == 401 {
            break;
        }
    }
    assert_eq!(status(&used).await, 401, "twelve hours are over, used or not");
    drop(socket);
    app.stop().await;
}

/// A route that counts who reaches it.
struct Probe(Arc<AtomicUsize>);

static PROBE: PluginMeta = PluginMeta {
    id: PluginId("probe"),
    title: "Probe",
    version: "1",
    depends_on: &[],
    permissions: &[],
    settings: &[],
    nav: &[],
};

#[async_trait::async_trait]
impl PluginServer for Probe {
    fn meta(&self) -> &'static PluginMeta {
        &PROBE
    }
    fn routes(&self, table: &mut RouteTable) {
        for method in [AxumMethod::GET, AxumMethod::POST] {
            let reached = self.0.clone();
            table.add(
                method,
                "/probe",
                Policy::Session,
                move |State(_): State<Arc<Core>>| async move {
                    reached.fetch_add(1, Ordering::SeqCst);
                    "reached"
                },
            );
        }
    }
    async fn start(&self, _: Arc<Core>) -> AppResult<Running> {
        Ok(Running {
            tasks: TaskSet::new(),
            health: Arc::new(|| None),
        })
    }
}

#[tokio::test]
async fn au_12_no_failure_of_authentication_lets_a_handler_run() {
    let reached = Arc::new(AtomicUsize::new(0));
    let app = TestApp::start_with_plugins(|_| {}, vec![Arc::new(Probe(reached.clone()))]).await;
    let owner = app.admin().await;
    let gone = logged_in(&app, PASSWORD).await;
    let (access, refresh) = (token(&gone, ACCESS), token(&gone, REFRESH));
    gone.call("/api/auth/logout", &[]).await;
    let long = "x".repeat(3_000);
    let forged = format!("{}.e30.", access.split('.').next().unwrap());
    let odd = [
        vec![],
        vec![(ACCESS, access.as_str()), (REFRESH, refresh.as_str())],
        vec![(ACCESS, "")],
        vec![(ACCESS, "null"), (REFRESH, "undefined")],
        vec![(ACCESS, forged.as_str())],
        vec![(ACCESS, long.as_str()), (REFRESH, long.as_str())],
        vec![(REFRESH, "' OR 1=1 --")],
    ];
    for cookies in &odd {
        let browser = with(&app, cookies);
        assert_eq!(browser.get("/probe").await.status(), 401, "{cookies:?}");
        assert_eq!(
            browser.send(browser.form("/probe", &[])).await.status(),
            401,
            "{cookies:?}"
        );
    }
    let foreign = owner
        .request(Method::POST, "/probe")
        .header(header::ORIGIN, "http://evil.example");
    assert_eq!(owner.send(foreign).await.status(), 403);
    assert_eq!(reached.load(Ordering::SeqCst), 0);
    assert_eq!(owner.get("/probe").await.status(), 200);
    assert_eq!(reached.load(Ordering::SeqCst), 1, "the probe counts");
    app.stop().await;
}

#[tokio::test]
async fn a_new_signing_key_logs_nobody_out() {
    let app = TestApp::start().await;
    let owner = app.admin().await;
    let access = token(&owner, ACCESS);
    app.server.core.auth.rotate_signing_key().await.unwrap();
    assert_eq!(
        status(&with(&app, &[(ACCESS, &access)])).await,
        200,
        "a token of the old key"
    );
    let fresh = logged_in(&app, PASSWORD).await;
    let kid = |token: &str| token.split('.').next().unwrap().to_owned();
    assert_ne!(kid(&token(&fresh, ACCESS)), kid(&access));
    // By itself when the key is old: the refresh token carries the session over.
    app.server.core.auth.clock().shift_seconds(1_000);
    assert_eq!(status(&owner).await, 200);
    app.stop().await;
}

#[tokio::test]
async fn wb_06_every_cookie_is_guarded_small_and_new_at_each_login() {
    let app = TestApp::start().await;
    app.admin().await;
    let planted = with(&app, &[(ACCESS, "planted"), (REFRESH, "planted")]);
    let form = [("name", NAME), ("password", PASSWORD)];
    let mut seen = BTreeSet::new();
    for _ in 0..2 {
        let answer = planted.call("/api/auth/login", &form).await;
        let cookies: Vec<_> = answer.headers().get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(cookies.len(), 2);
        for cookie in cookies {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.starts_with("__Host-polly_") && cookie.len() < 4_096, "{cookie}");
            for flag in ["; Path=/;", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
                assert!(cookie.contains(flag), "{cookie}");
            }
            assert!(!cookie.contains("Domain"), "{cookie}");
            assert!(
                !cookie.contains("planted") && seen.insert(cookie.to_owned()),
                "{cookie}"
            );
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn wb_07_a_private_page_is_kept_by_nobody_and_framed_by_nobody() {
    let app = TestApp::start().await;
    let owner = app.admin().await;
    for path in ["/", "/profile", "/machines", "/settings", "/api/jobs/list"] {
        let answer = if path.starts_with("/api") {
            owner.call(path, &[]).await
        } else {
            owner.get(path).await
        };
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
        assert!(
            header("content-security-policy").contains("frame-ancestors 'none'"),
            "{path}"
        );
    }
    owner.call("/api/auth/logout", &[]).await;
    assert_eq!(
        owner.get("/profile").await.status(),
        303,
        "the back button finds nothing"
    );
    app.stop().await;
}

#[tokio::test]
async fn wb_08_neither_next_nor_a_header_leads_to_another_host() {
    let app = TestApp::start().await;
    app.admin().await;
    let target = async |next: &str| {
        let form = [("name", NAME), ("password", PASSWORD), ("next", next)];
        let browser = app.stranger();
        let request = browser
            .request(Method::POST, "/api/auth/login")
            .header(header::ORIGIN, &browser.origin)
            .header(header::ACCEPT, "text/html")
            .form(&form)
            .header("x-forwarded-host", "evil.example")
            .header("forwarded", "host=evil.example");
        let answer = browser.send(request).await;
        assert!(answer.status().is_redirection());
        answer.headers()[header::LOCATION].to_str().unwrap().to_owned()
    };
    assert_eq!(target("/machines?sort=name").await, "/machines?sort=name");
    for evil in [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "https://evil.example",
        "evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "\t//evil.example",
        " //evil.example",
        "/\n/evil.example",
        "/x\\..\\evil",
        "http:evil.example",
        "",
    ] {
        assert_eq!(target(evil).await, "/", "{evil:?}");
    }
    let stranger = app.stranger();
    let request = stranger
        .request(Method::GET, "/machines")
        .header("x-forwarded-host", "evil.example");
    let answer = stranger.send(request).await;
    assert_eq!(answer.headers()[header::LOCATION], "/login?next=%2Fmachines");
    app.stop().await;
}

#[tokio::test]
async fn the_profile_lists_each_session_by_its_device_and_works_without_script() {
    let app = TestApp::start().await;
    let owner = app.admin().await;
    let phone = app.stranger();
    let agent = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0 <b>";
    let form = [("name", NAME), ("password", PASSWORD)];
    phone
        .send(phone.form("/api/auth/login", &form).header(header::USER_AGENT, agent))
        .await;
    let html = owner.html("/profile").await;
    assert!(
        html.contains("Firefox on Android") && html.contains("Unknown device"),
        "{html}"
    );
    assert!(html.contains("action=\"/api/auth/end_session\"") && html.contains("action=\"/api/auth/change_password\""));
    let mine = sessions(&owner).await;
    assert_eq!(mine.iter().filter(|s| s.current).count(), 1);
    eventually(
        "the phone's session is listed with its address",
        Duration::from_secs(5),
        || async {
            sessions(&owner)
                .await
                .iter()
                .any(|s| !s.current && s.address == "127.0.0.1")
                .then_some(())
        },
    )
    .await;
    app.stop().await;
}
