//! What shows that a record was changed after it was acknowledged.
//!
//! **Checksum.** A record holds a digest of its payloads as they are stored, which is compared whenever they are read.
//!
//! **Chain.** Each commit leaves one row in `chain`: the digests of the records that it brought and of the judgements
//! that it brought to earlier ones, and a hash over these and the hash of the commit before. A record's digest covers its
//! payloads through their digest alone, so that payloads can go and the chain still holds. Who changes, adds or removes a
//! record has to make every later hash anew: that is seen when the head was noted elsewhere before
//! (`portcullis-core log verify --head`). What retention removes stands in the chain too.
//!
//! SHA-256. Callers compute the digests of their own records; the writer hashes 32 bytes a record.

use rusqlite::{
    Connection, OptionalExtension as _, ToSql, params,
    types::{ToSqlOutput, ValueRef},
};
use sha2::{Digest as _, Sha256};

pub(super) type Digest = [u8; 32];

/// Sequences, and what the chain holds of them.
pub(super) type Leaves = Vec<(i64, Digest)>;

/// The chain, and how far retention came.
pub(super) const TABLES: &str = "
    ALTER TABLE record ADD COLUMN digest BLOB;      -- of the payloads as they are stored; null: recorded before this
    CREATE TABLE chain (
        id INTEGER PRIMARY KEY,
        first INTEGER NOT NULL,                     -- sequence of the first record of the commit
        records INTEGER NOT NULL,
        completed BLOB NOT NULL,                    -- sequences, 8 bytes each
        leaves BLOB NOT NULL,                       -- digests, 32 bytes each: of the records, then of the judgements
        removed INTEGER NOT NULL,                   -- up to where retention had removed records
        hash BLOB NOT NULL
    ) STRICT;
    CREATE TABLE retention (
        id INTEGER PRIMARY KEY,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        records INTEGER NOT NULL,
        reason TEXT NOT NULL,
        began INTEGER NOT NULL,                     -- microseconds since 1970
        ended INTEGER NOT NULL
    ) STRICT;
";

/// Each value with its kind and its length, so that no two lists of values feed the same bytes.
fn feed(hash: &mut Sha256, value: ValueRef<'_>) {
    let mut bytes = |kind: u8, bytes: &[u8]| {
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    match value {
        ValueRef::Null => bytes(0, &[]),
        ValueRef::Integer(number) => bytes(1, &number.to_le_bytes()),
        ValueRef::Real(number) => bytes(2, &number.to_bits().to_le_bytes()),
        ValueRef::Text(text) => bytes(3, text),
        ValueRef::Blob(blob) => bytes(4, blob),
    }
}

/// Of values as they are read.
pub(super) fn of<'v>(values: impl IntoIterator<Item = ValueRef<'v>>) -> Digest {
    let mut hash = Sha256::new();
    for value in values {
        feed(&mut hash, value);
    }
    hash.finalize().into()
}

/// Of payloads, with the salt that hides them when there is one.
pub(super) fn of_payloads<'v>(salt: ValueRef<'v>, payloads: impl IntoIterator<Item = ValueRef<'v>>) -> Digest {
    of(Some(salt).filter(|salt| *salt != ValueRef::Null).into_iter().chain(payloads))
}

/// Of values as they are going to be stored.
pub(super) fn of_new(values: &[&dyn ToSql]) -> rusqlite::Result<Digest> {
    let mut hash = Sha256::new();
    for value in values {
        match value.to_sql()? {
            ToSqlOutput::Borrowed(value) => feed(&mut hash, value),
            ToSqlOutput::Owned(value) => feed(&mut hash, ValueRef::from(&value)),
            _ => return Err(rusqlite::Error::ToSqlConversionFailure("not a plain value".into())),
        }
    }
    Ok(hash.finalize().into())
}

/// What the chain holds of a record: what was recorded at first, with the judgement when there was one already.
pub(super) fn leaf(recorded: &Digest, judged: Option<&Digest>) -> Digest {
    let judged = judged.map_or(ValueRef::Null, |judged| ValueRef::Blob(judged));
    of([ValueRef::Text(b"record"), ValueRef::Blob(recorded), judged])
}

/// What a judgement that came later left of the payloads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept<'a> {
    /// Of the payloads as they are stored then.
    pub(super) digest: &'a [u8],
    pub(super) storage: Option<i64>,
    pub(super) data_key: Option<&'a [u8]>,
}

/// What the chain holds of a judgement that came later, with what was kept of the payloads when they were changed by it.
pub(super) fn leaf_of_completion(sequence: i64, judged: &Digest, kept: Option<Kept<'_>>) -> Digest {
    let Some(Kept { digest, storage, data_key }) = kept else {
        return leaf_of_completion_at_first(sequence, judged, None);
    };
    let storage = storage.map_or(ValueRef::Null, ValueRef::Integer);
    let data_key = data_key.map_or(ValueRef::Null, ValueRef::Blob);
    let about = [ValueRef::Text(b"judgement"), ValueRef::Integer(sequence), ValueRef::Blob(judged)];
    of(about.into_iter().chain([ValueRef::Blob(digest), storage, data_key]))
}

/// The same as versions had it that did not cover how payloads are stored.
pub(super) fn leaf_of_completion_at_first(sequence: i64, judged: &Digest, kept: Option<&[u8]>) -> Digest {
    let kept = kept.map_or(ValueRef::Null, ValueRef::Blob);
    of([ValueRef::Text(b"judgement"), ValueRef::Integer(sequence), ValueRef::Blob(judged), kept])
}

