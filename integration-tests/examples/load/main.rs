//! The program under load, over the wire: how fast exchanges are on disk, and what that costs.
//!
//! `cargo build --release --bins && cargo run --release -p integration-tests --example load -- streams batches calls`
//!
//! | word | |
//! | --- | --- |
//! | `streams` | gRPC: four `IngestStream`s over two connections |
//! | `batches` | HTTP: `/api/ingestData` with 250 records a call, over eight connections |
//! | `calls` | gRPC: single `Ingest` calls, one at a time over each of 16 connections |
//! | `recovery` | a log of 1 GB, `kill -9`, and the time until the program is ready again |
//! | `kafka` | both ways, with Kafka as the sink: what is acknowledged, what arrives, and how far one is behind the other |
//! | `memory` | 1,000,000 exchanges while the one sink refuses connections: memory after each 100,000 |
//!
//! `kafka` starts tansu, or takes the broker of `--brokers HOST:PORT` (topic `akto.api.logs`), or with `--mock` the client library's mock
//! cluster, in this process; then it measures what a producer alone brings there. `--batch N` sets `delivery.batch_records`.
//!
//! `--records N` is for another number, `--pid` prints the process to trace and waits for a line. Each exchange is 1.3 KB and
//! has text of its own; each is judged in the background, by the built-in policy, while the next come. Acknowledged is on disk.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a tool for developers")]

mod kafka;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use integration_tests::{Program, Setup, http};
use portcullis_api::v1::{
    IngestRequest, IngestStreamRequest, Payload, ingest_ack::Outcome, ingestion_service_client::IngestionServiceClient,
    payload::Content,
};
use serde_json::json;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

const BYTES: usize = 1300;
const STREAMS: usize = 4;
const HTTP: usize = 8;
const PER_CALL: usize = 250;
const CALLERS: usize = 16;

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| -> Option<usize> {
        let at = words.iter().position(|word| word == name)?;
        words.get(at + 1).map(|number| number.parse().unwrap())
    };
    let records = number("--records");
    let wait = words.iter().any(|word| word == "--pid");
    for word in &words {
        match word.as_str() {
            "streams" => streams(records.unwrap_or(200_000), wait).await,
            "batches" => batches(records.unwrap_or(100_000), wait).await,
            "calls" => calls(records.unwrap_or(50_000)).await,
            "kafka" => {
                let far = kafka::Far::of(&words).await;
                kafka::measure(records.unwrap_or(200_000), &far, number("--batch"), wait).await;
            }
            "recovery" => recovery(records.unwrap_or(620_000)).await,
            "memory" => memory(records.unwrap_or(1_000_000)).await,
            _ => {}
        }
    }
}

fn start(setup: &Setup, wait: bool) -> Program {
    let program = setup.start();
    if wait {
        println!("{}: press return", program.pid());
        std::io::stdin().read_line(&mut String::new()).unwrap();
    }
    program
}

/// Words that differ from one exchange to the next.
fn text(number: usize, bytes: usize) -> String {
    let mut text = format!("Exchange {number}: ");
    let mut seed = number as u64;
    while text.len() < bytes {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(
            ["river ", "stone ", "cloud ", "green ", "walks ", "seven ", "paper ", "light "][(seed >> 61) as usize],
        );
    }
    text.truncate(bytes);
    text
}

fn exchange(number: usize) -> IngestRequest {
    let payload = |text| Some(Payload { content: Some(Content::Text(text)) });
    IngestRequest {
        request: payload(text(number, BYTES / 2)),
        response: payload(text(number + 1, BYTES / 2)),
        ..IngestRequest::default()
    }
}

async fn connect(program: &Program) -> Channel {
    Channel::from_shared(format!("http://{}", program.grpc_address())).unwrap().connect().await.unwrap()
}

/// How many of these a stream acknowledged.
async fn stream(channel: Channel, first: usize, count: usize) -> usize {
    let (items, sent) = mpsc::channel(1024);
    tokio::spawn(async move {
        for number in first..first + count {
            if items.send(IngestStreamRequest { ingest: Some(exchange(number)) }).await.is_err() {
                return;
            }
        }
    });
    let answers = IngestionServiceClient::new(channel).ingest_stream(ReceiverStream::new(sent)).await.unwrap();
    let (mut answers, mut recorded) = (answers.into_inner(), 0);
    while let Some(answer) = answers.message().await.unwrap() {
        recorded += answer.acks.iter().filter(|ack| matches!(ack.outcome, Some(Outcome::Recorded(_)))).count();
    }
    recorded
}

