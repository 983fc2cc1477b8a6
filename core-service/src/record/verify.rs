//! Reads a whole log and says what is not as it was acknowledged: see `seal` for what it goes by.
//!
//! It reads one commit's view of the file and stops nobody; a service may be running.

use std::{collections::HashMap, fmt, ops::RangeInclusive, path::Path};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row as SqlRow, Rows, types::ValueRef};

use super::{
    code::Code as _,
    entry::{Analysis, RecordKind},
    error::{LogError, StorageFault},
    retention,
    row::{JUDGED, JUDGED_COLUMNS, RECORDED, RECORDED_AT_FIRST, RECORDED_COLUMNS},
    schema::{self, DATABASE},
    seal::{self, Digest, Head, Kept, Link},
    violates,
};
use crate::domain::decision::Violation;

/// Problems that are named; of more, the number.
const NAMED: usize = 100;

/// What is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// SQLite finds the file's structure broken.
    Structure(String),
    /// The file cannot be read on from here.
    Unreadable(StorageFault),
    /// The hash of a commit is not the one that follows from it and from the commit before.
    Link { commit: i64, first: i64 },
    /// Records that were acknowledged, are gone, and that retention did not remove.
    Missing(RangeInclusive<i64>),
    /// A record that no commit of the chain brought.
    Foreign(i64),
    /// A record is not what was recorded.
    Record(i64),
    /// A record's payloads are not what was recorded.
    Payload(i64),
    /// A record's judgement is not what was recorded.
    Judgement(i64),
    /// There are not as many judgements that came later as the chain brought.
    Judgements { stored: u64, chained: u64 },
    /// No commit has the hash that was noted.
    Head,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Structure(what) => write!(f, "the file's structure is broken: {what}"),
            Self::Unreadable(fault) => write!(f, "the file cannot be read on: {fault}"),
            Self::Link { commit, first } => {
                write!(f, "the chain is broken at commit {commit}, whose first record is {first}")
            }
            Self::Missing(range) => write!(f, "records {} to {} are missing", range.start(), range.end()),
            Self::Foreign(seq) => write!(f, "record {seq} is in no commit"),
            Self::Record(seq) => write!(f, "record {seq} was changed"),
            Self::Payload(seq) => write!(f, "the payloads of record {seq} were changed or are damaged"),
            Self::Judgement(seq) => write!(f, "the judgement of record {seq} was changed"),
            Self::Judgements { stored, chained } => {
                write!(
                    f,
                    "{stored} records are said to have been judged later, and the chain brought {chained} judgements"
                )
            }
            Self::Head => f.write_str("the head that was noted is in no commit"),
        }
    }
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    pub node: String,
    pub records: u64,
    /// Recorded before there was a chain.
    pub unsealed: u64,
    pub commits: u64,
    pub first: i64,
    pub last: i64,
    /// Up to here retention removed records.
    pub removed_to: i64,
    /// Records that tell of the log itself: gaps and damaged files.
    pub incidents: u64,
    /// In hexadecimal. Who notes it can ask for it later.
    pub head: String,
    /// The first hundred.
    pub problems: Vec<Problem>,
    pub problems_total: u64,
    /// First and last sequence, records, reason.
    pub removed: Vec<(i64, i64, i64, String)>,
}

impl Verified {
    pub const fn is_whole(&self) -> bool {
        self.problems_total == 0
    }

    fn problem(&mut self, problem: Problem) {
        self.problems_total += 1;
        if self.problems.len() < NAMED {
            self.problems.push(problem);
        }
    }
}

