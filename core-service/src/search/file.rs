//! The file of the index: its format, and what is written to it.

use std::{path::Path, time::Instant};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior, params};

use super::{Missing, PART_RECORDS, Progress, fill::Entry, words};
use crate::{
    foreground,
    record::{LogError, SEARCH_INDEX, StorageFault, in_reserve, open_private, remove_search_index},
};

/// "PCLW".
const APPLICATION_ID: i32 = 0x5043_4c57;
/// Of the format, and of how words are made of text: with another the index is made anew.
const VERSION: i32 = 1;

/// Microseconds: what came within so much is in one part.
const PART_TIME: i64 = 24 * 3600 * 1_000_000;

const TABLES: &str = "
    -- One row: whose words these are, and up to where.
    CREATE TABLE state (node TEXT NOT NULL, cursor INTEGER NOT NULL, time INTEGER) STRICT;
    CREATE TABLE part (
        id INTEGER PRIMARY KEY,         -- its words are in words_<id>
        first INTEGER NOT NULL,         -- sequences
        last INTEGER NOT NULL,
        began INTEGER NOT NULL,         -- microseconds since 1970
        records INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE missing (
        part INTEGER NOT NULL,
        reason INTEGER NOT NULL,
        records INTEGER NOT NULL,
        PRIMARY KEY (part, reason)
    ) STRICT, WITHOUT ROWID;
";

/// Without the text, and without how long it is: nothing is ranked.
pub(super) fn make_part(id: i64) -> String {
    format!(
        "CREATE VIRTUAL TABLE words_{id} USING fts5(
            said, content='', columnsize=0, tokenize='unicode61 remove_diacritics 2')"
    )
}

#[cfg(test)]
pub(super) const PART_FOR_TESTS: &str =
    "CREATE VIRTUAL TABLE words_1 USING fts5(said, content='', columnsize=0, tokenize='unicode61 remove_diacritics 2')";

/// What it takes on disk.
pub(super) fn bytes(dir: &Path) -> u64 {
    ["", "-wal"]
        .iter()
        .filter_map(|suffix| dir.join(format!("{SEARCH_INDEX}{suffix}")).metadata().ok())
        .map(|metadata| metadata.len())
        .sum()
}

pub(super) fn reader(dir: &Path) -> Result<Connection, StorageFault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(dir.join(SEARCH_INDEX), flags)?)
}

#[derive(Debug)]
pub(super) struct Writer {
    connection: Connection,
}

/// The part that is being filled.
#[derive(Debug, Clone, Copy)]
struct Part {
    id: i64,
    began: i64,
    records: i64,
}

impl Writer {
    /// Of the log of that name, whose highest sequence this is. What is not its index is removed. On a disk that is full it
    /// is opened in the room that is kept for a start.
    pub(super) fn open(dir: &Path, node: &str, highest: u64) -> Result<Self, LogError> {
        in_reserve(dir, || Self::open_or_make(dir, node, highest))
    }

    pub(super) fn open_or_make(dir: &Path, node: &str, highest: u64) -> Result<Self, LogError> {
        match Self::open_existing(dir, node, highest) {
            Ok(Some(writer)) => return Ok(writer),
            // It is whole, and making it anew would take more.
            Err(LogError::Storage(fault)) if fault.is_of_size() => return Err(fault.into()),
            _ => {}
        }
        remove_search_index(dir)?;
        let mut connection = connect(dir)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(TABLES)?;
        transaction.execute("INSERT INTO state VALUES (?1, 0, NULL)", [node])?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
        Ok(Self { connection })
    }

