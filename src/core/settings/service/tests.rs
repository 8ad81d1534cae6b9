use super::*;
use crate::core::{
    auth::service::Actor,
    server::{
        secrets::{Secrets, SecretsConfig},
        services::Services,
    },
};
use std::sync::Arc;
use tempfile::TempDir;

async fn open() -> (TempDir, Settings) {
    let dir = TempDir::new().unwrap();
    let db = Db::open(dir.path(), Vec::new()).await.unwrap();
    let secrets = Secrets::open_or_create(&SecretsConfig::default(), dir.path(), &db)
        .await
        .unwrap();
    let audit = Audit::open(&db, &secrets).await.unwrap();
    (dir, Settings::new(db, audit))
}

async fn granted() -> Authorized<Instance, SettingsManage> {
    Actor::system("test", Arc::new(Services::default()))
        .authorise(())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_setting_is_kept_and_each_change_audited_once() {
    let (_dir, settings) = open().await;
    let set = async |value: Option<&str>| {
        settings
            .set(granted().await, "docker.poll_seconds", value.map(str::to_owned))
            .await
            .unwrap()
    };
    set(Some("5")).await;
    set(Some("7")).await;
    set(Some("7")).await;
    assert_eq!(settings.get("docker.poll_seconds").await.unwrap().as_deref(), Some("7"));
    assert_eq!(
        settings.all("docker.").await.unwrap(),
        [("docker.poll_seconds".to_owned(), "7".to_owned())]
    );
    set(None).await;
    assert_eq!(settings.get("docker.poll_seconds").await.unwrap(), None);
    let rows = settings
        .audit
        .list(Some(("setting", "docker.poll_seconds")), 10, None)
        .await
        .unwrap();
    assert_eq!(
        rows.iter().map(|r| r.detail["before"].clone()).collect::<Vec<_>>(),
        [json!("7"), json!("5"), json!(null)]
    );
}

#[tokio::test]
async fn the_audit_logs_head_is_no_setting() {
    let (_dir, settings) = open().await;
    assert!(settings.all("").await.unwrap().is_empty());
    for name in ["core.audit.head", "", "x", "Docker.Poll", "docker.poll seconds"] {
        assert!(
            settings.set(granted().await, name, Some("x".to_owned())).await.is_err(),
            "{name}"
        );
    }
    assert!(settings.audit.verify().await.is_ok());
}
