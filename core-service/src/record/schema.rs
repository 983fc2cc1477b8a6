//! The data folder, the lock on it, and the format of the file.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, config::DbConfig};

use super::{
    aggregate,
    damage::{self, Damage, Found},
    delivery,
    error::{LogError, SchemaProblem, StorageFault},
    note, reserve,
    seal::{self, Head},
    settings::{KeepPayloads, LogSettings},
    vault::{self, Vault},
};

pub(super) const DATABASE: &str = "portcullis.db";
const LOCK: &str = "portcullis.lock";

/// Tells this file from any other SQLite database: "PCLS".
const APPLICATION_ID: i32 = 0x5043_4c53;

/// For programs that look into the file from outside; within this one nobody waits for a lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Statements that a connection keeps prepared: more than any of them has. To prepare one again costs as much as a record.
const STATEMENTS: usize = 128;

/// The format's history, oldest first. The file's `user_version` is how many of them it has seen. What was
/// released is never changed: the next step is added.
const MIGRATIONS: &[&str] = &[
    FIRST,
    SESSIONS,
    delivery::TABLES,
    aggregate::MIGRATION,
    note::MIGRATION,
    seal::TABLES,
    vault::TABLES,
    QUERIES,
    aggregate::DAYS,
    DURATIONS,
    LISTS,
];

const FIRST: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO meta VALUES ('node', lower(hex(randomblob(4))));

    CREATE TABLE receipt (id INTEGER PRIMARY KEY, json TEXT NOT NULL UNIQUE) STRICT;

    CREATE TABLE record (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        time INTEGER NOT NULL,          -- microseconds since 1970
        kind INTEGER NOT NULL,
        analysis INTEGER NOT NULL,
        request_id BLOB NOT NULL,
        sync INTEGER NOT NULL,
        direction INTEGER NOT NULL,
        status INTEGER NOT NULL,
        enforced INTEGER NOT NULL,
        source TEXT NOT NULL,
        user TEXT NOT NULL,
        team TEXT NOT NULL,
        model TEXT NOT NULL,
        client_ip TEXT NOT NULL,
        -- Null while pending:
        action INTEGER,
        verdict INTEGER,
        duration_us INTEGER,
        violations_total INTEGER,
        receipt INTEGER REFERENCES receipt (id),
        segments_total INTEGER,
        segments_scanned INTEGER,
        bytes_total INTEGER,
        bytes_scanned INTEGER,
        -- Null when empty:
        message TEXT,
        violations TEXT,                -- JSON
        policies TEXT,                  -- JSON
        metadata TEXT,                  -- JSON
        request ANY,                    -- TEXT: bare text; BLOB: JSON
        response ANY,
        envelope BLOB
    ) STRICT;
    -- Every index ends with the sequence, as all indexes of SQLite do.
    CREATE INDEX record_request ON record (request_id);
    -- By 4096 records at a time: users come in no order, and an index over all of them would touch a page of its
    -- own for every record, which costs more than the record.
    CREATE INDEX record_user ON record (seq >> 12, user) WHERE user <> '';
    CREATE INDEX record_pending ON record (analysis) WHERE analysis = 1;
    CREATE INDEX record_action ON record (action) WHERE action > 0;

    CREATE TABLE tally (
        second INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        action INTEGER NOT NULL,        -- -1: pending
        count INTEGER NOT NULL,
        first_seq INTEGER NOT NULL,
        PRIMARY KEY (second, kind, action)
    ) STRICT, WITHOUT ROWID;
";

