//! What the service says of itself. One typed [`Event`] makes the log line, the metric and the span, so that they never
//! tell different stories; the names, their help and their labels stand in [`Name`] and nowhere else.
//!
//! Metrics belong to the process, like its log: they are reached without being handed down. Labels are closed sets:
//! nothing that a caller can choose freely, no user and no model, becomes a label, and of the rules that policies have
//! only so many do.
//!
//! Costs: a check is an atomic addition, a look at the clock for each of its parts and a histogram's short lock for
//! those that a histogram has, some 50 ns each. Anything rarer may hash its labels.

mod delivery;
mod events;
mod labels;
mod metrics;
mod name;
mod policies;

pub use self::{
    delivery::{BatchSettled, DeadLetter, RecordsRemoved},
    events::{Analysed, CallRefused, CanaryRan, CheckEnded, RecordsLost, SecondStageRan, Verdict},
    labels::{
        CanaryProblem, CheckFailure, DeliveryFailure, DetectorFate, MetricsFate, PolicyReload, PolicyState,
        SecondOutcome, Source, SpanFate, Via,
    },
    metrics::{LogState, Metrics, metrics},
    name::{Kind, Name},
    policies::{PoliciesLoaded, PoliciesRefused},
};

use portcullis_api::trace;

/// Something that happened, once.
pub trait Event {
    /// The log line. No text that was checked is ever part of it.
    fn log(&self);
    /// On the current span, while traces are on. The same holds of text, and of names that a caller chose.
    fn trace(&self) {}
    fn count(&self, metrics: &Metrics);
}

/// Says it in the log and counts it in this process's metrics.
#[allow(clippy::needless_pass_by_value, reason = "an event is over when it was told")]
pub fn emit(event: impl Event) {
    if trace::is_on() {
        event.trace();
    }
    event.log();
    event.count(metrics());
}
