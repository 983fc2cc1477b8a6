//! The values that labels can have. A caller's own words are mapped to a closed set first: a label that a caller
//! can choose is memory that a caller can fill.

use std::fmt;

use portcullis_api::error::ErrorCode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

use serde::{Serialize, Serializer};

use crate::domain::{
    decision::Action,
    exchange::Direction,
    finding::Detector,
    timing::{Reader, Stage},
};

/// An enumeration whose values are written by their names.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $value:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$what])* $value,)*
        }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$value,)*];

            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)*
                }
            }

            /// The value of this name.
            pub fn of(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

words! {
    /// The systems that ask, as far as this version knows them by name.
    Source {
        TrueFoundry = "truefoundry",
        LiteLlm = "litellm",
        Portkey = "portkey",
        Akto = "akto",
        Http = "http",
        Grpc = "grpc",
        /// Any name that a caller gave itself.
        Other = "other",
    }
}

words! {
    /// Why a check has no decision.
    CheckFailure {
        Unreadable = "unreadable",
        UnknownPolicy = "unknown_policy",
        Overloaded = "overloaded",
        Storage = "storage",
        Unmasked = "unmasked",
        /// Nobody waited for it to its end: the caller's time was over, or the caller went away.
        Abandoned = "abandoned",
        Internal = "internal",
    }
}

words! {
    /// The port that a call came by.
    Via {
        Http = "http",
        Grpc = "grpc",
    }
}

words! {
    /// What a canary run can find.
    CanaryProblem {
        /// The gateway answered a known attack with a completion.
        BlockDidNotBlock = "block_did_not_block",
        /// The gateway refused a known good prompt.
        GoodBlocked = "good_blocked",
        /// The gateway did not answer, or not as a gateway does.
        GatewayUnreachable = "gateway_unreachable",
        /// The gateway answered without having asked this service.
        GuardrailNotAsked = "guardrail_not_asked",
        /// This service's own endpoint let the attack pass.
        EndpointDidNotBlock = "endpoint_did_not_block",
        /// This service's own endpoint refused the good prompt.
        EndpointGoodBlocked = "endpoint_good_blocked",
        /// This service's own endpoint did not answer, or not as it does.
        EndpointUnreachable = "endpoint_unreachable",
    }
}

words! {
    /// Why a record did not reach a sink. Stored with dead letters by its place: add at the end, never reorder.
    DeliveryFailure {
        /// No connection, or one that broke.
        Unreachable = "unreachable",
        /// No answer in time.
        TimedOut = "timed_out",
        /// Told to wait.
        Throttled = "throttled",
        /// The other side failed, and may not the next time.
        Unavailable = "unavailable",
        /// The other side refuses this service, whatever it sends: credentials, address or topic are wrong.
        Refused = "refused",
        /// The other side refuses this record.
        Rejected = "rejected",
        /// This record is larger than the other side takes.
        TooLarge = "too_large",
        /// A file cannot be written.
        Io = "io",
        /// The record cannot be read from the log, or not be written in the sink's format.
        Unreadable = "unreadable",
        /// The log does not keep the record any more.
        Gone = "gone",
        /// A defect of this program.
        Internal = "internal",
    }
}

words! {
    /// What became of a span.
    SpanFate {
        Exported = "exported",
        /// There was no room to hold it, or in the queue.
        Dropped = "dropped",
        /// The collector did not take it.
        Failed = "failed",
    }
}

words! {
    /// What became of a push of metrics.
    MetricsFate {
        Exported = "exported",
        /// The collector did not take it; the next one has all that it had.
        Failed = "failed",
    }
}

words! {
    /// Why a detector did not look at all that it was asked to.
    DetectorFate {
        Failed = "failed",
        TimedOut = "timed_out",
    }
}

words! {
    /// What became of a change in the policies folder.
    PolicyReload {
        /// All of it is in force.
        Loaded = "loaded",
        /// Some file is broken; the last version of it that was good is in force, if there is one.
        Broken = "broken",
        /// Nothing of it is in force; what was, is.
        Failed = "failed",
    }
}

words! {
    PolicyState {
        Active = "active",
        /// Broken, and an earlier version is in force.
        Stale = "stale",
        /// Broken, and nothing of it is in force.
        Failed = "failed",
    }
}

words! {
    /// What became of a text that the second stage was asked about.
    SecondOutcome {
        Ran = "ran",
        /// The deadline came first, or would have.
        Late = "late",
        /// Too many texts waited.
        Busy = "busy",
        Failed = "failed",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct MetricsFateLabel {
    pub(super) fate: MetricsFate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct DetectorFailureLabels {
    pub(super) detector: Detector,
    pub(super) outcome: DetectorFate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct StageLabel {
    pub(super) stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ReaderLabel {
    pub(super) detector: Reader,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ResultLabel {
    pub(super) result: PolicyReload,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct StateLabel {
    pub(super) state: PolicyState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct FateLabel {
    pub(super) fate: SpanFate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct SecondLabel {
    pub(super) outcome: SecondOutcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct CheckLabels {
    pub(super) source: Source,
    pub(super) direction: Direction,
    pub(super) action: Action,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct DirectionLabel {
    pub(super) direction: Direction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ReasonLabel {
    pub(super) reason: CheckFailure,
}

/// `error` is the closed code as JSON has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RefusedLabels {
    pub(super) via: Via,
    pub(super) error: String,
}

impl RefusedLabels {
    pub(super) fn of(via: Via, error: ErrorCode) -> Self {
        Self { via, error: error.reason().to_ascii_lowercase() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ProblemLabel {
    pub(super) problem: CanaryProblem,
}

/// Sinks have names that the operator gave them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct SinkLabel {
    pub(super) sink: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct SinkFailureLabels {
    pub(super) sink: String,
    pub(super) reason: DeliveryFailure,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct BuildLabels {
    pub(super) version: &'static str,
}

macro_rules! written_by_name {
    ($($kind:ty),*) => {$(
        impl EncodeLabelValue for $kind {
            fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
                self.as_str().encode(encoder)
            }
        }
    )*};
}

written_by_name!(
    SpanFate,
    SecondOutcome,
    MetricsFate,
    DetectorFate,
    PolicyReload,
    PolicyState,
    Stage,
    Reader,
    Detector,
    Source,
    Via,
    CheckFailure,
    CanaryProblem,
    DeliveryFailure,
    Direction,
    Action
);
