//! What people do with records: reviews, and looks at payloads as they were recorded.

use std::fmt;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{code::Code, row::integer};

/// Of a review, in bytes.
pub const MAX_NOTE: usize = 2000;

/// Reveals that are told of one record, the newest.
const REVEALS: i64 = 20;

pub(super) const MIGRATION: &str = "
    CREATE TABLE review (
        seq INTEGER PRIMARY KEY,
        opinion INTEGER NOT NULL,
        note TEXT NOT NULL,
        who TEXT NOT NULL,
        time INTEGER NOT NULL           -- microseconds since 1970
    ) STRICT;
    CREATE TABLE reveal (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        seq INTEGER NOT NULL,
        who TEXT NOT NULL,
        time INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX reveal_seq ON reveal (seq);
";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opinion {
    TruePositive,
    FalsePositive,
}

impl Code for Opinion {
    const ALL: &'static [Self] = &[Self::TruePositive, Self::FalsePositive];
}

#[derive(Clone, PartialEq, Eq)]
pub struct Review {
    pub opinion: Opinion,
    /// At most [`MAX_NOTE`] bytes.
    pub note: String,
    pub who: String,
    pub time: Timestamp,
}

/// Without the note, in which people quote.
impl fmt::Debug for Review {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Review({:?} by {}, {} bytes)", self.opinion, self.who, self.note.len())
    }
}

/// That somebody saw a record as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reveal {
    pub who: String,
    pub time: Timestamp,
}

/// What is written about a record that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Takes the place of an earlier one.
    Review {
        sequence: u64,
        review: Review,
    },
    Reveal {
        sequence: u64,
        reveal: Reveal,
    },
}

impl Note {
    pub(super) fn store(&self, connection: &Connection) -> rusqlite::Result<()> {
        match self {
            Self::Review { sequence, review: Review { opinion, note, who, time } } => connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO review (seq, opinion, note, who, time) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![integer(*sequence), opinion.code(), note, who, time.as_microsecond()])?,
            Self::Reveal { sequence, reveal: Reveal { who, time } } => connection
                .prepare_cached("INSERT INTO reveal (seq, who, time) VALUES (?1, ?2, ?3)")?
                .execute(params![integer(*sequence), who, time.as_microsecond()])?,
        };
        Ok(())
    }
}

/// What is known of a record beside itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    pub review: Option<Review>,
    /// Newest first.
    pub reveals: Vec<Reveal>,
}

pub(crate) fn read_notes(connection: &Connection, sequence: u64) -> rusqlite::Result<Notes> {
    let sequence = integer(sequence);
    let time = |microseconds| Timestamp::from_microsecond(microseconds).unwrap_or_default();
    let review = connection
        .prepare_cached("SELECT opinion, note, who, time FROM review WHERE seq = ?1")?
        .query_row([sequence], |row| {
            let opinion = Opinion::from_code(row.get(0)?).unwrap_or(Opinion::TruePositive);
            Ok(Review { opinion, note: row.get(1)?, who: row.get(2)?, time: time(row.get(3)?) })
        })
        .optional()?;
    let reveals = connection
        .prepare_cached("SELECT who, time FROM reveal WHERE seq = ?1 ORDER BY id DESC LIMIT ?2")?
        .query_map([sequence, REVEALS], |row| Ok(Reveal { who: row.get(0)?, time: time(row.get(1)?) }))?
        .collect::<Result<_, _>>()?;
    Ok(Notes { review, reveals })
}
