//! What every sink has to do, whatever it is.
//!
//! A [`Rig`] is a sink with the far end that it leads to, and with ways to make that end misbehave.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(async_fn_in_trait, reason = "a rig lives in one task")]
#![cfg_attr(not(test), allow(dead_code, reason = "this crate's own tests use the rest"))]

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    Deliveries, Delivery, DeliveryFailure, Encode, Outcome, Plan, Retry, Sink, SinkState, StoredRecord, start,
};
use crate::{
    record::{
        Log, NewRecord,
        samples::{self, allowed, folder, later},
    },
    telemetry,
};

/// How the far end behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Willing,
    /// Not there, or as good as.
    Down,
    /// Refuses for good the records whose sequence can be divided by three.
    Choosy,
}

pub trait Rig {
    type Sink: Sink;
    /// Whether the far end can refuse a record for good.
    const CHOOSY: bool = true;

    /// Another one that leads to the same end, as after a restart.
    fn sink(&self) -> Self::Sink;
    async fn mood(&mut self, mood: Mood);
    /// The sequences that arrived, in the order in which they did.
    async fn arrived(&self) -> Vec<u64>;
}

/// A sink whose answers can be held back: what it was given has arrived, and nobody knows of it.
struct Held<S> {
    sink: S,
    held: watch::Receiver<bool>,
    /// Batches whose answers were held back.
    under_way: Arc<AtomicUsize>,
}

impl<S: Sink> Sink for Held<S> {
    async fn deliver(&self, batch: &[Delivery]) -> Vec<Outcome> {
        let outcomes = self.sink.deliver(batch).await;
        let mut held = self.held.clone();
        let is_held = *held.borrow();
        self.under_way.fetch_add(usize::from(is_held), Ordering::Relaxed);
        // It fails when the test is over.
        let _ = held.wait_for(|held| !held).await;
        outcomes
    }

    async fn close(&self) {
        self.sink.close().await;
    }
}

/// A record is written as its sequence.
pub(super) fn encoder() -> Encode {
    Arc::new(|record: &StoredRecord| record.event.sequence.to_string().into_bytes())
}

pub(super) fn of(user: &str) -> NewRecord {
    let mut record = allowed();
    user.clone_into(&mut record.context.user);
    record
}

/// As a sink gets them, without a log.
pub(super) fn deliveries(wanted: &[(&str, u64)]) -> Vec<Delivery> {
    let make = |&(user, sequence): &(&str, u64)| {
        let record = of(user);
        let mut stored = samples::stored(sequence, record.outcome.clone()).without_payloads();
        stored.event = samples::event(record, sequence);
        Delivery::new(stored, 0)
    };
    wanted.iter().map(make).collect()
}

fn plan(name: &str) -> Plan {
    let retry = Retry { base: Duration::from_millis(1), ceiling: Duration::from_millis(20) };
    Plan { linger: Duration::ZERO, batch_records: 10, retry, ..Plan::new(name) }
}

fn many(count: usize) -> Vec<NewRecord> {
    (0..count).map(|at| of(&format!("user-{}", at % 4))).collect()
}

async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Of one user the sequences rise, repeats aside.
fn in_order(arrived: &[u64]) {
    let mut seen = HashSet::new();
    let mut last = [0; 4];
    for &sequence in arrived.iter().filter(|&&sequence| seen.insert(sequence)) {
        let user = ((sequence - 1) % 4) as usize;
        assert!(last[user] < sequence, "{sequence} came late: {arrived:?}");
        last[user] = sequence;
    }
}

