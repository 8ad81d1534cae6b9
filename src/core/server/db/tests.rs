use super::*;
use crate::error::ErrorKind;
use sea_orm::{ConnectionTrait, Statement};
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;

const NOTES: &[&str] = &["CREATE TABLE notes (name TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL)"];

fn notes() -> Vec<Box<dyn MigrationTrait>> {
    vec![sql_migration("test_0001_notes", NOTES)]
}

async fn open() -> (TempDir, Db) {
    let dir = TempDir::new().unwrap();
    let db = Db::open(dir.path(), notes()).await.unwrap();
    (dir, db)
}

async fn insert(tx: &Tx, name: &str) -> AppResult<()> {
    let values = [name.into(), "text".into()];
    tx.execute_raw(Statement::from_sql_and_values(
        tx.get_database_backend(),
        "INSERT INTO notes VALUES (?, ?)",
        values,
    ))
    .await?;
    Ok(())
}

async fn names(db: &Db) -> Vec<String> {
    let rows = db.read().query_all_raw(Statement::from_string(
        db.read().get_database_backend(),
        "SELECT name FROM notes ORDER BY name",
    ));
    rows.await
        .unwrap()
        .iter()
        .map(|row| row.try_get("", "name").unwrap())
        .collect()
}

async fn pragma(connection: &impl ConnectionTrait, name: &str) -> String {
    let statement = Statement::from_string(connection.get_database_backend(), format!("PRAGMA {name}"));
    let row = connection.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index::<String>(0)
        .or_else(|_| row.try_get_by_index::<i64>(0).map(|n| n.to_string()))
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_writers_at_once_are_all_durable() {
    let (dir, db) = open().await;
    let writers = (0..64).map(|i| {
        let db = db.clone();
        tokio::spawn(async move {
            db.write(move |tx| Box::pin(async move { insert(tx, &format!("note-{i:02}")).await.map(|()| i) }))
                .await
        })
    });
    for (i, writer) in futures::future::join_all(writers).await.into_iter().enumerate() {
        assert_eq!(writer.unwrap().unwrap(), i);
    }
    // What was answered is in the files at once: a copy of them, as after a power cut, has every row.
    let copy = TempDir::new().unwrap();
    for file in [FILE_NAME.to_owned(), format!("{FILE_NAME}-wal")] {
        std::fs::copy(dir.path().join(&file), copy.path().join(&file)).unwrap();
    }
    let reopened = Db::open(copy.path(), notes()).await.unwrap();
    assert_eq!(names(&reopened).await.len(), 64);
    assert_eq!(pragma(reopened.read(), "integrity_check").await, "ok");
}

#[tokio::test]
async fn an_error_undoes_only_its_own_closure() {
    let (_dir, db) = open().await;
    let write = |name: &'static str, fail: bool| {
        db.write(move |tx| {
            Box::pin(async move {
                insert(tx, name).await?;
                if fail { Err(AppError::conflict("no")) } else { Ok(()) }
            })
        })
    };
    let (a, b, c) = tokio::join!(write("a", false), write("b", true), write("c", false));
    assert!(a.is_ok() && c.is_ok());
    assert_eq!(b.unwrap_err().kind, ErrorKind::Conflict);
    assert_eq!(names(&db).await, ["a", "c"]);
}

