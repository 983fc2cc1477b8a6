use portcullis_api::v1::CallContext;
use tempfile::TempDir;

use super::*;
use crate::{
    policy::{live::Live, load::Loader},
    record::Log,
    session::{Limits, Quarantine, Sessions},
    telemetry,
};

struct Stream {
    texts: Texts,
    log: Arc<Log>,
    sessions: Arc<Sessions>,
    _folder: TempDir,
}

fn stream(idle: Duration) -> Stream {
    let folder = tempfile::tempdir().unwrap();
    let (_, generation) = Loader::new(folder.path().join("policies")).unwrap();
    let log = Arc::new(Log::open(&folder.path().join("data")).unwrap());
    let sessions = Arc::new(Sessions::new(Limits::default()));
    let live = Arc::new(Live::new(generation));
    let guardrail = Guardrail::new(live, Arc::clone(&log), [0; 32], Arc::clone(&sessions));
    let texts = Texts { idle, ..Texts::new(Arc::new(guardrail), 1 << 20, 16, None, OpenTexts::default()) };
    Stream { texts, log, sessions, _folder: folder }
}

fn context() -> CallContext {
    CallContext { metadata: [("session_id".to_owned(), "s".to_owned())].into(), ..CallContext::default() }
}

fn question(judge: Direction) -> CheckRequest {
    CheckRequest { context: Some(context()), judge: judge.into(), ..CheckRequest::default() }
}

impl Stream {
    async fn piece(&mut self, id: &str, check: Option<CheckRequest>) -> Answer {
        self.say(id, check, "hello ").await
    }

    async fn say(&mut self, id: &str, check: Option<CheckRequest>, text: &str) -> Answer {
        let piece = Piece { text: text.to_owned(), last: false };
        self.texts.route(id, check, piece)?.await.unwrap()
    }
}

#[tokio::test]
async fn a_text_that_gets_no_piece_for_too_long_is_ended() {
    let mut stream = stream(Duration::from_millis(10));
    stream.piece("a", Some(question(Direction::Response))).await.unwrap();
    while !stream.texts.open["a"].is_closed() {
        tokio::task::yield_now().await;
    }
    assert_eq!(stream.piece("a", None).await.unwrap_err().code, ErrorCode::RequestTimeout);
    // Its name and its place are free again.
    stream.piece("a", Some(question(Direction::Response))).await.unwrap();
    assert_eq!(stream.texts.open.len(), 1);
}

#[tokio::test]
async fn a_request_in_pieces_is_refused_while_its_session_is_in_quarantine() {
    let mut stream = stream(IDLE);
    let begun = stream.piece("a", Some(question(Direction::Request))).await.unwrap();
    assert_eq!(begun.action(), v1::Action::Allow);
    let key = stream.sessions.key(&convert::context(Some(context()), None).unwrap()).unwrap();
    let quarantine = Quarantine { policy: Arc::from("p"), reason: "late", lasts: Duration::from_secs(60) };
    stream.sessions.quarantine(key, quarantine);
    for (id, check) in [("a", None), ("b", Some(question(Direction::Request)))] {
        for check in [check, None] {
            let refused = stream.piece(id, check).await.unwrap();
            assert_eq!(
                (refused.action(), refused.violations[0].rule.as_str()),
                (v1::Action::Block, "session_quarantined")
            );
            assert_eq!(refused.coverage.unwrap().status(), v1::CoverageStatus::NotChecked);
        }
    }
    // As with a whole one: what a model answered is no request.
    let answer = stream.piece("c", Some(question(Direction::Response))).await.unwrap();
    assert_eq!(answer.action(), v1::Action::Allow);
}

/// A text that is refused, and so recorded.
const KEY: &str = "It is AKIA3XQ7ZP5LMV2RTB4N and so on";

fn failures(reason: &str) -> u64 {
    let page = telemetry::metrics().render(None);
    let series = format!("portcullis_check_failures_total{{reason=\"{reason}\"}} ");
    page.lines().find_map(|line| line.strip_prefix(series.as_str())?.parse().ok()).unwrap()
}

#[tokio::test]
async fn a_text_whose_recording_failed_is_at_its_end_and_told() {
    let mut stream = stream(IDLE);
    stream.piece("a", Some(question(Direction::Response))).await.unwrap();
    stream.log.close().await;
    let before = failures("storage");
    assert_eq!(stream.say("a", None, KEY).await.unwrap_err().code, ErrorCode::Unavailable);
    assert!(failures("storage") > before);
    // A late piece finds it closed, and is not judged.
    assert!(stream.texts.open["a"].is_closed());
    assert_eq!(stream.piece("a", None).await.unwrap_err().code, ErrorCode::RequestTimeout);
    assert!(stream.texts.open.is_empty());
    // It is not open any more either, though nobody ended its stream.
    stream.texts.all.ended().await;
}

#[tokio::test]
async fn a_text_of_a_policy_that_is_not_there_is_a_failed_check() {
    let mut stream = stream(IDLE);
    let before = failures("unknown_policy");
    let check = CheckRequest { policies: vec!["nobody".to_owned()], ..question(Direction::Response) };
    assert_eq!(stream.piece("a", Some(check)).await.unwrap_err().code, ErrorCode::UnknownPolicy);
    assert!(failures("unknown_policy") > before);
}
