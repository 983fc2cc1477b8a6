//! The endpoints that Akto's clients know: LiteLLM's and Portkey's guardrails, n8n, its SDKs.
//!
//! | call | what is done |
//! | --- | --- |
//! | `/api/http-proxy`, `guardrails` or `response_guardrails` | one check of that side, or of both |
//! | `/api/http-proxy`, `ingest_data` alone | one ingest, judged in the background |
//! | `/api/http-proxy`, `file_guardrails` | one check of the files' names and text |
//! | `/api/validate/request`, `/api/validate/response` | one check |
//! | `/api/ingestData` | one ingest for each record |
//!
//! A verdict is told by the body, under 200; errors have their status, so that a client can tell them from a verdict.

mod batch;
mod files;
mod payload;
mod record;
mod verdict;

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use portcullis_api::{
    access::Principal,
    error::{ApiError, invalid},
    v1::{CheckRequest, CheckResponse, CoverageView, Direction, IngestRequest, Operation, Recording},
};
use serde_json::{Value, json};

pub(crate) use self::batch::ingest_data;
use self::{payload::Sent, record::Record, verdict::verdict};
use crate::{
    Adapter, Call,
    decision::Outcome,
    error::Failure,
    query::{flag, once, pairs},
    reply,
};

pub(crate) const FLAGS: [&str; 4] = ["guardrails", "response_guardrails", "ingest_data", "file_guardrails"];
/// Beside them in the query: the caller's name.
pub(crate) const CONNECTOR: &str = "akto_connector";

/// What a call asks for, by its query or by its record, in the order of `FLAGS`. Each is off when others are said: so do
/// clients leave out what they do not want. A call that says nothing is judged and recorded: the safe reading.
fn asked(query: Option<&str>, record: &Record<'_>) -> Result<([bool; 4], Option<String>), ApiError> {
    let (mut flags, mut connector) = ([None; 4], None);
    for (name, value) in pairs(query) {
        if name == CONNECTOR {
            once(&mut connector, value.into_owned(), &name)?;
        } else if let Some((wanted, _)) = flags.iter_mut().zip(FLAGS).find(|(_, known)| *known == name) {
            once(wanted, flag(&value, &name)?, &name)?;
        }
    }
    for (wanted, name) in flags.iter_mut().zip(FLAGS) {
        *wanted = wanted.or(record.flag(name)?);
    }
    let nothing = flags == [None; 4];
    Ok((if nothing { [true, false, true, false] } else { flags.map(Option::unwrap_or_default) }, connector))
}

/// `POST /api/http-proxy`.
pub(crate) async fn proxy(State(adapter): State<Arc<Adapter>>, request: Request) -> Result<Response, Failure> {
    proxied(&adapter, request).await.map_err(Failure::akto)
}

/// `POST /api/validate/request`.
pub(crate) async fn request(State(adapter): State<Arc<Adapter>>, request: Request) -> Result<Response, Failure> {
    validated(&adapter, request, Direction::Request).await.map_err(Failure::akto)
}

/// `POST /api/validate/response`.
pub(crate) async fn response(State(adapter): State<Arc<Adapter>>, request: Request) -> Result<Response, Failure> {
    validated(&adapter, request, Direction::Response).await.map_err(Failure::akto)
}

async fn proxied(adapter: &Adapter, request: Request) -> Result<Response, Failure> {
    let Call { head, body, caller } = adapter.read(request).await?;
    let record = Record::parse(&body.bytes)?;
    let ([guard, guard_response, ingest, files], connector) = asked(head.uri.query(), &record)?;
    if files {
        if guard || guard_response {
            return Err(invalid("file_guardrails", "is a call of its own").into());
        }
        return files::judge(adapter, &caller, &record, connector).await;
    }
    let request = record.payload(&["requestPayload"])?.ok_or_else(|| missing("requestPayload"))?;
    let response = record.payload(&["responsePayload"])?;
    let judge = match (guard, guard_response, &response) {
        (true, true, Some(_)) => Direction::Unspecified,
        (false, true, Some(_)) => Direction::Response,
        (false, true, None) => return Err(missing("responsePayload").into()),
        (true, _, _) => Direction::Request,
        (false, false, _) if ingest => {
            let exchange = exchange(&record, Some(&request), response.as_ref(), connector)?;
            let recorded = adapter.core.ingest(exchange, &caller).await?;
            if recorded.shed {
                // No id: nothing is recorded that it could lead to.
                let answer = json!({
                    "success": true, "message": "not recorded: the disk does not take it", "data": {},
                    "analysis": "none", "shed": true,
                });
                return Ok(reply::json(StatusCode::OK, &answer));
            }
            let answer = json!({
                "success": true, "message": "recorded, and judged behind", "data": {},
                "request_id": recorded.request_id, "analysis": "pending",
            });
            return Ok(told(&answer, &recorded.request_id));
        }
        (false, false, _) => {
            let answer = json!({"success": true, "message": "nothing was asked for", "data": {}, "analysis": "none"});
            return Ok(reply::json(StatusCode::OK, &answer));
        }
    };
    // What is not asked to be recorded is recorded where it has to be answered for.
    let recording = if ingest { Recording::Always } else { Recording::IfViolated };
    let question = CheckRequest {
        request: Some(request.payload()),
        response: response.as_ref().map(Sent::payload),
        recording: recording.into(),
        judge: judge.into(),
        ..question(&record, connector)?
    };
    // Of two sides that are judged the caller holds the response: the request has gone.
    let held = if judge == Direction::Request { Some(&request) } else { response.as_ref() };
    let held_side = if judge == Direction::Request { judge } else { Direction::Response };
    let (decided, outcome, modified) = ask(adapter, &caller, question, held, held_side).await?;
    let result = verdict(&decided, &outcome, modified.as_deref());
    Ok(told(&judged(&result, None), &decided.request_id))
}

