//! The machines' tables. Private keys are sealed before they come here.

use super::ssh::hostkey::HostKey;
use crate::{
    core::{
        id::UnixMillis,
        server::db::{query, sql_migration},
    },
    error::{AppError, AppResult},
    plugins::machines::model::{HostAddress, KeyId, KeySummary, MachineId, PinnedHostKey, SshUser},
};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use sea_orm_migration::MigrationTrait;

/// In order; the names begin with `machines_`.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        sql_migration("machines_0001_tables", TABLES),
        sql_migration("machines_0002_described", DESCRIBED),
    ]
}

/// Tags are one text, sorted, with a space between two: no tag holds one.
const DESCRIBED: &[&str] = &[
    "ALTER TABLE machines ADD COLUMN tags TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE machines ADD COLUMN docker_socket TEXT",
    "ALTER TABLE machines ADD COLUMN notes TEXT NOT NULL DEFAULT ''",
];

const TABLES: &[&str] = &[
    "CREATE TABLE ssh_keys (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        algorithm TEXT NOT NULL,
        public_line TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        private_sealed TEXT NOT NULL,
        created_at BIGINT NOT NULL
    )",
    "CREATE TABLE machines (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        host TEXT,
        port INTEGER,
        user_name TEXT,
        key_id TEXT REFERENCES ssh_keys(id),
        disabled_at BIGINT,
        created_at BIGINT NOT NULL
    )",
    "CREATE INDEX machines_key ON machines(key_id)",
    "CREATE TABLE machine_host_keys (
        machine_id TEXT NOT NULL REFERENCES machines(id) ON DELETE CASCADE,
        fingerprint TEXT NOT NULL,
        algorithm TEXT NOT NULL,
        public_line TEXT NOT NULL,
        accepted_by TEXT NOT NULL,
        accepted_at BIGINT NOT NULL,
        PRIMARY KEY (machine_id, fingerprint)
    )",
];

/// One machine as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub id: MachineId,
    pub name: String,
    /// `None`: this host.
    pub ssh: Option<SshTarget>,
    pub disabled: bool,
    pub tags: Vec<String>,
    /// Where the engine's socket is; `None`: found by itself.
    pub docker_socket: Option<String>,
    pub notes: String,
    pub created_at: UnixMillis,
}

/// Where and as whom to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshTarget {
    pub host: HostAddress,
    pub port: u16,
    pub user: SshUser,
    pub key_id: KeyId,
}

pub async fn insert(db: &impl ConnectionTrait, record: &Record) -> AppResult<()> {
    let sql = "INSERT INTO machines (name, host, port, user_name, key_id, tags, docker_socket, notes, kind, created_at, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let kind = if record.ssh.is_some() { "ssh" } else { "local" };
    let rest = [kind.into(), record.created_at.0.into(), record.id.to_string().into()];
    let values = changeable(record).into_iter().chain(rest);
    query::run(db, sql, values).await.map(|_| ())
}

/// Writes what a person may change of a machine.
pub async fn update(db: &impl ConnectionTrait, record: &Record) -> AppResult<()> {
    let sql = "UPDATE machines SET name = ?, host = ?, port = ?, user_name = ?, key_id = ?, tags = ?, docker_socket = ?, notes = ? WHERE id = ?";
    let values = changeable(record).into_iter().chain([record.id.to_string().into()]);
    query::run(db, sql, values).await.map(|_| ())
}

fn changeable(record: &Record) -> [Value; 8] {
    let ssh = record.ssh.as_ref();
    [
        record.name.clone().into(),
        ssh.map(|s| s.host.to_string()).into(),
        ssh.map(|s| i32::from(s.port)).into(),
        ssh.map(|s| s.user.to_string()).into(),
        ssh.map(|s| s.key_id.to_string()).into(),
        record.tags.join(" ").into(),
        record.docker_socket.clone().into(),
        record.notes.clone().into(),
    ]
}

/// The machine of this name, however it is spelt.
pub async fn by_name(db: &impl ConnectionTrait, name: &str) -> AppResult<Option<Record>> {
    let sql = "SELECT * FROM machines WHERE lower(name) = lower(?)";
    query::one(db, sql, [name.into()])
        .await?
        .as_ref()
        .map(record)
        .transpose()
}

