//! Akto's flat traffic record: one JSON object, every member a string or an explicit null.
//!
//! Source: Akto's data-ingestion service, as its consumers read it. A record that came in that form goes out with the
//! members that it brought; what the log knows better (payloads, status, verdict) is the log's.

use std::borrow::Cow;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    domain::{
        coverage::CoverageStatus,
        decision::{Action, Decision},
        exchange::{Direction, Payload},
    },
    record::{PayloadFault, RecordedOutcome, StoredRecord},
};

/// What belongs to a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// `akto_account_id` of records that bring none.
    pub id: String,
}

impl Default for Account {
    fn default() -> Self {
        Self { id: "1000000".to_owned() }
    }
}

/// Whether the payloads go along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Whole,
    /// For a receiver that takes no record of this size: in the place of each payload stands
    /// `{"x-portcullis-stored": "<event id>", "bytes": <n>}`, and the payload is in the log.
    Marked,
}

// The order is that of the format's description.
#[derive(Serialize)]
struct Flat<'a> {
    path: Cow<'a, str>,
    method: Cow<'a, str>,
    r#type: Cow<'a, str>,
    #[serde(rename = "requestHeaders")]
    request_headers: Cow<'a, str>,
    #[serde(rename = "responseHeaders")]
    response_headers: Option<Cow<'a, str>>,
    #[serde(rename = "requestPayload")]
    request_payload: Option<Cow<'a, str>>,
    #[serde(rename = "responsePayload")]
    response_payload: Option<Cow<'a, str>>,
    ip: Cow<'a, str>,
    time: String,
    #[serde(rename = "statusCode")]
    status_code: String,
    status: Cow<'a, str>,
    akto_account_id: Cow<'a, str>,
    akto_vxlan_id: Cow<'a, str>,
    is_pending: Cow<'a, str>,
    source: Cow<'a, str>,
    tag: Cow<'a, str>,
    #[serde(rename = "_guardrail")]
    guardrail: String,
    #[serde(rename = "destIp")]
    dest_ip: Option<Cow<'a, str>>,
    direction: Option<Cow<'a, str>>,
    process_id: Option<Cow<'a, str>>,
    socket_id: Option<Cow<'a, str>>,
    daemonset_id: Option<Cow<'a, str>>,
    enabled_graph: Option<Cow<'a, str>>,
    #[serde(rename = "_traces")]
    traces: Option<Cow<'a, str>>,
}

/// What the caller's own record said, of what the log does not know better. A member that is not a text is as absent.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Brought<'a> {
    #[serde(borrow)]
    path: Option<Text<'a>>,
    #[serde(borrow)]
    method: Option<Text<'a>>,
    #[serde(borrow)]
    r#type: Option<Text<'a>>,
    #[serde(borrow, rename = "requestHeaders")]
    request_headers: Option<Text<'a>>,
    #[serde(borrow, rename = "responseHeaders")]
    response_headers: Option<Text<'a>>,
    #[serde(borrow)]
    ip: Option<Text<'a>>,
    #[serde(borrow, rename = "statusCode")]
    status_code: Option<Text<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    akto_account_id: Option<Text<'a>>,
    #[serde(borrow)]
    akto_vxlan_id: Option<Text<'a>>,
    #[serde(borrow)]
    is_pending: Option<Text<'a>>,
    #[serde(borrow)]
    source: Option<Text<'a>>,
    #[serde(borrow)]
    tag: Option<Text<'a>>,
    #[serde(borrow, rename = "destIp")]
    dest_ip: Option<Text<'a>>,
    #[serde(borrow)]
    direction: Option<Text<'a>>,
    #[serde(borrow)]
    process_id: Option<Text<'a>>,
    #[serde(borrow)]
    socket_id: Option<Text<'a>>,
    #[serde(borrow)]
    daemonset_id: Option<Text<'a>>,
    #[serde(borrow)]
    enabled_graph: Option<Text<'a>>,
    #[serde(borrow, rename = "_traces")]
    traces: Option<Text<'a>>,
}

#[derive(Default, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    record: Option<&'a RawValue>,
}

/// A string as it is, a number or a structure as its JSON: consumers expect strings.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] &'a RawValue);

impl<'a> Text<'a> {
    fn of(member: Option<&Self>) -> Option<Cow<'a, str>> {
        let json = member?.0.get();
        let text = if json.starts_with('"') { serde_json::from_str(json).ok()? } else { Cow::Borrowed(json) };
        (!text.is_empty() && text != "null").then_some(text)
    }
}