/// The rig's far end is one that no other log leads to, and the name one that no other test has: metrics belong to the process.
pub async fn conforms<R: Rig>(mut rig: R, name: &str) {
    let dir = folder();
    let log = Arc::new(Log::open(dir.path()).unwrap());
    let mut deliveries = Deliveries::default();
    let status = |deliveries: &Deliveries| deliveries.statuses().pop().unwrap();

    // Down at the start, and everything arrives once it is there.
    rig.mood(Mood::Down).await;
    log.append(many(35), later()).await.unwrap();
    let (hold, held) = watch::channel(false);
    let under_way = Arc::new(AtomicUsize::new(0));
    let sink = Held { sink: rig.sink(), held, under_way: Arc::clone(&under_way) };
    let stop = CancellationToken::new();
    let task = start(sink, plan(name), Arc::clone(&log), &mut deliveries, stop.clone());
    until(|| status(&deliveries).state == SinkState::Failing && status(&deliveries).attempts > 20).await;
    assert_eq!((status(&deliveries).delivered, log.sinks().await.unwrap()[0].dead), (0, 0));
    assert!(rig.arrived().await.is_empty());
    rig.mood(Mood::Willing).await;
    until(|| status(&deliveries).delivered == 35).await;
    let arrived = rig.arrived().await;
    assert_eq!(arrived.iter().copied().collect::<HashSet<_>>(), (1..=35).collect());
    in_order(&arrived);

    // What is under way when it stops is waited for, and nothing of it comes again.
    hold.send_replace(true);
    log.append(many(35), later()).await.unwrap();
    until(|| under_way.load(Ordering::Relaxed) > 0).await;
    stop.cancel();
    // Whoever does not wait for the answer leaves now.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    hold.send_replace(false);
    task.await.unwrap();
    assert_eq!(status(&deliveries).state, SinkState::Stopped);
    let delivered = usize::try_from(status(&deliveries).delivered).unwrap();
    assert!(delivered > 35, "what was under way was not waited for");
    let stop = CancellationToken::new();
    let task = start(rig.sink(), plan(name), Arc::clone(&log), &mut deliveries, stop.clone());
    until(|| status(&deliveries).delivered as usize == 70 - delivered).await;
    let arrived = rig.arrived().await;
    in_order(&arrived);
    assert_eq!(arrived.iter().filter(|&&sequence| sequence > 35).count(), 35, "{arrived:?}");
    assert_eq!(arrived.iter().copied().collect::<HashSet<_>>(), (1..=70).collect());

    // Only what is refused for good is given up.
    if R::CHOOSY {
        rig.mood(Mood::Choosy).await;
        log.append(many(12), later()).await.unwrap();
        until(|| status(&deliveries).delivered as usize == 70 - delivered + 8 && status(&deliveries).dead == 4).await;
        until(|| status(&deliveries).lag == 0).await;
        let dead = log.dead_letters(name, 0, 100).await.unwrap();
        let sequences: Vec<_> = dead.iter().map(|one| one.sequence).collect();
        assert_eq!(sequences, [72, 75, 78, 81]);
        assert!(dead.iter().all(|one| one.reason == DeliveryFailure::Rejected), "{dead:?}");
    }
    stop.cancel();
    task.await.unwrap();
    log.close().await;

    // All of it is in the metrics.
    let page = telemetry::metrics().render(None);
    let value = |metric: &str, labels: &str| {
        let series = format!("portcullis_delivery_{metric}{{sink=\"{name}\"{labels}}} ");
        let line =
            page.lines().find_map(|line| line.strip_prefix(&series)).unwrap_or_else(|| panic!("{series}: {page}"));
        line.parse::<f64>().unwrap() as usize
    };
    let (delivered, dead) = if R::CHOOSY { (78, 4) } else { (70, 0) };
    assert_eq!(value("records_total", ""), delivered);
    assert_eq!(value("dead_letters_total", ",reason=\"rejected\""), dead);
    let retries: usize =
        DeliveryFailure::ALL.iter().map(|why| value("retries_total", &format!(",reason=\"{}\"", why.as_str()))).sum();
    assert!(retries > 0);
    assert_eq!(value("attempts_total", ""), delivered + dead + retries);
}

#[cfg(test)]
#[tokio::test]
async fn the_memory_sink_conforms() {
    struct Memory(super::memory::MemorySink);
    impl Rig for Memory {
        type Sink = super::memory::MemorySink;

        fn sink(&self) -> Self::Sink {
            self.0.clone()
        }

        async fn mood(&mut self, mood: Mood) {
            self.0.decides(move |delivery| match mood {
                Mood::Down => Outcome::retry(DeliveryFailure::Unreachable),
                Mood::Choosy if delivery.sequence() % 3 == 0 => Outcome::Permanent(DeliveryFailure::Rejected),
                Mood::Willing | Mood::Choosy => Outcome::Delivered,
            });
        }

        async fn arrived(&self) -> Vec<u64> {
            self.0.delivered()
        }
    }
    conforms(Memory(super::memory::MemorySink::willing()), "conforming-memory").await;
}
