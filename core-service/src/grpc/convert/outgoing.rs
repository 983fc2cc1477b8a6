//! Domain types to wire types.

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;
use portcullis_api::v1;

use crate::{
    classify::head::{Head, Level},
    domain::{
        coverage::{Coverage, CoverageStatus, Outcome, SecondRun, StageOutcome},
        decision::{Action, Decision, Verdict, Violation},
        exchange::{Direction, Payload},
        finding::Severity,
        segment::Role,
        timing::{Durations, Part, Stage},
    },
    guardrail::display::Text,
    record::{Analysis, Event, Health, HealthStatus, Opinion, PayloadFault, RecordKind, Reveal, Review, StoredRecord},
    search::{Missing, SearchState, SearchStatus},
};

pub(in crate::grpc) fn check_response(
    request_id: String,
    decision: Decision,
    mut coverage: Coverage,
    view: v1::CoverageView,
) -> v1::CheckResponse {
    if view == v1::CoverageView::Status {
        let Coverage { status, reason, .. } = coverage;
        coverage = Coverage { detectors: Vec::new(), ..Coverage::none(status, reason) };
    }
    v1::CheckResponse {
        verdict: verdict(decision.verdict, coverage.status).into(),
        action: action(decision.action).into(),
        message: decision.message.to_string(),
        violations: decision.violations.into_iter().map(violation).collect(),
        request_id,
        coverage: Some(self::coverage(coverage)),
        violations_total: decision.violations_total,
        masked_request: None,
        masked_response: None,
        shed: false,
    }
}

/// What was not looked at has no verdict, whatever the fold of nothing says.
const fn verdict(verdict: Verdict, coverage: CoverageStatus) -> v1::Verdict {
    match (verdict, coverage) {
        (Verdict::Fail, _) => v1::Verdict::Fail,
        (Verdict::Undecided, _) | (_, CoverageStatus::NotChecked | CoverageStatus::Pending) => v1::Verdict::Unspecified,
        (Verdict::Pass, _) => v1::Verdict::Pass,
    }
}

pub(in crate::grpc) const fn action(action: Action) -> v1::Action {
    match action {
        Action::Allow => v1::Action::Allow,
        Action::Alert => v1::Action::Alert,
        Action::Mask => v1::Action::Mask,
        Action::Block => v1::Action::Block,
    }
}

const fn direction(direction: Direction) -> v1::Direction {
    match direction {
        Direction::Request => v1::Direction::Request,
        Direction::Response => v1::Direction::Response,
    }
}

const fn severity(severity: Severity) -> v1::Severity {
    match severity {
        Severity::Low => v1::Severity::Low,
        Severity::Medium => v1::Severity::Medium,
        Severity::High => v1::Severity::High,
        Severity::Critical => v1::Severity::Critical,
    }
}

fn violation(violation: Violation) -> v1::Violation {
    let location = violation.location.map(|at| v1::Location {
        direction: direction(at.direction).into(),
        pointer: at.pointer,
        inner_pointer: at.inner_pointer,
        start: at.span.start,
        end: at.span.end,
    });
    let level = Head::of_rule(&violation.detector_rule).and_then(|_| Level::of(violation.score));
    v1::Violation {
        level: level.map_or_else(String::new, |level| level.as_str().to_owned()),
        policy: violation.policy.to_string(),
        rule: violation.rule.to_string(),
        category: violation.category.as_str().to_owned(),
        severity: severity(violation.severity).into(),
        action: action(violation.action).into(),
        score: violation.score,
        detector_rule: violation.detector_rule,
        entity: violation.entity,
        explanation: violation.explanation.to_string(),
        location,
        base_score: violation.base_score,
        decoded_from: violation.decoded_from.into_iter().map(Cow::into_owned).collect(),
    }
}

