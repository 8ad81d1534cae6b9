use super::*;
use crate::core::{
    auth::service::{RequestMeta, Who},
    server::{db::query, secrets::SecretsConfig, services::Services},
};
use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

struct Fixture {
    _dir: TempDir,
    db: Db,
    audit: Audit,
    actor: Actor,
}

async fn open() -> Fixture {
    let dir = TempDir::new().unwrap();
    let db = Db::open(dir.path(), Vec::new()).await.unwrap();
    let secrets = Secrets::open_or_create(&SecretsConfig::default(), dir.path(), &db)
        .await
        .unwrap();
    let audit = Audit::open(&db, &secrets).await.unwrap();
    let meta = RequestMeta {
        request_id: "r-1".to_owned(),
        address: "192.0.2.7".to_owned(),
    };
    let actor = Actor::new(
        Who::System {
            reason: "test".to_owned(),
        },
        meta,
        Arc::new(Services::default()),
    );
    Fixture {
        _dir: dir,
        db,
        audit,
        actor,
    }
}

fn entry(id: &str) -> Entry {
    Entry {
        action: "test.change".to_owned(),
        object: ObjectRef::new("thing", id, "Thing"),
        detail: json!({"id": id}),
    }
}

impl Fixture {
    async fn change(&self, id: &str) -> i64 {
        let (audit, actor, entry) = (self.audit.clone(), self.actor.clone(), entry(id));
        self.db
            .write(move |tx| Box::pin(async move { audit.change_in(tx, &actor, entry).await }))
            .await
            .unwrap()
    }
    async fn six_rows(&self) {
        for i in 1..=6 {
            assert_eq!(self.change(&i.to_string()).await, i);
        }
        assert_eq!(self.audit.verify().await.unwrap(), 6);
    }
    async fn tamper(&self, sql: &'static str) {
        self.db
            .write(move |tx| Box::pin(async move { query::run(tx, sql, []).await }))
            .await
            .unwrap();
    }
    async fn verdict(&self) -> String {
        self.audit.verify().await.unwrap_err().message
    }
}

#[tokio::test]
async fn db_07_an_edited_row_is_named() {
    for column in [
        "at = at + 1",
        "actor_id = 'x'",
        "actor_name = 'x'",
        "address = 'x'",
        "request_id = 'x'",
        "action = 'x'",
        "object_kind = 'x'",
        "object_id = 'x'",
        "object_label = 'x'",
        "phase = 'intent'",
        "phase = 'x'",
        "outcome = ''",
        "intent_seq = 1",
        "detail = '{}'",
        "hash = 'x'",
    ] {
        let f = open().await;
        f.six_rows().await;
        f.tamper(Box::leak(
            format!("UPDATE audit SET {column} WHERE seq = 4").into_boxed_str(),
        ))
        .await;
        assert!(f.verdict().await.contains("row 4 "), "{column}: {}", f.verdict().await);
    }
}

#[tokio::test]
async fn db_07_a_deleted_row_is_named() {
    let f = open().await;
    f.six_rows().await;
    f.tamper("DELETE FROM audit WHERE seq = 3").await;
    assert!(f.verdict().await.contains("row 3 is missing"));
    f.tamper("UPDATE audit SET seq = seq - 1 WHERE seq > 3").await;
    assert!(f.verdict().await.contains("row 3 was changed"));
}

#[tokio::test]
async fn db_07_reordered_rows_are_named() {
    let f = open().await;
    f.six_rows().await;
    for sql in [
        "UPDATE audit SET seq = 0 WHERE seq = 2",
        "UPDATE audit SET seq = 2 WHERE seq = 5",
        "UPDATE audit SET seq = 5 WHERE seq = 0",
    ] {
        f.tamper(sql).await;
    }
    assert!(f.verdict().await.contains("row 2 "));
}

#[tokio::test]
async fn db_07_a_truncated_log_is_named_also_after_new_rows() {
    let f = open().await;
    f.six_rows().await;
    f.tamper("DELETE FROM audit WHERE seq > 4").await;
    assert!(f.verdict().await.contains("row 5 is missing"));
    assert_eq!(f.change("later").await, 7);
    assert!(f.verdict().await.contains("row 5 is missing"));
}

