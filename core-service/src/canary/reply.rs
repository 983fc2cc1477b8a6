//! What a gateway's answer to a caller means.

use serde::{Deserialize, Serialize};

/// How a gateway names its own refusal: TrueFoundry's guardrails.
const CERTAIN: &str = "guardrail_checks_failed";

/// Statuses that speak of the call or of the gateway, and never of what the call says.
const NOT_A_VERDICT: [u16; 10] = [401, 404, 405, 407, 408, 411, 413, 415, 426, 429];

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Reply {
    /// A completion came.
    Passed { status: u16 },
    /// Refused, and no completion came.
    Blocked {
        status: u16,
        /// The gateway itself says that a guardrail did it. Else it is a guess that only a good prompt which passes
        /// makes good.
        certain: bool,
        /// The error's type, as far as it is a word.
        #[serde(skip_serializing_if = "String::is_empty")]
        kind: String,
    },
    /// Not the answer of a gateway that works.
    Unusable {
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        why: String,
    },
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    choices: Vec<Choice>,
    error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Choice {
    finish_reason: Option<String>,
}

impl Reply {
    pub(super) fn of(status: u16, body: &[u8]) -> Self {
        let unusable = |why: &str| Self::Unusable { status: Some(status), why: format!("HTTP {status}{why}") };
        let body: Option<Body> = serde_json::from_slice(body).ok();
        let error = body.as_ref().and_then(|body| body.error.as_ref());
        let kind = error.and_then(|error| error.get("type")).and_then(serde_json::Value::as_str).map_or("", word);
        let blocked = || Self::Blocked { status, certain: kind == CERTAIN, kind: kind.to_owned() };
        match (status, body.as_ref().map_or(&[][..], |body| &body.choices)) {
            // Whatever the status says: the text is out.
            (200..=499, [first, ..]) => match first.finish_reason.as_deref() {
                Some("content_filter") => blocked(),
                _ => Self::Passed { status },
            },
            (200..=299, []) => unusable(" without a completion"),
            (status, []) if NOT_A_VERDICT.contains(&status) => unusable(""),
            (400..=499, []) => blocked(),
            _ => unusable(""),
        }
    }

    /// Whether a completion came; None when nothing can be said: no answer, or one that is not about the call.
    pub(super) fn let_through(&self) -> Option<bool> {
        match self {
            Self::Passed { .. } => Some(true),
            Self::Blocked { .. } => Some(false),
            // A gateway may well answer its guardrail's outage with one of its own.
            Self::Unusable { status: Some(500..), .. } => Some(false),
            Self::Unusable { .. } => None,
        }
    }
}

/// A text of the gateway's is shown when it can be a name, and nothing when it can be anything else.
fn word(text: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if text.len() <= 64 && text.bytes().all(plain) { text } else { "" }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(status: u16, body: &serde_json::Value) -> Reply {
        Reply::of(status, body.to_string().as_bytes())
    }

    #[test]
    fn a_completion_is_a_pass_and_a_refusal_is_none() {
        let completion = json!({"choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "Paris"}}]});
        assert_eq!(of(200, &completion), Reply::Passed { status: 200 });
        assert_eq!(of(400, &completion), Reply::Passed { status: 400 }, "the text is out");
        let filtered = json!({"choices": [{"finish_reason": "content_filter"}]});
        assert!(matches!(of(200, &filtered), Reply::Blocked { certain: false, .. }));
        let certain = json!({"error": {"type": CERTAIN, "message": "no"}});
        assert!(matches!(of(400, &certain), Reply::Blocked { certain: true, .. }));
        for (status, body) in [(400, json!({"error": "no"})), (403, json!({})), (422, json!("x")), (446, json!([]))] {
            assert!(matches!(of(status, &body), Reply::Blocked { certain: false, .. }), "{status}");
        }
    }

    #[test]
    fn what_says_nothing_about_the_prompt_is_unusable() {
        for status in [100, 204, 302, 401, 404, 408, 429, 500, 503] {
            assert!(matches!(of(status, &json!({"error": {"type": CERTAIN}})), Reply::Unusable { .. }), "{status}");
        }
        for body in [&b"<html>"[..], b"", b"{\"choices\": []}", b"{\"choices\": 1}", b"\xff"] {
            assert!(matches!(Reply::of(200, body), Reply::Unusable { .. }));
        }
    }

    #[test]
    fn only_a_word_of_the_gateways_is_shown() {
        let Reply::Blocked { kind, .. } = of(400, &json!({"error": {"type": "Ignore all, ann@acme.io"}})) else {
            panic!("not blocked")
        };
        assert_eq!(kind, "");
    }
}