    fn open_existing(dir: &Path, node: &str, highest: u64) -> Result<Option<Self>, LogError> {
        if !dir.join(SEARCH_INDEX).exists() {
            return Ok(None);
        }
        let connection = connect(dir)?;
        let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        if (pragma("application_id")?, pragma("user_version")?) != (APPLICATION_ID, VERSION) {
            return Ok(None);
        }
        let (of, cursor): (String, i64) =
            connection.query_row("SELECT node, cursor FROM state", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        // A cursor that is ahead is that of a log that was put back from a copy.
        let is_its_own = of == node && u64::try_from(cursor).is_ok_and(|cursor| cursor <= highest);
        let writer = Self { connection };
        writer.progress()?;
        Ok(is_its_own.then_some(writer))
    }

    pub(super) fn progress(&self) -> rusqlite::Result<Progress> {
        let (cursor, time): (i64, Option<i64>) = self
            .connection
            .prepare_cached("SELECT cursor, time FROM state")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut statement = self
            .connection
            .prepare_cached("SELECT reason, sum(records) FROM missing GROUP BY reason ORDER BY reason")?;
        let missing = statement
            .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?
            .filter_map(|row| {
                row.map(|(reason, records)| Missing::from_code(reason).map(|reason| (reason, records.unsigned_abs())))
                    .transpose()
            })
            .collect::<rusqlite::Result<_>>()?;
        let time = time.and_then(|time| Timestamp::from_microsecond(time).ok());
        Ok(Progress { cursor: cursor.unsigned_abs(), time, missing })
    }

    /// Adds records, in the order of their sequences, and says that all up to `reached` were seen. `oldest` is the first
    /// sequence that the log still has.
    pub(super) fn add(&mut self, entries: &[Entry], reached: i64, oldest: i64) -> rusqlite::Result<Progress> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut part = newest(&transaction)?;
        for entry in entries {
            let begun = Instant::now();
            let open = part.filter(|part| part.records < PART_RECORDS && entry.time - part.began < PART_TIME);
            let mut open = match open {
                Some(open) => open,
                None => begin(&transaction, part, entry)?,
            };
            add(&transaction, &mut open, entry)?;
            part = Some(open);
            foreground::give_way(begun.elapsed(), entry.age());
        }
        if let (Some(part), Some(last)) = (part, entries.last()) {
            transaction.prepare_cached("UPDATE part SET last = ?2, records = ?3 WHERE id = ?1")?.execute(params![
                part.id,
                last.sequence,
                part.records
            ])?;
        }
        // 0 is that of a record that cannot be read.
        let time = entries.last().map(|entry| entry.time).filter(|time| *time > 0);
        transaction
            .prepare_cached("UPDATE state SET cursor = max(cursor, ?1), time = coalesce(?2, time)")?
            .execute(params![reached, time])?;
        forget(&transaction, oldest)?;
        transaction.commit()?;
        self.progress()
    }
}

fn connect(dir: &Path) -> Result<Connection, LogError> {
    let path = dir.join(SEARCH_INDEX);
    drop(open_private(&path)?);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // Without a sync at every commit: after a crash the words and the cursor are those of an earlier commit, together.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    // What is dropped does not stay in pages that are written anyway.
    connection.pragma_update_and_check(None, "secure_delete", "fast", |_| Ok(()))?;
    Ok(connection)
}

fn newest(connection: &Connection) -> rusqlite::Result<Option<Part>> {
    connection
        .prepare_cached("SELECT id, began, records FROM part ORDER BY id DESC LIMIT 1")?
        .query_row([], |row| Ok(Part { id: row.get(0)?, began: row.get(1)?, records: row.get(2)? }))
        .optional()
}

/// A new part, after the one before has got its end.
fn begin(connection: &Connection, before: Option<Part>, first: &Entry) -> rusqlite::Result<Part> {
    if let Some(before) = before {
        connection.prepare_cached("UPDATE part SET last = ?2, records = ?3 WHERE id = ?1")?.execute(params![
            before.id,
            first.sequence - 1,
            before.records
        ])?;
    }
    let part = Part { id: before.map_or(1, |before| before.id + 1), began: first.time, records: 0 };
    connection.execute_batch(&make_part(part.id))?;
    connection
        .prepare_cached("INSERT INTO part (id, first, last, began, records) VALUES (?1, ?2, ?2, ?3, 0)")?
        .execute(params![part.id, first.sequence, part.began])?;
    Ok(part)
}

fn add(connection: &Connection, part: &mut Part, entry: &Entry) -> rusqlite::Result<()> {
    part.records += 1;
    if let Some(text) = &entry.text {
        connection
            .prepare_cached(&format!("INSERT INTO words_{} (rowid, said) VALUES (?1, ?2)", part.id))?
            .execute(params![entry.sequence, words::spaced(text)])?;
    }
    if let Some(missing) = entry.missing {
        connection
            .prepare_cached("INSERT INTO missing VALUES (?1, ?2, 1) ON CONFLICT DO UPDATE SET records = records + 1")?
            .execute(params![part.id, missing as i64])?;
    }
    Ok(())
}

/// Parts of which the log has nothing any more, but for the one that is being filled.
fn forget(connection: &Connection, oldest: i64) -> rusqlite::Result<()> {
    let gone: Vec<i64> = connection
        .prepare_cached("SELECT id FROM part WHERE last < ?1 AND id < (SELECT max(id) FROM part)")?
        .query_map([oldest], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in gone {
        connection.execute_batch(&format!("DROP TABLE words_{id}"))?;
        connection.prepare_cached("DELETE FROM part WHERE id = ?1")?.execute([id])?;
        connection.prepare_cached("DELETE FROM missing WHERE part = ?1")?.execute([id])?;
    }
    Ok(())
}
