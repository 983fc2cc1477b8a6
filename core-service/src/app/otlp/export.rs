//! The task that hands spans to the collector.

use std::time::Duration;

use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::telemetry::{SpanFate, metrics};

/// Of one export.
const BATCH: usize = 512;
/// That spans gather for one.
const GATHER: Duration = Duration::from_secs(1);

/// Until `stop`, and then what is there.
pub(super) async fn run<E: SpanExporter>(exporter: E, mut waiting: mpsc::Receiver<SpanData>, stop: CancellationToken) {
    let mut failing = false;
    loop {
        let mut batch = Vec::with_capacity(BATCH);
        tokio::select! {
            taken = waiting.recv_many(&mut batch, BATCH) => if taken == 0 { return },
            // What was ended by now is still taken; nothing is after it.
            () = stop.cancelled(), if !waiting.is_closed() => {
                waiting.close();
                continue;
            }
        }
        let until = Instant::now() + GATHER;
        while batch.len() < BATCH && !waiting.is_closed() {
            let room = BATCH - batch.len();
            tokio::select! {
                taken = timeout_at(until, waiting.recv_many(&mut batch, room)) => if !matches!(taken, Ok(1..)) { break },
                () = stop.cancelled() => break,
            }
        }
        let spans = batch.len() as u64;
        let fate = match exporter.export(batch).await {
            Ok(()) => SpanFate::Exported,
            Err(error) => {
                // Once for a collector that is away, and not for every batch.
                if !failing {
                    tracing::warn!(%error, spans, "traces cannot be exported; they are dropped and counted");
                }
                SpanFate::Failed
            }
        };
        failing = fate == SpanFate::Failed;
        metrics().spans(fate, spans);
    }
}