/// Reads the log of this folder. `noted` is a head of an earlier time, in hexadecimal. A file of another version is an error, and
/// not one that was changed.
pub fn verify(dir: &Path, noted: Option<&str>) -> Result<Verified, LogError> {
    let path = dir.join(DATABASE);
    path.metadata().map_err(|error| LogError::io(&path, &error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&path, flags)?;
    schema::configure(&connection)?;
    schema::must_be_current(&connection, &path)?;
    let mut found = Verified::default();
    match walk(&mut connection, noted, &mut found) {
        Ok(()) => {}
        Err(error) => found.problem(Problem::Unreadable(error.into())),
    }
    Ok(found)
}

fn walk(connection: &mut Connection, noted: Option<&str>, found: &mut Verified) -> rusqlite::Result<()> {
    // One view of the file for all of it.
    let view = connection.transaction()?;
    found.node = view.query_row("SELECT value FROM meta WHERE key = 'node'", [], |row| row.get(0))?;
    let mut check = view.prepare("PRAGMA quick_check(20)")?;
    let mut lines = check.query([])?;
    while let Some(line) = lines.next()? {
        let line: String = line.get(0)?;
        if line != "ok" {
            found.problem(Problem::Structure(line));
        }
    }
    let head = Head::read(&view, &found.node)?;
    found.removed_to = head.removed;
    found.removed = retention::removed(&view)?;
    found.head = seal::hex(&head.hash);
    let last_given = view
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'record'", [], |row| row.get::<_, i64>(0))
        .optional()?
        .unwrap_or_default();

    let mut records = view.prepare(&format!("SELECT seq, kind, analysis, {RECORDED}, {JUDGED}, coalesce(kept, digest), salt, request, response, envelope, kept IS NOT NULL, principal, violates, violations FROM record ORDER BY seq"))?;
    let mut one = view.prepare(&format!(
        "SELECT analysis, {JUDGED}, kept, storage, data_key, violates, violations FROM record WHERE seq = ?1"
    ))?;
    let mut cursor = Cursor { rows: records.query([])?, row: None, keys: keys(&view)? };
    cursor.step()?;

    let mut before = seal::base(&view, &found.node)?;
    let mut is_noted = noted.is_none_or(|noted| noted.eq_ignore_ascii_case(&seal::hex(&before)));
    // Judged later: by their state, and by the chain.
    let (mut judged_later, mut judgements) = (0_u64, 0_u64);
    // What the next record of the chain is to be; none before the first one, and after a commit that cannot be believed.
    let mut next = None::<i64>;
    let (mut sealed_from, mut is_lost) = (None::<i64>, false);
    let mut chain =
        view.prepare("SELECT id, first, records, completed, leaves, removed, hash FROM chain ORDER BY id")?;
    let mut links = chain.query([])?;
    while let Some(row) = links.next()? {
        let commit: i64 = row.get(0)?;
        let link = Link {
            first: row.get(1)?,
            records: row.get(2)?,
            completed: row.get(3)?,
            leaves: row.get(4)?,
            removed: row.get(5)?,
        };
        let hash: Digest = row.get(6)?;
        found.commits += 1;
        let parts = link.parts().filter(|_| link.hash(&before) == hash);
        before = hash;
        is_noted |= noted.is_some_and(|noted| noted.eq_ignore_ascii_case(&seal::hex(&hash)));
        let Some((of_records, of_judgements)) = parts else {
            found.problem(Problem::Link { commit, first: link.first });
            // What it says of its records cannot be believed: they are passed over, and those after them looked at.
            (next, is_lost) = (None, true);
            continue;
        };
        for (sequence, leaf) in of_records {
            if let Some(expected) = next.filter(|&expected| expected != sequence) {
                missing(found, expected, sequence - 1);
            }
            let sealed_from = *sealed_from.get_or_insert(sequence);
            while let Some(here) = cursor.sequence().filter(|&here| here < sequence) {
                found.seen(cursor.kind()?, here);
                if here < sealed_from && here > found.removed_to {
                    found.unsealed += 1;
                } else if next.is_some() || !is_lost {
                    found.problem(Problem::Foreign(here));
                }
                cursor.step()?;
            }
            next = Some(sequence + 1);
            if cursor.sequence() != Some(sequence) {
                missing(found, sequence, sequence);
                continue;
            }
            found.seen(cursor.kind()?, sequence);
            let state = cursor.look()?;
            let was_pending = state.leaves_as_pending.contains(&leaf) && state.analysis != Analysis::None.code();
            let is_judged_later = was_pending && state.analysis == Analysis::Done.code();
            // Of a judgement that came later it is said below whether its violations are those that it is found by.
            let is_as_it_came = state.leaves.contains(&leaf) && state.is_found_by_its_violations;
            let is_changed = !was_pending && !is_as_it_came;
            // What the chain holds of a judgement that came later vouches for `kept`, and nothing does elsewhere. Its
            // leaf says so and not `analysis` alone, which no digest covers.
            let is_vouched_for = is_judged_later || is_changed || !state.has_kept;
            if !(state.payloads_are_whole && is_vouched_for) {
                found.problem(Problem::Payload(sequence));
            }
            judged_later += u64::from(is_judged_later);
            if is_changed {
                found.problem(Problem::Record(sequence));
            }
            cursor.step()?;
        }
        for (sequence, leaf) in of_judgements {
            let judged = one
                .query_row([sequence], |row| {
                    const KEPT: usize = 1 + JUDGED_COLUMNS;
                    let digest = seal::of(judged(row, 1)?);
                    let kept: Option<Vec<u8>> = row.get(KEPT)?;
                    let data_key: Option<Vec<u8>> = row.get(KEPT + 2)?;
                    let (storage, data_key) = (row.get(KEPT + 1)?, data_key.as_deref());
                    let whole = kept.as_deref().map(|digest| Kept { digest, storage, data_key });
                    let leaves = [
                        seal::leaf_of_completion(sequence, &digest, whole),
                        seal::leaf_of_completion_at_first(sequence, &digest, kept.as_deref()),
                    ];
                    let fits = leaves.contains(&leaf) && is_found_by_its_violations(row, KEPT + 3)?;
                    Ok((row.get::<_, i64>(0)?, fits))
                })
                .optional()?;
            match judged {
                // Of what the chain brought itself, it was said above.
                None if sealed_from.is_some_and(|from| sequence >= from) => {}
                None => missing(found, sequence, sequence),
                Some((analysis, fits)) => {
                    let is_done = analysis == Analysis::Done.code();
                    if !(is_done && fits) {
                        found.problem(Problem::Judgement(sequence));
                    }
                    judgements += u64::from(is_done && sealed_from.is_some_and(|from| sequence >= from));
                }
            }
        }
    }
    while let Some(here) = cursor.sequence() {
        found.seen(cursor.kind()?, here);
        if sealed_from.is_none() && here > found.removed_to {
            found.unsealed += 1;
        } else if next.is_some() || !is_lost {
            found.problem(Problem::Foreign(here));
        }
        cursor.step()?;
    }
    if let Some(expected) = next.filter(|&expected| expected <= last_given) {
        missing(found, expected, last_given);
    }
    if judgements != judged_later && !is_lost {
        found.problem(Problem::Judgements { stored: judged_later, chained: judgements });
    }
    if !is_noted {
        found.problem(Problem::Head);
    }
    Ok(())
}

/// Without what retention removed.
fn missing(found: &mut Verified, from: i64, to: i64) {
    let from = from.max(found.removed_to + 1);
    if from > to {
        return;
    }
    if let Some(Problem::Missing(range)) = found.problems.last_mut()
        && *range.end() + 1 == from
    {
        *range = *range.start()..=to;
        return;
    }
    found.problem(Problem::Missing(from..=to));
}

impl Verified {
    fn seen(&mut self, kind: i64, sequence: i64) {
        self.records += 1;
        self.incidents += u64::from(kind == RecordKind::Log.code());
        if self.first == 0 {
            self.first = sequence;
        }
        self.last = sequence;
    }
}

struct State {
    analysis: i64,
    /// What the chain may hold of it: as this version writes it, and as one before did.
    leaves: Vec<Digest>,
    /// The same, of a record that waited for its analysis when it came.
    leaves_as_pending: Vec<Digest>,
    is_found_by_its_violations: bool,
    /// By `kept`, where it is there.
    payloads_are_whole: bool,
    has_kept: bool,
}

/// The records in their order.
struct Cursor<'s> {
    rows: Rows<'s>,
    row: Option<(i64, i64, State)>,
    keys: Keys,
}