#[tokio::test]
async fn db_07_without_its_head_the_log_takes_no_rows_and_nothing_changes() {
    for sql in [
        "DELETE FROM settings WHERE name = 'core.audit.head'",
        "UPDATE settings SET value = '4 abc def' WHERE name = 'core.audit.head'",
    ] {
        let f = open().await;
        f.six_rows().await;
        f.tamper(sql).await;
        assert!(f.verdict().await.contains("head"));
        let (audit, actor) = (f.audit.clone(), f.actor.clone());
        let work = f.db.write(move |tx| {
            Box::pin(async move {
                query::run(tx, "INSERT INTO settings VALUES ('changed', 'x', 0)", []).await?;
                audit.change_in(tx, &actor, entry("x")).await
            })
        });
        assert!(work.await.is_err());
        assert!(
            query::one(f.db.read(), "SELECT 1 FROM settings WHERE name = 'changed'", [])
                .await
                .unwrap()
                .is_none()
        );
    }
}

#[tokio::test]
async fn an_undone_change_leaves_no_row_and_no_gap() {
    let f = open().await;
    let (audit, actor) = (f.audit.clone(), f.actor.clone());
    let undone = f.db.write(move |tx| {
        Box::pin(async move {
            audit.change_in(tx, &actor, entry("undone")).await?;
            Err::<(), _>(AppError::conflict("no"))
        })
    });
    let (undone, first) = tokio::join!(undone, f.change("kept"));
    assert!(undone.is_err());
    assert_eq!(first, 1);
    assert_eq!(f.audit.verify().await.unwrap(), 1);
}

#[tokio::test]
async fn intents_get_their_outcomes_and_those_of_a_dead_server_too() {
    let f = open().await;
    let done = f.audit.intent(&f.actor, entry("a")).await.unwrap();
    let failed = f.audit.intent(&f.actor, entry("b")).await.unwrap();
    let _lost = f.audit.intent(&f.actor, entry("c")).await.unwrap();
    f.audit.outcome(done, &Ok(())).await.unwrap();
    f.audit
        .outcome(failed, &Err(AppError::conflict("it runs already")))
        .await
        .unwrap();
    f.audit.refused(&f.actor, entry("d"), "not allowed").await.unwrap();
    assert_eq!(f.audit.close_open_intents().await.unwrap(), 1);
    assert_eq!(f.audit.close_open_intents().await.unwrap(), 0);
    let outcome = |rows: Vec<AuditRow>| rows[0].outcome.clone().unwrap();
    assert_eq!(
        outcome(f.audit.list(Some(("thing", "a")), 10, None).await.unwrap()),
        "ok"
    );
    assert_eq!(
        outcome(f.audit.list(Some(("thing", "b")), 10, None).await.unwrap()),
        "it runs already"
    );
    assert!(outcome(f.audit.list(Some(("thing", "c")), 10, None).await.unwrap()).starts_with("unknown"));
    let all = f.audit.list(None, 4, None).await.unwrap();
    assert_eq!(all.iter().map(|r| r.seq).collect::<Vec<_>>(), [7, 6, 5, 4]);
    assert_eq!(f.audit.list(None, 4, Some(4)).await.unwrap()[0].seq, 3);
    assert_eq!(
        (all[0].address.as_str(), all[0].request_id.as_str()),
        ("192.0.2.7", "r-1")
    );
    assert_eq!(f.audit.verify().await.unwrap(), 7);
}

#[tokio::test]
async fn a_reader_beside_the_server_verifies_the_log() {
    let f = open().await;
    f.six_rows().await;
    let beside = Db::open_read_only(f._dir.path()).await.unwrap();
    let secrets = Secrets::open_existing(&SecretsConfig::default(), f._dir.path(), &beside)
        .await
        .unwrap();
    assert_eq!(Audit::open(&beside, &secrets).await.unwrap().verify().await.unwrap(), 6);
}

proptest! {
    #[test]
    fn a_row_is_one_line_whatever_it_holds(text in any::<String>()) {
        let row = AuditRow {
            seq: 1, at: UnixMillis(2), actor_id: text.clone(), actor_name: text.clone(), address: text.clone(), request_id: text.clone(),
            action: text.clone(), object: ObjectRef::new(&text, &text, &text), phase: Phase::Change, outcome: Some(text.clone()),
            intent_seq: None, detail: json!({ text.as_str(): text }),
        };
        let breaks = line(&row).contains(|c: char| c.is_control() || ['\u{2028}', '\u{2029}'].contains(&c));
        prop_assert!(!breaks);
    }
}
