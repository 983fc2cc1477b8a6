//! What a check leaves behind.

use std::{path::Path, time::Duration};

use super::*;
use crate::{
    policy::{compile, set::PolicySet},
    session::Limits,
};

const WORDS: &str = "
name: words
rules:
  - {name: fruit, detector: keywords, words: [banana], action: block}
  - {name: nut, detector: keywords, words: [almond], action: block, directions: [response]}
";

fn guardrail(dir: &Path, sessions: &Arc<Sessions>) -> Guardrail {
    let set = PolicySet::new(vec![Arc::new(compile::compile(WORDS).unwrap())]).unwrap();
    let live = Live::new(Generation { set, statuses: Vec::new() });
    Guardrail::new(Arc::new(live), Arc::new(Log::open(dir).unwrap()), [0; 32], Arc::clone(sessions))
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
