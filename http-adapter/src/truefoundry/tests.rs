use portcullis_api::{
    error::{ApiError, ErrorCode},
    v1::{Action, Coverage, CoverageStatus, Severity, Verdict, Violation},
};
use serde_json::json;

use super::*;
use crate::{
    AdapterSettings,
    testing::{Call, FakeCore, ID, ask, body_text, post, send, shown},
};

const ASKED: &str = r#"{"requestBody": {"model": "m", "temperature": 1.0}}"#;
const ANSWERED: &str = r#"{"requestBody": {"model": "m"}, "responseBody": {"id" : "c\u0031"},
    "context": {"user": {"subjectSlug": "ann"}, "metadata": {"ip_address": "10.0.0.9"}}, "config": {"policy": "p"}}"#;

fn blocking() -> FakeCore {
    let violation = |rule: &str, start| Violation {
        policy: "default".to_owned(),
        rule: rule.to_owned(),
        category: "secrets".to_owned(),
        severity: Severity::High.into(),
        location: Some(v1::Location { start, pointer: "/messages/0".to_owned(), ..v1::Location::default() }),
        ..Violation::default()
    };
    FakeCore::content().checks(CheckResponse {
        verdict: Verdict::Fail.into(),
        action: Action::Block.into(),
        message: "No \"secrets\", please.".to_owned(),
        violations: vec![violation("keys", 1), violation("tokens", 2), violation("keys", 3)],
        request_id: ID.to_owned(),
        ..CheckResponse::default()
    })
}

fn decided(verdict: Verdict, action: Action, coverage: Option<CoverageStatus>) -> CheckResponse {
    CheckResponse {
        verdict: verdict.into(),
        action: action.into(),
        request_id: ID.to_owned(),
        coverage: coverage.map(|status| Coverage { status: status.into(), ..Coverage::default() }),
        ..CheckResponse::default()
    }
}

