//! What is done when nothing comes: old records go, and a disk that took nothing is tried again.

use std::time::Duration;

use rusqlite::TransactionBehavior;
use tokio::time::Instant;

use super::{Writer, leave_reserve};
use crate::record::{retention, seal::Head};

/// While commits fail, whether they still would: who asks for health before he sends would otherwise never send again.
pub(super) const PROBE: Duration = Duration::from_secs(1);

/// What a probe writes: with less room than this, the next records would not fit either. KiB.
const PROBE_KIB: u32 = 128;

/// From one step of retention to the next: while there is more to do, and when there is not.
const SWEEP: Duration = Duration::from_millis(10);
const REST: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 5000 });

impl Writer {
    /// When something is to be done even if nothing comes.
    pub(super) fn tend_at(&self) -> Option<Instant> {
        let sweep = self.settings.retention.is_on().then_some(self.sweep_at);
        let probe = (!self.is_well()).then_some(self.probe_at);
        sweep.into_iter().chain(probe).min()
    }

    pub(super) fn tend(&mut self) {
        // A log that is full of old records makes room by it.
        if self.is_sweep_due() {
            self.sweep();
        }
        if !self.is_well() && Instant::now() >= self.probe_at {
            self.probe();
            self.probe_at = Instant::now() + PROBE;
            // What was missing since it was last kept.
            self.keep_gap();
        }
    }

    /// Writes what has to be told in any case, or as much as says that the next records would find room.
    pub(super) fn probe(&mut self) {
        match self.ballast() {
            Ok(()) => self.tell(),
            Err(error) => drop(self.failed(error)),
        }
    }

    /// Committed before it goes again: pages that are taken and given back in one transaction are never written.
    fn ballast(&mut self) -> rusqlite::Result<()> {
        let bytes = PROBE_KIB * 512;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("INSERT OR REPLACE INTO meta VALUES ('probe', hex(zeroblob(?1)))", [bytes])?;
        leave_reserve(&transaction, &self.settings)?;
        transaction.commit()?;
        self.connection.execute("DELETE FROM meta WHERE key = 'probe'", []).map(drop)
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