/// Whether this host is one of the machines.
pub async fn has_local(db: &impl ConnectionTrait) -> AppResult<bool> {
    let row = query::one(db, "SELECT id FROM machines WHERE kind = ?", ["local".into()]).await?;
    Ok(row.is_some())
}

/// Machines with one of this one's accepted host keys.
pub async fn same_host_key(db: &impl ConnectionTrait, id: MachineId) -> AppResult<Vec<MachineId>> {
    let sql = "SELECT DISTINCT machine_id FROM machine_host_keys WHERE machine_id <> ? AND fingerprint IN (SELECT fingerprint FROM machine_host_keys WHERE machine_id = ?)";
    let rows = query::all(db, sql, [id.to_string().into(), id.to_string().into()]).await?;
    rows.iter().map(|row| query::id(row, "machine_id")).collect()
}

pub async fn all(db: &impl ConnectionTrait) -> AppResult<Vec<Record>> {
    query::all(db, "SELECT * FROM machines ORDER BY id", [])
        .await?
        .iter()
        .map(record)
        .collect()
}

pub async fn by_id(db: &impl ConnectionTrait, id: MachineId) -> AppResult<Option<Record>> {
    query::one(db, "SELECT * FROM machines WHERE id = ?", [id.to_string().into()])
        .await?
        .as_ref()
        .map(record)
        .transpose()
}

pub async fn set_disabled(db: &impl ConnectionTrait, id: MachineId, at: Option<UnixMillis>) -> AppResult<()> {
    let values = [at.map(|at| at.0).into(), id.to_string().into()];
    query::run(db, "UPDATE machines SET disabled_at = ? WHERE id = ?", values)
        .await
        .map(|_| ())
}

/// Deletes the machine, its accepted host keys, and its login key when no other machine uses it.
pub async fn delete(db: &impl ConnectionTrait, id: MachineId) -> AppResult<()> {
    let Some(record) = by_id(db, id).await? else {
        return Ok(());
    };
    query::run(
        db,
        "DELETE FROM machine_host_keys WHERE machine_id = ?",
        [id.to_string().into()],
    )
    .await?;
    query::run(db, "DELETE FROM machines WHERE id = ?", [id.to_string().into()]).await?;
    match record.ssh {
        Some(ssh) => drop_unused_key(db, ssh.key_id).await,
        None => Ok(()),
    }
}

/// Deletes a login key when no machine uses it any more.
pub async fn drop_unused_key(db: &impl ConnectionTrait, key: KeyId) -> AppResult<()> {
    let sql = "DELETE FROM ssh_keys WHERE id = ? AND NOT EXISTS (SELECT 1 FROM machines WHERE key_id = ?)";
    let key = key.to_string();
    query::run(db, sql, [key.clone().into(), key.into()]).await.map(|_| ())
}

/// Makes `keys` the machine's only accepted ones.
pub async fn pin(
    db: &impl ConnectionTrait,
    id: MachineId,
    keys: &[HostKey],
    by: &str,
    at: UnixMillis,
) -> AppResult<()> {
    query::run(
        db,
        "DELETE FROM machine_host_keys WHERE machine_id = ?",
        [id.to_string().into()],
    )
    .await?;
    let sql = "INSERT INTO machine_host_keys (machine_id, fingerprint, algorithm, public_line, accepted_by, accepted_at) VALUES (?, ?, ?, ?, ?, ?)";
    for key in keys {
        let values = [
            id.to_string().into(),
            key.fingerprint().into(),
            key.algorithm().into(),
            key.line().into(),
            by.into(),
            at.0.into(),
        ];
        query::run(db, sql, values).await?;
    }
    Ok(())
}

/// The accepted host keys, best first; what ssh and the agent are given.
pub async fn pins(db: &impl ConnectionTrait, id: MachineId) -> AppResult<Vec<HostKey>> {
    let rows = query::all(
        db,
        "SELECT public_line FROM machine_host_keys WHERE machine_id = ?",
        [id.to_string().into()],
    )
    .await?;
    let lines = rows
        .iter()
        .map(|row| Ok(row.try_get::<String>("", "public_line")?))
        .collect::<AppResult<Vec<_>>>()?;
    let mut keys = lines
        .iter()
        .map(|line| HostKey::parse(line))
        .collect::<AppResult<Vec<_>>>()?;
    super::ssh::hostkey::sort(&mut keys);
    Ok(keys)
}

