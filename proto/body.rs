//! The one place that reads bodies: what kind, how large, how long, and how many at once.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_TYPE, EXPECT},
};
use http_body::Body;
use http_body_util::BodyExt as _;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout, timeout_at},
};

use crate::error::{ApiError, ErrorCode};

/// Bytes that are read only to be thrown away, when a body declares that it is too large. Closed in its face, most
/// clients would see a broken connection and never the answer that says why.
const DISCARD: u64 = 64 << 20;

/// Bytes of each body that have a budget of their own, as large as the other: large bodies leave room for the small ones, and
/// most are.
const FIRST: usize = 64 << 10;

/// What bodies may take.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// The largest that is read.
    pub bytes: usize,
    /// From the end of a call's head to the end of its body.
    pub timeout: Duration,
    /// Bytes that may be held at once, over all calls, beyond the first 64 KiB of each, and as many again of these.
    pub budget: usize,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { bytes: 8 << 20, timeout: Duration::from_secs(10), budget: 256 << 20 }
    }
}

#[derive(Debug)]
pub struct BodyReader {
    limit: usize,
    timeout: Duration,
    /// One permit a byte.
    budget: Semaphore,
    first: Semaphore,
    /// [`FIRST`], but for tests.
    first_bytes: usize,
}

/// A body with its share of the budget, which is given back when this is dropped.
#[derive(Debug)]
pub struct Held<'a> {
    pub bytes: Bytes,
    _room: [SemaphorePermit<'a>; 2],
}

impl BodyReader {
    pub fn new(limits: &BodyLimits) -> Self {
        // A semaphore hands out at most u32::MAX permits at once, and a budget that no body of the largest size fits
        // in would refuse it for ever.
        let limit = limits.bytes.min(u32::MAX as usize);
        let budget = limits.budget.clamp(limit, Semaphore::MAX_PERMITS);
        let [budget, first] = [budget; 2].map(Semaphore::new);
        Self { limit, timeout: limits.timeout, budget, first, first_bytes: FIRST }
    }

    /// Reads a JSON body.
    pub async fn read<B: Body<Data = Bytes> + Unpin>(
        &self,
        headers: &HeaderMap,
        body: B,
    ) -> Result<Held<'_>, ApiError> {
        require_json(headers)?;
        self.take(headers, body).await
    }

    /// Reads what a form of the page sent.
    pub async fn read_form<B: Body<Data = Bytes> + Unpin>(
        &self,
        headers: &HeaderMap,
        body: B,
    ) -> Result<Held<'_>, ApiError> {
        if media_type(headers)? == "application/x-www-form-urlencoded" {
            return self.take(headers, body).await;
        }
        Err(ApiError::new(ErrorCode::UnsupportedMediaType, "the content type must be that of a form"))
    }

    /// A share of the budget is taken as the bytes arrive, and never waited for: two half-read bodies would wait for each other,
    /// and what a body declares costs its sender nothing. One that finds no room gives back what it has, and can come again.
    async fn take<B: Body<Data = Bytes> + Unpin>(
        &self,
        headers: &HeaderMap,
        mut body: B,
    ) -> Result<Held<'_>, ApiError> {
        let waits_to_send = headers.contains_key(EXPECT);
        let size = body.size_hint();
        if size.lower() > self.limit as u64 {
            if !waits_to_send && size.lower() <= DISCARD {
                let _ = timeout(self.timeout, discard(&mut body)).await;
            }
            return Err(self.too_large());
        }
        let deadline = Instant::now() + self.timeout;
        let late = |_| ApiError::new(ErrorCode::RequestTimeout, "the body did not arrive in time");
        let held = timeout_at(deadline, self.collect(&mut body, size.lower())).await.map_err(late)?;
        if held.as_ref().is_err_and(|error| error.code == ErrorCode::Overloaded) {
            // As above: else the sender would not see that it may come again.
            let _ = timeout_at(deadline, discard(&mut body)).await;
        }
        held
    }

    async fn collect<B: Body<Data = Bytes> + Unpin>(&self, body: &mut B, declared: u64) -> Result<Held<'_>, ApiError> {
        let mut room = self.room(0, 0)?;
        // A body of one frame, as most are, stays where the socket put it.
        let mut only = Bytes::new();
        let mut joined = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let cut_off = |_| ApiError::new(ErrorCode::MalformedPayload, "the body could not be read to its end");
            let Ok(data) = frame.map_err(cut_off)?.into_data() else { continue };
            let had = only.len() + joined.len();
            let has = had + data.len();
            if has > self.limit {
                return Err(self.too_large());
            }
            room.iter_mut().zip(self.room(had, has)?).for_each(|(room, more)| room.merge(more));
            if only.is_empty() && joined.is_empty() {
                only = data;
                continue;
            }
            if joined.capacity() < has {
                // Twice what is there, and not what is declared: that would be memory for bytes that never come.
                let wanted = has.max((declared as usize).min(2 * has));
                joined.reserve(wanted - joined.len());
            }
            joined.extend_from_slice(&std::mem::take(&mut only));
            joined.extend_from_slice(&data);
        }
        let bytes = if joined.is_empty() { only } else { joined.freeze() };
        Ok(Held { bytes, _room: room })
    }

    /// For the bytes that a body has beyond those that it had.
    fn room(&self, had: usize, has: usize) -> Result<[SemaphorePermit<'_>; 2], ApiError> {
        let first = has.min(self.first_bytes) - had.min(self.first_bytes);
        let full = |_| ApiError::new(ErrorCode::Overloaded, "too many bodies are being read");
        Ok([
            self.first.try_acquire_many(first as u32).map_err(full)?,
            self.budget.try_acquire_many((has - had - first) as u32).map_err(full)?,
        ])
    }

    fn too_large(&self) -> ApiError {
        ApiError::new(ErrorCode::PayloadTooLarge, format!("a body may have at most {} bytes", self.limit))
    }
}

async fn discard<B: Body + Unpin>(body: &mut B) {
    while let Some(Ok(_)) = body.frame().await {}
}

fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let media_type = media_type(headers)?;
    if media_type == "application/json" || (media_type.contains('/') && media_type.ends_with("+json")) {
        Ok(())
    } else {
        Err(ApiError::new(ErrorCode::UnsupportedMediaType, "the content type must be application/json"))
    }
}

/// In lower case, without parameters, of a body that is not compressed.
fn media_type(headers: &HeaderMap) -> Result<String, ApiError> {
    let header = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?").trim());
    let encoding = header(CONTENT_ENCODING).unwrap_or("identity");
    if !encoding.eq_ignore_ascii_case("identity") {
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, "a compressed body is not accepted"));
    }
    let media_type = header(CONTENT_TYPE).and_then(|value| value.split(';').next()).unwrap_or_default();
    Ok(media_type.trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
