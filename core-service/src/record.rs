//! The durable log: one SQLite file that is log, queue and event store in one.
//!
//! **The promise.** [`Log::append`] answers `Ok` when its records are on disk, all of them or none: they are in
//! one transaction of a write-ahead log that was synced before the answer. [`Log::append_behind`] answers `Ok`
//! when the record is queued; it is on disk some 5 ms later, and a crash within them loses it. Nothing is dropped
//! in silence: a full queue makes callers wait until their deadline and then says so, and a queued record whose
//! transaction failed is counted ([`Health::lost`]) and logged.
//!
//! **The writer.** One thread owns the only connection that writes. It takes what is queued, writes it in one
//! transaction, commits and answers. While it commits, the next batch gathers: one sync to disk is shared by all
//! who wait, and nobody waits for a timer. The queue is bounded by records and by bytes.
//!
//! **The file.** `portcullis.db` in the data folder, write-ahead log, `synchronous=FULL`. Whoever writes holds a
//! lock on `portcullis.lock` beside it. Tables:
//!
//! - `record`: one row a record, the columns that lists are made of first and the payloads last, so that reading a
//!   list seldom touches a payload's pages. Its key is the sequence; SQLite's AUTOINCREMENT never gives one
//!   twice, so that a row that was taken away leaves a gap that can be seen. A payload's storage class says what it
//!   is: TEXT is a bare text, BLOB is JSON as it came.
//! - `receipt`: what a coverage says besides its counters. A deployment has a handful of them, a record holds a
//!   number instead of half a kilobyte.
//! - `tally`: how many records of a kind and action there are in each second, kept by the writer, so that a
//!   summary of a month reads seconds and not records; and the first sequence of each second, so that records are
//!   found by time without an index on it.
//! - `sink` and `undelivered`: how far each sink is, and what stands out: see [`delivery`].
//! - `aggregate`: counts by minute and by hour, for the page: by action, latency, coverage, caller, category and rule.
//! - `review`, `reveal`: what people made of records, and who saw one as it was recorded.
//! - `meta`: the node's name, made once a file. An event's id is `<node>-<sequence>`.

mod aggregate;
mod code;
pub mod delivery;
mod entry;
mod error;
mod note;
mod queue;
mod read;
mod receipt;
mod row;
mod schema;
mod writer;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    sync::{Notify, broadcast, watch},
    time::Instant,
};

pub use delivery::{Begin, DeliveryChange, SinkRow, Undelivered, UndeliveredState};
pub use entry::{
    Analysis, Appended, Event, IdempotencyKey, Judged, NewRecord, PendingRecord, RecordKind, RecordedOutcome,
    StoredRecord,
};
pub use error::{LogError, SchemaProblem, StorageFault};
pub use note::{MAX_NOTE, Note, Notes, Opinion, Reveal, Review};
use queue::{Queue, Work};
use row::{Completion, Row};

pub(crate) use aggregate::{Dimension, Grain, latency_of, pending_name};
pub(crate) use code::Code;
pub(crate) use note::read_notes;
pub(crate) use read::Readers;
pub(crate) use row::{read_event, read_stored, select_events};

/// Whether records reach the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthStatus {
    /// The last commit succeeded, or there was none yet.
    Ok,
    /// It did not. The writer goes on trying.
    Failing(StorageFault),
    /// Closed, or the writer thread is gone.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    pub status: HealthStatus,
    /// Records that were queued behind their answer and then could not be written, since the log was opened.
    pub lost: u64,
}

/// Dropping it closes it too, at some later moment and unobserved; [`Log::close`] waits.
#[derive(Debug)]
pub struct Log {
    queue: Queue,
    readers: Arc<Readers>,
    node: Arc<str>,
    path: PathBuf,
    status: watch::Receiver<HealthStatus>,
    lost: Arc<AtomicU64>,
    pending: Arc<Notify>,
    changes: broadcast::WeakSender<Arc<Event>>,
    tip: watch::Receiver<u64>,
}

impl Log {
    /// Opens or makes the log in this folder and starts its writer. Blocks for as long as the disk does.
    pub fn open(dir: &Path) -> Result<Self, LogError> {
        let opened = schema::open(dir)?;
        let path = opened.path.clone();
        let node = Arc::clone(&opened.node);
        let lost = Arc::new(AtomicU64::new(0));
        let pending = Arc::new(Notify::new());
        let writer::Started { queue, status, changes, tip } =
            writer::start(opened, Arc::clone(&lost), Arc::clone(&pending))?;
        let readers = Arc::new(Readers::new(path.clone(), Arc::clone(&node)));
        Ok(Self { queue, readers, node, path, status, lost, pending, changes, tip })
    }

