//! What happens, as values.

use std::{
    fmt::{self, Display},
    time::Duration,
};

use jiff::Timestamp;
use portcullis_api::{
    error::ErrorCode,
    trace::{self, Seen},
};
use uuid::Uuid;

use super::{CanaryProblem, CheckFailure, Event, Metrics, SecondOutcome, Source, Via};
use crate::domain::{
    coverage::{Coverage, CoverageStatus},
    decision::{Action, Decision, Violation},
    exchange::Direction,
    timing::{Stage, Timings},
};

/// What was made of a call.
#[derive(Debug, Clone, Copy)]
pub struct Verdict<'a> {
    pub decision: &'a Decision,
    pub coverage: &'a Coverage,
}

impl Verdict<'_> {
    /// Nothing was objected to, and all of it was looked at: the one outcome that needs nobody's attention.
    fn is_clean(self) -> bool {
        self.decision.action == Action::Allow && self.coverage.status == CoverageStatus::Complete
    }

    fn note(self, check: &Seen) {
        check.note("portcullis.action", self.decision.action.as_str());
        check.note("portcullis.verdict", self.decision.verdict.as_str());
        check.note("portcullis.coverage", self.coverage.status.as_str());
        if !self.decision.violations.is_empty() {
            check.note("portcullis.rules", Rules(&self.decision.violations).to_string());
        }
    }
}

/// Written when a line is, and not before: the rules that objected, each once.
struct Rules<'a>(&'a [Violation]);

impl Display for Rules<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let same = |a: &Violation, b: &Violation| a.policy == b.policy && a.rule == b.rule;
        let mut separator = "";
        for (number, violation) in self.0.iter().enumerate() {
            if !self.0[..number].iter().any(|before| same(before, violation)) {
                write!(f, "{separator}{}/{}", violation.policy, violation.rule)?;
                separator = ",";
            }
        }
        Ok(())
    }
}

/// The stages as parts of their check.
fn tell(timings: &Timings, check: &Seen) {
    let mut stages = timings.stages().collect::<Vec<_>>();
    // The whole before its part.
    stages.sort_by_key(|(stage, spent)| (spent.begun, *stage == Stage::Normalise));
    let mut detect = None;
    for (stage, spent) in stages {
        let within = detect.as_ref().filter(|_| stage == Stage::Normalise).unwrap_or(check);
        let busy = (stage == Stage::Normalise).then_some(spent.busy);
        let told = within.part(stage.as_str(), spent.begun, spent.ended, busy);
        if stage == Stage::Detect {
            detect = Some(told);
        }
    }
}

/// One line a decision, under one target, so that a filter can name them: `portcullis_decision=debug`.
macro_rules! decided {
    ($level:ident, $id:expr, $verdict:expr, $elapsed:expr, $message:literal, $($field:ident = $value:expr),*) => {
        tracing::$level!(
            target: "portcullis_decision",
            request_id = %$id,
            action = $verdict.decision.action.as_str(),
            verdict = $verdict.decision.verdict.as_str(),
            rules = %Rules(&$verdict.decision.violations),
            violations = $verdict.decision.violations_total,
            coverage = $verdict.coverage.status.as_str(),
            duration_us = u64::try_from($elapsed.as_micros()).unwrap_or(u64::MAX),
            $($field = $value,)*
            $message
        )
    };
}

/// A check ended, in a decision or without one.
#[derive(Debug, Clone, Copy)]
pub struct CheckEnded<'a> {
    pub request_id: Uuid,
    pub source: Source,
    pub direction: Direction,
    pub elapsed: Duration,
    /// None for a text in pieces, whose stages come again with each of them.
    pub timings: Option<&'a Timings>,
    pub outcome: Result<Verdict<'a>, CheckFailure>,
}

