//! The task that serves a sink.

mod hand_over;
mod keep;

use std::{mem, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use self::{hand_over::hand_over, keep::keep};
use super::{Deliveries, Delivery, DeliveryFailure, Outcome, Plan, Sink, SinkState, status::Board, window::Window};
use crate::record::{
    DeliveryChange, Log, LogError, StorageFault, Undelivered, UndeliveredState,
    delivery::{self, Found, Wanted},
};
use crate::telemetry::{self, BatchSettled, DeadLetter, RecordsRemoved};

/// Batches that are held in memory at most.
const WINDOW: usize = 4;
/// Records that are tried at a time while nothing succeeds, of as many keys: more than one, so that a record that alone is
/// refused is not taken for a sink that is down.
const PROBE: usize = 16;
/// Between two tries after the log failed.
const PAUSE: Duration = Duration::from_millis(500);
/// For the log to take a change; then it is tried again.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two commits of the cursor while there is more to do at once. Each keeps the next batch waiting; a crash sends again what
/// was delivered since the last.
const STORE_EVERY: Duration = Duration::from_millis(100);
/// Records of kinds that the sink does not take, after which the cursor is stored even so, and the time after which it is for
/// fewer: retention waits for the stored cursor.
const SKIPPED: u64 = 10_000;
const SKIPPED_FOR: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 60_000 });

/// Serves a sink until `stop`, and what is under way then for as long as the plan says.
pub fn start<S: Sink>(
    sink: S,
    plan: Plan,
    log: Arc<Log>,
    deliveries: &mut Deliveries,
    stop: CancellationToken,
) -> JoinHandle<()> {
    let board = Arc::new(Board::new(&plan, log.tip()));
    deliveries.add(Arc::clone(&board));
    telemetry::metrics().sink(&plan.name);
    tokio::spawn(keep(Arc::new(sink), plan, log, board, stop))
}

struct Runner<S> {
    sink: Arc<S>,
    plan: Plan,
    log: Arc<Log>,
    board: Arc<Board>,
    tip: watch::Receiver<u64>,
    window: Window,
    read_to: u64,
    /// The cursor, as the log has it.
    stored: u64,
    /// When it was last seen to.
    stored_at: Instant,
    /// When it was last written.
    committed_at: Instant,
    /// Before that nobody could judge what was pending.
    started: Instant,
    /// Batches in a row of which nothing got there.
    failures: u32,
    paused: Option<Instant>,
    /// Whether nothing of the last batch got there.
    was_down: bool,
    /// Whether the last look ahead stopped before the end.
    more: bool,
    /// When the pending record was made that it stopped before.
    pending: Option<Timestamp>,
    registered: bool,
    /// Whether something happened that the log has to know.
    unstored: bool,
    /// Whether the log failed since something was last read from it.
    log_failed: bool,
    /// Not stored yet: dead letters, and what is undelivered no more.
    set: Vec<Undelivered>,
    cleared: Vec<u64>,
}

impl<S: Sink> Runner<S> {
    fn new(sink: Arc<S>, plan: Plan, log: Arc<Log>, board: Arc<Board>) -> Self {
        let tip = log.tip();
        Self {
            sink,
            plan,
            log,
            board,
            tip,
            window: Window::default(),
            read_to: 0,
            stored: 0,
            stored_at: Instant::now(),
            committed_at: Instant::now(),
            started: Instant::now(),
            failures: 0,
            paused: None,
            was_down: false,
            more: false,
            pending: None,
            registered: false,
            unstored: false,
            log_failed: false,
            set: Vec::new(),
            cleared: Vec::new(),
        }
    }

