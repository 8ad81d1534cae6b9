//! Migrations of all owners, joined: applied in one order, each in a transaction with its record.

use crate::{
    core::id::UnixMillis,
    error::{AppError, AppResult},
};
use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, Schema, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, seaql_migrations as applied};
use std::collections::HashSet;

struct SqlMigration {
    name: &'static str,
    statements: &'static [&'static str],
}

/// A migration made of SQL statements. The name begins with its owner: `machines_0001_tables`.
pub fn sql_migration(name: &'static str, statements: &'static [&'static str]) -> Box<dyn MigrationTrait> {
    Box::new(SqlMigration { name, statements })
}

impl MigrationName for SqlMigration {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait]
impl MigrationTrait for SqlMigration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in self.statements {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

/// Applies what is missing. Nothing is applied when the database knows more than this program.
pub(super) async fn run(db: &DatabaseConnection, migrations: Vec<Box<dyn MigrationTrait>>) -> AppResult<()> {
    let known = names(&migrations)?;
    let done = applied_names(db).await?;
    if let Some(unknown) = done.iter().filter(|name| !known.contains(*name)).max() {
        return Err(AppError::conflict(format!(
            "The database was written by a newer version of PollySystem: its migration {unknown} is unknown to version {}. \
             Start the newer version, or restore a backup made by this one.",
            env!("CARGO_PKG_VERSION")
        )));
    }
    for migration in migrations.iter().filter(|m| !done.contains(m.name())) {
        apply(db, migration.as_ref())
            .await
            .map_err(|e| AppError::internal(format!("migration {} failed and was undone: {e}", migration.name())))?;
    }
    Ok(())
}

/// Refuses a database that was not brought up to this version.
pub(super) async fn expect_applied(db: &DatabaseConnection, migrations: &[Box<dyn MigrationTrait>]) -> AppResult<()> {
    let rows = applied::Entity::find().all(db).await?;
    let done: HashSet<&str> = rows.iter().map(|row| row.version.as_str()).collect();
    match migrations.iter().all(|m| done.contains(m.name())) {
        true => Ok(()),
        false => Err(AppError::conflict(
            "The database is of an older version of PollySystem. Start the server of this version once, then try again.",
        )),
    }
}

fn names(migrations: &[Box<dyn MigrationTrait>]) -> AppResult<HashSet<String>> {
    let mut names = HashSet::new();
    for migration in migrations {
        if !names.insert(migration.name().to_owned()) {
            return Err(AppError::internal(format!(
                "two migrations are named {}",
                migration.name()
            )));
        }
    }
    Ok(names)
}

async fn applied_names(db: &DatabaseConnection) -> AppResult<HashSet<String>> {
    let mut table = Schema::new(db.get_database_backend()).create_table_from_entity(applied::Entity);
    db.execute(table.if_not_exists()).await?;
    Ok(applied::Entity::find()
        .all(db)
        .await?
        .into_iter()
        .map(|row| row.version)
        .collect())
}

async fn apply(db: &DatabaseConnection, migration: &dyn MigrationTrait) -> Result<(), DbErr> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let tx = db.begin_with_options(options).await?;
    migration.up(&SchemaManager::new(&tx)).await?;
    let record = applied::ActiveModel {
        version: Set(migration.name().to_owned()),
        applied_at: Set(UnixMillis::now().0 / 1000),
    };
    applied::Entity::insert(record).exec_without_returning(&tx).await?;
    tx.commit().await?;
    tracing::info!(migration = migration.name(), "applied");
    Ok(())
}
