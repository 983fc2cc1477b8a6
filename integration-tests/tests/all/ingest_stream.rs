//! `IngestStream` by a gRPC client of its own, over a crash and over a stop.

use std::collections::{HashMap, HashSet};

use integration_tests::{Program, Setup};
use portcullis_api::v1::{
    IngestAck, IngestRequest, IngestResponse, IngestStreamRequest, IngestStreamResponse, Payload, SummarizeRequest,
    event_service_client::EventServiceClient, ingest_ack::Outcome, ingestion_service_client::IngestionServiceClient,
    payload::Content,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming, transport::Channel};

const ITEMS: u64 = 4000;

fn item(number: u64) -> IngestStreamRequest {
    let text = format!("exchange {number}: {}", "x".repeat(1200));
    let request = Some(Payload { content: Some(Content::Text(text)) });
    let idempotency_key = format!("key-{number}");
    IngestStreamRequest { ingest: Some(IngestRequest { request, idempotency_key, ..IngestRequest::default() }) }
}

async fn connect(program: &Program) -> Channel {
    let address = format!("http://{}", program.grpc_address());
    Channel::from_shared(address).unwrap().connect().await.unwrap()
}

/// A stream into which items can be put, and its acknowledgements.
async fn open(channel: Channel) -> (mpsc::Sender<IngestStreamRequest>, Streaming<IngestStreamResponse>) {
    let (items, sent) = mpsc::channel(16);
    let answer = IngestionServiceClient::new(channel).ingest_stream(ReceiverStream::new(sent)).await.unwrap();
    (items, answer.into_inner())
}

fn recorded(ack: IngestAck) -> (String, IngestResponse) {
    match ack.outcome {
        Some(Outcome::Recorded(recorded)) => (ack.idempotency_key, recorded),
        other => panic!("{other:?}"),
    }
}

/// Sends all of them while their acknowledgements are taken, until `enough` of these are there or the stream ends.
async fn send_all(channel: Channel, enough: usize) -> (HashMap<String, IngestResponse>, Option<Status>) {
    let (items, mut acks) = open(channel).await;
    let sending = tokio::spawn(async move {
        for number in 0..ITEMS {
            if items.send(item(number)).await.is_err() {
                break;
            }
        }
    });
    let mut told = HashMap::new();
    let end = loop {
        match acks.message().await {
            Ok(Some(answer)) => told.extend(answer.acks.into_iter().map(recorded)),
            Ok(None) => break None,
            Err(status) => break Some(status),
        }
        if told.len() >= enough {
            break None;
        }
    };
    sending.abort();
    (told, end)
}

async fn records(program: &Program) -> u64 {
    let summary = EventServiceClient::new(connect(program).await).summarize(SummarizeRequest::default()).await;
    summary.unwrap().into_inner().actions.iter().map(|action| action.count).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_kill_and_a_retry_makes_no_second() {
    let setup = Setup::core();
    let program = setup.start();
    let (before, end) = send_all(connect(&program).await, 700).await;
    assert!(end.is_none() && before.len() >= 700);
    program.kill();
    let program = setup.start();
    let (after, end) = send_all(connect(&program).await, usize::MAX).await;
    assert!(end.is_none(), "{end:?}");
    assert_eq!(after.len() as u64, ITEMS);
    for (key, told) in &before {
        let again = &after[key];
        assert!(again.duplicate, "{key} was acknowledged and is not there");
        assert_eq!((&again.request_id, again.sequence), (&told.request_id, told.sequence));
    }
    let sequences: HashSet<u64> = after.values().map(|one| one.sequence).collect();
    assert_eq!(sequences.len() as u64, ITEMS);
    assert_eq!(records(&program).await, ITEMS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_acknowledges_what_was_read_and_says_why_it_ends() {
    let setup = Setup::core();
    let program = setup.start();
    let (items, mut acks) = open(connect(&program).await).await;
    // Without an end: the stop finds items on their way to the disk.
    let sending = tokio::spawn(async move {
        let mut number = 0;
        while items.send(item(number)).await.is_ok() {
            number += 1;
        }
    });
    let first = acks.message().await.unwrap().unwrap().acks;
    let mut acknowledged: HashSet<String> = first.into_iter().map(|ack| recorded(ack).0).collect();
    let stopping = tokio::task::spawn_blocking(move || program.stop());
    let end = loop {
        match acks.message().await {
            Ok(Some(answer)) => acknowledged.extend(answer.acks.into_iter().map(|ack| recorded(ack).0)),
            Ok(None) => panic!("the stream ended without a word"),
            Err(status) => break status,
        }
    };
    assert!(end.message().contains("shutting down"), "{end:?}");
    sending.abort();
    assert_eq!(stopping.await.unwrap().0, Some(0));
    let program = setup.start();
    assert_eq!(records(&program).await, acknowledged.len() as u64, "what was read is acknowledged");
    let (items, mut acks) = open(connect(&program).await).await;
    items.send(item(0)).await.unwrap();
    // Half closed: what is under way is still acknowledged, and then the answers end.
    drop(items);
    let again = acks.message().await.unwrap().unwrap().acks;
    assert!(recorded(again[0].clone()).1.duplicate);
    assert!(acks.message().await.unwrap().is_none());
}
