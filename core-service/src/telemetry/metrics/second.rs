//! The second stage of the classifiers.

use std::time::Duration;

use prometheus_client::{
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use super::{add, checks::CHECK_BUCKETS};
use crate::telemetry::{
    labels::{SecondLabel, SecondOutcome},
    name::Name,
};

#[derive(Debug)]
pub(in crate::telemetry) struct Second {
    texts: Family<SecondLabel, Counter>,
    windows: Counter,
    seconds: Histogram,
}

impl Second {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let made = Self {
            texts: add(registry, Name::SecondStageTexts, Family::default()),
            windows: add(registry, Name::SecondStageWindows, Counter::default()),
            seconds: add(registry, Name::SecondStageSeconds, Histogram::new(CHECK_BUCKETS)),
        };
        for &outcome in SecondOutcome::ALL {
            drop(made.texts.get_or_create(&SecondLabel { outcome }));
        }
        made
    }

    pub(in crate::telemetry) fn asked(&self, windows: u64, elapsed: Duration, outcome: SecondOutcome) {
        self.texts.get_or_create(&SecondLabel { outcome }).inc();
        if outcome == SecondOutcome::Ran {
            self.windows.inc_by(windows);
            self.seconds.observe(elapsed.as_secs_f64());
        }
    }
}
