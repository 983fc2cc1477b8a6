//! Records for tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![cfg_attr(not(test), allow(dead_code, reason = "this crate's own tests use the rest"))]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::time::Instant;
use uuid::Uuid;

use crate::domain::{
    coverage::{Coverage, CoverageStatus, Missed, Outcome, PolicyRef, SecondRun, StageOutcome},
    decision::{Action, Category, Decision, Violation},
    exchange::{CallContext, Direction, Payload, Payloads},
    finding::{Detector, Severity, Span},
    timing::{Durations, Part, Reader, Stage},
};

use super::{Event, Judged, NewRecord, RecordKind, RecordedOutcome, StoredRecord};

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Further than any test goes.
pub(crate) fn later() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

pub(crate) fn violation(rule: &str, action: Action) -> Violation {
    Violation {
        policy: "default".into(),
        rule: rule.into(),
        category: Category::Detector(Detector::Secrets),
        severity: Severity::High,
        action,
        score: 0.3,
        base_score: 0.2,
        decoded_from: vec!["base64".into(), "rot13".into()],
        explanation: "".into(),
        detector_rule: "some_token".to_owned(),
        entity: "TOKEN".to_owned(),
        location: Some(crate::domain::decision::Location {
            direction: Direction::Request,
            pointer: "/messages/0/content".to_owned(),
            inner_pointer: "/a~1b".to_owned(),
            span: Span { start: 3, end: 9 },
        }),
        message: "not \"this\"\n".into(),
    }
}

/// With one violation when the action is above allow.
pub(crate) fn judged(action: Action) -> Judged {
    let violations = if action == Action::Allow { Vec::new() } else { vec![violation("tokens", action)] };
    let coverage = Coverage {
        status: CoverageStatus::Partial,
        reason: "a detector ran out of time".to_owned(),
        policies: vec![PolicyRef { name: "default".into(), digest: "ab".repeat(32).into() }],
        detectors: vec![
            (Detector::Pii, Outcome::Ran),
            (Detector::Secrets, Outcome::TimedOut),
            (Detector::Regex, Outcome::Skipped),
            (Detector::Keywords, Outcome::Failed("broken".into())),
        ],
        segments_total: 7,
        segments_scanned: 5,
        bytes_total: 1 << 40,
        bytes_scanned: 99,
        segments_unchanged: 1,
        bytes_unchanged: 1 << 33,
        decoders: vec!["base64".into()],
        second_stage: SecondRun { outcome: StageOutcome::Ran, windows: 2 },
        topic_encoder: SecondRun { outcome: StageOutcome::Missed(Missed::Late), windows: 0 },
    };
    let durations = vec![
        (Part::Stage(Stage::Extract), 3),
        (Part::Stage(Stage::Detect), 300),
        (Part::Reader(Reader::Prefilter), 0),
        (Part::Reader(Reader::Rules(Detector::Pii)), u32::MAX),
    ];
    Judged { decision: Decision::fold(violations), coverage, duration_us: 41, durations: Durations(durations) }
}

/// Every field has a value of its own.
pub(crate) fn record(outcome: RecordedOutcome) -> NewRecord {
    NewRecord {
        kind: RecordKind::Exchange,
        request_id: Uuid::now_v7(),
        idempotency: None,
        sync: true,
        late: true,
        direction: Direction::Response,
        status: 207,
        context: CallContext {
            source: "truefoundry".to_owned(),
            user: "ann@example.com".to_owned(),
            team: "blue".to_owned(),
            model: "some-model".to_owned(),
            client_ip: "192.0.2.7".to_owned(),
            metadata: BTreeMap::from([
                ("tier".to_owned(), "gold \u{1f947}".to_owned()),
                ("session_id".to_owned(), "s-\u{e9}".to_owned()),
            ]),
            envelope: Bytes::from_static(br#"{"context":{}}"#),
            principal: "token-1".to_owned(),
        },
        policies: vec!["strict".to_owned()],
        outcome,
        enforced: true,
        payloads: Payloads::Both {
            request: Payload::Text("a bare\0text \u{e9}".to_owned()),
            response: Payload::Json(Bytes::from_static(b"{\"n\": 1.0 }")),
        },
    }
}

/// As it is read back, from the node `0badcafe`.
pub(crate) fn stored(sequence: u64, outcome: RecordedOutcome) -> StoredRecord {
    let record = record(outcome);
    let (payloads, envelope) = (record.payloads.clone(), record.context.envelope.clone());
    let time = Timestamp::from_microsecond(1_780_000_000_900_000).unwrap();
    let durations = record.outcome.judged().map(|judged| judged.durations.clone()).unwrap_or_default();
    let event = Event { node: Arc::from("0badcafe"), time, ..event(record, sequence) };
    let (request, response) = (payloads.request().cloned(), payloads.response().cloned());
    StoredRecord { event, durations, fault: None, is_masked: false, request, response, envelope, traceparent: None }
}

pub(crate) fn allowed() -> NewRecord {
    record(RecordedOutcome::Judged(judged(Action::Allow)))
}

pub(crate) fn pending() -> NewRecord {
    record(RecordedOutcome::Pending)
}

/// Sequences of what was written, none of it a duplicate.
pub(crate) fn sequences(appended: Vec<super::Appended>) -> Vec<u64> {
    assert!(appended.iter().all(|one| one.duplicate_of.is_none()));
    appended.into_iter().map(|one| one.sequence).collect()
}

/// As it would be read back.
pub(crate) fn event(record: NewRecord, sequence: u64) -> Event {
    super::row::Row::new(record, &super::vault::Vault::default()).unwrap().into_event(&"0123abcd".into(), sequence)
}
