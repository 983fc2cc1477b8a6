//! What was recorded, as the page and `EventService` read it: lists, single records, summaries, and a watch.
//!
//! Queries read the last commit over a few connections of their own and hold up nobody. Lists go by sequence, which
//! no commit reuses: a page that follows another holds neither twice what was seen nor leaves out what was there.

mod filter;
mod indexed;
mod search;
mod summary;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::broadcast;

pub use crate::record::{
    Analysis, Event, Judged, Notes, Opinion, RecordKind, RecordedOutcome, Reveal, Review, StoredRecord,
};
use crate::{
    record::{Health, HealthView, Log, LogError, Readers, StorageFault, read_notes, read_stored},
    search::{Query, Search, SearchOff, SearchStatus},
};
pub use filter::EventFilter;
pub use search::Candidates;
pub use summary::{ActionCount, Bucket, Latency, RuleCount, Summary, TopCount};

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
}

/// Newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// May be fewer than asked for, or none, while there is a `next`: one call looks through so much and no more.
    pub events: Vec<Event>,
    /// Where the next page begins; none when there is no older event.
    pub next: Option<String>,
}

#[derive(Debug, Clone)]
pub struct EventStore {
    readers: Arc<Readers>,
    node: Arc<str>,
    changes: broadcast::WeakSender<Arc<Event>>,
    health: HealthView,
    search: Search,
}

impl EventStore {
    /// Without an index of words.
    pub fn new(log: &Log) -> Self {
        Self::with_search(log, Search::none())
    }

    pub fn with_search(log: &Log, search: Search) -> Self {
        Self {
            readers: Arc::clone(log.readers()),
            node: log.node().into(),
            changes: log.changes().clone(),
            health: log.health_view().clone(),
            search,
        }
    }

    pub fn log_health(&self) -> Health {
        self.health.health()
    }

    /// As [`Log::damaged_files`].
    pub fn damaged_files(&self) -> Vec<String> {
        self.health.damaged_files()
    }

    /// `after` is the `next` of the page before, or empty for the newest. A limit of 0 means [`DEFAULT_LIMIT`].
    pub async fn list(&self, filter: EventFilter, limit: u32, after: &str) -> Result<Page, EventError> {
        let (limit, before) = (clamped(limit), cursor(after)?);
        Ok(self.readers.run(move |connection, node| filter::list(connection, node, &filter, limit, before)).await?)
    }

    /// As [`Self::list`], those whose payloads may hold the text: its longest word, ignoring the case of ASCII letters.
    /// Without the index of words: one call looks through so much and no more.
    pub async fn candidates(
        &self,
        filter: EventFilter,
        text: &str,
        limit: u32,
        after: &str,
    ) -> Result<Candidates, EventError> {
        let (limit, before) = (clamped(limit), cursor(after)?);
        let word = search::word(text);
        Ok(self
            .readers
            .run(move |connection, node| search::candidates(connection, node, &filter, &word, limit, before))
            .await?)
    }

    /// As [`Self::list`], those in which these words were said.
    pub async fn search(&self, filter: EventFilter, words: Query, limit: u32, after: &str) -> Result<Page, EventError> {
        let index = Arc::clone(self.search.index()?);
        let (limit, before) = (clamped(limit), cursor(after)?);
        let found = self
            .readers
            .run(move |connection, node| indexed::search(connection, node, &index, (&filter, &words), limit, before));
        found.await?.map_err(EventError::Search)
    }

    /// How much of the log a search sees.
    pub fn search_status(&self) -> SearchStatus {
        self.search.status()
    }

    /// None when there is no event of that id, or it is another node's.
    pub async fn get(&self, id: &str) -> Result<Option<StoredRecord>, EventError> {
        let (node, sequence) = parse_id(id).ok_or(EventError::InvalidId)?;
        if node != &*self.node {
            return Ok(None);
        }
        Ok(self.readers.run(move |connection, node| read_stored(connection, node, sequence)).await?)
    }

    /// What people made of a record.
    pub async fn notes(&self, sequence: u64) -> Result<Notes, EventError> {
        Ok(self.readers.run(move |connection, _| read_notes(connection, sequence)).await?)
    }

    /// Of what was recorded in so many seconds, to the second; the last ones when no end is told.
    pub async fn summarize(
        &self,
        period: std::time::Duration,
        until: Option<Timestamp>,
    ) -> Result<Summary, EventError> {
        let period = summary::Period::new(period, until);
        let bytes = self.readers.bytes_on_disk();
        Ok(self.readers.run(move |connection, _| summary::summarize(connection, period, bytes)).await?)
    }

    /// Events from now on, once they are committed and again when they change. It ends when the log is closed;
    /// whoever reads too slowly is told how many he missed.
    pub fn watch(&self) -> broadcast::Receiver<Arc<Event>> {
        self.changes.upgrade().map_or_else(|| broadcast::channel(1).1, |changes| changes.subscribe())
    }
}

fn clamped(limit: u32) -> u32 {
    if limit == 0 { DEFAULT_LIMIT } else { limit.min(MAX_LIMIT) }
}

fn cursor(after: &str) -> Result<Option<u64>, EventError> {
    match after {
        "" => Ok(None),
        after => parse_sequence(after).map(Some).ok_or(EventError::InvalidCursor),
    }
}

/// Digits as they are written here, and in SQLite's range: everything else is not ours.
fn parse_sequence(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|&sequence| plain && i64::try_from(sequence).is_ok())
}

fn parse_id(id: &str) -> Option<(&str, u64)> {
    let (node, sequence) = id.split_once('-')?;
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let named = node.len() == 8 && node.bytes().all(hex);
    Some((node, parse_sequence(sequence)?)).filter(|_| named)
}
