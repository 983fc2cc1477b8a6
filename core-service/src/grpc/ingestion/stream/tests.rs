use std::sync::atomic::{AtomicU64, Ordering};

use portcullis_api::{
    error::ErrorCode,
    v1::{Payload, payload::Content},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::Code;

use super::*;
use crate::{grpc::samples, record::Log};

struct Bench {
    api: IngestionApi,
    log: Arc<Log>,
    _folder: tempfile::TempDir,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let (guardrail, log) = samples::guardrail(folder.path());
    let stop = CancellationToken::new();
    let api = IngestionApi { guardrail, payload_bytes: 1 << 20, stop };
    Bench { api, log, _folder: folder }
}

fn item(key: &str, text: &str) -> Result<IngestStreamRequest, Status> {
    let request = Some(Payload { content: Some(Content::Text(text.to_owned())) });
    let ingest = IngestRequest { request, idempotency_key: key.to_owned(), ..IngestRequest::default() };
    Ok(IngestStreamRequest { ingest: Some(ingest) })
}

/// Index, key, sequence, whether it was there already.
fn told(ack: &IngestAck) -> (u64, &str, Result<(u64, bool), &str>) {
    let outcome = match ack.outcome.as_ref().unwrap() {
        Outcome::Recorded(recorded) => Ok((recorded.sequence, recorded.duplicate)),
        Outcome::Refused(refused) => Err(refused.reason.as_str()),
    };
    (ack.index, &ack.idempotency_key, outcome)
}

async fn all(mut acks: Acks) -> (Vec<IngestAck>, Option<Status>) {
    let (mut told, mut error) = (Vec::new(), None);
    while let Some(answer) = acks.next().await {
        assert!(error.is_none(), "an error is the last word");
        match answer {
            Ok(IngestStreamResponse { acks }) => told.extend(acks),
            Err(status) => error = Some(status),
        }
    }
    (told, error)
}

#[tokio::test]
async fn each_item_is_acknowledged_in_its_order_and_a_refused_one_ends_nothing() {
    let bench = bench();
    let long = "k".repeat(129);
    let items = vec![
        item("a", "one"),
        Ok(IngestStreamRequest { ingest: None }),
        item("b", "two"),
        item("a", "three"),
        item(&long, "four"),
        item("", "five"),
    ];
    let (acks, error) = all(acks(bench.api.clone(), None, stream::iter(items))).await;
    assert!(error.is_none());
    let expected = [
        (0, "a", Ok((1, false))),
        (1, "", Err("INVALID_ARGUMENT")),
        (2, "b", Ok((2, false))),
        (3, "a", Ok((1, true))),
        (4, "", Err("INVALID_ARGUMENT")),
        (5, "", Ok((3, false))),
    ];
    assert_eq!(acks.iter().map(told).collect::<Vec<_>>(), expected);
    // The same again, as after a connection that was lost.
    let items = vec![item("b", "two"), item("c", "six")];
    let (acks, _) = all(super::acks(bench.api.clone(), None, stream::iter(items))).await;
    assert_eq!(acks.iter().map(told).collect::<Vec<_>>(), [(0, "b", Ok((2, true))), (1, "c", Ok((4, false)))]);
    bench.log.close().await;
}

#[tokio::test]
async fn no_more_is_read_than_the_window_while_nobody_takes_acknowledgements() {
    let bench = bench();
    for (bytes, window) in [(1, FLIGHTS * BATCH), (BATCH_BYTES / 4, FLIGHTS * 4)] {
        let (read, text) = (Arc::new(AtomicU64::new(0)), "x".repeat(bytes));
        let counted = Arc::clone(&read);
        let endless = stream::repeat_with(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            item("", &text)
        });
        let mut acks = acks(bench.api.clone(), None, endless);
        let first = acks.next().await.unwrap().unwrap();
        assert_eq!(first.acks.len(), window / FLIGHTS);
        assert_eq!(read.load(Ordering::Relaxed), window as u64, "one batch is taken, and nothing is asked for yet");
    }
    bench.log.close().await;
}

#[tokio::test]
async fn what_comes_one_by_one_is_acknowledged_one_by_one_until_the_caller_ends() {
    let bench = bench();
    let (items, sent) = mpsc::unbounded_channel();
    let mut acks = acks(bench.api.clone(), None, UnboundedReceiverStream::new(sent));
    for number in 0..3 {
        items.send(item("", "text")).unwrap();
        let answer = acks.next().await.unwrap().unwrap();
        assert_eq!(answer.acks.iter().map(told).collect::<Vec<_>>(), [(number, "", Ok((number + 1, false)))]);
    }
    drop(items);
    assert!(acks.next().await.is_none());
    bench.log.close().await;
}

#[tokio::test]
async fn an_end_in_error_comes_after_what_was_recorded() {
    let bench = bench();
    let broken = vec![item("", "a"), item("", "b"), Err(Status::cancelled("gone")), item("", "c")];
    let (acks, error) = all(acks(bench.api.clone(), None, stream::iter(broken))).await;
    assert_eq!((acks.len(), error.unwrap().code()), (2, Code::Cancelled));
    // It stops, whatever more would come.
    let (items, sent) = mpsc::unbounded_channel();
    let mut stopping = super::acks(bench.api.clone(), None, UnboundedReceiverStream::new(sent));
    items.send(item("", "d")).unwrap();
    assert_eq!(stopping.next().await.unwrap().unwrap().acks.len(), 1);
    bench.api.stop.cancel();
    let status = stopping.next().await.unwrap().unwrap_err();
    assert_eq!(ApiError::from(&status).code, ErrorCode::Unavailable);
    assert!(stopping.next().await.is_none());
    // The log takes nothing any more.
    let again = IngestionApi { stop: CancellationToken::new(), ..bench.api.clone() };
    bench.log.close().await;
    let (acks, error) = all(super::acks(again, None, stream::iter(vec![item("", "e")]))).await;
    assert_eq!((acks.len(), error.unwrap().code()), (0, Code::Unavailable));
}
