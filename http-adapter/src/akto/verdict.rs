//! The result object, in the two spellings that clients look for.

use portcullis_api::v1::{Action, CheckResponse};
use serde::Serialize;

use crate::{
    decision::{self, Outcome},
    names,
};

/// Each key in both cases: which one a client reads depends on the client.
#[derive(Serialize)]
pub(super) struct Verdict<'a> {
    #[serde(rename = "Allowed")]
    upper_allowed: bool,
    allowed: bool,
    #[serde(rename = "Modified")]
    upper_modified: bool,
    modified: bool,
    #[serde(rename = "ModifiedPayload")]
    upper_modified_payload: &'a str,
    #[serde(rename = "modifiedPayload")]
    modified_payload: &'a str,
    #[serde(rename = "Reason")]
    upper_reason: &'a str,
    reason: &'a str,
    #[serde(rename = "Metadata")]
    upper_metadata: Metadata<'a>,
    metadata: Metadata<'a>,
    #[serde(rename = "Behaviour")]
    upper_behaviour: &'static str,
    behaviour: &'static str,
    request_id: &'a str,
    /// What is behind a pass that no completed check stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    analysis: Option<&'static str>,
}

/// The strictest rule that objected; empty when none did.
#[derive(Clone, Default, Serialize)]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    policy_name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    rule_violated: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    severity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    risk_score: Option<f32>,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
}

impl<'a> Verdict<'a> {
    /// `modified` is the payload that the caller goes on with, as it was sent but for what is masked.
    pub(super) fn new(decided: &'a CheckResponse, outcome: &Outcome, modified: Option<&'a str>) -> Self {
        let allowed = *outcome != Outcome::Blocked;
        let metadata = decided.violations.first().map_or_else(Metadata::default, |violation| Metadata {
            policy_name: &violation.policy,
            rule_violated: &violation.rule,
            severity: names::of(names::SEVERITIES, violation.severity()).unwrap_or_default().to_ascii_uppercase(),
            risk_score: Some(violation.score),
            reason: &decided.message,
        });
        // An alert is allowed in so many words: not every client looks at the behaviour of a refusal.
        let behaviour = match decided.action() {
            _ if !allowed => "block",
            Action::Alert => "alert",
            Action::Mask => "mask",
            Action::Allow | Action::Block | Action::Unspecified => "",
        };
        let payload = modified.unwrap_or_default();
        Self {
            upper_allowed: allowed,
            allowed,
            upper_modified: modified.is_some(),
            modified: modified.is_some(),
            upper_modified_payload: payload,
            modified_payload: payload,
            upper_reason: &decided.message,
            reason: &decided.message,
            upper_metadata: metadata.clone(),
            metadata,
            upper_behaviour: behaviour,
            behaviour,
            request_id: &decided.request_id,
            analysis: if allowed { decision::analysis(decided) } else { None },
        }
    }
}
