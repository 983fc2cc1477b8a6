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
        Event, EventError, EventFilter, EventId, Note, Notes, Page, Period, Records, Store, StoreFault, StoredRecord,
        Summary,
    },
    record::{Log, integer},
};

/// For one answer. The server ends a statement a little before.
const ANSWER: Duration = Duration::from_millis(4500);

/// Records that one search looks through, and bytes of theirs that it takes into memory, but for its last record.
const LOOKED_THROUGH: usize = 2000;
const BYTES: i64 = 16 << 20;

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

    async fn records(&self, filter: EventFilter, after: &str) -> Result<Records, EventError> {
        let conditions = Conditions::of(&filter, before(after)?);
        // The server knows how long a payload is without reading it. One more than are read tells whether there is more.
        let bytes = |column: &str| format!("coalesce(octet_length({column}), 0)::bigint");
        let sizes = format!(
            "SELECT {} + {} + {} FROM portcullis.record WHERE {} {NEWEST_FIRST} LIMIT {}",
            bytes("request"),
            bytes("response"),
            bytes("envelope"),
            conditions.sql,
            LOOKED_THROUGH + 1
        );
        within(async {
            let client = self.client().await?;
            let sizes = client.query_typed(&sizes, &conditions.values()).await.map_err(failed)?;
            let sizes = sizes.iter().map(|row| row.try_get::<_, i64>(0)).collect::<Result<Vec<_>, _>>();
            let sizes = sizes.map_err(failed)?;
            let fit = fitting(&sizes);
            // What came since the sizes were told stands in front and takes the place of as many.
            let statement = format!("{} WHERE {} {NEWEST_FIRST} LIMIT {fit}", row::select(true), conditions.sql);
            let rows = client.query_typed(&statement, &conditions.values()).await.map_err(failed)?;
            let records = rows.iter().map(row::read_stored).collect::<Result<Vec<_>, _>>()?;
            let next = records.last().filter(|_| sizes.len() > fit).map(|last| self.cursor(&last.event));
            Ok(Records { records, next })
        })
        .await
    }

    fn cursor(&self, event: &Event) -> String {
        Key::of(event).text()
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

/// How many of the records of these sizes one search reads.
fn fitting(sizes: &[i64]) -> usize {
    let mut bytes = 0_i64;
    let fits = |size: &&i64| {
        let fits = bytes < BYTES;
        bytes = bytes.saturating_add(**size);
        fits
    };
    sizes.iter().take(LOOKED_THROUGH).take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_search_reads_so_many_and_so_much() {
        assert_eq!(fitting(&[]), 0);
        assert_eq!(fitting(&[BYTES * 3, 1]), 1, "the first is read whatever it takes");
        assert_eq!(fitting(&[BYTES - 1, BYTES, 1]), 2);
        assert_eq!(fitting(&[0; LOOKED_THROUGH + 1]), LOOKED_THROUGH);
    }
}
