//! Random histories against a list in memory.

use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::{Config, TestCaseError};

use crate::{
    domain::decision::Action,
    events::{EventFilter, EventStore},
};

use super::{
    Log, RecordedOutcome,
    samples::{judged, later, record},
};

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<bool>),
    AppendBehind(bool),
    /// Of the record at this place, counted round.
    Complete(prop::sample::Index, Action),
    Reopen,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![Just(Action::Allow), Just(Action::Alert), Just(Action::Mask), Just(Action::Block)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec(any::<bool>(), 0..5).prop_map(Step::Append),
        4 => any::<bool>().prop_map(Step::AppendBehind),
        4 => (any::<prop::sample::Index>(), action()).prop_map(|(index, action)| Step::Complete(index, action)),
        1 => Just(Step::Reopen),
    ]
}

fn new(pending: bool) -> RecordedOutcome {
    if pending { RecordedOutcome::Pending } else { RecordedOutcome::Judged(judged(Action::Alert)) }
}

async fn run(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let dir = super::samples::folder();
    let mut log = Log::open(dir.path()).unwrap();
    // The record of sequence n is at n - 1.
    let mut model: Vec<RecordedOutcome> = Vec::new();
    for step in steps {
        match step {
            Step::Append(pending) => {
                let outcomes: Vec<_> = pending.into_iter().map(new).collect();
                let sequences = log.append(outcomes.iter().cloned().map(record).collect(), later()).await.unwrap();
                model.extend(outcomes);
                let expected = (1..).take(model.len()).skip(model.len() - sequences.len());
                prop_assert_eq!(sequences, expected.collect::<Vec<u64>>());
            }
            Step::AppendBehind(pending) => {
                log.append_behind(record(new(pending)), later()).await.unwrap();
                model.push(new(pending));
            }
            Step::Complete(..) if model.is_empty() => {}
            Step::Complete(index, action) => {
                let at = index.index(model.len());
                log.flush().await.unwrap();
                log.complete(vec![(at as u64 + 1, judged(action))], later()).await.unwrap();
                if model[at] == RecordedOutcome::Pending {
                    model[at] = RecordedOutcome::Analysed(judged(action));
                }
            }
            Step::Reopen => {
                log.close().await;
                log = Log::open(dir.path()).unwrap();
            }
        }
    }
    log.flush().await.unwrap();
    let store = EventStore::new(&log);
    let page = store.list(EventFilter::default(), 1000, "").await.unwrap();
    let stored: Vec<_> = page.events.iter().rev().map(|event| event.outcome.clone()).collect();
    prop_assert_eq!(&stored, &model);
    let waiting = model.iter().zip(1..).filter(|(outcome, _)| **outcome == RecordedOutcome::Pending);
    let waiting: Vec<u64> = waiting.map(|(_, sequence)| sequence).collect();
    let found = log.pending(1000).await.unwrap();
    prop_assert_eq!(found.iter().map(|one| one.sequence).collect::<Vec<_>>(), waiting);
    // The tally is kept by hand: it must say what counting says.
    let summary = store.summarize(std::time::Duration::from_secs(3600)).await.unwrap();
    for action in [None, Some(Action::Allow), Some(Action::Alert), Some(Action::Mask), Some(Action::Block)] {
        let is = |outcome: &&RecordedOutcome| outcome.judged().map(|judged| judged.decision.action) == action;
        let counted: u64 = summary.actions.iter().filter(|one| one.action == action).map(|one| one.count).sum();
        prop_assert_eq!(counted, model.iter().filter(is).count() as u64);
    }
    log.close().await;
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, ..Config::default() })]
    #[test]
    fn the_log_is_a_list(steps in prop::collection::vec(step(), 0..25)) {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(run(steps))?;
    }
}
