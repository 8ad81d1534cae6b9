//! Accounts of others and what the roles may do.

use crate::{
    app::{Browser, NAME, PASSWORD, TestApp, eventually},
    live::Socket,
};
use pollysystem::core::{
    audit::model::Phase,
    auth::model::{Invited, Me, Role, UserList},
    live::model::ServerMessage,
};
use std::time::Duration;

const THEIR_PASSWORD: &str = "seven tall ships at anchor";

/// Somebody with this role, invited by the admin.
pub async fn member(app: &TestApp, admin: &Browser, name: &str, role: &str) -> Browser {
    let invited: Invited = admin.ask("/api/users/invite", &[("name", name), ("role", role)]).await;
    let code = invited.path.split("code=").nth(1).unwrap().to_owned();
    let browser = app.stranger();
    let answer = accept(&browser, &code, THEIR_PASSWORD).await;
    assert!(answer < 400, "{answer}");
    browser
}

async fn accept(browser: &Browser, code: &str, password: &str) -> u16 {
    let form = [("token", code), ("password", password), ("password_again", password)];
    browser
        .call("/api/auth/accept_invitation", &form)
        .await
        .status()
        .as_u16()
}

pub async fn id_of(admin: &Browser, name: &str) -> String {
    let list: UserList = admin.ask("/api/users/list", &[]).await;
    list.users.iter().find(|user| user.name == name).unwrap().id.to_string()
}

pub async fn status(browser: &Browser, path: &str, form: &[(&str, &str)]) -> u16 {
    browser.call(path, form).await.status().as_u16()
}

#[tokio::test]
async fn az_08_an_invitation_is_shown_once_works_once_and_no_list_shows_it_again() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let invited: Invited = admin
        .ask("/api/users/invite", &[("name", "eve"), ("role", "viewer")])
        .await;
    let code = invited.path.split("code=").nth(1).unwrap().to_owned();
    let html = admin.html("/users").await;
    let list = admin.call("/api/users/list", &[]).await.text().await.unwrap();
    assert!(list.contains("eve") && !list.contains(&code) && !html.contains(&code));
    let page = app.stranger().html(&invited.path).await;
    assert!(page.contains("You are invited"));
    let eve = app.stranger();
    assert_eq!(accept(&eve, "guessed", THEIR_PASSWORD).await, 403);
    assert_eq!(
        accept(&eve, &code, "too short").await,
        400,
        "the code is not used up by that"
    );
    assert!(accept(&eve, &code, THEIR_PASSWORD).await < 400);
    assert_eq!(
        accept(&app.stranger(), &code, THEIR_PASSWORD).await,
        403,
        "it works once"
    );
    let late: Invited = admin
        .ask("/api/users/invite", &[("name", "late"), ("role", "admin")])
        .await;
    app.server.core.auth.clock().shift_seconds(3 * 24 * 3_600 + 1);
    let code = late.path.split("code=").nth(1).unwrap();
    assert_eq!(
        accept(&app.stranger(), code, THEIR_PASSWORD).await,
        403,
        "it has expired"
    );
    let data = app.stop().await;
    for file in ["pollysystem.db", "pollysystem.db-wal"] {
        let bytes = std::fs::read(data.path().join(file)).unwrap_or_default();
        assert!(
            !bytes.windows(code.len()).any(|w| w == code.as_bytes()),
            "only a hash is at rest"
        );
    }
}

