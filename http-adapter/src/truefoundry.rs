//! `POST /api/http-proxy/truefoundry`: the gateway's custom guardrail, on every one of its hooks.
//!
//! | `sync` | response | what is done |
//! | --- | --- | --- |
//! | true | none | one check, whose verdict is the answer |
//! | true | present | one ingest, judged in the background; the answer is a pass that says so |
//! | true | present, `on_response=enforce` | one check of the response, whose verdict is the answer |
//! | false | present | one ingest, as above |
//! | false | none | nothing: the same exchange comes again with its response |
//!
//! `streaming=true` records the previous turn before that, whatever the row.
//!
//! `operation=mutate` asks for the body that the gateway goes on with, so that a response is judged at once: a gateway
//! that waits for a body would take the wait for a pass. Only a call that says `on_response=monitor` itself is left
//! as it is.

mod envelope;
mod previous_turn;

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use bytes::Bytes;
use http::StatusCode;
use portcullis_api::{
    error::{ApiError, ErrorCode},
    v1::{
        self, CheckRequest, CheckResponse, CoverageView, Direction, IngestRequest, Payload, Recording, payload::Content,
    },
};
use serde::Serialize;

use self::envelope::Envelope;
use crate::{
    Adapter, Call, canary,
    decision::{self, Outcome, Reason},
    error::Failure,
    query::Flags,
    reply,
    settings::{Contract, OnResponse, Operation},
};

pub(crate) async fn guard(State(adapter): State<Arc<Adapter>>, request: Request) -> Result<Response, Failure> {
    let flags = Flags::parse(request.uri().query())?;
    let Call { body, caller, .. } = adapter.read(request).await?;
    let Envelope { request, response, context, policies, choices } = Envelope::parse(&body.bytes)?;
    let choices = flags.choices.or(choices);
    if !flags.sync {
        choices.require_sync()?;
    }
    let operation = choices.operation.unwrap_or_default();
    let on_response = choices.on_response.unwrap_or(match operation {
        Operation::Mutate => OnResponse::Enforce,
        Operation::Validate => adapter.on_response,
    });
    let transformed = (operation == Operation::Mutate).then_some(false);

    if flags.streaming {
        previous_turn::record(&adapter.core, &request, &context, &policies, flags.sync, &caller).await?;
    }
    let (request, context) = (Some(payload(request)), Some(context));
    let judge = match response {
        None if flags.sync => Direction::Request,
        // No id: nothing is recorded that it could lead to.
        None => return Ok(pass(&Passed { analysis: Some("none"), ..Passed::default() })),
        Some(_) if flags.sync && on_response == OnResponse::Enforce => Direction::Response,
        Some(response) => {
            let response = Some(payload(response));
            let sync = flags.sync;
            let exchange =
                IngestRequest { request, response, context, policies, sync, status: 200, ..IngestRequest::default() };
            let recorded = adapter.core.ingest(exchange, &caller).await?;
            if recorded.shed {
                let (shed, analysis) = (true, Some("none"));
                return Ok(pass(&Passed { transformed, analysis, shed, ..Passed::default() }));
            }
            let request_id = Some(recorded.request_id.as_str());
            return Ok(pass(&Passed { transformed, request_id, analysis: Some("pending"), ..Passed::default() }));
        }
    };
    let question = CheckRequest {
        request,
        response: response.map(payload),
        context,
        policies,
        operation: match operation {
            Operation::Validate => v1::Operation::Validate.into(),
            Operation::Mutate => v1::Operation::Mutate.into(),
        },
        recording: Recording::Always.into(),
        coverage_view: CoverageView::Status.into(),
        judge: judge.into(),
        status: 200,
    };
    let mut decided = adapter.core.check(question, &caller).await?;
    let outcome = Outcome::of(&mut decided, judge);
    let contract = canary::contract(&decided).or(choices.contract).unwrap_or(adapter.contract);
    Ok(answer(&decided, outcome, transformed, contract)?)
}

fn payload(json: Bytes) -> Payload {
    Payload { content: Some(Content::Json(json)) }
}

#[derive(Serialize)]
struct Passed<'a> {
    verdict: bool,
    allowed: bool,
    /// For a call that may change the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    transformed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    /// What is behind a pass that no completed check stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    analysis: Option<&'static str>,
    /// Nothing was recorded, and so nothing will be judged that was not: the disk does not take it, and to drop it was
    /// chosen (`log.on_full`). An exchange has no id then, because nothing is there that it could lead to; that of a check
    /// leads to what the service's own log says of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    shed: bool,
}

impl Default for Passed<'_> {
    fn default() -> Self {
        Self { verdict: true, allowed: true, transformed: None, request_id: None, analysis: None, shed: false }
    }
}

#[derive(Serialize)]
struct Blocked<'a> {
    verdict: bool,
    allowed: bool,
    message: &'a str,
    request_id: &'a str,
    violations: Vec<Reason<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    shed: bool,
}

fn answer(
    decided: &CheckResponse,
    outcome: Outcome,
    transformed: Option<bool>,
    contract: Contract,
) -> Result<Response, ApiError> {
    let (request_id, shed) = (decided.request_id.as_str(), decided.shed);
    let analysis = decision::analysis(decided);
    let passed = Passed { transformed, request_id: Some(request_id), analysis, shed, ..Passed::default() };
    let mut response = match outcome {
        Outcome::Passed => return Ok(pass(&passed)),
        Outcome::Masked(Content::Json(body)) => {
            let passed = Passed { transformed: Some(true), ..passed };
            reply::json_with(StatusCode::OK, &passed, "result", &body)
        }
        // It came as JSON, and goes back as it came.
        Outcome::Masked(_) => return Err(ApiError::new(ErrorCode::Internal, "the masked body is not JSON")),
        Outcome::Blocked => {
            let status = match contract {
                Contract::Status => StatusCode::BAD_REQUEST,
                Contract::Verdict => StatusCode::OK,
            };
            let violations = decision::reasons(&decided.violations);
            let (verdict, allowed, message) = (false, false, decided.message.as_str());
            reply::json(status, &Blocked { verdict, allowed, message, request_id, violations, shed })
        }
    };
    reply::identify(&mut response, request_id);
    Ok(response)
}

fn pass(passed: &Passed<'_>) -> Response {
    let mut response = reply::json(StatusCode::OK, passed);
    if let Some(request_id) = passed.request_id {
        reply::identify(&mut response, request_id);
    }
    response
}

#[cfg(test)]
mod tests;
