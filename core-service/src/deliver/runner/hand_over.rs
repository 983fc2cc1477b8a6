//! One batch on its way to the sink.

use std::time::Duration;

use portcullis_api::trace;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use crate::deliver::{Delivery, Outcome, Sink};

/// Records whose calls a delivery is linked with.
const LINKS: usize = 64;

/// Of a batch, which is of many calls.
fn span(sink: &str, batch: &[Delivery]) -> Span {
    if !trace::is_on() {
        return Span::none();
    }
    let span = tracing::debug_span!(parent: None, "deliver", otel.kind = "producer", sink, records = batch.len());
    let calls = batch.iter().filter_map(|delivery| delivery.record.traceparent.as_ref());
    calls.take(LINKS).for_each(|call| call.link(&span));
    span
}

async fn deliver<S: Sink>(sink: &S, batch: &[Delivery]) -> Vec<Outcome> {
    let outcomes = sink.deliver(batch).await;
    // The first, for the span.
    let failure = outcomes.iter().find_map(|outcome| match *outcome {
        Outcome::Delivered => None,
        Outcome::Retry { reason, .. } | Outcome::Permanent(reason) => Some(reason),
    });
    if let Some(reason) = failure {
        trace::failed(reason.as_str());
    }
    outcomes
}

/// None: the service stops, and the time for this batch is over.
pub(super) async fn hand_over<S: Sink>(
    sink: &S,
    batch: &[Delivery],
    name: &str,
    drain: Duration,
    stop: &CancellationToken,
) -> Option<Vec<Outcome>> {
    let too_late = async {
        stop.cancelled().await;
        sleep(drain).await;
    };
    tokio::select! {
        outcomes = deliver(sink, batch).instrument(span(name, batch)) => Some(outcomes),
        () = too_late => {
            tracing::warn!(sink = name, records = batch.len(), "a batch was still under way when its time was over");
            None
        }
    }
}
