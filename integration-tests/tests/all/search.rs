//! Text search, as people use it: over HTTP, on the page, and over a crash.

use integration_tests::{Answer, Client, Setup, until};
use serde_json::{Value, json};

async fn said(client: &Client, text: &str) {
    let body = json!({"request": {"text": text}, "response": {"text": "very well"}}).to_string();
    assert_eq!(client.post("/v1/ingest", body).await.status, 200);
}

/// Once so many are indexed and none waits.
async fn search(client: &Client, text: &str, indexed: u64) -> Value {
    until(|| async {
        let answer = client.get(&format!("/v1/events?text={text}")).await.json();
        let search = &answer["search"];
        (search["waiting"] == 0 && search["indexed_sequence"].as_u64() >= Some(indexed)).then_some(answer)
    })
    .await
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

fn sequences(answer: &Value) -> Vec<u64> {
    answer["events"].as_array().unwrap().iter().map(|event| event["sequence"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn words_are_found_once_they_are_judged_and_after_a_crash() {
    let setup = Setup::portcullis();
    let program = setup.start();
    let client = Client::of(&program);
    said(&client, "the grey falcon flies").await;
    said(&client, "a falcon, and ann.sparrow@example.org").await;
    assert_eq!(sequences(&search(&client, "falcon", 2).await), [2, 1]);
    assert_eq!(sequences(&search(&client, "%22grey+falcon%22", 2).await), [1]);
    assert_eq!(sequences(&search(&client, "sparrow", 2).await), Vec::<u64>::new());
    program.kill();
    let program = setup.start();
    let client = Client::of(&program);
    said(&client, "falcon").await;
    assert_eq!(sequences(&search(&client, "falcon", 3).await), [3, 2, 1]);
    let page = text(&client.get("/events?text=falcon").await);
    assert!(page.contains("Indexed up to"), "{page}");
    for wrong in ["%22%22", "%2A"] {
        assert_eq!(client.get(&format!("/v1/events?text={wrong}")).await.status, 422);
    }
    assert!(text(&client.get("/metrics").await).contains("portcullis_search_lag_records 0"));
}

#[tokio::test]
async fn encrypted_payloads_have_no_index_unless_that_is_asked_for() {
    let setup = Setup::portcullis().env("PORTCULLIS_LOG_KEY", &"ab".repeat(32));
    let program = setup.start();
    let client = Client::of(&program);
    said(&client, "the grey falcon flies").await;
    let refused = client.get("/v1/events?text=falcon").await;
    assert_eq!(refused.status, 403);
    assert!(text(&refused).contains("payloads are encrypted"), "{}", text(&refused));
    assert!(!program.folder().join("data/search.db").exists());
    drop(program);
    let program = setup.env("PORTCULLIS_LOG_SEARCH", "on").start();
    assert_eq!(sequences(&search(&Client::of(&program), "falcon", 1).await), [1]);
}
