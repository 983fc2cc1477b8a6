//! Delivery: every record that the log acknowledged reaches every sink at least once.
//!
//! **One task a sink** ([`start`]) reads the log behind the sink's cursor, in the order of the sequences, and hands over
//! batches that are bounded by records and by bytes. A sink that is slow or down holds up nobody else, and a start with it
//! down is a normal start. Memory is bounded by the window (four batches) whatever the backlog: what does not fit stays
//! in the log.
//!
//! **Which records.** Exchanges, which is what Akto calls traffic: calls with their response, or with the refusal that stood
//! in for it. Decisions and canary runs when the settings say so.
//!
//! **Verdicts.** A record that waits for its background analysis is waited for, and so are those behind it, because it is
//! delivered with its verdict. Analyses take records in the same order and always end; but one that was waited for longer than
//! [`Plan::analysis_wait`] goes out as it is, marked as pending, and its verdict does not follow. What is older than the
//! process is waited for from its start on. Where the log keeps payloads masked or not at all, such a record goes without.
//!
//! **Order** is kept by key: the user, or the session where no user is known, with the principal. Within a key nothing
//! overtakes a record that is to be tried again; other keys go on, as long as the window has room for what waits.
//! Dead letters that are tried again come late, after what followed them.
//!
//! **Failures** ([`Outcome`]). What may succeed the next time is tried again for ever, with full jitter and a ceiling; while
//! nothing at all succeeds, a handful of records is tried at a time, each of another key and those first that were tried
//! least: so a few that are refused again and again stop nobody else. What is refused for good is a dead letter: it stands
//! in the log's table `undelivered` with its reason until it is tried again (*redrive*) with success. What retention took
//! before a sink had it is counted with the dead letters as `gone`, and told in the service's log.
//!
//! **The cursor** is stored with one of the log's commits, when there is nothing more to deliver and ten times a second while there
//! is; within a minute when all that came is of kinds that the sink does not take. After a crash what had been sent and was
//! not stored is sent again: duplicates are known by the record's id.

mod backoff;
mod file;
mod flat;
mod http;
mod kafka;
mod runner;
mod status;
mod window;

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

pub use self::{
    backoff::Retry,
    file::{File, Place},
    flat::{Account, Form, encode as flat_record},
    http::{Http, HttpForm, HttpSettings, InvalidEndpoint},
    kafka::{Compression, Kafka, KafkaCredentials, KafkaSettings, Mechanism, Security, Value},
    runner::start,
    status::{Deliveries, SinkState, SinkStatus},
};
pub use crate::{
    record::{Begin, RecordKind, StoredRecord},
    telemetry::DeliveryFailure,
};

/// A record on its way to a sink.
#[derive(Clone)]
pub struct Delivery {
    pub record: StoredRecord,
    /// What the record keeps its order by: `principal/user`, or `principal/session` where no user is known. None: it has none.
    pub key: Option<Arc<str>>,
    /// How often it was handed to the sink before, as far as this process knows.
    pub attempts: u32,
}

impl Delivery {
    fn new(record: StoredRecord, attempts: u32) -> Self {
        let event = &record.event;
        let who = [&event.user, &event.session].into_iter().find(|name| !name.is_empty());
        let key = who.map(|who| format!("{}/{who}", event.principal).into());
        Self { record, key, attempts }
    }

    pub const fn sequence(&self) -> u64 {
        self.record.event.sequence
    }
}

/// Shows no payload: a delivery must never reach a log.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Delivery({})", self.sequence())
    }
}

/// Writes a record as one line of text, without the line's end.
pub type Encode = Arc<dyn Fn(&StoredRecord) -> Vec<u8> + Send + Sync>;

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is where it should be, and stays there: acknowledged by the other side, or synced.
    Delivered,
    /// To be tried again, not before `after` if the other side said so.
    Retry { reason: DeliveryFailure, after: Option<Duration> },
    /// This record will never be taken.
    Permanent(DeliveryFailure),
}

impl Outcome {
    pub const fn retry(reason: DeliveryFailure) -> Self {
        Self::Retry { reason, after: None }
    }
}

/// Where records go.
pub trait Sink: Send + Sync + 'static {
    /// Hands over a batch: one outcome a delivery, in their order; those that are missing are tried again.
    ///
    /// Deliveries of one key are handed over in their order, and once one of them is to be tried again, the rest of that
    /// key in the batch is not handed over but answered [`Outcome::Retry`] too. Every wait has an end: the sink has
    /// time limits of its own. Dropping the future is leave to give up: it happens when the service stops and the time for
    /// that is over.
    fn deliver(&self, batch: &[Delivery]) -> impl Future<Output = Vec<Outcome>> + Send;

    /// After the last batch, when the service stops.
    fn close(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// How a sink is served.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The sink's name in the settings, in the log, in metrics and on the command line.
    pub name: Arc<str>,
    /// What it is and where it leads, without credentials: for people.
    pub about: String,
    /// Where it begins when the log has not heard of it.
    pub begin: Begin,
    pub kinds: Vec<RecordKind>,
    pub batch_records: usize,
    /// The last record of a batch may go over.
    pub batch_bytes: usize,
    /// What a batch that is not full waits for more.
    pub linger: Duration,
    pub retry: Retry,
    pub analysis_wait: Duration,
    /// For the batch that is under way when the service stops.
    pub drain: Duration,
}

impl Plan {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            about: String::new(),
            begin: Begin::default(),
            kinds: vec![RecordKind::Exchange],
            batch_records: 500,
            batch_bytes: 4 << 20,
            linger: Duration::from_millis(20),
            retry: Retry::default(),
            analysis_wait: Duration::from_secs(300),
            drain: Duration::from_secs(8),
        }
    }
}