#[tokio::test]
async fn a_closure_that_fails_without_a_statement_undoes_nobody() {
    let (_dir, db) = open().await;
    let write = |name: &'static str| db.write(move |tx| Box::pin(async move { insert(tx, name).await }));
    let fails = || db.write::<(), _>(|_| Box::pin(async { Err(AppError::conflict("no")) }));
    let (a, b, c, d, e) = tokio::join!(write("a"), fails(), write("b"), fails(), write("c"));
    assert!(a.is_ok() && b.is_err() && c.is_ok() && d.is_err() && e.is_ok());
    assert_eq!(names(&db).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn the_first_statement_of_a_closure_counts_its_own_rows_only() {
    let (_dir, db) = open().await;
    let several = db.write(|tx| {
        Box::pin(async move { query::run(tx, "INSERT INTO notes VALUES ('a', ''), ('b', ''), ('c', '')", []).await })
    });
    let one = db.write(|tx| {
        Box::pin(
            async move { query::run(tx, "UPDATE notes SET text = ? WHERE name = ?", ["x".into(), "b".into()]).await },
        )
    });
    let none =
        db.write(|tx| Box::pin(async move { query::run(tx, "DELETE FROM notes WHERE name = ?", ["z".into()]).await }));
    let found = db.write(|tx| {
        Box::pin(async move {
            Ok(query::all(tx, "SELECT name FROM notes WHERE text = ?", ["x".into()])
                .await?
                .len())
        })
    });
    let (several, one, none, found) = tokio::join!(several, one, none, found);
    assert_eq!(
        (several.unwrap(), one.unwrap(), none.unwrap(), found.unwrap()),
        (3, 1, 0, 1)
    );
}

#[tokio::test]
async fn a_closure_that_is_cut_off_undoes_its_own_work_only() {
    let (_dir, db) = open().await;
    let slow = db.write::<(), _>(|tx| {
        Box::pin(async move {
            insert(tx, "gone").await?;
            // Longer than a closure may take.
            tokio::time::sleep(Duration::from_secs(11)).await;
            Ok(())
        })
    });
    let before = db.write(|tx| Box::pin(async move { insert(tx, "before").await }));
    let after = db.write(|tx| Box::pin(async move { insert(tx, "after").await }));
    let (before, slow, after) = tokio::join!(before, slow, after);
    assert_eq!(slow.unwrap_err().kind, ErrorKind::Timeout);
    assert!(before.is_ok() && after.is_ok());
    assert_eq!(names(&db).await, ["after", "before"]);
}

#[tokio::test]
async fn a_panicking_closure_does_not_end_the_writer() {
    let (_dir, db) = open().await;
    let panicking = db.write::<(), _>(|tx| {
        Box::pin(async move {
            insert(tx, "gone").await?;
            panic!("on purpose")
        })
    });
    let other = db.write(|tx| Box::pin(async move { insert(tx, "stays").await }));
    let (panicked, stayed) = tokio::join!(panicking, other);
    assert_eq!(panicked.unwrap_err().kind, ErrorKind::Internal);
    stayed.unwrap();
    db.write(|tx| Box::pin(async move { insert(tx, "later").await }))
        .await
        .unwrap();
    assert_eq!(names(&db).await, ["later", "stays"]);
}

#[tokio::test]
async fn a_caller_that_goes_away_cancels_nothing() {
    let (_dir, db) = open().await;
    let gone = {
        let db = db.clone();
        tokio::spawn(async move {
            db.write(|tx| {
                Box::pin(async move {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    insert(tx, "done anyway").await
                })
            })
            .await
        })
    };
    tokio::time::sleep(Duration::from_millis(30)).await;
    gone.abort();
    db.write(|tx| Box::pin(async move { insert(tx, "after").await }))
        .await
        .unwrap();
    assert_eq!(names(&db).await, ["after", "done anyway"]);
}

#[tokio::test]
async fn when_the_commit_fails_every_caller_is_told_and_the_writer_goes_on() {
    let (_dir, db) = open().await;
    // The closure ends the transaction behind sqlx's back, as SQLite does by itself on a full disk.
    let breaker = db.write(|tx| {
        Box::pin(async move {
            tx.execute_unprepared("ROLLBACK").await?;
            Ok(())
        })
    });
    let innocent = db.write(|tx| Box::pin(async move { insert(tx, "lost").await }));
    let (first, breaking) = tokio::join!(innocent, breaker);
    assert!(first.is_err() && breaking.is_err());
    db.write(|tx| Box::pin(async move { insert(tx, "kept").await }))
        .await
        .unwrap();
    assert_eq!(names(&db).await, ["kept"]);
}

#[tokio::test]
async fn readers_cannot_write_and_see_no_uncommitted_row() {
    let (_dir, db) = open().await;
    assert!(db.read().execute_unprepared("DELETE FROM notes").await.is_err());
    let reader = db.clone();
    db.write(move |tx| {
        Box::pin(async move {
            insert(tx, "a").await?;
            assert!(names(&reader).await.is_empty());
            Ok(())
        })
    })
    .await
    .unwrap();
    assert_eq!(names(&db).await, ["a"]);
}

#[tokio::test]
async fn the_write_connection_is_durable_and_checks_foreign_keys() {
    let (_dir, db) = open().await;
    let found = db
        .write(|tx| {
            Box::pin(async move {
                let all = [
                    pragma(tx, "journal_mode").await,
                    pragma(tx, "synchronous").await,
                    pragma(tx, "foreign_keys").await,
                ];
                Ok(all)
            })
        })
        .await
        .unwrap();
    assert_eq!(found, ["wal", "2", "1"]);
}

#[tokio::test]
async fn the_database_and_its_directory_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let parent = TempDir::new().unwrap();
    let dir = parent.path().join("data");
    let db = Db::open(&dir, notes()).await.unwrap();
    db.write(|tx| Box::pin(async move { insert(tx, "a").await }))
        .await
        .unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&dir.join(FILE_NAME)), 0o600);
    assert_eq!(mode(&dir.join(format!("{FILE_NAME}-wal"))), 0o600);
}