impl Event for CheckEnded<'_> {
    /// What was objected to or not wholly looked at is told at `info`. A clean pass is at `debug`: it is by far the
    /// most common, and in the log of records already.
    fn log(&self) {
        let Self { request_id, elapsed, .. } = *self;
        let (source, direction) = (self.source.as_str(), self.direction.as_str());
        match self.outcome {
            Ok(verdict) if verdict.is_clean() => {
                decided!(debug, request_id, verdict, elapsed, "checked", source = source, direction = direction);
            }
            Ok(verdict) => {
                decided!(info, request_id, verdict, elapsed, "checked", source = source, direction = direction);
            }
            Err(reason) => tracing::info!(
                target: "portcullis_decision",
                %request_id,
                reason = reason.as_str(),
                source,
                direction,
                duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
                "a check was not decided"
            ),
        }
    }

    fn trace(&self) {
        let is_wanted = self.outcome.is_ok_and(|verdict| verdict.decision.action == Action::Block);
        let Some(check) = Seen::current(is_wanted || self.outcome.is_err()) else { return };
        check.note("portcullis.source", self.source.as_str());
        check.note("portcullis.direction", self.direction.as_str());
        match self.outcome {
            Ok(verdict) => verdict.note(&check),
            Err(reason) => trace::failed(reason.as_str()),
        }
        self.timings.iter().for_each(|timings| tell(timings, &check));
    }

    fn count(&self, metrics: &Metrics) {
        match self.outcome {
            Ok(verdict) => {
                metrics.checks().decided(self.source, self.direction, verdict.decision.action, self.elapsed);
                metrics.checks().judged(verdict.decision, verdict.coverage);
            }
            Err(reason) => metrics.checks().failed(reason),
        }
        self.timings.iter().for_each(|timings| metrics.checks().took(timings));
    }
}

/// A call was answered with an error. It is told once, where the answer leaves: what an adapter passes on from a core in
/// the same process is one call.
#[derive(Debug, Clone, Copy)]
pub struct CallRefused {
    pub via: Via,
    pub error: ErrorCode,
}

impl Event for CallRefused {
    /// At `debug`: whoever reaches the port could fill the log.
    fn log(&self) {
        tracing::debug!(via = self.via.as_str(), error = self.error.reason(), "a call was refused");
    }

    fn count(&self, metrics: &Metrics) {
        metrics.refused(self.via, self.error);
    }
}

/// The background analysis of an exchange ended.
#[derive(Debug, Clone, Copy)]
pub struct Analysed<'a> {
    pub request_id: Uuid,
    pub elapsed: Duration,
    /// None where nothing could be read.
    pub timings: Option<&'a Timings>,
    pub verdict: Verdict<'a>,
}

impl Event for Analysed<'_> {
    /// At the levels of a check.
    fn log(&self) {
        let Self { request_id, elapsed, verdict, .. } = *self;
        if verdict.is_clean() {
            decided!(debug, request_id, verdict, elapsed, "analysed in the background",);
        } else {
            decided!(info, request_id, verdict, elapsed, "analysed in the background",);
        }
    }

    fn trace(&self) {
        let Some(analysis) = Seen::current(self.verdict.decision.action == Action::Block) else { return };
        self.verdict.note(&analysis);
        self.timings.iter().for_each(|timings| tell(timings, &analysis));
    }

    fn count(&self, metrics: &Metrics) {
        metrics.checks().judged(self.verdict.decision, self.verdict.coverage);
        self.timings.iter().for_each(|timings| metrics.checks().took(timings));
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

/// The second stage of the classifiers was asked about a text.
#[derive(Debug, Clone, Copy)]
pub struct SecondStageRan {
    pub windows: usize,
    pub elapsed: Duration,
    pub outcome: SecondOutcome,
}

impl Event for SecondStageRan {
    /// A text that it did not read is told in the receipt.
    fn log(&self) {}

    fn count(&self, metrics: &Metrics) {
        metrics.second_stage().asked(self.windows as u64, self.elapsed, self.outcome);
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{decision::Category, finding::Severity};

    #[test]
    fn a_rule_is_named_once_however_much_it_found() {
        let violation = |rule: &str| Violation {
            policy: Arc::from("default"),
            rule: Arc::from(rule),
            category: Category::Coverage,
            severity: Severity::Low,
            action: Action::Alert,
            score: 1.0,
            base_score: 1.0,
            decoded_from: Vec::new(),
            explanation: "".into(),
            detector_rule: String::new(),
            entity: String::new(),
            location: None,
            message: Arc::from(""),
        };
        let violations = ["a", "b", "a", "a", "b"].map(violation);
        assert_eq!(Rules(&violations).to_string(), "default/a,default/b");
        assert_eq!(Rules(&[]).to_string(), "");
    }
}
