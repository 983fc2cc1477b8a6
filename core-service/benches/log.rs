//! The log under load: durable records a second, and the start over what they left.
//!
//! `cargo bench -p core-service --bench log -- 200000` for another number of records.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::{
    io::{self, Write as _},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use core_service::{
    domain::exchange::{CallContext, Direction, Payload, Payloads},
    record::{Log, LogSettings, MasterKeys, NewRecord, RecordKind, RecordedOutcome, verify},
};
use uuid::Uuid;

/// Of one call, as of a stream.
const BATCH: usize = 256;
const CALLERS: usize = 4;
const BYTES: usize = 1300;

fn record() -> NewRecord {
    NewRecord {
        kind: RecordKind::Exchange,
        request_id: Uuid::now_v7(),
        idempotency: None,
        sync: true,
        late: false,
        direction: Direction::Response,
        status: 200,
        context: CallContext { principal: "token:0123456789abcdef".to_owned(), ..CallContext::default() },
        policies: Vec::new(),
        outcome: RecordedOutcome::Pending,
        enforced: false,
        payloads: Payloads::Both {
            request: Payload::Json(Bytes::from(vec![b' '; BYTES / 2])),
            response: Payload::Json(Bytes::from(vec![b' '; BYTES / 2])),
        },
    }
}

fn main() {
    let records = std::env::args().filter_map(|word| word.parse::<usize>().ok()).next().unwrap_or(100_000);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let key = || MasterKeys::parse(&"ab".repeat(32)).ok();
    for (name, keys) in [("as they are", None), ("encrypted", key())] {
        let settings = LogSettings { keys, ..LogSettings::default() };
        runtime.block_on(measure(name, records, &settings));
    }
}

async fn measure(name: &str, records: usize, settings: &LogSettings) {
    let folder = tempfile::tempdir_in(".").unwrap();
    let log = Arc::new(Log::open_with(folder.path(), settings).unwrap());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(3600);
    let begun = Instant::now();
    let callers = (0..CALLERS).map(|_| {
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            for _ in 0..records / CALLERS / BATCH {
                log.append((0..BATCH).map(|_| record()).collect(), deadline).await.unwrap();
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    let written = records / CALLERS / BATCH * CALLERS * BATCH;
    let rate = written as f64 / begun.elapsed().as_secs_f64();
    let bytes = log.bytes_on_disk();
    log.close().await;
    let begun = Instant::now();
    let log = Log::open_with(folder.path(), settings).unwrap();
    let opened = begun.elapsed();
    log.close().await;
    let begun = Instant::now();
    let found = verify::verify(folder.path(), None).unwrap();
    let verified = begun.elapsed();
    assert!(found.is_whole());
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "payloads {name}: {written} records of {BYTES} bytes, {rate:.0}/s on disk, {} MB; opened in {opened:?}, verified in {verified:?}",
        bytes >> 20
    )
    .unwrap();
}
