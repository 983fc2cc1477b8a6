//! `POST /api/http-proxy/truefoundry`: the gateway's custom guardrail.
//!
//! | `sync` | response | what is done |
//! | --- | --- | --- |
//! | true | none | one check, whose verdict is the answer |
//! | either | present | one ingest, judged in the background; the answer is a pass that says so |
//! | false | none | nothing: the same exchange comes again with its response |

mod envelope;

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Request, State},
    response::Response,
};
use bytes::Bytes;
use http::StatusCode;
use portcullis_api::{
    access::Principal,
    v1::{
        self, Action, CallContext, CheckRequest, CheckResponse, CoverageStatus, CoverageView, IngestRequest, Payload,
        Recording, Verdict, payload::Content,
    },
};
use serde::Serialize;

use self::envelope::Envelope;
use crate::{Adapter, canary, error::Failure, names, query::Flags, reply, settings::Contract};

pub(crate) async fn guard(
    State(adapter): State<Arc<Adapter>>,
    Extension(caller): Extension<Principal>,
    request: Request,
) -> Result<Response, Failure> {
    let flags = Flags::parse(request.uri().query())?;
    if let Some(operation) = flags.operation {
        operation.require_validate("operation")?;
    }
    let body = adapter.bodies.read(request).await?;
    let Envelope { request, response, context, policies, contract, operation } = Envelope::parse(&body.bytes)?;
    if let (None, Some(operation)) = (flags.operation, operation) {
        operation.require_validate("config.operation")?;
    }
    let context = CallContext { principal: caller.to_string(), ..context };
    let (request, context) = (Some(payload(request)), Some(context));
    match response {
        Some(response) => {
            let response = Some(payload(response));
            let sync = flags.sync;
            let exchange =
                IngestRequest { request, response, context, policies, sync, status: 200, ..IngestRequest::default() };
            let recorded = adapter.core.ingest(exchange).await?;
            Ok(pass(Some(&recorded.request_id), Some("pending")))
        }
        None if flags.sync => {
            let recording = Recording::Always.into();
            let coverage_view = CoverageView::Status.into();
            let question =
                CheckRequest { request, context, policies, recording, coverage_view, ..CheckRequest::default() };
            let decided = adapter.core.check(question).await?;
            let contract = canary::contract(&decided).or(flags.contract).or(contract).unwrap_or(adapter.contract);
            Ok(answer(&decided, contract))
        }
        // No id: nothing is recorded that it could lead to.
        None => Ok(pass(None, Some("none"))),
    }
}

fn payload(json: Bytes) -> Payload {
    Payload { content: Some(Content::Json(json)) }
}

#[derive(Serialize)]
struct Passed<'a> {
    verdict: bool,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    /// What is behind a pass that no completed check stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    analysis: Option<&'static str>,
}

#[derive(Serialize)]
struct Blocked<'a> {
    verdict: bool,
    allowed: bool,
    message: &'a str,
    request_id: &'a str,
    violations: Vec<Reason<'a>>,
}

/// What objected, and never where: the gateway shows this to the end user.
#[derive(PartialEq, Eq, Serialize)]
struct Reason<'a> {
    policy: &'a str,
    rule: &'a str,
    category: &'a str,
    severity: Option<&'static str>,
}

fn answer(decided: &CheckResponse, contract: Contract) -> Response {
    // Either is enough: a core that contradicts itself must not open the door.
    if decided.verdict() != Verdict::Fail && decided.action() != Action::Block {
        let unchecked =
            decided.coverage.as_ref().is_some_and(|coverage| coverage.status() == CoverageStatus::NotChecked);
        return pass(Some(&decided.request_id), unchecked.then_some("none"));
    }
    let status = match contract {
        Contract::Status => StatusCode::BAD_REQUEST,
        Contract::Verdict => StatusCode::OK,
    };
    let body = Blocked {
        verdict: false,
        allowed: false,
        message: &decided.message,
        request_id: &decided.request_id,
        violations: reasons(&decided.violations),
    };
    let mut response = reply::json(status, &body);
    reply::identify(&mut response, &decided.request_id);
    response
}

fn pass(request_id: Option<&str>, analysis: Option<&'static str>) -> Response {
    let mut response = reply::json(StatusCode::OK, &Passed { verdict: true, allowed: true, request_id, analysis });
    if let Some(request_id) = request_id {
        reply::identify(&mut response, request_id);
    }
    response
}

/// A rule that objects to ten places is one reason.
fn reasons(violations: &[v1::Violation]) -> Vec<Reason<'_>> {
    let mut distinct = Vec::new();
    for violation in violations {
        let reason = Reason {
            policy: &violation.policy,
            rule: &violation.rule,
            category: &violation.category,
            severity: names::of(names::SEVERITIES, violation.severity()),
        };
        if !distinct.contains(&reason) {
            distinct.push(reason);
        }
    }
    distinct
}

#[cfg(test)]
mod tests;
