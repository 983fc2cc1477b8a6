//! What goes into the log and what comes out of it.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use portcullis_api::trace::Traceparent;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::domain::{
    coverage::Coverage,
    decision::Decision,
    exchange::{CallContext, Direction, Payload, Payloads},
    timing::Durations,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// What was answered to a check.
    Decision,
    /// Traffic: a request with its response, or with the refusal that stood in for it.
    Exchange,
    /// What a canary run found.
    Canary,
    /// What befell the log itself: a gap, a damaged file.
    Log,
}

/// What was decided, and the receipt for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    pub decision: Decision,
    pub coverage: Coverage,
    pub duration_us: u32,
    /// Of what is to be recorded. In the outcome of an [`Event`] there are none: [`StoredRecord`] has them.
    pub durations: Durations,
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

    /// As an event has it.
    pub(crate) fn without_durations(mut self) -> Self {
        if let Self::Judged(judged) | Self::Analysed(judged) = &mut self {
            judged.durations = Durations::default();
        }
        self
    }
}

/// A caller's name for a record: no two records have the same one, for as long as the first of them is there.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey([u8; 16]);

impl IdempotencyKey {
    /// A digest of 128 bits, so that keys of any length take the same room, and that one principal's keys never meet
    /// another's. Not keyed: it has to be the same after a restart.
    fn digest<'p>(kind: u8, parts: impl IntoIterator<Item = &'p [u8]>) -> Self {
        let mut hash = Sha256::new_with_prefix([kind]);
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let (mut key, digest) = ([0; 16], hash.finalize());
        key.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self(key)
    }

    /// What a caller named, unique for its principal.
    pub fn named(principal: &str, key: &str) -> Self {
        Self::digest(0, [principal.as_bytes(), key.as_bytes()])
    }

    /// A turn of a conversation, by everything up to it.
    pub fn conversation<'p>(parts: impl IntoIterator<Item = &'p str>) -> Self {
        Self::digest(1, parts.into_iter().map(str::as_bytes))
    }

    pub(super) const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdempotencyKey(..)")
    }
}

/// What became of a record that was handed to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Of the record that is on disk; 0 when it was shed.
    pub sequence: u64,
    /// Set when nothing was written: the request id of the record that has the same key.
    pub duplicate_of: Option<Uuid>,
}

impl Appended {
    /// The disk did not take it, and [`super::OnFull::Shed`] was chosen.
    pub(super) const SHED: Self = Self { sequence: 0, duplicate_of: None };

    pub const fn is_shed(self) -> bool {
        self.sequence == 0
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct NewRecord {
    pub kind: RecordKind,
    pub request_id: Uuid,
    /// None: a record whatever was recorded before.
    pub idempotency: Option<IdempotencyKey>,
    pub sync: bool,
    /// The answer was first seen when the next request brought it back.
    pub late: bool,
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
    pub principal: String,
    /// Empty when the caller named none.
    pub session: String,
    /// Of MCP; empty when there is none.
    pub tool: String,
    pub server: String,
    pub late: bool,
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
    /// Empty where they were not kept.
    pub durations: Durations,
    /// Set when there were payloads that cannot be read.
    pub fault: Option<PayloadFault>,
    /// Labels stand in place of secrets and personal data.
    pub is_masked: bool,
    pub request: Option<Payload>,
    pub response: Option<Payload>,
    /// Empty when there was none.
    pub envelope: Bytes,
    /// Of the call that was recorded, when it was traced or its caller said so.
    pub traceparent: Option<Traceparent>,
}

impl StoredRecord {
    /// Bytes that it takes in memory, roughly.
    pub fn footprint(&self) -> usize {
        const FIXED: usize = 1024;
        let payload = |payload: &Option<Payload>| payload.as_ref().map_or(0, Payload::len);
        FIXED + payload(&self.request) + payload(&self.response) + self.envelope.len()
    }

    /// A copy of everything else.
    pub fn without_payloads(&self) -> Self {
        Self {
            event: self.event.clone(),
            durations: self.durations.clone(),
            fault: self.fault,
            is_masked: self.is_masked,
            request: None,
            response: None,
            envelope: Bytes::new(),
            traceparent: self.traceparent.clone(),
        }
    }
}

/// What the background analysis needs.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingRecord {
    pub sequence: u64,
    pub request_id: Uuid,
    /// Without the envelope, which is never read.
    pub context: CallContext,
    pub policies: Vec<String>,
    pub payloads: Result<Payloads, PayloadFault>,
}

/// Why there is no payload where there was one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayloadFault {
    #[error("the stored payload is damaged")]
    Damaged,
    #[error("the payload was erased")]
    Erased,
    #[error("the payload is encrypted, and its master key is not given")]
    Locked,
    #[error("the payload was not kept")]
    NotKept,
    /// Of the shared event store alone.
    #[error("the payload is encrypted, and only the core that recorded it has it")]
    Elsewhere,
}

impl PayloadFault {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Erased => "erased",
            Self::Locked => "locked",
            Self::NotKept => "not_kept",
            Self::Elsewhere => "elsewhere",
        }
    }
}