fn run(name: &str, outcome: Outcome) -> v1::DetectorRun {
    let (outcome, reason) = match outcome {
        Outcome::Ran => (v1::DetectorOutcome::Ran, String::new()),
        Outcome::Skipped => (v1::DetectorOutcome::Skipped, String::new()),
        Outcome::Failed(why) => (v1::DetectorOutcome::Failed, why.into_owned()),
        Outcome::TimedOut => (v1::DetectorOutcome::TimedOut, String::new()),
    };
    v1::DetectorRun { name: name.to_owned(), outcome: outcome.into(), reason }
}

fn coverage(coverage: Coverage) -> v1::Coverage {
    let status = match coverage.status {
        CoverageStatus::NotChecked => v1::CoverageStatus::NotChecked,
        CoverageStatus::Pending => v1::CoverageStatus::Pending,
        CoverageStatus::Partial => v1::CoverageStatus::Partial,
        CoverageStatus::Complete => v1::CoverageStatus::Complete,
    };
    let policies = coverage.policies.into_iter();
    let detectors = coverage.detectors.into_iter().map(|(detector, outcome)| run(detector.as_str(), outcome));
    let second = coverage.second_stage;
    // A list that was left out stays so.
    let second_run = (detectors.len() > 0).then(|| run(SecondRun::NAME, second.outcome.into()));
    // Where topics were asked for and the words left something open.
    let topics = coverage.topic_encoder;
    let topics_run = (topics.outcome != StageOutcome::Skipped).then(|| run(SecondRun::TOPICS, topics.outcome.into()));
    v1::Coverage {
        status: status.into(),
        reason: coverage.reason,
        policies: policies
            .map(|policy| v1::PolicyRef { name: policy.name.to_string(), digest: policy.digest.to_string() })
            .collect(),
        detectors: detectors.chain(second_run).chain(topics_run).collect(),
        second_stage_windows: second.windows,
        segments_total: coverage.segments_total,
        segments_scanned: coverage.segments_scanned,
        bytes_total: coverage.bytes_total,
        bytes_scanned: coverage.bytes_scanned,
        decoders: coverage.decoders.into_iter().map(Cow::into_owned).collect(),
        segments_unchanged: coverage.segments_unchanged,
        bytes_unchanged: coverage.bytes_unchanged,
    }
}

pub(in crate::grpc) fn event(event: Event) -> v1::Event {
    let id = event.id();
    let analysis = match event.outcome.analysis() {
        Analysis::None => v1::Analysis::None,
        Analysis::Pending => v1::Analysis::Pending,
        Analysis::Done => v1::Analysis::Done,
    };
    let (decision, receipt, duration_us) = match event.outcome.judged().cloned() {
        Some(judged) => (judged.decision, judged.coverage, judged.duration_us),
        None => (Decision::undecided(), Coverage::none(CoverageStatus::Pending, "not judged yet"), 0),
    };
    v1::Event {
        id,
        time: time(event.time),
        kind: kind(event.kind).into(),
        source: event.source,
        sync: event.sync,
        direction: direction(event.direction).into(),
        action: action(decision.action).into(),
        verdict: verdict(decision.verdict, receipt.status).into(),
        analysis: analysis.into(),
        status: event.status.into(),
        user: event.user,
        team: event.team,
        model: event.model,
        request_id: event.request_id.to_string(),
        violations: decision.violations.into_iter().map(violation).collect(),
        coverage: Some(coverage(receipt)),
        enforced: event.enforced,
        duration_us,
        client_ip: event.client_ip,
        sequence: event.sequence,
        late: event.late,
        session: event.session,
        tool: event.tool,
        server: event.server,
        principal: event.principal,
    }
}

pub(in crate::grpc) const fn kind(kind: RecordKind) -> v1::EventKind {
    match kind {
        RecordKind::Decision => v1::EventKind::Decision,
        RecordKind::Exchange => v1::EventKind::Exchange,
        RecordKind::Canary => v1::EventKind::Canary,
        RecordKind::Log => v1::EventKind::Log,
    }
}

pub(in crate::grpc) fn log_status(health: Health, damaged_files: Vec<String>) -> v1::LogStatus {
    let (state, fault) = match health.status {
        HealthStatus::Ok => (v1::LogState::Writing, String::new()),
        HealthStatus::Failing(fault) => (v1::LogState::Failing, fault.to_string()),
        HealthStatus::Closed => (v1::LogState::Closed, String::new()),
    };
    v1::LogStatus { state: state.into(), fault, lost: health.lost, shed: health.shed, damaged_files }
}

