use std::collections::BTreeSet;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    domain::{coverage::Coverage, timing::Durations},
    record::{Judged, PayloadFault, samples},
};

/// As the format's description lists them.
const MEMBERS: [&str; 24] = [
    "path",
    "method",
    "type",
    "requestHeaders",
    "responseHeaders",
    "requestPayload",
    "responsePayload",
    "ip",
    "time",
    "statusCode",
    "status",
    "akto_account_id",
    "akto_vxlan_id",
    "is_pending",
    "source",
    "tag",
    "_guardrail",
    "destIp",
    "direction",
    "process_id",
    "socket_id",
    "daemonset_id",
    "enabled_graph",
    "_traces",
];

/// A call of the gateway that holds little.
fn stored(source: &str, outcome: RecordedOutcome) -> StoredRecord {
    let mut stored = samples::stored(7, outcome);
    source.clone_into(&mut stored.event.source);
    stored.event.client_ip.clear();
    (stored.event.status, stored.event.enforced) = (200, false);
    let request = Some(Payload::Json(Bytes::from_static(br#"{"messages": [ ]}"#)));
    StoredRecord { request, response: None, envelope: Bytes::new(), ..stored }
}

fn clean() -> RecordedOutcome {
    let coverage = Coverage::none(CoverageStatus::Complete, "");
    RecordedOutcome::Judged(Judged {
        decision: Decision::fold(Vec::new()),
        coverage,
        duration_us: 1,
        durations: Durations::default(),
    })
}

fn text_of(record: &StoredRecord, form: Form) -> String {
    String::from_utf8(encode(record, &Account::default(), form)).unwrap()
}

fn value(record: &StoredRecord) -> Value {
    serde_json::from_str(&text_of(record, Form::Whole)).unwrap()
}

#[test]
fn a_request_of_the_gateway_is_this_very_line() {
    let line = text_of(&stored("truefoundry", clean()), Form::Whole);
    assert_eq!(
        line,
        concat!(
            r#"{"path":"/api/llm/chat/completions","method":"POST","type":"HTTP/1.1","#,
            r#""requestHeaders":"{\"content-type\":\"application/json\",\"host\":\"app.truefoundry.com\"}","#,
            r#""responseHeaders":null,"requestPayload":"{\"messages\": [ ]}","responsePayload":null,"ip":"0.0.0.0","#,
            r#""time":"1780000000","statusCode":"200","status":"OK","akto_account_id":"1000000","akto_vxlan_id":"0","#,
            r#""is_pending":"false","source":"MIRRORING","#,
            r#""tag":"{\"ai-agent\":\"truefoundry\",\"gen-ai\":\"Gen AI\"}","#,
            r#""_guardrail":"{\"guardrailViolated\":false}","destIp":null,"direction":null,"process_id":null,"#,
            r#""socket_id":null,"daemonset_id":null,"enabled_graph":null,"_traces":null}"#,
        )
    );
}

#[test]
fn a_refusal_names_the_rule_and_is_forbidden() {
    let mut record = stored("truefoundry", RecordedOutcome::Judged(samples::judged(Action::Block)));
    record.event.status = 400;
    record.event.enforced = true;
    record.event.client_ip = "10.0.0.9".to_owned();
    record.response = Some(Payload::Json(Bytes::from_static(br#"{"x-blocked-by":"default/tokens"}"#)));
    let value = value(&record);
    assert_eq!(value["statusCode"], "400");
    assert_eq!(value["status"], "forbidden");
    assert_eq!(value["ip"], "10.0.0.9");
    assert_eq!(value["responsePayload"], r#"{"x-blocked-by":"default/tokens"}"#);
    assert_eq!(value["responseHeaders"], r#"{"content-type":"application/json"}"#);
    let guardrail: Value = serde_json::from_str(value["_guardrail"].as_str().unwrap()).unwrap();
    assert_eq!(
        guardrail,
        json!({
            "guardrailViolated": true, "guardrailAction": "block", "guardrailReason": "not \"this\"\n",
            "guardrailPolicy": "default", "guardrailRule": "tokens", "guardrailSeverity": "HIGH",
        })
    );
}

#[test]
fn what_was_not_checked_never_looks_clean() {
    let unread = Coverage::none(CoverageStatus::NotChecked, "not JSON");
    let unread = RecordedOutcome::Analysed(Judged {
        decision: Decision::undecided(),
        coverage: unread,
        duration_us: 1,
        durations: Durations::default(),
    });
    for (outcome, reason) in [
        (RecordedOutcome::Pending, "not checked: the analysis is pending"),
        (unread, "not checked: not JSON"),
        (RecordedOutcome::Judged(samples::judged(Action::Allow)), "partly checked: a detector ran out of time"),
    ] {
        let value = value(&stored("truefoundry", outcome));
        let guardrail: Value = serde_json::from_str(value["_guardrail"].as_str().unwrap()).unwrap();
        assert_eq!(guardrail, json!({ "guardrailViolated": false, "guardrailReason": reason }));
    }
}

#[test]
fn a_record_that_came_in_this_form_keeps_what_it_brought() {
    let mut record = stored("litellm", clean());
    record.envelope = Bytes::from_static(
        br#"{"record":{"path":"/v1/chat","method":"PUT","ip":"192.0.2.1","time":"17","statusCode":"201",
            "status":"Created","akto_account_id":42,"is_pending":"true","tag":"{\"k\":\"v\"}","process_id":"9",
            "requestHeaders":"{\"a\":\"b\"}","source":"SDK","_traces":"","enabled_graph":null,"socket_id":{"deep":[1]}}}"#,
    );
    let value = value(&record);
    for (name, expected) in [
        ("path", json!("/v1/chat")),
        ("method", json!("PUT")),
        ("ip", json!("192.0.2.1")),
        ("time", json!("1780000000")),
        ("statusCode", json!("201")),
        ("status", json!("Created")),
        ("akto_account_id", json!("42")),
        ("is_pending", json!("true")),
        ("tag", json!(r#"{"k":"v"}"#)),
        ("process_id", json!("9")),
        ("requestHeaders", json!(r#"{"a":"b"}"#)),
        ("source", json!("SDK")),
        ("_traces", Value::Null),
        ("enabled_graph", Value::Null),
        ("socket_id", json!(r#"{"deep":[1]}"#)),
    ] {
        assert_eq!(value[name], expected, "{name}");
    }
}

#[test]
fn a_refusal_has_its_own_status_and_what_is_no_status_is_left_alone() {
    let brought = |status: u16, code: &str| {
        let mut record = stored("litellm", clean());
        record.event.status = status;
        record.envelope = Bytes::from(format!(r#"{{"record":{{"statusCode":{code}}}}}"#));
        value(&record)["statusCode"].as_str().unwrap().to_owned()
    };
    assert_eq!(brought(200, "201"), "201");
    assert_eq!(brought(200, r#"" 404 ""#), "404");
    assert_eq!(brought(400, "201"), "400");
    for no_status in ["0", "99", "600", "70000", r#""OK""#, "null", "[201]"] {
        assert_eq!(brought(200, no_status), "200", "{no_status}");
    }
}

#[test]
fn a_marked_record_says_where_the_payload_is() {
    let record = stored("truefoundry", clean());
    let value: Value = serde_json::from_str(&text_of(&record, Form::Marked)).unwrap();
    let stored: Value = serde_json::from_str(value["requestPayload"].as_str().unwrap()).unwrap();
    assert_eq!(stored, json!({ "x-portcullis-stored": "0badcafe-7", "bytes": 17 }));
    assert_eq!(value["responsePayload"], Value::Null);
}

#[test]
fn a_payload_that_the_log_has_not_got_is_no_empty_one() {
    let mut record = stored("truefoundry", clean());
    (record.request, record.fault) = (None, Some(PayloadFault::Erased));
    for (direction, responses) in [(Direction::Request, 0), (Direction::Response, 1)] {
        record.event.direction = direction;
        let value: Value = serde_json::from_str(&text_of(&record, Form::Whole)).unwrap();
        let request: Value = serde_json::from_str(value["requestPayload"].as_str().unwrap()).unwrap();
        assert_eq!(request, json!({ "x-portcullis-payload": "erased", "id": "0badcafe-7" }));
        let of_response = ["responsePayload", "responseHeaders"].map(|name| usize::from(value[name].is_string()));
        assert_eq!(of_response, [responses; 2]);
    }
}

proptest! {
    /// Whatever was recorded: one line, these members, strings or nulls, and the payload byte for byte.
    #[test]
    fn any_record_is_one_line_of_strings_and_nulls(
        request in ".*", response in prop::option::of(prop::collection::vec(any::<u8>(), 0..64)),
        source in ".*", ip in ".*", envelope in prop::collection::vec(any::<u8>(), 0..64), member in ".*",
    ) {
        let mut record = stored(&source, clean());
        record.event.client_ip = ip;
        record.request = Some(Payload::Text(request.clone()));
        record.response = response.map(|bytes| Payload::Json(Bytes::from(bytes)));
        record.envelope = Bytes::from(envelope);
        for envelope in [record.envelope.clone(), Bytes::from(json!({ "record": { "path": member } }).to_string())] {
            record.envelope = envelope;
            let line = text_of(&record, Form::Whole);
            prop_assert!(!line.contains('\n'));
            let value: Value = serde_json::from_str(&line).unwrap();
            let names: BTreeSet<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
            prop_assert_eq!(names, BTreeSet::from(MEMBERS));
            prop_assert!(value.as_object().unwrap().values().all(|value| value.is_string() || value.is_null()));
            let carried: String = serde_json::from_str(value["requestPayload"].as_str().unwrap()).unwrap();
            prop_assert_eq!(&carried, &request);
        }
    }
}
