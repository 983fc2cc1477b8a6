//! Whatever a sink does and whenever the process dies: nothing is missing, nothing is out of its key's order.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use proptest::{collection::vec, prelude::*};
use tokio_util::sync::CancellationToken;

use super::{Deliveries, DeliveryFailure, Outcome, Plan, Retry, conformance::of, memory::MemorySink, start};
use crate::record::{
    DeliveryChange, Log,
    samples::{folder, later},
};

const USERS: u64 = 3;

#[derive(Debug, Clone)]
enum Step {
    Append(u8),
    /// Which of ten records are refused for a while, and which for good.
    Mood {
        again: u8,
        never: u8,
    },
    Redrive,
    /// The process dies: what its task had in hand is gone.
    Crash,
    /// It stops as it should.
    Stop,
    /// So many calls of the sink.
    Wait(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u8..30).prop_map(Step::Append),
        3 => (0_u8..=10, 0_u8..4).prop_map(|(again, never)| Step::Mood { again, never }),
        1 => Just(Step::Redrive),
        2 => Just(Step::Crash),
        1 => Just(Step::Stop),
        3 => (1_u8..6).prop_map(Step::Wait),
    ]
}

fn plan() -> Plan {
    let retry = Retry { base: Duration::from_millis(1), ceiling: Duration::from_millis(2) };
    Plan { linger: Duration::ZERO, batch_records: 7, retry, ..Plan::new("memory") }
}

async fn run(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let dir = folder();
    let sink = MemorySink::willing();
    let mut log = Arc::new(Log::open(dir.path()).unwrap());
    let mut stop = CancellationToken::new();
    let begin = |log: &Arc<Log>, stop: &CancellationToken| {
        start(sink.clone(), plan(), Arc::clone(log), &mut Deliveries::default(), stop.clone())
    };
    let mut task = begin(&log, &stop);
    let mut users = BTreeMap::new();
    let mut redriven = false;
    // Refused for good at least once: what follows goes on without them. When the process dies before that is noted they
    // are tried again, and a sink that takes them then gets them late.
    let refused: Arc<Mutex<HashSet<u64>>> = Arc::default();
    for step in steps {
        match step {
            Step::Append(count) => {
                let first = users.len() as u64;
                let records = (first..first + u64::from(count)).map(|number| of(&format!("u{}", number * 7 % USERS)));
                for appended in log.append(records.collect(), later()).await.unwrap() {
                    let number = users.len() as u64;
                    users.insert(appended.sequence, number * 7 % USERS);
                }
            }
            Step::Mood { again, never } => {
                let refused = Arc::clone(&refused);
                sink.decides(move |delivery| {
                    // The same record fares the same, until the mood changes.
                    let die = ((delivery.sequence() * 2_654_435_761) >> 7) % 10;
                    if die < u64::from(never) {
                        refused.lock().unwrap().insert(delivery.sequence());
                        Outcome::Permanent(DeliveryFailure::Rejected)
                    } else if die < u64::from(never) + u64::from(again) {
                        Outcome::retry(DeliveryFailure::Unavailable)
                    } else {
                        Outcome::Delivered
                    }
                });
            }
            Step::Redrive => {
                let sink = "memory".into();
                redriven |= log.deliver(DeliveryChange::Redrive { sink, reason: None }, later()).await.unwrap() > 0;
            }
            Step::Crash | Step::Stop => {
                if matches!(step, Step::Crash) {
                    task.abort();
                } else {
                    stop.cancel();
                }
                let _ = task.await;
                log.close().await;
                drop(log);
                log = Arc::new(Log::open(dir.path()).unwrap());
                stop = CancellationToken::new();
                task = begin(&log, &stop);
            }
            Step::Wait(calls) => {
                let before = sink.batches().len();
                for _ in 0..2000 {
                    if sink.batches().len() >= before + usize::from(calls) {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
            }
        }
    }
    sink.decides(|_| Outcome::Delivered);
    let all: BTreeSet<u64> = users.keys().copied().collect();
    loop {
        // First: what is settled then is dead or has arrived in what is read after it.
        let row = log.sinks().await.unwrap().into_iter().next();
        let dead: BTreeSet<u64> =
            log.dead_letters("memory", 0, 10_000).await.unwrap().into_iter().map(|one| one.sequence).collect();
        let arrived: BTreeSet<u64> = sink.delivered().into_iter().collect();
        prop_assert!(arrived.is_subset(&all));
        let settled = row.is_some_and(|row| row.held + row.redrive == 0 && row.cursor == all.len() as u64);
        if settled {
            // Delivered or a dead letter, and nothing is neither.
            prop_assert_eq!(&arrived | &dead, all);
            break;
        }
        if users.is_empty() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let refused = refused.lock().unwrap().clone();
    let mut last = BTreeMap::new();
    let mut seen = HashSet::new();
    for sequence in sink.delivered().into_iter().filter(|&sequence| seen.insert(sequence)) {
        let before = last.insert(users[&sequence], sequence).unwrap_or_default();
        let late = redriven || refused.contains(&sequence);
        prop_assert!(before < sequence || late, "{} came after {}", sequence, before);
    }
    stop.cancel();
    let _ = task.await;
    log.close().await;
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn nothing_is_missing_and_nothing_overtakes(steps in vec(step(), 1..25)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run(steps))?;
    }
}
