//! What goes into the log and what comes out of it.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::{
    coverage::Coverage,
    decision::Decision,
    exchange::{CallContext, Direction, Payload, Payloads},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// What was answered to a check.
    Decision,
    /// Traffic: a request with its response, or with the refusal that stood in for it.
    Exchange,
}

/// What was decided, and the receipt for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    pub decision: Decision,
    pub coverage: Coverage,
    pub duration_us: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub enum RecordedOutcome {
    /// Waits for the background analysis.
    Pending,
    /// Judged before it was recorded.
    Judged(Judged),
    /// Judged by the background analysis.
    Analysed(Judged),
}

/// The state of the background analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Analysis {
    /// None was asked for.
    None,
    Pending,
    Done,
}

impl RecordedOutcome {
    pub const fn analysis(&self) -> Analysis {
        match self {
            Self::Pending => Analysis::Pending,
            Self::Judged(_) => Analysis::None,
            Self::Analysed(_) => Analysis::Done,
        }
    }

    pub const fn judged(&self) -> Option<&Judged> {
        match self {
            Self::Pending => None,
            Self::Judged(judged) | Self::Analysed(judged) => Some(judged),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct NewRecord {
    pub kind: RecordKind,
    pub request_id: Uuid,
    pub sync: bool,
    pub direction: Direction,
    /// HTTP status of the exchange, or of the answer to the check.
    pub status: u16,
    pub context: CallContext,
    /// Those that the caller asked for by name.
    pub policies: Vec<String>,
    pub outcome: RecordedOutcome,
    /// Whether the action stood in the way of the call.
    pub enforced: bool,
    pub payloads: Payloads,
}

/// A record without its payloads.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub node: Arc<str>,
    pub sequence: u64,
    /// When it was handed to the log, in whole microseconds.
    pub time: Timestamp,
    pub kind: RecordKind,
    pub request_id: Uuid,
    pub sync: bool,
    pub direction: Direction,
    pub status: u16,
    pub source: String,
    pub user: String,
    pub team: String,
    pub model: String,
    pub client_ip: String,
    pub outcome: RecordedOutcome,
    pub enforced: bool,
}

impl Event {
    /// Unique over all nodes.
    pub fn id(&self) -> String {
        format!("{}-{}", self.node, self.sequence)
    }
}

/// A record with its payloads as they were recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRecord {
    pub event: Event,
    pub request: Option<Payload>,
    pub response: Option<Payload>,
    /// Empty when there was none.
    pub envelope: Bytes,
}

/// What the background analysis needs.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingRecord {
    pub sequence: u64,
    pub request_id: Uuid,
    /// Without the envelope, which is never read.
    pub context: CallContext,
    pub policies: Vec<String>,
    pub payloads: Payloads,
}
