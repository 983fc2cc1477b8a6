//! Any JSON through judge and mask, as OPERATION_MUTATE takes it.

use std::sync::{Arc, LazyLock};

use proptest::{
    prelude::*,
    sample::{Index, select},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    detect::rules,
    domain::{decision::Action, exchange::CallContext, finding::Detector},
    guardrail::judge::{Judgement, judge},
    policy::{compile, set::PolicySet},
};

const KEY: [u8; 32] = [7; 32];

/// What is found has one spelling, so that one placeholder stands for it and can be put back.
static SET: LazyLock<PolicySet> = LazyLock::new(|| {
    let policy = "
name: fruit
scope: {roles: [system, developer, user, assistant, tool, tool_call, other]}
rules:
  - {name: mask, detector: keywords, words: [banana], action: mask}
  - {name: stop, detector: keywords, words: [cherry], action: block}
";
    PolicySet::new(vec![Arc::new(compile::compile(policy).unwrap())]).unwrap()
});

const NAMES: &[&str] = &[
    "messages",
    "choices",
    "message",
    "content",
    "role",
    "type",
    "text",
    "tool_calls",
    "function",
    "arguments",
    "name",
    "input",
    "output",
    "prompt",
    "params",
    "jsonrpc",
    "result",
    "structuredContent",
    "isError",
    "data",
    "image_url",
    "logprobs",
    "system",
    "instructions",
    "reasoning_details",
    "source",
    "resource",
    "a banana key",
    "a~/b",
    "x",
];
const WORDS: &[&str] = &[
    "user",
    "assistant",
    "tool",
    "text",
    "image",
    "tool_use",
    "tool_result",
    "function_call",
    "function_call_output",
    "tools/call",
    "2.0",
    "banana",
    "a banana",
    "(banana) \u{e9}\u{1F600}\"\\\n",
    "one banana, two banana",
    "plain text",
];

fn any_document() -> impl Strategy<Value = Value> {
    let leaf = || {
        prop_oneof![
            1 => Just(Value::Null),
            1 => any::<bool>().prop_map(Value::from),
            1 => any::<u64>().prop_map(Value::from),
            5 => select(WORDS).prop_map(Value::from),
        ]
    };
    let nested = |depth| {
        leaf().prop_recursive(depth, 48, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::vec((select(NAMES), inner), 0..6).prop_map(|fields| {
                    Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
                }),
            ]
        })
    };
    // JSON in strings, as arguments and answers are.
    let held = nested(3).prop_map(|value| Value::String(value.to_string()));
    let any = prop_oneof![3 => nested(5), 1 => held];
    prop_oneof![
        2 => any.clone(),
        1 => any.clone().prop_map(|content| json!({"messages": [{"role": "tool", "content": content}]})),
        1 => any.clone().prop_map(|content| json!({"choices": [{"message": {"role": "assistant", "content": content}}]})),
        1 => any.clone().prop_map(|call| json!({"choices": [{"message": {"tool_calls": [{"function": {"arguments": call}}]}}]})),
        1 => any.clone().prop_map(|arguments| json!({"name": "f", "arguments": arguments})),
        1 => any.clone().prop_map(|found| json!({"content": [{"type": "text", "text": "a banana"}], "structuredContent": found})),
        1 => any.prop_map(|item| json!({"input": [item], "output": [{"type": "function_call", "arguments": "{\"a\": \"banana\"}"}]})),
    ]
}

/// All that is built in, masked, over texts in which it is found.
static ALL: LazyLock<PolicySet> = LazyLock::new(|| {
    let rules = Detector::BUILT_IN
        .map(|detector| format!("  - {{detector: {}, action: mask, threshold: 0, mask: partial}}", detector.as_str()));
    let scope = "scope: {roles: [system, developer, user, assistant, tool, tool_call, other]}";
    let policy = format!("name: all\n{scope}\nrules:\n{}\n", rules.join("\n"));
    PolicySet::new(vec![Arc::new(compile::compile(&policy).unwrap())]).unwrap()
});

static SAMPLES: LazyLock<Vec<&str>> =
    LazyLock::new(|| rules::all().flat_map(|rule| rule.matches.iter().copied()).collect());