/// What a commit adds to the chain.
#[derive(Debug, Clone, Default)]
pub(super) struct Link {
    /// 0 when it brought no record.
    pub(super) first: i64,
    pub(super) records: i64,
    pub(super) completed: Vec<u8>,
    pub(super) leaves: Vec<u8>,
    pub(super) removed: i64,
}

impl Link {
    pub(super) fn record(&mut self, sequence: i64, leaf: &Digest) {
        if self.records == 0 {
            self.first = sequence;
        }
        self.records += 1;
        self.leaves.extend_from_slice(leaf);
    }

    /// After all records.
    pub(super) fn completion(&mut self, sequence: i64, leaf: &Digest) {
        self.completed.extend_from_slice(&sequence.to_be_bytes());
        self.leaves.extend_from_slice(leaf);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    pub(super) fn hash(&self, before: &Digest) -> Digest {
        of([
            ValueRef::Text(b"commit"),
            ValueRef::Blob(before),
            ValueRef::Integer(self.first),
            ValueRef::Integer(self.records),
            ValueRef::Blob(&self.completed),
            ValueRef::Blob(&self.leaves),
            ValueRef::Integer(self.removed),
        ])
    }

    /// Its sequences and their digests: records first, then judgements.
    pub(super) fn parts(&self) -> Option<(Leaves, Leaves)> {
        let (leaves, rest) = self.leaves.as_chunks::<32>();
        let (completed, torn) = self.completed.as_chunks::<8>();
        let records = usize::try_from(self.records).ok()?;
        if !rest.is_empty() || !torn.is_empty() || leaves.len() != records + completed.len() {
            return None;
        }
        let (of_records, of_judgements) = leaves.split_at(records);
        let sequences = completed.iter().map(|bytes| i64::from_be_bytes(*bytes));
        Some((
            (self.first..).zip(of_records.iter().copied()).collect(),
            sequences.zip(of_judgements.iter().copied()).collect(),
        ))
    }
}

/// The end of the chain, which the writer extends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) hash: Digest,
    pub(super) removed: i64,
}

impl Head {
    pub(super) fn read(connection: &Connection, node: &str) -> rusqlite::Result<Self> {
        let last = connection
            .prepare("SELECT hash, removed FROM chain ORDER BY id DESC LIMIT 1")?
            .query_row([], |row| Ok(Self { hash: row.get(0)?, removed: row.get(1)? }))
            .optional()?;
        Ok(last.unwrap_or_else(|| Self { hash: origin(node), removed: 0 }))
    }

    /// Adds it to the file and answers with the chain's new end, which holds once the transaction is committed.
    pub(super) fn extend(self, connection: &Connection, link: &mut Link) -> rusqlite::Result<Self> {
        link.removed = link.removed.max(self.removed);
        let hash = link.hash(&self.hash);
        connection
            .prepare_cached(
                "INSERT INTO chain (first, records, completed, leaves, removed, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![link.first, link.records, link.completed, link.leaves, link.removed, hash])?;
        Ok(Self { hash, removed: link.removed })
    }
}

/// What the first commit of a file follows.
pub(super) fn origin(node: &str) -> Digest {
    of([ValueRef::Text(b"portcullis log"), ValueRef::Text(node.as_bytes())])
}

/// In `meta`: the hash that the oldest row of the chain follows, once older ones were removed.
pub(super) const BASE: &str = "chain_base";

/// What the oldest row that is still there follows.
pub(super) fn base(connection: &Connection, node: &str) -> rusqlite::Result<Digest> {
    let stored: Option<Option<Digest>> = connection
        .prepare("SELECT unhex(value) FROM meta WHERE key = ?1")?
        .query_row([BASE], |row| row.get(0))
        .optional()?;
    Ok(stored.flatten().unwrap_or_else(|| origin(node)))
}

pub(super) fn hex(digest: &Digest) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_and_what_is_read_have_one_digest() {
        let text: Option<&str> = None;
        let new = of_new(&[&1_i64, &true, &"a", &[0_u8, 1].as_slice(), &text]).unwrap();
        let read = of([
            ValueRef::Integer(1),
            ValueRef::Integer(1),
            ValueRef::Text(b"a"),
            ValueRef::Blob(&[0, 1]),
            ValueRef::Null,
        ]);
        assert_eq!(new, read);
    }

    #[test]
    fn values_do_not_flow_into_each_other() {
        let pairs = [["ab", "c"], ["a", "bc"], ["abc", ""], ["", "abc"]];
        let digests: std::collections::HashSet<_> =
            pairs.iter().map(|pair| of(pair.map(|text| ValueRef::Text(text.as_bytes())))).collect();
        assert_eq!(digests.len(), pairs.len());
        assert_ne!(of([ValueRef::Text(b"a")]), of([ValueRef::Blob(b"a")]));
        assert_ne!(of([ValueRef::Null]), of([ValueRef::Text(b"")]));
    }

    #[test]
    fn a_link_gives_back_what_went_in() {
        let mut link = Link::default();
        link.record(7, &[1; 32]);
        link.record(8, &[2; 32]);
        link.completion(3, &[3; 32]);
        assert_eq!(link.parts(), Some((vec![(7, [1; 32]), (8, [2; 32])], vec![(3, [3; 32])])));
        for torn in [
            Link { records: 3, ..link.clone() },
            Link { leaves: vec![0; 33], ..link.clone() },
            Link { completed: vec![0; 7], ..link.clone() },
            Link { records: -1, ..link.clone() },
        ] {
            assert_eq!(torn.parts(), None);
        }
    }
}
