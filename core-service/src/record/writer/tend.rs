//! What is done when nothing comes: old records go, and a disk that took nothing is tried again.

use std::time::Duration;

use rusqlite::TransactionBehavior;
use tokio::time::Instant;

use super::Writer;
use crate::record::{health::HealthStatus, retention, seal::Head};

/// While commits fail and nothing comes, whether they still would: who asks for health before he sends would
/// otherwise never send again.
const PROBE: Duration = Duration::from_secs(1);

/// From one step of retention to the next: while there is more to do, and when there is not.
const SWEEP: Duration = Duration::from_millis(10);
const REST: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 5000 });

impl Writer {
    /// When something is to be done even if nothing comes.
    pub(super) fn tend_at(&self) -> Option<Instant> {
        if *self.health.borrow() == HealthStatus::Ok {
            self.settings.retention.is_on().then_some(self.sweep_at)
        } else {
            Some(Instant::now() + PROBE)
        }
    }

    pub(super) fn tend(&mut self) {
        // A log that is full of old records makes room by it.
        if self.is_sweep_due() {
            self.sweep();
        }
        if *self.health.borrow() != HealthStatus::Ok {
            self.probe();
            // What was missing since it was last kept.
            self.keep_gap();
        }
    }

    pub(super) fn is_sweep_due(&self) -> bool {
        self.settings.retention.is_on() && Instant::now() >= self.sweep_at
    }

    /// One step of retention.
    pub(super) fn sweep(&mut self) {
        let now = jiff::Timestamp::now().as_microsecond();
        let mut step = || -> rusqlite::Result<Option<Head>> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let head = retention::step(&transaction, &self.settings.retention, self.head, now)?;
            transaction.commit()?;
            Ok(head)
        };
        let pause = match step() {
            Ok(Some(head)) => {
                self.head = head;
                SWEEP
            }
            Ok(None) => REST,
            Err(error) => {
                let fault = self.failed(error);
                tracing::error!(%fault, "old records could not be removed");
                REST
            }
        };
        self.sweep_at = Instant::now() + pause;
    }
}
