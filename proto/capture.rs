//! A recorder for calls whose shape nobody documented: kept in memory, few, and for a while.
//!
//! A capture is what users wrote. It is made only when an operator turned it on, the call asks for it and callers show
//! credentials; of the headers only those that can hold no credential keep their value, and none that an operator made one.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, request::Parts};
use serde_json::{Value, json};

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
pub fn is_plain(name: &str) -> bool {
    PLAIN.iter().any(|plain| name.eq_ignore_ascii_case(plain))
}

/// None when captures are off.
#[derive(Debug, Default)]
pub struct Captures(Option<Mutex<Kept>>);

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

/// One call.
pub struct Captured {
    pub id: u64,
    at: Instant,
    /// All but the body, as it is shown.
    pub head: Value,
    pub body: Bytes,
}

/// Shows which, and nothing of what.
impl std::fmt::Debug for Captured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} with {} bytes", self.id, self.body.len())
    }
}

impl Captures {
    pub fn new(on: bool) -> Self {
        Self(on.then(Mutex::default))
    }

    /// Does nothing when captures are off: what is left over in a gateway's settings must not turn a guardrail off.
    pub fn keep(&self, head: &Parts, body: &Bytes) {
        if let Some(kept) = &self.0 {
            kept.lock().unwrap_or_else(PoisonError::into_inner).keep(head, body);
        }
    }

    /// Oldest first; None when captures are off.
    pub fn calls(&self) -> Option<Vec<Arc<Captured>>> {
        let mut kept = self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        kept.forget(Instant::now());
        Some(kept.calls.iter().cloned().collect())
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

#[cfg(test)]
mod tests;
