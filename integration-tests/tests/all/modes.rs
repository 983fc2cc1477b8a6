//! One program or two: the same answers; and what happens when the second one is away.

use integration_tests::{Client, Program, Setup, until};
use serde_json::{Value, json};

fn two() -> (Program, Program) {
    let core = Setup::core().start();
    let adapter = adapter_of(&core).start();
    (core, adapter)
}

fn adapter_of(core: &Program) -> Setup {
    Setup::portcullis().env("PORTCULLIS_CORE_URL", &format!("http://{}", core.grpc_address()))
}

/// The body without what is new in every answer.
fn stable(mut body: Value) -> Value {
    for field in ["id", "time", "request_id", "duration_us", "sequence"] {
        if !body[field].is_null() {
            body[field] = json!("…");
        }
    }
    body
}

#[tokio::test]
async fn remote_and_embedded_give_the_same_answers() {
    let (_core, adapter) = two();
    assert!(!adapter.has_grpc());
    let embedded = Setup::portcullis().start();
    let both = [Client::of(&adapter), Client::of(&embedded)];
    let secret = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
    let calls = [
        json!({"requestBody": {"model": "m", "messages": [{"role": "user", "content": "hello"}]}}),
        json!({"requestBody": {"messages": [{"role": "user", "content": format!("key {secret}, ann@example.org")}]}}),
        json!({"requestBody": {"messages": []}, "responseBody": {"choices": [{"message": {"content": secret}}]}}),
        json!({"requestBody": {"messages": 5}}),
        json!({"requestBody": {"a": "b"}, "config": {"policy": "nobody"}}),
        json!({}),
    ];
    for call in &calls {
        for sync in [true, false] {
            let mut answers = Vec::new();
            for client in &both {
                let answer = client.guard(&format!("sync={sync}"), call).await;
                let body = answer.json();
                // An error has an id too, for the log lines: it is no event.
                if body["request_id"].is_string() && body["error"].is_null() {
                    client.settled(&body["request_id"], 1).await;
                }
                answers.push((answer.status, stable(body)));
            }
            assert_eq!(answers[0], answers[1], "{call}");
        }
    }
    let mut lists = Vec::new();
    for client in &both {
        let events = client.events("").await;
        lists.push(events.into_iter().map(stable).collect::<Vec<_>>());
    }
    assert!(lists[0].len() >= 5);
    assert_eq!(lists[0], lists[1]);
}

/// Else an alert on a log that is not up would be raised for ever.
#[tokio::test]
async fn an_adapter_alone_shows_no_log() {
    let (_core, adapter) = two();
    let page = String::from_utf8(Client::of(&adapter).get("/metrics").await.body).unwrap();
    assert!(page.contains("portcullis_build_info{") && page.contains("portcullis_refused_calls_total{"), "{page}");
    assert!(!page.contains("portcullis_log_") && !page.contains("portcullis_policies"), "{page}");
}

#[tokio::test]
async fn a_core_that_is_away_is_503_and_never_a_pass() {
    let setup = Setup::core();
    let core = setup.start();
    let adapter = adapter_of(&core).start();
    let client = Client::of(&adapter);
    let good = json!({"requestBody": {"messages": [{"role": "user", "content": "hello"}]}});
    assert_eq!(client.guard("sync=true", &good).await.status, 200);
    let address = core.grpc_address().to_owned();
    core.kill();

    let answer = client.guard("sync=true", &good).await;
    assert_eq!((answer.status, &answer.json()["error"]), (503, &json!("unavailable")));
    assert_eq!(answer.headers["retry-after"], "1");
    assert!(!String::from_utf8_lossy(&answer.body).contains("true"));
    assert_eq!(client.get("/readyz").await.status, 503);
    assert_eq!(client.get("/healthz").await.status, 200);

    let again = setup.env("PORTCULLIS_GRPC_LISTEN", &address).start();
    until(|| async { (client.guard("sync=true", &good).await.status == 200).then_some(()) }).await;
    assert_eq!(client.get("/readyz").await.status, 200);
    drop(again);
}

#[tokio::test]
async fn a_core_that_asks_for_credentials_gets_them() {
    let core = Setup::core().env("PORTCULLIS_AUTH_BEARER_TOKENS", "inner").start();
    let good = json!({"requestBody": {"messages": [{"role": "user", "content": "hello"}]}});
    let with = adapter_of(&core).env("PORTCULLIS_CORE_BEARER_TOKEN", "inner").start();
    assert_eq!(Client::of(&with).guard("sync=true", &good).await.status, 200);
    let without = adapter_of(&core).start();
    assert_eq!(
        Client::of(&without).guard("sync=true", &good).await.status,
        503,
        "the caller's own credentials are not at fault"
    );
}
