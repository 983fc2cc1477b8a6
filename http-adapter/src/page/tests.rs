use http::{Method, Request, StatusCode};
use portcullis_api::{
    error::{ApiError, ErrorCode},
    v1::{
        Action, Bucket, Event, EventText, GetEventResponse, Latency, ListEventsResponse, ListPoliciesResponse,
        Location, LogState, LogStatus, PayloadView, PolicyProblem, PolicyState, PolicyStatus, Reveal, Review,
        RuleCount, SinkState, SinkStatus, SummarizeResponse, TopCount, Violation,
    },
};

use crate::{
    AdapterSettings,
    testing::{Call, FakeCore, body_text, get, send},
};

const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'\r\n=1+1";

fn summary() -> SummarizeResponse {
    let top = |name: &str| TopCount { name: name.to_owned(), count: 4, flagged: 2, blocked: 1 };
    SummarizeResponse {
        buckets: vec![
            Bucket { time: "2026-05-01T10:00:00Z".to_owned(), allowed: 2, blocks: 1, ..Bucket::default() },
            Bucket { time: "2026-05-01T10:01:00Z".to_owned(), alerts: 1, ..Bucket::default() },
        ],
        bucket_seconds: 60,
        rules: vec![RuleCount {
            policy: HOSTILE.to_owned(),
            rule: HOSTILE.to_owned(),
            category: "pii".to_owned(),
            count: 2,
        }],
        users: vec![top(HOSTILE), top(""), top("…")],
        categories: vec![top("prompt_injection")],
        not_run: vec![top("pii timed_out")],
        coverage: vec![top("partial")],
        latency: Some(Latency { count: 4, p50_us: 40, p95_us: 1500, p99_us: 2_000_000 }),
        log_bytes: 12_345_678,
        log: Some(LogStatus {
            state: LogState::Failing.into(),
            fault: HOSTILE.to_owned(),
            lost: 3,
            shed: 4,
            damaged_files: vec![HOSTILE.to_owned()],
        }),
        sinks: vec![SinkStatus {
            name: "kafka".to_owned(),
            about: HOSTILE.to_owned(),
            state: SinkState::Failing.into(),
            lag: 1234,
            oldest_age_seconds: 200.0,
            dead: 9,
            last_failure: "timed_out".to_owned(),
            ..SinkStatus::default()
        }],
        ..SummarizeResponse::default()
    }
}

fn policies() -> ListPoliciesResponse {
    let broken = PolicyStatus {
        file: HOSTILE.to_owned(),
        state: PolicyState::Failed.into(),
        problems: vec![PolicyProblem { line: 3, message: HOSTILE.to_owned(), ..PolicyProblem::default() }],
        ..PolicyStatus::default()
    };
    ListPoliciesResponse { policies: vec![broken] }
}

fn event() -> Event {
    Event {
        id: "0123abcd-7".to_owned(),
        time: "2026-05-01T10:00:00.000001Z".to_owned(),
        action: Action::Block.into(),
        analysis: portcullis_api::v1::Analysis::None.into(),
        enforced: true,
        user: HOSTILE.to_owned(),
        team: HOSTILE.to_owned(),
        model: HOSTILE.to_owned(),
        source: HOSTILE.to_owned(),
        violations: vec![Violation { rule: HOSTILE.to_owned(), category: "pii".to_owned(), ..Violation::default() }],
        ..Event::default()
    }
}

fn core() -> FakeCore {
    let found = ListEventsResponse { events: vec![event()], next: "6".to_owned(), search: None };
    FakeCore::content().sums_up(summary()).has_policies(policies()).finds(found)
}

async fn text(path: &str) -> String {
    let response = send(&core().router(AdapterSettings::default()), get(path)).await;
    assert_eq!(response.status(), 200, "{path}");
    body_text(response).await
}

#[tokio::test]
async fn nothing_of_a_record_is_markup_and_nothing_else_may_run() {
    let router = core().router(AdapterSettings::default());
    for path in ["/", "/events", "/events?user=%22%3E%3Cscript%3E", "/?period=2h", "/nowhere/../events?x=%3Cscript%3E"]
    {
        let response = send(&router, get(path)).await;
        let policy = response.headers().get("content-security-policy").map(|value| value.to_str().unwrap().to_owned());
        let page = body_text(response).await;
        for bad in ["<script>alert", "<img src=x", "onerror=alert(1)>'", " style="] {
            assert!(!page.contains(bad), "{path}: {bad} in {page}");
        }
        if page.contains("<html") {
            let policy = policy.unwrap();
            assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        }
    }
}

