//! Any JSON as request and as answer, judged and masked by all that is built in: what is found can be masked.
#![no_main]

use std::sync::LazyLock;

use core_service::{
    domain::{
        exchange::{CallContext, Payload, Payloads},
        finding::Detector,
    },
    guardrail::{judge::judge, masked::mask},
    policy::{compile::compile, set::PolicySet},
};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

static SET: LazyLock<PolicySet> = LazyLock::new(|| {
    let rules = Detector::BUILT_IN
        .map(|detector| format!("  - {{detector: {}, action: mask, threshold: 0}}\n", detector.as_str()));
    let policy = compile(&format!("name: all\nrules:\n{}", rules.concat())).expect("the policy compiles");
    PolicySet::new(vec![policy.into()]).expect("its rules compile")
});

fuzz_target!(|data: &[u8]| {
    let payload = || Payload::Json(data.to_vec().into());
    for payloads in [Payloads::Request(payload()), Payloads::Response(payload())] {
        let Ok(judgement) = judge(&SET, &[], &payloads, None, &CallContext::default(), None) else { continue };
        let masked = mask([7; 32], &payloads, &judgement.to_mask, &judgement.repeats).expect("what is found is masked");
        if let Some(Payload::Json(masked)) = masked.request.or(masked.response) {
            assert!(serde_json::from_slice::<&RawValue>(&masked).is_ok());
        }
    }
});
