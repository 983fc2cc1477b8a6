//! What becomes of a sink's task that panics.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Runner;
use crate::{
    deliver::{DeliveryFailure, Plan, Sink, SinkState, status::Board},
    record::Log,
};

/// A panic ends no sink: it begins anew where the log says that it is, and later each time. What had not been stored is sent
/// again.
pub(super) async fn keep<S: Sink>(sink: Arc<S>, plan: Plan, log: Arc<Log>, board: Arc<Board>, stop: CancellationToken) {
    let mut panics = 0;
    loop {
        let runner = Runner::new(Arc::clone(&sink), plan.clone(), Arc::clone(&log), Arc::clone(&board));
        let began = Instant::now();
        if AssertUnwindSafe(Box::pin(runner.run(stop.clone()))).catch_unwind().await.is_ok() {
            return;
        }
        tracing::error!(sink = &*plan.name, "the task that serves this sink panicked; it begins anew");
        board.update(|progress| {
            progress.state = SinkState::Failing;
            progress.last_failure = Some((DeliveryFailure::Internal, Timestamp::now()));
        });
        panics = if began.elapsed() > plan.retry.ceiling { 1 } else { panics + 1 };
        tokio::select! {
            () = stop.cancelled() => {
                drop(timeout(plan.drain, sink.close()).await);
                board.update(|progress| progress.state = SinkState::Stopped);
                return;
            }
            () = sleep(plan.retry.wait(panics, None)) => {}
        }
    }
}
