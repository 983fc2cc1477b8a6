use portcullis_api::v1::{Payload, Piece, check_stream_response::Outcome, payload::Content};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;

use super::*;
use crate::{grpc::samples, guardrail::text::OpenTexts, record::Log};

struct Bench {
    api: GuardrailApi,
    log: Arc<Log>,
    _folder: tempfile::TempDir,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let (guardrail, log) = samples::guardrail(folder.path());
    let (texts, stop) = (OpenTexts::default(), CancellationToken::new());
    let api = GuardrailApi { guardrail, payload_bytes: 1 << 20, texts, stop };
    Bench { api, log, _folder: folder }
}

fn whole(id: &str) -> Result<CheckStreamRequest, Status> {
    let request = Some(Payload { content: Some(Content::Text("hello".to_owned())) });
    let check = Some(CheckRequest { request, ..CheckRequest::default() });
    Ok(CheckStreamRequest { id: id.to_owned(), check, piece: None })
}

/// The first of a text.
fn piece(id: &str) -> Result<CheckStreamRequest, Status> {
    let piece = Some(Piece { text: "hello ".to_owned(), last: false });
    Ok(CheckStreamRequest { id: id.to_owned(), check: Some(CheckRequest::default()), piece })
}

/// The id, and the reason of an error.
fn told(answer: CheckStreamResponse) -> (String, String) {
    let reason = match answer.outcome {
        Some(Outcome::Error(error)) => error.reason,
        Some(Outcome::Result(_)) => "-".to_owned(),
        None => panic!("an answer without an outcome"),
    };
    (answer.id, reason)
}

#[tokio::test]
async fn a_stop_ends_the_stream_and_what_was_judged_of_a_text_is_recorded() {
    let bench = bench();
    let (questions, sent) = mpsc::unbounded_channel();
    let mut answers = answers(bench.api.clone(), None, UnboundedReceiverStream::new(sent));
    questions.send(piece("a")).unwrap();
    assert_eq!(told(answers.next().await.unwrap().unwrap()), ("a".to_owned(), "-".to_owned()));
    bench.api.stop.cancel();
    let end = answers.next().await.unwrap().unwrap_err();
    assert_eq!(ApiError::from(&end).code, ErrorCode::Unavailable);
    assert!(answers.next().await.is_none());
    // The stream itself is still held, as by a port whose caller does not take the end.
    bench.api.texts.ended().await;
    bench.log.close().await;
    assert_eq!(*bench.log.tip().borrow(), 1);
}

#[tokio::test]
async fn an_id_that_is_too_long_is_refused_and_ends_nothing() {
    let bench = bench();
    let long = "i".repeat(MAX_ID + 1);
    let questions = stream::iter([whole("a"), whole(&long), piece(&long), whole("b")]);
    let answers: Vec<_> = answers(bench.api.clone(), None, questions).collect().await;
    let told: Vec<_> = answers.into_iter().map(|answer| told(answer.unwrap())).collect();
    let invalid = ErrorCode::InvalidArgument.reason();
    let expected = [("a", "-"), ("", invalid), ("", invalid), ("b", "-")];
    assert_eq!(told, expected.map(|(id, reason)| (id.to_owned(), reason.to_owned())));
    bench.log.close().await;
}

#[tokio::test]
async fn a_message_that_the_library_cannot_read_ends_the_stream_with_the_closed_code() {
    let bench = bench();
    let questions = stream::iter([whole("a"), Err(Status::out_of_range("too large")), whole("b")]);
    let answers: Vec<_> = answers(bench.api.clone(), None, questions).collect().await;
    assert_eq!(answers.len(), 2);
    let end = answers[1].as_ref().unwrap_err();
    assert_eq!(ApiError::from(end).code, ErrorCode::PayloadTooLarge);
    bench.log.close().await;
}