#[tokio::test]
async fn a_prompt_is_checked_once_and_its_bytes_are_what_was_sent() {
    for query in ["", "?sync=true", "?SYNC=True&other=1"] {
        let core = FakeCore::content();
        let response = send(&core.router(AdapterSettings::default()), post(query, ASKED)).await;
        assert_eq!((response.status(), response.headers()["x-request-id"].to_str().unwrap()), (StatusCode::OK, ID));
        assert_eq!(body_text(response).await, format!(r#"{{"verdict":true,"allowed":true,"request_id":"{ID}"}}"#));
        let calls = core.calls();
        let [Call::Check(check)] = &calls[..] else { panic!("{calls:?}") };
        assert_eq!(check.request, Some(payload(Bytes::from_static(br#"{"model": "m", "temperature": 1.0}"#))));
        assert_eq!((check.recording(), &check.response), (Recording::Always, &None));
        assert_eq!((check.operation(), check.judge()), (v1::Operation::Validate, Direction::Request));
        assert_eq!(core.seen("grpc-timeout"), ["5000000u"]);
    }
}

#[tokio::test]
async fn a_block_is_told_by_the_contract_that_was_chosen() {
    let verdict = AdapterSettings { contract: Contract::Verdict, ..AdapterSettings::default() };
    let status = AdapterSettings::default();
    let with_config = r#"{"requestBody": {"a": 1}, "config": {"contract": "verdict"}}"#;
    let cases = [
        (&status, "", ASKED, StatusCode::BAD_REQUEST),
        (&verdict, "", ASKED, StatusCode::OK),
        (&status, "?contract=verdict", ASKED, StatusCode::OK),
        (&verdict, "?contract=status", ASKED, StatusCode::BAD_REQUEST),
        (&status, "", with_config, StatusCode::OK),
        (&status, "?contract=status", with_config, StatusCode::BAD_REQUEST),
    ];
    for (settings, query, body, expected) in cases {
        let core = blocking();
        let response = send(&core.router(settings.clone()), post(query, body)).await;
        assert_eq!(response.headers()["x-request-id"], ID);
        assert_eq!(response.status(), expected, "{query}");
        let body: serde_json::Value = serde_json::from_str(&body_text(response).await).unwrap();
        let expected = json!({
            "verdict": false,
            "allowed": false,
            "message": "No \"secrets\", please.",
            "request_id": ID,
            "violations": [
                {"policy": "default", "rule": "keys", "category": "secrets", "severity": "high"},
                {"policy": "default", "rule": "tokens", "category": "secrets", "severity": "high"},
            ],
        });
        assert_eq!(body, expected);
        assert_eq!(core.calls().len(), 1);
    }
}

#[tokio::test]
async fn whatever_says_block_blocks_and_an_unchecked_pass_says_so() {
    let unchecked = Some(CoverageStatus::NotChecked);
    let cases = [
        (decided(Verdict::Pass, Action::Alert, Some(CoverageStatus::Complete)), 200, None),
        (decided(Verdict::Pass, Action::Mask, None), 200, None),
        (decided(Verdict::Unspecified, Action::Allow, unchecked), 200, Some("none")),
        (decided(Verdict::Unspecified, Action::Block, unchecked), 400, None),
        (decided(Verdict::Pass, Action::Block, None), 400, None),
        (decided(Verdict::Fail, Action::Allow, None), 400, None),
    ];
    for (decided, status, analysis) in cases {
        let core = FakeCore::content().checks(decided.clone());
        let (found, body) = ask(&core.router(AdapterSettings::default()), post("", ASKED)).await;
        assert_eq!((found.as_u16(), body["allowed"].as_bool()), (status, Some(status == 200)), "{decided:?}");
        assert_eq!(body["analysis"].as_str(), analysis);
    }
}

#[tokio::test]
async fn a_check_that_the_disk_did_not_take_says_so() {
    for (verdict, action) in [(Verdict::Pass, Action::Allow), (Verdict::Fail, Action::Block)] {
        let core = FakeCore::content().checks(CheckResponse { shed: true, ..decided(verdict, action, None) });
        let (_, body) = ask(&core.router(AdapterSettings::default()), post("", ASKED)).await;
        assert_eq!((&body["shed"], &body["request_id"]), (&json!(true), &json!(ID)), "{body}");
    }
}

#[tokio::test]
async fn an_exchange_is_ingested_once_whatever_sync_says() {
    for (query, sync) in [("", true), ("?sync=true", true), ("?sync=FALSE", false)] {
        let core = blocking();
        let response = send(&core.router(AdapterSettings::default()), post(query, ANSWERED)).await;
        assert_eq!((response.status(), response.headers()["x-request-id"].to_str().unwrap()), (StatusCode::OK, ID));
        let expected = format!(r#"{{"verdict":true,"allowed":true,"request_id":"{ID}","analysis":"pending"}}"#);
        assert_eq!(body_text(response).await, expected);
        let calls = core.calls();
        let [Call::Ingest(ingest)] = &calls[..] else { panic!("{calls:?}") };
        assert_eq!(ingest.response, Some(payload(Bytes::from_static(br#"{"id" : "c\u0031"}"#))));
        assert_eq!((ingest.sync, ingest.status, &ingest.policies[..]), (sync, 200, &["p".to_owned()][..]));
        let context = ingest.context.as_ref().unwrap();
        assert_eq!((context.source.as_str(), context.user.as_str()), ("truefoundry", "ann"));
        assert_eq!(context.client_ip, "10.0.0.9");
        let envelope = r#"{"context":{"user": {"subjectSlug": "ann"}, "metadata": {"ip_address": "10.0.0.9"}},"config":{"policy": "p"}}"#;
        assert_eq!(context.envelope, envelope);
    }
}

#[tokio::test]
async fn an_exchange_that_was_dropped_is_not_told_as_one_that_will_be_judged() {
    for query in ["", "?sync=false"] {
        let core = FakeCore::shedding();
        let response = send(&core.router(AdapterSettings::default()), post(query, ANSWERED)).await;
        assert_eq!(response.status(), StatusCode::OK, "{query}");
        assert!(!response.headers().contains_key("x-request-id"), "there is nothing that it leads to");
        let expected = r#"{"verdict":true,"allowed":true,"analysis":"none","shed":true}"#;
        assert_eq!(body_text(response).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_prompt_that_need_not_be_judged_asks_the_core_for_nothing() {
    for response in ["", r#", "responseBody": null"#, r#", "responseBody": { }"#] {
        let core = blocking();
        let body = format!(r#"{{"requestBody": {{"a": 1}}{response}}}"#);
        let response = send(&core.router(AdapterSettings::default()), post("?sync=false", body)).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(!response.headers().contains_key("x-request-id"));
        assert_eq!(body_text(response).await, r#"{"verdict":true,"allowed":true,"analysis":"none"}"#);
        assert_eq!(core.calls(), []);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_without_a_call_whatever_sync_says() {
    let cases = [
        ("sync=maybe", ASKED, 422, "invalid_argument", "sync"),
        ("sync=", ASKED, 422, "invalid_argument", "sync"),
        ("contract=old", ASKED, 422, "invalid_argument", "contract"),
        ("on_response=block", ASKED, 422, "invalid_argument", "on_response"),
        ("operation=mask", ASKED, 422, "invalid_argument", "operation"),
        ("", r#"{"requestBody": {"a": 1}, "config": {"policy": 1}}"#, 422, "invalid_argument", "config.policy"),
        ("", r#"{"requestBody": {}}"#, 422, "invalid_argument", "requestBody"),
        ("", r#"{"requestBody": {"a": 1}, "responseBody": 1}"#, 422, "invalid_argument", "responseBody"),
        ("", r#"{"requestBody": {"a": 1}"#, 422, "malformed_payload", ""),
    ];
    for (query, body, status, error, field) in cases {
        for sync in ["", "&sync=false"] {
            if query.starts_with("sync") && !sync.is_empty() {
                continue;
            }
            let core = blocking();
            let request = post(&format!("?{query}{sync}"), body);
            let (found, answer) = ask(&core.router(AdapterSettings::default()), request).await;
            assert_eq!((found.as_u16(), answer["error"].as_str()), (status, Some(error)), "{query} {body}");
            assert_eq!(answer["field"].as_str().unwrap_or_default(), field);
            assert!(!answer["message"].as_str().unwrap().is_empty());
            assert_eq!(core.calls(), []);
        }
    }
}

#[tokio::test]
async fn nobody_waits_for_what_must_be_waited_for() {
    let config = |json: &str| format!(r#"{{"requestBody": {{"a": 1}}, "responseBody": {{"b": 1}}, "config": {json}}}"#);
    let cases = [
        ("?sync=false&operation=mutate", ASKED.to_owned(), "operation"),
        ("?sync=false&on_response=enforce", ANSWERED.to_owned(), "on_response"),
        ("?sync=false", config(r#"{"operation": "mutate"}"#), "operation"),
        ("?sync=false", config(r#"{"on_response": "enforce"}"#), "on_response"),
    ];
    for (query, body, field) in cases {
        let core = blocking();
        let (status, answer) = ask(&core.router(AdapterSettings::default()), post(query, body)).await;
        assert_eq!((status.as_u16(), answer["field"].as_str()), (422, Some(field)), "{query}");
        assert_eq!(core.calls(), []);
    }
    // The query wins, and a deployment's own choice asks for nothing of a call that does not wait.
    let enforcing = AdapterSettings { on_response: OnResponse::Enforce, ..AdapterSettings::default() };
    let router = blocking().router(enforcing);
    for (query, body) in [
        ("?sync=false", ANSWERED.to_owned()),
        ("?sync=false&operation=validate", config(r#"{"operation": "mutate"}"#)),
        ("?sync=false&on_response=monitor", config(r#"{"on_response": "enforce"}"#)),
    ] {
        let (status, answer) = ask(&router, post(query, body)).await;
        assert_eq!((status.as_u16(), answer["analysis"].as_str()), (200, Some("pending")), "{query}");
    }
}

fn masking(side: Direction, body: &'static [u8]) -> FakeCore {
    let masked = Some(payload(Bytes::from_static(body)));
    let mut answer = decided(Verdict::Pass, Action::Mask, None);
    match side {
        Direction::Response => answer.masked_response = masked,
        Direction::Request | Direction::Unspecified => answer.masked_request = masked,
    }
    FakeCore::content().checks(answer)
}

#[tokio::test]
async fn what_is_masked_goes_back_byte_for_byte() {
    let odd = br#"{ "b" :"[EMAIL]", "n": 1.50e3 ,"n": "\u00e9" }"#;
    for (body, side) in [(ASKED, Direction::Request), (ANSWERED, Direction::Response)] {
        let core = masking(side, odd);
        let response = send(&core.router(AdapterSettings::default()), post("?operation=mutate", body)).await;
        assert_eq!(response.headers()["x-request-id"], ID);
        let expected = format!(
            r#"{{"verdict":true,"allowed":true,"transformed":true,"request_id":"{ID}","result":{}}}"#,
            std::str::from_utf8(odd).unwrap()
        );
        assert_eq!(body_text(response).await, expected);
        let calls = core.calls();
        let [Call::Check(check)] = &calls[..] else { panic!("{calls:?}") };
        assert_eq!((check.operation(), check.judge()), (v1::Operation::Mutate, side));
        assert_eq!(check.response.is_some(), side == Direction::Response);
    }
    let partly = FakeCore::content().checks(CheckResponse {
        masked_request: Some(payload(Bytes::from_static(odd))),
        ..decided(Verdict::Pass, Action::Mask, Some(CoverageStatus::Partial))
    });
    let (_, body) = ask(&partly.router(AdapterSettings::default()), post("?operation=mutate", ASKED)).await;
    assert_eq!((&body["transformed"], &body["analysis"]), (&json!(true), &json!("partial")));
    // The side that nobody waits for is not what the gateway would put in its place.
    let (_, body) =
        ask(&masking(Direction::Request, odd).router(AdapterSettings::default()), post("?operation=mutate", ANSWERED))
            .await;
    assert_eq!((&body["transformed"], body.get("result")), (&json!(false), None));
    let text = FakeCore::content().checks(CheckResponse {
        masked_request: Some(Payload { content: Some(Content::Text("[EMAIL]".to_owned())) }),
        ..decided(Verdict::Pass, Action::Mask, None)
    });
    assert_eq!(ask(&text.router(AdapterSettings::default()), post("?operation=mutate", ASKED)).await.0, 500);
}

#[tokio::test]
async fn a_response_is_judged_inline_where_that_is_wanted() {
    let monitoring = AdapterSettings::default();
    let enforcing = AdapterSettings { on_response: OnResponse::Enforce, ..AdapterSettings::default() };
    let config = |json: &str| format!(r#"{{"requestBody": {{"a": 1}}, "responseBody": {{"b": 1}}, "config": {json}}}"#);
    let (plain, enforce) = (config("{}"), config(r#"{"on_response": "enforce"}"#));
    let cases = [
        (&monitoring, "", &plain, false),
        (&enforcing, "", &plain, true),
        (&monitoring, "?on_response=Enforce", &plain, true),
        (&enforcing, "?on_response=monitor", &plain, false),
        (&monitoring, "", &enforce, true),
        (&monitoring, "?on_response=monitor", &enforce, false),
        (&monitoring, "?operation=mutate", &plain, true),
        (&monitoring, "?operation=mutate&on_response=monitor", &plain, false),
        (&enforcing, "?sync=false", &plain, false),
    ];
    for (settings, query, body, inline) in cases {
        let core = blocking();
        let (status, answer) = ask(&core.router(settings.clone()), post(query, body.clone())).await;
        let calls = core.calls();
        if inline {
            assert_eq!((status.as_u16(), &answer["verdict"]), (400, &json!(false)), "{query} {body}");
            let [Call::Check(check)] = &calls[..] else { panic!("{calls:?}") };
            assert_eq!(check.judge(), Direction::Response);
            assert_eq!(check.response, Some(payload(Bytes::from_static(br#"{"b": 1}"#))));
        } else {
            assert_eq!((status.as_u16(), &answer["analysis"]), (200, &json!("pending")), "{query} {body}");
            assert!(matches!(calls[..], [Call::Ingest(_)]), "{calls:?}");
        }
    }
}

/// Every hook under every contract and operation, and what can come of it.
#[tokio::test]
async fn the_whole_contract() {
    let overloaded = FakeCore::content().fails(ApiError::new(ErrorCode::Overloaded, "the queue stayed full"));
    let unknown = ApiError::new(ErrorCode::UnknownPolicy, "there is no policy `nobody`").at("policies");
    let unchecked = decided(Verdict::Unspecified, Action::Allow, Some(CoverageStatus::NotChecked));
    let hooks = [
        ("llm_input", r#"{"requestBody": {"model": "m", "messages": []}}"#, Direction::Request),
        ("llm_output", r#"{"requestBody": {"model": "m"}, "responseBody": {"choices": []}}"#, Direction::Response),
        ("mcp_pre_tool", r#"{"requestBody": {"name": "f", "arguments": {}}}"#, Direction::Request),
        ("mcp_post_tool", r#"{"requestBody": {"name": "f"}, "responseBody": {"content": []}}"#, Direction::Response),
        ("mcp_post_tool as a request", r#"{"requestBody": {"content": [], "isError": false}}"#, Direction::Request),
    ];
    let mut table = String::new();
    for (hook, body, side) in hooks {
        let cores = [
            ("allow", FakeCore::content()),
            ("block", blocking()),
            ("mask", masking(side, br#"{"the": "whole body"}"#)),
            ("not checked", FakeCore::content().checks(unchecked.clone())),
            ("error", FakeCore::content().fails(unknown.clone())),
            ("overload", overloaded.clone()),
        ];
        for (outcome, core) in cores {
            let mut answers: Vec<(String, Vec<String>)> = Vec::new();
            for contract in ["status", "verdict"] {
                for operation in ["validate", "mutate"] {
                    // The core masks where it is asked to.
                    let core =
                        if (outcome, operation) == ("mask", "validate") { FakeCore::content() } else { core.clone() };
                    let query = format!("?contract={contract}&operation={operation}&on_response=enforce");
                    let answer = shown(send(&core.router(AdapterSettings::default()), post(&query, body)).await).await;
                    let under = format!("{contract} {operation}");
                    match answers.iter_mut().find(|(known, _)| *known == answer) {
                        Some((_, choices)) => choices.push(under),
                        None => answers.push((answer, vec![under])),
                    }
                }
            }
            table += &format!("{hook}: {outcome}\n");
            for (answer, choices) in answers {
                table += &format!("  {}:\n    {answer}\n", choices.join(", "));
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn an_error_of_the_core_is_never_a_pass() {
    let cases = [
        (ErrorCode::UnknownPolicy, 422, "unknown_policy"),
        (ErrorCode::PayloadTooLarge, 413, "payload_too_large"),
        (ErrorCode::Overloaded, 503, "overloaded"),
        (ErrorCode::StorageUnavailable, 503, "storage_unavailable"),
        (ErrorCode::DeadlineExceeded, 503, "deadline_exceeded"),
        (ErrorCode::Internal, 500, "internal"),
        (ErrorCode::Unimplemented, 501, "unimplemented"),
    ];
    for (code, status, error) in cases {
        for body in [ASKED, ANSWERED] {
            let core = FakeCore::content().fails(ApiError::new(code, "why").at("policies"));
            let response = send(&core.router(AdapterSettings::default()), post("", body)).await;
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(response.headers().contains_key("retry-after"), status == 503);
            let body = body_text(response).await;
            assert_eq!(body, format!(r#"{{"error":"{error}","message":"why","field":"policies"}}"#));
            assert_eq!(core.calls().len(), 1, "never tried again");
        }
    }
}
