use super::*;
use crate::{
    AdapterSettings,
    testing::{Call, FakeCore, ID, ask, get, post_to, send, shown},
};
use bytes::Bytes;
use portcullis_api::{
    error::{ApiError, ErrorCode},
    v1::{Action, CheckResponse, Coverage, CoverageStatus, Payload, Severity, Verdict, Violation, payload::Content},
};

const PROXY: &str = "/api/http-proxy";
const REQUEST: &str = r#"{"model": "m", "messages": [{"role": "user", "content": "é"}]}"#;
const RESPONSE: &str = r#"{"choices": []}"#;

fn wrapped(body: &str) -> String {
    json!({"body": body}).to_string()
}

/// What LiteLLM sends.
fn record(response: Option<&str>) -> Value {
    json!({
        "path": "/v1/chat/completions",
        "requestHeaders": json!({
            "content-type": "application/json", "authorization": "Bearer s3cret", "x-api-key": "s3cret",
            "x-akto-installer-akto_session_id": "s-1",
        }).to_string(),
        "responseHeaders": "{}",
        "method": "POST",
        "requestPayload": wrapped(REQUEST),
        "responsePayload": response.map_or_else(|| "{}".to_owned(), wrapped),
        "ip": "10.0.0.9", "destIp": "127.0.0.1", "time": "1700000000000", "statusCode": "201", "type": "HTTP/1.1",
        "status": "201", "akto_account_id": "1000000", "akto_vxlan_id": "0", "is_pending": "false",
        "source": "MIRRORING", "direction": null, "process_id": null,
        "tag": r#"{"gen-ai": "Gen AI", "user_id": "u-1", "user_email": "ann@acme.io", "team_id": "red"}"#,
        "metadata": "{}", "contextSource": "AGENTIC",
    })
}

fn violation(action: Action) -> Violation {
    Violation {
        policy: "default".to_owned(),
        rule: "keys".to_owned(),
        category: "secrets".to_owned(),
        severity: Severity::Critical.into(),
        action: action.into(),
        score: 0.5,
        ..Violation::default()
    }
}

fn decided(verdict: Verdict, action: Action) -> CheckResponse {
    let message = if action >= Action::Mask { "No secrets, please." } else { "" };
    let violations = if action >= Action::Alert { vec![violation(action)] } else { Vec::new() };
    CheckResponse {
        verdict: verdict.into(),
        action: action.into(),
        message: message.to_owned(),
        violations,
        request_id: ID.to_owned(),
        ..CheckResponse::default()
    }
}

fn masking(body: &'static str) -> FakeCore {
    let masked = Some(Payload { content: Some(Content::Json(Bytes::from(body))) });
    let (masked_request, masked_response) = (masked.clone(), masked);
    FakeCore::content().checks(CheckResponse {
        masked_request,
        masked_response,
        ..decided(Verdict::Pass, Action::Mask)
    })
}

fn json_of(payload: Option<&Payload>) -> Option<String> {
    match payload?.content.clone()? {
        Content::Json(json) => Some(String::from_utf8(json.to_vec()).unwrap()),
        Content::Text(text) => Some(text),
        Content::Document(_) => None,
    }
}

