//! Random histories against a list in memory.

use std::collections::HashMap;

use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::{Config, TestCaseError};
use uuid::Uuid;

use crate::{
    domain::decision::Action,
    events::{EventFilter, EventStore},
};

use super::{
    Appended, IdempotencyKey, Log, NewRecord, RecordedOutcome,
    samples::{judged, later, record},
};

/// Whether it waits for analysis, and its principal and key.
type New = (bool, Option<(u8, u8)>);

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<New>),
    AppendBehind(New),
    /// Of the record at this place, counted round.
    Complete(prop::sample::Index, Action),
    Reopen,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![Just(Action::Allow), Just(Action::Alert), Just(Action::Mask), Just(Action::Block)]
}

/// Few enough keys that they meet, and principals that have the same ones.
fn record_to_be() -> impl Strategy<Value = New> {
    (any::<bool>(), prop::option::of((0..2_u8, 0..6_u8)))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec(record_to_be(), 0..5).prop_map(Step::Append),
        4 => record_to_be().prop_map(Step::AppendBehind),
        4 => (any::<prop::sample::Index>(), action()).prop_map(|(index, action)| Step::Complete(index, action)),
        1 => Just(Step::Reopen),
    ]
}

fn new((pending, key): New) -> NewRecord {
    let outcome = if pending { RecordedOutcome::Pending } else { RecordedOutcome::Judged(judged(Action::Alert)) };
    let idempotency = key.map(|(principal, key)| IdempotencyKey::named(&principal.to_string(), &key.to_string()));
    NewRecord { idempotency, ..record(outcome) }
}

#[derive(Default)]
struct Model {
    /// The record of sequence n is at n - 1.
    records: Vec<RecordedOutcome>,
    keys: HashMap<(u8, u8), (u64, Uuid)>,
}

impl Model {
    fn append(&mut self, new: New, record: &NewRecord) -> Appended {
        if let Some(&(sequence, first)) = new.1.and_then(|key| self.keys.get(&key)) {
            return Appended { sequence, duplicate_of: Some(first) };
        }
        self.records.push(record.outcome.clone().without_durations());
        let sequence = self.records.len() as u64;
        self.keys.extend(new.1.map(|key| (key, (sequence, record.request_id))));
        Appended { sequence, duplicate_of: None }
    }
}

async fn run(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let dir = super::samples::folder();
    let mut log = Log::open(dir.path()).unwrap();
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Append(all) => {
                let records: Vec<_> = all.iter().copied().map(new).collect();
                let expected: Vec<_> =
                    all.iter().zip(&records).map(|(new, record)| model.append(*new, record)).collect();
                prop_assert_eq!(log.append(records, later()).await.unwrap(), expected);
            }
            Step::AppendBehind(one) => {
                let record = new(one);
                model.append(one, &record);
                log.append_behind(record, later()).await.unwrap();
            }
            Step::Complete(..) if model.records.is_empty() => {}
            Step::Complete(index, action) => {
                let model = &mut model.records;
                let at = index.index(model.len());
                log.flush().await.unwrap();
                log.complete(vec![(at as u64 + 1, judged(action))], later()).await.unwrap();
                if model[at] == RecordedOutcome::Pending {
                    model[at] = RecordedOutcome::Analysed(judged(action)).without_durations();
                }
            }
            Step::Reopen => {
                log.close().await;
                log = Log::open(dir.path()).unwrap();
            }
        }
    }
    log.flush().await.unwrap();
    let model = model.records;
    let store = EventStore::new(&log);
    let page = store.list(EventFilter::default(), 1000, "").await.unwrap();
    let stored: Vec<_> = page.events.iter().rev().map(|event| event.outcome.clone()).collect();
    prop_assert_eq!(&stored, &model);
    let waiting = model.iter().zip(1..).filter(|(outcome, _)| **outcome == RecordedOutcome::Pending);
    let waiting: Vec<u64> = waiting.map(|(_, sequence)| sequence).collect();
    let found = log.pending(0, 1000).await.unwrap();
    prop_assert_eq!(found.iter().map(|one| one.sequence).collect::<Vec<_>>(), waiting);
    // The tally is kept by hand: it must say what counting says.
    let summary = store.summarize(std::time::Duration::from_secs(3600), None).await.unwrap();
    for action in [None, Some(Action::Allow), Some(Action::Alert), Some(Action::Mask), Some(Action::Block)] {
        let is = |outcome: &&RecordedOutcome| outcome.judged().map(|judged| judged.decision.action) == action;
        let counted: u64 = summary.actions.iter().filter(|one| one.action == action).map(|one| one.count).sum();
        prop_assert_eq!(counted, model.iter().filter(is).count() as u64);
    }
    log.close().await;
    let verified = super::verify::verify(dir.path(), None).unwrap();
    prop_assert_eq!(verified.problems, []);
    prop_assert_eq!(verified.records, model.len() as u64);
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, ..Config::default() })]
    #[test]
    fn the_log_is_a_list(steps in prop::collection::vec(step(), 0..25)) {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(run(steps))?;
    }
}