/// Sessions, late verdicts, idempotent ingests, and what was unchanged. It writes every record anew, because SQLite adds
/// columns at the end of a row, and what stands behind the payloads is read through all of their pages. It takes as long
/// as that does, and as much room again as the log has, once.
const SESSIONS: &str = "
    CREATE TABLE record_2 (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        time INTEGER NOT NULL,          -- microseconds since 1970
        kind INTEGER NOT NULL,
        analysis INTEGER NOT NULL,
        request_id BLOB NOT NULL,
        sync INTEGER NOT NULL,
        late INTEGER NOT NULL,
        direction INTEGER NOT NULL,
        status INTEGER NOT NULL,
        enforced INTEGER NOT NULL,
        source TEXT NOT NULL,
        user TEXT NOT NULL,
        team TEXT NOT NULL,
        model TEXT NOT NULL,
        client_ip TEXT NOT NULL,
        principal TEXT NOT NULL,
        session TEXT NOT NULL,
        -- What a second ingest under the same key finds, for as long as the record is there: a digest of the key and
        -- its principal.
        idempotency BLOB,
        -- Null while pending:
        action INTEGER,
        verdict INTEGER,
        duration_us INTEGER,
        violations_total INTEGER,
        receipt INTEGER REFERENCES receipt (id),
        segments_total INTEGER,
        segments_scanned INTEGER,
        segments_unchanged INTEGER,
        bytes_total INTEGER,
        bytes_scanned INTEGER,
        bytes_unchanged INTEGER,
        -- Null when empty:
        message TEXT,
        violations TEXT,                -- JSON
        policies TEXT,                  -- JSON
        metadata TEXT,                  -- JSON
        request ANY,                    -- TEXT: bare text; BLOB: JSON
        response ANY,
        envelope BLOB
    ) STRICT;
    INSERT INTO record_2
        SELECT seq, time, kind, analysis, request_id, sync, 0, direction, status, enforced,
            source, user, team, model, client_ip, '', '', NULL,
            action, verdict, duration_us, violations_total, receipt,
            segments_total, segments_scanned, CASE WHEN action IS NOT NULL THEN 0 END,
            bytes_total, bytes_scanned, CASE WHEN action IS NOT NULL THEN 0 END,
            message, violations, policies, metadata, request, response, envelope
        FROM record ORDER BY seq;
    -- A sequence whose record is gone is not given again.
    INSERT INTO sqlite_sequence (name, seq)
        SELECT 'record_2', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'record_2');
    UPDATE sqlite_sequence
        SET seq = coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'record'), 0) WHERE name = 'record_2';
    DROP TABLE record;
    ALTER TABLE record_2 RENAME TO record;
    CREATE INDEX record_request ON record (request_id);
    CREATE INDEX record_user ON record (seq >> 12, user) WHERE user <> '';
    CREATE INDEX record_session ON record (seq >> 12, session) WHERE session <> '';
    CREATE INDEX record_pending ON record (analysis) WHERE analysis = 1;
    CREATE INDEX record_action ON record (action) WHERE action > 0;
    CREATE INDEX record_late ON record (late) WHERE late = 1;
    -- Only of records that have a key: the others do not pay for it.
    CREATE UNIQUE INDEX record_idempotency ON record (idempotency) WHERE idempotency IS NOT NULL;
";

/// Lists by what callers say of themselves, by 4096 records at a time as that of users. Of kinds only those that are few.
const QUERIES: &str = "
    CREATE INDEX record_team ON record (seq >> 12, team) WHERE team <> '';
    CREATE INDEX record_model ON record (seq >> 12, model) WHERE model <> '';
    CREATE INDEX record_source ON record (seq >> 12, source) WHERE source <> '';
    CREATE INDEX record_kind ON record (kind) WHERE kind > 1;
";

/// Behind the payloads, where only who reads these finds it.
const DURATIONS: &str = "
    ALTER TABLE record ADD COLUMN took BLOB;        -- microseconds by part; null: not timed
";

/// What lists go by: of records to which anything objected all that they are asked for, so that only those are read that
/// are listed; and fewer questions about what callers name with few names. A record that has `violates` as null and is in
/// the index was written before.
const LISTS: &str = "
    ALTER TABLE record ADD COLUMN violates INTEGER; -- bits: see violates.rs; null: there are none
    DROP INDEX record_action;
    CREATE INDEX record_flagged ON record (action, seq, kind, user, team, model, source, violates) WHERE action > 0;
    DROP INDEX record_team;
    DROP INDEX record_model;
    DROP INDEX record_source;
    -- By 65536 records: teams, models and sources are few, so that their records end up on few pages all the same.
    CREATE INDEX record_team ON record (seq >> 16, team) WHERE team <> '';
    CREATE INDEX record_model ON record (seq >> 16, model) WHERE model <> '';
    CREATE INDEX record_source ON record (seq >> 16, source) WHERE source <> '';
";

/// Bytes of the pages that hold something.
pub(super) fn page_bytes(connection: &Connection) -> rusqlite::Result<i64> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok((pragma("page_count")? - pragma("freelist_count")?) * pragma("page_size")?)
}

