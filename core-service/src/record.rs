//! The durable log: one SQLite file that is log, queue and event store in one.
//!
//! **The promise.** [`Log::append`] answers `Ok` when its records are on disk, all of them or none: they are in
//! one transaction of a write-ahead log that was synced before the answer. [`Log::append_behind`] answers `Ok`
//! when the record is queued; it is on disk some 5 ms later, and a crash within them loses it. Nothing is dropped
//! in silence: a full queue makes callers wait until their deadline and then says so, and a queued record whose
//! transaction failed is counted ([`Health::lost`]) and logged. When the disk takes nothing, callers are refused until it
//! does again; under [`OnFull::Shed`] they are answered, and what was dropped is counted. As soon as there is room again,
//! a record of [`RecordKind::Log`] stands where the gap is. A gap outlives the process: until that record is written,
//! `portcullis.gap` beside the file holds it.
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
//! - `aggregate`: counts by minute, hour and day, for the page: by kind, action, latency, coverage, caller, category and rule.
//! - `review`, `reveal`: what people made of records, and who saw one as it was recorded.
//! - `chain`: a hash over every commit and the one before, and `retention`: which records were removed, when and why
//!   (`seal`, `retention`, `verify`).
//! - `data_key`: under which the payloads of each tenant are encrypted, where they are (`vault`).
//! - `meta`: the node's name, made once a file. An event's id is `<node>-<sequence>`.
//!
//! A file that cannot be read is moved aside at the start of the service and a new one begun, under a new name of the node.

mod aggregate;
mod cells;
mod code;
mod damage;
pub mod delivery;
mod durations;
mod entry;
mod error;
mod health;
mod incident;
mod note;
mod queue;
mod read;
mod receipt;
mod reserve;
mod retention;
mod row;
mod schema;
mod seal;
mod searchable;
mod settings;
mod stored;
mod tally;
mod vault;
pub mod verify;
mod violates;
mod writer;

#[cfg(test)]
mod full_tests;
#[cfg(test)]
mod keep_tests;
#[cfg(test)]
mod model_tests;
#[cfg(any(test, feature = "conformance"))]
pub(crate) mod samples;
#[cfg(test)]
mod sealed_tests;
#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    sync::{Notify, broadcast, watch},
    time::Instant,
};

pub use delivery::{Begin, DeliveryChange, SinkRow, Undelivered, UndeliveredState};
pub use entry::{
    Analysis, Appended, Event, IdempotencyKey, Judged, NewRecord, PayloadFault, PendingRecord, RecordKind,
    RecordedOutcome, StoredRecord,
};
pub use error::{LogError, SchemaProblem, StorageFault};
use health::Tidings;
pub use health::{Health, HealthStatus};
pub use note::{MAX_NOTE, Note, Notes, Opinion, Reveal, Review};
use queue::{Queue, Work};
pub use row::Finished;
use row::{Completion, Row};
use schema::{Opened, Opening};
pub use settings::{CommitBounds, KeepPayloads, LogSettings, Masking, OnFull, Retention};
use vault::Vault;
pub use vault::{Erased, InvalidKey, MasterKeys, Rewrapped};

pub(crate) use aggregate::{
    Aggregates, Changed, Dimension, Grain, KEPT, Names, kind_of, latency_of, pending_name, would_block_name,
};
pub(crate) use code::Code;
pub(crate) use durations::{decode as read_durations, encode as write_durations};
pub(crate) use health::HealthView;
pub(crate) use note::read_notes;
pub(crate) use read::{Readers, is_full};
pub(crate) use receipt::{Receipt, ReceiptRef};
pub(crate) use reserve::with as in_reserve;
pub(crate) use row::{TallyKey, integer};
pub(crate) use schema::open_private;
pub(crate) use searchable::{
    SEARCH_INDEX, Searchable, SearchableBatch, read_searchable, remove_search_index, step_over,
};
pub(crate) use stored::{read_event, read_stored, select_events};
pub(crate) use violates::wanted as wanted_violations;

/// Verdicts that are written in one commit.
const COMPLETIONS: usize = 32;

/// Payloads that are masked on the runtime's threads: of larger ones that would keep other callers waiting.
const MASKED_AT_ONCE: usize = 64 << 10;

/// Dropping it closes it too, at some later moment and unobserved; [`Log::close`] waits.
#[derive(Debug)]
pub struct Log {
    queue: Queue,
    readers: Arc<Readers>,
    vault: Arc<Vault>,
    node: Arc<str>,
    path: PathBuf,
    health: HealthView,
    on_full: OnFull,
    pending: Arc<Notify>,
    is_analysis_behind: AtomicBool,
    changes: broadcast::WeakSender<Arc<Event>>,
    tip: watch::Receiver<u64>,
}

impl Log {
    /// Opens or makes the log in this folder and starts its writer. Blocks for as long as the disk does.
    pub fn open(dir: &Path) -> Result<Self, LogError> {
        Self::open_with(dir, &LogSettings::default())
    }

