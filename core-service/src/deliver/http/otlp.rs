//! OTLP log records (OpenTelemetry protocol, HTTP with JSON): what a collector takes.

use portcullis_api::trace::Traceparent;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    deliver::{Delivery, Encode},
    domain::decision::Action,
    record::Event,
};

/// One `ExportLogsServiceRequest` for a batch. A log record's body is the record's line.
pub(super) fn request(batch: &[&Delivery], encode: &Encode) -> Vec<u8> {
    let records: Vec<Value> = batch.iter().map(|delivery| record(delivery, encode)).collect();
    let name = [attribute("service.name", "portcullis")];
    json!({
        "resourceLogs": [{
            "resource": {"attributes": name},
            "scopeLogs": [{
                "scope": {"name": "portcullis", "version": env!("CARGO_PKG_VERSION")},
                "logRecords": records,
            }],
        }],
    })
    .to_string()
    .into_bytes()
}

fn record(delivery: &Delivery, encode: &Encode) -> Value {
    let event = &delivery.record.event;
    // Not more severe than what was done: severity numbers of the data model, INFO, WARN and ERROR.
    let (number, text) = match event.outcome.judged().map(|judged| judged.decision.action) {
        None | Some(Action::Allow) => (9, "INFO"),
        Some(Action::Alert | Action::Mask) => (13, "WARN"),
        Some(Action::Block) => (17, "ERROR"),
    };
    let line = (encode)(&delivery.record);
    // 64-bit numbers are strings in this JSON.
    let time = event.time.as_nanosecond().to_string();
    let (trace, span) = delivery.record.traceparent.as_ref().map(Traceparent::ids).unwrap_or_default();
    json!({
        "timeUnixNano": time,
        "observedTimeUnixNano": time,
        "severityNumber": number,
        "severityText": text,
        "body": {"stringValue": String::from_utf8_lossy(&line)},
        "attributes": attributes(event),
        // Of no trace: empty, as the data model has it.
        "traceId": trace,
        "spanId": span,
    })
}

fn attributes(event: &Event) -> Vec<Value> {
    let (id, request_id) = (event.id(), event.request_id.to_string());
    let judged = event.outcome.judged();
    let first = judged.and_then(|judged| judged.decision.violations.first());
    let known = [
        ("portcullis.event.id", id.as_str()),
        ("portcullis.request.id", &request_id),
        ("portcullis.source", &event.source),
        ("portcullis.action", judged.map_or("", |judged| judged.decision.action.as_str())),
        ("portcullis.policy", first.map_or("", |violation| &violation.policy)),
        ("portcullis.rule", first.map_or("", |violation| &violation.rule)),
        ("user.id", &event.user),
        ("session.id", &event.session),
        ("client.address", &event.client_ip),
        ("gen_ai.request.model", &event.model),
    ];
    known.into_iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| attribute(key, value)).collect()
}

fn attribute(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    partial_success: Option<PartialSuccess>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartialSuccess {
    /// A string, as 64-bit numbers are; some write a number.
    rejected_log_records: Option<Value>,
}

/// Whether a collector that answered 200 left some of them out. It does not say which.
pub(super) fn refused_some(body: &[u8]) -> bool {
    let response: Option<Response> = serde_json::from_slice(body).ok();
    let rejected = response.and_then(|response| response.partial_success?.rejected_log_records);
    match rejected {
        Some(Value::String(count)) => count != "0" && !count.is_empty(),
        Some(Value::Number(count)) => count.as_u64() != Some(0),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::conformance::{deliveries, encoder};

    #[test]
    fn a_batch_is_one_request_of_whole_log_records() {
        let mut batch = deliveries(&[("ann", 7), ("bob", 8)]);
        batch[1].record.traceparent = Traceparent::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        let batch: Vec<_> = batch.iter().collect();
        let request: Value = serde_json::from_slice(&request(&batch, &encoder())).unwrap();
        let records = request["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().unwrap();
        assert_eq!(records.len(), 2);
        assert_eq!(records[0]["body"]["stringValue"], "7");
        assert_eq!((&records[0]["severityNumber"], &records[0]["severityText"]), (&json!(9), &json!("INFO")));
        assert!(records[0]["timeUnixNano"].as_str().unwrap().len() >= 19);
        assert_eq!((&records[0]["traceId"], &records[0]["spanId"]), (&json!(""), &json!("")));
        let (trace, span) = (&records[1]["traceId"], &records[1]["spanId"]);
        assert_eq!((trace, span), (&json!("0af7651916cd43dd8448eb211c80319c"), &json!("b7ad6b7169203331")));
        let attributes = records[0]["attributes"].as_array().unwrap();
        assert!(attributes.contains(&attribute("user.id", "ann")), "{attributes:?}");
        assert!(attributes.contains(&attribute("portcullis.event.id", "0123abcd-7")));
    }

    #[test]
    fn a_partial_success_is_none() {
        for (body, some) in [
            ("", false),
            ("{}", false),
            (r#"{"partialSuccess": {}}"#, false),
            (r#"{"partialSuccess": {"rejectedLogRecords": "0", "errorMessage": "careful"}}"#, false),
            (r#"{"partialSuccess": {"rejectedLogRecords": "2"}}"#, true),
            (r#"{"partialSuccess": {"rejectedLogRecords": 1}}"#, true),
        ] {
            assert_eq!(refused_some(body.as_bytes()), some, "{body}");
        }
    }
}