/// The log, opened for writing.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    /// Held for as long as it lives.
    pub(super) lock: File,
    /// Of the file that was there before.
    pub(super) damage: Option<Damage>,
    pub(super) read: ReadFirst,
}

/// What is read before anything is written. Who cannot read it has a damaged file.
#[derive(Debug)]
pub(super) struct ReadFirst {
    pub(super) node: Arc<str>,
    pub(super) head: Head,
    /// The highest sequence that was given.
    pub(super) tip: u64,
    pub(super) vault: Vault,
}

/// Who opens the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// A damaged file is moved aside and a new one begun. Payloads that are encrypted ask for a master key: without one the
    /// next ones would be stored in the clear, and nobody would see it.
    Service,
    /// Records no payloads, and so needs no master key. A damaged file is an error and stays where it is: a command has nobody
    /// who reads that it was moved, and its answer would be about the new file, which is empty.
    Command,
}

pub(super) fn open(dir: &Path, settings: &LogSettings, opening: Opening) -> Result<Opened, LogError> {
    make_folder(dir)?;
    let lock_path = dir.join(LOCK);
    let lock = open_private(&lock_path)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(LogError::InUse { path: dir.to_path_buf() }),
        Err(TryLockError::Error(error)) => return Err(LogError::io(lock_path, &error)),
    }
    let path = dir.join(DATABASE);
    let refuse = |problem| LogError::Schema { path: path.clone(), problem };
    if opening == Opening::Command && damage::is_marked(dir) {
        return Err(refuse(SchemaProblem::Damaged));
    }
    let mut damage = damage::settle(dir)?;
    let open = || reserve::with(dir, || open_database(&path, settings));
    let (connection, read) = match open() {
        Err(LogError::Storage(StorageFault::Corrupt)) if opening == Opening::Command => {
            return Err(refuse(SchemaProblem::Damaged));
        }
        Err(LogError::Storage(StorageFault::Corrupt)) if damage.is_none() => {
            damage::mark(dir, Found::AtStart).map_err(|error| LogError::io(dir, &error))?;
            damage = damage::settle(dir)?;
            open()?
        }
        opened => opened?,
    };
    if opening == Opening::Service && read.vault.is_keyless() {
        return Err(refuse(SchemaProblem::Keyless));
    }
    if opening == Opening::Service {
        reserve::keep(dir);
    }
    Ok(Opened { connection, path, lock, damage, read })
}

fn make_folder(dir: &Path) -> Result<(), LogError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| LogError::io(dir, &error))
}

/// Made if it is not there, and for nobody else.
pub(crate) fn open_private(path: &Path) -> Result<File, LogError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| LogError::io(path, &error))
}

/// What every connection to the log needs. Left to itself the planner looks at bound values where a partial index might serve, and then
/// prepares a statement again whenever it is bound anew: to read a record took three times as long.
pub(super) fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// [`StorageFault::Corrupt`] is that it cannot be read. What is somebody else's, or a newer version's, is not damaged.
fn open_database(path: &Path, settings: &LogSettings) -> Result<(Connection, ReadFirst), LogError> {
    // SQLite makes its files readable by everyone, and gives the files beside this one the modes of this one.
    drop(open_private(path)?);
    let refuse = |problem| LogError::Schema { path: path.to_path_buf(), problem };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    configure(&connection)?;
    let (tables, application, version) = whose(&connection).map_err(|error| unreadable(error.into()))?;
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    let fresh = tables == 0 && version == 0 && application == 0;
    if !fresh && application != APPLICATION_ID {
        return Err(refuse(SchemaProblem::Foreign));
    }
    if version > known {
        return Err(refuse(SchemaProblem::Newer { found: version, known }));
    }
    let read = prepare(&mut connection, version, settings).map_err(unreadable)?;
    Ok((connection, read))
}

/// How many tables there are, whose they are, and in which version.
fn whose(connection: &Connection) -> rusqlite::Result<(i64, i32, u32)> {
    let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let application = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok((tables, application, version))
}

