//! The core's tables. Ids are TEXT (UUIDv7), times BIGINT (Unix milliseconds), JSON is TEXT.

use super::sql_migration;
use sea_orm_migration::MigrationTrait;

/// In the order in which they are applied, before those of the plugins.
pub(super) fn all() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        sql_migration("core_0001_users", USERS),
        sql_migration("core_0002_audit", AUDIT),
        sql_migration("core_0003_jobs", JOBS),
        sql_migration("core_0004_keys_and_settings", KEYS_AND_SETTINGS),
        sql_migration("core_0005_job_places_and_reruns", JOB_PLACES_AND_RERUNS),
        sql_migration("core_0006_login_tries", LOGIN_TRIES),
        sql_migration("core_0007_session_keys", SESSION_KEYS),
        sql_migration("core_0008_invitations", INVITATIONS),
        sql_migration("core_0009_roles", ROLES),
    ]
}

const USERS: &[&str] = &[
    "CREATE TABLE users (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL COLLATE NOCASE UNIQUE,
        password_phc TEXT NOT NULL,
        role TEXT NOT NULL,
        disabled_at BIGINT,
        created_at BIGINT NOT NULL
    )",
    "CREATE TABLE sessions (
        id TEXT NOT NULL PRIMARY KEY,
        user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
        refresh_sha256 TEXT NOT NULL UNIQUE,
        previous_sha256 TEXT,
        rotated_at BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        last_used_at BIGINT NOT NULL,
        idle_expires_at BIGINT NOT NULL,
        absolute_expires_at BIGINT NOT NULL,
        revoked_at BIGINT,
        revoked_reason TEXT,
        user_agent TEXT NOT NULL,
        address TEXT NOT NULL,
        perm_version INTEGER NOT NULL DEFAULT 0
    )",
    "CREATE INDEX sessions_user ON sessions(user_id)",
    "CREATE INDEX sessions_previous ON sessions(previous_sha256)",
];

const AUDIT: &[&str] = &[
    "CREATE TABLE audit (
        seq BIGINT NOT NULL PRIMARY KEY,
        at BIGINT NOT NULL,
        actor_id TEXT NOT NULL,
        actor_name TEXT NOT NULL,
        address TEXT NOT NULL,
        request_id TEXT NOT NULL,
        action TEXT NOT NULL,
        object_kind TEXT NOT NULL,
        object_id TEXT NOT NULL,
        object_label TEXT NOT NULL,
        phase TEXT NOT NULL,
        outcome TEXT,
        intent_seq BIGINT,
        detail TEXT NOT NULL,
        hash TEXT NOT NULL
    )",
    "CREATE INDEX audit_object ON audit(object_kind, object_id, seq)",
    "CREATE INDEX audit_intent ON audit(intent_seq) WHERE intent_seq IS NOT NULL",
];

const JOBS: &[&str] = &[
    "CREATE TABLE jobs (
        id TEXT NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        title TEXT NOT NULL,
        actor TEXT NOT NULL,
        params TEXT NOT NULL,
        state TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        started_at BIGINT,
        finished_at BIGINT,
        checkpoint TEXT
    )",
    "CREATE INDEX jobs_state ON jobs(state)",
    "CREATE TABLE job_steps (
        job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
        idx INTEGER NOT NULL,
        target_kind TEXT NOT NULL,
        target_id TEXT NOT NULL,
        target_label TEXT NOT NULL,
        state TEXT NOT NULL,
        error TEXT,
        started_at BIGINT,
        finished_at BIGINT,
        PRIMARY KEY (job_id, idx)
    )",
    "CREATE TABLE job_output (
        job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
        n BIGINT NOT NULL,
        at BIGINT NOT NULL,
        step INTEGER NOT NULL,
        stream TEXT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (job_id, n)
    )",
];

const JOB_PLACES_AND_RERUNS: &[&str] = &[
    "ALTER TABLE jobs ADD COLUMN rerun_of TEXT",
    "ALTER TABLE job_steps ADD COLUMN target_place TEXT",
];

const KEYS_AND_SETTINGS: &[&str] = &[
    "CREATE TABLE secret_keys (
        kek_id TEXT NOT NULL PRIMARY KEY,
        check_sealed TEXT NOT NULL,
        created_at BIGINT NOT NULL
    )",
    "CREATE TABLE named_keys (name TEXT NOT NULL PRIMARY KEY, sealed TEXT NOT NULL)",
    "CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, updated_at BIGINT NOT NULL)",
];

const LOGIN_TRIES: &[&str] = &[
    "CREATE TABLE login_tries (
        scope TEXT NOT NULL,
        key TEXT NOT NULL,
        failures BIGINT NOT NULL,
        first_at BIGINT NOT NULL,
        last_at BIGINT NOT NULL,
        PRIMARY KEY (scope, key)
    )",
    "CREATE INDEX login_tries_last ON login_tries(last_at)",
];

const SESSION_KEYS: &[&str] = &[
    // Keys that sign access tokens; the newest signs, all verify.
    "CREATE TABLE signing_keys (id TEXT NOT NULL PRIMARY KEY, sealed TEXT NOT NULL, created_at BIGINT NOT NULL)",
    // Refresh tokens that were used up: one that comes back ends its session.
    "CREATE TABLE used_refresh_tokens (
        sha256 TEXT NOT NULL PRIMARY KEY,
        session_id TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE
    )",
    "CREATE INDEX used_refresh_tokens_session ON used_refresh_tokens(session_id)",
];

const INVITATIONS: &[&str] = &["CREATE TABLE invitations (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        role TEXT NOT NULL,
        sha256 TEXT NOT NULL UNIQUE,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        used_at BIGINT
    )"];

const ROLES: &[&str] = &[
    "CREATE TABLE roles (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL COLLATE NOCASE UNIQUE,
        rules TEXT NOT NULL,
        created_at BIGINT NOT NULL
    )",
    "CREATE TABLE grants (
        id TEXT NOT NULL PRIMARY KEY,
        user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
        role_id TEXT NOT NULL REFERENCES roles(id) ON DELETE CASCADE,
        expires_at BIGINT,
        created_at BIGINT NOT NULL
    )",
    "CREATE INDEX grants_user ON grants(user_id)",
    "CREATE INDEX grants_role ON grants(role_id)",
];