    /// `Ok` is where the records are, and that they are on disk. A record whose key another has already, in the log or
    /// before it in the same call, is not written: the answer tells which one that is. The deadline bounds the wait for
    /// room in the queue; a commit that has begun is waited for. Dropping the future after that loses the answer, not
    /// the records.
    pub async fn append(&self, records: Vec<NewRecord>, deadline: Instant) -> Result<Vec<Appended>, LogError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let rows = records.into_iter().map(Row::new).collect::<Result<Vec<_>, _>>()?;
        self.queue.ask(|answer| Work::Append { rows, answer }, deadline).await
    }

    /// `Ok` is that the record is queued.
    pub async fn append_behind(&self, record: NewRecord, deadline: Instant) -> Result<(), LogError> {
        self.queue.push(Work::AppendBehind(Box::new(Row::new(record)?)), deadline).await
    }

    /// The results of background analyses, by sequence. Touches only what is still pending: telling it twice
    /// changes nothing.
    pub async fn complete(&self, results: Vec<(u64, Judged)>, deadline: Instant) -> Result<(), LogError> {
        if results.is_empty() {
            return Ok(());
        }
        let results = results
            .into_iter()
            .map(|(sequence, judged)| Completion::new(sequence, judged))
            .collect::<Result<Vec<_>, _>>()?;
        self.queue.ask(|answer| Work::Complete { results, answer }, deadline).await
    }

    /// `Ok` is that the note is on disk.
    pub async fn note(&self, note: Note, deadline: Instant) -> Result<(), LogError> {
        self.queue.ask(|answer| Work::Note { note, answer }, deadline).await
    }

    /// Records that wait for analysis, oldest first, from the file. Fewer than `limit` when their payloads are
    /// large, but never none while there is one.
    pub async fn pending(&self, limit: usize) -> Result<Vec<PendingRecord>, LogError> {
        self.readers.run(move |connection, _| read::pending(connection, limit)).await
    }

    /// Notified once a commit that brought pending records; it keeps one notification for a worker that is busy.
    /// What was pending before the log was opened is not announced: look first, then wait.
    pub fn pending_notify(&self) -> Arc<Notify> {
        Arc::clone(&self.pending)
    }

    /// Writes what delivery knows. The answer is the change's own: see [`DeliveryChange`].
    pub async fn deliver(&self, change: DeliveryChange, deadline: Instant) -> Result<u64, LogError> {
        self.queue.ask(|answer| Work::Deliver { change, answer }, deadline).await
    }

    /// Every sink that the log has heard of, by name, whether it is served now or not.
    pub async fn sinks(&self) -> Result<Vec<SinkRow>, LogError> {
        self.readers.run(|connection, _| delivery::sinks(connection)).await
    }

    /// A sink's dead letters, those that are to be tried again among them: oldest first, after a sequence.
    pub async fn dead_letters(&self, sink: &str, after: u64, limit: usize) -> Result<Vec<Undelivered>, LogError> {
        let sink = sink.to_owned();
        self.readers.run(move |connection, _| delivery::dead(connection, &sink, after, limit)).await
    }

    /// Up to where all of these sinks have everything that they ever will without a redrive. None when one of them is
    /// not known yet, or none is named.
    pub async fn delivered_up_to(&self, sinks: Vec<Arc<str>>) -> Result<Option<u64>, LogError> {
        self.readers.run(move |connection, _| delivery::delivered_up_to(connection, &sinks)).await
    }

    /// The highest sequence that was ever given. It is told anew when a commit brought records, judged some that were
    /// pending, or had dead letters tried again.
    pub fn tip(&self) -> watch::Receiver<u64> {
        self.tip.clone()
    }

    /// Returns when all that was queued before is committed or counted as lost.
    pub async fn flush(&self) -> Result<(), LogError> {
        self.queue.ask_at_once(Work::Flush).await
    }

    /// Refuses what comes from now on, writes what is queued, folds the write-ahead log into the file and lets go
    /// of the folder.
    pub async fn close(&self) {
        self.queue.close();
        // The writer drops its end after everything else it holds.
        let mut status = self.status.clone();
        while status.changed().await.is_ok() {}
    }

    pub fn health(&self) -> Health {
        let status = match self.status.has_changed() {
            Ok(_) => *self.status.borrow(),
            Err(_) => HealthStatus::Closed,
        };
        Health { status, lost: self.lost.load(Ordering::Relaxed) }
    }

    /// Records that wait for the disk.
    pub fn queued(&self) -> usize {
        self.queue.depth()
    }

    /// Eight lower-case hexadecimal characters, made once for a file.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn readers(&self) -> &Arc<Readers> {
        &self.readers
    }

    pub(crate) fn changes(&self) -> &broadcast::WeakSender<Arc<Event>> {
        &self.changes
    }
}
