//! Canary runs of the service: their probes ([`runs`]), and what one found, made a record, a log line and a metric.

pub mod runs;

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use uuid::Uuid;

use crate::{
    domain::{
        coverage::{Coverage, CoverageStatus},
        decision::{Action, Category, Decision, Verdict, Violation},
        exchange::{CallContext, Direction, Payload, Payloads},
        finding::Severity,
        timing::Durations,
    },
    record::{Judged, Log, LogError, NewRecord, RecordKind, RecordedOutcome},
    telemetry::{self, CanaryProblem, CanaryRan},
};

/// The source under which such an event is found; no call of a gateway can have it.
const SOURCE: &str = "canary";

#[derive(Debug)]
pub struct CanaryReport {
    /// Host and port; empty when no gateway was probed.
    pub gateway: String,
    pub model: String,
    pub problems: Vec<CanaryProblem>,
    /// JSON.
    pub report: Bytes,
}

/// Why there is no event of a run.
#[derive(Debug, thiserror::Error)]
pub enum NotRecorded {
    #[error(transparent)]
    Log(#[from] LogError),
    /// As [`crate::record::OnFull::Shed`] allows. Of a canary's run the event is all that is asked for.
    #[error("the disk did not take it, and it was dropped")]
    Shed,
}

/// Answers with the sequence, once it is on disk, and counts it then. Of what is not recorded the timer of the service, which
/// hears of that, tells and counts: a canary that falls silent with the log would hide both, and one that both tell of
/// would be two.
pub async fn record(log: &Log, report: CanaryReport, deadline: Instant) -> Result<u64, NotRecorded> {
    let CanaryReport { gateway, model, problems, report } = report;
    let record = NewRecord {
        kind: RecordKind::Canary,
        request_id: Uuid::now_v7(),
        idempotency: None,
        sync: true,
        late: false,
        direction: Direction::Request,
        status: 200,
        context: CallContext { source: SOURCE.to_owned(), model, ..CallContext::default() },
        policies: Vec::new(),
        outcome: RecordedOutcome::Judged(Judged {
            decision: decision(&problems),
            coverage: Coverage::none(CoverageStatus::NotChecked, "a canary run: no caller's text is in it"),
            duration_us: 0,
            durations: Durations::default(),
        }),
        enforced: false,
        payloads: Payloads::Request(Payload::Json(report)),
    };
    let appended = log.append(vec![record], deadline.into()).await?;
    let recorded = appended.into_iter().find(|appended| !appended.is_shed()).ok_or(NotRecorded::Shed)?;
    telemetry::emit(CanaryRan { gateway: &gateway, problems: &problems });
    Ok(recorded.sequence)
}

fn decision(problems: &[CanaryProblem]) -> Decision {
    let violation = |problem: &CanaryProblem| Violation {
        policy: Arc::from(SOURCE),
        rule: Arc::from(problem.as_str()),
        category: Category::Canary,
        severity: problem.severity(),
        action: Action::Alert,
        score: 1.0,
        base_score: 1.0,
        decoded_from: Vec::new(),
        explanation: "".into(),
        detector_rule: problem.as_str().to_owned(),
        entity: String::new(),
        location: None,
        message: Arc::from(""),
    };
    let decision = Decision::fold(problems.iter().map(violation).collect());
    // Nobody's call was judged: a run without problems has no verdict rather than a pass.
    let verdict = if problems.is_empty() { Verdict::Undecided } else { Verdict::Fail };
    Decision { verdict, ..decision }
}

impl CanaryProblem {
    /// An attack that comes through is the worst; a gateway that is away lets nothing through.
    const fn severity(self) -> Severity {
        match self {
            Self::BlockDidNotBlock | Self::EndpointDidNotBlock => Severity::Critical,
            Self::GuardrailNotAsked | Self::EndpointUnreachable | Self::EndpointGoodBlocked | Self::GoodBlocked => {
                Severity::High
            }
            Self::GatewayUnreachable => Severity::Medium,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_problem_stands_first_and_a_good_run_is_no_verdict() {
        let found = decision(&[CanaryProblem::GatewayUnreachable, CanaryProblem::BlockDidNotBlock]);
        assert_eq!((found.action, found.verdict), (Action::Alert, Verdict::Fail));
        let rules: Vec<_> = found.violations.iter().map(|violation| &*violation.rule).collect();
        assert_eq!(rules, ["block_did_not_block", "gateway_unreachable"]);
        let good = decision(&[]);
        assert_eq!((good.action, good.verdict), (Action::Allow, Verdict::Undecided));
    }
}
