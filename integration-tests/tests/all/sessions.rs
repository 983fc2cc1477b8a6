//! Conversations: what is not scanned twice, what is found late, and who has to wait for it.

use integration_tests::{Setup, grpcurl, until};
use serde_json::{Value, json};

const POLICY: &str = "
name: talk
message: not here
rules:
  - {name: fruit, detector: keywords, words: [banana], action: block, directions: [request]}
  - {name: nut, detector: keywords, words: [almond], action: block, directions: [response]}
  - {name: bird, detector: keywords, words: [bluebird], action: block, match: substring, directions: [request]}
session:
  joined_turns: 3
  quarantine: {minutes: 60, on: [late]}
";

fn call(address: &str, method: &str, message: &Value) -> Value {
    let answer = grpcurl(&["-d", &message.to_string(), address, &format!("portcullis.v1.{method}")]).unwrap();
    serde_json::from_str(&answer).unwrap()
}

fn turns(turns: &[(&str, &str)]) -> Value {
    let turns: Vec<Value> = turns.iter().map(|(role, text)| json!({"role": role, "content": text})).collect();
    json!({"document": {"messages": turns}})
}

/// One user's session, at one credential's door.
fn check(address: &str, principal: &str, session: &str, said: &[(&str, &str)]) -> Value {
    let context = json!({"user": "ann", "principal": principal, "metadata": {"session_id": session}});
    let question = json!({"request": turns(said), "context": context, "policies": ["talk"]});
    call(address, "GuardrailService/Check", &question)
}

fn late(address: &str) -> Vec<Value> {
    let listed = call(address, "EventService/ListEvents", &json!({"filter": {"late": true}}));
    listed["events"].as_array().cloned().unwrap_or_default()
}

#[test]
fn unchanged_history_is_in_the_receipt_until_the_policy_changes() {
    let setup = Setup::core().policy("talk.yaml", POLICY);
    let program = setup.start();
    let address = program.grpc_address();
    let long = "a long story ".repeat(100);
    let first = [("user", long.as_str())];
    let second = [("user", long.as_str()), ("assistant", "yes"), ("user", "go on")];
    let coverage = |answer: &Value| {
        let coverage = &answer["coverage"];
        assert_eq!(coverage["status"], "COVERAGE_STATUS_COMPLETE", "{answer}");
        [&coverage["bytesScanned"], &coverage["bytesUnchanged"]].map(|bytes| bytes.as_str().unwrap_or("0").to_owned())
    };
    assert_eq!(coverage(&check(address, "p", "s", &first)), ["1300", "0"]);
    assert_eq!(coverage(&check(address, "p", "s", &second)), ["5", "1300"]);
    for (principal, session) in [("q", "s"), ("p", "t")] {
        assert_eq!(coverage(&check(address, principal, session, &second)), ["1305", "0"], "others know nothing of it");
    }
    let digest = |answer: &Value| answer["coverage"]["policies"][0]["digest"].clone();
    let before = digest(&check(address, "p", "s", &second));
    setup.write_policy("talk.yaml", &POLICY.replace("banana", "cherry"));
    let reloaded = loop {
        let answer = check(address, "p", "s", &second);
        if digest(&answer) != before {
            break answer;
        }
    };
    assert_eq!(coverage(&reloaded), ["1305", "0"]);
    let clean = check(address, "p", "s", &[("user", "blue"), ("user", "sky")]);
    assert_eq!(clean["verdict"], "VERDICT_PASS");
    let split = check(address, "p", "s", &[("user", "blue"), ("assistant", "?"), ("user", "bird")]);
    assert_eq!((&split["verdict"], &split["violations"][0]["rule"]), (&json!("VERDICT_FAIL"), &json!("bird")));
}

#[test]
fn a_late_violation_is_one_event_and_suspends_the_session_and_no_other() {
    let setup = Setup::core().policy("talk.yaml", POLICY);
    let program = setup.start();
    let address = program.grpc_address();
    let said = [("user", "what is in it?"), ("assistant", "an almond"), ("user", "thank you")];
    assert_eq!(check(address, "p", "s", &said)["verdict"], "VERDICT_PASS");
    let refused = check(address, "p", "s", &said);
    assert_eq!(refused["verdict"], "VERDICT_FAIL");
    let violation = &refused["violations"][0];
    assert_eq!(
        (&violation["rule"], &violation["category"], &violation["policy"], &violation["detectorRule"]),
        (&json!("session_quarantined"), &json!("session"), &json!("talk"), &json!("late"))
    );
    assert_eq!(refused["coverage"]["status"], "COVERAGE_STATUS_NOT_CHECKED");
    let found = late(address);
    assert_eq!(found.len(), 1, "{found:?}");
    let event = &found[0];
    assert_eq!(
        (&event["kind"], &event["session"], &event["principal"], &event["user"], &event["enforced"]),
        (&json!("EVENT_KIND_EXCHANGE"), &json!("s"), &json!("/p"), &json!("ann"), &Value::Null)
    );
    assert_eq!(event["violations"][0]["location"]["pointer"], "/choices/0/message/content");
    let listed = json!({"filter": {"session": "s", "action": "ACTION_BLOCK", "kind": "EVENT_KIND_DECISION"}});
    let listed = call(address, "EventService/ListEvents", &listed);
    assert_eq!(listed["events"][0]["violations"][0]["rule"], "session_quarantined");
    for (principal, session) in [("q", "s"), ("p", "t")] {
        assert_eq!(check(address, principal, session, &[("user", "hello")])["verdict"], "VERDICT_PASS");
    }
    // What is remembered ends with the process; what is recorded does not come twice.
    program.kill();
    let program = setup.start();
    let address = program.grpc_address();
    assert_eq!(check(address, "p", "s", &said)["verdict"], "VERDICT_PASS");
    assert_eq!(late(address).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_handed_in_suspends_the_session_once_it_is_judged() {
    let program = Setup::core().policy("talk.yaml", POLICY).start();
    let address = program.grpc_address();
    let context = json!({"user": "ann", "principal": "p", "metadata": {"session_id": "s"}});
    let answer = json!({"choices": [{"message": {"content": "an almond"}}]});
    let exchange = json!({
        "request": {"text": "what is in it?"}, "response": {"document": answer}, "context": context,
        "policies": ["talk"],
    });
    call(address, "IngestionService/Ingest", &exchange);
    until(|| async {
        let answer =
            check(address, "p", "s", &[("user", "what is in it?"), ("assistant", "an almond"), ("user", "ok")]);
        (answer["verdict"] == "VERDICT_FAIL").then_some(())
    })
    .await;
    assert_eq!(late(address), Vec::<Value>::new(), "it came as a response");
}
