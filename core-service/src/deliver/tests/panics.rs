//! A sink that panics.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio_util::sync::CancellationToken;

use super::{many, plan};
use crate::{
    deliver::{Deliveries, Delivery, DeliveryFailure, Outcome, Sink, SinkState, memory::MemorySink, start},
    record::{
        Log,
        samples::{folder, later},
    },
};

/// Panics for as long as it is told to.
struct Clumsy(MemorySink, Arc<AtomicBool>);

impl Sink for Clumsy {
    async fn deliver(&self, batch: &[Delivery]) -> Vec<Outcome> {
        assert!(!self.1.load(Ordering::Relaxed), "it panics");
        self.0.deliver(batch).await
    }
}

#[tokio::test]
async fn a_sink_that_panics_is_shown_and_begins_anew() {
    let (dir, sink, panics) = (folder(), MemorySink::willing(), Arc::new(AtomicBool::new(true)));
    let log = Arc::new(Log::open(dir.path()).unwrap());
    log.append(many(3), later()).await.unwrap();
    let (mut deliveries, stop) = (Deliveries::default(), CancellationToken::new());
    let clumsy = Clumsy(sink.clone(), Arc::clone(&panics));
    let task = start(clumsy, plan(), Arc::clone(&log), &mut deliveries, stop.clone());
    while deliveries.statuses()[0].state != SinkState::Failing {
        tokio::task::yield_now().await;
    }
    let status = deliveries.statuses().remove(0);
    assert_eq!(status.last_failure.map(|(reason, _)| reason), Some(DeliveryFailure::Internal));
    panics.store(false, Ordering::Relaxed);
    assert_eq!(sink.arrived(3).await, [1, 2, 3]);
    stop.cancel();
    task.await.unwrap();
    assert_eq!(deliveries.statuses()[0].state, SinkState::Stopped);
    log.close().await;
}