/// For who only reads, and so brings nothing up to date: a file of another version has other tables, and is no damaged one. What
/// is not ours, or cannot be told, is for the reading itself to say.
pub(super) fn must_be_current(connection: &Connection, path: &Path) -> Result<(), LogError> {
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    let problem = match whose(connection) {
        Ok((_, APPLICATION_ID, found)) if found < known => SchemaProblem::Older { found, known },
        Ok((_, APPLICATION_ID, found)) if found > known => SchemaProblem::Newer { found, known },
        _ => return Ok(()),
    };
    Err(LogError::Schema { path: path.to_path_buf(), problem })
}

/// `SQLITE_ERROR`: a table or a column is missing, or the file's head says what no version of SQLite understands.
const SQL_ERROR: i32 = 1;

/// The statements fit the format: that they fail without a better reason is the file's fault.
fn unreadable(error: LogError) -> LogError {
    match error {
        LogError::Storage(StorageFault::Other(0 | SQL_ERROR)) => StorageFault::Corrupt.into(),
        error => error,
    }
}

fn prepare(connection: &mut Connection, version: u32, settings: &LogSettings) -> Result<ReadFirst, LogError> {
    tune(connection, settings)?;
    for (step, next) in MIGRATIONS.iter().zip(1_u32..).skip(version as usize) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", next)?;
        transaction.commit()?;
    }
    // After the migrations: one writes all records anew, and a file that is near its bound has not the room for both.
    bound(connection, settings)?;
    damage::look(connection)?;
    let node: Arc<str> = connection.query_row("SELECT value FROM meta WHERE key = 'node'", [], |row| row.get(0))?;
    let head = Head::read(connection, &node)?;
    let tip = delivery::tip(connection)?;
    let vault = Vault::load(connection, settings)?;
    Ok(ReadFirst { node, head, tip, vault })
}

fn tune(connection: &Connection, settings: &LogSettings) -> Result<(), LogError> {
    // Of use only before the first table is made. Of pages of 4 KiB a third stays empty when two records of the usual
    // 1.4 KB fit and a third does not.
    connection.pragma_update(None, "page_size", 8192)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        // A file system without shared memory.
        return Err(LogError::Storage(StorageFault::NoSharedMemory));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Negative: KiB.
    connection.pragma_update(None, "cache_size", -16_384)?;
    // Pages. Folding back more at a time writes a page less often; the file beside the log grows to 16 MiB.
    connection.pragma_update(None, "wal_autocheckpoint", 2000)?;
    // What a burst or a long read made of it is given back.
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    if settings.payloads != KeepPayloads::Full || settings.keys.is_some() {
        // What is not to be kept must not stay in pages that are free, nor a key that is moved to another page: both may
        // have to be gone one day. Every page that becomes free is written once more for it.
        connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    }
    Ok(())
}

fn bound(connection: &Connection, settings: &LogSettings) -> Result<(), LogError> {
    if let Some(bytes) = settings.max_bytes {
        // A file that is larger already does not shrink by it, and does not grow either.
        let page_size: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = u32::try_from(bytes / u64::from(page_size.max(1))).unwrap_or(u32::MAX - 1);
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    Ok(())
}

/// A file as the first format left it: a judged record, one that is gone, a pending one, and sequences up to 9.
#[cfg(test)]
pub(super) fn first_format(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(FIRST).unwrap();
    let columns =
        "time, kind, analysis, request_id, sync, direction, status, enforced, source, user, team, model, client_ip";
    let values = |analysis, status| format!("0, 1, {analysis}, zeroblob(16), 1, 1, {status}, 0, '', 'ann', '', '', ''");
    connection
        .execute_batch(&format!(
            "PRAGMA application_id = {APPLICATION_ID};
             PRAGMA user_version = 1;
             INSERT INTO receipt (json)
                 VALUES ('{{\"status\":\"complete\",\"reason\":\"\",\"policies\":[],\"detectors\":[]}}');
             INSERT INTO record (seq, {columns}, action, verdict, duration_us, violations_total, receipt, segments_total,
                 segments_scanned, bytes_total, bytes_scanned, request)
                 VALUES (2, {}, 3, 2, 1, 0, 1, 7, 7, 9, 9, 'text');
             INSERT INTO record (seq, {columns}, request) VALUES (3, {}, 'text'), (4, {}, 'text'), (9, {}, 'text');
             DELETE FROM record WHERE seq IN (3, 9);",
            values(2, 400),
            values(1, 200),
            values(1, 200),
            values(1, 200),
        ))
        .unwrap();
}
