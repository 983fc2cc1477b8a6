//! A log file that cannot be read is moved aside and a new one begun: a service that cannot start because of yesterday's
//! records guards nothing, and whoever starts it again and again does not make them readable.
//!
//! Whoever finds the damage leaves a mark in the folder first. What the mark asks for is done at the start, and done to
//! its end when a crash came between: a write-ahead log must never be left beside a file that it does not belong to.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::{delivery, error::LogError, schema::DATABASE};

const MARK: &str = "portcullis.damaged";
const INFIX: &str = ".damaged-";

/// Rows at the end of the log, which a crash or a full disk hurts first, and their bytes.
const TAIL_ROWS: usize = 64;
const TAIL_BYTES: usize = 4 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    AtStart,
    WhileRunning,
}

impl Found {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::AtStart => "at_start",
            Self::WhileRunning => "while_running",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Damage {
    /// Name of the file in the data folder.
    pub(super) moved_to: String,
    pub(super) found: Found,
    /// By sink, records of any kind that it did not get, and that nobody sends any more; none: the file does not say.
    pub(super) undelivered: Option<BTreeMap<String, u64>>,
}

/// Asks for the file to be moved at the next start. An earlier mark stands.
pub(super) fn mark(dir: &Path, found: Found) -> io::Result<()> {
    let mut file = match File::create_new(dir.join(MARK)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        file => file?,
    };
    let now = Timestamp::now();
    let stamp = now.strftime("%Y%m%dT%H%M%S");
    write!(file, "{stamp}{:03}Z {}", now.subsec_millisecond(), found.as_str())?;
    file.sync_all()?;
    File::open(dir)?.sync_all()
}

/// Whether the file is to be moved at the next start: a mark that cannot be looked at is one all the same.
pub(super) fn is_marked(dir: &Path) -> bool {
    dir.join(MARK).try_exists().unwrap_or(true)
}

/// Does what a mark asks for; none when there is no mark.
pub(super) fn settle(dir: &Path) -> Result<Option<Damage>, LogError> {
    let mark = dir.join(MARK);
    let text = match fs::read_to_string(&mark) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        // A mark that cannot be read is one all the same.
        text => text.unwrap_or_default(),
    };
    let mut words = text.split_ascii_whitespace();
    let stamp = words.next().filter(|stamp| stamp.bytes().all(|byte| byte.is_ascii_alphanumeric())).unwrap_or("Z");
    let found = if words.next() == Some(Found::AtStart.as_str()) { Found::AtStart } else { Found::WhileRunning };
    let moved_to = format!("{DATABASE}{INFIX}{stamp}");
    // SQLite opens the moved file with what stands beside it, because the names go together.
    for beside in ["-wal", "-shm", ""] {
        let from = dir.join(format!("{DATABASE}{beside}"));
        match fs::rename(&from, dir.join(format!("{moved_to}{beside}"))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            moved => moved.map_err(|error| LogError::io(from, &error))?,
        }
    }
    sync(dir)?;
    fs::remove_file(&mark).map_err(|error| LogError::io(mark, &error))?;
    sync(dir)?;
    let undelivered = undelivered(&dir.join(&moved_to));
    Ok(Some(Damage { moved_to, found, undelivered }))
}

/// What a damaged file tells of its sinks, as far as it can be read. Its pages are left as they are; SQLite may leave its
/// `-wal` and `-shm` beside it.
fn undelivered(file: &Path) -> Option<BTreeMap<String, u64>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).ok()?;
    let tip = delivery::tip(&connection).ok()?;
    let sinks = delivery::sinks(&connection).ok()?.into_iter();
    let left = |cursor: u64, held: u64| tip.saturating_sub(cursor).saturating_add(held);
    Some(sinks.map(|sink| (sink.name, left(sink.cursor, sink.held.saturating_add(sink.redrive)))).collect())
}

pub(super) fn sync(dir: &Path) -> Result<(), LogError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|error| LogError::io(dir, &error))
}

/// Names of the files that were moved aside and that nobody has taken away.
pub(super) fn files(dir: &Path) -> Vec<String> {
    let mut names = all_files(dir);
    names.retain(|name| !name.ends_with("-wal") && !name.ends_with("-shm"));
    names
}

/// With what was moved along with them, which holds records and keys too.
pub(super) fn all_files(dir: &Path) -> Vec<String> {
    let names =
        fs::read_dir(dir).into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let moved = |name: &String| name.strip_prefix(DATABASE).is_some_and(|rest| rest.starts_with(INFIX));
    let mut names: Vec<String> = names.filter(moved).collect();
    names.sort_unstable();
    names
}

/// Reads both ends of what is there: every table and index from its root to its edges, and the last records whole. It
/// takes milliseconds whatever the log's size; what is damaged in between is found when it is read, and by
/// `portcullis-core log verify`.
pub(super) fn look(connection: &Connection) -> rusqlite::Result<()> {
    for order in ["ASC", "DESC"] {
        for edge in [
            "FROM record INDEXED BY record_request ORDER BY request_id",
            "FROM record INDEXED BY record_flagged WHERE action > 0 ORDER BY action",
            "FROM record INDEXED BY record_pending WHERE analysis = 1 ORDER BY analysis",
            "FROM record INDEXED BY record_user WHERE user <> '' ORDER BY seq >> 12",
            "FROM record INDEXED BY record_team WHERE team <> '' ORDER BY seq >> 16",
            "FROM record INDEXED BY record_model WHERE model <> '' ORDER BY seq >> 16",
            "FROM record INDEXED BY record_source WHERE source <> '' ORDER BY seq >> 16",
            "FROM record INDEXED BY record_kind WHERE kind > 1 ORDER BY kind",
            "FROM record INDEXED BY record_idempotency WHERE idempotency IS NOT NULL ORDER BY idempotency",
            "FROM receipt ORDER BY id",
            "FROM tally ORDER BY second",
            "FROM chain ORDER BY id",
            "FROM retention ORDER BY id",
            "FROM aggregate ORDER BY grain",
            "FROM review ORDER BY seq",
            "FROM reveal ORDER BY id",
            "FROM sink ORDER BY name",
            "FROM undelivered ORDER BY sink",
            "FROM data_key ORDER BY id",
            "FROM record ORDER BY seq",
        ] {
            read_rows(connection, &format!("SELECT 1 {edge} {order} LIMIT 1"))?;
        }
    }
    read_rows(connection, &format!("SELECT * FROM record ORDER BY seq DESC LIMIT {TAIL_ROWS}"))
}

fn read_rows(connection: &Connection, query: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(query)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            bytes += row.get_ref(column)?.as_bytes_or_null().ok().flatten().map_or(8, <[u8]>::len);
        }
        if bytes > TAIL_BYTES {
            break;
        }
    }
    Ok(())
}
