use portcullis_api::v1::{
    Action, Analysis, Coverage, CoverageStatus, DetectorOutcome, DetectorRun, Direction, Event, EventKind,
    GetEventResponse, ListEventsResponse, Location, PolicyRef, Severity, StageDuration, Verdict, Violation,
};
use serde_json::{Value, json};

use super::*;
use crate::{
    AdapterSettings,
    testing::{Call, FakeCore, ask, get as get_request},
};

fn event() -> Event {
    Event {
        id: "node-7".to_owned(),
        time: "2026-05-01T10:00:00.000001Z".to_owned(),
        kind: EventKind::Decision.into(),
        source: "truefoundry".to_owned(),
        sync: true,
        direction: Direction::Request.into(),
        action: Action::Block.into(),
        verdict: Verdict::Fail.into(),
        analysis: Analysis::Done.into(),
        status: 400,
        user: "ann".to_owned(),
        model: "m".to_owned(),
        request_id: "r".to_owned(),
        violations: vec![
            Violation {
                policy: "default".to_owned(),
                rule: "keys".to_owned(),
                category: "secrets".to_owned(),
                severity: Severity::Critical.into(),
                action: Action::Block.into(),
                score: 0.9,
                detector_rule: "github_token".to_owned(),
                location: Some(Location {
                    direction: Direction::Request.into(),
                    pointer: "/messages/0/content".to_owned(),
                    start: 3,
                    end: 9,
                    ..Location::default()
                }),
                ..Violation::default()
            },
            Violation { category: "coverage".to_owned(), ..Violation::default() },
        ],
        coverage: Some(Coverage {
            status: CoverageStatus::Partial.into(),
            reason: "a detector failed".to_owned(),
            policies: vec![PolicyRef { name: "default".to_owned(), digest: "ab".to_owned() }],
            detectors: vec![DetectorRun {
                name: "pii".to_owned(),
                outcome: DetectorOutcome::TimedOut.into(),
                reason: "late".to_owned(),
            }],
            segments_total: 2,
            segments_scanned: 1,
            bytes_total: 20,
            bytes_scanned: 10,
            decoders: vec!["base64".to_owned()],
            segments_unchanged: 3,
            bytes_unchanged: 4,
            second_stage_windows: 2,
        }),
        enforced: true,
        duration_us: 42,
        client_ip: "10.0.0.9".to_owned(),
        principal: "token-1".to_owned(),
        session: "s1".to_owned(),
        late: true,
        ..Event::default()
    }
}

fn violations() -> Value {
    json!([
        {
            "policy": "default", "rule": "keys", "category": "secrets", "severity": "critical", "action": "block",
            "score": 0.9, "base_score": 0.0, "decoded_from": [], "level": "", "explanation": "", "detector_rule": "github_token", "entity": "", "direction": "request",
            "pointer": "/messages/0/content", "inner_pointer": "", "start": 3, "end": 9,
        },
        {
            "policy": "", "rule": "", "category": "coverage", "severity": null, "action": null, "score": 0.0, "base_score": 0.0, "decoded_from": [], "level": "", "explanation": "",
            "detector_rule": "", "entity": "", "direction": null, "pointer": null, "inner_pointer": null,
            "start": null, "end": null,
        },
    ])
}

fn shown() -> Value {
    json!({
        "id": "node-7", "time": "2026-05-01T10:00:00.000001Z", "kind": "decision", "source": "truefoundry", "sync": true,
        "direction": "request", "action": "block", "verdict": false, "enforced": true, "analysis": "done",
        "late": true, "principal": "token-1", "session": "s1", "tool": "", "server": "", "status": 400, "user": "ann", "team": "", "model": "m", "request_id": "r", "client_ip": "10.0.0.9",
        "duration_us": 42, "sequence": 0,
        "violations": violations(),
        "coverage": {
            "status": "partial", "reason": "a detector failed", "policies": [{"name": "default", "digest": "ab"}],
            "detectors": [{"name": "pii", "outcome": "timed_out", "reason": "late"}], "segments_total": 2,
            "segments_scanned": 1, "bytes_total": 20, "bytes_scanned": 10, "segments_unchanged": 3,
            "bytes_unchanged": 4, "second_stage_windows": 2, "decoders": ["base64"],
        },
    })
}

#[tokio::test]
async fn a_page_of_events_with_and_without_a_next_one() {
    let pending = Event { verdict: 0, coverage: None, violations: Vec::new(), ..event() };
    let found = ListEventsResponse { events: vec![event(), pending], next: "node-6".to_owned(), search: None };
    let core = FakeCore::default().finds(found);
    let (status, mut body) = ask(&core.router(AdapterSettings::default()), get_request("/v1/events")).await;
    assert_eq!((status, &body["next"]), (StatusCode::OK, &json!("node-6")));
    // The score is a 32-bit number: it is written short, and read back by this test as 64 bits.
    assert_eq!(body["events"][0].take(), shown());
    assert_eq!((&body["events"][1]["verdict"], &body["events"][1]["coverage"]), (&Value::Null, &Value::Null));

    let core = FakeCore::default().finds(ListEventsResponse::default());
    let (_, body) = ask(&core.router(AdapterSettings::default()), get_request("/v1/events")).await;
    assert_eq!(body, json!({"events": [], "next": null}));
}