    /// A file that cannot be read is moved aside and a new one begun, which is said in the service's log and is the
    /// new file's first record. One that holds encrypted payloads is not opened without a master key.
    pub fn open_with(dir: &Path, settings: &LogSettings) -> Result<Self, LogError> {
        Self::begin(schema::open(dir, settings, Opening::Service)?, Opening::Service, dir, settings)
    }

    /// For a command, in a folder that no service has open: without master keys, and without touching a file that cannot be
    /// read.
    pub fn open_for_command(dir: &Path) -> Result<Self, LogError> {
        let settings = LogSettings::default();
        Self::begin(schema::open(dir, &settings, Opening::Command)?, Opening::Command, dir, &settings)
    }

    fn begin(opened: Opened, opening: Opening, dir: &Path, settings: &LogSettings) -> Result<Self, LogError> {
        if let Some(damage::Damage { moved_to, found, undelivered }) = &opened.damage {
            let (folder, found) = (dir.display(), found.as_str());
            tracing::error!(%folder, moved_to, found, "the log file was damaged: it was moved aside, a new one is begun");
            match undelivered {
                Some(sinks) => sinks.iter().filter(|&(_, &records)| records > 0).for_each(|(sink, records)| {
                    tracing::error!(
                        sink,
                        records,
                        "records of the damaged log file were not delivered, and will not be"
                    );
                }),
                None => tracing::error!("how many records of the damaged log file were not delivered is not known"),
            }
        }
        let path = opened.path.clone();
        let node = Arc::clone(&opened.read.node);
        let tidings = Arc::new(Tidings::default());
        let pending = Arc::new(Notify::new());
        let writer::Started { queue, status, changes, tip, vault } =
            writer::start(opened, opening, settings, Arc::clone(&tidings), Arc::clone(&pending))?;
        let readers = Arc::new(Readers::new(path.clone(), Arc::clone(&node), Arc::clone(&tidings), Arc::clone(&vault)));
        let health = HealthView { status, tidings, dir: dir.to_path_buf() };
        let (on_full, is_analysis_behind) = (settings.on_full, AtomicBool::new(false));
        Ok(Self { queue, readers, vault, node, path, health, on_full, pending, is_analysis_behind, changes, tip })
    }

    /// Destroys the keys of a tenant's payloads, in the log of a folder that no service has open. [`StorageFault::Busy`]
    /// is that somebody reads the file and the keys may still stand in it: it has to be asked for again.
    pub fn erase(dir: &Path, tenant: &str) -> Result<Erased, LogError> {
        let mut opened = schema::open(dir, &LogSettings::default(), Opening::Command)?;
        // First, and whatever keys there are: a crash must not leave the words of what can be read no more. The next start
        // makes it anew, which takes as long as reading the log.
        remove_search_index(dir)?;
        damage::sync(dir)?;
        vault::erase(&mut opened.connection, tenant)
    }

    /// Wraps every tenant's key by the first of these, in the log of a folder that no service has open.
    pub fn rewrap(dir: &Path, keys: &MasterKeys) -> Result<Rewrapped, LogError> {
        let mut opened = schema::open(dir, &LogSettings::default(), Opening::Command)?;
        Ok(vault::rewrap(&mut opened.connection, keys)?)
    }