#[tokio::test]
async fn db_06_a_second_server_on_the_same_directory_is_refused() {
    let (dir, db) = open().await;
    let refused = Db::open(dir.path(), notes()).await.err().unwrap();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    assert!(
        refused.message.contains(&dir.path().display().to_string()),
        "{}",
        refused.message
    );
    db.close().await;
    Db::open(dir.path(), notes()).await.unwrap();
}

#[tokio::test]
async fn db_10_close_finishes_what_waits_and_empties_the_log() {
    let (dir, db) = open().await;
    let waiting: Vec<_> = (0..200)
        .map(|i| {
            let db = db.clone();
            tokio::spawn(async move {
                db.write(move |tx| Box::pin(async move { insert(tx, &format!("{i:03}")).await }))
                    .await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    db.close().await;
    let answered = futures::future::join_all(waiting)
        .await
        .into_iter()
        .filter(|a| matches!(a, Ok(Ok(()))))
        .count();
    let late = db
        .write(|tx| Box::pin(async move { insert(tx, "late").await }))
        .await
        .unwrap_err();
    assert_eq!(late.kind, ErrorKind::Unavailable);
    let wal = std::fs::metadata(dir.path().join(format!("{FILE_NAME}-wal"))).map_or(0, |m| m.len());
    assert_eq!(wal, 0);
    let reopened = Db::open(dir.path(), notes()).await.unwrap();
    assert_eq!(names(&reopened).await.len(), answered);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_by_name() {
    let (dir, db) = open().await;
    db.close().await;
    let refused = Db::open(dir.path(), Vec::new()).await.err().unwrap();
    assert!(refused.message.contains("test_0001_notes"), "{}", refused.message);
}

#[tokio::test]
async fn a_failing_migration_leaves_nothing_behind() {
    let (dir, db) = open().await;
    db.close().await;
    let mut broken = notes();
    broken.push(sql_migration(
        "test_0002_broken",
        &["CREATE TABLE half (id TEXT)", "CREATE TABLE nonsense ("],
    ));
    assert!(Db::open(dir.path(), broken).await.is_err());
    let mut mended = notes();
    mended.push(sql_migration("test_0002_broken", &["CREATE TABLE half (id TEXT)"]));
    // The failed open may hold the directory for a moment longer.
    let db = Db::open(dir.path(), mended).await.unwrap();
    assert!(names(&db).await.is_empty());
}

#[tokio::test]
async fn two_migrations_of_one_name_are_refused() {
    let dir = TempDir::new().unwrap();
    let mut twice = notes();
    twice.extend(notes());
    assert!(Db::open(dir.path(), twice).await.is_err());
}

#[tokio::test]
async fn a_read_only_database_opens_beside_the_server_and_refuses_writes() {
    let (dir, db) = open().await;
    db.write(|tx| Box::pin(async move { insert(tx, "a").await }))
        .await
        .unwrap();
    let beside = Db::open_read_only(dir.path()).await.unwrap();
    assert_eq!(names(&beside).await, ["a"]);
    let refused = beside
        .write(|tx| Box::pin(async move { insert(tx, "b").await }))
        .await
        .unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_taken_name_is_a_conflict_and_errors_carry_the_callers_request_id() {
    let (_dir, db) = open().await;
    let db = Arc::new(db);
    db.write(|tx| Box::pin(async move { insert(tx, "a").await }))
        .await
        .unwrap();
    let again = crate::error::REQUEST_ID
        .scope(
            "request-7".to_owned(),
            db.write(|tx| Box::pin(async move { insert(tx, "a").await })),
        )
        .await
        .unwrap_err();
    assert_eq!(
        (again.kind, again.request_id.as_deref()),
        (ErrorKind::Conflict, Some("request-7"))
    );
}
