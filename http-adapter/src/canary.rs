//! Canary runs over HTTP: the core keeps them and knows their probes; here they are begun, looked at and ended.

use std::sync::Arc;

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    response::Response,
};
use http::StatusCode;
use portcullis_api::{
    error::{ApiError, ErrorCode},
    json::plain,
    v1::{BeginCanaryRequest, CheckResponse, EndCanaryRequest, GetCanaryRequest},
};
use serde::Deserialize;
use serde_json::{json, value::RawValue};

use crate::{Adapter, Call, error::Failure, reply, settings::Contract};

/// The contract in which a staged block is to be answered. No policy makes a violation of this category.
pub(crate) fn contract(decided: &CheckResponse) -> Option<Contract> {
    let staged = decided.violations.iter().find(|violation| violation.category == "canary")?;
    staged.rule.parse().ok()
}

/// `POST /v1/canary`: begins a run.
pub(crate) async fn begin(State(adapter): State<Arc<Adapter>>) -> Result<Response, Failure> {
    let begun = adapter.core.begin_canary(BeginCanaryRequest {}).await?;
    let mut answer = plain("BeginCanaryResponse", &begun)?;
    let contract = match adapter.contract {
        Contract::Status => "status",
        Contract::Verdict => "verdict",
    };
    answer.insert("contract".to_owned(), json!(contract));
    Ok(reply::json(StatusCode::OK, &answer))
}

/// `GET /v1/canary/{id}`: which probes of the run came to the core.
pub(crate) async fn seen(
    State(adapter): State<Arc<Adapter>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let Path(id) = id.map_err(|_| unknown())?;
    let run = adapter.core.get_canary(GetCanaryRequest { id }).await?;
    Ok(reply::json(StatusCode::OK, &plain("GetCanaryResponse", &run)?))
}

fn unknown() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "there is no canary run of this id").at("id")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ended<'a> {
    #[serde(default)]
    gateway: String,
    #[serde(default)]
    model: String,
    problems: Vec<String>,
    #[serde(borrow)]
    report: &'a RawValue,
}

/// `POST /v1/canary/{id}`: ends the run and records what it found.
pub(crate) async fn end(
    State(adapter): State<Arc<Adapter>>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Failure> {
    let Path(id) = id.map_err(|_| unknown())?;
    let Call { body, .. } = adapter.read(request).await?;
    let malformed = |error| ApiError::new(ErrorCode::MalformedPayload, format!("the body cannot be read: {error}"));
    let Ended { gateway, model, problems, report } = serde_json::from_slice(&body.bytes).map_err(malformed)?;
    let report = body.bytes.slice_ref(report.get().as_bytes());
    let ended = adapter.core.end_canary(EndCanaryRequest { id, gateway, model, problems, report }).await?;
    Ok(reply::json(StatusCode::OK, &plain("EndCanaryResponse", &ended)?))
}

#[cfg(test)]
mod tests;
