use axum::Router;
use portcullis_api::v1;
use serde_json::{Value, json};

use super::*;
use crate::{
    AdapterSettings,
    testing::{Call, FakeCore, TRUEFOUNDRY, ask, get, post, send},
};

async fn issue(router: &Router) -> String {
    let (status, body) = ask(router, posted("/v1/canary", &Value::Null)).await;
    assert_eq!((status, &body["prefix"], &body["contract"]), (StatusCode::OK, &json!(PREFIX), &json!("status")));
    body["id"].as_str().unwrap().to_owned()
}

fn posted(path: &str, body: &Value) -> http::Request<axum::body::Body> {
    let mut request = post("", body.to_string());
    *request.uri_mut() = path.parse().unwrap();
    request
}

fn call(text: &str) -> http::Request<axum::body::Body> {
    let body = json!({"requestBody": {"messages": [{"role": "user", "content": text}]}});
    posted(TRUEFOUNDRY, &body)
}

fn marker(id: &str, probe: &str) -> String {
    format!("Reference: {PREFIX}{id}-{probe}.")
}

async fn seen(router: &Router, id: &str) -> Value {
    ask(router, get(&format!("/v1/canary/{id}"))).await.1["seen"].clone()
}

fn recordings(core: &FakeCore) -> Vec<Recording> {
    let check = |call: &Call| if let Call::Check(check) = call { Some(check.recording()) } else { None };
    core.calls().iter().filter_map(check).collect()
}

#[tokio::test]
async fn a_probe_is_answered_in_the_contract_that_it_names() {
    let core = FakeCore::content();
    let router = core.router(AdapterSettings::default());
    let id = issue(&router).await;
    let mut answers = Vec::new();
    for probe in ["attack", "good", "status", "verdict", "outage"] {
        let (status, body) = ask(&router, call(&marker(&id, probe))).await;
        answers.push((status.as_u16(), body["verdict"].as_bool()));
    }
    assert_eq!(answers, [(200, Some(true)), (200, Some(true)), (400, Some(false)), (200, Some(false)), (503, None)]);
    assert_eq!(seen(&router, &id).await, json!(["attack", "good", "status", "verdict", "outage"]));
    // What is staged and harmless is no traffic.
    let [always, staged] = [Recording::Always, Recording::IfViolated];
    assert_eq!(recordings(&core), [always, always, staged, staged, staged]);
}

/// The one thing that must hold whatever a caller writes: a marker opens nothing.
#[tokio::test]
async fn what_the_policies_block_is_answered_as_ever() {
    let blocked = CheckResponse {
        verdict: Verdict::Fail.into(),
        action: Action::Block.into(),
        message: "no".to_owned(),
        ..CheckResponse::default()
    };
    for contract in [Contract::Status, Contract::Verdict] {
        let settings = AdapterSettings { contract, ..AdapterSettings::default() };
        let router = FakeCore::content().checks(blocked.clone()).router(settings);
        let id = ask(&router, posted("/v1/canary", &Value::Null)).await.1["id"].as_str().unwrap().to_owned();
        let plain = ask(&router, call("an attack")).await;
        for probe in ["attack", "good", "status", "verdict", "outage"] {
            assert_eq!(ask(&router, call(&marker(&id, probe))).await, plain, "{contract:?} {probe}");
        }
    }
}

#[tokio::test]
async fn a_name_that_was_not_issued_changes_nothing() {
    let core = FakeCore::content();
    let router = core.router(AdapterSettings::default());
    let id = issue(&router).await;
    let foreign = "0".repeat(NAME_BYTES);
    let texts = [
        marker(&foreign, "status"),
        marker(&id[1..], "status"),
        marker(&id.to_uppercase().replace(char::is_numeric, "A"), "status"),
        marker(&id, "statuses"),
        marker(&id, ""),
        format!("{PREFIX}{id}"),
        PREFIX.repeat(10_000),
        // Behind more prefixes than are looked at.
        format!("{}{}", PREFIX.repeat(MAX_PLACES), marker(&id, "status")),
    ];
    for text in texts {
        assert_eq!(ask(&router, call(&text)).await.0, StatusCode::OK);
    }
    assert_eq!(seen(&router, &id).await, json!([]));
    assert_eq!(ask(&router, get(&format!("/v1/canary/{foreign}"))).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(&router, get("/v1/canary/%FF")).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_oldest_run_ends_when_there_are_too_many() {
    let router = FakeCore::content().router(AdapterSettings::default());
    let first = issue(&router).await;
    for _ in 0..MAX_RUNS {
        issue(&router).await;
    }
    assert_eq!(ask(&router, call(&marker(&first, "status"))).await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_end_of_a_run_is_recorded_once() {
    let core = FakeCore::content().records_canary(v1::RecordCanaryResponse { event_id: "n-1".to_owned() });
    let router = core.router(AdapterSettings::default());
    let id = issue(&router).await;
    let path = format!("/v1/canary/{id}");
    let body = json!({"gateway": "gw:1", "model": "m", "problems": ["good_blocked"], "report": {"a": 1}});
    assert_eq!(ask(&router, posted(&path, &body)).await, (StatusCode::OK, json!({"event": "n-1"})));
    let [Call::RecordCanary(recorded)] = &core.calls()[..] else { panic!("{:?}", core.calls()) };
    assert_eq!((recorded.gateway.as_str(), &recorded.report[..]), ("gw:1", &b"{\"a\":1}"[..]));
    assert_eq!(recorded.problems, ["good_blocked"]);
    // Its name has become worthless.
    assert_eq!(ask(&router, posted(&path, &body)).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(&router, call(&marker(&id, "status"))).await.0, StatusCode::OK);
    let id = issue(&router).await;
    let refused = send(&router, posted(&format!("/v1/canary/{id}"), &json!({"problems": "x"}))).await;
    assert_eq!(refused.status(), 422);
}
