//! The thread that writes.

mod answer;
mod apart;
mod kept;
mod tend;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, fs::File, mem, path::PathBuf, sync::Arc};

use rusqlite::{Connection, TransactionBehavior};
use tokio::{
    sync::{Notify, broadcast, mpsc, watch},
    time::{Instant, timeout_at},
};

use super::{
    aggregate::{Aggregates, Completed, Names},
    delivery,
    entry::{Appended, Event},
    error::{LogError, StorageFault, over_quota},
    health::{HealthStatus, Tidings},
    incident::{Gap, Incident},
    queue::{Job, Queue, Work},
    receipt::intern,
    row::{self, Row, TallyKey},
    schema::{Opened, Opening, ReadFirst, page_bytes},
    seal::{Head, Link},
    settings::LogSettings,
    tally::Tally,
    vault::Vault,
};
use kept::Kept;

/// Events that a watcher may be behind before it misses some.
const WATCH_CAPACITY: usize = 4096;

pub(super) struct Started {
    pub(super) queue: Queue,
    pub(super) status: watch::Receiver<HealthStatus>,
    pub(super) changes: broadcast::WeakSender<Arc<Event>>,
    pub(super) tip: watch::Receiver<u64>,
    pub(super) vault: Arc<Vault>,
}

pub(super) fn start(
    opened: Opened,
    opening: Opening,
    settings: &LogSettings,
    tidings: Arc<Tidings>,
    pending: Arc<Notify>,
) -> Result<Started, LogError> {
    let Opened { connection, path, lock, damage, read } = opened;
    let ReadFirst { node, head, tip, vault } = read;
    let vault = Arc::new(vault);
    let failed = |error: std::io::Error| LogError::io(&path, &error);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(failed)?;
    let (queue, jobs) = Queue::new();
    let hurry = queue.hurry();
    let (health, status) = watch::channel(HealthStatus::Ok);
    let (changes, _) = broadcast::channel(WATCH_CAPACITY);
    let (tip, tip_seen) = watch::channel(tip);
    let started = Started { queue, status, changes: changes.downgrade(), tip: tip_seen, vault: Arc::clone(&vault) };
    let dir = path.parent().map(PathBuf::from).unwrap_or_default();
    let incidents = damage.map(Incident::FileDamaged).into_iter().collect();
    let (kept, gap) = match opening {
        Opening::Service => Kept::open(&dir),
        // What a service has left, the next start of a service tells.
        Opening::Command => (Kept::default(), None),
    };
    let writer = Writer {
        connection,
        dir,
        settings: settings.clone(),
        hurry,
        node,
        receipts: HashMap::new(),
        names: Names::default(),
        head,
        sweep_at: Instant::now(),
        probe_at: Instant::now(),
        incidents,
        gap,
        kept,
        tidings,
        vault,
        pending,
        changes,
        tip,
        _lock: lock,
        health,
    };
    std::thread::Builder::new()
        .name("log-writer".to_owned())
        .spawn(move || runtime.block_on(writer.run(jobs)))
        .map_err(failed)?;
    Ok(started)
}

/// The order of the fields is the order in which they are dropped.
struct Writer {
    connection: Connection,
    dir: PathBuf,
    settings: LogSettings,
    /// Told of work that somebody waits for.
    hurry: Arc<Notify>,
    node: Arc<str>,
    receipts: HashMap<String, i64>,
    /// That have a counter of their own.
    names: Names,
    head: Head,
    /// When the next step of retention is due.
    sweep_at: Instant,
    /// While commits fail: when it is due to see whether they still do.
    probe_at: Instant,
    /// What befell the log, and has no record yet.
    incidents: Vec<Incident>,
    /// Records that were answered and not written since the last commit, by this process or one before it.
    gap: Option<Gap>,
    /// The same, for the process after this one.
    kept: Kept,
    tidings: Arc<Tidings>,
    vault: Arc<Vault>,
    pending: Arc<Notify>,
    changes: broadcast::Sender<Arc<Event>>,
    /// The highest sequence; told at every commit that delivery may have waited for.
    tip: watch::Sender<u64>,
    _lock: File,
    /// Last: that it is gone says that everything is.
    health: watch::Sender<HealthStatus>,
}

#[derive(Default)]
struct Written {
    /// In the order of the batch.
    appended: Vec<Appended>,
    completed: Vec<u64>,
    /// What the changes of deliveries answer, in the order of the batch.
    deliveries: Vec<u64>,
    pending: bool,
    tip: u64,
    /// Whether delivery has something to look at.
    deliverable: bool,
    incidents: Vec<(Row, u64)>,
}

impl Written {
    /// Whether there was room for records. That a cursor moves within its page says nothing about it, nor does what was
    /// written from the reserve.
    fn took_records(&self) -> bool {
        !self.incidents.is_empty() || self.appended.iter().any(|given| given.duplicate_of.is_none())
    }
}