/// Under which payloads are encrypted, by tenant: those that were destroyed keep their name.
type Keys = HashMap<String, Vec<Vec<u8>>>;

fn keys(connection: &Connection) -> rusqlite::Result<Keys> {
    let mut statement = connection.prepare("SELECT tenant, id FROM data_key")?;
    let mut rows = statement.query([])?;
    let mut keys = Keys::new();
    while let Some(row) = rows.next()? {
        keys.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    Ok(keys)
}

impl Cursor<'_> {
    fn step(&mut self) -> rusqlite::Result<()> {
        self.row = match self.rows.next()? {
            None => None,
            Some(row) => Some((row.get(0)?, row.get(1)?, state(row, &self.keys)?)),
        };
        Ok(())
    }

    fn sequence(&self) -> Option<i64> {
        self.row.as_ref().map(|(sequence, ..)| *sequence)
    }

    fn kind(&self) -> rusqlite::Result<i64> {
        self.row.as_ref().map(|(_, kind, _)| *kind).ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    fn look(&self) -> rusqlite::Result<&State> {
        self.row.as_ref().map(|(.., state)| state).ok_or(rusqlite::Error::QueryReturnedNoRows)
    }
}

fn state(row: &SqlRow<'_>, keys: &Keys) -> rusqlite::Result<State> {
    const PAYLOADS: usize = 3 + RECORDED_COLUMNS + JUDGED_COLUMNS;
    let analysis: i64 = row.get(2)?;
    let at_first = values(row, 3, RECORDED_AT_FIRST)?;
    let mut recorded = vec![seal::of(values(row, 3, RECORDED_COLUMNS)?), seal::of(at_first.iter().copied())];
    let judged = seal::of(judged(row, 3 + RECORDED_COLUMNS)?);
    let leaves = recorded.iter().map(|recorded| seal::leaf(recorded, Some(&judged))).collect();
    let has_kept: bool = row.get(PAYLOADS + 5)?;
    if has_kept {
        // How they were stored before has gone with the payloads: as they came, in the clear or under a key of their tenant.
        let principal: String = row.get(PAYLOADS + 6)?;
        let keys = keys.get(&principal).into_iter().flatten().map(|key| ValueRef::Blob(key));
        for key in keys.chain([ValueRef::Null]) {
            recorded.push(seal::of(at_first.iter().copied().chain([ValueRef::Null, key])));
        }
    }
    let leaves_as_pending: Vec<_> = recorded.iter().map(|recorded| seal::leaf(recorded, None)).collect();
    let is_pending = analysis == Analysis::Pending.code();
    let leaves = if is_pending { leaves_as_pending.clone() } else { leaves };
    let is_found_by_its_violations = is_pending || is_found_by_its_violations(row, PAYLOADS + 7)?;
    let digest = row.get_ref(PAYLOADS)?;
    let payloads = seal::of_payloads(row.get_ref(PAYLOADS + 1)?, values(row, PAYLOADS + 2, 3)?);
    let payloads_are_whole =
        digest.as_blob_or_null().is_ok_and(|digest| digest.is_none_or(|digest| digest == payloads));
    Ok(State { analysis, leaves, leaves_as_pending, is_found_by_its_violations, payloads_are_whole, has_kept })
}

/// Whether the bits by which lists find it are those of its violations, which the chain covers. Of the columns `violates` and
/// `violations`. Versions before had no such bits, and of what cannot be read there is nothing to say.
fn is_found_by_its_violations(row: &SqlRow<'_>, at: usize) -> rusqlite::Result<bool> {
    let Some(bits) = row.get::<_, Option<i64>>(at)? else { return Ok(true) };
    let Some(text) = row.get::<_, Option<String>>(at + 1)? else { return Ok(false) };
    let violations: Result<Vec<Violation>, _> = serde_json::from_str(&text);
    Ok(violations.map_or(true, |violations| violates::of(&violations) == Some(bits)))
}

fn values<'r>(row: &'r SqlRow<'_>, from: usize, count: usize) -> rusqlite::Result<Vec<ValueRef<'r>>> {
    (from..from + count).map(|column| row.get_ref(column)).collect()
}

/// A judgement without times is as one was before there were any.
fn judged<'r>(row: &'r SqlRow<'_>, from: usize) -> rusqlite::Result<Vec<ValueRef<'r>>> {
    let mut judged = values(row, from, JUDGED_COLUMNS)?;
    if judged.last() == Some(&ValueRef::Null) {
        judged.pop();
    }
    Ok(judged)
}
