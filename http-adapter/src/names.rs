//! The words that JSON and queries use for the values of the gRPC enumerations.

use portcullis_api::{
    error::ApiError,
    v1::{Action, Analysis, CoverageStatus, DetectorOutcome, Direction, EventKind, PolicyState, Severity},
};

use crate::query::invalid;

type Names<T> = [(T, &'static str)];

pub(crate) const ACTIONS: &Names<Action> =
    &[(Action::Allow, "allow"), (Action::Alert, "alert"), (Action::Mask, "mask"), (Action::Block, "block")];

pub(crate) const ANALYSES: &Names<Analysis> =
    &[(Analysis::None, "none"), (Analysis::Pending, "pending"), (Analysis::Done, "done")];

pub(crate) const DIRECTIONS: &Names<Direction> = &[(Direction::Request, "request"), (Direction::Response, "response")];

pub(crate) const KINDS: &Names<EventKind> =
    &[(EventKind::Decision, "decision"), (EventKind::Exchange, "exchange"), (EventKind::Canary, "canary")];

pub(crate) const SEVERITIES: &Names<Severity> =
    &[(Severity::Low, "low"), (Severity::Medium, "medium"), (Severity::High, "high"), (Severity::Critical, "critical")];

pub(crate) const COVERAGES: &Names<CoverageStatus> = &[
    (CoverageStatus::NotChecked, "not_checked"),
    (CoverageStatus::Pending, "pending"),
    (CoverageStatus::Partial, "partial"),
    (CoverageStatus::Complete, "complete"),
];

pub(crate) const OUTCOMES: &Names<DetectorOutcome> = &[
    (DetectorOutcome::Ran, "ran"),
    (DetectorOutcome::Skipped, "skipped"),
    (DetectorOutcome::Failed, "failed"),
    (DetectorOutcome::TimedOut, "timed_out"),
];

pub(crate) const POLICY_STATES: &Names<PolicyState> =
    &[(PolicyState::Active, "active"), (PolicyState::Stale, "stale"), (PolicyState::Failed, "failed")];

/// None for what is unspecified, or newer than this program.
pub(crate) fn of<T: Copy + PartialEq>(names: &Names<T>, value: T) -> Option<&'static str> {
    names.iter().find(|(known, _)| *known == value).map(|(_, name)| *name)
}

pub(crate) fn parse<T: Copy>(names: &Names<T>, text: &str, field: &str) -> Result<T, ApiError> {
    let known = names.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
    known.map(|(value, _)| *value).ok_or_else(|| {
        let choice: Vec<_> = names.iter().map(|(_, name)| *name).collect();
        invalid(field, format_args!("must be one of: {}", choice.join(", ")))
    })
}