    async fn run(mut self, stop: CancellationToken) {
        // What the log refuses for a moment is asked of it again; when it is closed there is nothing to serve.
        while let Err(error) = self.serve(&stop).await {
            if error == LogError::Closed || stop.is_cancelled() {
                break;
            }
            tracing::error!(sink = &*self.plan.name, %error, "delivery cannot use the log; trying again");
            self.log_failed = true;
            self.board.update(|progress| progress.state = SinkState::Failing);
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(PAUSE) => {}
            }
        }
        if let Err(error) = self.store(true).await {
            tracing::warn!(sink = &*self.plan.name, %error, "the cursor was not stored: some records will be delivered twice");
        }
        if tokio::time::timeout(self.plan.drain, self.sink.close()).await.is_err() {
            tracing::warn!(sink = &*self.plan.name, "the sink did not close in time");
        }
        self.board.update(|progress| progress.state = SinkState::Stopped);
    }

    async fn serve(&mut self, stop: &CancellationToken) -> Result<(), LogError> {
        if !self.registered {
            let register = DeliveryChange::Register { sink: Arc::clone(&self.plan.name), begin: self.plan.begin };
            self.stored = self.log.deliver(register, Instant::now() + PATIENCE).await?;
            self.read_to = self.stored;
            self.registered = true;
        }
        // What the last round left, when the log refused it.
        self.store(false).await?;
        // What is committed from here on ends a wait.
        self.tip.borrow_and_update();
        self.fill().await?;
        if mem::take(&mut self.log_failed) && self.failures == 0 {
            self.board.update(|progress| progress.state = SinkState::Running);
        }
        while !stop.is_cancelled() {
            if !(self.set.is_empty() && self.cleared.is_empty()) {
                // What was found to be dead, or brought there at last, must not be found again.
                self.store(false).await?;
            }
            // What falls due while the cursor is stored must not be missed: one look at the clock for both.
            let now = Instant::now();
            let batch = self.take(now);
            if batch.is_empty() {
                self.store(false).await?;
                self.wait(now, stop).await?;
                self.tip.borrow_and_update();
                self.fill().await?;
                continue;
            }
            self.board.update(|progress| progress.attempts += batch.len() as u64);
            self.tip.borrow_and_update();
            let sink = Arc::clone(&self.sink);
            let (name, drain) = (Arc::clone(&self.plan.name), self.plan.drain);
            // The log is read while the sink works.
            let (outcomes, filled) = tokio::join!(hand_over(&*sink, &batch, &name, drain, stop), self.fill());
            let Some(outcomes) = outcomes else { return Ok(()) };
            self.settle(batch, outcomes);
            if self.stored_at.elapsed() >= STORE_EVERY || !(self.set.is_empty() && self.cleared.is_empty()) {
                self.store(false).await?;
            } else {
                self.note();
            }
            filled?;
        }
        Ok(())
    }

    fn room(&self) -> bool {
        self.window.len() < WINDOW * self.plan.batch_records && self.window.bytes() < WINDOW * self.plan.batch_bytes
    }

    /// Reads on: first what is to be tried again, which is older, then what comes next.
    async fn fill(&mut self) -> Result<(), LogError> {
        let name = Arc::clone(&self.plan.name);
        if self.room() {
            let redrive = self.plan.batch_records;
            let due = self.log.readers().run(move |connection, _| delivery::due(connection, &name, redrive)).await?;
            let due: Vec<_> = due.into_iter().filter(|one| !self.window.has(one.sequence)).collect();
            let (count, bytes) = (due.len(), WINDOW * self.plan.batch_bytes);
            let reduces = self.log.reduces_payloads();
            let readers = Arc::clone(self.log.readers());
            let found = self.log.readers().run(move |connection, node| {
                let found = delivery::find_all(connection, node, due, bytes, reduces)?;
                if found.iter().any(|(_, found)| found.is_damaged()) {
                    readers.damaged();
                }
                Ok(found)
            });
            let found = found.await?;
            let all = found.len() == count;
            for (known, found) in found {
                self.take_in(found, Some(&known));
            }
            if !all {
                self.more = true;
                // What is held comes before what follows it.
                self.note();
                return Ok(());
            }
        }
        // Until it was looked for.
        self.more = true;
        if self.room() {
            let wanted = Wanted {
                after: self.read_to,
                kinds: self.plan.kinds.clone(),
                records: WINDOW * self.plan.batch_records - self.window.len(),
                bytes: (WINDOW * self.plan.batch_bytes - self.window.bytes()).min(self.plan.batch_bytes),
                pending_before: self.pending_before(),
                reduces: self.log.reduces_payloads(),
            };
            let readers = Arc::clone(self.log.readers());
            let ahead = self.log.readers().run(move |connection, node| {
                let ahead = delivery::ahead(connection, node, &wanted)?;
                if ahead.found.iter().any(Found::is_damaged) {
                    readers.damaged();
                }
                Ok(ahead)
            });
            let ahead = ahead.await?;
            if ahead.removed > 0 {
                self.miss(ahead.removed);
            }
            for found in ahead.found {
                self.take_in(found, None);
            }
            (self.read_to, self.more, self.pending) = (ahead.read_to, ahead.more, ahead.pending);
        }
        self.note();
        Ok(())
    }

    /// Older pending records go out as they are. None do while this process has not had the time for an analysis itself: after an
    /// outage all that waited for one is old.
    fn pending_before(&self) -> Timestamp {
        if self.started.elapsed() < self.plan.analysis_wait {
            return Timestamp::MIN;
        }
        Timestamp::now().saturating_sub(self.plan.analysis_wait).unwrap_or(Timestamp::MIN)
    }

    fn take_in(&mut self, found: Found, known: Option<&Undelivered>) {
        match found {
            Found::Record(record) => self.window.add(*record, known),
            Found::Unreadable(sequence) => self.bury(sequence, DeliveryFailure::Unreadable, 0),
            Found::Damaged(sequence) => {
                // Of whatever kind it is: until the next batch the sink is not well.
                self.bury(sequence, DeliveryFailure::Unreadable, 0);
                self.board.update(|progress| progress.state = SinkState::Failing);
            }
            Found::Gone(sequence) => self.bury(sequence, DeliveryFailure::Gone, 0),
        }
    }

    /// So many records are gone that the sink never got: retention did not wait for it. What they were nobody knows any more,
    /// so they are counted with the dead letters and not listed among them.
    fn miss(&mut self, records: u64) {
        telemetry::emit(RecordsRemoved { sink: &self.plan.name, records, after: self.read_to });
        // The cursor, so that a restart does not find and count them again.
        self.unstored = true;
        self.board.update(|progress| progress.last_failure = Some((DeliveryFailure::Gone, Timestamp::now())));
    }

    /// A dead letter.
    fn bury(&mut self, sequence: u64, reason: DeliveryFailure, attempts: u32) {
        let time = Timestamp::now();
        telemetry::emit(DeadLetter { sink: &self.plan.name, sequence, reason });
        self.set.push(Undelivered { sequence, state: UndeliveredState::Dead, reason, attempts, time });
        self.unstored = true;
        self.board.update(|progress| {
            progress.dead += 1;
            progress.last_failure = Some((reason, time));
        });
    }

    fn take(&mut self, now: Instant) -> Vec<Delivery> {
        if self.paused.is_some_and(|until| until > now) {
            return Vec::new();
        }
        let (records, bytes) = (self.plan.batch_records, self.plan.batch_bytes);
        if self.failures > 0 {
            self.window.probe(now, records.min(PROBE), bytes)
        } else {
            self.window.take(now, records, bytes)
        }
    }

    /// For something to do. `now` is when there was nothing.
    async fn wait(&mut self, now: Instant, stop: &CancellationToken) -> Result<(), LogError> {
        if self.more && self.room() {
            return Ok(());
        }
        let paused = self.paused.filter(|&until| until > now);
        let due = paused.or_else(|| self.window.next_due(now));
        // The moment at which the record in the way is pending for too long.
        let overdue = self.pending.filter(|_| paused.is_none()).map(|since| {
            let age = Timestamp::now().duration_since(since).unsigned_abs();
            let waited = age.min(self.started.elapsed());
            now + self.plan.analysis_wait.saturating_sub(waited) + Duration::from_millis(1)
        });
        // A log that is full until retention may go on wakes nobody.
        let skipped = (self.window.is_empty() && self.read_to > self.stored).then(|| self.committed_at + SKIPPED_FOR);
        let until = due.into_iter().chain(overdue).chain(skipped).min();
        let alarm = async {
            match until {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        // A full window and a sink that is down wait for time alone.
        let listens = paused.is_none() && self.room();
        let linger = self.window.is_empty();
        tokio::select! {
            () = stop.cancelled() => {}
            () = alarm => {}
            changed = self.tip.changed(), if listens => {
                changed.map_err(|_| LogError::Closed)?;
                if linger {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = sleep(self.plan.linger) => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn settle(&mut self, batch: Vec<Delivery>, outcomes: Vec<Outcome>) {
        let (now, time) = (Instant::now(), Timestamp::now());
        let records = batch.len() as u64;
        let missing = std::iter::repeat(Outcome::retry(DeliveryFailure::Internal));
        let (mut delivered, mut dead, mut asked, mut again) = (0_u64, 0_u64, None, Vec::new());
        for (delivery, outcome) in batch.into_iter().zip(outcomes.into_iter().chain(missing)) {
            let sequence = delivery.sequence();
            match outcome {
                Outcome::Delivered => {
                    delivered += 1;
                    if self.window.remove(sequence) {
                        self.cleared.push(sequence);
                    }
                }
                Outcome::Permanent(reason) => {
                    dead += 1;
                    self.window.remove(sequence);
                    self.bury(sequence, reason, delivery.attempts.saturating_add(1));
                }
                Outcome::Retry { reason, after } => {
                    asked = asked.max(after);
                    again.push((delivery, reason));
                }
            }
        }
        let progress = delivered + dead > 0;
        self.failures = if progress || again.is_empty() { 0 } else { self.failures.saturating_add(1) };
        let retry = self.plan.retry;
        self.paused = match (self.failures, asked) {
            (0, None) => None,
            // What asks to be left alone is the other side, not one record of many.
            (failures, asked) => Some(now + retry.wait(failures, asked)),
        };
        let last = again.last().map(|&(_, reason)| reason);
        telemetry::emit(BatchSettled {
            sink: &self.plan.name,
            records,
            delivered,
            again: last.map(|reason| (again.len() as u64, reason)),
            known: self.was_down,
        });
        self.was_down = self.failures > 0;
        for (delivery, reason) in again {
            // A sink that is down is waited for as a whole.
            let wait = |failures| progress.then(|| now + retry.wait(failures, None));
            self.window.put_back(delivery, reason, time, wait);
        }
        self.board.update(|board| {
            board.delivered += delivered;
            board.state = if self.failures > 0 { SinkState::Failing } else { SinkState::Running };
            if let Some(reason) = last {
                board.last_failure = Some((reason, time));
            }
        });
        if progress {
            self.unstored = true;
        }
    }

    /// Has the log write how far the sink is, when there is something to write.
    async fn store(&mut self, last: bool) -> Result<(), LogError> {
        let (cursor, held) = self.window.boundary(self.read_to);
        // A sink that is down moves nothing; nor is every record that it does not take worth a commit.
        let least = if last || self.committed_at.elapsed() >= SKIPPED_FOR { 1 } else { SKIPPED };
        let skipped = self.window.is_empty() && cursor.saturating_sub(self.stored) >= least;
        self.stored_at = Instant::now();
        if !self.registered || !(self.unstored || skipped) {
            return Ok(());
        }
        let set = self.set.iter().chain(&held).copied().collect();
        match self.progress(cursor, set).await {
            Err(LogError::Storage(fault)) if fault.is_of_size() => return self.store_less(cursor, &held, fault).await,
            stored => stored?,
        }
        self.window.stored(&held);
        self.set.clear();
        self.unstored = false;
        self.note();
        Ok(())
    }

    /// In a log that is full there may be no room for one row more, but the cursor moves within its page, and what is up to it
    /// makes room when it goes. So it is stored as far as nothing new has to stand behind it. What is held is in memory, and
    /// is tried on; a crash sends some of it again.
    async fn store_less(&mut self, cursor: u64, held: &[Undelivered], fault: StorageFault) -> Result<(), LogError> {
        let before = |cursor: u64, rows: &[Undelivered]| {
            let first = rows.iter().map(|row| row.sequence.saturating_sub(1)).min();
            first.map_or(cursor, |first| first.min(cursor))
        };
        let to_held = before(cursor, held);
        if !held.is_empty() {
            // Behind the cursor: what is dead there would be sent again by the next start, and stay a dead letter.
            let (dead, later) = self.set.iter().copied().partition(|row| row.sequence <= to_held);
            match self.progress(to_held, dead).await {
                Err(LogError::Storage(fault)) if fault.is_of_size() => {}
                stored => {
                    stored?;
                    self.set = later;
                    self.note();
                    return if self.set.is_empty() { Ok(()) } else { Err(fault.into()) };
                }
            }
        }
        let to_dead = before(to_held, &self.set);
        if to_dead > self.stored || !self.cleared.is_empty() {
            self.progress(to_dead, Vec::new()).await?;
            self.note();
        }
        // What is dead and not known to be would be found again at once, and be counted twice: it waits for room.
        if self.set.is_empty() { Ok(()) } else { Err(fault.into()) }
    }

    async fn progress(&mut self, cursor: u64, set: Vec<Undelivered>) -> Result<(), LogError> {
        let sink = Arc::clone(&self.plan.name);
        let change = DeliveryChange::Progress { sink, cursor, set, cleared: self.cleared.clone() };
        self.stored = self.log.deliver(change, Instant::now() + PATIENCE).await?;
        self.committed_at = Instant::now();
        self.cleared.clear();
        Ok(())
    }

    fn note(&self) {
        let oldest = self.window.oldest().or(self.pending);
        self.board.update(|progress| {
            progress.cursor = self.stored;
            progress.read_to = self.read_to;
            progress.waiting = self.window.len() as u64;
            progress.oldest = oldest;
        });
    }
}
