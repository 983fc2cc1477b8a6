//! What a batch changes in the table `tally`, gathered first and written once.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::row::TallyKey;

/// The change of the count, and the first sequence.
#[derive(Default)]
pub(super) struct Tally(BTreeMap<TallyKey, (i64, i64)>);

impl Tally {
    pub(super) fn count(&mut self, key: TallyKey, change: i64, sequence: i64) {
        let (count, first) = self.0.entry(key).or_insert((0, sequence));
        *count += change;
        *first = sequence.min(*first);
    }

    pub(super) fn store(self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(
            "INSERT INTO tally (second, kind, action, count, first_seq) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET count = count + excluded.count, first_seq = min(first_seq, excluded.first_seq)",
        )?;
        for (TallyKey { second, kind, action }, (count, first)) in self.0 {
            statement.execute(params![second, kind, action, count, first])?;
        }
        Ok(())
    }
}
