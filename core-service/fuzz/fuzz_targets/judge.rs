//! Any text and any JSON under the built-in policy: a decision, with findings inside the text.
#![no_main]

use std::sync::LazyLock;

use core_service::{
    domain::exchange::{CallContext, Payload, Payloads},
    guardrail::judge::judge,
    policy::{compile::compile, load::BUILT_IN, set::PolicySet},
};
use libfuzzer_sys::fuzz_target;

static SET: LazyLock<PolicySet> = LazyLock::new(|| {
    let policy = compile(BUILT_IN).expect("the built-in policy compiles");
    PolicySet::new(vec![policy.into()]).expect("its rules compile")
});

fuzz_target!(|data: &[u8]| {
    let context = CallContext::default();
    if let Ok(text) = std::str::from_utf8(data) {
        let payloads = Payloads::Request(Payload::Text(text.to_owned()));
        let judgement = judge(&SET, &[], &payloads, None, &context, None).expect("a text can be read");
        for violation in judgement.decision.violations {
            let span = violation.location.expect("a finding has a place").span;
            assert!(text.get(span.start as usize..span.end as usize).is_some());
        }
    }
    let _ = judge(&SET, &[], &Payloads::Request(Payload::Json(data.to_vec().into())), None, &context, None);
});
