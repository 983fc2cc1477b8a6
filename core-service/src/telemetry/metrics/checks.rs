//! What is counted of checks: the hot path. Series are looked up once each, by the labels' numbers and without hashing
//! them; what only violations and failures count may hash.

use std::{
    array,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use super::{
    super::{
        labels::{
            CheckFailure, CheckLabels, DetectorFailureLabels, DetectorFate, DirectionLabel, ReaderLabel, ReasonLabel,
            Source, StageLabel,
        },
        name::Name,
    },
    add,
};
use crate::domain::{
    coverage::{Coverage, Outcome},
    decision::{Action, Category, Decision, Violation},
    exchange::Direction,
    finding::Detector,
    timing::{Reader, Stage, Timings},
};

/// In seconds, from what a short prompt takes to where a gateway gives up.
pub(super) const CHECK_BUCKETS: [f64; 14] =
    [10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 50e-3, 250e-3, 1.0, 5.0];
/// The same for parts of it.
const STAGE_BUCKETS: [f64; 13] =
    [1e-6, 2.5e-6, 5e-6, 10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 1e-3, 5e-3, 25e-3, 250e-3, 1.0];

pub(super) const CHECK_SERIES: usize = Source::ALL.len() * DIRECTIONS * ACTIONS;
const DIRECTIONS: usize = 2;
const ACTIONS: usize = 4;

/// Rules of policies, which are as many as somebody writes: how many of them have a series of their own.
pub(super) const RULES: usize = 500;
const OTHER: &str = "other";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RuleLabels {
    category: &'static str,
    policy: String,
    rule: String,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

#[derive(Debug)]
pub(in crate::telemetry) struct Checks {
    decided: Family<CheckLabels, Counter>,
    failures: Family<ReasonLabel, Counter>,
    seconds: Histograms<DirectionLabel>,
    stages: Histograms<StageLabel>,
    readers: Histograms<ReaderLabel>,
    detector_failures: Family<DetectorFailureLabels, Counter>,
    violations: Family<RuleLabels, Counter>,
    /// Rules that have a series.
    rules: Mutex<usize>,
    decided_series: [OnceLock<Counter>; CHECK_SERIES],
    seconds_series: [OnceLock<Histogram>; DIRECTIONS],
    stage_series: [OnceLock<Histogram>; Stage::ALL.len()],
    reader_series: [OnceLock<Histogram>; Reader::COUNT],
}

impl Checks {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let check: fn() -> Histogram = || Histogram::new(CHECK_BUCKETS);
        let stage: fn() -> Histogram = || Histogram::new(STAGE_BUCKETS);
        let made = Self {
            decided: add(registry, Name::Checks, Family::default()),
            failures: add(registry, Name::CheckFailures, Family::default()),
            seconds: add(registry, Name::CheckSeconds, Family::new_with_constructor(check)),
            stages: add(registry, Name::StageSeconds, Family::new_with_constructor(stage)),
            readers: add(registry, Name::DetectorSeconds, Family::new_with_constructor(stage)),
            detector_failures: add(registry, Name::DetectorFailures, Family::default()),
            violations: add(registry, Name::Violations, Family::default()),
            rules: Mutex::default(),
            decided_series: array::from_fn(|_| OnceLock::new()),
            seconds_series: array::from_fn(|_| OnceLock::new()),
            stage_series: array::from_fn(|_| OnceLock::new()),
            reader_series: array::from_fn(|_| OnceLock::new()),
        };
        // There from the start: what has no series yet cannot be told from what is not measured, and an alert on a
        // rise would miss the first one.
        for &reason in CheckFailure::ALL {
            drop(made.failures.get_or_create(&ReasonLabel { reason }));
        }
        for detector in Detector::ALL {
            for &outcome in DetectorFate::ALL {
                drop(made.detector_failures.get_or_create(&DetectorFailureLabels { detector, outcome }));
            }
        }
        made
    }

    pub(in crate::telemetry) fn decided(
        &self,
        source: Source,
        direction: Direction,
        action: Action,
        elapsed: Duration,
    ) {
        let count = || self.decided.get_or_create_owned(&CheckLabels { source, direction, action });
        let place = (source as usize * DIRECTIONS + direction as usize) * ACTIONS + action as usize;
        self.decided_series[place].get_or_init(count).inc();
        let time = || self.seconds.get_or_create_owned(&DirectionLabel { direction });
        self.seconds_series[direction as usize].get_or_init(time).observe(elapsed.as_secs_f64());
    }

    pub(in crate::telemetry) fn failed(&self, reason: CheckFailure) {
        self.failures.get_or_create(&ReasonLabel { reason }).inc();
    }

    pub(in crate::telemetry) fn took(&self, timings: &Timings) {
        for (stage, spent) in timings.stages() {
            let time = || self.stages.get_or_create_owned(&StageLabel { stage });
            self.stage_series[stage as usize].get_or_init(time).observe(spent.busy.as_secs_f64());
        }
        for (detector, spent) in timings.scan.readers() {
            let time = || self.readers.get_or_create_owned(&ReaderLabel { detector });
            self.reader_series[detector.place()].get_or_init(time).observe(spent.as_secs_f64());
        }
    }

    pub(in crate::telemetry) fn judged(&self, decision: &Decision, coverage: &Coverage) {
        for same in
            decision.violations.chunk_by(|a, b| (&a.policy, &a.rule, a.category) == (&b.policy, &b.rule, b.category))
        {
            if let Some(Violation { policy, rule, category, .. }) = same.first() {
                self.objected(policy, rule, *category, same.len() as u64);
            }
        }
        for (detector, outcome) in &coverage.detectors {
            let outcome = match outcome {
                Outcome::Ran | Outcome::Skipped => continue,
                Outcome::Failed(_) => DetectorFate::Failed,
                Outcome::TimedOut => DetectorFate::TimedOut,
            };
            self.detector_failures.get_or_create(&DetectorFailureLabels { detector: *detector, outcome }).inc();
        }
    }

    fn objected(&self, policy: &Arc<str>, rule: &Arc<str>, category: Category, count: u64) {
        let category = category.as_str();
        let labels = RuleLabels { category, policy: policy.to_string(), rule: rule.to_string() };
        if let Some(known) = self.violations.get(&labels) {
            known.inc_by(count);
            return;
        }
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let labels = if self.violations.get(&labels).is_some() {
            labels
        } else if *rules < RULES {
            *rules += 1;
            labels
        } else {
            RuleLabels { category, policy: OTHER.to_owned(), rule: OTHER.to_owned() }
        };
        self.violations.get_or_create(&labels).inc_by(count);
    }
}