/// The same for a page.
pub async fn pinned(db: &impl ConnectionTrait, id: MachineId) -> AppResult<Vec<PinnedHostKey>> {
    let sql = "SELECT * FROM machine_host_keys WHERE machine_id = ? ORDER BY algorithm";
    let one = |row: &QueryResult| {
        Ok(PinnedHostKey {
            algorithm: row.try_get("", "algorithm")?,
            fingerprint: row.try_get("", "fingerprint")?,
            accepted_by: row.try_get("", "accepted_by")?,
            accepted_at: UnixMillis(row.try_get("", "accepted_at")?),
        })
    };
    query::all(db, sql, [id.to_string().into()])
        .await?
        .iter()
        .map(one)
        .collect()
}

pub async fn insert_key(db: &impl ConnectionTrait, key: &KeySummary, sealed: &str, at: UnixMillis) -> AppResult<()> {
    let sql = "INSERT INTO ssh_keys (id, name, algorithm, public_line, fingerprint, private_sealed, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)";
    let text = |text: &String| text.clone().into();
    let values = [
        key.id.to_string().into(),
        text(&key.name),
        text(&key.algorithm),
        text(&key.public_line),
        text(&key.fingerprint),
        sealed.into(),
        at.0.into(),
    ];
    query::run(db, sql, values).await.map(|_| ())
}

/// The public sides of all keys, oldest first.
pub async fn keys(db: &impl ConnectionTrait) -> AppResult<Vec<KeySummary>> {
    query::all(
        db,
        "SELECT id, name, algorithm, public_line, fingerprint FROM ssh_keys ORDER BY id",
        [],
    )
    .await?
    .iter()
    .map(key)
    .collect()
}

pub async fn key_by_id(db: &impl ConnectionTrait, id: KeyId) -> AppResult<Option<KeySummary>> {
    let sql = "SELECT id, name, algorithm, public_line, fingerprint FROM ssh_keys WHERE id = ?";
    query::one(db, sql, [id.to_string().into()])
        .await?
        .as_ref()
        .map(key)
        .transpose()
}

/// The key that is held already, if this one is.
pub async fn key_by_fingerprint(db: &impl ConnectionTrait, fingerprint: &str) -> AppResult<Option<KeySummary>> {
    let sql = "SELECT id, name, algorithm, public_line, fingerprint FROM ssh_keys WHERE fingerprint = ? ORDER BY id";
    query::one(db, sql, [fingerprint.into()])
        .await?
        .as_ref()
        .map(key)
        .transpose()
}

pub async fn sealed_key(db: &impl ConnectionTrait, id: KeyId) -> AppResult<String> {
    let row = query::one(
        db,
        "SELECT private_sealed FROM ssh_keys WHERE id = ?",
        [id.to_string().into()],
    )
    .await?;
    Ok(row
        .ok_or_else(|| AppError::not_found("SSH key"))?
        .try_get("", "private_sealed")?)
}

fn key(row: &QueryResult) -> AppResult<KeySummary> {
    Ok(KeySummary {
        id: query::id(row, "id")?,
        name: row.try_get("", "name")?,
        algorithm: row.try_get("", "algorithm")?,
        public_line: row.try_get("", "public_line")?,
        fingerprint: row.try_get("", "fingerprint")?,
    })
}

fn record(row: &QueryResult) -> AppResult<Record> {
    Ok(Record {
        id: query::id(row, "id")?,
        name: row.try_get("", "name")?,
        ssh: if row.try_get::<String>("", "kind")? == "ssh" {
            Some(target(row)?)
        } else {
            None
        },
        disabled: row.try_get::<Option<i64>>("", "disabled_at")?.is_some(),
        tags: row
            .try_get::<String>("", "tags")?
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        docker_socket: row.try_get("", "docker_socket")?,
        notes: row.try_get("", "notes")?,
        created_at: UnixMillis(row.try_get("", "created_at")?),
    })
}

fn target(row: &QueryResult) -> AppResult<SshTarget> {
    let port: i32 = row.try_get("", "port")?;
    Ok(SshTarget {
        host: HostAddress::parse(&row.try_get::<String>("", "host")?)?,
        port: u16::try_from(port).map_err(AppError::internal)?,
        user: SshUser::parse(&row.try_get::<String>("", "user_name")?)?,
        key_id: query::id(row, "key_id")?,
    })
}