async fn all_streams(program: &Program, first: usize, count: usize) -> usize {
    let mut tasks = JoinSet::new();
    let channels = [connect(program).await, connect(program).await];
    for number in 0..STREAMS {
        let each = count / STREAMS;
        tasks.spawn(stream(channels[number % 2].clone(), first + number * each, each));
    }
    tasks.join_all().await.into_iter().sum()
}

async fn streams(records: usize, wait: bool) {
    let program = start(&Setup::portcullis(), wait);
    let begun = Instant::now();
    let recorded = all_streams(&program, 0, records).await;
    told("gRPC streams", recorded, begun.elapsed(), &program);
}

fn told(name: &str, recorded: usize, elapsed: Duration, program: &Program) {
    let rate = recorded as f64 / elapsed.as_secs_f64();
    println!(
        "{name}: {recorded} exchanges of {BYTES} bytes on disk, {rate:.0}/s; memory {} MB",
        program.memory() >> 20
    );
}

async fn all_batches(program: &Program, records: usize) -> usize {
    let address = program.http("/api/ingestData");
    let mut tasks = JoinSet::new();
    for caller in 0..HTTP {
        let (client, address) = (http::client(), address.clone());
        tasks.spawn(async move {
            let mut recorded = 0;
            for call in 0..records / HTTP / PER_CALL {
                let first = (caller * records / HTTP) + call * PER_CALL;
                let record = |number| {
                    json!({"path": "/v1/chat/completions", "method": "POST", "statusCode": "200",
                        "requestPayload": text(number, BYTES / 2), "responsePayload": text(number + 1, BYTES / 2)})
                };
                let body = json!({"batchData": (first..first + PER_CALL).map(record).collect::<Vec<_>>()});
                let answer = client.post(&address).json(&body).send().await.unwrap();
                let status = answer.status();
                assert_eq!(status, 200, "{}", answer.text().await.unwrap());
                recorded += PER_CALL;
            }
            recorded
        });
    }
    tasks.join_all().await.into_iter().sum()
}

async fn batches(records: usize, wait: bool) {
    let program = start(&Setup::portcullis(), wait);
    let begun = Instant::now();
    let recorded = all_batches(&program, records).await;
    told("HTTP batches", recorded, begun.elapsed(), &program);
}

async fn calls(records: usize) {
    let program = Setup::portcullis().start();
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for caller in 0..CALLERS {
        let mut client = IngestionServiceClient::new(connect(&program).await);
        tasks.spawn(async move {
            let mut times = Vec::new();
            for call in 0..records / CALLERS {
                let begun = Instant::now();
                client.ingest(exchange(caller * records / CALLERS + call)).await.unwrap();
                times.push(begun.elapsed());
            }
            times
        });
    }
    let mut times = tasks.join_all().await.concat();
    let elapsed = begun.elapsed();
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    told("single gRPC calls", times.len(), elapsed, &program);
    println!("  of 16 connections: p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms", at(50), at(95), at(99));
}

async fn recovery(records: usize) {
    let setup = Setup::portcullis();
    let program = setup.start();
    let recorded = all_streams(&program, 0, records).await;
    let file = program.folder().join("data/portcullis.db");
    program.kill();
    let bytes: u64 = ["", "-wal"]
        .iter()
        .filter_map(|suffix| std::fs::metadata(format!("{}{suffix}", file.display())).ok())
        .map(|metadata| metadata.len())
        .sum();
    let begun = Instant::now();
    let program = setup.start();
    let ready = begun.elapsed();
    println!("recovery: {recorded} exchanges, {} MB, killed; ready again in {:.2} s", bytes >> 20, ready.as_secs_f64());
    drop(program);
}

async fn memory(records: usize) {
    // Nobody listens there.
    let program = Setup::portcullis().env("PORTCULLIS_INGEST_URL", "http://127.0.0.1:9/records").start();
    let mut held = VecDeque::new();
    for step in 0..10 {
        all_streams(&program, step * records / 10, records / 10).await;
        held.push_back(program.memory() >> 20);
    }
    println!("memory with the sink down, MB after each {}: {held:?}", records / 10);
}
