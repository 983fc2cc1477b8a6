//! What happens, as values.

use std::{fmt::Display, time::Duration};

use jiff::Timestamp;

use super::{CanaryProblem, CheckFailure, Event, Metrics, Source};
use crate::domain::{decision::Action, exchange::Direction};

/// A check ended, in a decision or without one.
#[derive(Debug, Clone, Copy)]
pub struct CheckEnded {
    pub source: Source,
    pub direction: Direction,
    pub elapsed: Duration,
    pub outcome: Result<Action, CheckFailure>,
}

impl Event for CheckEnded {
    /// At the level `debug`: every check is in the log of records already.
    fn log(&self) {
        let (source, direction, elapsed) = (self.source.as_str(), self.direction.as_str(), self.elapsed);
        match self.outcome {
            Ok(action) => tracing::debug!(source, direction, action = action.as_str(), ?elapsed, "checked"),
            Err(reason) => {
                tracing::debug!(source, direction, reason = reason.as_str(), ?elapsed, "a check was not decided");
            }
        }
    }

    fn count(&self, metrics: &Metrics) {
        match self.outcome {
            Ok(action) => metrics.check(self.source, self.direction, action, self.elapsed),
            Err(reason) => metrics.check_failed(reason),
        }
    }
}

/// A transaction of the log failed.
#[derive(Debug, Clone, Copy)]
pub struct RecordsLost<F> {
    /// Of those, the ones that nobody waits for, so that nobody will send them again.
    pub lost: u64,
    /// Of those, the ones that were dropped because that was chosen, and their callers answered.
    pub shed: u64,
    pub records: usize,
    pub fault: F,
}

impl<F: Display> Event for RecordsLost<F> {
    fn log(&self) {
        let Self { lost, shed, records, fault } = self;
        tracing::error!(%fault, records, lost, shed, "a transaction of the log failed");
    }

    fn count(&self, metrics: &Metrics) {
        metrics.lost(self.lost, self.shed);
    }
}

/// A canary run was reported.
#[derive(Debug, Clone, Copy)]
pub struct CanaryRan<'a> {
    pub gateway: &'a str,
    pub problems: &'a [CanaryProblem],
}

impl Event for CanaryRan<'_> {
    fn log(&self) {
        let gateway = self.gateway;
        if self.problems.is_empty() {
            tracing::info!(gateway, "a canary run found all as it should be");
        }
        for problem in self.problems {
            tracing::error!(gateway, problem = problem.as_str(), "a canary run found what must not be");
        }
    }

    fn count(&self, metrics: &Metrics) {
        metrics.canary(self.problems, Timestamp::now().as_duration().as_secs_f64());
    }
}
