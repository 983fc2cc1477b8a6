//! What befell the log itself, as records among the others: each stands at its place in the sequence, and a gap is
//! seen where it is.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{
    damage::Damage,
    entry::{Judged, NewRecord, RecordKind, RecordedOutcome},
    error::StorageFault,
};
use crate::domain::{
    coverage::{Coverage, CoverageStatus},
    decision::{Action, Category, Decision, Verdict, Violation},
    exchange::{CallContext, Direction, Payload, Payloads},
    finding::Severity,
    timing::Durations,
};

/// The source under which such an event is found.
const SOURCE: &str = "log";

#[derive(Debug, Clone)]
pub(super) enum Incident {
    /// An earlier file could not be read.
    FileDamaged(Damage),
    Gap(Gap),
}

/// Records that were answered and not written.
#[derive(Debug, Clone)]
pub(super) struct Gap {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) records: u64,
    /// Whether a process ended before it could say how many they were in the end.
    pub(super) at_least: bool,
    /// Of the last of them.
    pub(super) fault: StorageFault,
}

impl Gap {
    /// Adds to the gap that is open, or opens one.
    pub(super) fn widen(open: &mut Option<Self>, records: u64, fault: StorageFault) {
        if records == 0 {
            return;
        }
        let now = Timestamp::now();
        let gap = open.get_or_insert(Self { from: now, until: now, records: 0, at_least: false, fault });
        gap.until = now;
        gap.records = gap.records.saturating_add(records);
        gap.fault = fault;
    }
}

impl Incident {
    pub(super) fn record(&self) -> NewRecord {
        let (rule, severity, told) = match self {
            Self::FileDamaged(Damage { moved_to, found, undelivered }) => (
                "file_damaged",
                Severity::Critical,
                json!({
                    "incident": "file_damaged",
                    "moved_to": moved_to,
                    "found": found.as_str(),
                    "undelivered": undelivered,
                }),
            ),
            Self::Gap(Gap { from, until, records, at_least, fault }) => (
                "gap",
                Severity::High,
                json!({
                    "incident": "gap",
                    "records": records,
                    "at_least": at_least,
                    "from": format!("{from:.6}"),
                    "until": format!("{until:.6}"),
                    "fault": fault.to_string(),
                }),
            ),
        };
        let violation = Violation {
            policy: Arc::from(SOURCE),
            rule: Arc::from(rule),
            category: Category::Log,
            severity,
            action: Action::Alert,
            score: 1.0,
            base_score: 1.0,
            decoded_from: Vec::new(),
            explanation: "".into(),
            detector_rule: rule.to_owned(),
            entity: String::new(),
            location: None,
            message: Arc::from(""),
        };
        // Nobody's call was judged.
        let decision = Decision { verdict: Verdict::Undecided, ..Decision::fold(vec![violation]) };
        NewRecord {
            kind: RecordKind::Log,
            request_id: Uuid::now_v7(),
            idempotency: None,
            sync: true,
            late: false,
            direction: Direction::Request,
            status: 200,
            context: CallContext { source: SOURCE.to_owned(), ..CallContext::default() },
            policies: Vec::new(),
            outcome: RecordedOutcome::Judged(Judged {
                decision,
                coverage: Coverage::none(CoverageStatus::NotChecked, "about the log itself: no caller's text is in it"),
                duration_us: 0,
                durations: Durations::default(),
            }),
            enforced: false,
            payloads: Payloads::Request(Payload::Json(Bytes::from(told.to_string()))),
        }
    }
}
