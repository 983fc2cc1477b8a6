//! The recorder for calls whose shape nobody documented: [`Captures`](portcullis_api::capture::Captures) over HTTP.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use http::StatusCode;
use portcullis_api::{
    access::Principal,
    capture::Captured,
    error::{ApiError, ErrorCode},
};
use serde_json::{Value, json, value::RawValue};

use crate::{
    Adapter,
    error::Failure,
    query::{flag, once, pairs},
    reply,
};

/// In the query of every call that brings a body.
pub(crate) const CAPTURE: &str = "capture";

/// Whether a call asks to be kept.
pub(crate) fn wanted(query: Option<&str>) -> Result<bool, ApiError> {
    let mut wanted = None;
    for (_, value) in pairs(query).filter(|(name, _)| name.eq_ignore_ascii_case(CAPTURE)) {
        once(&mut wanted, flag(&value, CAPTURE)?, CAPTURE)?;
    }
    Ok(wanted.unwrap_or_default())
}

fn calls(adapter: &Adapter) -> Result<Vec<Arc<Captured>>, ApiError> {
    let off = "captures are off: they need PORTCULLIS_CAPTURE=true and credentials";
    adapter.captures.calls().ok_or_else(|| ApiError::new(ErrorCode::NotFound, off))
}

/// `GET /v1/captures`: newest first, without their bodies.
pub(crate) async fn list(State(adapter): State<Arc<Adapter>>) -> Result<Response, Failure> {
    let calls = calls(&adapter)?;
    let heads: Vec<&Value> = calls.iter().rev().map(|call| &call.head).collect();
    Ok(reply::json(StatusCode::OK, &json!({"captures": heads})))
}

/// `GET /v1/captures/{id}`: with the body, as JSON or else as text. It is what users wrote, and not the caller's users alone:
/// shown to whom recorded payloads are.
pub(crate) async fn get(
    State(adapter): State<Arc<Adapter>>,
    caller: Option<Extension<Principal>>,
    id: Result<Path<u64>, PathRejection>,
) -> Result<Response, Failure> {
    let calls = calls(&adapter)?;
    let Extension(caller) = caller.unwrap_or_default();
    adapter.core.may_reveal(&caller).await?;
    let found = id.ok().and_then(|Path(id)| calls.iter().find(|captured| captured.id == id));
    let captured = found.ok_or_else(|| ApiError::new(ErrorCode::NotFound, "there is no capture of this id"))?;
    // As it came, where that is JSON.
    let body = match serde_json::from_slice::<&RawValue>(&captured.body) {
        Ok(json) => json.get().to_owned(),
        Err(_) => json!(String::from_utf8_lossy(&captured.body)).to_string(),
    };
    Ok(reply::json_with(StatusCode::OK, &captured.head, "body", body.as_bytes()))
}

#[cfg(test)]
mod tests;
