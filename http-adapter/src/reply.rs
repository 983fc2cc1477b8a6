//! JSON answers, written once and in one buffer.

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use portcullis_api::error::{ApiError, ErrorCode};
use serde::Serialize;

use crate::error::Failure;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(crate) fn json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => bytes(status, body),
        Err(error) => unwritable(error),
    }
}

fn unwritable(error: impl std::fmt::Display) -> Response {
    tracing::error!(%error, "an answer could not be written as JSON");
    Failure::from(ApiError::new(ErrorCode::Internal, "the answer could not be written")).into_response()
}

/// The members of `value`, which has some, and behind them one that is JSON already: its bytes go out as they are.
pub(crate) fn json_with<T: Serialize>(status: StatusCode, value: &T, name: &str, json: &[u8]) -> Response {
    let mut body = match serde_json::to_vec(value) {
        Ok(body) if body.ends_with(b"}") => body,
        _ => return unwritable("not an object"),
    };
    body.pop();
    body.reserve(name.len() + json.len() + 5);
    body.extend_from_slice(format!(",\"{name}\":").as_bytes());
    body.extend_from_slice(json);
    body.push(b'}');
    bytes(status, body)
}

/// `body` is JSON already. It is made for who asked, at the moment he did: no cache on the way keeps what was recorded.
pub(crate) fn bytes(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The id under which the core knows the call, where a gateway's access log can show it.
pub(crate) fn identify(response: &mut Response, request_id: &str) {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
}
