//! What counters take of a log that is to keep its size: callers choose how many names there are, and records would go for them.

use std::borrow::Cow;

use rusqlite::{Connection, params};

use super::{Dimension, Grain};

/// Bytes of a caller's name that are counted by: names that begin alike for so long share a counter.
const NAME: usize = 128;

/// Starts that go in one step, of each dimension: some thousand rows, some milliseconds.
const STEP: i64 = 5;

const HOUR: i64 = 3600;

/// As counters have it.
pub(super) fn cut(name: Cow<'_, str>) -> Cow<'_, str> {
    if name.len() <= NAME {
        return name;
    }
    let end = (0..=NAME).rev().find(|&at| name.is_char_boundary(at)).unwrap_or_default();
    match name {
        Cow::Borrowed(name) => Cow::Borrowed(name.get(..end).unwrap_or_default()),
        Cow::Owned(mut name) => {
            name.truncate(end);
            Cow::Owned(name)
        }
    }
}

/// Takes away the oldest counts by callers' names, and says whether there were any: those by minute that are older than six
/// hours, as longer periods are read by hours (a shorter one that lies before then has no names), and those that are older than every record that is kept, by minute and by
/// hour. The last hour, and of hours the last two days, stay in any case. Times in seconds; none: there is no record.
pub(in crate::record) fn make_room(connection: &Connection, oldest: Option<i64>, now: i64) -> rusqlite::Result<bool> {
    let oldest = oldest.unwrap_or(now);
    let minutes = oldest.min(now - HOUR).max(now - 6 * HOUR);
    let hours = oldest.min(now - 48 * HOUR);
    let mut removed = 0;
    for (grain, before) in [(Grain::Minute, minutes), (Grain::Hour, hours)] {
        for dimension in Dimension::ALL.into_iter().filter(|dimension| dimension.is_open()) {
            let place = (grain.seconds(), dimension.code());
            let first: Option<i64> = connection
                .prepare_cached("SELECT min(start) FROM aggregate WHERE grain = ?1 AND dimension = ?2")?
                .query_row(place, |row| row.get(0))?;
            let Some(first) = first.filter(|&first| first < before) else { continue };
            let before = before.min(first.saturating_add(STEP * grain.seconds()));
            removed += connection
                .prepare_cached("DELETE FROM aggregate WHERE grain = ?1 AND dimension = ?2 AND start < ?3")?
                .execute(params![place.0, place.1, before])?;
        }
    }
    Ok(removed > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_where_a_character_ends() {
        let long = "\u{e9}".repeat(100);
        for (name, expected) in [
            ("ann".to_owned(), "ann".to_owned()),
            (long.clone(), "\u{e9}".repeat(64)),
            (format!("a{long}"), format!("a{}", "\u{e9}".repeat(63))),
        ] {
            assert_eq!(cut(Cow::Borrowed(&name)), expected);
            assert_eq!(cut(Cow::<str>::Owned(name)), expected);
        }
    }
}
