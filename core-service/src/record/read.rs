//! Connections that only read. SQLite's readers see the last commit and stop nobody.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use tokio::sync::Semaphore;

use crate::domain::exchange::Payloads;

use super::{
    entry::PendingRecord,
    error::{LogError, StorageFault, is_structural},
    health::Tidings,
    row::integer,
    schema,
    stored::{count_locked, read_pending, select_pending, select_pending_one},
    vault::Vault,
};

/// Reads at a time; the others wait.
const CONNECTIONS: usize = 4;

/// One call of [`super::Log::pending`] takes no more payload than this into memory, but for its last record.
const PENDING_BYTES: usize = 16 << 20;

#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    node: Arc<str>,
    tidings: Arc<Tidings>,
    vault: Arc<Vault>,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, node: Arc<str>, tidings: Arc<Tidings>, vault: Arc<Vault>) -> Self {
        Self { path, node, tidings, vault, permits: Arc::new(Semaphore::new(CONNECTIONS)), idle: Mutex::default() }
    }

    /// Runs the query off the runtime's threads. It is told the node's name, which events carry. Who gives up waiting does not
    /// end the query: it keeps its place among those that run until it is done.
    pub(crate) async fn run<T, F>(self: &Arc<Self>, query: F) -> Result<T, LogError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection, &Arc<str>) -> rusqlite::Result<T> + Send + 'static,
    {
        let this = Arc::clone(self);
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| LogError::Closed)?;
        let run = move || {
            let _permit = permit;
            let idle = this.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = idle.map_or_else(|| this.connect(), Ok)?;
            let answer = query(&mut connection, &this.node).inspect_err(|error| {
                if is_structural(error) {
                    this.damaged();
                }
            })?;
            // Not after a failure: the next one starts afresh.
            this.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            Ok(answer)
        };
        let ended = tokio::task::spawn_blocking(run).await;
        ended.map_err(|error| if error.is_panic() { StorageFault::Other(0).into() } else { LogError::Closed })?
    }

    /// A query came upon a damaged page and went on behind it. Blocks, the first time.
    pub(crate) fn damaged(&self) {
        self.tidings.damaged(self.path.parent().unwrap_or(&self.path));
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        schema::configure(&connection)?;
        self.vault.attach(&connection)?;
        Ok(connection)
    }

    /// Of the database and its write-ahead log.
    pub(crate) fn bytes_on_disk(&self) -> u64 {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        [self.path.clone(), log.into()]
            .iter()
            .filter_map(|path| path.metadata().ok())
            .map(|metadata| metadata.len())
            .sum()
    }
}

/// Whether a reading of what waits for analysis ended because it had enough: there may be more.
pub(crate) fn is_full(records: &[PendingRecord], limit: usize) -> bool {
    let bytes = || records.iter().filter_map(|record| record.payloads.as_ref().ok()).map(Payloads::len).sum::<usize>();
    records.len() >= limit || bytes() >= PENDING_BYTES
}

/// What waits for analysis.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) records: Vec<PendingRecord>,
    /// Of their payloads.
    bytes: usize,
    /// Whether damaged pages hold others.
    pub(super) is_damaged: bool,
}

impl Waiting {
    fn has_room(&self, limit: usize) -> bool {
        self.records.len() < limit && self.bytes < PENDING_BYTES
    }

    fn push(&mut self, record: PendingRecord) {
        self.bytes += record.payloads.as_ref().map_or(0, Payloads::len);
        self.records.push(record);
    }
}

pub(super) fn pending(connection: &Connection, after: u64, limit: usize) -> rusqlite::Result<Waiting> {
    let mut found = Waiting::default();
    match walk(connection, after, limit, &mut found) {
        Err(error) if is_structural(&error) => {
            found.is_damaged = true;
            let after = found.records.last().map_or(after, |last| last.sequence);
            step(connection, after, limit, &mut found)?;
        }
        walked => walked?,
    }
    Ok(found)
}

fn walk(connection: &Connection, after: u64, limit: usize, found: &mut Waiting) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(&select_pending())?;
    let mut rows = statement.query([integer(after)])?;
    while found.has_room(limit) {
        let Some(row) = rows.next()? else { break };
        found.push(read_pending(row)?);
    }
    Ok(())
}

/// As [`walk`], one by one, and over what cannot be read: it must not keep all that come after it from their analysis. The
/// index says which there are, without a look at the records' own pages.
fn step(connection: &Connection, after: u64, limit: usize, found: &mut Waiting) -> rusqlite::Result<()> {
    let mut waiting = connection.prepare_cached(
        "SELECT seq FROM record INDEXED BY record_pending WHERE analysis = 1 AND seq > ?1 ORDER BY seq",
    )?;
    let mut one = connection.prepare_cached(&select_pending_one())?;
    let mut sequences = waiting.query([integer(after)])?;
    while found.has_room(limit) {
        let Some(row) = sequences.next()? else { break };
        match one.query_row([row.get::<_, i64>(0)?], read_pending).optional() {
            Ok(record) => record.into_iter().for_each(|record| found.push(record)),
            Err(error) if is_structural(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

pub(super) fn locked(connection: &Connection) -> rusqlite::Result<u64> {
    connection.query_row(&count_locked(), [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use crate::record::{Log, samples::folder};

    use super::*;

    #[tokio::test]
    async fn who_gives_up_leaves_no_room_for_one_query_more() {
        let dir = folder();
        let log = Log::open(dir.path()).unwrap();
        let readers = Arc::clone(log.readers());
        let mut release = Vec::new();
        for _ in 0..CONNECTIONS {
            let (go, wait) = mpsc::channel::<()>();
            let (begun, has_begun) = tokio::sync::oneshot::channel();
            let readers = Arc::clone(&readers);
            let query = tokio::spawn(async move {
                let query = readers.run(move |_, _| {
                    let _ = begun.send(());
                    let _ = wait.recv();
                    Ok(())
                });
                query.await
            });
            has_begun.await.unwrap();
            query.abort();
            assert!(query.await.unwrap_err().is_cancelled());
            release.push(go);
        }
        assert_eq!(readers.permits.available_permits(), 0, "the queries still run");
        drop(release);
        while readers.permits.available_permits() < CONNECTIONS {
            tokio::task::yield_now().await;
        }
        log.close().await;
    }
}
