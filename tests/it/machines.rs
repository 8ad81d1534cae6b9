//! Machines over HTTP: what plain forms send, and what the answers say (and never say).

use crate::app::{Browser, TestApp, eventually};
use serde_json::Value;
use std::{net::TcpListener, time::Duration};

/// A port on loopback that nothing listens on.
fn closed_port() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port().to_string()
}

async fn add(admin: &Browser, fields: &[(&str, &str)]) -> reqwest::Response {
    let named: Vec<(String, &str)> = fields.iter().map(|(n, v)| (format!("machine[{n}]"), *v)).collect();
    let form: Vec<(&str, &str)> = named.iter().map(|(n, v)| (n.as_str(), *v)).collect();
    admin.call("/api/machines/add", &form).await
}

async fn refused(response: reqwest::Response) -> (u16, Value) {
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_is_enrolled_by_a_plain_form_and_nothing_is_sent_before_trust() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let port = closed_port();
    let fields = [
        ("name", "web-1"),
        ("host", "127.0.0.1"),
        ("port", &*port),
        ("user", "polly"),
        ("key_mode", "generate"),
    ];
    let added = add(&admin, &fields).await;
    assert!(
        added.status().is_success() || added.status().is_redirection(),
        "{}",
        added.status()
    );
    let list: Value = admin.ask("/api/machines/list", &[]).await;
    let row = &list["rows"][0];
    let id = row["id"].as_str().unwrap().to_owned();
    eventually("it waits for a person", Duration::from_secs(5), || async {
        let list: Value = admin.ask("/api/machines/list", &[]).await;
        (list["rows"][0]["state"] == "untrusted").then_some(())
    })
    .await;
    let detail: Value = admin.ask("/api/machines/detail", &[("id", &id)]).await;
    assert!(
        detail["key"]["public_line"]
            .as_str()
            .unwrap()
            .starts_with("ssh-ed25519 ")
    );
    assert!(
        detail["probe_error"].as_str().unwrap().contains("nothing listens"),
        "{detail}"
    );
    let (status, error) = refused(
        admin
            .call("/api/machines/trust", &[("id", &id), ("fingerprints[0]", "SHA256:x")])
            .await,
    )
    .await;
    assert_eq!((status, &error["kind"]), (409, &Value::from("conflict")));
    let again = refused(add(&admin, &fields).await).await;
    assert_eq!((again.0, &again.1["field"]), (409, &Value::from("name")));
    for path in ["disable", "enable", "reconnect", "delete"] {
        let done = admin.call(&format!("/api/machines/{path}"), &[("id", &id)]).await;
        assert!(
            done.status().is_success() || done.status().is_redirection(),
            "{path}: {}",
            done.status()
        );
    }
    let (status, _) = refused(admin.call("/api/machines/reconnect", &[("id", &id)]).await).await;
    assert_eq!(status, 404, "a deleted machine is a missing one");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sh_05_hostile_fields_are_refused_by_name() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for (field, value) in [
        ("host", "-oProxyCommand=touch /tmp/pwned"),
        ("host", "a b"),
        ("host", "$(id)"),
        ("host", "fe80::1%eth0"),
        ("host", "a\nProxyCommand x"),
        ("user", "-l"),
        ("user", "root;id"),
        ("port", "22 -oProxyCommand=x"),
        ("port", "0"),
        ("name", "a\r\nb"),
        ("key_mode", "file"),
        ("private_key", "ssh-ed25519 AAAA a public one"),
    ] {
        let mode = if field == "private_key" { "paste" } else { "generate" };
        let mut fields = vec![
            ("name", "web"),
            ("host", "127.0.0.1"),
            ("port", "22"),
            ("user", "polly"),
            ("key_mode", mode),
        ];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let (status, error) = refused(add(&admin, &fields).await).await;
        assert_eq!(
            (status, error["field"].as_str()),
            (400, Some(field)),
            "{field}={value:?}: {error}"
        );
    }
    let list: Value = admin.ask("/api/machines/list", &[]).await;
    assert_eq!(list["rows"].as_array().map(Vec::len), Some(0));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn this_host_is_added_with_one_click_and_stands_in_the_page() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let added = admin.call("/api/machines/add_local", &[]).await;
    assert!(
        added.status().is_success() || added.status().is_redirection(),
        "{}",
        added.status()
    );
    eventually("it is up", Duration::from_secs(20), || async {
        let list: Value = admin.ask("/api/machines/list", &[]).await;
        let state = list["rows"][0]["state"].as_str()?.to_owned();
        ["online", "degraded"].contains(&state.as_str()).then_some(())
    })
    .await;
    assert!(admin.html("/machines").await.contains("this host"));
    assert_eq!(refused(admin.call("/api/machines/add_local", &[]).await).await.0, 409);
    assert_eq!(
        refused(app.stranger().call("/api/machines/list", &[]).await).await.0,
        401
    );
    app.stop().await;
}
