//! The audit log as a page, as calls and as lines of JSON.

use crate::{
    app::{Browser, NAME, PASSWORD, TestApp},
    process::Server,
};
use pollysystem::core::{
    audit::{
        model::{AuditPage, AuditRow, Phase},
        service::Entry,
    },
    auth::service::Actor,
    id::ObjectRef,
};
use std::{process::Command, time::Duration};

async fn rows(browser: &Browser, filter: &[(&str, &str)]) -> AuditPage {
    let form: Vec<(String, &str)> = filter.iter().map(|(n, v)| (format!("filter[{n}]"), *v)).collect();
    let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), *v)).collect();
    browser.ask("/api/audit/list", &form).await
}

fn seqs(page: &AuditPage) -> Vec<i64> {
    page.rows.iter().map(|row| row.seq).collect()
}

#[tokio::test]
async fn the_log_is_filtered_by_who_what_how_and_when_and_turns_its_pages() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for n in 0..60 {
        let id = ["monitoring", "docker"][n % 2];
        admin.call("/api/settings/stop_plugin", &[("id", id)]).await;
        admin.call("/api/settings/start_plugin", &[("id", id)]).await;
    }
    app.stranger()
        .call("/api/auth/login", &[("name", NAME), ("password", "a wrong password")])
        .await;
    let first = rows(&admin, &[]).await;
    assert_eq!(first.rows.len(), 50);
    let next = first.next.unwrap().to_string();
    let second = rows(&admin, &[("before", &next)]).await;
    assert_eq!(second.rows[0].seq, first.rows[49].seq - 1);
    let refused = rows(&admin, &[("ending", "refused")]).await;
    assert_eq!(refused.rows.len(), 1);
    let AuditRow {
        phase,
        object,
        address,
        request_id,
        ..
    } = &refused.rows[0];
    assert_eq!(
        (*phase, object.label.as_str(), address.as_str()),
        (Phase::Refused, NAME, "127.0.0.1")
    );
    assert!(!request_id.is_empty());
    assert_eq!(
        seqs(&rows(&admin, &[("object", "AD"), ("ending", "refused")]).await),
        seqs(&refused)
    );
    assert_eq!(
        seqs(&rows(&admin, &[("actor", "anonymous"), ("action", "core.login")]).await),
        seqs(&refused)
    );
    let logins = rows(&admin, &[("actor", "AD"), ("action", "core.login")]).await;
    assert!(logins.rows.iter().all(|row| row.actor_name == NAME) && !logins.rows.is_empty());
    assert!(
        rows(&admin, &[("action", "ore.login")]).await.rows.is_empty(),
        "an action is named from its start"
    );
    assert!(rows(&admin, &[("to", "2020-01-01")]).await.rows.is_empty());
    assert_eq!(
        rows(&admin, &[("from", "2020-01-01"), ("to", "9999-12-31")])
            .await
            .rows
            .len(),
        50
    );
    app.stop().await;
}

#[tokio::test]
async fn in_06_hostile_filters_are_text_or_refused_and_no_database_speaks() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let total = rows(&admin, &[]).await.rows.len();
    let hostile = [
        "'",
        "\"",
        "' OR '1'='1",
        "'; DROP TABLE audit; --",
        "1) UNION SELECT password_phc FROM users --",
        "%",
        "_",
        "!",
        "!%",
        "\\",
        "?",
        "$1",
        "\u{0}",
        "a\u{202e}b",
        "%' OR 1=1 ESCAPE '!",
        "..%2f",
        "&before=1",
        "filter[actor]",
        "{}",
        "-1",
    ];
    for text in hostile {
        for field in ["actor", "action", "object"] {
            if text.contains(char::is_control) {
                let name = format!("filter[{field}]");
                let refused = admin.call("/api/audit/list", &[(name.as_str(), text)]).await;
                assert_eq!(refused.status(), 400, "{field} {text:?}");
                continue;
            }
            let found = rows(&admin, &[(field, text)]).await;
            assert!(found.rows.is_empty(), "{field} {text:?} is no pattern");
        }
        for field in ["ending", "from", "to", "before"] {
            let name = format!("filter[{field}]");
            let answer = admin.call("/api/audit/list", &[(name.as_str(), text)]).await;
            let (status, body) = (answer.status().as_u16(), answer.text().await.unwrap());
            let harmless = field == "before" && text == "-1";
            assert!(status == 400 || harmless, "{field} {text:?}: {status} {body}");
            for word in ["sqlite", "SELECT", "syntax", "audit WHERE"] {
                assert!(!body.contains(word), "{body}");
            }
        }
    }
    assert_eq!(rows(&admin, &[]).await.rows.len(), total, "nothing was changed");
    app.stop().await;
}

