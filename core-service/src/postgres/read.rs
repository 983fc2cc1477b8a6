//! Events as the page and `EventService` read them.

use std::{fmt, future::Future, time::Duration};

use async_trait::async_trait;
use deadpool_postgres::{Object, Pool};
use jiff::Timestamp;
use tokio::time::{Instant, timeout};
use tokio_postgres::{
    Client, IsolationLevel,
    types::{ToSql, Type},
};

use super::{
    connect::{Connector, failed, unpooled},
    filter::{Conditions, Key},
    notes, row,
    settings::InvalidStore,
    summary,
};
use crate::{
    events::{
        Candidates, EventError, EventFilter, EventId, Note, Notes, Page, Period, Store, StoreFault, StoredRecord,
        Summary, word,
    },
    record::{Log, integer},
};

/// For one answer. The server ends a statement a little before.
const ANSWER: Duration = Duration::from_millis(4500);

/// Records that one search looks through, and bytes of payloads that it takes into memory, but for its last record.
const LOOKED_THROUGH: i64 = 2000;
const BYTES: usize = 64 << 20;

const NEWEST_FIRST: &str = "ORDER BY time DESC, node DESC, seq DESC";

pub(super) struct Reader {
    pool: Pool,
    about: String,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reader({})", self.about)
    }
}

impl Reader {
    pub(super) fn new(connector: &Connector) -> Result<Self, InvalidStore> {
        Ok(Self { pool: connector.pool()?, about: format!("{connector:?}") })
    }

    async fn client(&self) -> Result<Object, StoreFault> {
        self.pool.get().await.map_err(unpooled)
    }
}

/// What takes longer is given up: its caller has gone.
async fn within<T>(answer: impl Future<Output = Result<T, StoreFault>>) -> Result<T, EventError> {
    Ok(timeout(ANSWER, answer).await.unwrap_or(Err(StoreFault::TimedOut))?)
}

fn before(after: &str) -> Result<Option<Key>, EventError> {
    match after {
        "" => Ok(None),
        after => Key::parse(after).map(Some).ok_or(EventError::InvalidCursor),
    }
}

#[async_trait]
impl Store for Reader {
    async fn list(&self, filter: EventFilter, limit: u32, after: &str) -> Result<Page, EventError> {
        let mut conditions = Conditions::of(&filter, before(after)?);
        // One more than the limit tells whether there is a next page.
        let wanted = conditions.push(i64::from(limit) + 1, Type::INT8);
        let statement = format!("{} WHERE {} {NEWEST_FIRST} LIMIT {wanted}", row::select(false), conditions.sql);
        within(async {
            let client = self.client().await?;
            let rows = client.query_typed(&statement, &conditions.values()).await.map_err(failed)?;
            let mut events = rows.iter().map(row::read_event).collect::<Result<Vec<_>, _>>()?;
            let more = events.len() > limit as usize;
            events.truncate(limit as usize);
            let next = events.last().filter(|_| more).map(|last| Key::of(last).text());
            Ok(Page { events, next })
        })
        .await
    }

    async fn candidates(
        &self,
        filter: EventFilter,
        text: &str,
        limit: u32,
        after: &str,
    ) -> Result<Candidates, EventError> {
        let mut conditions = Conditions::of(&filter, before(after)?);
        let word = conditions.push(word(text), Type::TEXT);
        let many = conditions.push(LOOKED_THROUGH, Type::INT8);
        // `encode` leaves letters and digits as they are, whatever stands between them.
        let holds = |side: &str| format!("coalesce(strpos(lower(encode({side}, 'escape')), {word}) > 0, false)");
        let statement = format!(
            "SELECT time, node, seq, {} OR {} FROM portcullis.record WHERE {} {NEWEST_FIRST} LIMIT {many}",
            holds("request"),
            holds("response"),
            conditions.sql
        );
        within(async {
            let client = self.client().await?;
            let rows = client.query_typed(&statement, &conditions.values()).await.map_err(failed)?;
            let (mut records, mut bytes, mut last) = (Vec::new(), 0, None);
            for row in &rows {
                if records.len() >= limit as usize || bytes >= BYTES {
                    return Ok(Candidates { records, next: last.as_ref().map(Key::text) });
                }
                let key = Key {
                    time: row.try_get(0).map_err(failed)?,
                    node: row.try_get(1).map_err(failed)?,
                    sequence: row.try_get(2).map_err(failed)?,
                };
                if row.try_get(3).map_err(failed)? {
                    let found = record(&client, &key.node, key.sequence).await?;
                    bytes += found.as_ref().map_or(0, StoredRecord::footprint);
                    records.extend(found);
                }
                last = Some(key);
            }
            let is_full = i64::try_from(rows.len()).is_ok_and(|rows| rows >= LOOKED_THROUGH);
            Ok(Candidates { records, next: last.filter(|_| is_full).as_ref().map(Key::text) })
        })
        .await
    }

    async fn get(&self, id: &EventId) -> Result<Option<StoredRecord>, EventError> {
        within(async {
            let client = self.client().await?;
            record(&client, &id.node, integer(id.sequence)).await
        })
        .await
    }

    async fn notes(&self, id: &EventId) -> Result<Notes, EventError> {
        within(async {
            let client = self.client().await?;
            notes::read(&client, id).await
        })
        .await
    }

    async fn note(&self, _: &Log, node: &str, note: Note, deadline: Instant) -> Result<(), EventError> {
        let stored = within(async {
            let client = self.client().await?;
            notes::store(&client, node, &note).await
        });
        // Not known whether it was stored: a second review is the same one, and a second reveal is told twice.
        tokio::time::timeout_at(deadline, stored).await.unwrap_or(Err(StoreFault::TimedOut.into()))
    }

    async fn summarize(&self, period: Duration, until: Option<Timestamp>) -> Result<Summary, EventError> {
        let period = Period::new(period, until);
        within(async {
            let mut client = self.client().await?;
            let transaction =
                client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
            let transaction = transaction.start().await.map_err(failed)?;
            let summary = summary::summarize(&transaction, period).await?;
            transaction.commit().await.map_err(failed)?;
            Ok(summary)
        })
        .await
    }
}

async fn record(client: &Client, node: &str, sequence: i64) -> Result<Option<StoredRecord>, StoreFault> {
    let statement = format!("{} WHERE node = $1 AND seq = $2 LIMIT 1", row::select(true));
    let values: [(&(dyn ToSql + Sync), Type); 2] = [(&node, Type::TEXT), (&sequence, Type::INT8)];
    let row = client.query_typed(&statement, &values).await.map_err(failed)?;
    row.first().map(row::read_stored).transpose()
}
