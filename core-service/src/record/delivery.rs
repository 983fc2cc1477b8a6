//! What the log knows of deliveries: how far each sink is, and what stands out.
//!
//! A sink has a cursor: every record up to it was delivered, or is of a kind that the sink does not take, but for those
//! that `undelivered` names. These are *held*, to be tried again, or *dead*, refused for good with the reason, or dead
//! and asked to be tried again (*redrive*). So one record that is refused for a while does not keep the cursor, and
//! after a crash no more is sent twice than what was under way.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row as SqlRow, params};

use super::{
    Log, StorageFault,
    code::Code,
    entry::{Analysis, PayloadFault, RecordKind, StoredRecord},
    error::is_structural,
    row::integer,
    stored::read_stored,
};
use crate::telemetry::DeliveryFailure;

pub(super) const TABLES: &str = "
    CREATE TABLE sink (
        name TEXT PRIMARY KEY,
        cursor INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE undelivered (
        sink TEXT NOT NULL,
        seq INTEGER NOT NULL,
        state INTEGER NOT NULL,         -- 0: held, 1: dead, 2: dead, and to be tried again
        reason INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        time INTEGER NOT NULL,          -- of the last attempt that is known, microseconds since 1970
        PRIMARY KEY (sink, seq)
    ) STRICT, WITHOUT ROWID;
    -- What is to be tried again is found without walking over what is not.
    CREATE INDEX undelivered_due ON undelivered (sink, state, seq) WHERE state <> 1;
";

/// Rows that one look ahead walks over, so that kinds that a sink does not take cost no long read.
const SCAN: usize = 8192;

/// Where a sink begins that the log has not heard of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Begin {
    /// With the oldest record that is kept.
    #[default]
    Oldest,
    /// With the next one.
    Newest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UndeliveredState {
    /// Will be tried again.
    Held,
    Dead,
    /// Dead, and asked to be tried again.
    Redrive,
}

/// A record that a sink's cursor has passed and that was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undelivered {
    pub sequence: u64,
    pub state: UndeliveredState,
    pub reason: DeliveryFailure,
    pub attempts: u32,
    /// Of the last attempt that is known.
    pub time: Timestamp,
}

#[derive(Debug, Clone)]
pub enum DeliveryChange {
    /// The sink is there. Answers its cursor.
    Register { sink: Arc<str>, begin: Begin },
    /// The cursor never goes back. Answers it.
    Progress { sink: Arc<str>, cursor: u64, set: Vec<Undelivered>, cleared: Vec<u64> },
    /// Has dead letters tried again: those of a reason, or all. Answers how many.
    Redrive { sink: Arc<str>, reason: Option<DeliveryFailure> },
}

impl DeliveryChange {
    pub(super) const fn is_redrive(&self) -> bool {
        matches!(self, Self::Redrive { .. })
    }
}

/// How far a sink is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkRow {
    pub name: String,
    pub cursor: u64,
    pub held: u64,
    pub dead: u64,
    pub redrive: u64,
}

/// The highest sequence that was ever given.
pub(super) fn tip(connection: &Connection) -> rusqlite::Result<u64> {
    let tip = connection
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'record'")?
        .query_row([], |row| row.get::<_, i64>(0))
        .optional()?;
    Ok(tip.unwrap_or_default().unsigned_abs())
}

pub(super) fn apply(connection: &Connection, change: &DeliveryChange) -> rusqlite::Result<u64> {
    match change {
        DeliveryChange::Register { sink, begin } => {
            let cursor = match begin {
                Begin::Oldest => before_oldest(connection)?,
                Begin::Newest => integer(tip(connection)?),
            };
            connection.execute("INSERT OR IGNORE INTO sink (name, cursor) VALUES (?1, ?2)", params![sink, cursor])?;
            cursor_of(connection, sink)
        }
        DeliveryChange::Progress { sink, cursor, set, cleared } => {
            connection
                .prepare_cached("UPDATE sink SET cursor = max(cursor, ?2) WHERE name = ?1")?
                .execute(params![sink, integer(*cursor)])?;
            let mut insert = connection.prepare_cached(
                "INSERT INTO undelivered (sink, seq, state, reason, attempts, time) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO UPDATE SET state = excluded.state, reason = excluded.reason,
                     attempts = excluded.attempts, time = excluded.time",
            )?;
            for Undelivered { sequence, state, reason, attempts, time } in set {
                let (sequence, time) = (integer(*sequence), time.as_microsecond());
                insert.execute(params![sink, sequence, state.code(), reason.code(), attempts, time])?;
            }
            let mut delete = connection.prepare_cached("DELETE FROM undelivered WHERE sink = ?1 AND seq = ?2")?;
            for sequence in cleared {
                delete.execute(params![sink, integer(*sequence)])?;
            }
            cursor_of(connection, sink)
        }
        DeliveryChange::Redrive { sink, reason } => {
            let changed = connection
                .prepare_cached(
                    "UPDATE undelivered SET state = 2 WHERE sink = ?1 AND state = 1 AND (?2 IS NULL OR reason = ?2)",
                )?
                .execute(params![sink, reason.map(Code::code)])?;
            Ok(changed as u64)
        }
    }
}

