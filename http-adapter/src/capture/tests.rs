use axum::{Router, body::Body};
use http::Request;
use portcullis_api::{
    access::{Access, Credential, Credentials},
    v1::{GetEventRequest, GetEventResponse, PayloadView},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    AdapterSettings,
    testing::{Call, FakeCore, TRUEFOUNDRY, ask, post},
};

const BODY: &str = r#"{"requestBody": {"a": "what users wrote"}}"#;

/// A core that lets everybody see what was recorded.
fn core() -> FakeCore {
    FakeCore::content().finds_one(GetEventResponse::default())
}

fn router(core: &FakeCore, capture: bool, tokens: &str) -> Router {
    // A header that is kept of any other call.
    let headers = Credential::list(if tokens.is_empty() { "" } else { "x-request-id: s3cret" });
    let credentials = Credentials { bearer: Credential::list(tokens), headers, ..Credentials::default() };
    let access = Access::new(&credentials).unwrap();
    core.router(AdapterSettings { capture, access, ..AdapterSettings::default() })
}

fn with_token(mut request: Request<Body>) -> Request<Body> {
    request.headers_mut().insert("authorization", "Bearer t0ken".parse().unwrap());
    request
}

async fn get(router: &Router, path: &str) -> (StatusCode, Value) {
    ask(router, with_token(crate::testing::get(path))).await
}

#[tokio::test]
async fn a_call_that_asks_is_kept_without_credentials() {
    let router = router(&core(), true, "t0ken");
    for query in ["", "?capture=false", "?other=true"] {
        ask(&router, with_token(post(query, BODY))).await;
    }
    assert_eq!(get(&router, "/v1/captures").await.1, json!({"captures": []}));

    let mut call = with_token(post("?Capture=TRUE&sync=true", BODY));
    for (name, value) in
        [("x-api-key", "s3cret"), ("cookie", "s3cret"), ("x-request-id", "s3cret"), ("user-agent", "tfy")]
    {
        call.headers_mut().insert(name, value.parse().unwrap());
    }
    ask(&router, call).await;
    // Also what the dialect cannot read: that is what it is for.
    ask(&router, with_token(post("?capture=true", "not json"))).await;
    let (status, list) = get(&router, "/v1/captures").await;
    assert_eq!((status.as_u16(), list["captures"].as_array().unwrap().len()), (200, 2));
    assert!(!list.to_string().contains("what users wrote"));

    let (_, first) = get(&router, "/v1/captures/1").await;
    assert_eq!((&first["path"], &first["query"]), (&json!(TRUEFOUNDRY), &json!("Capture=TRUE&sync=true")));
    assert_eq!((&first["body"], &first["bytes"]), (&serde_json::from_str(BODY).unwrap(), &json!(BODY.len())));
    let headers = first["headers"].as_array().unwrap();
    assert!(headers.contains(&json!(["user-agent", "tfy"])) && headers.contains(&json!(["authorization", null])));
    assert!(!first.to_string().contains("s3cret") && !first.to_string().contains("t0ken"), "{first}");
    assert_eq!(get(&router, "/v1/captures/2").await.1["body"], json!("not json"));
    for unknown in ["/v1/captures/3", "/v1/captures/x"] {
        assert_eq!(get(&router, unknown).await.0, StatusCode::NOT_FOUND);
    }
    assert_eq!(ask(&router, crate::testing::get("/v1/captures/1")).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_body_is_shown_to_whom_recorded_payloads_are() {
    let core = core();
    let router = router(&core, true, "t0ken");
    ask(&router, with_token(post("?capture=true", BODY))).await;
    drop(core.clone().fails(ApiError::new(ErrorCode::PermissionDenied, "`reveal` is off")));
    // Whether there is one is not told either.
    for path in ["/v1/captures/1", "/v1/captures/2"] {
        let (status, answer) = get(&router, path).await;
        assert_eq!((status.as_u16(), answer["error"].as_str()), (403, Some("permission_denied")), "{path}");
        assert!(!answer.to_string().contains("what users wrote"), "{answer}");
    }
    let asked = core.calls().into_iter().find_map(|call| match call {
        Call::GetEvent(asked) => Some(asked),
        _ => None,
    });
    let GetEventRequest { id, view, principal } = asked.unwrap();
    assert_eq!((id.as_str(), view), ("", i32::from(PayloadView::Original)));
    assert!(principal.starts_with("token:"), "{principal}");
    // A core that cannot be asked has not said yes.
    drop(core.clone().fails(ApiError::new(ErrorCode::Unavailable, "down")));
    assert_eq!(get(&router, "/v1/captures/1").await.0, StatusCode::SERVICE_UNAVAILABLE);
    // As a core answers who may: there is no event of no id.
    drop(core.clone().fails(ApiError::new(ErrorCode::NotFound, "there is no event of that id")));
    assert_eq!(get(&router, "/v1/captures/1").await.1["body"], serde_json::from_str::<Value>(BODY).unwrap());
}

#[tokio::test]
async fn without_the_setting_or_without_credentials_nothing_is_kept() {
    for router in [router(&core(), false, "t0ken"), router(&core(), true, "")] {
        let (status, _) = ask(&router, with_token(post("?capture=true", BODY))).await;
        assert_eq!(status, StatusCode::OK, "a guardrail goes on");
        for path in ["/v1/captures", "/v1/captures/1"] {
            assert_eq!(get(&router, path).await.0, StatusCode::NOT_FOUND);
        }
        let (status, answer) = ask(&router, with_token(post("?capture=maybe", BODY))).await;
        assert_eq!((status.as_u16(), answer["field"].as_str()), (422, Some("capture")));
    }
}
