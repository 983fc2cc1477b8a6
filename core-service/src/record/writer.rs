//! The thread that writes.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use tokio::{
    sync::{Notify, broadcast, mpsc, watch},
    time::{Instant, timeout, timeout_at},
};

use super::{
    HealthStatus,
    aggregate::{Aggregates, Completed, Names},
    delivery,
    entry::{Appended, Event},
    error::{LogError, StorageFault},
    queue::{Job, Queue, Work},
    row::{self, TallyKey, read_event, select_events},
    schema::Opened,
};
use crate::telemetry::{self, RecordsLost};

/// One transaction, so that a flood does not keep the first of its callers waiting. One piece of work is never
/// divided: it may be larger.
const BATCH_RECORDS: usize = 1000;
const BATCH_BYTES: usize = 8 << 20;

/// How long records that nobody waits for may gather. Under light load it makes one commit of many.
const GATHER: Duration = Duration::from_millis(5);

/// While commits fail and nothing comes, whether they still would: who asks for health before he sends would
/// otherwise never send again.
const PROBE: Duration = Duration::from_secs(1);

/// Receipts whose number is remembered. Reasons that carry a number could make many.
const RECEIPTS: usize = 1024;

/// Events that a watcher may be behind before it misses some.
const WATCH_CAPACITY: usize = 4096;

pub(super) struct Started {
    pub(super) queue: Queue,
    pub(super) status: watch::Receiver<HealthStatus>,
    pub(super) changes: broadcast::WeakSender<Arc<Event>>,
    pub(super) tip: watch::Receiver<u64>,
}

pub(super) fn start(opened: Opened, lost: Arc<AtomicU64>, pending: Arc<Notify>) -> Result<Started, LogError> {
    let Opened { connection, path, node, lock } = opened;
    let failed = |error: std::io::Error| LogError::io(&path, &error);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(failed)?;
    let (queue, jobs) = Queue::new();
    let hurry = queue.hurry();
    let (health, status) = watch::channel(HealthStatus::Ok);
    let (changes, _) = broadcast::channel(WATCH_CAPACITY);
    let (tip, tip_seen) = watch::channel(delivery::tip(&connection)?);
    let started = Started { queue, status, changes: changes.downgrade(), tip: tip_seen };
    let (receipts, names) = (HashMap::new(), Names::default());
    let writer = Writer { connection, hurry, node, receipts, names, lost, pending, changes, tip, _lock: lock, health };
    std::thread::Builder::new()
        .name("log-writer".to_owned())
        .spawn(move || runtime.block_on(writer.run(jobs)))
        .map_err(failed)?;
    Ok(started)
}

/// The order of the fields is the order in which they are dropped.
struct Writer {
    connection: Connection,
    /// Told of work that somebody waits for.
    hurry: Arc<Notify>,
    node: Arc<str>,
    receipts: HashMap<String, i64>,
    /// That have a counter of their own.
    names: Names,
    lost: Arc<AtomicU64>,
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
}

impl Writer {
    async fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        while let Some(batch) = self.gather(&mut jobs).await {
            self.commit(batch);
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
        let until = Instant::now() + GATHER;
        loop {
            while !batch.is_full() {
                let Ok(job) = jobs.try_recv() else { break };
                batch.push(job, jobs);
            }
            if batch.is_full() || batch.awaited || Instant::now() >= until {
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
                let fault = StorageFault::from(error);
                // Numbers that were given in the transaction that is undone.
                self.receipts.clear();
                self.note(HealthStatus::Failing(fault));
                self.refuse(batch, fault);
            }
        }
    }

    fn write(&mut self, batch: &[Job]) -> rusqlite::Result<Written> {
        let mut written = Written::default();
        let mut tally = Tally::default();
        let mut aggregates = Aggregates::default();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut insert = transaction.prepare_cached(row::INSERT)?;
        let mut first_of_key = transaction.prepare_cached(row::FIRST_OF_KEY)?;
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
        written.deliverable |= !(written.appended.is_empty() && written.completed.is_empty());
        tally.store(&transaction)?;
        aggregates.store(&transaction, &mut self.names)?;
        for note in batch.iter().filter_map(|job| job.work.note()) {
            note.store(&transaction)?;
        }
        transaction.commit()?;
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

    fn refuse(&self, batch: Batch, fault: StorageFault) {
        let lost = batch.jobs.iter().filter(|job| !job.work.is_awaited()).count() as u64;
        self.lost.fetch_add(lost, Ordering::Relaxed);
        telemetry::emit(RecordsLost { lost, records: batch.records, fault });
        for job in batch.jobs {
            match job.work {
                Work::Append { answer, .. } => drop(answer.send(Err(fault.into()))),
                Work::Deliver { answer, .. } => drop(answer.send(Err(fault.into()))),
                Work::Complete { answer, .. } | Work::Note { answer, .. } | Work::Flush(answer) => {
                    drop(answer.send(Err(fault.into())));
                }
                Work::AppendBehind(_) | Work::Close => {}
            }
        }
    }

    fn probe(&mut self) {
        // Writes a page that says what it said before.
        let probed = self.connection.execute("UPDATE meta SET value = value WHERE key = 'node'", []);
        self.note(probed.map_or_else(|error| HealthStatus::Failing(error.into()), |_| HealthStatus::Ok));
    }

    fn note(&self, status: HealthStatus) {
        self.health.send_if_modified(|now| std::mem::replace(now, status) != status);
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

    const fn is_full(&self) -> bool {
        self.records >= BATCH_RECORDS || self.bytes >= BATCH_BYTES
    }
}

fn intern(connection: &Connection, known: &mut HashMap<String, i64>, json: &str) -> rusqlite::Result<i64> {
    if let Some(&id) = known.get(json) {
        return Ok(id);
    }
    let stored = connection
        .prepare_cached("SELECT id FROM receipt WHERE json = ?1")?
        .query_row([json], |row| row.get(0))
        .optional()?;
    let id = match stored {
        Some(id) => id,
        None => connection.prepare_cached("INSERT INTO receipt (json) VALUES (?1)")?.insert([json])?,
    };
    if known.len() >= RECEIPTS {
        known.clear();
    }
    known.insert(json.to_owned(), id);
    Ok(id)
}

/// What a batch changes in the table `tally`: the change of the count, and the first sequence.
#[derive(Default)]
struct Tally(BTreeMap<TallyKey, (i64, i64)>);

impl Tally {
    fn count(&mut self, key: TallyKey, change: i64, sequence: i64) {
        let (count, first) = self.0.entry(key).or_insert((0, sequence));
        *count += change;
        *first = sequence.min(*first);
    }

    fn store(self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(
            "INSERT INTO tally (second, kind, action, count, first_seq) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET count = count + excluded.count, first_seq = min(first_seq, excluded.first_seq)",
        )?;
        for (TallyKey { second, kind, action }, (count, first)) in self.0 {
            statement.execute(params![second, kind, action, count, first])?;
        }
        Ok(())
    }
}
