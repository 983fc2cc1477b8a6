//! What an answer means.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use reqwest::{Response, StatusCode, header::RETRY_AFTER};

use super::{HttpForm, otlp};
use crate::deliver::{DeliveryFailure, Outcome};

/// Bytes of a body that are read, so that the connection can be used again and a collector can say what it left out.
const DRAINED: usize = 64 << 10;

pub(super) async fn read(mut response: Response, form: HttpForm) -> Outcome {
    let after =
        response.headers().get(RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?, Timestamp::now()));
    let outcome = judge(response.status(), after);
    let mut body = Vec::new();
    let broke_off = loop {
        match response.chunk().await {
            Ok(None) => break None,
            Ok(Some(chunk)) if body.len() + chunk.len() > DRAINED => break Some(DeliveryFailure::Unavailable),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(error) if error.is_timeout() => break Some(DeliveryFailure::TimedOut),
            Err(_) => break Some(DeliveryFailure::Unreachable),
        }
    };
    if outcome != Outcome::Delivered || form != HttpForm::Otlp {
        // The status was the answer, whatever became of the body.
        return outcome;
    }
    match broke_off {
        // What is missing may say that some were refused. If it does not, they come twice.
        Some(reason) => Outcome::retry(reason),
        None if otlp::refused_some(&body) => Outcome::Permanent(DeliveryFailure::Rejected),
        None => outcome,
    }
}

fn judge(status: StatusCode, after: Option<Duration>) -> Outcome {
    let again = |reason| Outcome::Retry { reason, after };
    match status.as_u16() {
        200..=299 => Outcome::Delivered,
        429 => again(DeliveryFailure::Throttled),
        503 if after.is_some() => again(DeliveryFailure::Throttled),
        408 | 504 => again(DeliveryFailure::TimedOut),
        413 => Outcome::Permanent(DeliveryFailure::TooLarge),
        300..=399 | 401 | 403 | 404 | 405 | 407 => again(DeliveryFailure::Refused),
        425 => again(DeliveryFailure::Unavailable),
        400..=499 => Outcome::Permanent(DeliveryFailure::Rejected),
        _ => again(DeliveryFailure::Unavailable),
    }
}

/// Whether another record would fare no better. A 5xx may be about the one record.
pub(super) const fn is_about_all(reason: DeliveryFailure) -> bool {
    matches!(
        reason,
        DeliveryFailure::Unreachable
            | DeliveryFailure::TimedOut
            | DeliveryFailure::Throttled
            | DeliveryFailure::Refused
    )
}

/// Seconds, or a date (RFC 9110, 10.2.3). What is neither asks for nothing.
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a long time.
        return (!text.is_empty()).then(|| Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let date = DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_about_the_record_or_about_the_moment() {
        let of = |status: u16| judge(StatusCode::from_u16(status).unwrap(), None);
        for status in [200, 202, 204] {
            assert_eq!(of(status), Outcome::Delivered, "{status}");
        }
        for (status, reason) in [
            (429, DeliveryFailure::Throttled),
            (408, DeliveryFailure::TimedOut),
            (500, DeliveryFailure::Unavailable),
            (502, DeliveryFailure::Unavailable),
            (503, DeliveryFailure::Unavailable),
            (599, DeliveryFailure::Unavailable),
            (302, DeliveryFailure::Refused),
            (401, DeliveryFailure::Refused),
            (403, DeliveryFailure::Refused),
            (404, DeliveryFailure::Refused),
        ] {
            assert_eq!(of(status), Outcome::retry(reason), "{status}");
        }
        for (status, reason) in
            [(400, DeliveryFailure::Rejected), (422, DeliveryFailure::Rejected), (413, DeliveryFailure::TooLarge)]
        {
            assert_eq!(of(status), Outcome::Permanent(reason), "{status}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-08-06T12:00:00Z".parse().unwrap();
        let of = |text: &str| retry_after(text, now);
        assert_eq!(of("7"), Some(Duration::from_secs(7)));
        assert_eq!(of(" 0 "), Some(Duration::ZERO));
        assert_eq!(of("Thu, 06 Aug 2026 12:01:30 GMT"), Some(Duration::from_secs(90)));
        // Over already.
        assert_eq!(of("Thu, 06 Aug 2026 11:00:00 GMT"), Some(Duration::ZERO));
        assert!(of(&"9".repeat(40)).unwrap() > Duration::from_secs(1 << 30));
        for text in ["", "-1", "1.5", "soon", "Thu, 99 Aug 2026"] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
