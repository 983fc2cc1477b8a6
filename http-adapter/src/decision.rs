//! What the core decided, in the words that every dialect has an answer for.

use portcullis_api::{
    json::word,
    v1::{Action, CheckResponse, CoverageStatus, Direction, Verdict, Violation, payload::Content},
};
use serde::Serialize;

#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    Passed,
    /// Passes in this form.
    Masked(Content),
    Blocked,
}

impl Outcome {
    /// Of the side that the caller waits for.
    pub(crate) fn of(decided: &mut CheckResponse, side: Direction) -> Self {
        // Either is enough: a core that contradicts itself must not open the door.
        if decided.verdict() == Verdict::Fail || decided.action() == Action::Block {
            return Self::Blocked;
        }
        let masked = match side {
            Direction::Response => decided.masked_response.take(),
            Direction::Request | Direction::Unspecified => decided.masked_request.take(),
        };
        masked.and_then(|payload| payload.content).map_or(Self::Passed, Self::Masked)
    }
}

/// What is behind a pass, when no completed check is.
pub(crate) fn analysis(decided: &CheckResponse) -> Option<&'static str> {
    match decided.coverage.as_ref()?.status() {
        CoverageStatus::NotChecked => Some("none"),
        CoverageStatus::Partial => Some("partial"),
        CoverageStatus::Complete | CoverageStatus::Pending | CoverageStatus::Unspecified => None,
    }
}

/// What objected, and never where: gateways show this to the end user.
#[derive(PartialEq, Eq, Serialize)]
pub(crate) struct Reason<'a> {
    policy: &'a str,
    rule: &'a str,
    category: &'a str,
    severity: Option<String>,
}

/// A rule that objects to ten places is one reason.
pub(crate) fn reasons(violations: &[Violation]) -> Vec<Reason<'_>> {
    let mut distinct = Vec::new();
    for violation in violations {
        let reason = Reason {
            policy: &violation.policy,
            rule: &violation.rule,
            category: &violation.category,
            severity: word("Severity", violation.severity),
        };
        if !distinct.contains(&reason) {
            distinct.push(reason);
        }
    }
    distinct
}
