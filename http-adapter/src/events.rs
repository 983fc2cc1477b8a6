//! What was decided and recorded, for people and their tools: the messages as plain JSON, in which a verdict is a
//! boolean, a violation says where by itself, and payloads stand as they were recorded.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, Request, State, rejection::PathRejection},
    response::Response,
};
use http::{HeaderMap, StatusCode};
use portcullis_api::{
    access::Principal,
    error::{ApiError, ErrorCode, invalid},
    json::{number, plain},
    v1::{Event, EventFilter, GetEventRequest, ListEventsRequest, PayloadFault, PayloadView, StageDuration, Verdict},
};
use serde::{Deserialize, Serialize};
use serde_json::{
    Map, Value, json,
    value::{RawValue, to_raw_value},
};

use crate::{
    Adapter,
    error::Failure,
    page::is_foreign,
    query::{flag, once, pairs},
    reply,
};

/// `GET /v1/events`: newest first.
pub(crate) async fn list(State(adapter): State<Arc<Adapter>>, request: Request) -> Result<Response, Failure> {
    let wanted = parse_list(request.uri().query())?;
    let found = adapter.core.list_events(wanted).await?;
    let events = found.events.iter().map(shown).collect::<Result<Vec<_>, _>>()?;
    let next = Some(found.next).filter(|next| !next.is_empty());
    let mut body = json!({"events": events, "next": next});
    // What of the log was searched, for whoever searched.
    if let Some(search) = &found.search {
        body["search"] = Value::Object(plain("SearchStatus", search)?);
    }
    Ok(reply::json(StatusCode::OK, &body))
}

/// `GET /v1/events/{id}`: one event with its payloads.
pub(crate) async fn get(
    State(adapter): State<Arc<Adapter>>,
    caller: Option<Extension<Principal>>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    // A browser sends credentials along: another site's page would have it recorded that its reader looked.
    if is_foreign(&headers) {
        let message = "this is recorded in the caller's name, and another site's page asked for it";
        return Err(ApiError::new(ErrorCode::PermissionDenied, message).into());
    }
    let unknown = || ApiError::new(ErrorCode::NotFound, "there is no event of this id");
    let Path(id) = id.map_err(|_| unknown())?;
    // That the caller saw it is recorded.
    let principal = caller.map(|Extension(caller)| caller.to_string()).unwrap_or_default();
    let view = PayloadView::Original.into();
    let found = adapter.core.get_event(GetEventRequest { id, view, principal }).await?;
    let event = found.event.as_ref().ok_or_else(unknown)?;
    // An envelope of another gateway need not be an object of these members.
    let beside = serde_json::from_slice(&found.envelope).unwrap_or_default();
    let (request, response) = (recorded(&found.request), recorded(&found.response));
    let payload_fault = match found.payload_fault() {
        PayloadFault::Unspecified => None,
        PayloadFault::Erased => Some("erased"),
        PayloadFault::Locked => Some("locked"),
        PayloadFault::Damaged => Some("damaged"),
        PayloadFault::NotKept => Some("not_kept"),
        PayloadFault::Elsewhere => Some("elsewhere"),
    };
    let durations = durations(&found.durations)?;
    let event = shown(event)?;
    Ok(reply::json(StatusCode::OK, &Detail { event, durations, request, response, payload_fault, beside }))
}

#[derive(Serialize)]
struct Detail<'a> {
    #[serde(flatten)]
    event: Map<String, Value>,
    /// Empty where they were not kept.
    durations: Vec<Value>,
    request: Option<Box<RawValue>>,
    response: Option<Box<RawValue>>,
    /// Why they are not there, when there were any.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_fault: Option<&'static str>,
    #[serde(flatten)]
    beside: Beside<'a>,
}

/// What came beside the payloads.
#[derive(Default, Deserialize, Serialize)]
struct Beside<'a> {
    #[serde(borrow)]
    context: Option<&'a RawValue>,
    #[serde(borrow)]
    config: Option<&'a RawValue>,
    /// In a flat record.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    record: Option<&'a RawValue>,
}

