//! What a check leaves behind.

use std::{path::Path, time::Duration};

use super::*;
use crate::{
    domain::exchange::Payload,
    guardrail::{
        pieces::Terms,
        text::{Open, OpenTexts, Text},
    },
    policy::{compile, set::PolicySet},
    record::{LogSettings, OnFull},
    session::Limits,
};

const WORDS: &str = "
name: words
rules:
  - {name: fruit, detector: keywords, words: [banana], action: block}
  - {name: nut, detector: keywords, words: [almond], action: block, directions: [response]}
";

fn guardrail(dir: &Path, sessions: &Arc<Sessions>) -> Guardrail {
    under(WORDS, Arc::new(Log::open(dir).unwrap()), sessions)
}

fn under(policy: &str, log: Arc<Log>, sessions: &Arc<Sessions>) -> Guardrail {
    let set = PolicySet::new(vec![Arc::new(compile::compile(policy).unwrap())]).unwrap();
    let live = Live::new(Generation { set, statuses: Vec::new() });
    Guardrail::new(Arc::new(live), log, [0; 32], Arc::clone(sessions))
}

/// A request that brings an answer back which nobody has seen.
fn check() -> Check {
    let turns = serde_json::json!([
        {"role": "user", "content": "what is in it?"},
        {"role": "assistant", "content": "an almond"},
        {"role": "user", "content": "ok"},
    ]);
    let request = serde_json::json!({"model": "m", "messages": turns}).to_string();
    Check {
        request_id: Uuid::now_v7(),
        operation: Operation::Validate,
        payloads: Payloads::Request(Payload::Json(request.into())),
        side: None,
        context: CallContext { metadata: [("session_id".to_owned(), "s".to_owned())].into(), ..CallContext::default() },
        policies: Vec::new(),
        recording: Recording::Always,
        status: 200,
        deadline: Instant::now() + Duration::from_secs(60),
    }
}

#[tokio::test]
async fn a_late_answer_is_not_forgotten_before_it_is_recorded() {
    let (gone, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let sessions = Arc::new(Sessions::new(Limits::default()));
    let refused = guardrail(gone.path(), &sessions);
    refused.log.close().await;
    let error = refused.check(check()).await.unwrap_err();
    assert!(matches!(error, GuardrailError::Log(LogError::Closed)), "{error:?}");
    let guardrail = guardrail(kept.path(), &sessions);
    for is_known in [false, true] {
        let checked = guardrail.check(check()).await.unwrap();
        assert_eq!((checked.decision.action, checked.coverage.segments_unchanged > 0), (Action::Allow, is_known));
        let count = "SELECT count(*) FROM record WHERE late = 1 AND action = 3";
        let late = guardrail.log.readers().run(move |connection, _| connection.query_row(count, [], |row| row.get(0)));
        assert_eq!(late.await, Ok(1_i64));
    }
    guardrail.log.close().await;
}

#[tokio::test]
async fn a_session_bears_what_is_recorded_and_that_once() {
    let folder = tempfile::tempdir().unwrap();
    for (on, text) in [("late", "ok"), ("block", "a banana")] {
        let policy = format!("{WORDS}session: {{quarantine: {{minutes: 5, on: [{on}]}}}}\n");
        let check = || {
            let check = check();
            let Payloads::Request(Payload::Json(json)) = &check.payloads else { panic!("{:?}", check.payloads) };
            let json = String::from_utf8(json.to_vec()).unwrap().replace("ok", text);
            Check { payloads: Payloads::Request(Payload::Json(json.into())), ..check }
        };
        let bears = |guardrail: &Guardrail| guardrail.quarantined(&check().context).map(|quarantine| quarantine.reason);
        let sessions = || Arc::new(Sessions::new(Limits::default()));
        let closed = Arc::new(Log::open(&folder.path().join(format!("{on}-closed"))).unwrap());
        closed.close().await;
        let refused = under(&policy, closed, &sessions());
        refused.check(check()).await.unwrap_err();
        assert_eq!(bears(&refused), None, "{on}: nothing is recorded");
        let log = Arc::new(Log::open(&folder.path().join(on)).unwrap());
        let first = under(&policy, Arc::clone(&log), &sessions());
        first.check(check()).await.unwrap();
        assert_eq!(bears(&first), Some(on));
        // As after a restart: the late answer is in the log.
        let again = under(&policy, Arc::clone(&log), &sessions());
        again.check(check()).await.unwrap();
        assert_eq!(bears(&again), (on == "block").then_some(on));
        log.close().await;
    }
}

#[tokio::test]
async fn large_payloads_are_read_and_masked_where_there_is_room_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let guardrail = guardrail(folder.path(), &Arc::new(Sessions::new(Limits::default())));
    let payloads = |size: usize| Payloads::Response(Payload::Text("x".repeat(size)));
    let exchange = |size| {
        let (context, policies) = (CallContext::default(), Vec::new());
        let ingest = Ingest {
            payloads: payloads(size),
            context,
            policies,
            sync: false,
            late: false,
            status: 200,
            idempotency_key: None,
        };
        guardrail.exchange(ingest).unwrap()
    };
    let all = u32::try_from(guardrail.large.available_permits()).unwrap();
    let held = guardrail.large.acquire_many(all).await.unwrap();
    let mask = |size, deadline| guardrail.mask(payloads(size), Vec::new(), Vec::new(), deadline);
    let masked = mask(LARGE, Instant::now()).await;
    assert!(matches!(masked, Err(GuardrailError::Overloaded)), "{masked:?}");
    let ingested = guardrail.ingest(vec![exchange(LARGE)], Instant::now()).await;
    assert!(matches!(ingested, Err(GuardrailError::Overloaded)), "{ingested:?}");
    let later = Instant::now() + Duration::from_secs(60);
    assert!(mask(1, later).await.is_ok());
    assert!(guardrail.ingest(vec![exchange(1)], later).await.is_ok());
    drop(held);
    assert!(mask(LARGE, later).await.is_ok());
    assert!(guardrail.ingest(vec![exchange(LARGE)], later).await.is_ok());
    guardrail.log.close().await;
}