#[tokio::test]
async fn in_12_a_name_with_line_breaks_stays_one_row_and_one_line() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let name = "x\n2026-01-01 admin ok \u{1b}[31m";
    let core = &app.server.core;
    let entry = Entry {
        action: "core.test".to_owned(),
        object: ObjectRef::new("host", "", name),
        detail: serde_json::json!({}),
    };
    let actor = Actor::system("a test", core.services.clone());
    core.audit.refused(&actor, entry, name).await.unwrap();
    let mut lines = Vec::new();
    app.server
        .core
        .audit
        .export(0, |line| lines.push(line.to_owned()))
        .await
        .unwrap();
    let row: AuditRow = serde_json::from_str(lines.last().unwrap()).unwrap();
    assert_eq!(row.object.label, name);
    assert!(lines.iter().all(|line| !line.contains(char::is_control)));
    let html = admin.html("/audit?ending=refused").await;
    assert!(html.contains("2026-01-01 admin ok"));
    app.stop().await;
}

#[tokio::test]
async fn what_was_typed_as_a_name_is_not_kept_when_there_is_no_such_account() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for typed in [PASSWORD, "nobody", "x\ny"] {
        let form = [("name", typed), ("password", "a wrong password")];
        assert_eq!(app.stranger().call("/api/auth/login", &form).await.status(), 401);
    }
    let form = [("name", NAME), ("password", "a wrong password")];
    assert_eq!(app.stranger().call("/api/auth/login", &form).await.status(), 401);
    let refused = rows(&admin, &[("action", "core.login"), ("ending", "refused")]).await;
    let labels: Vec<&str> = refused.rows.iter().map(|row| row.object.label.as_str()).collect();
    assert_eq!(
        labels,
        [NAME, "(unknown name)", "(unknown name)", "(unknown name)"],
        "newest first"
    );
    let all = serde_json::to_string(&rows(&admin, &[]).await).unwrap();
    assert!(!all.contains(PASSWORD) && !all.contains("nobody"));
    app.stop().await;
}

#[tokio::test]
async fn the_audit_page_works_without_script_and_shows_a_bad_filter_at_its_field() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.call("/api/settings/stop_plugin", &[("id", "monitoring")]).await;
    let html = admin.html("/audit").await;
    for part in [
        "core.login",
        "127.0.0.1",
        "method=\"get\"",
        "Row <!>1",
        "<option value=\"refused\"",
    ] {
        assert!(html.contains(part), "{part} not in {html}");
    }
    let none = admin.html("/audit?actor=nobody-of-this-name").await;
    assert!(none.contains("No row matches") && none.contains("nobody-of-this-name"));
    let bad = admin.html("/audit?from=yesterday").await;
    assert!(bad.contains("This is no day") && bad.contains("aria-invalid"), "{bad}");
    app.stop().await;
}

#[tokio::test]
async fn the_log_is_exported_as_lines_of_json_beside_a_running_server() {
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
    let form = [
        ("code", code.as_str()),
        ("name", NAME),
        ("password", PASSWORD),
        ("password_again", PASSWORD),
    ];
    Browser::new(address.clone(), address)
        .ask::<()>("/api/auth/setup", &form)
        .await;
    let export = |more: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_pollysystem"))
            .args(["audit", "export", "--data-dir"])
            .arg(data.path())
            .args(more)
            .output()
            .unwrap();
        assert!(out.status.success(), "{out:?}");
        let text = String::from_utf8(out.stdout).unwrap();
        text.lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect::<Vec<serde_json::Value>>()
    };
    let all = export(&[]);
    assert_eq!(
        all.iter().map(|row| row["seq"].as_i64().unwrap()).collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(all[0]["action"], "core.setup");
    assert!(all.iter().all(|row| row["hash"].as_str().unwrap().len() == 64));
    assert_eq!(export(&["--after", "1"]), all[1..]);
    server.signal("TERM");
    server.exit(Duration::from_secs(25));
}
