//! A recorder for calls whose shape nobody documented: kept in memory, few, and for a while.
//!
//! A capture is what users wrote. It is made only when an operator turned it on, the call asks for it and callers show
//! credentials; of the headers only those that can hold no credential keep their value, and none that an operator made one.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, request::Parts};
use portcullis_api::error::{ApiError, ErrorCode};
use serde_json::{Value, json, value::RawValue};

use crate::{
    Adapter,
    error::Failure,
    query::{flag, once, pairs},
    reply,
};

const COUNT: usize = 32;
const BYTES: usize = 16 << 20;
const AGE: Duration = Duration::from_secs(3600);

/// The headers that say how a call was made and can hold no credential.
const PLAIN: [&str; 22] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "host",
    "traceparent",
    "transfer-encoding",
    "user-agent",
    "via",
    "x-akto-installer-akto_message_id",
    "x-akto-installer-akto_session_id",
    "x-correlation-id",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "x-request-id",
];

/// Whether the value of a header of this name may be kept.
pub(crate) fn is_plain(name: &str) -> bool {
    PLAIN.iter().any(|plain| name.eq_ignore_ascii_case(plain))
}

/// None when captures are off.
#[derive(Debug, Default)]
pub(crate) struct Captures(Option<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    calls: VecDeque<Arc<Captured>>,
    bytes: usize,
    last: u64,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} calls, {} bytes", self.calls.len(), self.bytes)
    }
}

struct Captured {
    id: u64,
    at: Instant,
    /// All but the body, as it is shown.
    head: Value,
    body: Bytes,
}

impl Captures {
    pub(crate) fn new(on: bool) -> Self {
        Self(on.then(Mutex::default))
    }

    /// Keeps the call if it asks for that. A call that asks in vain is served all the same: what is left over in a
    /// gateway's settings must not turn a guardrail off.
    pub(crate) fn keep(&self, head: &Parts, body: &Bytes) -> Result<(), ApiError> {
        let mut wanted = None;
        for (_, value) in pairs(head.uri.query()).filter(|(name, _)| name.eq_ignore_ascii_case("capture")) {
            once(&mut wanted, flag(&value, "capture")?, "capture")?;
        }
        if let (Some(true), Some(kept)) = (wanted, &self.0) {
            kept.lock().unwrap_or_else(PoisonError::into_inner).keep(head, body);
        }
        Ok(())
    }

    fn calls(&self) -> Result<Vec<Arc<Captured>>, ApiError> {
        let off = "captures are off: they need PORTCULLIS_CAPTURE=true and credentials";
        let kept = self.0.as_ref().ok_or_else(|| ApiError::new(ErrorCode::NotFound, off))?;
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.forget(Instant::now());
        Ok(kept.calls.iter().cloned().collect())
    }
}

impl Kept {
    fn keep(&mut self, head: &Parts, body: &Bytes) {
        let at = Instant::now();
        self.forget(at);
        if body.len() > BYTES {
            return;
        }
        while self.calls.len() >= COUNT || self.bytes + body.len() > BYTES {
            self.drop_oldest();
        }
        self.last += 1;
        self.bytes += body.len();
        let head = json!({
            "id": self.last,
            // Seconds since the epoch.
            "time": SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            "method": head.method.as_str(),
            "path": head.uri.path(),
            "query": head.uri.query().unwrap_or_default(),
            "headers": headers(&head.headers),
            "bytes": body.len(),
        });
        // A copy: the body itself may be a small part of a buffer that it would keep alive.
        let body = Bytes::copy_from_slice(body);
        self.calls.push_back(Arc::new(Captured { id: self.last, at, head, body }));
    }

    fn forget(&mut self, now: Instant) {
        while self.calls.front().is_some_and(|oldest| now.duration_since(oldest.at) >= AGE) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.calls.pop_front() {
            self.bytes -= oldest.body.len();
        }
    }
}

/// Null where the value might be a credential.
fn headers(headers: &HeaderMap) -> Vec<Value> {
    let shown = |name: &str, value: &HeaderValue| {
        (is_plain(name) && !value.is_sensitive()).then(|| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    headers.iter().map(|(name, value)| json!([name.as_str(), shown(name.as_str(), value)])).collect()
}

/// `GET /v1/captures`: newest first, without their bodies.
pub(crate) async fn list(State(adapter): State<Arc<Adapter>>) -> Result<Response, Failure> {
    let calls = adapter.captures.calls()?;
    let heads: Vec<&Value> = calls.iter().rev().map(|call| &call.head).collect();
    Ok(reply::json(StatusCode::OK, &json!({"captures": heads})))
}

/// `GET /v1/captures/{id}`: with the body, as JSON or else as text.
pub(crate) async fn get(
    State(adapter): State<Arc<Adapter>>,
    id: Result<Path<u64>, PathRejection>,
) -> Result<Response, Failure> {
    let calls = adapter.captures.calls()?;
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
