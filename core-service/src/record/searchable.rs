//! Records as the index of words reads them, and the name of its file.

use std::{fs, io, path::Path};

use rusqlite::{Connection, Row as SqlRow};

use super::{
    code::Code as _,
    entry::PayloadFault,
    error::{LogError, is_structural},
    row::integer,
    stored::{Columns, PAYLOADS},
};
use crate::domain::exchange::Payloads;

/// In the data folder.
pub(crate) const SEARCH_INDEX: &str = "search.db";

/// Takes the index away. It can be made anew from the log.
pub(crate) fn remove_search_index(dir: &Path) -> Result<(), LogError> {
    for suffix in ["", "-wal", "-shm"] {
        let path = dir.join(format!("{SEARCH_INDEX}{suffix}"));
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(LogError::io(path, &error)),
            _ => {}
        }
    }
    Ok(())
}

/// What was said in a record.
#[derive(Debug)]
pub(crate) struct Searchable {
    pub(crate) sequence: i64,
    /// Microseconds since 1970.
    pub(crate) time: i64,
    pub(crate) payloads: Result<Option<Payloads>, PayloadFault>,
}

#[derive(Debug)]
pub(crate) struct SearchableBatch {
    pub(crate) records: Vec<Searchable>,
    /// There is nothing else up to here.
    pub(crate) reached: i64,
    /// The first sequence that is still there.
    pub(crate) oldest: i64,
    /// Whether there is something after it that can be read now.
    pub(crate) more: bool,
}

/// Judged records after a sequence, oldest first, before the first that waits for its judgement: what is kept of its
/// payloads is settled then. One that waits for its key first holds up nobody: its words are missing, as those of all that
/// are locked. For connections to which a vault is attached.
pub(crate) fn read_searchable(
    connection: &mut Connection,
    after: u64,
    limit: usize,
    bytes: usize,
) -> rusqlite::Result<SearchableBatch> {
    // One view of the file for all of it.
    let transaction = connection.transaction()?;
    let (tip, oldest) = ends(&transaction)?;
    let pending: Option<i64> = transaction
        .prepare_cached(&format!(
            "SELECT min(seq) FROM record INDEXED BY record_pending
             WHERE analysis = 1 AND seq > ?1 AND seal_fault(data_key) IS NOT {}",
            PayloadFault::Locked.code(),
        ))?
        .query_row([integer(after)], |row| row.get(0))?;
    let below = pending.unwrap_or(i64::MAX);
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT seq, time, {PAYLOADS} FROM record WHERE seq > ?1 AND seq < ?2 ORDER BY seq LIMIT ?3"
    ))?;
    let mut rows = statement.query([integer(after), below, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let (mut records, mut size) = (Vec::new(), 0);
    let mut is_full = limit == 0;
    while let Some(row) = rows.next()? {
        let record = read(row)?;
        size += record.payloads.as_ref().ok().and_then(Option::as_ref).map_or(0, Payloads::len);
        records.push(record);
        if records.len() >= limit || size >= bytes {
            is_full = true;
            break;
        }
    }
    let reached = match records.last() {
        Some(last) if is_full => last.sequence,
        _ => pending.map_or(tip, |pending| pending - 1),
    };
    Ok(SearchableBatch { records, reached: reached.max(integer(after)), oldest, more: is_full })
}

/// As [`read_searchable`], of a next record that cannot be read at all.
pub(crate) fn step_over(connection: &mut Connection, after: u64) -> rusqlite::Result<SearchableBatch> {
    let (_, oldest) = ends(connection)?;
    let next = integer(after).saturating_add(1);
    let records = vec![Searchable { sequence: next, time: 0, payloads: Err(PayloadFault::Damaged) }];
    Ok(SearchableBatch { records, reached: next, oldest, more: true })
}

/// The highest sequence that was given, and the first that is there.
fn ends(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    let tip: i64 = connection
        .prepare_cached("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'record'")?
        .query_row([], |row| row.get(0))?;
    let oldest: Option<i64> =
        connection.prepare_cached("SELECT min(seq) FROM record")?.query_row([], |row| row.get(0))?;
    Ok((tip, oldest.unwrap_or(tip.saturating_add(1))))
}

fn read(row: &SqlRow<'_>) -> rusqlite::Result<Searchable> {
    let mut next = Columns::of(row);
    let sequence = next.get()?;
    // A row whose values are not what was written must not hold up all that come after it.
    let mut rest = || -> rusqlite::Result<_> { Ok((next.get()?, next.payloads()?)) };
    let (time, payloads) = match rest() {
        Err(error) if is_structural(&error) => return Err(error),
        Err(_) => (0, Err(PayloadFault::Damaged)),
        Ok(read) => read,
    };
    Ok(Searchable { sequence, time, payloads })
}
