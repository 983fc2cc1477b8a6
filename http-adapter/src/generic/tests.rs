use portcullis_api::v1::{
    Action, CheckResponse, Coverage, CoverageStatus, Operation, Payload, Verdict, Violation, payload::Content,
};
use serde_json::{Value, json};

use crate::{
    AdapterSettings,
    testing::{Call, FakeCore, ID, ask, post_to, send, shown},
};

fn blocking() -> FakeCore {
    let violation =
        Violation { policy: "default".to_owned(), rule: "keys".to_owned(), score: 0.5, ..Violation::default() };
    FakeCore::content().checks(CheckResponse {
        verdict: Verdict::Fail.into(),
        action: Action::Block.into(),
        message: "No.".to_owned(),
        violations: vec![violation],
        request_id: ID.to_owned(),
        coverage: Some(Coverage {
            status: CoverageStatus::Complete.into(),
            bytes_total: 1 << 60,
            ..Coverage::default()
        }),
        violations_total: 1,
        masked_request: Some(Payload { content: Some(Content::Json("{}".into())) }),
        ..CheckResponse::default()
    })
}

#[tokio::test]
async fn a_check_is_the_message_as_proto_json() {
    let core = blocking();
    let body = json!({
        "request": {"document": {"messages": [{"role": "user", "content": "hi"}], "n": 2}},
        "response": {"json": "eyJhIjoxfQ=="},
        "context": {"user": "ann", "metadata": {"session_id": "s"}, "principal": "forged"},
        "policies": ["strict"], "operation": "OPERATION_MUTATE", "coverage_view": "COVERAGE_VIEW_STATUS",
    });
    let answer = send(&core.router(AdapterSettings::default()), post_to("/v1/check", body.to_string())).await;
    assert_eq!(answer.headers()["x-request-id"], ID);
    insta::assert_snapshot!(shown(answer).await);
    let calls = core.calls();
    let [Call::Check(check)] = &calls[..] else { panic!("{calls:?}") };
    let context = check.context.as_ref().unwrap();
    assert_eq!((context.source.as_str(), context.user.as_str(), context.principal.as_str()), ("http", "ann", ""));
    assert_eq!((check.operation(), &check.policies[..]), (Operation::Mutate, &["strict".to_owned()][..]));
    assert!(matches!(check.request.as_ref().unwrap().content, Some(Content::Document(_))));
    assert_eq!(check.response.as_ref().unwrap().content, Some(Content::Json(r#"{"a":1}"#.into())));
}

#[tokio::test]
async fn an_ingest_is_the_message_as_proto_json() {
    let core = FakeCore::content();
    let body = r#"{"request": {"text": "hi"}, "context": {"source": "mine"}, "status": 201}"#;
    let (status, answer) = ask(&core.router(AdapterSettings::default()), post_to("/v1/ingest", body)).await;
    assert_eq!((status.as_u16(), answer), (200, json!({"requestId": ID, "sequence": "1"})));
    let calls = core.calls();
    let [Call::Ingest(ingest)] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!((ingest.status, ingest.context.as_ref().unwrap().source.as_str()), (201, "mine"));
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_not_quoted() {
    let deep =
        |depth: usize| format!(r#"{{"request": {{"document": {}1{}}}}}"#, r#"{"a":"#.repeat(depth), "}".repeat(depth));
    let cases = [
        (String::new(), "malformed_payload", None),
        ("SECRET".to_owned(), "malformed_payload", None),
        ("{} SECRET".to_owned(), "malformed_payload", None),
        ("[]".to_owned(), "invalid_argument", None),
        (r#"{"request": {"text": "SECRET", "json": "e30="}}"#.to_owned(), "invalid_argument", Some("request")),
        (r#"{"request": {"text": 7}}"#.to_owned(), "invalid_argument", Some("request.text")),
        (r#"{"request": {"json": "SECRET!"}}"#.to_owned(), "invalid_argument", Some("request.json")),
        (r#"{"policies": ["a", 7]}"#.to_owned(), "invalid_argument", Some("policies[1]")),
        (r#"{"operation": "SECRET"}"#.to_owned(), "invalid_argument", Some("operation")),
        (r#"{"request": {"text": "\ud800"}}"#.to_owned(), "malformed_payload", None),
        (deep(60), "invalid_argument", Some("request.document")),
        (deep(200), "malformed_payload", None),
    ];
    for (body, error, field) in cases {
        let core = FakeCore::content();
        let (status, answer) = ask(&core.router(AdapterSettings::default()), post_to("/v1/check", body.clone())).await;
        assert_eq!((status.as_u16(), answer["error"].as_str()), (422, Some(error)), "{body} {answer}");
        assert_eq!(answer["field"].as_str(), field, "{body} {answer}");
        assert!(!answer.to_string().contains("SECRET"), "{answer}");
        assert_eq!(core.calls(), []);
    }
    // What a newer client says beside what this program knows is not passed over in silence.
    let core = FakeCore::content();
    let unknown = post_to("/v1/check", r#"{"request": {"text": "a"}, "unheard": 1}"#);
    let (status, _): (_, Value) = ask(&core.router(AdapterSettings::default()), unknown).await;
    assert_eq!((status.as_u16(), core.calls().len()), (422, 0));
}