pub(crate) fn shown(event: &Event) -> Result<Map<String, Value>, ApiError> {
    let mut members = plain("Event", event)?;
    // Null is undecided, which is not a pass.
    let verdict = Some(event.verdict()).filter(|verdict| *verdict != Verdict::Unspecified);
    members.insert("verdict".to_owned(), json!(verdict.map(|verdict| verdict == Verdict::Pass)));
    let violations = members.get_mut("violations").and_then(Value::as_array_mut);
    for violation in violations.into_iter().flatten().filter_map(Value::as_object_mut) {
        // Null, all of them, when it is the whole exchange that is objected to.
        let at = violation.remove("location").unwrap_or_default();
        for name in ["direction", "pointer", "inner_pointer", "start", "end"] {
            violation.insert(name.to_owned(), at[name].clone());
        }
    }
    Ok(members)
}

pub(crate) fn durations(durations: &[StageDuration]) -> Result<Vec<Value>, ApiError> {
    durations.iter().map(|one| plain("StageDuration", one).map(Value::Object)).collect()
}

/// A recorded payload as a part of an answer. One that is not JSON is shown as text: an answer that a stored record
/// can break would hide exactly the odd ones.
fn recorded(payload: &[u8]) -> Option<Box<RawValue>> {
    if payload.is_empty() {
        return None;
    }
    serde_json::from_slice(payload).or_else(|_| to_raw_value(&String::from_utf8_lossy(payload))).ok()
}

/// All that a list can be asked for.
pub(crate) const QUERY: [&str; 19] = [
    "limit",
    "after",
    "user",
    "team",
    "model",
    "source",
    "request_id",
    "action",
    "kind",
    "analysis",
    "category",
    "rule",
    "severity",
    "text",
    "since",
    "until",
    "session",
    "late",
    "enforced",
];

/// A misspelt filter is an error: left alone it would show every event as if it were what was asked for.
fn parse_list(query: Option<&str>) -> Result<ListEventsRequest, ApiError> {
    let mut filter = EventFilter::default();
    let (mut limit, mut after) = (0, String::new());
    let mut seen = Vec::new();
    for (name, value) in pairs(query) {
        let unknown = || invalid(&name, "is not a filter of events");
        if !QUERY.contains(&&*name) {
            return Err(unknown());
        }
        let mut twice = seen.contains(&name).then_some(());
        once(&mut twice, (), &name)?;
        match name.as_ref() {
            "limit" => limit = parse_limit(&value)?,
            "after" => after = value.into_owned(),
            "user" => filter.user = value.into_owned(),
            "team" => filter.team = value.into_owned(),
            "model" => filter.model = value.into_owned(),
            "source" => filter.source = value.into_owned(),
            "request_id" => filter.request_id = value.into_owned(),
            "action" => filter.action = number("Action", &value, "action")?,
            "kind" => filter.kind = number("EventKind", &value, "kind")?,
            "analysis" => filter.analysis = number("Analysis", &value, "analysis")?,
            "category" => filter.category = value.into_owned(),
            "rule" => filter.rule = value.into_owned(),
            "severity" => filter.severity = number("Severity", &value, "severity")?,
            "text" => filter.text = value.into_owned(),
            "since" => filter.since = value.into_owned(),
            "until" => filter.until = value.into_owned(),
            "session" => filter.session = value.into_owned(),
            "late" => filter.late = flag(&value, "late")?,
            "enforced" => filter.enforced = Some(flag(&value, "enforced")?),
            _ => return Err(unknown()),
        }
        seen.push(name);
    }
    Ok(ListEventsRequest { filter: Some(filter), limit, after })
}

fn parse_limit(text: &str) -> Result<u32, ApiError> {
    text.parse().ok().filter(|limit| *limit > 0).ok_or_else(|| invalid("limit", "must be a whole number above 0"))
}

#[cfg(test)]
mod tests;