#[tokio::test]
async fn az_07_nobody_but_an_admin_gives_roles_and_nobody_gives_more_by_naming_a_field() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for role in ["viewer", "operator"] {
        let member = member(&app, &admin, role, role).await;
        let (own, ada) = (id_of(&admin, role).await, id_of(&admin, NAME).await);
        let code: Invited = admin
            .ask("/api/users/invite", &[("name", "x"), ("role", "viewer")])
            .await;
        assert_eq!(status(&member, "/api/users/list", &[]).await, 403);
        assert_eq!(
            status(&member, "/api/users/set_role", &[("id", &own), ("role", "admin")]).await,
            404
        );
        for path in ["disable", "enable", "delete"] {
            assert_eq!(
                status(&member, &format!("/api/users/{path}"), &[("id", &ada)]).await,
                404,
                "{path}"
            );
        }
        assert_eq!(
            status(&member, "/api/users/invite", &[("name", "y"), ("role", "admin")]).await,
            403
        );
        assert_eq!(status(&member, "/api/audit/list", &[]).await, 403);
        assert_eq!(
            status(&member, "/api/settings/stop_plugin", &[("id", "docker")]).await,
            403
        );
        assert_eq!(status(&member, "/api/machines/add_local", &[]).await, 403);
        assert_eq!(
            status(&member, "/api/jobs/list", &[]).await,
            200,
            "what the role is for"
        );
        let form = [
            ("current_password", THEIR_PASSWORD),
            ("password", "nine small boats at sea"),
            ("password_again", "nine small boats at sea"),
            ("role", "admin"),
            ("is_admin", "true"),
            ("user[role]", "admin"),
        ];
        assert_eq!(status(&member, "/api/auth/change_password", &form).await, 200);
        let list: UserList = admin.ask("/api/users/list", &[]).await;
        let now = list.users.iter().find(|user| user.name == role).unwrap().role;
        assert_eq!(now.as_str(), role);
        let withdrawn = list.invitations.iter().find(|i| i.name == "x").unwrap().id.to_string();
        assert!(status(&admin, "/api/users/withdraw", &[("id", &withdrawn)]).await < 400);
        assert_eq!(
            accept(
                &app.stranger(),
                code.path.split("code=").nth(1).unwrap(),
                THEIR_PASSWORD
            )
            .await,
            403
        );
    }
    eventually("refused tries are in the audit log", Duration::from_secs(5), || async {
        let rows = app.server.core.audit.list(None, 50, None).await.unwrap();
        let refused = rows
            .iter()
            .filter(|row| row.phase == Phase::Refused && row.action == "core.users.manage");
        (refused.count() >= 2).then_some(())
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn au_13_the_last_admin_can_neither_be_demoted_nor_disabled_nor_deleted() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let ada = id_of(&admin, NAME).await;
    let viewer = member(&app, &admin, "vic", "viewer").await;
    assert_eq!(
        status(&admin, "/api/users/set_role", &[("id", &ada), ("role", "viewer")]).await,
        409
    );
    for path in ["disable", "delete"] {
        assert_eq!(
            status(&admin, &format!("/api/users/{path}"), &[("id", &ada)]).await,
            409,
            "{path}"
        );
    }
    assert!(status(&admin, "/api/users/set_role", &[("id", &ada), ("role", "admin")]).await < 400);
    let vic = id_of(&admin, "vic").await;
    assert!(status(&admin, "/api/users/set_role", &[("id", &vic), ("role", "admin")]).await < 400);
    assert!(
        status(&viewer, "/api/users/delete", &[("id", &ada)]).await < 400,
        "now there are two"
    );
    assert_eq!(status(&viewer, "/api/users/disable", &[("id", &vic)]).await, 409);
    assert_eq!(status(&admin, "/api/jobs/list", &[]).await, 401);
    let mut config = app.server.core.config.clone();
    let data = app.stop().await;
    config.data_dir = data.path().to_owned();
    let again = crate::app::start(config).await;
    assert!(again.core.auth.setup_code().is_none());
    let address = format!("http://{}", again.address);
    let gone = Browser::new(address.clone(), address);
    let form = [("name", NAME), ("password", PASSWORD)];
    assert_eq!(
        status(&gone, "/api/auth/login", &form).await,
        401,
        "a deleted account does not come back"
    );
    again.stop().await;
}

#[tokio::test]
async fn az_11_a_role_that_is_taken_away_counts_at_once_for_calls_and_sockets() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let member = member(&app, &admin, "olga", "operator").await;
    let olga = id_of(&admin, "olga").await;
    for (change, form) in [
        ("set_role", vec![("id", olga.as_str()), ("role", "viewer")]),
        ("disable", vec![("id", olga.as_str())]),
    ] {
        let mut socket = Socket::open(&app, &member).await;
        assert!(status(&admin, &format!("/api/users/{change}"), &form).await < 400);
        let bye = async { while !matches!(socket.next().await, Some(ServerMessage::Bye { .. }) | None) {} };
        tokio::time::timeout(Duration::from_secs(2), bye)
            .await
            .expect("the socket ends within 2 s");
        let me: Option<Me> = member.ask("/api/auth/session_state", &[]).await;
        assert_eq!(me.map(|me| me.role), (change == "set_role").then_some(Role::Viewer));
        let left = status(&member, "/api/jobs/list", &[]).await;
        assert_eq!(left, if change == "disable" { 401 } else { 200 });
    }
    let form = [("name", "olga"), ("password", THEIR_PASSWORD)];
    assert_eq!(status(&app.stranger(), "/api/auth/login", &form).await, 401, "disabled");
    assert!(status(&admin, "/api/users/enable", &[("id", &olga)]).await < 400);
    assert!(status(&app.stranger(), "/api/auth/login", &form).await < 400);
    assert_eq!(
        status(&member, "/api/jobs/list", &[]).await,
        401,
        "the old session stays ended"
    );
    app.stop().await;
}

#[tokio::test]
async fn az_12_no_use_succeeds_after_a_role_was_taken_away() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let member = member(&app, &admin, "olga", "admin").await;
    let olga = id_of(&admin, "olga").await;
    for _ in 0..50 {
        let uses = futures::future::join_all((0..4).map(|_| status(&member, "/api/users/list", &[])));
        let form = [("id", olga.as_str()), ("role", "viewer")];
        let (_, revoked) = tokio::join!(uses, status(&admin, "/api/users/set_role", &form));
        assert!(revoked < 400);
        assert_eq!(status(&member, "/api/users/list", &[]).await, 403);
        assert!(status(&admin, "/api/users/set_role", &[("id", &olga), ("role", "admin")]).await < 400);
        assert_eq!(status(&member, "/api/users/list", &[]).await, 200);
    }
    app.stop().await;
}

#[tokio::test]
async fn az_01_each_role_gets_what_its_row_says_from_every_server_function() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let viewer = member(&app, &admin, "vic", "viewer").await;
    let operator = member(&app, &admin, "olga", "operator").await;
    for (path, viewer_may, operator_may) in [
        ("/api/docker/fleet", true, true),
        ("/api/machines/list", true, true),
        ("/api/jobs/list", true, true),
        ("/api/settings/plugins", false, false),
        ("/api/users/list", false, false),
        ("/api/audit/list", false, false),
        ("/api/machines/add_local", false, false),
    ] {
        for (browser, may) in [(&viewer, viewer_may), (&operator, operator_may)] {
            let status = status(browser, path, &[]).await;
            assert_eq!(status != 403, may, "{path}: {status}");
        }
    }
    app.stop().await;
}