/// Where a sink has missed nothing: what retention took before it came is no loss of its.
fn before_oldest(connection: &Connection) -> rusqlite::Result<i64> {
    let oldest = connection
        .prepare_cached("SELECT min(seq) - 1 FROM record")?
        .query_row([], |row| row.get::<_, Option<i64>>(0))?;
    oldest.map_or_else(|| tip(connection).map(integer), Ok)
}

fn cursor_of(connection: &Connection, sink: &str) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT cursor FROM sink WHERE name = ?1")?
        .query_row([sink], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}

/// Every sink that the log has heard of, by name.
pub(crate) fn sinks(connection: &Connection) -> rusqlite::Result<Vec<SinkRow>> {
    connection
        .prepare_cached(
            "SELECT name, cursor, count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state = 1),
                 count(*) FILTER (WHERE state = 2)
             FROM sink LEFT JOIN undelivered ON undelivered.sink = name GROUP BY name ORDER BY name",
        )?
        .query_map([], |row| {
            let number = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
            let (cursor, held, dead, redrive) = (number(1)?, number(2)?, number(3)?, number(4)?);
            Ok(SinkRow { name: row.get(0)?, cursor, held, dead, redrive })
        })?
        .collect()
}

/// Up to where all of these sinks have everything, held records included; None when one of them is not known yet. What
/// is dead counts as done with: its record may go, and with it the chance to have it tried again.
pub(crate) fn delivered_up_to(connection: &Connection, sinks: &[Arc<str>]) -> rusqlite::Result<Option<u64>> {
    let mut up_to: Option<u64> = None;
    for sink in sinks {
        let mut one = connection.prepare_cached(
            "SELECT min(cursor, coalesce((SELECT min(seq) - 1 FROM undelivered WHERE undelivered.sink = name AND state <> 1), cursor))
             FROM sink WHERE name = ?1",
        )?;
        let Some(cursor) = one.query_row([sink], |row| row.get::<_, i64>(0)).optional()? else { return Ok(None) };
        let cursor = cursor.unsigned_abs();
        up_to = Some(up_to.map_or(cursor, |least| least.min(cursor)));
    }
    Ok(up_to)
}

/// A sink's dead letters, oldest first, after a sequence.
pub(crate) fn dead(
    connection: &Connection,
    sink: &str,
    after: u64,
    limit: usize,
) -> rusqlite::Result<Vec<Undelivered>> {
    connection
        .prepare_cached(
            "SELECT seq, state, reason, attempts, time FROM undelivered
             WHERE sink = ?1 AND seq > ?2 AND state <> 0 ORDER BY seq LIMIT ?3",
        )?
        .query_map(params![sink, integer(after), integer(limit as u64)], read_undelivered)?
        .collect()
}

/// What is to be tried again: all that is held, then so many of the others.
pub(crate) fn due(connection: &Connection, sink: &str, redrive: usize) -> rusqlite::Result<Vec<Undelivered>> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, state, reason, attempts, time FROM undelivered INDEXED BY undelivered_due
         WHERE sink = ?1 AND state = ?2 AND state <> 1 ORDER BY seq LIMIT ?3",
    )?;
    let mut found = Vec::new();
    for (state, limit) in [(UndeliveredState::Held, -1), (UndeliveredState::Redrive, integer(redrive as u64))] {
        for row in statement.query_map(params![sink, state.code(), limit], read_undelivered)? {
            found.push(row?);
        }
    }
    Ok(found)
}

