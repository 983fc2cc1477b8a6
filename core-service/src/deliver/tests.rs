mod damaged;
mod panics;
mod removed;
mod stuck;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{
    Begin, Deliveries, DeliveryFailure, Outcome, Plan, RecordKind, Retry, SinkState, SinkStatus, memory::MemorySink,
    start,
};
use crate::{
    domain::decision::Action,
    record::{
        DeliveryChange, KeepPayloads, Log, LogSettings, NewRecord, PayloadFault, SinkRow, Undelivered,
        UndeliveredState, delivery,
        samples::{allowed, folder, judged, later, pending, sequences},
    },
};

/// A log with one sink, and the sink's task.
struct Bench {
    log: Arc<Log>,
    deliveries: Deliveries,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Bench {
    fn open(dir: &TempDir, sink: &MemorySink, plan: Plan) -> Self {
        let log = Arc::new(Log::open(dir.path()).unwrap());
        Self::over(log, sink, plan)
    }

    fn over(log: Arc<Log>, sink: &MemorySink, plan: Plan) -> Self {
        let (mut deliveries, stop) = (Deliveries::default(), CancellationToken::new());
        let task = start(sink.clone(), plan, Arc::clone(&log), &mut deliveries, stop.clone());
        Self { log, deliveries, stop, task }
    }

    async fn append(&self, records: Vec<NewRecord>) -> Vec<u64> {
        sequences(self.log.append(records, later()).await.unwrap())
    }

    async fn stored(&self) -> SinkRow {
        let rows = self.log.readers().run(|connection, _| delivery::sinks(connection)).await.unwrap();
        rows.into_iter().next().unwrap()
    }

    async fn dead(&self) -> Vec<Undelivered> {
        self.log.readers().run(|connection, _| delivery::dead(connection, "memory", 0, 100)).await.unwrap()
    }

    fn status(&self) -> SinkStatus {
        self.deliveries.statuses().remove(0)
    }

    /// Waits until what is stored is as it should be.
    async fn until(&self, holds: impl Fn(&SinkRow) -> bool) -> SinkRow {
        loop {
            let rows = self.log.readers().run(|connection, _| delivery::sinks(connection)).await.unwrap();
            if let Some(row) = rows.into_iter().find(&holds) {
                return row;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn redrive(&self, reason: Option<DeliveryFailure>) -> u64 {
        self.log.deliver(DeliveryChange::Redrive { sink: "memory".into(), reason }, later()).await.unwrap()
    }

    /// The task ends first, then the log, as in the service.
    async fn close(self) {
        self.stop.cancel();
        self.task.await.unwrap();
        self.log.close().await;
    }
}

fn plan() -> Plan {
    let retry = Retry { base: Duration::from_millis(1), ceiling: Duration::from_millis(20) };
    Plan { linger: Duration::ZERO, retry, ..Plan::new("memory") }
}

fn of(user: &str) -> NewRecord {
    let mut record = allowed();
    user.clone_into(&mut record.context.user);
    record
}

fn many(count: usize) -> Vec<NewRecord> {
    (0..count).map(|at| of(&format!("user-{}", at % 7))).collect()
}

const DOWN: Outcome = Outcome::retry(DeliveryFailure::Unreachable);

#[tokio::test]
async fn everything_gets_there_once_and_in_order() {
    let (dir, sink) = (folder(), MemorySink::willing());
    let bench = Bench::open(&dir, &sink, Plan { batch_records: 10, ..plan() });
    let mut given = bench.append(many(35)).await;
    sink.arrived(35).await;
    given.extend(bench.append(many(3)).await);
    assert_eq!(sink.arrived(38).await, given);
    assert!(sink.batches().iter().all(|batch| batch.len() <= 10));
    let row = bench.until(|row| row.cursor == 38).await;
    assert_eq!((row.held, row.dead, row.redrive), (0, 0, 0));
    let status = bench.status();
    assert_eq!((status.state, status.delivered, status.dead), (SinkState::Running, 38, 0));
    bench.close().await;
    assert!(sink.is_closed());
    // Nothing comes twice.
    let bench = Bench::open(&dir, &sink, plan());
    let last = bench.append(many(1)).await;
    assert_eq!(sink.arrived(39).await[38..], last);
    bench.close().await;
}

#[tokio::test]
async fn only_the_kinds_that_were_asked_for() {
    let (dir, sink) = (folder(), MemorySink::willing());
    let bench = Bench::open(&dir, &sink, plan());
    let decision = || NewRecord { kind: RecordKind::Decision, ..allowed() };
    bench
        .append(vec![decision(), allowed(), decision(), NewRecord { kind: RecordKind::Canary, ..allowed() }, allowed()])
        .await;
    assert_eq!(sink.arrived(2).await, [2, 5]);
    bench.close().await;
    let all = Plan { kinds: vec![RecordKind::Decision, RecordKind::Exchange, RecordKind::Canary], ..Plan::new("all") };
    let sink = MemorySink::willing();
    let bench = Bench::open(&dir, &sink, all);
    assert_eq!(sink.arrived(5).await, [1, 2, 3, 4, 5]);
    bench.close().await;
}

#[tokio::test]
async fn a_sink_that_is_down_at_the_start_gets_everything_later() {
    let (dir, sink) = (folder(), MemorySink::new(|_| DOWN));
    let bench = Bench::open(&dir, &sink, Plan { batch_records: 50, ..plan() });
    let given = bench.append(many(400)).await;
    while sink.batches().len() < 20 {
        tokio::task::yield_now().await;
    }
    let status = bench.status();
    assert_eq!((status.state, status.delivered, status.cursor), (SinkState::Failing, 0, 0));
    assert!(status.lag >= 350, "{status:?}");
    assert_eq!(status.last_failure.unwrap().0, DeliveryFailure::Unreachable);
    assert!(status.oldest.is_some());
    // One batch went out in full; from then on a handful is tried.
    assert!(sink.batches()[1..].iter().all(|batch| batch.len() <= 16));
    assert!(sink.tried().len() <= 50);
    // An outage writes nothing.
    let row = bench.stored().await;
    assert_eq!((row.cursor, row.held), (0, 0));
    sink.decides(|_| Outcome::Delivered);
    let mut arrived = sink.arrived(400).await;
    arrived.sort_unstable();
    assert_eq!(arrived, given);
    bench.until(|row| row.cursor == 400).await;
    let deliveries = bench.deliveries.clone();
    bench.close().await;
    let status = deliveries.statuses().remove(0);
    assert_eq!((status.lag, status.oldest), (0, None));
}

#[tokio::test]
async fn what_is_refused_for_a_while_holds_back_its_own_key_alone() {
    let dir = folder();
    let sink = MemorySink::new(|delivery| match delivery.key.as_deref() {
        Some("token-1/ann") => Outcome::retry(DeliveryFailure::Unavailable),
        _ => Outcome::Delivered,
    });
    let bench = Bench::open(&dir, &sink, plan());
    bench.append(vec![of("ann"), of("bob"), of("ann"), of("bob")]).await;
    assert_eq!(sink.arrived(2).await, [2, 4]);
    // The cursor went on, and the log knows what it left behind.
    let row = bench.until(|row| row.cursor == 4).await;
    assert_eq!((row.held, row.dead), (2, 0));
    bench.append(vec![of("ann"), of("bob")]).await;
    assert_eq!(sink.arrived(3).await, [2, 4, 6]);
    bench.close().await;
    // It is still known after a restart, and still in order.
    sink.decides(|_| Outcome::Delivered);
    let bench = Bench::open(&dir, &sink, plan());
    assert_eq!(sink.arrived(6).await, [2, 4, 6, 1, 3, 5]);
    bench.until(|row| row.held == 0).await;
    bench.close().await;
}

#[tokio::test]
async fn what_falls_due_while_the_cursor_is_stored_is_tried_again() {
    let refused_once = |delivery: &super::Delivery| {
        let again = delivery.attempts == 0 && delivery.sequence().is_multiple_of(2);
        if again { DOWN } else { Outcome::Delivered }
    };
    let (dir, sink) = (folder(), MemorySink::new(refused_once));
    let retry = Retry { base: Duration::from_millis(1), ceiling: Duration::from_millis(1) };
    let bench = Bench::open(&dir, &sink, Plan { retry, ..plan() });
    // The first of each two moves the cursor, and the second falls due at about the time of that commit.
    for round in 1..=50 {
        bench.append(vec![of("ann"), of("bob")]).await;
        sink.arrived(2 * round).await;
    }
    bench.close().await;
}

#[tokio::test]
async fn what_is_refused_for_good_is_a_dead_letter_until_it_is_redriven() {
    let dir = folder();
    let sink = MemorySink::new(|delivery| match delivery.sequence() {
        2 => Outcome::Permanent(DeliveryFailure::TooLarge),
        3 => Outcome::Permanent(DeliveryFailure::Rejected),
        _ => Outcome::Delivered,
    });
    let bench = Bench::open(&dir, &sink, plan());
    bench.append(many(4)).await;
    assert_eq!(sink.arrived(2).await, [1, 4]);
    let row = bench.until(|row| row.cursor == 4).await;
    assert_eq!((row.held, row.dead), (0, 2));
    let dead = bench.dead().await;
    let found: Vec<_> = dead.iter().map(|one| (one.sequence, one.reason, one.attempts)).collect();
    assert_eq!(found, [(2, DeliveryFailure::TooLarge, 1), (3, DeliveryFailure::Rejected, 1)]);
    assert_eq!(bench.status().dead, 2);
    // Redriven in vain it is dead again, and the attempts add up.
    assert_eq!(bench.redrive(Some(DeliveryFailure::TooLarge)).await, 1);
    bench.until(|row| row.dead == 2).await;
    assert_eq!(bench.dead().await[0].attempts, 2);
    sink.decides(|_| Outcome::Delivered);
    assert_eq!(bench.redrive(None).await, 2);
    assert_eq!(sink.arrived(4).await, [1, 4, 2, 3]);
    bench.until(|row| row.dead + row.redrive == 0).await;
    assert_eq!(bench.redrive(None).await, 0);
    bench.close().await;
}

#[tokio::test]
async fn a_dead_letter_whose_record_is_gone_says_so() {
    let dir = folder();
    let sink = MemorySink::new(|_| Outcome::Permanent(DeliveryFailure::Rejected));
    let bench = Bench::open(&dir, &sink, plan());
    bench.append(many(1)).await;
    bench.until(|row| row.dead == 1).await;
    rusqlite::Connection::open(bench.log.path()).unwrap().execute("DELETE FROM record", []).unwrap();
    bench.redrive(None).await;
    bench.until(|row| row.dead == 1).await;
    assert_eq!(bench.dead().await[0].reason, DeliveryFailure::Gone);
    bench.close().await;
}

#[tokio::test]
async fn a_damaged_record_does_not_stop_those_behind_it() {
    let (dir, sink) = (folder(), MemorySink::willing());
    let log = Arc::new(Log::open(dir.path()).unwrap());
    log.append(many(3), later()).await.unwrap();
    rusqlite::Connection::open(log.path())
        .unwrap()
        .execute("UPDATE record SET direction = 77 WHERE seq = 2", [])
        .unwrap();
    let bench = Bench::over(log, &sink, plan());
    assert_eq!(sink.arrived(2).await, [1, 3]);
    bench.until(|row| row.dead == 1).await;
    let dead = bench.dead().await[0];
    assert_eq!((dead.sequence, dead.reason, dead.state), (2, DeliveryFailure::Unreadable, UndeliveredState::Dead));
    bench.close().await;
}

#[tokio::test]
async fn a_record_is_delivered_with_its_verdict() {
    let (dir, sink) = (folder(), MemorySink::willing());
    sink.decides(|delivery| {
        assert!(delivery.record.event.outcome.judged().is_some());
        Outcome::Delivered
    });
    let bench = Bench::open(&dir, &sink, plan());
    bench.append(vec![allowed(), pending(), allowed()]).await;
    assert_eq!(sink.arrived(1).await, [1]);
    bench.log.complete(vec![(2, judged(Action::Block))], later()).await.unwrap();
    assert_eq!(sink.arrived(3).await, [1, 2, 3]);
    bench.close().await;
}

#[tokio::test]
async fn an_analysis_that_never_ends_is_waited_for_so_long_and_no_longer() {
    let (dir, sink) = (folder(), MemorySink::willing());
    let bench = Bench::open(&dir, &sink, Plan { analysis_wait: Duration::from_millis(50), ..plan() });
    bench.append(vec![pending(), allowed()]).await;
    assert_eq!(sink.arrived(2).await, [1, 2]);
    bench.close().await;
}

#[tokio::test]
async fn what_was_pending_before_the_start_is_waited_for_from_then_on() {
    let (dir, sink) = (folder(), MemorySink::willing());
    let log = Arc::new(Log::open(dir.path()).unwrap());
    log.append(vec![pending(), allowed()], later()).await.unwrap();
    rusqlite::Connection::open(log.path()).unwrap().execute("UPDATE record SET time = time - 3600000000", []).unwrap();
    let (wait, begun) = (Duration::from_millis(200), tokio::time::Instant::now());
    let bench = Bench::over(log, &sink, Plan { analysis_wait: wait, ..plan() });
    assert_eq!(sink.arrived(2).await, [1, 2]);
    assert!(begun.elapsed() >= wait, "{:?}", begun.elapsed());
    bench.close().await;
}

#[tokio::test]
async fn what_goes_unjudged_goes_without_payloads_that_are_not_to_be_kept() {
    let gone = Some(PayloadFault::NotKept);
    for (payloads, fault) in [(KeepPayloads::Full, None), (KeepPayloads::Masked, gone), (KeepPayloads::Metadata, gone)]
    {
        let (dir, seen) = (folder(), Arc::new(Mutex::new(Vec::new())));
        let saw = Arc::clone(&seen);
        let sink = MemorySink::new(move |delivery| {
            let record = &delivery.record;
            let whole = (record.request.is_some(), record.response.is_some(), !record.envelope.is_empty());
            saw.lock().unwrap().push((record.fault, whole));
            if delivery.attempts == 0 { Outcome::Permanent(DeliveryFailure::Rejected) } else { Outcome::Delivered }
        });
        let settings = LogSettings { payloads, ..LogSettings::default() };
        let log = Arc::new(Log::open_with(dir.path(), &settings).unwrap());
        let bench = Bench::over(log, &sink, Plan { analysis_wait: Duration::from_millis(10), ..plan() });
        bench.append(vec![pending()]).await;
        bench.until(|row| row.dead == 1).await;
        bench.redrive(None).await;
        sink.arrived(1).await;
        let kept = fault.is_none();
        assert_eq!(*seen.lock().unwrap(), [(fault, (kept, kept, kept)); 2], "{payloads:?}");
        bench.close().await;
    }
}

#[tokio::test]
async fn a_cursor_that_passed_over_records_is_stored_though_nothing_comes() {
    let (dir, sink) = (folder(), MemorySink::willing());
    let bench = Bench::open(&dir, &sink, plan());
    bench.append((0..3).map(|_| NewRecord { kind: RecordKind::Decision, ..allowed() }).collect()).await;
    bench.until(|row| row.cursor == 3).await;
    assert!(sink.batches().is_empty());
    bench.close().await;
}

#[tokio::test]
async fn a_new_sink_begins_where_it_is_told_and_keeps_to_it() {
    let (dir, sink) = (folder(), MemorySink::willing());
    let log = Arc::new(Log::open(dir.path()).unwrap());
    log.append(many(3), later()).await.unwrap();
    let bench = Bench::over(log, &sink, Plan { begin: Begin::Newest, ..plan() });
    bench.until(|row| row.cursor == 3).await;
    bench.append(many(1)).await;
    assert_eq!(sink.arrived(1).await, [4]);
    bench.until(|row| row.cursor == 4).await;
    bench.close().await;
    // It is known now.
    let bench = Bench::open(&dir, &sink, Plan { begin: Begin::Oldest, ..plan() });
    bench.append(many(1)).await;
    assert_eq!(sink.arrived(2).await, [4, 5]);
    bench.close().await;
}

#[tokio::test]
async fn what_the_other_side_asked_for_is_waited_for() {
    let dir = folder();
    let asked = Duration::from_millis(70);
    let first = Arc::new(AtomicBool::new(true));
    let sink = MemorySink::new(move |_| {
        let first = first.swap(false, Ordering::Relaxed);
        let throttled = Outcome::Retry { reason: DeliveryFailure::Throttled, after: Some(asked) };
        if first { throttled } else { Outcome::Delivered }
    });
    let bench = Bench::open(&dir, &sink, plan());
    let begun = tokio::time::Instant::now();
    bench.append(many(1)).await;
    sink.arrived(1).await;
    assert!(begun.elapsed() >= asked, "{:?}", begun.elapsed());
    bench.close().await;
}

#[tokio::test]
async fn a_sink_that_answers_too_little_gets_the_rest_again() {
    struct Short(AtomicU32, MemorySink);
    impl super::Sink for Short {
        async fn deliver(&self, batch: &[super::Delivery]) -> Vec<Outcome> {
            let outcomes = self.1.deliver(&batch[..1]).await;
            self.0.fetch_add(1, Ordering::Relaxed);
            outcomes
        }
    }
    let (dir, sink) = (folder(), MemorySink::willing());
    let log = Arc::new(Log::open(dir.path()).unwrap());
    log.append(many(3), later()).await.unwrap();
    let (mut deliveries, stop) = (Deliveries::default(), CancellationToken::new());
    let short = Short(AtomicU32::new(0), sink.clone());
    let task = start(short, plan(), Arc::clone(&log), &mut deliveries, stop.clone());
    let mut arrived = sink.arrived(3).await;
    arrived.sort_unstable();
    assert_eq!(arrived, [1, 2, 3]);
    stop.cancel();
    task.await.unwrap();
    log.close().await;
}

#[tokio::test]
async fn what_is_under_way_when_it_stops_is_waited_for_and_stored() {
    struct Slow(MemorySink, Arc<tokio::sync::Notify>);
    impl super::Sink for Slow {
        async fn deliver(&self, batch: &[super::Delivery]) -> Vec<Outcome> {
            self.1.notified().await;
            self.0.deliver(batch).await
        }
    }
    let (dir, sink, go) = (folder(), MemorySink::willing(), Arc::new(tokio::sync::Notify::new()));
    let log = Arc::new(Log::open(dir.path()).unwrap());
    log.append(many(3), later()).await.unwrap();
    let (mut deliveries, stop) = (Deliveries::default(), CancellationToken::new());
    let task = start(Slow(sink.clone(), Arc::clone(&go)), plan(), Arc::clone(&log), &mut deliveries, stop.clone());
    while deliveries.statuses()[0].attempts == 0 {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    go.notify_one();
    task.await.unwrap();
    assert_eq!(sink.delivered(), [1, 2, 3]);
    let rows = log.readers().run(|connection, _| delivery::sinks(connection)).await.unwrap();
    assert_eq!(rows[0].cursor, 3);
    // And one that does not come back is left after the time that it has.
    let stop = CancellationToken::new();
    let late = Plan { drain: Duration::from_millis(1), ..Plan::new("late") };
    let task = start(Slow(sink.clone(), go), late, Arc::clone(&log), &mut deliveries, stop.clone());
    while deliveries.statuses()[1].attempts == 0 {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    task.await.unwrap();
    let rows = log.readers().run(|connection, _| delivery::sinks(connection)).await.unwrap();
    assert_eq!((rows[0].name.as_str(), rows[0].cursor), ("late", 0));
    assert_eq!(deliveries.statuses()[1].state, SinkState::Stopped);
    log.close().await;
}

#[tokio::test]
async fn a_full_window_waits_in_the_log() {
    let (dir, sink) = (folder(), MemorySink::new(|_| DOWN));
    let bench = Bench::open(&dir, &sink, Plan { batch_records: 5, ..plan() });
    bench.append(many(100)).await;
    while sink.batches().len() < 5 {
        tokio::task::yield_now().await;
    }
    let status = bench.status();
    assert_eq!(status.lag, 100, "{status:?}");
    assert!(sink.tried().len() <= 20);
    bench.close().await;
}

#[tokio::test]
async fn what_all_sinks_have_can_go() {
    let (dir, sink) = (folder(), MemorySink::willing());
    let bench = Bench::open(&dir, &sink, plan());
    sink.decides(|delivery| if delivery.sequence() == 2 { DOWN } else { Outcome::Delivered });
    bench.append(many(4)).await;
    bench.until(|row| row.cursor == 4).await;
    let up_to = |names: &'static [&'static str]| {
        let names: Vec<Arc<str>> = names.iter().map(|&name| name.into()).collect();
        bench.log.readers().run(move |connection, _| delivery::delivered_up_to(connection, &names))
    };
    assert_eq!(up_to(&["memory"]).await.unwrap(), Some(1));
    assert_eq!(up_to(&["memory", "unknown"]).await.unwrap(), None);
    assert_eq!(up_to(&[]).await.unwrap(), None);
    bench.close().await;
}

/// What is read while the sink works, and what finds no room then, is not forgotten.
#[tokio::test]
async fn a_window_of_one_key_that_waits_is_filled_again_when_it_moves() {
    let (dir, sink) = (folder(), MemorySink::new(|_| DOWN));
    let bench = Bench::open(&dir, &sink, Plan { batch_records: 1, ..plan() });
    bench.append((0..50).map(|_| of("ann")).collect()).await;
    while sink.batches().len() < 5 {
        tokio::task::yield_now().await;
    }
    sink.decides(|_| Outcome::Delivered);
    assert_eq!(sink.arrived(50).await, (1..=50).collect::<Vec<_>>());
    bench.close().await;
}
