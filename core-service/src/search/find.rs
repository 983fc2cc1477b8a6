//! Which records have the words, newest first.

use std::time::Instant;

use rusqlite::params;

use super::{Index, Query};
use crate::record::StorageFault;

/// Sequences that one query goes through: words that most texts have, in an order that none has, are looked for in all of
/// them.
const AT_A_TIME: i64 = if cfg!(test) { 30 } else { 1 << 15 };

/// Records that have the words, and where to go on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) sequences: Vec<i64>,
    /// Everything from here on was looked at; none when all was.
    pub(crate) next: Option<i64>,
}

impl Index {
    /// Of the sequences from `from` to below `below`, at most so many. When the time is over it ends with the query in
    /// hand: it always comes further.
    pub(crate) fn find(
        &self,
        query: &Query,
        from: i64,
        below: i64,
        limit: usize,
        until: Instant,
    ) -> Result<Found, StorageFault> {
        self.read(|connection| {
            // One view of the file: a part may be dropped meanwhile.
            let transaction = connection.transaction()?;
            let parts: Vec<(i64, i64, i64)> = transaction
                .prepare_cached("SELECT id, first, last FROM part WHERE first < ?1 AND last >= ?2 ORDER BY id DESC")?
                .query_map([below, from], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect::<rusqlite::Result<_>>()?;
            let mut found = Found::default();
            let last = parts.last().map(|(id, ..)| *id);
            for (id, first, end) in parts {
                let mut statement = transaction.prepare_cached(&format!(
                    "SELECT rowid FROM words_{id} WHERE words_{id} MATCH ?1 AND rowid >= ?2 AND rowid < ?3
                     ORDER BY rowid DESC LIMIT ?4"
                ))?;
                let (first, mut high) = (first.max(from), (end + 1).min(below));
                while high > first {
                    let low = high.saturating_sub(AT_A_TIME).max(first);
                    let missing = i64::try_from(limit - found.sequences.len()).unwrap_or(i64::MAX);
                    let rows = statement.query_map(params![query.matching(), low, high, missing], |row| row.get(0))?;
                    for sequence in rows {
                        found.sequences.push(sequence?);
                    }
                    if found.sequences.len() >= limit {
                        found.next = found.sequences.last().copied();
                        return Ok(found);
                    }
                    high = low;
                    if (Some(id) != last || high > first) && Instant::now() >= until {
                        found.next = Some(high);
                        return Ok(found);
                    }
                }
            }
            Ok(found)
        })
    }
}
