//! What the flat record has no room for: who asked, what was decided, by which policies.

use portcullis_api::trace::TRACEPARENT;
use rdkafka::message::{Header, OwnedHeaders};

use super::settings::Value;
use crate::{
    deliver::flat::Form,
    domain::coverage::CoverageStatus,
    record::{RecordKind, StoredRecord},
};

/// Documented in README: consumers rely on these names. What is empty is left out.
pub(super) fn headers(record: &StoredRecord, value: Value, form: Form) -> OwnedHeaders {
    let event = &record.event;
    let id = event.id();
    let request_id = event.request_id.to_string();
    let judged = event.outcome.judged();
    let policies = judged.map_or_else(String::new, |judged| {
        let named = judged.coverage.policies.iter().map(|policy| format!("{}@{}", policy.name, policy.digest));
        named.collect::<Vec<_>>().join(",")
    });
    let coverage = judged.map_or(CoverageStatus::Pending, |judged| judged.coverage.status).as_str();
    let payload = match (record.fault, form) {
        (Some(fault), _) => fault.as_str(),
        (None, Form::Marked) => "stored",
        (None, Form::Whole) if record.is_masked => "masked",
        (None, Form::Whole) => "whole",
    };
    let traceparent = record.traceparent.as_ref().map(ToString::to_string).unwrap_or_default();
    let kind = match event.kind {
        RecordKind::Decision => "decision",
        RecordKind::Exchange => "exchange",
        RecordKind::Canary => "canary",
        RecordKind::Log => "log",
    };
    [
        ("portcullis-event-id", id.as_str()),
        ("portcullis-request-id", &request_id),
        ("portcullis-kind", kind),
        ("portcullis-source", &event.source),
        ("portcullis-tenant", &event.principal),
        ("portcullis-user", &event.user),
        ("portcullis-team", &event.team),
        ("portcullis-model", &event.model),
        ("portcullis-session", &event.session),
        ("portcullis-action", judged.map_or("", |judged| judged.decision.action.as_str())),
        ("portcullis-enforced", if event.enforced { "true" } else { "false" }),
        ("portcullis-coverage", coverage),
        ("portcullis-policies", &policies),
        ("portcullis-payload", payload),
        (TRACEPARENT, &traceparent),
        (
            "content-type",
            match value {
                Value::Akto => "application/json",
                Value::Protobuf => "application/x-protobuf",
            },
        ),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}
