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
    // Spans that were not taken since the last that were; none while all are.
    let mut failing = None::<u64>;
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
            Ok(()) => {
                if let Some(dropped) = failing.take() {
                    tracing::info!(dropped, "traces are exported again");
                }
                SpanFate::Exported
            }
            Err(error) => {
                // Once for a collector that is away, and not for every batch.
                if failing.is_none() {
                    tracing::warn!(%error, spans, "traces cannot be exported; they are dropped and counted");
                }
                *failing.get_or_insert(0) += spans;
                SpanFate::Failed
            }
        };
        metrics().spans(fate, spans);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status};
    use opentelemetry_sdk::{
        error::{OTelSdkError, OTelSdkResult},
        trace::{SpanEvents, SpanLinks},
    };
    use tracing::instrument::WithSubscriber as _;

    use super::*;

    /// Takes what these say, one after the other, and says when it was asked.
    #[derive(Debug)]
    struct Moody(Mutex<Vec<bool>>, mpsc::UnboundedSender<()>);

    impl SpanExporter for Moody {
        async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
            let takes = self.0.lock().unwrap().remove(0);
            self.1.send(()).unwrap();
            if takes { Ok(()) } else { Err(OTelSdkError::InternalFailure("away".to_owned())) }
        }
    }

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn span() -> SpanData {
        SpanData {
            span_context: SpanContext::NONE,
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: "check".into(),
            start_time: std::time::UNIX_EPOCH,
            end_time: std::time::UNIX_EPOCH,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: opentelemetry::InstrumentationScope::default(),
        }
    }

    #[tokio::test]
    async fn a_collector_that_goes_and_comes_is_told_of_once_each() {
        let (spans, waiting) = mpsc::channel(BATCH);
        let (asked, mut asks) = mpsc::unbounded_channel();
        let takes = vec![true, false, false, false, true, true];
        let times = takes.len();
        let lines = Lines::default();
        let written = lines.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || written.clone()).with_ansi(false).finish();
        let exporter = Moody(Mutex::new(takes), asked);
        let running = tokio::spawn(run(exporter, waiting, CancellationToken::new()).with_subscriber(subscriber));
        for _ in 0..times {
            // A full batch waits for no more.
            for _ in 0..BATCH {
                spans.send(span()).await.unwrap();
            }
            asks.recv().await.unwrap();
        }
        drop(spans);
        running.await.unwrap();
        let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(lines.lines().count(), 2, "{lines}");
        assert!(
            lines.contains("traces cannot be exported") && lines.contains("exported again dropped=1536"),
            "{lines}"
        );
    }
}
