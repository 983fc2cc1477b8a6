//! Connections that only read. SQLite's readers see the last commit and stop nobody.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use crate::domain::exchange::Payloads;

use super::{
    entry::PendingRecord,
    error::{LogError, is_structural},
    health::Tidings,
    row::integer,
    schema::{BUSY_TIMEOUT, STATEMENTS},
    stored::{count_locked, read_pending, select_pending},
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
    permits: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, node: Arc<str>, tidings: Arc<Tidings>, vault: Arc<Vault>) -> Self {
        Self { path, node, tidings, vault, permits: Semaphore::new(CONNECTIONS), idle: Mutex::new(Vec::new()) }
    }

    /// Runs the query off the runtime's threads. It is told the node's name, which events carry.
    pub(crate) async fn run<T, F>(self: &Arc<Self>, query: F) -> Result<T, LogError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection, &Arc<str>) -> rusqlite::Result<T> + Send + 'static,
    {
        let this = Arc::clone(self);
        let run = move || {
            let idle = this.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = idle.map_or_else(|| this.connect(), Ok)?;
            let answer = query(&mut connection, &this.node).inspect_err(|error| {
                if is_structural(error) {
                    this.tidings.damaged(this.path.parent().unwrap_or(&this.path));
                }
            })?;
            // Not after a failure: the next one starts afresh.
            this.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            Ok(answer)
        };
        let _permit = self.permits.acquire().await.map_err(|_| LogError::Closed)?;
        tokio::task::spawn_blocking(run).await.map_err(|_| LogError::Closed)?
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
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

pub(super) fn pending(connection: &Connection, after: u64, limit: usize) -> rusqlite::Result<Vec<PendingRecord>> {
    let mut statement = connection.prepare_cached(&select_pending())?;
    let mut rows = statement.query([integer(after)])?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    while found.len() < limit && bytes < PENDING_BYTES {
        let Some(row) = rows.next()? else { break };
        let record = read_pending(row)?;
        bytes += record.payloads.as_ref().map_or(0, Payloads::len);
        found.push(record);
    }
    Ok(found)
}

pub(super) fn locked(connection: &Connection) -> rusqlite::Result<u64> {
    connection.query_row(&count_locked(), [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}
