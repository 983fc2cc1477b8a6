//! The node's own log as the event store.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    Event, EventError, EventFilter, EventId, Note, Notes, Page, Records, Store, StoredRecord, Summary, filter,
    id::parse_sequence, indexed, search, summary,
};
use crate::{
    record::{Log, Readers, read_notes, read_stored},
    search::{Index, Query},
};

#[derive(Debug)]
pub(super) struct Embedded {
    readers: Arc<Readers>,
    node: Arc<str>,
}

impl Embedded {
    pub(super) fn new(log: &Log) -> Self {
        Self { readers: Arc::clone(log.readers()), node: log.node().into() }
    }

    /// Records that wait for their analysis, of any age.
    pub(super) async fn pending(&self) -> Result<u64, EventError> {
        Ok(self.readers.run(|connection, _| summary::pending(connection)).await?)
    }

    pub(super) fn bytes_on_disk(&self) -> u64 {
        self.readers.bytes_on_disk()
    }

    pub(super) async fn search(
        &self,
        index: Arc<Index>,
        filter: EventFilter,
        words: Query,
        limit: u32,
        after: &str,
    ) -> Result<Page, EventError> {
        let before = before(after)?;
        let found = self
            .readers
            .run(move |connection, node| indexed::search(connection, node, &index, (&filter, &words), limit, before));
        found.await?.map_err(EventError::Search)
    }
}

/// Lists go by sequence, which no commit reuses.
fn before(after: &str) -> Result<Option<u64>, EventError> {
    match after {
        "" => Ok(None),
        after => parse_sequence(after).map(Some).ok_or(EventError::InvalidCursor),
    }
}

#[async_trait]
impl Store for Embedded {
    async fn list(&self, filter: EventFilter, limit: u32, after: &str) -> Result<Page, EventError> {
        let before = before(after)?;
        Ok(self.readers.run(move |connection, node| filter::list(connection, node, &filter, limit, before)).await?)
    }

    async fn records(&self, filter: EventFilter, after: &str) -> Result<Records, EventError> {
        let before = before(after)?;
        Ok(self.readers.run(move |connection, node| search::records(connection, node, &filter, before)).await?)
    }

    fn cursor(&self, event: &Event) -> String {
        event.sequence.to_string()
    }

    async fn get(&self, id: &EventId) -> Result<Option<StoredRecord>, EventError> {
        if id.node != self.node {
            return Ok(None);
        }
        let sequence = id.sequence;
        Ok(self.readers.run(move |connection, node| read_stored(connection, node, sequence)).await?)
    }

    async fn notes(&self, id: &EventId) -> Result<Notes, EventError> {
        if id.node != self.node {
            return Ok(Notes::default());
        }
        let sequence = id.sequence;
        Ok(self.readers.run(move |connection, _| read_notes(connection, sequence)).await?)
    }

    async fn note(&self, log: &Log, node: &str, note: Note, deadline: Instant) -> Result<(), EventError> {
        if node != &*self.node {
            return Err(EventError::InvalidId);
        }
        Ok(log.note(note, deadline).await?)
    }

    async fn summarize(&self, period: Duration, until: Option<Timestamp>) -> Result<Summary, EventError> {
        let period = summary::Period::new(period, until);
        let bytes = self.readers.bytes_on_disk();
        Ok(self.readers.run(move |connection, _| summary::summarize(connection, period, bytes)).await?)
    }
}