/// Every endpoint, and what can come of it.
#[tokio::test]
async fn the_whole_contract() {
    let mut unchecked = decided(Verdict::Unspecified, Action::Allow);
    unchecked.coverage = Some(Coverage { status: CoverageStatus::NotChecked.into(), ..Coverage::default() });
    let unreadable = ApiError::new(ErrorCode::MalformedPayload, "the request is no chat").at("/messages");
    let calls = [
        (format!("{PROXY}?guardrails=true&ingest_data=true&akto_connector=litellm"), record(None)),
        (format!("{PROXY}?response_guardrails=true&ingest_data=true&akto_connector=litellm"), record(Some(RESPONSE))),
        ("/api/validate/request".to_owned(), json!({"payload": r#"{"prompt": "hi", "model": "m"}"#})),
        ("/api/validate/response".to_owned(), json!({"responsePayload": RESPONSE})),
    ];
    let mut table = String::new();
    for (path, body) in calls {
        let cores = [
            ("allow", FakeCore::content()),
            ("alert", FakeCore::content().checks(decided(Verdict::Pass, Action::Alert))),
            ("mask", masking(r#"{"the": "whole \"body\""}"#)),
            ("block", FakeCore::content().checks(decided(Verdict::Fail, Action::Block))),
            ("not checked", FakeCore::content().checks(unchecked.clone())),
            ("error", FakeCore::content().fails(unreadable.clone())),
            ("overload", FakeCore::content().fails(ApiError::new(ErrorCode::Overloaded, "the queue stayed full"))),
        ];
        for (outcome, core) in cores {
            let answer = send(&core.router(AdapterSettings::default()), post_to(&path, body.to_string())).await;
            table += &format!("{path}: {outcome}\n  {}\n", shown(answer).await);
        }
    }
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn a_flat_record_is_one_check_of_the_side_that_is_asked_for() {
    let (both, request_only) = (record(Some(RESPONSE)), record(None));
    let cases = [
        ("?guardrails=true&ingest_data=true", &request_only, Direction::Request, Recording::Always),
        ("?guardrails=TRUE", &both, Direction::Request, Recording::IfViolated),
        ("?response_guardrails=true&ingest_data=true", &both, Direction::Response, Recording::Always),
        (
            "?guardrails=true&response_guardrails=true&ingest_data=true",
            &both,
            Direction::Unspecified,
            Recording::Always,
        ),
        ("?guardrails=true&response_guardrails=true", &request_only, Direction::Request, Recording::IfViolated),
        ("", &request_only, Direction::Request, Recording::Always),
        ("?akto_connector=n8n", &both, Direction::Request, Recording::Always),
    ];
    for (query, body, judge, recording) in cases {
        let core = FakeCore::content();
        let router = core.router(AdapterSettings::default());
        let (status, answer) = ask(&router, post_to(&format!("{PROXY}{query}"), body.to_string())).await;
        assert_eq!((status.as_u16(), &answer["data"]["guardrailsResult"]["Allowed"]), (200, &json!(true)), "{query}");
        let calls = core.calls();
        let [Call::Check(check)] = &calls[..] else { panic!("{calls:?}") };
        assert_eq!((check.judge(), check.recording()), (judge, recording), "{query}");
        assert_eq!((check.operation(), check.status), (Operation::Mutate, 201));
        assert_eq!(json_of(check.request.as_ref()).as_deref(), Some(REQUEST));
        let response = (body["responsePayload"] != "{}").then_some(RESPONSE);
        assert_eq!(json_of(check.response.as_ref()).as_deref(), response);
    }
}

#[tokio::test]
async fn the_facts_of_a_record_are_kept_and_no_credential_is() {
    let core = FakeCore::content();
    let router = core.router(AdapterSettings::default());
    let path = format!("{PROXY}?ingest_data=true&akto_connector=litellm");
    let (status, answer) = ask(&router, post_to(&path, record(Some(RESPONSE)).to_string())).await;
    assert_eq!((status.as_u16(), &answer["analysis"], &answer["data"]), (200, &json!("pending"), &json!({})));
    let calls = core.calls();
    let [Call::Ingest(ingest)] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!((ingest.status, json_of(ingest.response.as_ref()).as_deref()), (201, Some(RESPONSE)));
    let context = ingest.context.as_ref().unwrap();
    assert_eq!(
        (context.source.as_str(), context.user.as_str(), context.team.as_str()),
        ("litellm", "ann@acme.io", "red")
    );
    assert_eq!(context.client_ip, "10.0.0.9");
    for (name, value) in [
        ("path", "/v1/chat/completions"),
        ("method", "POST"),
        ("session_id", "s-1"),
        ("akto_account_id", "1000000"),
        ("contextSource", "AGENTIC"),
        ("gen-ai", "Gen AI"),
        ("user_id", "u-1"),
    ] {
        assert_eq!(context.metadata.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!format!("{context:?}").contains("s3cret"));
    let envelope: Value = serde_json::from_slice(&context.envelope).unwrap();
    let mut expected = record(None);
    let kept = expected.as_object_mut().unwrap();
    for left_out in ["requestPayload", "responsePayload", "direction", "process_id"] {
        kept.remove(left_out);
    }
    kept["requestHeaders"] = json!(r#"{"content-type":"application/json","x-akto-installer-akto_session_id":"s-1"}"#);
    assert_eq!(envelope["record"], expected);
}

#[tokio::test]
async fn what_is_masked_is_where_it_was_sent() {
    let masked = r#"{"model": "m", "messages": [{"role": "user", "content": "[NAME]"}]}"#;
    for (path, body) in [
        (format!("{PROXY}?guardrails=true"), json!({"requestPayload": wrapped(REQUEST)})),
        (format!("{PROXY}?guardrails=true"), json!({"requestPayload": {"body": REQUEST}})),
        ("/api/validate/request".to_owned(), json!({"requestPayload": wrapped(REQUEST), "payload": "{}"})),
        (
            format!("{PROXY}?response_guardrails=true&guardrails=true"),
            json!({"requestPayload": REQUEST, "responsePayload": wrapped(REQUEST)}),
        ),
    ] {
        let router = masking(masked).router(AdapterSettings::default());
        let (_, mut answer) = ask(&router, post_to(&path, body.to_string())).await;
        let result = if answer["data"].is_object() { answer["data"]["guardrailsResult"].take() } else { answer };
        assert_eq!(
            (&result["Allowed"], &result["Modified"], &result["Behaviour"]),
            (&json!(true), &json!(true), &json!("mask"))
        );
        assert_eq!(result["ModifiedPayload"], result["modifiedPayload"]);
        let whole: Value = serde_json::from_str(result["ModifiedPayload"].as_str().unwrap()).unwrap();
        assert_eq!(whole["body"].as_str(), Some(masked), "{path}");
    }
}

#[tokio::test]
async fn what_is_no_string_is_taken_for_one_and_what_is_no_json_for_text() {
    let core = FakeCore::content();
    let router = core.router(AdapterSettings::default());
    let odd = json!({
        "requestPayload": "just a text", "statusCode": 200, "time": 1_700_000_000, "ip": 7, "is_pending": false,
        "tag": {"user_id": 17}, "requestHeaders": {"host": "x", "cookie": "s3cret"}, "responseHeaders": "not json",
        "path": ["a"], "guardrails": true, "ingest_data": "false", "akto_connector": "arcade",
    });
    let (status, _) = ask(&router, post_to(PROXY, odd.to_string())).await;
    assert_eq!(status, StatusCode::OK);
    let calls = core.calls();
    let [Call::Check(check)] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!(json_of(check.request.as_ref()).as_deref(), Some("just a text"));
    assert_eq!(check.recording(), Recording::IfViolated);
    let context = check.context.as_ref().unwrap();
    assert_eq!((context.source.as_str(), context.user.as_str(), context.client_ip.as_str()), ("arcade", "17", "7"));
    let envelope: Value = serde_json::from_slice(&context.envelope).unwrap();
    assert_eq!(envelope["record"]["requestHeaders"], json!({"host": "x"}));
    assert_eq!(
        (&envelope["record"]["responseHeaders"], &envelope["record"]["statusCode"]),
        (&json!("{}"), &json!(200))
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_without_a_call() {
    let twice = r#"{"requestPayload": "a", "requestPayload": "b"}"#.to_owned();
    let cases = [
        (PROXY, "{}".to_owned(), "invalid_argument", Some("requestPayload")),
        (PROXY, json!({"requestPayload": "{}"}).to_string(), "invalid_argument", Some("requestPayload")),
        (
            PROXY,
            json!({"requestPayload": "a", "guardrails": "maybe"}).to_string(),
            "invalid_argument",
            Some("guardrails"),
        ),
        (
            "/api/http-proxy?guardrails=1",
            json!({"requestPayload": "a"}).to_string(),
            "invalid_argument",
            Some("guardrails"),
        ),
        (
            "/api/http-proxy?ingest_data=true&ingest_data=true",
            json!({"requestPayload": "a"}).to_string(),
            "invalid_argument",
            Some("ingest_data"),
        ),
        (
            "/api/http-proxy?response_guardrails=true",
            json!({"requestPayload": "a"}).to_string(),
            "invalid_argument",
            Some("responsePayload"),
        ),
        (
            "/api/http-proxy?file_guardrails=true&guardrails=true",
            "{}".to_owned(),
            "invalid_argument",
            Some("file_guardrails"),
        ),
        ("/api/http-proxy?file_guardrails=true", "{}".to_owned(), "invalid_argument", Some("files")),
        (
            "/api/http-proxy?file_guardrails=true",
            json!({"files": ["a"]}).to_string(),
            "invalid_argument",
            Some("files"),
        ),
        (PROXY, twice, "malformed_payload", None),
        (PROXY, "[]".to_owned(), "malformed_payload", None),
        (PROXY, r#"{"requestPayload": "\ud800"}"#.to_owned(), "invalid_argument", Some("requestPayload")),
        ("/api/validate/request", r#"{"payload": ""}"#.to_owned(), "invalid_argument", Some("requestPayload")),
        (
            "/api/validate/response",
            r#"{"requestPayload": "a"}"#.to_owned(),
            "invalid_argument",
            Some("responsePayload"),
        ),
        ("/api/ingestData", "{}".to_owned(), "invalid_argument", Some("batchData")),
        ("/api/ingestData", r#"{"batchData": {}}"#.to_owned(), "invalid_argument", Some("batchData")),
        ("/api/ingestData", json!({"batchData": vec![0; 1001]}).to_string(), "invalid_argument", Some("batchData")),
    ];
    for (path, body, error, field) in cases {
        let core = FakeCore::content();
        let (status, answer) = ask(&core.router(AdapterSettings::default()), post_to(path, body.clone())).await;
        assert_eq!(
            (status.as_u16(), answer["error"].as_str(), answer["field"].as_str()),
            (422, Some(error), field),
            "{path} {body}"
        );
        assert_eq!((&answer["success"], &answer["data"]["error"]), (&json!(false), &answer["message"]));
        assert_eq!(core.calls(), []);
    }
    let core = FakeCore::content();
    let nothing = post_to("/api/http-proxy?guardrails=false", json!({"requestPayload": "a"}).to_string());
    let (status, answer) = ask(&core.router(AdapterSettings::default()), nothing).await;
    assert_eq!((status.as_u16(), &answer["analysis"], &answer["data"]), (200, &json!("none"), &json!({})));
    assert_eq!(core.calls(), []);
}

#[tokio::test]
async fn each_record_of_a_batch_is_kept_whole_or_named() {
    let batch = |items: &[Value]| post_to("/api/ingestData", json!({"batchData": items}).to_string());
    let good = record(Some(RESPONSE));
    let core = FakeCore::content();
    let router = core.router(AdapterSettings::default());
    let (status, answer) = ask(&router, batch(&[good.clone(), record(None)])).await;
    assert_eq!(status, StatusCode::OK);
    let item = |index: usize| json!({"index": index, "success": true, "request_id": ID});
    assert_eq!(answer, json!({"success": true, "result": "SUCCESS", "results": [item(0), item(1)]}));
    let calls = core.calls();
    let [Call::Ingest(first), Call::Ingest(second)] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!((json_of(first.response.as_ref()).as_deref(), &second.response), (Some(RESPONSE), &None));
    assert_eq!(
        ask(&router, batch(&[])).await,
        (StatusCode::OK, json!({"success": true, "result": "SUCCESS", "results": []}))
    );

    let (status, answer) = ask(&router, batch(&[json!(7), good.clone(), json!({"path": "/"})])).await;
    assert_eq!((status.as_u16(), &answer["success"], &answer["result"]), (422, &json!(false), &json!("ERROR")));
    assert!(answer["message"].as_str().unwrap().starts_with("2 of 3 records"), "{answer}");
    let fields: Vec<_> = answer["results"].as_array().unwrap().iter().map(|item| item["field"].as_str()).collect();
    assert_eq!(fields, [Some("batchData"), None, Some("requestPayload")]);
    assert_eq!(answer["results"][1], item(1));

    let full = FakeCore::content().fails(ApiError::new(ErrorCode::Overloaded, "the queue stayed full"));
    let many = vec![good; 100];
    let answer = send(&full.router(AdapterSettings::default()), batch(&many)).await;
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (503, true));
    assert!(full.calls().len() <= 16, "what is full is not asked again for each");
}

#[tokio::test]
async fn no_tag_takes_the_others_with_it() {
    let many: String = (0..100).map(|n| format!(r#""a{n}":"v","#)).collect();
    let tag = format!(r#"{{{many}"\ud800":"x","half":"x\ud800","user_email":"ann@acme.io","tool_name":"f"}}"#);
    let body = json!({"requestPayload": REQUEST, "tag": tag}).to_string();
    let core = FakeCore::content();
    let (status, _) = ask(&core.router(AdapterSettings::default()), post_to(PROXY, body)).await;
    assert_eq!(status, StatusCode::OK);
    let calls = core.calls();
    let [Call::Check(check)] = &calls[..] else { panic!("{calls:?}") };
    let context = check.context.as_ref().unwrap();
    assert_eq!((context.user.as_str(), context.metadata.len()), ("ann@acme.io", 64));
    assert_eq!(context.metadata["tool_name"], "f");
}

#[tokio::test]
async fn no_header_takes_the_others_with_it() {
    let headers = r#"{"user-agent":"x\ud800","\ud800":"x","content-type":"application/json",
        "x-akto-installer-akto_session_id":"s-1","authorization":"Bearer s3cret"}"#;
    for spelling in [json!(headers).to_string(), headers.to_owned()] {
        let body = format!(r#"{{"requestPayload": {}, "requestHeaders": {spelling}}}"#, json!(REQUEST));
        let core = FakeCore::content();
        let (status, _) = ask(&core.router(AdapterSettings::default()), post_to(PROXY, body)).await;
        assert_eq!(status, StatusCode::OK);
        let calls = core.calls();
        let [Call::Check(check)] = &calls[..] else { panic!("{calls:?}") };
        let context = check.context.as_ref().unwrap();
        assert_eq!(context.metadata["session_id"], "s-1");
        let envelope = String::from_utf8(context.envelope.to_vec()).unwrap();
        assert!(envelope.contains("application/json") && !envelope.contains("s3cret"), "{envelope}");
    }
}

#[tokio::test]
async fn what_was_dropped_is_not_told_as_recorded() {
    let router = FakeCore::shedding().router(AdapterSettings::default());
    let call = post_to(&format!("{PROXY}?ingest_data=true"), record(Some(RESPONSE)).to_string());
    let (status, answer) = ask(&router, call).await;
    assert_eq!((status.as_u16(), &answer["shed"], &answer["analysis"]), (200, &json!(true), &json!("none")));
    assert!(answer["message"].as_str().unwrap().starts_with("not recorded"), "{answer}");
    assert_eq!(answer.get("request_id"), None);

    let checked = CheckResponse { shed: true, ..decided(Verdict::Fail, Action::Block) };
    let router_of_checks = FakeCore::content().checks(checked).router(AdapterSettings::default());
    let (_, answer) = ask(&router_of_checks, post_to(PROXY, record(None).to_string())).await;
    assert_eq!(answer["data"]["guardrailsResult"]["shed"], json!(true));

    let batch = json!({"batchData": [record(None), record(Some(RESPONSE))]});
    let (status, answer) = ask(&router, post_to("/api/ingestData", batch.to_string())).await;
    assert_eq!((status.as_u16(), &answer["shed"]), (200, &json!(2)));
    assert_eq!(answer["results"][1], json!({"index": 1, "success": true, "request_id": ID, "shed": true}));
}

#[tokio::test]
async fn text_in_files_is_judged_and_what_is_none_is_said() {
    // "hello", and bytes that are no UTF-8.
    let files = json!([
        {"filename": "a.txt", "type": "file", "content": "aGVsbG8="},
        {"filename": "b.png", "type": "image", "content": "/9j/"},
        {"filename": "c.pdf", "url": "https://x.example/c.pdf"},
    ]);
    let path = "/api/http-proxy?file_guardrails=true&akto_connector=litellm";
    let call = |files: &Value| post_to(path, json!({"requestPayload": "{}", "files": files}).to_string());
    let core = FakeCore::content();
    let (status, answer) = ask(&core.router(AdapterSettings::default()), call(&files)).await;
    assert_eq!((status.as_u16(), &answer["analysis"]), (200, &json!("partial")));
    assert_eq!(answer["data"]["guardrailsResult"]["Allowed"], json!(true));
    let calls = core.calls();
    let [Call::Check(check)] = &calls[..] else { panic!("{calls:?}") };
    let judged: Value = serde_json::from_str(&json_of(check.request.as_ref()).unwrap()).unwrap();
    let expected = json!({"files": [
        {"filename": "a.txt", "url": null, "text": "hello"},
        {"filename": "b.png", "url": null, "text": null},
        {"filename": "c.pdf", "url": "https://x.example/c.pdf", "text": null},
    ]});
    assert_eq!(judged, expected);
    // What is asked to be masked is recorded as masked, and nobody masks a file.
    assert_eq!(check.operation(), Operation::Validate);
    // It cannot be put back: the caller is told that it had to be.
    let had_to = FakeCore::content().checks(decided(Verdict::Pass, Action::Mask));
    let (_, answer) = ask(&had_to.router(AdapterSettings::default()), call(&json!([files[0]]))).await;
    let result = &answer["data"]["guardrailsResult"];
    assert_eq!(
        (answer.get("analysis"), &result["Modified"], &result["ModifiedPayload"]),
        (None, &json!(true), &json!(""))
    );
    assert_eq!((&result["Allowed"], &result["Behaviour"]), (&json!(true), &json!("mask")));
}

#[tokio::test]
async fn probes_and_the_door() {
    let access = portcullis_api::access::Access::parse("t0ken", "").unwrap();
    let router = FakeCore::content().router(AdapterSettings { access, ..AdapterSettings::default() });
    assert_eq!(ask(&router, get("/health")).await, (StatusCode::OK, json!({"success": true, "status": "healthy"})));
    assert_eq!(ask(&router, get("/api/auth-check")).await.0, StatusCode::UNAUTHORIZED);
    let mut request = get("/api/auth-check");
    request.headers_mut().insert("authorization", "Bearer t0ken".parse().unwrap());
    assert_eq!(ask(&router, request).await, (StatusCode::OK, json!({"success": true})));
}