    /// `Ok` is where the records are, and that they are on disk, or that they were shed, where that was chosen:
    /// [`Appended::is_shed`]. A record whose key another has already, in the log or
    /// before it in the same call, is not written: the answer tells which one that is. The deadline bounds the wait for
    /// room in the queue; a commit that has begun is waited for. Dropping the future after that loses the answer, not
    /// the records.
    pub async fn append(&self, records: Vec<NewRecord>, deadline: Instant) -> Result<Vec<Appended>, LogError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.rows(records).await?;
        self.queue.ask(|answer| Work::Append { rows, answer }, deadline).await
    }

    /// `Ok` is that the record is queued. While the disk takes nothing, it is refused or shed, as was chosen.
    pub async fn append_behind(&self, record: NewRecord, deadline: Instant) -> Result<(), LogError> {
        if let (HealthStatus::Failing(fault), OnFull::Refuse) = (self.health.writing(), self.on_full) {
            return Err(fault.into());
        }
        for row in self.rows(vec![record]).await? {
            self.queue.push(Work::AppendBehind(Box::new(row)), deadline).await?;
        }
        Ok(())
    }

    async fn rows(&self, records: Vec<NewRecord>) -> Result<Vec<Row>, LogError> {
        let judged = records.iter().filter(|record| record.outcome.judged().is_some());
        let bytes: usize = judged.map(|record| record.payloads.len()).sum();
        let vault = Arc::clone(&self.vault);
        let make = move || records.into_iter().map(|record| Row::new(record, &vault)).collect();
        if bytes < MASKED_AT_ONCE || !self.vault.masks() {
            return make();
        }
        // Only a panic has no answer.
        tokio::task::spawn_blocking(make).await.map_err(|_| StorageFault::Other(0))?
    }

    /// The results of background analyses, by sequence. Of payloads that are not to be kept as they are, nothing is kept:
    /// [`Log::finish`] does better. Touches only what is still pending: telling it twice
    /// changes nothing.
    pub async fn complete(&self, results: Vec<(u64, Judged)>, deadline: Instant) -> Result<(), LogError> {
        if results.is_empty() {
            return Ok(());
        }
        let finished = results.into_iter().map(|(sequence, judged)| self.finish_unread(sequence, judged));
        self.complete_all(finished.collect::<Result<_, _>>()?, deadline).await
    }

    /// `Ok` is that the note is on disk.
    pub async fn note(&self, note: Note, deadline: Instant) -> Result<(), LogError> {
        self.queue.ask(|answer| Work::Note { note, answer }, deadline).await
    }

    /// Makes a result ready to be recorded: what is to be kept of the payloads is made here, which may take a while.
    pub fn finish(&self, record: &PendingRecord, judged: Judged) -> Result<Finished, LogError> {
        Completion::of(record, judged, &self.vault).map(Finished)
    }

    /// As [`Log::finish`], of a record whose payloads nobody has.
    pub fn finish_unread(&self, sequence: u64, judged: Judged) -> Result<Finished, LogError> {
        Completion::without_record(sequence, judged, &self.vault).map(Finished)
    }

    /// As [`Log::complete`], a few in each commit: the appends of callers wait for no more than those. Where they do not fit,
    /// fewer are tried, down to the single one: in a log that is full each verdict that is written lets a record go. The
    /// error is that of the first that did not fit. Where that was for want of room the others are not tried: nothing behind it
    /// goes before it has gone.
    pub async fn complete_all(&self, finished: Vec<Finished>, deadline: Instant) -> Result<(), LogError> {
        let all: Vec<_> = finished.into_iter().map(|Finished(completion)| Arc::new(completion)).collect();
        let (mut left, mut at_a_time, mut refused) = (all.as_slice(), COMPLETIONS, None);
        while !left.is_empty() {
            let (next, rest) = left.split_at(at_a_time.min(left.len()));
            let results = next.to_vec();
            match self.queue.ask(|answer| Work::Complete { results, answer }, deadline).await {
                Err(LogError::Storage(fault)) if fault.is_of_size() && next.len() > 1 => at_a_time = next.len() / 2,
                Err(LogError::Storage(fault)) if fault.is_of_the_record() => {
                    refused = refused.or(Some(fault));
                    left = rest;
                }
                answer => {
                    answer?;
                    left = rest;
                }
            }
        }
        refused.map_or(Ok(()), |fault| Err(fault.into()))
    }

    /// Records behind a sequence that wait for analysis, oldest first, from the file. Fewer than `limit` when their payloads are
    /// large, but never none while there is one. Those that are [`Log::locked`] are not among them, and none that a damaged
    /// page holds: health says that there is one.
    pub async fn pending(&self, after: u64, limit: usize) -> Result<Vec<PendingRecord>, LogError> {
        let readers = Arc::clone(&self.readers);
        let read = self.readers.run(move |connection, _| {
            let found = read::pending(connection, after, limit)?;
            if found.is_damaged {
                readers.damaged();
            }
            Ok(found.records)
        });
        read.await
    }

    /// How many records wait for analysis and, before that, for their master key.
    pub async fn locked(&self) -> Result<u64, LogError> {
        self.readers.run(|connection, _| read::locked(connection)).await
    }

    /// Notified once a commit that brought pending records; it keeps one notification for a worker that is busy.
    /// What was pending before the log was opened is not announced: look first, then wait.
    pub fn pending_notify(&self) -> Arc<Notify> {
        Arc::clone(&self.pending)
    }

    /// The analysis says whether more waits for it than it takes at a time.
    pub(crate) fn set_analysis_behind(&self, is_behind: bool) {
        self.is_analysis_behind.store(is_behind, Ordering::Relaxed);
    }

    /// Then what is less urgent than a verdict leaves it the cores.
    pub(crate) fn is_analysis_behind(&self) -> bool {
        self.is_analysis_behind.load(Ordering::Relaxed)
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
        let mut status = self.health.status.clone();
        while status.changed().await.is_ok() {}
    }

    pub fn health(&self) -> Health {
        self.health.health()
    }

    /// Names of damaged files that were moved aside and that nobody has taken away.
    pub fn damaged_files(&self) -> Vec<String> {
        self.health.damaged_files()
    }

    /// The same with what stands beside them, of a folder that no service has open.
    pub fn damaged_files_in(dir: &Path) -> Vec<String> {
        damage::all_files(dir)
    }

    /// That the file and what is beside it take.
    pub fn bytes_on_disk(&self) -> u64 {
        self.readers.bytes_on_disk()
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

    /// The data folder.
    pub fn dir(&self) -> &Path {
        &self.health.dir
    }

    pub(crate) fn health_view(&self) -> &HealthView {
        &self.health
    }

    pub(crate) fn readers(&self) -> &Arc<Readers> {
        &self.readers
    }

    pub(crate) fn changes(&self) -> &broadcast::WeakSender<Arc<Event>> {
        &self.changes
    }
}