pub(in crate::grpc) fn search_status(status: SearchStatus) -> v1::SearchStatus {
    let SearchStatus { state, indexed, indexed_time, waiting, missing, bytes } = status;
    let (state, reason) = match state {
        SearchState::On => (v1::SearchState::On, String::new()),
        SearchState::Failing(fault) => (v1::SearchState::Failing, fault.to_string()),
        SearchState::Off(off) => (v1::SearchState::Off, off.to_string()),
    };
    let gap = |(missing, events): (Missing, u64)| v1::SearchGap { reason: missing.as_str().to_owned(), events };
    v1::SearchStatus {
        state: state.into(),
        reason,
        indexed_sequence: indexed,
        indexed_time: indexed_time.map(|time| time.to_string()).unwrap_or_default(),
        waiting,
        gaps: missing.into_iter().map(gap).collect(),
        bytes,
    }
}

fn durations(Durations(parts): &Durations) -> Vec<v1::StageDuration> {
    let told = |&(part, duration_us): &(Part, u32)| v1::StageDuration {
        stage: part.as_str().to_owned(),
        within: part.within().map(Stage::as_str).unwrap_or_default().to_owned(),
        duration_us,
    };
    parts.iter().map(told).collect()
}

/// Without what [`v1::GetEventResponse`] has beside the record.
pub(crate) fn stored(record: StoredRecord) -> v1::GetEventResponse {
    let withheld = record.fault.map(|fault| fault.to_string()).unwrap_or_default();
    let payload_fault = match record.fault {
        None => v1::PayloadFault::Unspecified,
        Some(PayloadFault::Erased) => v1::PayloadFault::Erased,
        Some(PayloadFault::Locked) => v1::PayloadFault::Locked,
        Some(PayloadFault::Damaged) => v1::PayloadFault::Damaged,
        Some(PayloadFault::NotKept) => v1::PayloadFault::NotKept,
        Some(PayloadFault::Elsewhere) => v1::PayloadFault::Elsewhere,
    };
    let durations = durations(&record.durations);
    v1::GetEventResponse {
        event: Some(event(record.event)),
        request: record.request.map(json).unwrap_or_default(),
        response: record.response.map(json).unwrap_or_default(),
        envelope: record.envelope,
        withheld,
        payload_fault: payload_fault.into(),
        masked: record.is_masked,
        durations,
        ..v1::GetEventResponse::default()
    }
}

pub(in crate::grpc) fn text(text: Text) -> v1::EventText {
    let role = match text.role {
        Role::System => "system",
        Role::Developer => "developer",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
        Role::ToolCall => "tool_call",
        Role::Media | Role::Other => "other",
    };
    v1::EventText {
        direction: direction(text.direction).into(),
        role: role.to_owned(),
        pointer: text.pointer,
        inner_pointer: text.inner_pointer,
        text: text.text,
        omitted: text.omitted as u64,
    }
}

pub(in crate::grpc) fn review(review: Review) -> v1::Review {
    let verdict = match review.opinion {
        Opinion::TruePositive => v1::ReviewVerdict::TruePositive,
        Opinion::FalsePositive => v1::ReviewVerdict::FalsePositive,
    };
    v1::Review { verdict: verdict.into(), note: review.note, who: review.who, time: time(review.time) }
}

pub(in crate::grpc) fn reveal(reveal: Reveal) -> v1::Reveal {
    v1::Reveal { who: reveal.who, time: time(reveal.time) }
}

fn time(time: Timestamp) -> String {
    format!("{time:.6}")
}

/// JSON as it came; a bare text as a JSON string.
fn json(payload: Payload) -> Bytes {
    match payload {
        Payload::Json(json) => json,
        Payload::Text(text) => Bytes::from(serde_json::Value::String(text).to_string()),
    }
}
