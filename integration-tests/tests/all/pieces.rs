//! A text that arrives in pieces over CheckStream.

use integration_tests::{Program, Setup, grpcurl};
use serde_json::{Value, json};

fn stream(program: &Program, questions: &[Value]) -> Vec<Value> {
    let questions: String = questions.iter().map(Value::to_string).collect();
    let method = "portcullis.v1.GuardrailService/CheckStream";
    let answer = grpcurl(&["-d", &questions, program.grpc_address(), method]).unwrap();
    serde_json::Deserializer::from_str(&answer).into_iter().map(Result::unwrap).collect()
}

fn events(program: &Program, request_id: &Value) -> Vec<Value> {
    let filter = json!({"filter": {"requestId": request_id}}).to_string();
    let answer = grpcurl(&["-d", &filter, program.grpc_address(), "portcullis.v1.EventService/ListEvents"]).unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    answer["events"].as_array().cloned().unwrap_or_default()
}

#[test]
fn a_secret_that_is_split_is_found_and_recorded_once() {
    let program = Setup::core().start();
    let answers = stream(
        &program,
        &[
            json!({"id": "a", "check": {"request": {"text": "the key?"}}, "piece": {"text": "It is AKIA3XQ7"}}),
            json!({"id": "b", "check": {"context": {"user": "bob"}}, "piece": {"text": "Write to ann@exam"}}),
            json!({"id": "a", "piece": {"text": "ZP5LMV2RTB4N"}}),
            json!({"id": "b", "piece": {"text": "ple.org", "last": true}}),
            json!({"id": "a", "piece": {"text": " and so on", "last": true}}),
            json!({"id": "c", "check": {"request": {"text": "hello"}}}),
        ],
    );
    let seen: Vec<_> = answers.iter().map(|answer| (&answer["id"], &answer["result"]["action"])).collect();
    let expected = [
        ("a", "ACTION_ALLOW"),
        ("b", "ACTION_ALLOW"),
        ("a", "ACTION_BLOCK"),
        ("b", "ACTION_ALERT"),
        ("a", "ACTION_BLOCK"),
        ("c", "ACTION_ALLOW"),
    ];
    let expected: Vec<_> = expected.iter().map(|(id, action)| (json!(id), json!(action))).collect();
    assert_eq!(seen, expected.iter().map(|(id, action)| (id, action)).collect::<Vec<_>>(), "{answers:?}");
    let at = &answers[2]["result"]["violations"][0]["location"];
    assert_eq!((&at["direction"], &at["start"], &at["end"]), (&json!("DIRECTION_RESPONSE"), &json!(6), &json!(26)));
    let coverage = &answers[4]["result"]["coverage"];
    assert_eq!((&coverage["bytesScanned"], &coverage["bytesTotal"]), (&json!("26"), &json!("36")));

    let blocked = events(&program, &answers[0]["result"]["requestId"]);
    let kinds: Vec<_> = blocked.iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["EVENT_KIND_EXCHANGE", "EVENT_KIND_DECISION"]);
    // What passes is written behind.
    let passed = loop {
        let passed = events(&program, &answers[1]["result"]["requestId"]);
        if !passed.is_empty() {
            break passed;
        }
    };
    assert_eq!((passed.len(), &passed[0]["user"], &passed[0]["action"]), (1, &json!("bob"), &json!("ACTION_ALERT")));
}

#[test]
fn a_text_without_an_end_is_recorded_when_the_stream_ends() {
    let program = Setup::core().start();
    let answers = stream(&program, &[json!({"id": "a", "check": {}, "piece": {"text": "hello"}})]);
    let request_id = &answers[0]["result"]["requestId"];
    loop {
        if let [event] = events(&program, request_id).as_slice() {
            assert_eq!(
                (&event["kind"], &event["coverage"]["bytesTotal"]),
                (&json!("EVENT_KIND_DECISION"), &json!("5"))
            );
            break;
        }
    }
}

#[test]
fn a_wrong_piece_is_an_error_and_ends_its_text_alone() {
    let program = Setup::core().start();
    let long = "a".repeat((32 << 10) + 1);
    let answers = stream(
        &program,
        &[
            json!({"id": "a", "piece": {"text": "no beginning"}}),
            json!({"id": "b", "check": {}, "piece": {"text": "x"}}),
            json!({"id": "b", "piece": {"text": long}}),
            json!({"id": "b", "piece": {"text": "x"}}),
            json!({"id": "c", "check": {"operation": "OPERATION_MUTATE"}, "piece": {"text": "x"}}),
            json!({"id": "d", "check": {"response": {"text": "x"}}, "piece": {"text": "x"}}),
            json!({"id": "e", "check": {"policies": ["nobody"]}, "piece": {"text": "x"}}),
            json!({"id": "f", "check": {"judge": "DIRECTION_REQUEST"}, "piece": {"text": "x", "last": true}}),
        ],
    );
    let reasons: Vec<_> = answers.iter().map(|answer| answer["error"]["reason"].as_str().unwrap_or("-")).collect();
    let invalid = "INVALID_ARGUMENT";
    assert_eq!(reasons, [invalid, "-", invalid, invalid, invalid, invalid, "UNKNOWN_POLICY", "-"], "{answers:?}");
    for (answer, field) in
        [(0, "check"), (2, "piece.text"), (3, "check"), (4, "check.operation"), (5, "check.response")]
    {
        let message = answers[answer]["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("{field}: ")), "{message}");
    }
}