#[tokio::test]
async fn the_overview_tells_what_happened_and_what_is_broken() {
    let page = text("/").await;
    for told in ["2,000,000", "prompt injection", "all others", "not named", "12.3 MB", "pii timed out", "2.0 s"] {
        assert_eq!(page.contains(told), told != "2,000,000", "{told} in {page}");
    }
    assert!(page.contains("is broken"));
    for told in
        ["The log cannot be written", "<strong>7 records are missing", "was moved aside", "1,234", "3 min", "failing"]
    {
        assert!(page.contains(told), "{told} in {page}");
    }
    let core = core();
    let router = core.router(AdapterSettings::default());
    send(&router, get("/?since=2026-05-01T10:00:00Z&until=2026-05-01T10:05:00Z")).await;
    let asked = core.calls().into_iter().find_map(|call| match call {
        Call::Summarize(asked) => Some(asked),
        _ => None,
    });
    let asked = asked.unwrap();
    assert_eq!((asked.period_seconds, asked.until.as_str()), (300, "2026-05-01T10:05:00Z"));
}

#[tokio::test]
async fn what_would_have_been_blocked_is_told_apart_from_what_was() {
    let bucket = Bucket { allowed: 7, blocks: 1, would_block: 2, ..Bucket::default() };
    let found = SummarizeResponse { buckets: vec![bucket], bucket_seconds: 60, ..SummarizeResponse::default() };
    let page = body_text(send(&core().sums_up(found).router(AdapterSettings::default()), get("/")).await).await;
    let list = "/events?period=1h&amp;action=block&amp;enforced";
    for told in [
        format!(r#"<a href="{list}=true">Blocked</a></dt><dd><b>1</b> <span class="quiet">10.0 %</span>"#),
        format!(r#"<a href="{list}=false">Would block</a></dt><dd><b>2</b> <span class="quiet">20.0 %</span>"#),
        r#"<a href="/events?period=1h">Checks</a></dt><dd><b>10</b>"#.to_owned(),
    ] {
        assert!(page.contains(&told), "{told} in {page}");
    }
}

#[tokio::test]
async fn a_list_goes_on_and_can_be_taken_along() {
    let page = text("/events?user=ann&period=1h").await;
    assert!(page.contains("/events?period=1h&amp;user=ann&amp;after=6"), "{page}");
    assert!(page.contains("/events/live?period=1h&amp;user=ann"), "{page}");
    let older = text("/events?user=ann&after=9").await;
    assert!(!older.contains("data-live"), "{older}");
    // The fake core always has a next page: the file ends by itself.
    let last = ListEventsResponse { events: vec![event()], next: String::new(), search: None };
    let router = FakeCore::content().finds(last).router(AdapterSettings::default());
    let response = send(&router, get("/events/export?format=csv&period=1h")).await;
    assert_eq!(response.headers()["content-disposition"], "attachment; filename=\"events.csv\"");
    let csv = body_text(response).await;
    assert!(csv.starts_with("\"id\",\"time\"") && csv.contains("\"\"\"><script>"), "{csv}");
    let ndjson = body_text(send(&router, get("/events/export?format=ndjson")).await).await;
    let lines: Vec<serde_json::Value> = ndjson.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), lines[0]["user"].as_str()), (1, Some(HOSTILE)));
}