/// A verdict within what the proxy answers. `analysis` says what was not looked at.
fn judged(result: &Value, analysis: Option<&str>) -> Value {
    let mut answer = json!({"success": true, "message": "judged", "data": {"guardrailsResult": result}});
    if let Some(analysis) = analysis {
        answer["analysis"] = json!(analysis);
    }
    answer
}

async fn validated(adapter: &Adapter, request: Request, side: Direction) -> Result<Response, Failure> {
    let Call { body, caller, .. } = adapter.read(request).await?;
    let record = Record::parse(&body.bytes)?;
    let (named, other) = match side {
        Direction::Response => ("responsePayload", "requestPayload"),
        Direction::Request | Direction::Unspecified => ("requestPayload", "responsePayload"),
    };
    let sent = record.payload(&[named, "payload"])?.ok_or_else(|| missing(named))?;
    let beside = record.payload(&[other])?;
    let (judged, beside) = (Some(sent.payload()), beside.as_ref().map(Sent::payload));
    let (request, response) = if side == Direction::Response { (beside, judged) } else { (judged, beside) };
    let question = CheckRequest { request, response, judge: side.into(), ..question(&record, None)? };
    let (decided, outcome, modified) = ask(adapter, &caller, question, Some(&sent), side).await?;
    Ok(told(&verdict(&decided, &outcome, modified.as_deref()), &decided.request_id))
}

fn question(record: &Record<'_>, connector: Option<String>) -> Result<CheckRequest, Failure> {
    Ok(CheckRequest {
        context: Some(record.context(connector)?),
        operation: Operation::Mutate.into(),
        recording: Recording::Always.into(),
        coverage_view: CoverageView::Status.into(),
        // A check is not refused for it.
        status: record.status().unwrap_or_default(),
        ..CheckRequest::default()
    })
}

/// The decision, and what the caller goes on with when that is not what it sent.
async fn ask(
    adapter: &Adapter,
    caller: &Principal,
    question: CheckRequest,
    held: Option<&Sent>,
    side: Direction,
) -> Result<(CheckResponse, Outcome, Option<String>), Failure> {
    let mut decided = adapter.core.check(question, caller).await?;
    let outcome = Outcome::of(&mut decided, side);
    let modified = match (&outcome, held) {
        (Outcome::Masked(masked), Some(sent)) => Some(sent.with(masked)?),
        _ => None,
    };
    Ok((decided, outcome, modified))
}

fn exchange(
    record: &Record<'_>,
    request: Option<&Sent>,
    response: Option<&Sent>,
    connector: Option<String>,
) -> Result<IngestRequest, Failure> {
    Ok(IngestRequest {
        request: request.map(Sent::payload),
        response: response.map(Sent::payload),
        context: Some(record.context(connector)?),
        status: record.status()?,
        ..IngestRequest::default()
    })
}

fn missing(field: &str) -> ApiError {
    invalid(field, "is required and must not be empty")
}

fn told(answer: &Value, request_id: &str) -> Response {
    let mut response = reply::json(StatusCode::OK, answer);
    reply::identify(&mut response, request_id);
    response
}

/// `GET /api/auth-check`: behind the same door as all that asks for credentials.
pub(crate) async fn auth_check() -> Response {
    reply::bytes(StatusCode::OK, r#"{"success":true}"#)
}

#[cfg(test)]
mod tests;