fn ask(direction: Direction, document: &str) -> Option<(Judgement, Payloads)> {
    let payload = Payload::Json(document.to_owned().into());
    let payloads = match direction {
        Direction::Request => Payloads::Request(payload),
        Direction::Response => Payloads::Response(payload),
    };
    let judgement = judge(&SET, &[], &payloads, None, &CallContext::default(), None).ok()?;
    Some((judgement, payloads))
}

fn text(payload: Payload) -> String {
    match payload {
        Payload::Json(json) => String::from_utf8(json.to_vec()).unwrap(),
        Payload::Text(text) => text,
    }
}

proptest! {
    /// Outside of what is masked every byte stays; what is masked is gone; to mask it again changes nothing.
    #[test]
    fn a_masked_payload_is_the_payload_outside_of_the_spans(document in any_document(), response in any::<bool>()) {
        let direction = if response { Direction::Response } else { Direction::Request };
        let document = document.to_string();
        let Some((judgement, payloads)) = ask(direction, &document) else { return Ok(()) };
        let masked = mask(KEY, &payloads, &judgement.to_mask, &judgement.repeats).unwrap();
        let (here, there) = if response { (masked.response, masked.request) } else { (masked.request, masked.response) };
        prop_assert!(there.is_none());
        prop_assert_eq!(here.is_some(), judgement.decision.action == Action::Mask);
        let Some(masked) = here.map(text) else { return Ok(()) };
        // Those have a test of their own: they go whole.
        prop_assume!(judgement.repeats.is_empty());
        prop_assert!(serde_json::from_str::<Value>(&masked).is_ok());
        prop_assert_eq!(masked.matches("[KEYWORDS_1]").count() as u64, judgement.decision.violations_total);
        prop_assert_eq!(masked.replace("[KEYWORDS_1]", "banana"), document);
        let (again, _) = ask(direction, &masked).unwrap();
        prop_assert_eq!(again.decision.action, Action::Allow);
    }

    /// Whatever is found wherever: it can be masked, and what was JSON stays JSON.
    #[test]
    fn whatever_is_found_can_be_masked(
        document in any_document(), samples in prop::collection::vec(any::<Index>(), 1..4), response in any::<bool>(),
    ) {
        let direction = if response { Direction::Response } else { Direction::Request };
        let mut document = document.to_string();
        for (word, sample) in ["banana", "plain text", "user"].into_iter().zip(samples) {
            let sample = Value::from(*sample.get(&SAMPLES)).to_string();
            document = document.replace(&format!("\"{word}\""), &sample);
        }
        let payload = Payload::Json(document.into());
        let payloads = match direction {
            Direction::Request => Payloads::Request(payload),
            Direction::Response => Payloads::Response(payload),
        };
        let Ok(judgement) = judge(&ALL, &[], &payloads, None, &CallContext::default(), None) else { return Ok(()) };
        let masked = mask(KEY, &payloads, &judgement.to_mask, &judgement.repeats).unwrap();
        if let Some(masked) = masked.request.or(masked.response) {
            prop_assert!(serde_json::from_str::<Value>(&text(masked)).is_ok());
        }
    }

    #[test]
    fn a_block_beats_a_mask(document in any_document()) {
        let document = json!([document, "a cherry"]).to_string();
        let (judgement, _) = ask(Direction::Request, &document).unwrap();
        prop_assert_eq!(judgement.decision.action, Action::Block);
    }
}

#[test]
fn log_probabilities_do_not_tell_what_is_masked() {
    let choice = |content: &str, logprobs: &str| {
        format!(r#"{{"message":{{"role":"assistant","content":"{content}"}},"logprobs":{logprobs}}}"#)
    };
    let tokens = r#"{"content":[{"token":"ban","bytes":[98]},{"token":"ana"}]}"#;
    let answer = |first: &str, second: &str| format!(r#"{{"choices": [{first}, {second}]}}"#);
    let document = answer(&choice("banana", tokens), &choice("apple", tokens));
    let (judgement, payloads) = ask(Direction::Response, &document).unwrap();
    let masked = mask(KEY, &payloads, &judgement.to_mask, &judgement.repeats).unwrap().response.map(text).unwrap();
    assert_eq!(masked, answer(&choice("[KEYWORDS_1]", "null"), &choice("apple", tokens)));
    let (judgement, payloads) = ask(Direction::Response, &masked).unwrap();
    assert!(mask(KEY, &payloads, &judgement.to_mask, &judgement.repeats).unwrap().response.is_none());
}
