//! Policies change while requests run, and none is dropped or judged by half a policy.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use integration_tests::{Client, Setup, until};
use serde_json::{Value, json};

fn policy(word: &str) -> String {
    format!(
        "name: fruit\napply: named\nrules: [{{name: {word}, detector: keywords, words: [{word}], action: block}}]\n"
    )
}

fn ask(text: &str) -> Value {
    json!({"requestBody": {"messages": [{"role": "user", "content": text}]}, "config": {"policy": "fruit"}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hot_reload_under_load_drops_no_request_and_mixes_no_policies() {
    let setup = Setup::portcullis().policy("fruit.yaml", &policy("apple"));
    let program = setup.start();
    let client = Client::of(&program);
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicUsize::new(0));
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (client, stop, asked) = (client.clone(), Arc::clone(&stop), Arc::clone(&asked));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let answer = client.guard("sync=true", &ask("an apple and a pear")).await;
                    // Whichever is in force, exactly one of the two objects.
                    assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(&answer.body));
                    assert_eq!(answer.json()["violations"].as_array().unwrap().len(), 1);
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for word in ["pear", "apple", "pear", "apple", "pear"] {
        setup.write_policy("fruit.yaml", &policy(word));
        until(|| async {
            let answer = client.guard("sync=true", &ask("an apple and a pear")).await.json();
            (answer["violations"][0]["rule"] == word).then_some(())
        })
        .await;
    }
    stop.store(true, Ordering::Relaxed);
    for task in load {
        task.await.unwrap();
    }
    assert!(asked.load(Ordering::Relaxed) > 0);
}

#[tokio::test]
async fn a_broken_file_keeps_the_last_good_and_readyz_says_so() {
    let setup = Setup::portcullis().policy("fruit.yaml", &policy("apple"));
    let program = setup.start();
    let client = Client::of(&program);
    let ready = client.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["status"]), (200, &json!("ready")));

    setup.write_policy("fruit.yaml", "name: fruit\nrules:\n  - detector: pii\n    action: blok\n");
    let degraded = until(|| async {
        let ready = client.get("/readyz").await;
        (ready.json()["status"] == "degraded").then_some(ready)
    })
    .await;
    assert_eq!(degraded.status, 200);
    let body = degraded.json();
    let fruit = body["policies"].as_array().unwrap().iter().find(|policy| policy["name"] == "fruit").unwrap();
    assert_eq!((&fruit["state"], &fruit["file"]), (&json!("stale"), &json!("fruit.yaml")));
    assert_eq!((&fruit["problems"][0]["line"], &fruit["problems"][0]["field"]), (&json!(4), &json!("rules[0].action")));
    assert_eq!(client.guard("sync=true", &ask("an apple")).await.status, 400, "the last good one is in force");

    setup.write_policy("fruit.yaml", &policy("pear"));
    until(|| async { (client.get("/readyz").await.json()["status"] == "ready").then_some(()) }).await;
    assert_eq!(client.guard("sync=true", &ask("an apple")).await.status, 200);
    assert_eq!(client.guard("sync=true", &ask("a pear")).await.status, 400);
}

#[tokio::test]
async fn a_folder_that_is_made_later_is_seen() {
    let setup = Setup::portcullis();
    let program = setup.start();
    let client = Client::of(&program);
    assert_eq!(client.guard("sync=true", &ask("an apple")).await.status, 422, "no such policy yet");
    setup.write_policy("fruit.yaml", &policy("apple"));
    until(|| async { (client.guard("sync=true", &ask("an apple")).await.status == 400).then_some(()) }).await;
}

#[tokio::test]
async fn a_policy_broken_from_the_start_is_shown_and_the_rest_serves() {
    let program = Setup::portcullis().policy("bad.yaml", "rules: 5").policy("fruit.yaml", &policy("apple")).start();
    assert!(program.printed().contains("bad.yaml): NOT LOADED"), "{}", program.printed());
    let client = Client::of(&program);
    assert_eq!(client.get("/readyz").await.json()["status"], "degraded");
    assert_eq!(client.guard("sync=true", &ask("an apple")).await.status, 400);
}
