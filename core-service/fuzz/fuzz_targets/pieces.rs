//! Any text in any pieces: in the end what the whole text gives, when it is short enough to be judged whole.
#![no_main]

use std::sync::LazyLock;

use core_service::{
    domain::exchange::{CallContext, Direction, Payload, Payloads},
    guardrail::{
        judge::judge,
        pieces::{LOOK_BACK, Pieces, Terms},
    },
    policy::{compile::compile, load::BUILT_IN, set::PolicySet},
};
use libfuzzer_sys::fuzz_target;

static SET: LazyLock<PolicySet> = LazyLock::new(|| {
    // A block ends a text.
    let policy = compile(&BUILT_IN.replace("action: block", "action: alert")).expect("the built-in policy compiles");
    PolicySet::new(vec![policy.into()]).expect("its rules compile")
});

fuzz_target!(|input: (u16, &str)| {
    let (step, text) = input;
    let terms = Terms { policies: Vec::new(), context: CallContext::default(), direction: Direction::Request };
    let mut pieces = Pieces::new(terms);
    let (mut rest, mut last) = (text, None);
    while !rest.is_empty() {
        let (piece, next) = rest.split_at(rest.ceil_char_boundary((1 + usize::from(step)).min(rest.len())));
        last = Some(pieces.push(&SET, piece, None).expect("no policy is named"));
        rest = next;
    }
    if let Some((decision, _)) = last.filter(|_| text.len() <= LOOK_BACK) {
        let whole = Payloads::Request(Payload::Text(text.to_owned()));
        let whole = judge(&SET, &[], &whole, None, &CallContext::default(), None).expect("a text can be read");
        assert_eq!(decision, whole.decision);
    }
});