#[tokio::test]
async fn an_event_is_shown_masked_and_nothing_of_it_is_markup() {
    let text = EventText { direction: 1, role: HOSTILE.to_owned(), text: HOSTILE.to_owned(), ..EventText::default() };
    let location = Some(Location { direction: 1, start: 2, end: 9, ..Location::default() });
    let violations =
        vec![Violation { location, policy: HOSTILE.to_owned(), rule: HOSTILE.to_owned(), ..Violation::default() }];
    let review = Review { verdict: 2, note: HOSTILE.to_owned(), who: HOSTILE.to_owned(), ..Review::default() };
    let found = GetEventResponse {
        event: Some(Event { session: HOSTILE.to_owned(), violations, ..event() }),
        request: HOSTILE.into(),
        texts: vec![text],
        review: Some(review),
        reveals: vec![Reveal { who: HOSTILE.to_owned(), ..Reveal::default() }],
        withheld: HOSTILE.to_owned(),
        ..GetEventResponse::default()
    };
    let core = core().finds_one(found);
    let router = core.router(AdapterSettings::default());
    let page = body_text(send(&router, get("/events/0123abcd-7")).await).await;
    for bad in ["<script>alert", "<img src=x", " style="] {
        assert!(!page.contains(bad), "{bad} in {page}");
    }
    assert!(page.contains("<mark id=\"m-1\"") && page.contains("phrase: "), "{page}");
    let form = |path: &str, site: &str, body: &'static str| {
        let request = Request::post(path).header("sec-fetch-site", site);
        request.header("content-type", "application/x-www-form-urlencoded").body(axum::body::Body::from(body)).unwrap()
    };
    let foreign = send(&router, form("/events/0123abcd-7/reveal", "cross-site", "")).await;
    assert_eq!(foreign.status(), 403);
    assert_eq!(send(&router, form("/events/0123abcd-7/reveal", "same-origin", "")).await.status(), 200);
    let views = core.calls().into_iter().filter_map(|call| match call {
        Call::GetEvent(asked) => Some(asked.view()),
        _ => None,
    });
    assert_eq!(views.collect::<Vec<_>>(), [PayloadView::Masked, PayloadView::Original]);
    let unsaid = send(&router, form("/events/0123abcd-7/review", "same-origin", "note=a")).await;
    assert_eq!(unsaid.status(), 422);
}

#[tokio::test]
async fn errors_are_pages_too() {
    let router = FakeCore::default()
        .fails(ApiError::new(ErrorCode::StorageUnavailable, HOSTILE))
        .router(AdapterSettings::default());
    let response = send(&router, get("/")).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let page = body_text(response).await;
    assert!(page.contains("Cannot be shown now") && !page.contains("<script>alert"), "{page}");
    assert_eq!(send(&router, get("/events?usr=a")).await.status(), 422);
    assert_eq!(send(&router, get("/assets/none")).await.status(), 404);
}

#[tokio::test]
async fn a_browser_is_asked_for_a_password_and_a_script_is_not() {
    let access = portcullis_api::access::Access::parse("t0ken", "ann:pass").unwrap();
    let core = core();
    let router = core.router(AdapterSettings { access, ..AdapterSettings::default() });
    let ask = |path: &str, headers: &[(&str, &str)]| {
        let request = headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
        request.body(axum::body::Body::empty()).unwrap()
    };
    for path in ["/", "/events", "/events/export?format=csv", "/events/live", "/assets/page.css"] {
        let refused = send(&router, ask(path, &[("sec-fetch-mode", "navigate")])).await;
        assert_eq!(refused.status(), 401, "{path}");
        let challenges: Vec<_> = refused.headers().get_all("www-authenticate").iter().collect();
        assert_eq!(challenges, ["Basic realm=\"Portcullis\", charset=\"UTF-8\""], "{path}");
        let script = send(&router, ask(path, &[("sec-fetch-mode", "cors"), ("accept", "text/html")])).await;
        assert_eq!(script.headers()["content-type"], "application/json", "{path}");
    }
    assert_eq!(core.calls(), []);
    let shown = send(&router, ask("/", &[("authorization", "Basic YW5uOnBhc3M=")])).await;
    assert_eq!(shown.status(), 200);
}

#[tokio::test]
async fn an_asset_is_sent_once() {
    let router = core().router(AdapterSettings::default());
    let first = send(&router, get("/assets/page.js")).await;
    assert_eq!(first.headers()["content-type"], "text/javascript; charset=utf-8");
    let tag = first.headers()["etag"].clone();
    let mut again = get("/assets/page.js");
    again.headers_mut().insert("if-none-match", tag);
    assert_eq!(send(&router, again).await.status(), StatusCode::NOT_MODIFIED);
    let mut wrong = get("/");
    *wrong.method_mut() = Method::DELETE;
    wrong.headers_mut().insert("sec-fetch-site", "same-origin".parse().unwrap());
    assert_eq!(send(&router, wrong).await.status(), 405);
}
