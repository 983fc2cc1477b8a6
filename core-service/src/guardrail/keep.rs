//! Payloads as a log keeps them that is not to hold secrets and personal data.

use std::time::{Duration, Instant};

use super::{judge, masked};
use crate::{
    domain::{
        coverage::CoverageStatus,
        exchange::{CallContext, Payload, Payloads},
    },
    policy::{compile, set::PolicySet},
    record::Masking,
};

/// All that is found, in whatever turn, whoever wrote it.
const POLICY: &str = "
name: keep
scope:
  roles: [system, developer, user, assistant, tool, tool_call, other]
rules:
  - detector: secrets
    action: mask
    mask: label
  - detector: pii
    action: mask
    mask: label
";

const LIMIT: Duration = Duration::from_secs(30);

/// With the built-in detectors of secrets and personal data, and labels in place of what they find.
pub fn masking() -> Result<Masking, String> {
    let policy = compile::compile(POLICY)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    let set = PolicySet::new(vec![policy.into()])?;
    Ok(Masking::new(move |payloads| mask(&set, payloads)))
}

/// None for what cannot be read whole: it is not known to be free of anything.
fn mask(set: &PolicySet, payloads: &Payloads) -> Option<Payloads> {
    let until = Some(Instant::now() + LIMIT);
    let judgement = judge::judge(set, &[], payloads, None, &CallContext::default(), until).ok()?;
    if judgement.coverage.status != CoverageStatus::Complete {
        return None;
    }
    // Labels depend on no key.
    let masked = masked::mask([0; 32], payloads, &judgement.to_mask, &judgement.repeats).ok()?;
    let side = |changed: Option<Payload>, plain: Option<&Payload>| changed.or_else(|| plain.cloned());
    match (side(masked.request, payloads.request()), side(masked.response, payloads.response())) {
        (Some(request), Some(response)) => Some(Payloads::Both { request, response }),
        (Some(request), None) => Some(Payloads::Request(request)),
        (None, Some(response)) => Some(Payloads::Response(response)),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Payload {
        Payload::Json(text.as_bytes().to_vec().into())
    }

    #[test]
    fn what_is_found_is_labelled_on_both_sides_and_in_every_turn() {
        let request = r#"{"messages": [{"role": "system", "content": "Mail ann@example.org"},
            {"role": "assistant", "content": "Is it bob@example.org?"}, {"role": "user", "content": "hello"}]}"#;
        let payloads = Payloads::Both { request: json(request), response: Payload::Text("ann@example.org".to_owned()) };
        let kept = masking().unwrap().mask(&payloads).unwrap();
        let Some(Payload::Json(kept_request)) = kept.request() else { panic!("{kept:?}") };
        let kept_request = String::from_utf8(kept_request.to_vec()).unwrap();
        assert!(!kept_request.contains("example.org") && kept_request.contains("hello"), "{kept_request}");
        let Some(Payload::Text(kept_response)) = kept.response() else { panic!("{kept:?}") };
        assert!(kept_response.starts_with("[EMAIL"), "{kept_response}");
    }

    #[test]
    fn what_cannot_be_read_is_not_kept() {
        assert_eq!(masking().unwrap().mask(&Payloads::Request(json("{\"text\": \"ann@exam"))), None);
    }
}