async fn count(guardrail: &Guardrail, with: &str) -> i64 {
    let count = format!("SELECT count(*) FROM record WHERE {with}");
    let found = guardrail.log.readers().run(move |connection, _| connection.query_row(&count, [], |row| row.get(0)));
    found.await.unwrap()
}

#[tokio::test]
async fn a_refusal_of_a_session_waits_for_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let sessions = Arc::new(Sessions::new(Limits::default()));
    let guardrail = guardrail(folder.path(), &sessions);
    let quarantine = Quarantine { policy: Arc::from("p"), reason: "late", lasts: Duration::from_secs(60) };
    sessions.quarantine(sessions.key(&check().context).unwrap(), quarantine);
    let large = format!(r#"{{"model": "m", "x": "{}"}}"#, "x".repeat(LARGE));
    let refused = async || {
        let payloads = Payloads::Request(Payload::Json(large.clone().into()));
        let checked = guardrail.check(Check { payloads, ..check() }).await.unwrap();
        assert_eq!(checked.decision.action, Action::Block);
    };
    let all = u32::try_from(guardrail.large.available_permits()).unwrap();
    let held = guardrail.large.acquire_many(all).await.unwrap();
    refused().await;
    assert_eq!((count(&guardrail, "model = 'm'").await, count(&guardrail, "model = ''").await), (0, 2));
    drop(held);
    refused().await;
    assert_eq!(count(&guardrail, "model = 'm'").await, 2, "it is named where there is room to read it");
    guardrail.log.close().await;
}

#[tokio::test]
async fn an_exchange_keeps_the_status_of_its_answer_and_a_refused_one_that_of_the_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let guardrail = guardrail(folder.path(), &Arc::new(Sessions::new(Limits::default())));
    for (text, status) in [("an apple", 400), ("a banana", 201)] {
        let (request, response) = (Payload::Text("what is in it?".to_owned()), Payload::Text(text.to_owned()));
        let payloads = Payloads::Both { request, response };
        guardrail.check(Check { payloads, status, ..check() }).await.unwrap();
    }
    // The second is its decision and its exchange.
    assert_eq!((count(&guardrail, "status = 400").await, count(&guardrail, "status <> 400").await), (3, 0));
    assert_eq!(count(&guardrail, "status = 400 AND enforced = 0").await, 1, "no model's status is a block");
    guardrail.log.close().await;
}

#[tokio::test]
async fn a_check_that_the_disk_did_not_take_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let settings = LogSettings { on_full: OnFull::Shed, max_bytes: Some(2 << 20), ..LogSettings::default() };
    let log = Arc::new(Log::open_with(folder.path(), &settings).unwrap());
    let guardrail = under(WORDS, log, &Arc::new(Sessions::new(Limits::default())));
    let is_shed = async || {
        let (request, response) = (Payload::Text("hi".to_owned()), Payload::Text("x".repeat(256 << 10)));
        let (payloads, side) = (Payloads::Both { request, response }, Some(Direction::Request));
        guardrail.check(Check { payloads, side, ..check() }).await.unwrap().shed
    };
    assert!(!is_shed().await);
    while !is_shed().await {}
    guardrail.log.close().await;
}