#[tokio::test]
async fn filters_reach_the_core_or_are_refused_by_name() {
    let core = FakeCore::default().finds(ListEventsResponse::default());
    let router = core.router(AdapterSettings::default());
    let query = "/v1/events?limit=7&after=node-9&action=BLOCK&user=ann%40acme.io&model=a%2Fb&kind=exchange&team=red\
                 &source=truefoundry&request_id=r&analysis=pending&session=s1&late=True&enforced=false&category=pii&rule=r1&severity=high&since=a&until=b&text=t";
    assert_eq!(ask(&router, get_request(query)).await.0, StatusCode::OK);
    let filter = EventFilter {
        kind: EventKind::Exchange.into(),
        action: Action::Block.into(),
        user: "ann@acme.io".to_owned(),
        model: "a/b".to_owned(),
        team: "red".to_owned(),
        source: "truefoundry".to_owned(),
        request_id: "r".to_owned(),
        analysis: Analysis::Pending.into(),
        session: "s1".to_owned(),
        late: true,
        enforced: Some(false),
        category: "pii".to_owned(),
        rule: "r1".to_owned(),
        severity: Severity::High.into(),
        since: "a".to_owned(),
        until: "b".to_owned(),
        text: "t".to_owned(),
    };
    let wanted = ListEventsRequest { filter: Some(filter), limit: 7, after: "node-9".to_owned() };
    assert_eq!(core.calls(), [Call::ListEvents(wanted)]);

    let bad = [
        ("limit=0", "limit"),
        ("limit=", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("action=deny", "action"),
        ("kind=", "kind"),
        ("analysis=open", "analysis"),
        ("late=1", "late"),
        ("enforced=", "enforced"),
        ("usr=ann", "usr"),
        ("user=a&user=b", "user"),
    ];
    for (query, field) in bad {
        let (status, body) = ask(&router, get_request(&format!("/v1/events?{query}"))).await;
        assert_eq!((status.as_u16(), body["field"].as_str()), (422, Some(field)), "{query}");
    }
    assert_eq!(core.calls().len(), 1);
}

#[tokio::test]
async fn one_event_comes_with_what_was_recorded() {
    let found = GetEventResponse {
        event: Some(event()),
        request: r#"{"n": 1.10}"#.into(),
        response: "not JSON".into(),
        envelope: r#"{"context":{"user": null}}"#.into(),
        durations: vec![StageDuration { stage: "pii".into(), within: "detect".into(), duration_us: 0 }],
        ..GetEventResponse::default()
    };
    let core = FakeCore::default().finds_one(found);
    let router = core.router(AdapterSettings::default());
    let response = crate::testing::send(&router, get_request("/v1/events/node%2D7")).await;
    assert_eq!(response.status(), StatusCode::OK);
    let text = crate::testing::body_text(response).await;
    assert!(text.contains(r#""request":{"n": 1.10}"#), "as it was recorded: {text}");
    let mut expected = shown();
    let more = json!({"request": {"n": 1.1}, "response": "not JSON", "context": {"user": null}, "config": null});
    expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    expected["durations"] = json!([{"stage": "pii", "within": "detect", "duration_us": 0}]);
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    assert_eq!(
        core.calls(),
        [Call::GetEvent(GetEventRequest {
            id: "node-7".to_owned(),
            view: PayloadView::Original.into(),
            principal: String::new()
        })]
    );
}

#[tokio::test]
async fn another_site_cannot_have_it_recorded_that_somebody_looked() {
    let core = FakeCore::default().finds_one(GetEventResponse { event: Some(event()), ..GetEventResponse::default() });
    let router = core.router(AdapterSettings::default());
    let from = |site: &'static str| {
        let mut request = get_request("/v1/events/node-7");
        request.headers_mut().insert("sec-fetch-site", site.parse().unwrap());
        request
    };
    for site in ["cross-site", "same-site", "anything"] {
        let (status, body) = ask(&router, from(site)).await;
        assert_eq!((status.as_u16(), body["error"].as_str()), (403, Some("permission_denied")), "{site}");
    }
    assert_eq!(core.calls(), []);
    // The page itself, and a person who typed the address.
    for site in ["same-origin", "none"] {
        assert_eq!(ask(&router, from(site)).await.0, StatusCode::OK, "{site}");
    }
    assert_eq!(core.calls().len(), 2);
}

#[tokio::test]
async fn an_event_that_is_not_there_is_a_404() {
    let core = FakeCore::default().fails(ApiError::new(ErrorCode::NotFound, "no event of this id"));
    let router = core.router(AdapterSettings::default());
    for path in ["/v1/events/node-8", "/v1/events/%FF", "/v1/events/"] {
        let (status, body) = ask(&router, get_request(path)).await;
        assert_eq!((status.as_u16(), body["error"].as_str()), (404, Some("not_found")), "{path}");
    }
}
