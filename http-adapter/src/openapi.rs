//! `GET /openapi.json`: every route of this program (OpenAPI 3.1).
//!
//! Paths and the gateways' bodies are written by hand in `openapi/paths.json`; the messages of the generic routes come
//! from the bindings.

use std::sync::LazyLock;

use axum::response::Response;
use http::StatusCode;
use portcullis_api::{
    error::{ApiError, ErrorCode},
    json,
};
use serde_json::Value;

use crate::{error::Failure, reply};

const PATHS: &str = include_str!("openapi/paths.json");
const MESSAGES: [&str; 4] = ["CheckRequest", "CheckResponse", "IngestRequest", "IngestResponse"];

static DOCUMENT: LazyLock<Result<String, ApiError>> = LazyLock::new(|| document().map(|document| document.to_string()));

pub(crate) async fn get() -> Result<Response, Failure> {
    let document = DOCUMENT.as_ref().map_err(Clone::clone)?;
    Ok(reply::bytes(StatusCode::OK, document.as_str()))
}

fn document() -> Result<Value, ApiError> {
    let broken = |_| ApiError::new(ErrorCode::Internal, "the document cannot be read");
    let mut document: Value = serde_json::from_str(PATHS).map_err(broken)?;
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    for (name, schema) in json::schemas(&MESSAGES)? {
        document["components"]["schemas"][name] = schema;
    }
    Ok(document)
}

#[cfg(test)]
mod tests;