fn read_undelivered(row: &SqlRow<'_>) -> rusqlite::Result<Undelivered> {
    let damaged = |at| {
        let cause = Box::new(StorageFault::Corrupt);
        rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Integer, cause)
    };
    Ok(Undelivered {
        sequence: row.get::<_, i64>(0)?.unsigned_abs(),
        state: UndeliveredState::from_code(row.get(1)?).ok_or_else(|| damaged(1))?,
        reason: DeliveryFailure::from_code(row.get(2)?).ok_or_else(|| damaged(2))?,
        attempts: row.get(3)?,
        time: Timestamp::from_microsecond(row.get(4)?).map_err(|_| damaged(4))?,
    })
}

/// A record as it was found, or not.
#[derive(Debug)]
pub(crate) enum Found {
    Record(Box<StoredRecord>),
    /// What the file holds there is not what was ever written, or is encrypted under a key that is not given.
    Unreadable(u64),
    /// A page of the file is damaged that it is on: whoever comes upon it says so ([`super::Readers::damaged`]).
    Damaged(u64),
    /// It is not kept any more.
    Gone(u64),
}

/// What a look ahead is to bring.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) after: u64,
    pub(crate) kinds: Vec<RecordKind>,
    pub(crate) records: usize,
    /// The last record may go over.
    pub(crate) bytes: usize,
    /// Pending records that are older are taken as they are.
    pub(crate) pending_before: Timestamp,
    /// [`Log::reduces_payloads`].
    pub(crate) reduces: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Ahead {
    pub(crate) found: Vec<Found>,
    /// Everything up to here was looked at.
    pub(crate) read_to: u64,
    /// When the pending record was made that stands in the way.
    pub(crate) pending: Option<Timestamp>,
    /// Whether there was more.
    pub(crate) more: bool,
    /// Records in between, of any kind, that the log does not have any more.
    pub(crate) removed: u64,
}

/// The records after a sequence, in their order, up to the first one that waits for its analysis. Those that damaged pages
/// hold are stepped over, one by one: of what kind they were nobody can say.
pub(crate) fn ahead(connection: &Connection, node: &Arc<str>, wanted: &Wanted) -> rusqlite::Result<Ahead> {
    let mut look = Look { connection, node, wanted, bytes: 0, ahead: Ahead::default() };
    look.ahead.read_to = wanted.after;
    match look.walk() {
        Err(error) if is_structural(&error) => look.step()?,
        walked => walked?,
    }
    Ok(look.ahead)
}

/// What a look reads of a record first. Its payloads may lie on pages of their own.
const LOOK: &str = "SELECT seq, kind, analysis, time, CASE WHEN analysis = 1 THEN seal_fault(data_key) END FROM record";

struct Look<'a> {
    connection: &'a Connection,
    node: &'a Arc<str>,
    wanted: &'a Wanted,
    bytes: usize,
    ahead: Ahead,
}

