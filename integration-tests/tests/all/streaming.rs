//! `streaming=true`: the answer that no hook saw, recorded from the next request, once.

use integration_tests::{Client, Setup, until};
use serde_json::{Value, json};

const POLICY: &str = "
name: default
rules: [{name: nut, detector: keywords, words: [almond], action: block, directions: [response]}]
";

fn body(turns: &[(&str, &str)]) -> Value {
    let turns: Vec<Value> = turns.iter().map(|(role, text)| json!({"role": role, "content": text})).collect();
    json!({
        "requestBody": {"model": "m", "messages": turns},
        "context": {"user": {"subjectId": "u-1", "subjectSlug": "ann"}, "metadata": {"session_id": "s"}},
    })
}

/// The exchanges that were recorded late, once all of them are judged.
async fn late(client: &Client, count: usize) -> Vec<Value> {
    until(|| async {
        let events = client.events("late=true&limit=1000").await;
        let judged = events.iter().all(|event| event["analysis"] == "done");
        (events.len() >= count && judged).then_some(events)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_streamed_answer_is_recorded_once_and_judged_like_a_response() {
    let setup = Setup::portcullis().policy("default.yaml", POLICY);
    let program = setup.start();
    let client = Client::of(&program);
    let mut said = vec![("user", "what is in it?")];
    assert_eq!(client.guard("sync=true&streaming=true", &body(&said)).await.status, 200);
    assert_eq!(client.events("late=true").await, Vec::<Value>::new());
    said.extend([("assistant", "an almond"), ("user", "thank you")]);
    let passed = client.guard("sync=true&streaming=true", &body(&said)).await;
    assert_eq!((passed.status, &passed.json()["verdict"]), (200, &json!(true)));
    let events = late(&client, 1).await;
    assert_eq!(events.len(), 1, "once, although the session has seen it too");
    let event = &events[0];
    assert_eq!(
        (&event["kind"], &event["session"], &event["action"]),
        (&json!("exchange"), &json!("s"), &json!("block"))
    );
    assert_eq!((&event["violations"][0]["rule"], &event["enforced"]), (&json!("nut"), &json!(false)));
    let stored = client.get(&format!("/v1/events/{}", event["id"].as_str().unwrap())).await.json();
    let asked = json!({"model": "m", "messages": [{"role": "user", "content": "what is in it?"}]});
    let answered = json!({"choices": [{"message": {"role": "assistant", "content": "an almond"}}]});
    assert_eq!((&stored["request"], &stored["response"]), (&asked, &answered));

    // Every call brings it again, and so does a caller who saw no answer because the program was killed.
    client.guard("sync=true&streaming=true", &body(&said)).await;
    program.kill();
    let program = setup.start();
    let client = Client::of(&program);
    said.extend([("assistant", "you are welcome"), ("user", "bye")]);
    client.guard("sync=false&streaming=true", &body(&said[..3])).await;
    assert_eq!(late(&client, 1).await.len(), 1);
    let nothing = client.guard("sync=false&streaming=true", &body(&said)).await;
    assert_eq!(nothing.json(), json!({"verdict": true, "allowed": true, "analysis": "none"}), "of this call, nothing");
    assert_eq!(late(&client, 2).await.len(), 2);
    client.guard("sync=false&streaming=false", &body(&[("user", "a"), ("assistant", "b"), ("user", "c")])).await;
    assert_eq!(late(&client, 2).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_small_talk_twice_is_two_turns() {
    let program = Setup::portcullis().policy("default.yaml", POLICY).start();
    let client = Client::of(&program);
    let mut said = Vec::new();
    for round in 1..=3 {
        said.extend([("user", "hi"), ("assistant", "hello"), ("user", "hi")]);
        client.guard("streaming=true", &body(&said)).await;
        assert_eq!(late(&client, round).await.len(), round);
        said.pop();
    }
    let refused = client.guard("streaming=maybe", &body(&said)).await;
    assert_eq!((refused.status, &refused.json()["field"]), (422, &json!("streaming")));
}
