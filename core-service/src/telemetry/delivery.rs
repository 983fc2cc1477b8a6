//! What happens to deliveries.

use super::{DeliveryFailure, Event, Metrics};

/// A sink answered for a batch, or could not be asked.
#[derive(Debug, Clone, Copy)]
pub struct BatchSettled<'a> {
    pub sink: &'a str,
    /// Records that were handed over.
    pub records: u64,
    pub delivered: u64,
    /// To be tried again: how many, and why the last of them is.
    pub again: Option<(u64, DeliveryFailure)>,
    /// Whether the batch before failed as this one does: it is not told twice.
    pub known: bool,
}

impl Event for BatchSettled<'_> {
    fn log(&self) {
        let Self { sink, records, delivered, .. } = *self;
        match self.again {
            Some((again, reason)) if !self.known => {
                tracing::warn!(
                    sink,
                    records,
                    delivered,
                    again,
                    reason = reason.as_str(),
                    "records are to be tried again"
                );
            }
            Some((again, reason)) => {
                tracing::debug!(
                    sink,
                    records,
                    delivered,
                    again,
                    reason = reason.as_str(),
                    "records are to be tried again"
                );
            }
            None if self.known => tracing::info!(sink, records, "the sink takes records again"),
            None => tracing::debug!(sink, records, delivered, "delivered"),
        }
    }

    fn count(&self, metrics: &Metrics) {
        metrics.delivered(self.sink, self.records, self.delivered, self.again);
    }
}

/// A record will never be taken by a sink.
#[derive(Debug, Clone, Copy)]
pub struct DeadLetter<'a> {
    pub sink: &'a str,
    pub sequence: u64,
    pub reason: DeliveryFailure,
}

impl Event for DeadLetter<'_> {
    fn log(&self) {
        let Self { sink, sequence, reason } = *self;
        tracing::error!(sink, sequence, reason = reason.as_str(), "a record is a dead letter of this sink");
    }

    fn count(&self, metrics: &Metrics) {
        metrics.dead_letters(self.sink, self.reason, 1);
    }
}

/// Records are gone from the log that a sink never got.
#[derive(Debug, Clone, Copy)]
pub struct RecordsRemoved<'a> {
    pub sink: &'a str,
    /// Of any kind, also of those that the sink does not take.
    pub records: u64,
    /// The sequence up to where the sink had looked.
    pub after: u64,
}

impl Event for RecordsRemoved<'_> {
    fn log(&self) {
        let Self { sink, records, after } = *self;
        tracing::warn!(sink, records, after, "records were removed from the log before this sink had them");
    }

    fn count(&self, metrics: &Metrics) {
        metrics.dead_letters(self.sink, DeliveryFailure::Gone, self.records);
    }
}
