//! What the service says of itself. One typed [`Event`] makes both the log line and the metric, so that the two never
//! tell different stories; the names, their help and their labels stand in [`Name`] and nowhere else.
//!
//! Metrics belong to the process, like its log: they are reached without being handed down. Labels are closed sets:
//! nothing that a caller can choose freely, no user, no model, no rule of a policy, becomes a label.
//!
//! Costs: a check is two clock readings, an atomic addition and a histogram's short lock, some 100 to 200 ns of a
//! 2-core machine under load. Anything rarer may hash its labels.

mod delivery;
mod events;
mod labels;
mod metrics;
mod name;

pub use self::{
    delivery::{BatchSettled, DeadLetter},
    events::{Analysed, CanaryRan, CheckEnded, RecordsLost, SecondStageRan, Verdict},
    labels::{CanaryProblem, CheckFailure, DeliveryFailure, SecondOutcome, Source},
    metrics::{LogState, Metrics, metrics},
    name::{Kind, Name},
};

/// Something that happened, once.
pub trait Event {
    /// The log line. No text that was checked is ever part of it.
    fn log(&self);
    fn count(&self, metrics: &Metrics);
}

/// Says it in the log and counts it in this process's metrics.
#[allow(clippy::needless_pass_by_value, reason = "an event is over when it was told")]
pub fn emit(event: impl Event) {
    event.log();
    event.count(metrics());
}