impl Writer {
    async fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        if !self.incidents.is_empty() || self.gap.is_some() {
            self.probe();
        }
        while let Some(batch) = self.gather(&mut jobs).await {
            self.commit(batch);
            // Also while work comes without a pause.
            self.tend();
        }
        if let Some(gap) = &self.gap {
            let (records, is_kept) = (gap.records, self.kept.finish(gap));
            tracing::error!(
                records,
                for_the_next_start = is_kept,
                "the log is closed with a gap that could not be recorded in it"
            );
        }
        // By itself the last connection does this too, when readers are gone. Whether it works changes no promise.
        let checkpoint = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = checkpoint {
            tracing::warn!(fault = %StorageFault::from(error), "the write-ahead log was not folded into the log");
        }
    }

    /// None when the log is closed and everything is written.
    async fn gather(&mut self, jobs: &mut mpsc::UnboundedReceiver<Job>) -> Option<Batch> {
        let mut batch = Batch::default();
        while batch.jobs.is_empty() {
            let first = match self.tend_at() {
                None => jobs.recv().await,
                Some(at) => {
                    let Ok(first) = timeout_at(at, jobs.recv()).await else {
                        self.tend();
                        continue;
                    };
                    first
                }
            };
            batch.push(first?, jobs);
        }
        let bounds = self.settings.commit;
        let is_full = |batch: &Batch| batch.records >= bounds.records || batch.bytes >= bounds.bytes;
        let until = Instant::now() + bounds.gather;
        loop {
            while !is_full(&batch) {
                let Ok(job) = jobs.try_recv() else { break };
                batch.push(job, jobs);
            }
            if is_full(&batch) || batch.awaited || Instant::now() >= until {
                break;
            }
            // Not for the next job: to be woken by each would cost every check a context switch.
            let _ = timeout_at(until, self.hurry.notified()).await;
        }
        Some(batch)
    }

    fn commit(&mut self, Batch { jobs, records, .. }: Batch) {
        if records == 0 {
            // Says nothing about the disk.
            return self.acknowledge(jobs, Written::default());
        }
        match self.write(&jobs) {
            Ok(written) => {
                if written.took_records() {
                    self.note(HealthStatus::Ok);
                }
                self.acknowledge(jobs, written);
            }
            Err(error) => {
                let fault = self.undone(error);
                self.commit_apart(jobs, fault);
            }
        }
    }

    /// A transaction was undone, and will not be tried again in parts.
    fn failed(&mut self, error: rusqlite::Error) -> StorageFault {
        let fault = self.undone(error);
        self.note(HealthStatus::Failing(fault));
        fault
    }

    /// A transaction was undone.
    fn undone(&mut self, error: rusqlite::Error) -> StorageFault {
        // Numbers that were given in it.
        self.receipts.clear();
        if self.is_well() {
            self.probe_at = Instant::now() + tend::PROBE;
        }
        let fault = match StorageFault::from(error) {
            StorageFault::DiskFull if self.is_at_quota() => StorageFault::Quota,
            fault => fault,
        };
        // Of what the writer reads nothing comes from a caller: it is as it was written, or the file is damaged.
        if fault == StorageFault::Corrupt {
            self.tidings.damaged(&self.dir);
        }
        fault
    }

    fn is_at_quota(&self) -> bool {
        let Some(most) = self.settings.record_bytes() else { return false };
        let pragma = |name| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        // The page that was refused is not counted.
        let full = |pages: i64, size: i64| (pages + 64).saturating_mul(size).unsigned_abs() > most;
        matches!((pragma("page_count"), pragma("page_size")), (Ok(pages), Ok(size)) if full(pages, size))
    }

    /// A batch without jobs writes what befell the log, and so does one that brings records. What only moves a cursor or
    /// brings a verdict does not: it is let into the reserve, so that retention can go on and make room.
    fn write(&mut self, batch: &[Job]) -> rusqlite::Result<Written> {
        let tells = batch.is_empty() || batch.iter().any(|job| !job.work.rows().is_empty());
        let mut written = Written::default();
        let mut tally = Tally::default();
        let mut link = Link::default();
        let mut new_keys = Vec::new();
        let gap = self.gap.clone().map(Incident::Gap);
        let incidents: Vec<Row> = self
            .incidents
            .iter()
            .chain(&gap)
            .filter(|_| tells)
            .filter_map(|incident| Row::new(incident.record(), &self.vault).ok())
            .collect();
        let mut aggregates = Aggregates::default();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut insert = transaction.prepare_cached(row::INSERT)?;
        let mut first_of_key = transaction.prepare_cached(row::FIRST_OF_KEY)?;
        for row in incidents {
            let receipt = row.receipt().map(|json| intern(&transaction, &mut self.receipts, json)).transpose()?;
            let sequence = row::insert(&mut insert, &row, receipt)?;
            let key = row.tally_key();
            tally.count(key, 1, sequence);
            aggregates.kind(row.time(), key.kind, row.action(), 1);
            link.record(sequence, row.leaf());
            written.tip = sequence.unsigned_abs();
            written.incidents.push((row, written.tip));
        }
        for row in batch.iter().flat_map(|job| job.work.rows()) {
            // Sees what this very transaction wrote.
            let first = row.idempotency().map(|key| row::first_of_key(&mut first_of_key, key)).transpose()?;
            if let Some(first) = first.flatten() {
                written.appended.push(first);
                continue;
            }
            let receipt = row.receipt().map(|json| intern(&transaction, &mut self.receipts, json)).transpose()?;
            let sequence = row::insert(&mut insert, row, receipt)?;
            let key = row.tally_key();
            tally.count(key, 1, sequence);
            aggregates.kind(row.time(), key.kind, row.action(), 1);
            aggregates.record(row.time(), row.record());
            link.record(sequence, row.leaf());
            if let Some(key) = row.data_key().filter(|key| !key.is_stored()) {
                key.store(&transaction)?;
                new_keys.push(key);
            }
            written.appended.push(Appended { sequence: sequence.unsigned_abs(), duplicate_of: None });
            written.pending |= row.is_pending();
            written.tip = sequence.unsigned_abs();
        }
        drop((insert, first_of_key));
        // Out of turn with the appends, which changes nothing: who completes a record has seen it committed.
        let mut update = transaction.prepare_cached(row::COMPLETE)?;
        for completion in batch.iter().flat_map(|job| job.work.completions()) {
            let receipt = intern(&transaction, &mut self.receipts, completion.receipt())?;
            let Some(completed) = row::complete(&mut update, completion, receipt)? else { continue };
            let Completed { time, kind, labels } = completed;
            let (sequence, judged) = (row::integer(completion.sequence), completion.judged());
            tally.count(TallyKey::new(time, kind, None), -1, sequence);
            tally.count(TallyKey::new(time, kind, Some(judged.decision.action)), 1, sequence);
            aggregates.kind(time, kind, None, -1);
            aggregates.kind(time, kind, Some(judged.decision.action), 1);
            aggregates.completed(time, labels, judged);
            link.completion(sequence, &completion.leaf());
            if let Some(key) = completion.data_key().filter(|key| !key.is_stored()) {
                key.store(&transaction)?;
                new_keys.push(key);
            }
            written.completed.push(completion.sequence);
        }
        drop(update);
        for job in batch {
            if let Work::Deliver { change, .. } = &job.work {
                written.deliverable |= change.is_redrive();
                written.deliveries.push(delivery::apply(&transaction, change)?);
            }
        }
        written.deliverable |=
            !(written.incidents.is_empty() && written.appended.is_empty() && written.completed.is_empty());
        tally.store(&transaction)?;
        aggregates.store(&transaction, &mut self.names)?;
        for note in batch.iter().filter_map(|job| job.work.note()) {
            note.store(&transaction)?;
        }
        let head = if link.is_empty() { self.head } else { self.head.extend(&transaction, &mut link)? };
        if written.took_records() || batch.iter().any(|job| job.work.note().is_some()) {
            leave_reserve(&transaction, &self.settings)?;
        }
        transaction.commit()?;
        self.head = head;
        new_keys.into_iter().for_each(|key| key.committed());
        if tells {
            self.incidents.clear();
            self.gap = None;
            self.kept.clear();
        }
        Ok(written)
    }

    /// Writes what befell the log.
    fn tell(&mut self) {
        let told = self.incidents.len() + usize::from(self.gap.is_some());
        let written = if told > 0 { self.write(&[]) } else { Ok(Written::default()) };
        match written {
            Ok(written) => {
                self.note(HealthStatus::Ok);
                self.acknowledge(Vec::new(), written);
            }
            Err(error) => drop(self.failed(error)),
        }
    }

    /// For a process that ends before the disk has room.
    fn keep_gap(&mut self) {
        if let Some(gap) = &self.gap {
            self.kept.keep(gap);
        }
    }

    fn note(&self, status: HealthStatus) {
        self.health.send_if_modified(|now| mem::replace(now, status) != status);
    }

    fn is_well(&self) -> bool {
        *self.health.borrow() == HealthStatus::Ok
    }
}

/// Of a transaction that brought records: without this they would take what cursors and verdicts need for retention to make
/// room. By what the pages hold, and not by their number: what was freed is not all for records either.
fn leave_reserve(connection: &Connection, settings: &LogSettings) -> rusqlite::Result<()> {
    let Some(most) = settings.record_bytes() else { return Ok(()) };
    if page_bytes(connection)?.unsigned_abs() > most { Err(over_quota()) } else { Ok(()) }
}

#[derive(Default)]
struct Batch {
    jobs: Vec<Job>,
    records: usize,
    bytes: usize,
    /// Whether anyone waits for its commit.
    awaited: bool,
}

impl Batch {
    fn push(&mut self, job: Job, jobs: &mut mpsc::UnboundedReceiver<Job>) {
        if matches!(job.work, Work::Close) {
            // What is queued is still received.
            jobs.close();
            return;
        }
        self.records += job.work.records();
        self.bytes += job.work.bytes();
        self.awaited |= job.work.is_awaited();
        self.jobs.push(job);
    }
}
