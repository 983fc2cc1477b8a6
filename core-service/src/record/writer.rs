//! The thread that writes.

use std::{
    collections::HashMap,
    fs::File,
    mem,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use rusqlite::{Connection, TransactionBehavior};
use tokio::{
    sync::{Notify, broadcast, mpsc, watch},
    time::{Instant, timeout, timeout_at},
};

use super::{
    aggregate::{Aggregates, Completed, Names},
    delivery,
    entry::{Appended, Event},
    error::{LogError, StorageFault},
    health::{HealthStatus, Tidings},
    incident::{Gap, Incident},
    queue::{Job, Queue, Work},
    receipt::intern,
    row::{self, Row, TallyKey, read_event, select_events},
    schema::Opened,
    settings::{LogSettings, OnFull},
    tally::Tally,
};
use crate::telemetry::{self, RecordsLost};

/// While commits fail and nothing comes, whether they still would: who asks for health before he sends would
/// otherwise never send again.
const PROBE: Duration = Duration::from_secs(1);

/// What a probe writes: with less room than this, the next records would not fit either. KiB.
const PROBE_KIB: u32 = 128;

/// Events that a watcher may be behind before it misses some.
const WATCH_CAPACITY: usize = 4096;

pub(super) struct Started {
    pub(super) queue: Queue,
    pub(super) status: watch::Receiver<HealthStatus>,
    pub(super) changes: broadcast::WeakSender<Arc<Event>>,
    pub(super) tip: watch::Receiver<u64>,
}

pub(super) fn start(
    opened: Opened,
    settings: &LogSettings,
    tidings: Arc<Tidings>,
    pending: Arc<Notify>,
) -> Result<Started, LogError> {
    let Opened { connection, path, node, tip, lock, damage } = opened;
    let failed = |error: std::io::Error| LogError::io(&path, &error);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(failed)?;
    let (queue, jobs) = Queue::new();
    let hurry = queue.hurry();
    let (health, status) = watch::channel(HealthStatus::Ok);
    let (changes, _) = broadcast::channel(WATCH_CAPACITY);
    let (tip, tip_seen) = watch::channel(tip);
    let started = Started { queue, status, changes: changes.downgrade(), tip: tip_seen };
    let dir = path.parent().map(PathBuf::from).unwrap_or_default();
    let incidents = damage.map(Incident::FileDamaged).into_iter().collect();
    let writer = Writer {
        connection,
        dir,
        settings: settings.clone(),
        hurry,
        node,
        receipts: HashMap::new(),
        names: Names::default(),
        incidents,
        gap: None,
        tidings,
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
    /// What befell the log, and has no record yet.
    incidents: Vec<Incident>,
    /// Records that were answered and not written since the last commit.
    gap: Option<Gap>,
    tidings: Arc<Tidings>,
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

impl Writer {
    async fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        if !self.incidents.is_empty() {
            self.probe();
        }
        while let Some(batch) = self.gather(&mut jobs).await {
            self.commit(batch);
        }
        if let Some(Gap { records, .. }) = self.gap {
            tracing::error!(records, "the log is closed with a gap that could not be recorded in it");
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
            let first = if *self.health.borrow() == HealthStatus::Ok {
                jobs.recv().await
            } else {
                let Ok(first) = timeout(PROBE, jobs.recv()).await else {
                    self.probe();
                    continue;
                };
                first
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

    fn commit(&mut self, batch: Batch) {
        if batch.records == 0 {
            // Says nothing about the disk.
            return self.acknowledge(batch, Written::default());
        }
        match self.write(&batch.jobs) {
            Ok(written) => {
                self.note(HealthStatus::Ok);
                self.acknowledge(batch, written);
            }
            Err(error) => {
                let fault = self.failed(error);
                self.refuse(batch, fault);
            }
        }
    }

    /// A transaction was undone.
    fn failed(&mut self, error: rusqlite::Error) -> StorageFault {
        // Numbers that were given in it.
        self.receipts.clear();
        let fault = match StorageFault::from(error) {
            StorageFault::DiskFull if self.is_at_quota() => StorageFault::Quota,
            fault => fault,
        };
        // Of what the writer reads nothing comes from a caller: it is as it was written, or the file is damaged.
        if fault == StorageFault::Corrupt {
            self.tidings.damaged(&self.dir);
        }
        self.note(HealthStatus::Failing(fault));
        fault
    }

    fn is_at_quota(&self) -> bool {
        let pragma = |name| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        // The page that was refused is not counted.
        let full = |pages: i64, most: i64| most.saturating_sub(pages) < 64;
        self.settings.max_bytes.is_some()
            && matches!((pragma("page_count"), pragma("max_page_count")), (Ok(pages), Ok(most)) if full(pages, most))
    }

    fn write(&mut self, batch: &[Job]) -> rusqlite::Result<Written> {
        let mut written = Written::default();
        let mut tally = Tally::default();
        let gap = self.gap.clone().map(Incident::Gap);
        let incidents: Vec<Row> =
            self.incidents.iter().chain(&gap).filter_map(|incident| Row::new(incident.record()).ok()).collect();
        let mut aggregates = Aggregates::default();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut insert = transaction.prepare_cached(row::INSERT)?;
        let mut first_of_key = transaction.prepare_cached(row::FIRST_OF_KEY)?;
        for row in incidents {
            let receipt = row.receipt().map(|json| intern(&transaction, &mut self.receipts, json)).transpose()?;
            let sequence = row::insert(&mut insert, &row, receipt)?;
            tally.count(row.tally_key(), 1, sequence);
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
            tally.count(row.tally_key(), 1, sequence);
            aggregates.record(row.time(), row.record());
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
            aggregates.completed(time, labels, judged);
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
        transaction.commit()?;
        self.incidents.clear();
        self.gap = None;
        Ok(written)
    }

    /// Answers first, then tells those who watch.
    fn acknowledge(&self, batch: Batch, written: Written) {
        let watched = self.changes.receiver_count() > 0;
        if written.deliverable {
            self.tip.send_modify(|tip| *tip = written.tip.max(*tip));
        }
        let mut appended = written.appended.into_iter();
        let mut deliveries = written.deliveries.into_iter();
        let mut events = Vec::new();
        if watched {
            let incidents = written.incidents.into_iter();
            events.extend(incidents.map(|(row, sequence)| row.into_event(&self.node, sequence)));
        }
        // Nobody may be waiting any more, which is his business.
        for job in batch.jobs {
            match job.work {
                Work::Append { rows, answer } => {
                    let given: Vec<Appended> = appended.by_ref().take(rows.len()).collect();
                    if watched {
                        let new = rows.into_iter().zip(&given).filter(|(_, given)| given.duplicate_of.is_none());
                        events.extend(new.map(|(row, given)| row.into_event(&self.node, given.sequence)));
                    }
                    let _ = answer.send(Ok(given));
                }
                Work::AppendBehind(row) => {
                    let given = appended.next().filter(|given| watched && given.duplicate_of.is_none());
                    events.extend(given.map(|given| row.into_event(&self.node, given.sequence)));
                }
                Work::Complete { answer, .. } | Work::Note { answer, .. } | Work::Flush(answer) => {
                    let _ = answer.send(Ok(()));
                }
                Work::Deliver { answer, .. } => {
                    let _ = answer.send(Ok(deliveries.next().unwrap_or_default()));
                }
                Work::Close => {}
            }
        }
        if written.pending {
            self.pending.notify_one();
        }
        if watched {
            match self.read_back(&written.completed) {
                Ok(changed) => events.extend(changed),
                Err(error) => {
                    tracing::warn!(fault = %StorageFault::from(error), "changed events were not announced");
                }
            }
        }
        for event in events {
            let _ = self.changes.send(Arc::new(event));
        }
    }

    fn read_back(&self, sequences: &[u64]) -> rusqlite::Result<Vec<Event>> {
        let mut statement = self.connection.prepare_cached(&format!("{} WHERE seq = ?1", select_events("")))?;
        sequences
            .iter()
            .map(|&sequence| statement.query_row([row::integer(sequence)], |row| read_event(row, &self.node)))
            .collect()
    }

    fn refuse(&mut self, batch: Batch, fault: StorageFault) {
        let sheds = self.settings.on_full == OnFull::Shed && !fault.is_of_the_record();
        let records = batch.records;
        let count = |is_counted: fn(&Work) -> bool| {
            let counted = batch.jobs.iter().filter(|job| is_counted(&job.work));
            counted.map(|job| job.work.rows().len() as u64).sum::<u64>()
        };
        let behind = count(|work| matches!(work, Work::AppendBehind(_)));
        let awaited = count(|work| matches!(work, Work::Append { .. }));
        let (lost, shed) = if sheds { (0, behind + awaited) } else { (behind, 0) };
        // Counted before anybody is answered.
        self.tidings.lost.fetch_add(lost, Ordering::Relaxed);
        self.tidings.shed.fetch_add(shed, Ordering::Relaxed);
        Gap::widen(&mut self.gap, lost + shed, fault);
        telemetry::emit(RecordsLost { lost, shed, records, fault });
        for job in batch.jobs {
            match job.work {
                Work::Append { rows, answer } if sheds => {
                    drop(answer.send(Ok(vec![Appended::SHED; rows.len()])));
                }
                Work::Append { answer, .. } => drop(answer.send(Err(fault.into()))),
                Work::Deliver { answer, .. } => drop(answer.send(Err(fault.into()))),
                Work::Complete { answer, .. } | Work::Note { answer, .. } | Work::Flush(answer) => {
                    drop(answer.send(Err(fault.into())));
                }
                Work::AppendBehind(_) | Work::Close => {}
            }
        }
    }

    /// Writes what has to be told in any case, or as much as says that the next records would find room.
    fn probe(&mut self) {
        let told = self.incidents.len() + usize::from(self.gap.is_some());
        let probed = self.ballast().and_then(|()| if told > 0 { self.write(&[]) } else { Ok(Written::default()) });
        match probed {
            Ok(written) => {
                self.note(HealthStatus::Ok);
                self.acknowledge(Batch::default(), written);
            }
            Err(error) => drop(self.failed(error)),
        }
    }

    fn ballast(&self) -> rusqlite::Result<()> {
        let bytes = PROBE_KIB * 512;
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES ('probe', hex(zeroblob(?1)))", [bytes])?;
        self.connection.execute("DELETE FROM meta WHERE key = 'probe'", []).map(drop)
    }

    fn note(&self, status: HealthStatus) {
        self.health.send_if_modified(|now| mem::replace(now, status) != status);
    }
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
