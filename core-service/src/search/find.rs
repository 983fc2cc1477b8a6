//! Which records have the words, newest first.

use std::time::Instant;

use rusqlite::params;

use super::{Index, Query};
use crate::record::StorageFault;

/// Records that have the words, and where to go on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) sequences: Vec<i64>,
    /// Everything from here on was looked at; none when all was.
    pub(crate) next: Option<i64>,
}

impl Index {
    /// Of the sequences from `from` to below `below`, at most so many. When the time is over it ends with the part in hand:
    /// it always comes further.
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
            let parts: Vec<(i64, i64)> = transaction
                .prepare_cached("SELECT id, first FROM part WHERE first < ?1 AND last >= ?2 ORDER BY id DESC")?
                .query_map([below, from], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            let mut found = Found::default();
            let last = parts.last().map(|(id, _)| *id);
            for (id, first) in parts {
                let mut statement = transaction.prepare_cached(&format!(
                    "SELECT rowid FROM words_{id} WHERE words_{id} MATCH ?1 AND rowid >= ?2 AND rowid < ?3
                     ORDER BY rowid DESC LIMIT ?4"
                ))?;
                let missing = i64::try_from(limit - found.sequences.len()).unwrap_or(i64::MAX);
                let rows = statement.query_map(params![query.matching(), from, below, missing], |row| row.get(0))?;
                for sequence in rows {
                    found.sequences.push(sequence?);
                }
                if found.sequences.len() >= limit {
                    found.next = found.sequences.last().copied();
                    return Ok(found);
                }
                if Some(id) != last && Instant::now() >= until {
                    found.next = Some(first);
                    return Ok(found);
                }
            }
            Ok(found)
        })
    }
}
