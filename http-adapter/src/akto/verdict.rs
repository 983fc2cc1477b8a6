//! The result object, in the two spellings that clients look for.

use portcullis_api::{
    json::word,
    v1::{Action, CheckResponse},
};
use serde_json::{Map, Value, json};

use crate::decision::{self, Outcome};

/// Each key in both cases: which one a client reads depends on the client. `modified` is the payload that the caller
/// goes on with, as it was sent but for what is masked.
pub(super) fn verdict(decided: &CheckResponse, outcome: &Outcome, modified: Option<&str>) -> Value {
    let allowed = *outcome != Outcome::Blocked;
    // An alert is allowed in so many words: not every client looks at the behaviour of a refusal.
    let behaviour = match decided.action() {
        _ if !allowed => "block",
        Action::Alert => "alert",
        Action::Mask => "mask",
        Action::Allow | Action::Block | Action::Unspecified => "",
    };
    let mut result = Map::new();
    for (upper, lower, value) in [
        ("Allowed", "allowed", json!(allowed)),
        ("Modified", "modified", json!(modified.is_some())),
        ("ModifiedPayload", "modifiedPayload", json!(modified.unwrap_or_default())),
        ("Reason", "reason", json!(decided.message)),
        ("Metadata", "metadata", metadata(decided)),
        ("Behaviour", "behaviour", json!(behaviour)),
    ] {
        result.insert(upper.to_owned(), value.clone());
        result.insert(lower.to_owned(), value);
    }
    result.insert("request_id".to_owned(), json!(decided.request_id));
    if decided.shed {
        // Nothing was recorded: the disk does not take it, and to drop it was chosen.
        result.insert("shed".to_owned(), json!(true));
    }
    if let Some(analysis) = decision::analysis(decided).filter(|_| allowed) {
        result.insert("analysis".to_owned(), json!(analysis));
    }
    Value::Object(result)
}

/// The strictest rule that objected; empty when none did.
fn metadata(decided: &CheckResponse) -> Value {
    decided.violations.first().map_or_else(
        || json!({}),
        |violation| {
            json!({
                "policy_name": violation.policy,
                "rule_violated": violation.rule,
                "severity": word("Severity", violation.severity).unwrap_or_default().to_ascii_uppercase(),
                // Thousandths: no more of it is known.
                "risk_score": (f64::from(violation.score) * 1000.0).round() / 1000.0,
                "reason": decided.message,
            })
        },
    )
}
