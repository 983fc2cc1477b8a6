//! Old records go in small steps between commits: by age, by size, and never before every sink has them. By size, the oldest
//! counts by callers' names go first.
//!
//! What goes is always the oldest: the log stays one piece, and what is missing at its beginning was removed on purpose.
//! The table `retention` says when and why, and the chain up to where. The file does not become smaller by it: its pages
//! are used again for what comes. A vacuum would write the whole file anew, under a lock.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{
    aggregate, delivery,
    row::integer,
    schema::page_bytes,
    seal::{self, Digest, Head, Link},
    settings::Retention,
};

/// Records of one step, and their payloads: some milliseconds.
const STEP_RECORDS: i64 = 500;
const STEP_BYTES: i64 = 16 << 20;
/// Rows of the chain that one step takes away: of small commits there are as many as of records.
const STEP_COMMITS: i64 = 1000;

/// Dead letters that one step takes away: more than a step's records have, unless there are over ten sinks. The rest goes
/// with the next steps.
const STEP_LETTERS: i64 = 10 * STEP_RECORDS;

/// Counts by the second are read for 30 days back at most.
const TALLY_SECONDS: i64 = 31 * 24 * 3600;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Age,
    Size,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Size => "size",
        }
    }
}

/// Records that are to go, without a gap between them.
struct Range {
    first: i64,
    last: i64,
    records: i64,
    reason: Reason,
    /// Of the newest of them.
    time: i64,
}

/// One step. None when there was nothing to do; else the chain's new end, which holds once the transaction is committed.
/// `now` is in microseconds.
pub(super) fn step(
    connection: &Connection,
    settings: &Retention,
    head: Head,
    now: i64,
) -> rusqlite::Result<Option<Head>> {
    if over(connection, settings)? > 0 && aggregate::make_room(connection, oldest_time(connection)?, now / 1_000_000)? {
        return Ok(Some(head));
    }
    let Some(range) = oldest(connection, settings, now)? else { return Ok(None) };
    connection.prepare_cached("DELETE FROM record WHERE seq BETWEEN ?1 AND ?2")?.execute([range.first, range.last])?;
    for notes in ["DELETE FROM review WHERE seq BETWEEN ?1 AND ?2", "DELETE FROM reveal WHERE seq BETWEEN ?1 AND ?2"] {
        connection.prepare_cached(notes)?.execute([range.first, range.last])?;
    }
    prune_letters(connection, range.last)?;
    note(connection, &range, now)?;
    let next = connection
        .prepare_cached("SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'record'")?
        .query_row([], |row| row.get(0))?;
    let head = head.extend(connection, &mut Link { first: next, removed: range.last, ..Link::default() })?;
    prune_chain(connection, range.last)?;
    // An hour's counts at a time.
    let before = (now / 1_000_000 - TALLY_SECONDS).min(range.time / 1_000_000);
    connection
        .prepare_cached("DELETE FROM tally WHERE second < ?1 AND second < (SELECT min(second) FROM tally) + 3600")?
        .execute([before])?;
    Ok(Some(head))
}

/// Bytes above what is to be kept.
fn over(connection: &Connection, settings: &Retention) -> rusqlite::Result<i64> {
    let Some(keep) = settings.bytes else { return Ok(0) };
    Ok(page_bytes(connection)?.saturating_sub(integer(keep)))
}

/// Of the oldest record, in seconds.
fn oldest_time(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT time / 1000000 FROM record ORDER BY seq LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()
}