#[tokio::test]
async fn an_answer_that_was_recorded_is_not_late() {
    let folder = tempfile::tempdir().unwrap();
    let sessions = Arc::new(Sessions::new(Limits::default()));
    let guardrail = guardrail(folder.path(), &sessions);
    let response = serde_json::json!({"choices": [{"message": {"role": "assistant", "content": "an almond"}}]});
    let ingest = Ingest {
        payloads: Payloads::Response(Payload::Json(response.to_string().into())),
        context: check().context,
        policies: Vec::new(),
        sync: false,
        late: false,
        status: 200,
        idempotency_key: None,
    };
    let exchange = guardrail.exchange(ingest).unwrap();
    guardrail.ingest(vec![exchange], Instant::now() + Duration::from_secs(60)).await.unwrap();
    guardrail.check(check()).await.unwrap();
    let count = "SELECT count(*) FROM record WHERE late = 1";
    let late = guardrail.log.readers().run(move |connection, _| connection.query_row(count, [], |row| row.get(0)));
    assert_eq!(late.await, Ok(0_i64));
    guardrail.log.close().await;
}

/// The check of the answer that [`check`] brings back.
fn check_of_answer() -> Check {
    let response = serde_json::json!({"choices": [{"message": {"role": "assistant", "content": "an almond"}}]});
    Check { payloads: Payloads::Response(Payload::Json(response.to_string().into())), ..check() }
}

#[tokio::test]
async fn an_answer_whose_check_failed_is_late_all_the_same() {
    for (fails, late) in [(true, 1), (false, 0)] {
        let folder = tempfile::tempdir().unwrap();
        let sessions = Arc::new(Sessions::new(Limits::default()));
        let first = guardrail(&folder.path().join("first"), &sessions);
        if fails {
            first.log.close().await;
        }
        assert_eq!(first.check(check_of_answer()).await.is_err(), fails);
        let second = guardrail(&folder.path().join("second"), &sessions);
        second.check(check()).await.unwrap();
        assert_eq!(count(&second, "late = 1").await, late, "{fails}");
        if !fails {
            first.log.close().await;
        }
        second.log.close().await;
    }
}

#[tokio::test]
async fn a_text_waits_for_no_room_to_be_known_again() {
    let request = serde_json::json!({"model": "m", "messages": [{"role": "user", "content": "x".repeat(LARGE)}]});
    let later = Instant::now() + Duration::from_secs(60);
    for (has_room, late) in [(false, 1), (true, 0)] {
        let folder = tempfile::tempdir().unwrap();
        let sessions = Arc::new(Sessions::new(Limits::default()));
        let guardrail = Arc::new(guardrail(folder.path(), &sessions));
        let terms = Terms { policies: Vec::new(), context: check().context, direction: Direction::Response };
        let request = Some(Payload::Json(request.to_string().into()));
        let open = Open { terms, request, recording: Recording::Always, status: 200 };
        let mut text = Text::open(&guardrail, open, &OpenTexts::default()).unwrap();
        text.piece("an ", false, later).await.unwrap();
        let all = u32::try_from(guardrail.large.available_permits()).unwrap();
        let held = guardrail.large.acquire_many(if has_room { 0 } else { all }).await.unwrap();
        assert_eq!(text.piece("almond", true, later).await.unwrap().decision.action, Action::Block);
        drop(held);
        guardrail.check(check()).await.unwrap();
        assert_eq!(count(&guardrail, "late = 1").await, late, "{has_room}");
        guardrail.log.close().await;
    }
}

#[tokio::test]
async fn a_session_does_not_bear_what_the_disk_did_not_take() {
    let folder = tempfile::tempdir().unwrap();
    let settings = LogSettings { on_full: OnFull::Shed, max_bytes: Some(2 << 20), ..LogSettings::default() };
    let log = Arc::new(Log::open_with(folder.path(), &settings).unwrap());
    let policy = format!("{WORDS}session: {{quarantine: {{minutes: 5, on: [block]}}}}\n");
    let guardrail = under(&policy, log, &Arc::new(Sessions::new(Limits::default())));
    let is_shed = async |session: u32| {
        let metadata = [("session_id".to_owned(), session.to_string())].into();
        let context = CallContext { metadata, ..CallContext::default() };
        let payloads = Payloads::Request(Payload::Text(format!("a banana {}", "x".repeat(256 << 10))));
        let checked = guardrail.check(Check { payloads, context: context.clone(), ..check() }).await.unwrap();
        assert_eq!((checked.decision.action, guardrail.quarantined(&context).is_none()), (Action::Block, checked.shed));
        checked.shed
    };
    let mut session = 0;
    while !is_shed(session).await {
        session += 1;
    }
    assert!(session > 0, "at first there is room");
    guardrail.log.close().await;
}
