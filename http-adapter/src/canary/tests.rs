use portcullis_api::v1::{Action, BeginCanaryResponse, EndCanaryResponse, GetCanaryResponse, Verdict, Violation};
use serde_json::json;

use super::*;
use crate::{
    AdapterSettings,
    testing::{Call, FakeCore, ask, get, post, post_to, send},
};

#[tokio::test]
async fn a_run_is_begun_looked_at_and_ended_by_the_core() {
    let begun = BeginCanaryResponse { id: "a".to_owned(), prefix: "p-".to_owned(), expires_in_s: 300 };
    let seen = GetCanaryResponse { seen: vec!["good".to_owned()] };
    let ended = EndCanaryResponse { event: "n-1".to_owned() };
    let core = FakeCore::default().begins_canary(begun).has_canary(seen).ends_canary(ended);
    let router = core.router(AdapterSettings { contract: Contract::Verdict, ..AdapterSettings::default() });
    let issued = json!({"id": "a", "prefix": "p-", "expires_in_s": 300, "contract": "verdict"});
    assert_eq!(ask(&router, post_to("/v1/canary", "")).await, (StatusCode::OK, issued));
    assert_eq!(ask(&router, get("/v1/canary/a")).await.1, json!({"seen": ["good"]}));
    let body = r#"{"gateway": "gw:1", "model": "m", "problems": ["good_blocked"], "report": {"a":1}}"#;
    assert_eq!(ask(&router, post_to("/v1/canary/a", body)).await, (StatusCode::OK, json!({"event": "n-1"})));
    let ended = EndCanaryRequest {
        id: "a".to_owned(),
        gateway: "gw:1".to_owned(),
        model: "m".to_owned(),
        problems: vec!["good_blocked".to_owned()],
        report: r#"{"a":1}"#.into(),
    };
    let calls = core.calls();
    assert!(matches!(&calls[..], [_, _, Call::EndCanary(asked)] if *asked == ended), "{calls:?}");

    let refused = send(&router, post_to("/v1/canary/a", r#"{"problems": "x"}"#)).await;
    assert_eq!(refused.status(), 422);
    assert_eq!(ask(&router, get("/v1/canary/%FF")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(core.calls().len(), 3);
}

#[tokio::test]
async fn a_staged_block_is_answered_in_the_contract_that_it_names() {
    for (rule, contract, status) in [("status", Contract::Verdict, 400), ("verdict", Contract::Status, 200)] {
        let violation = Violation { category: "canary".to_owned(), rule: rule.to_owned(), ..Violation::default() };
        let staged = CheckResponse {
            verdict: Verdict::Fail.into(),
            action: Action::Block.into(),
            violations: vec![violation],
            ..CheckResponse::default()
        };
        let core = FakeCore::content().checks(staged);
        let router = core.router(AdapterSettings { contract, ..AdapterSettings::default() });
        let (answered, body) = ask(&router, post("", r#"{"requestBody": {"a": 1}}"#)).await;
        assert_eq!((answered.as_u16(), body["verdict"].as_bool()), (status, Some(false)));
    }
}
