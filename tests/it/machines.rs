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
    let (status, error) = refused(
        admin
            .call("/api/machines/delete", &[("id", &id), ("typed", "web")])
            .await,
    )
    .await;
    assert_eq!((status, &error["field"]), (400, &Value::from("typed")));
    for path in ["disable", "enable", "reconnect", "delete"] {
        let form = [("id", &*id), ("typed", "web-1")];
        let form = if path == "delete" { &form[..] } else { &form[..1] };
        let done = admin.call(&format!("/api/machines/{path}"), form).await;
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

/// A key pair made by the installed ssh-keygen, with this passphrase.
fn key_pair(kind: &[&str], passphrase: &str) -> (String, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    let mut keygen = std::process::Command::new("ssh-keygen");
    keygen
        .args(["-q", "-N", passphrase, "-C", "somebody"])
        .args(kind)
        .arg("-f")
        .arg(&file);
    assert!(keygen.status().unwrap().success());
    let read = |path: &str| std::fs::read_to_string(dir.path().join(path)).unwrap();
    (read("key"), read("key.pub"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_cannot_be_used_are_refused_in_a_sentence_that_says_what_to_do() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (private, public) = key_pair(&["-t", "ed25519"], "");
    let (locked, _) = key_pair(&["-t", "ed25519"], "opens it");
    let (old_pem, _) = key_pair(&["-t", "rsa", "-b", "2048", "-m", "PEM"], "opens it");
    let half: String = private.lines().take(4).map(|line| format!("{line}\n")).collect();
    let swapped = private.replacen("b3Bl", "b3BX", 1);
    for (key, passphrase, field, says) in [
        (public.as_str(), "", "private_key", "without .pub"),
        (locked.as_str(), "", "passphrase", "Give its passphrase"),
        (locked.as_str(), "does not", "passphrase", "does not open this key"),
        (old_pem.as_str(), "", "passphrase", "Give its passphrase"),
        (old_pem.as_str(), "does not", "passphrase", "does not open this key"),
        (half.as_str(), "", "private_key", "pasted whole"),
        (swapped.as_str(), "", "private_key", "pasted whole"),
        ("PuTTY-User-Key-File-3: ssh-ed25519", "", "private_key", "PuTTYgen"),
        ("hello", "", "private_key", "not a private key"),
        ("", "", "private_key", "Paste"),
    ] {
        let fields = [
            ("name", "web"),
            ("host", "127.0.0.1"),
            ("port", "1"),
            ("user", "polly"),
            ("key_mode", "paste"),
            ("private_key", key),
            ("passphrase", passphrase),
        ];
        let (status, error) = refused(add(&admin, &fields).await).await;
        let message = error["message"].as_str().unwrap();
        assert_eq!((status, error["field"].as_str()), (400, Some(field)), "{error}");
        assert!(message.contains(says), "{says:?} is not in {message:?}");
    }
    for (name, key) in [("locked", &locked), ("old", &old_pem)] {
        let fields = [
            ("name", name),
            ("host", "127.0.0.1"),
            ("port", "1"),
            ("user", "polly"),
            ("key_mode", "paste"),
            ("private_key", key),
            ("passphrase", "opens it"),
        ];
        let added = add(&admin, &fields).await;
        assert!(
            added.status().is_success() || added.status().is_redirection(),
            "{name}: {}",
            added.status()
        );
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_is_changed_by_a_plain_form_and_its_tabs_have_addresses() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let fields = [
        ("name", "web-1"),
        ("host", "127.0.0.1"),
        ("port", "1"),
        ("user", "polly"),
        ("key_mode", "generate"),
        ("tags", "env=prod, web"),
    ];
    add(&admin, &fields).await;
    add(
        &admin,
        &[
            fields[1],
            fields[2],
            fields[3],
            fields[4],
            ("name", "db-1"),
            ("tags", "env=test"),
        ],
    )
    .await;
    let list: Value = admin.ask("/api/machines/list", &[]).await;
    let rows = list["rows"].as_array().unwrap();
    let id = rows.iter().find(|row| row["name"] == "web-1").unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let html = admin.html(&format!("/machines/{id}/settings")).await;
    for kept in [
        "value=\"web-1\"",
        "value=\"127.0.0.1\"",
        "value=\"env=prod web\"",
        "Type its name, web-1, to delete it",
    ] {
        assert!(html.contains(kept), "{kept} is not in the form");
    }
    let change = [
        ("id", &*id),
        ("machine[name]", "web-2"),
        ("machine[host]", "127.0.0.1"),
        ("machine[port]", "2"),
        ("machine[user]", "polly"),
        ("machine[key_mode]", "keep"),
        ("machine[tags]", "env=prod"),
        ("machine[docker_socket]", "/run/user/7/docker.sock"),
        ("machine[notes]", "<b>rack 4</b>"),
    ];
    let done = admin.call("/api/machines/edit", &change).await;
    assert!(
        done.status().is_success() || done.status().is_redirection(),
        "{}",
        done.status()
    );
    let detail: Value = admin.ask("/api/machines/detail", &[("id", &id)]).await;
    assert_eq!(
        (&detail["row"]["address"], &detail["docker_socket"]),
        (&"127.0.0.1:2".into(), &"/run/user/7/docker.sock".into())
    );
    let page = admin.html(&format!("/machines/{id}")).await;
    assert!(
        page.contains("&lt;b&gt;rack 4&lt;/b&gt;") && !page.contains("<b>rack"),
        "notes are text"
    );
    for tab in ["containers", "history", "connection", "settings"] {
        let page = admin.html(&format!("/machines/{id}/{tab}")).await;
        assert!(
            page.contains("web-2") && page.contains("aria-current=\"page\""),
            "{tab}"
        );
    }
    assert!(
        admin
            .html(&format!("/machines/{id}/nowhere"))
            .await
            .contains("There is no such tab")
    );
    // the data for the browser names every machine; a name between tags is one that is shown
    let shows = async |path: &str, name: &str| admin.html(path).await.contains(&format!(">{name}<"));
    assert!(shows("/machines?tag=env=prod", "web-2").await && !shows("/machines?tag=env=prod", "db-1").await);
    assert!(shows("/machines?q=DB", "db-1").await && !shows("/machines?q=DB", "web-2").await);
    assert!(
        admin
            .html("/machines?q=nothing-like-it")
            .await
            .contains("No machine fits")
    );
    assert!(shows("/machines?view=cards&sort=-name", "web-2").await);
    app.stop().await;
}
