//! How long a caller waits.

use std::time::{Duration, Instant};

use tonic::metadata::MetadataMap;

/// For a caller that says nothing.
const DEFAULT: Duration = Duration::from_secs(5);
/// Whatever a caller says.
const LONGEST: Duration = Duration::from_secs(60);

/// Before the caller's own time is over, so that the answer that says why there is no verdict still arrives.
const MARGIN: Duration = Duration::from_millis(50);

/// From `grpc-timeout` (gRPC over HTTP/2, "Requests"): up to eight digits and a unit.
pub(super) fn of(metadata: &MetadataMap) -> Instant {
    let asked = metadata.get("grpc-timeout").and_then(|value| value.to_str().ok()).and_then(parse);
    let asked = asked.unwrap_or(DEFAULT).min(LONGEST);
    Instant::now() + asked.saturating_sub(MARGIN.min(asked / 10))
}

/// Of one question in a stream: the stream's own deadline is for all of it.
pub(super) fn default() -> Instant {
    Instant::now() + DEFAULT
}

fn parse(value: &str) -> Option<Duration> {
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_of_the_protocol() {
        assert_eq!(parse("5S"), Some(Duration::from_secs(5)));
        assert_eq!(parse("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parse("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        for wrong in ["", "S", "5", "5s", "-5S", "123456789S", "5é"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