fn oldest(connection: &Connection, settings: &Retention, now: i64) -> rusqlite::Result<Option<Range>> {
    let expired = settings.keep.map(|keep| now.saturating_sub(i64::try_from(keep.as_micros()).unwrap_or(i64::MAX)));
    let mut over = over(connection, settings)?;
    let delivered = if settings.undelivered { None } else { delivered_up_to(connection, &settings.sinks)? };
    // The length of a payload is in its row; the payload is not read for it.
    let mut statement = connection.prepare_cached(
        "SELECT seq, time, analysis, coalesce(octet_length(request), 0) + coalesce(octet_length(response), 0)
            + coalesce(octet_length(envelope), 0) + 600
         FROM record ORDER BY seq LIMIT ?1",
    )?;
    let mut rows = statement.query([STEP_RECORDS])?;
    let (mut range, mut bytes, mut later) = (None::<Range>, 0, None::<(i64, i64)>);
    while let Some(row) = rows.next()? {
        let (seq, time, analysis, size): (i64, i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let is_ahead = expired.is_some() && time > now;
        if is_ahead && later.is_none_or(|(later, _)| later < seq) {
            later = first_of_the_past(connection, seq, now)?;
        }
        let time = later.filter(|_| is_ahead).map_or(time, |(_, made)| made);
        let reason = match expired {
            Some(expired) if time < expired => Reason::Age,
            _ if over > 0 => Reason::Size,
            _ => break,
        };
        let is_wanted = analysis == 1 || delivered.is_some_and(|delivered| seq > delivered);
        if is_wanted || bytes > STEP_BYTES || range.as_ref().is_some_and(|range| range.reason != reason) {
            break;
        }
        bytes += size;
        over -= size;
        let range = range.get_or_insert(Range { first: seq, last: seq, records: 0, reason, time });
        (range.last, range.time) = (seq, time);
        range.records += 1;
    }
    Ok(range)
}

/// A record that says it is of the future was written while a clock was ahead. It is no younger than the next one that is
/// not: its sequence and its time; none while there is none. Found by halves, as if the clock had been put right once: were
/// there more times, what is found is later, and the record stays longer.
fn first_of_the_past(connection: &Connection, seq: i64, now: i64) -> rusqlite::Result<Option<(i64, i64)>> {
    let read = |row: &Row<'_>| -> rusqlite::Result<(i64, i64)> { Ok((row.get(0)?, row.get(1)?)) };
    let mut newest = connection.prepare_cached("SELECT seq, time FROM record ORDER BY seq DESC LIMIT 1")?;
    let newest = newest.query_row([], read).optional()?;
    let Some(mut found) = newest.filter(|&(_, time)| time <= now) else { return Ok(None) };
    let mut next = connection.prepare_cached("SELECT seq, time FROM record WHERE seq >= ?1 ORDER BY seq LIMIT 1")?;
    let (mut ahead, mut end) = (seq, found.0);
    while end - ahead > 1 {
        let middle = ahead + (end - ahead) / 2;
        let (seq, time) = next.query_row([middle], read)?;
        if time > now {
            ahead = seq;
        } else {
            (found, end) = ((seq, time), middle);
        }
    }
    Ok(Some(found))
}

/// Up to where these sinks have what they are to have, which is nothing while one of them is not known; none when there is
/// no sink.
fn delivered_up_to(connection: &Connection, sinks: &[Arc<str>]) -> rusqlite::Result<Option<i64>> {
    if sinks.is_empty() {
        return Ok(None);
    }
    Ok(Some(delivery::delivered_up_to(connection, sinks)?.map_or(0, integer)))
}

/// Takes away the dead letters of records that are gone, which nobody can send any more. What is held or redriven stays:
/// its sink finds the record gone, says so, and makes a dead letter of it, which goes with a later step.
fn prune_letters(connection: &Connection, removed: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM undelivered WHERE (sink, seq) IN (
                 SELECT undelivered.sink, undelivered.seq
                 FROM sink CROSS JOIN undelivered ON undelivered.sink = sink.name
                 WHERE undelivered.seq <= ?1 AND undelivered.state = 1 LIMIT ?2)",
        )?
        .execute([removed, STEP_LETTERS])
        .map(drop)
}

/// One row for what goes in a day for the same reason.
fn note(connection: &Connection, range: &Range, now: i64) -> rusqlite::Result<()> {
    const DAY: i64 = 24 * 3600 * 1_000_000;
    let widened = connection
        .prepare_cached(
            "UPDATE retention SET last = ?1, records = records + ?2, ended = ?3
             WHERE id = (SELECT max(id) FROM retention) AND reason = ?4 AND began > ?5",
        )?
        .execute(params![range.last, range.records, now, range.reason.as_str(), now - DAY])?;
    if widened == 0 {
        connection
            .prepare_cached(
                "INSERT INTO retention (first, last, records, reason, began, ended) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
            )?
            .execute(params![range.first, range.last, range.records, range.reason.as_str(), now])?;
    }
    Ok(())
}

/// Takes away commits that speak of nothing that is still there. The newest stays.
fn prune_chain(connection: &Connection, removed: i64) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT id, hash, first + records <= ?1 + 1 FROM chain WHERE id < (SELECT max(id) FROM chain) ORDER BY id LIMIT ?2",
    )?;
    let mut rows = statement.query([removed, STEP_COMMITS])?;
    let mut last = None::<(i64, Digest)>;
    while let Some(row) = rows.next()? {
        if !row.get::<_, bool>(2)? {
            break;
        }
        last = Some((row.get(0)?, row.get(1)?));
    }
    drop(rows);
    let Some((id, hash)) = last else { return Ok(()) };
    connection.prepare_cached("DELETE FROM chain WHERE id <= ?1")?.execute([id])?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?
        .execute([seal::BASE, seal::hex(&hash).as_str()])
        .map(drop)
}

/// What retention removed, oldest first: first and last sequence, records, reason.
pub(super) fn removed(connection: &Connection) -> rusqlite::Result<Vec<(i64, i64, i64, String)>> {
    let mut statement = connection.prepare("SELECT first, last, records, reason FROM retention ORDER BY id")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_clock_made_in_the_future_is_as_old_as_what_came_behind_it() {
        let now = 1000;
        for (records, expected) in [
            (&[(1_i64, 5000_i64), (2, 10)][..], Some((2, 10))),
            (&[(1, 5000), (2, 5001), (7, 5002), (9, 20), (30, 30), (31, 999)][..], Some((9, 20))),
            (&[(1, 5000), (40, 1000)][..], Some((40, 1000))),
            (&[(1, 5000), (2, 5001)][..], None),
            (&[(1, 1001)][..], None),
        ] {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch("CREATE TABLE record (seq INTEGER PRIMARY KEY, time INTEGER)").unwrap();
            for (seq, time) in records {
                connection.execute("INSERT INTO record VALUES (?1, ?2)", [seq, time]).unwrap();
            }
            assert_eq!(first_of_the_past(&connection, 1, now).unwrap(), expected, "{records:?}");
        }
    }
}
