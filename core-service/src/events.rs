//! What was recorded, as the page and `EventService` read it: lists, single records, summaries, and a watch.
//!
//! **Two stores** ([`Store`]): the node's own log ([`embedded`]), and one that all nodes fill and read
//! (`crate::postgres`). What only a node has is its own with either: the watch, the log's health, what waits for its
//! analysis.
//!
//! Queries read the last commit over a few connections of their own and hold up nobody. Lists go by a key that
//! no record shares: a page that follows another holds neither twice what was seen nor leaves out what was there.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod embedded;
mod fault;
mod filter;
mod id;
mod indexed;
mod search;
mod summary;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::{sync::broadcast, time::Instant};

use self::embedded::Embedded;
pub(crate) use self::summary::{Chart, Grained, Period, RULES, TOP, latency, rules};
pub use self::{
    fault::StoreFault,
    filter::EventFilter,
    id::EventId,
    search::Records,
    summary::{ActionCount, Bucket, Latency, RuleCount, Summary, TopCount},
};
pub use crate::record::{
    Analysis, Event, Judged, Note, Notes, Opinion, RecordKind, RecordedOutcome, Reveal, Review, StoredRecord,
};
use crate::{
    record::{Health, HealthView, Log, LogError, PayloadFault, StorageFault},
    search::{Query, Search, SearchOff, SearchStatus},
};

/// Events of a list when the caller names no limit, and at most.
pub const DEFAULT_LIMIT: u32 = 50;
pub const MAX_LIMIT: u32 = 1000;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    #[error("this is not the `next` of a list")]
    InvalidCursor,
    #[error("this is not the id of an event")]
    InvalidId,
    #[error(transparent)]
    NoSearch(#[from] SearchOff),
    #[error("the index of words cannot be read: {0}")]
    Search(StorageFault),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("the event store: {0}")]
    Store(#[from] StoreFault),
}

/// Newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// May be fewer than asked for, or none, while there is a `next`: one call looks through so much and no more.
    pub events: Vec<Event>,
    /// Where the next page begins; none when there is no older event.
    pub next: Option<String>,
}

/// Where events are read, and what people make of them is kept.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// `after` is the `next` of the page before, or empty for the newest.
    async fn list(&self, filter: EventFilter, limit: u32, after: &str) -> Result<Page, EventError>;

    /// As [`Self::list`], with the payloads, and as many as one call reads. What is searched for is not told here: what a
    /// store made of it would hang on what was recorded, and a caller may be shown less than that.
    async fn records(&self, filter: EventFilter, after: &str) -> Result<Records, EventError>;

    /// The `next` of a page that ends with this event.
    fn cursor(&self, event: &Event) -> String;

    /// None when there is no event of that id here.
    async fn get(&self, id: &EventId) -> Result<Option<StoredRecord>, EventError>;

    /// What people made of a record.
    async fn notes(&self, id: &EventId) -> Result<Notes, EventError>;

    /// `Ok` is that the note is on disk. It is about the node's record of the sequence in the note. `log` is the caller's
    /// own.
    async fn note(&self, log: &Log, node: &str, note: Note, deadline: Instant) -> Result<(), EventError>;

    /// Of what was recorded in so long a time, to the second; the last when no end is told.
    async fn summarize(&self, period: Duration, until: Option<Timestamp>) -> Result<Summary, EventError>;
}

#[derive(Debug, Clone)]
pub struct EventStore {
    /// None: the node's own.
    shared: Option<Arc<dyn Store>>,
    own: Arc<Embedded>,
    changes: broadcast::WeakSender<Arc<Event>>,
    health: HealthView,
    search: Search,
}

impl EventStore {
    /// The log's own, without an index of words.
    pub fn new(log: &Log) -> Self {
        Self::with_search(log, Search::none())
    }

    /// The log's own.
    pub fn with_search(log: &Log, search: Search) -> Self {
        Self {
            shared: None,
            own: Arc::new(Embedded::new(log)),
            changes: log.changes().clone(),
            health: log.health_view().clone(),
            search,
        }
    }

    /// One that is filled from the log, among others.
    pub fn shared(log: &Log, store: Arc<dyn Store>) -> Self {
        Self { shared: Some(store), ..Self::with_search(log, Search::shared()) }
    }

    fn store(&self) -> &dyn Store {
        self.shared.as_deref().unwrap_or(&*self.own)
    }

    pub fn log_health(&self) -> Health {
        self.health.health()
    }

    /// As [`Log::damaged_files`].
    pub fn damaged_files(&self) -> Vec<String> {
        self.health.damaged_files()
    }

    /// As [`Store::list`]. A limit of 0 means [`DEFAULT_LIMIT`].
    pub async fn list(&self, filter: EventFilter, limit: u32, after: &str) -> Result<Page, EventError> {
        self.store().list(filter, bounded(limit), after).await
    }

    /// As [`Store::records`].
    pub async fn records(&self, filter: EventFilter, after: &str) -> Result<Records, EventError> {
        self.store().records(filter, after).await
    }

    /// As [`Store::cursor`].
    pub fn cursor(&self, event: &Event) -> String {
        self.store().cursor(event)
    }

    /// As [`Self::list`], those in which these words were said.
    pub async fn search(&self, filter: EventFilter, words: Query, limit: u32, after: &str) -> Result<Page, EventError> {
        let index = Arc::clone(self.search.index()?);
        self.own.search(index, filter, words, bounded(limit), after).await
    }

    /// How much of the log a search sees.
    pub fn search_status(&self) -> SearchStatus {
        self.search.status()
    }

    /// None when there is no event of that id. A record of this node that the shared store does not have yet, or has
    /// without its payloads, is read from the log.
    pub async fn get(&self, id: &str) -> Result<Option<StoredRecord>, EventError> {
        let id = EventId::parse(id).ok_or(EventError::InvalidId)?;
        let record = self.store().get(&id).await?;
        let is_whole = record.as_ref().is_some_and(|record| record.fault != Some(PayloadFault::Elsewhere));
        if is_whole || self.shared.is_none() {
            return Ok(record);
        }
        Ok(self.own.get(&id).await?.or(record))
    }

    /// As [`Store::notes`].
    pub async fn notes(&self, id: &EventId) -> Result<Notes, EventError> {
        self.store().notes(id).await
    }

    /// As [`Store::note`].
    pub async fn note(&self, log: &Log, node: &str, note: Note, deadline: Instant) -> Result<(), EventError> {
        self.store().note(log, node, note, deadline).await
    }

    /// As [`Store::summarize`]; what is pending and the bytes on disk are this node's.
    pub async fn summarize(&self, period: Duration, until: Option<Timestamp>) -> Result<Summary, EventError> {
        let summary = self.store().summarize(period, until).await?;
        if self.shared.is_none() {
            return Ok(summary);
        }
        Ok(Summary { pending: self.own.pending().await?, bytes_on_disk: self.own.bytes_on_disk(), ..summary })
    }

    /// Events of this node from now on, once they are committed and again when they change. It ends when the log is
    /// closed; whoever reads too slowly is told how many he missed.
    pub fn watch(&self) -> broadcast::Receiver<Arc<Event>> {
        self.changes.upgrade().map_or_else(|| broadcast::channel(1).1, |changes| changes.subscribe())
    }
}

pub(crate) fn bounded(limit: u32) -> u32 {
    if limit == 0 { DEFAULT_LIMIT } else { limit.min(MAX_LIMIT) }
}