/// One line of JSON, without the line's end.
pub fn encode(record: &StoredRecord, account: &Account, form: Form) -> Vec<u8> {
    let event = &record.event;
    let envelope: Envelope<'_> = serde_json::from_slice(&record.envelope).unwrap_or_default();
    let brought: Brought<'_> =
        envelope.record.and_then(|record| serde_json::from_str(record.get()).ok()).unwrap_or_default();
    let or = |member: &Option<Text<'_>>, default: &'static str| {
        Text::of(member.as_ref()).map_or(Cow::Borrowed(default), |text| Cow::Owned(text.into_owned()))
    };
    let or_null = |member: &Option<Text<'_>>| Text::of(member.as_ref()).map(|text| Cow::Owned(text.into_owned()));
    let headers = match event.source.as_str() {
        "truefoundry" => r#"{"content-type":"application/json","host":"app.truefoundry.com"}"#,
        _ => r#"{"content-type":"application/json"}"#,
    };
    let has_response = record.response.is_some() || (record.fault.is_some() && event.direction == Direction::Response);
    let response_headers =
        has_response.then(|| or(&brought.response_headers, r#"{"content-type":"application/json"}"#));
    let flat = Flat {
        path: or(&brought.path, "/api/llm/chat/completions"),
        method: or(&brought.method, "POST"),
        r#type: or(&brought.r#type, "HTTP/1.1"),
        request_headers: or(&brought.request_headers, headers),
        response_headers,
        request_payload: record.request.as_ref().map(|payload| text(payload, form, record)).or_else(|| absent(record)),
        response_payload: match &record.response {
            Some(payload) => Some(text(payload, form, record)),
            None => absent(record).filter(|_| has_response),
        },
        ip: match event.client_ip.as_str() {
            "" => or(&brought.ip, "0.0.0.0"),
            address => Cow::Borrowed(address),
        },
        // Seconds: consumers keep it in 32 bits.
        time: event.time.as_second().to_string(),
        status_code: status_code(event.status, &brought).to_string(),
        status: status(record, &brought),
        akto_account_id: Text::of(brought.akto_account_id.as_ref())
            .map_or(Cow::Borrowed(account.id.as_str()), |id| Cow::Owned(id.into_owned())),
        akto_vxlan_id: or(&brought.akto_vxlan_id, "0"),
        is_pending: or(&brought.is_pending, "false"),
        source: or(&brought.source, "MIRRORING"),
        tag: Text::of(brought.tag.as_ref()).map_or_else(
            || Cow::Owned(serde_json::json!({ "gen-ai": "Gen AI", "ai-agent": event.source }).to_string()),
            |tag| Cow::Owned(tag.into_owned()),
        ),
        guardrail: serde_json::to_string(&guardrail(&event.outcome)).unwrap_or_default(),
        dest_ip: or_null(&brought.dest_ip),
        direction: or_null(&brought.direction),
        process_id: or_null(&brought.process_id),
        socket_id: or_null(&brought.socket_id),
        daemonset_id: or_null(&brought.daemonset_id),
        enabled_graph: or_null(&brought.enabled_graph),
        traces: or_null(&brought.traces),
    };
    // Strings and nothing else: it cannot fail.
    serde_json::to_vec(&flat).unwrap_or_default()
}

/// In the place of a payload that the log does not have any more: an empty one would say that there was none.
fn absent<'a>(record: &StoredRecord) -> Option<Cow<'a, str>> {
    let fault = PayloadFault::as_str(record.fault?);
    Some(Cow::Owned(serde_json::json!({ "x-portcullis-payload": fault, "id": record.event.id() }).to_string()))
}

/// A payload as the string that holds its JSON.
fn text<'a>(payload: &'a Payload, form: Form, record: &StoredRecord) -> Cow<'a, str> {
    match (form, payload) {
        (Form::Marked, payload) => {
            let stored = serde_json::json!({ "x-portcullis-stored": record.event.id(), "bytes": payload.len() });
            Cow::Owned(stored.to_string())
        }
        // What is not UTF-8 was recorded as it came; here it has to be a string.
        (Form::Whole, Payload::Json(json)) => String::from_utf8_lossy(json),
        (Form::Whole, Payload::Text(text)) => Cow::Owned(serde_json::Value::from(text.as_str()).to_string()),
    }
}

/// What is recorded as 200 says no more than that nothing was refused: a decision about one side has no status of its own. The
/// record that came with it knows better.
fn status_code(recorded: u16, brought: &Brought<'_>) -> u16 {
    let own = Text::of(brought.status_code.as_ref()).and_then(|code| code.trim().parse::<u16>().ok());
    own.filter(|own| recorded == 200 && (100..=599).contains(own)).unwrap_or(recorded)
}

fn status<'a>(record: &StoredRecord, brought: &Brought<'_>) -> Cow<'a, str> {
    let event = &record.event;
    let blocked = event.outcome.judged().is_some_and(|judged| judged.decision.action == Action::Block);
    if blocked && event.enforced {
        return Cow::Borrowed("forbidden");
    }
    if let Some(own) = Text::of(brought.status.as_ref()) {
        return Cow::Owned(own.into_owned());
    }
    Cow::Borrowed(StatusCode::from_u16(event.status).ok().and_then(|code| code.canonical_reason()).unwrap_or(""))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Guardrail<'a> {
    guardrail_violated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    guardrail_action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guardrail_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guardrail_policy: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guardrail_rule: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guardrail_severity: Option<String>,
}

fn guardrail(outcome: &RecordedOutcome) -> Guardrail<'_> {
    let clean = |reason: Option<String>| Guardrail {
        guardrail_violated: false,
        guardrail_action: None,
        guardrail_reason: reason,
        guardrail_policy: None,
        guardrail_rule: None,
        guardrail_severity: None,
    };
    let Some(judged) = outcome.judged() else {
        return clean(Some("not checked: the analysis is pending".to_owned()));
    };
    let Decision { action, violations, message, .. } = &judged.decision;
    let Some(strictest) = violations.first() else {
        let coverage = &judged.coverage;
        return clean(match coverage.status {
            CoverageStatus::Complete => None,
            CoverageStatus::Partial => Some(format!("partly checked: {}", coverage.reason)),
            CoverageStatus::NotChecked | CoverageStatus::Pending => Some(format!("not checked: {}", coverage.reason)),
        });
    };
    let reason = if message.is_empty() { &strictest.message } else { message };
    Guardrail {
        guardrail_violated: true,
        guardrail_action: Some(action.as_str()),
        guardrail_reason: Some(reason.to_string()).filter(|reason| !reason.is_empty()),
        guardrail_policy: Some(&strictest.policy),
        guardrail_rule: Some(&strictest.rule),
        guardrail_severity: Some(strictest.severity.as_str().to_ascii_uppercase()),
    }
}

#[cfg(test)]
mod tests;
