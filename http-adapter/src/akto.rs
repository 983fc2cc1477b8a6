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
    v1::{CheckRequest, CheckResponse, CoverageView, Direction, IngestRequest, Operation, Recording},
};
use serde::Serialize;

pub(crate) use self::batch::ingest_data;
use self::{payload::Sent, record::Record, verdict::Verdict};
use crate::{
    Adapter, Call,
    decision::Outcome,
    error::Failure,
    query::{flag, invalid, once, pairs},
    reply,
};

/// What a call asks for, by its query or by its record. Each is off when others are on: so do clients leave out what
/// they do not want.
#[derive(Debug, Default)]
struct Asked {
    guardrails: Option<bool>,
    response_guardrails: Option<bool>,
    ingest_data: Option<bool>,
    file_guardrails: Option<bool>,
    connector: Option<String>,
}

impl Asked {
    fn parse(query: Option<&str>, record: &Record<'_>) -> Result<Self, Failure> {
        let mut asked = Self::default();
        for (name, value) in pairs(query) {
            if name == "akto_connector" {
                once(&mut asked.connector, value.into_owned(), &name)?;
            } else if let Some(wanted) = asked.named(&name) {
                once(wanted, flag(&value, &name)?, &name)?;
            }
        }
        for name in ["guardrails", "response_guardrails", "ingest_data", "file_guardrails"] {
            let said = record.flag(name)?;
            if let Some(wanted) = asked.named(name) {
                *wanted = wanted.or(said);
            }
        }
        let flags = [asked.guardrails, asked.response_guardrails, asked.ingest_data, asked.file_guardrails];
        if flags == [None; 4] {
            // A call that says nothing is judged: the safe reading.
            asked.guardrails = Some(true);
            asked.ingest_data = Some(true);
        }
        Ok(asked)
    }

    fn named(&mut self, name: &str) -> Option<&mut Option<bool>> {
        match name {
            "guardrails" => Some(&mut self.guardrails),
            "response_guardrails" => Some(&mut self.response_guardrails),
            "ingest_data" => Some(&mut self.ingest_data),
            "file_guardrails" => Some(&mut self.file_guardrails),
            _ => None,
        }
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    success: bool,
    message: &'static str,
    data: Data<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    analysis: Option<&'static str>,
}

#[derive(Default, Serialize)]
struct Data<'a> {
    #[serde(rename = "guardrailsResult", skip_serializing_if = "Option::is_none")]
    result: Option<Verdict<'a>>,
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
    let asked = Asked::parse(head.uri.query(), &record)?;
    let on = |wanted: Option<bool>| wanted.unwrap_or_default();
    let (guard, guard_response) = (on(asked.guardrails), on(asked.response_guardrails));
    if on(asked.file_guardrails) {
        if guard || guard_response {
            return Err(invalid("file_guardrails", "is a call of its own").into());
        }
        return files::judge(adapter, &caller, &record, asked.connector).await;
    }
    let request = record.payload(&["requestPayload"])?.ok_or_else(|| missing("requestPayload"))?;
    let response = record.payload(&["responsePayload"])?;
    let judge = match (guard, guard_response, &response) {
        (true, true, Some(_)) => Direction::Unspecified,
        (false, true, Some(_)) => Direction::Response,
        (false, true, None) => return Err(missing("responsePayload").into()),
        (true, _, _) => Direction::Request,
        (false, false, _) if on(asked.ingest_data) => {
            let exchange = exchange(&record, &request, response.as_ref(), asked.connector)?;
            let recorded = adapter.core.ingest(exchange, &caller).await?;
            let (message, analysis) = ("recorded, and judged behind", Some("pending"));
            let request_id = Some(recorded.request_id.as_str());
            let answer = Answer { success: true, message, data: Data::default(), request_id, analysis };
            return Ok(told(&answer, &recorded.request_id));
        }
        (false, false, _) => {
            let (message, analysis) = ("nothing was asked for", Some("none"));
            let answer = Answer { success: true, message, data: Data::default(), request_id: None, analysis };
            return Ok(reply::json(StatusCode::OK, &answer));
        }
    };
    // What is not asked to be recorded is recorded where it has to be answered for.
    let recording = if on(asked.ingest_data) { Recording::Always } else { Recording::IfViolated };
    let question = CheckRequest {
        request: Some(request.payload()),
        response: response.as_ref().map(Sent::payload),
        recording: recording.into(),
        judge: judge.into(),
        ..question(&record, asked.connector)?
    };
    // Of two sides that are judged the caller holds the response: the request has gone.
    let held = if judge == Direction::Request { Some(&request) } else { response.as_ref() };
    let held_side = if judge == Direction::Request { judge } else { Direction::Response };
    let (decided, outcome, modified) = ask(adapter, &caller, question, held, held_side).await?;
    let data = Data { result: Some(Verdict::new(&decided, &outcome, modified.as_deref())) };
    let answer = Answer { success: true, message: "judged", data, request_id: None, analysis: None };
    Ok(told(&answer, &decided.request_id))
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
    Ok(told(&Verdict::new(&decided, &outcome, modified.as_deref()), &decided.request_id))
}

fn question(record: &Record<'_>, connector: Option<String>) -> Result<CheckRequest, Failure> {
    Ok(CheckRequest {
        context: Some(record.context(connector)?),
        operation: Operation::Mutate.into(),
        recording: Recording::Always.into(),
        coverage_view: CoverageView::Status.into(),
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
    request: &Sent,
    response: Option<&Sent>,
    connector: Option<String>,
) -> Result<IngestRequest, Failure> {
    Ok(IngestRequest {
        request: Some(request.payload()),
        response: response.map(Sent::payload),
        context: Some(record.context(connector)?),
        status: record.status()?,
        ..IngestRequest::default()
    })
}

fn missing(field: &str) -> portcullis_api::error::ApiError {
    invalid(field, "is required and must not be empty")
}

fn told<T: Serialize>(answer: &T, request_id: &str) -> Response {
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