impl Look<'_> {
    fn walk(&mut self) -> rusqlite::Result<()> {
        let connection = self.connection;
        let mut statement = connection.prepare_cached(&format!("{LOOK} WHERE seq > ?1 ORDER BY seq LIMIT ?2"))?;
        let mut rows = statement.query(params![integer(self.wanted.after), integer(SCAN as u64)])?;
        let mut seen = 0;
        while let Some(row) = rows.next()? {
            seen += 1;
            if !self.take(row)? {
                return Ok(());
            }
        }
        self.ahead.more = seen == SCAN;
        Ok(())
    }

    /// On from where a walk met damage, by sequence: what a page holds that cannot be read, nobody finds by walking.
    fn step(&mut self) -> rusqlite::Result<()> {
        let connection = self.connection;
        let mut statement = connection.prepare_cached(&format!("{LOOK} WHERE seq = ?1"))?;
        let tip = tip(connection)?;
        self.ahead.more = true;
        for _ in 0..SCAN {
            if self.ahead.read_to >= tip {
                self.ahead.more = false;
                break;
            }
            if self.is_full() {
                break;
            }
            let sequence = self.ahead.read_to.saturating_add(1);
            let mut one = || -> rusqlite::Result<Option<bool>> {
                let mut rows = statement.query([integer(sequence)])?;
                rows.next()?.map(|row| self.take(row)).transpose()
            };
            match one() {
                Ok(Some(true)) => continue,
                Ok(Some(false)) => {
                    self.ahead.more = self.ahead.pending.is_none();
                    break;
                }
                Ok(None) => self.ahead.removed += 1,
                Err(error) if is_structural(&error) => self.ahead.found.push(Found::Damaged(sequence)),
                Err(error) => return Err(error),
            }
            self.ahead.read_to = sequence;
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.ahead.found.len() >= self.wanted.records || self.bytes >= self.wanted.bytes
    }

    /// False when the look ends before this record.
    fn take(&mut self, row: &SqlRow<'_>) -> rusqlite::Result<bool> {
        let (sequence, kind, analysis, time): (i64, i64, i64, i64) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let sequence = sequence.unsigned_abs();
        // Every sequence is given to a record, and only retention takes one away. Passed here, so that a look that ends before
        // this row does not count what is missing twice.
        let before = sequence.saturating_sub(1);
        self.ahead.removed += before.saturating_sub(self.ahead.read_to);
        self.ahead.read_to = before;
        if RecordKind::from_code(kind).is_some_and(|kind| self.wanted.kinds.contains(&kind)) {
            if self.is_full() {
                self.ahead.more = true;
                return Ok(false);
            }
            // Of what no key opens the analysis may not come before the next start: nothing waits for it.
            let is_locked = row.get::<_, Option<i64>>(4)? == Some(PayloadFault::Locked.code());
            let pending_before = self.wanted.pending_before.as_microsecond();
            if analysis == Analysis::Pending.code() && time >= pending_before && !is_locked {
                self.ahead.pending = Timestamp::from_microsecond(time).ok();
                return Ok(false);
            }
            let found = find_fit(self.connection, self.node, sequence, self.wanted.reduces)?;
            self.bytes += found.footprint();
            self.ahead.found.push(found);
        }
        self.ahead.read_to = sequence;
        Ok(true)
    }
}

/// A record that cannot be read must not stop those behind it.
pub(crate) fn find(connection: &Connection, node: &Arc<str>, sequence: u64) -> rusqlite::Result<Found> {
    match read_stored(connection, node, sequence) {
        // Once its master key is given, a redrive finds it.
        Ok(Some(record)) if record.fault == Some(PayloadFault::Locked) => Ok(Found::Unreadable(sequence)),
        Ok(Some(record)) => Ok(Found::Record(Box::new(record))),
        Ok(None) => Ok(Found::Gone(sequence)),
        Err(error) if is_structural(&error) => Ok(Found::Damaged(sequence)),
        Err(error @ rusqlite::Error::SqliteFailure(..)) => Err(error),
        Err(_) => Ok(Found::Unreadable(sequence)),
    }
}

/// As a sink may have it. What waits for its analysis still holds its payloads as they came: where they are not to be kept so,
/// it goes without them, and what its analysis leaves of them does not follow.
fn find_fit(connection: &Connection, node: &Arc<str>, sequence: u64, reduces: bool) -> rusqlite::Result<Found> {
    match find(connection, node, sequence)? {
        Found::Record(record) if reduces && record.event.outcome.analysis() == Analysis::Pending => {
            let fault = record.fault.or(Some(PayloadFault::NotKept));
            Ok(Found::Record(Box::new(StoredRecord { fault, ..record.without_payloads() })))
        }
        found => Ok(found),
    }
}

/// As many of them as there is room for, but one at least. `reduces` is [`Log::reduces_payloads`].
pub(crate) fn find_all(
    connection: &Connection,
    node: &Arc<str>,
    wanted: Vec<Undelivered>,
    bytes: usize,
    reduces: bool,
) -> rusqlite::Result<Vec<(Undelivered, Found)>> {
    let (mut all, mut size) = (Vec::new(), 0);
    for one in wanted {
        if size >= bytes {
            break;
        }
        let found = find_fit(connection, node, one.sequence, reduces)?;
        size += found.footprint();
        all.push((one, found));
    }
    Ok(all)
}

impl Log {
    /// Whether payloads are masked, or go, once they are judged.
    pub(crate) fn reduces_payloads(&self) -> bool {
        self.vault.reduces()
    }
}

impl Found {
    pub(crate) fn footprint(&self) -> usize {
        match self {
            Self::Record(record) => record.footprint(),
            Self::Unreadable(_) | Self::Damaged(_) | Self::Gone(_) => 0,
        }
    }

    pub(crate) const fn is_damaged(&self) -> bool {
        matches!(self, Self::Damaged(_))
    }
}

#[cfg(test)]
mod tests;
