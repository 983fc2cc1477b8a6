//! The sink that fills the store.
//!
//! A batch is one transaction: its records, and the counts of those that were not there before. So what is delivered twice is
//! counted once, and nobody sees half of a batch. A batch that the server refuses is halved until the record is found
//! that it was about.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    time::Duration,
};

use jiff::civil::Date;
use tokio::{sync::Mutex, time::timeout};
use tokio_postgres::{Client, Transaction};
use uuid::Uuid;

use super::{
    connect::{Connector, delivery, failed},
    row::{self, clean},
    schema,
    settings::Sealing,
};
use crate::{
    deliver::{Delivery, Outcome, Sink},
    events::StoreFault,
    record::{Aggregates, Changed, Code, Names, TallyKey, integer},
};

/// For one batch, with its connection.
const BATCH: Duration = Duration::from_secs(30);
/// Receipts that are known to be there.
const RECEIPTS: usize = 4096;
/// Characters of a name that counts go by: an index takes no more than some kilobytes.
const NAME: usize = 300;

pub struct PostgresSink {
    connector: Connector,
    sealing: Sealing,
    state: Mutex<State>,
}

impl fmt::Debug for PostgresSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSink").field("connector", &self.connector).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    connection: Option<Connection>,
    /// Callers that have a counter of their own.
    names: Names,
    /// What was said of the server last.
    told: Option<StoreFault>,
}

struct Connection {
    client: Client,
    /// Whose partitions are there.
    days: HashSet<Date>,
    receipts: HashSet<Uuid>,
}

impl PostgresSink {
    pub(super) fn new(connector: Connector, sealing: Sealing) -> Self {
        Self { connector, sealing, state: Mutex::default() }
    }

    async fn open(&self) -> Result<Connection, StoreFault> {
        let mut client = self.connector.connect().await?;
        schema::prepare(&mut client).await?;
        client.batch_execute(row::INCOMING).await.map_err(failed)?;
        Ok(Connection { client, days: HashSet::new(), receipts: HashSet::new() })
    }

    /// All of it or nothing. A connection of which it is not known where it stands is not used again.
    async fn store(&self, state: &mut State, part: &[Delivery]) -> Result<(), StoreFault> {
        let mut connection = match state.connection.take() {
            Some(connection) if !connection.client.is_closed() => connection,
            _ => self.open().await?,
        };
        let stored = connection.write(&mut state.names, part, self.sealing).await;
        match stored {
            Ok(()) | Err(StoreFault::Rejected) => state.connection = Some(connection),
            Err(StoreFault::NotReady) => {
                connection.days.clear();
                state.connection = Some(connection);
            }
            Err(_) => {}
        }
        stored
    }
}

impl Sink for PostgresSink {
    async fn deliver(&self, batch: &[Delivery]) -> Vec<Outcome> {
        let state = &mut *self.state.lock().await;
        let mut outcomes = Vec::with_capacity(batch.len());
        let mut parts = vec![batch];
        while let Some(part) = parts.pop() {
            match timeout(BATCH, self.store(state, part)).await.unwrap_or(Err(StoreFault::TimedOut)) {
                Ok(()) => outcomes.extend(part.iter().map(|_| Outcome::Delivered)),
                Err(StoreFault::Rejected) if part.len() > 1 => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                }
                Err(fault @ StoreFault::Rejected) => outcomes.push(Outcome::Permanent(delivery(fault))),
                Err(fault) => {
                    if state.told.replace(fault) != Some(fault) {
                        let store = format!("{:?}", self.connector);
                        tracing::warn!(store, %fault, "the event store does not take records; they stay in the log");
                    }
                    // In one transaction all stay away, and what follows would overtake them.
                    outcomes.resize(batch.len(), Outcome::retry(delivery(fault)));
                    return outcomes;
                }
            }
        }
        state.told = None;
        outcomes
    }
}

impl Connection {
    async fn write(&mut self, names: &mut Names, part: &[Delivery], sealing: Sealing) -> Result<(), StoreFault> {
        for day in part.iter().map(|delivery| schema::day(delivery.record.event.time)).collect::<HashSet<_>>() {
            if !self.days.contains(&day) {
                schema::make_day(&mut self.client, day).await?;
                self.days.insert(day);
            }
        }
        let records = || part.iter().map(|delivery| &delivery.record);
        self.receipts(row::receipts(records())?).await?;
        let transaction = self.client.transaction().await.map_err(failed)?;
        let written = async {
            row::copy(&transaction, records(), sealing).await?;
            let rows = transaction.query(&row::take_in(), &[]).await.map_err(failed)?;
            let new = rows.iter().map(|row| row.try_get::<_, i64>(0)).collect::<Result<HashSet<_>, _>>();
            count(&transaction, names, part, &new.map_err(failed)?).await
        };
        match written.await {
            Ok(()) => transaction.commit().await.map_err(failed),
            Err(fault) => {
                transaction.rollback().await.map_err(failed)?;
                Err(fault)
            }
        }
    }

    /// In a transaction of their own: two nodes that bring the same one must not wait for each other's records.
    async fn receipts(&mut self, mut receipts: BTreeMap<Uuid, String>) -> Result<(), StoreFault> {
        receipts.retain(|id, _| !self.receipts.contains(id));
        if receipts.is_empty() {
            return Ok(());
        }
        let (ids, texts): (Vec<_>, Vec<_>) = receipts.into_iter().unzip();
        let statement = "INSERT INTO portcullis.receipt (id, json)
            SELECT * FROM unnest($1::uuid[], $2::text[]) ON CONFLICT DO NOTHING";
        self.client.execute(statement, &[&ids, &texts]).await.map_err(failed)?;
        if self.receipts.len() >= RECEIPTS {
            self.receipts.clear();
        }
        self.receipts.extend(ids);
        Ok(())
    }
}

/// Counts what is new. Every node has rows of its own: none waits for another's transaction.
async fn count(
    transaction: &Transaction<'_>,
    names: &mut Names,
    part: &[Delivery],
    new: &HashSet<i64>,
) -> Result<(), StoreFault> {
    let events = || part.iter().map(|one| &one.record.event).filter(|event| new.contains(&integer(event.sequence)));
    let Some(node) = events().next().map(|event| &*event.node) else { return Ok(()) };
    let (mut tally, mut aggregates) = (BTreeMap::<TallyKey, i64>::new(), Aggregates::default());
    for event in events() {
        let action = event.outcome.judged().map(|judged| judged.decision.action);
        let key = TallyKey::new(event.time.as_microsecond(), event.kind.code(), action);
        *tally.entry(key).or_default() += 1;
        aggregates.event(event);
    }
    let column = |read: fn(&TallyKey) -> i64| tally.keys().map(read).collect::<Vec<_>>();
    let (seconds, kinds, actions) = (column(|key| key.second), column(|key| key.kind), column(|key| key.action));
    let counts: Vec<_> = tally.values().copied().collect();
    let statement = "
        INSERT INTO portcullis.tally AS old (node, second, kind, action, count)
        SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
        ON CONFLICT (second, kind, action, node) DO UPDATE SET count = old.count + excluded.count";
    transaction.execute(statement, &[&node, &seconds, &kinds, &actions, &counts]).await.map_err(failed)?;

    let changed = aggregates.changed(names);
    let column = |read: fn(&Changed<'_>) -> i64| changed.iter().map(read).collect::<Vec<_>>();
    let (grains, dimensions) = (column(|change| change.grain), column(|change| change.dimension));
    let starts = column(|change| change.start);
    let name = |change: &Changed<'_>| clean(&change.name).chars().take(NAME).collect::<String>();
    let counted: Vec<_> = changed.iter().map(name).collect();
    let (counts, flagged) = (column(|change| change.count), column(|change| change.flagged));
    let blocked = column(|change| change.blocked);
    // Several names may have become one.
    let statement = "
        INSERT INTO portcullis.aggregate AS old (node, grain, dimension, start, name, count, flagged, blocked)
        SELECT $1, grain, dimension, start, name, sum(count), sum(flagged), sum(blocked)
        FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[])
            AS new (grain, dimension, start, name, count, flagged, blocked)
        GROUP BY grain, dimension, start, name
        ON CONFLICT (grain, dimension, start, name, node) DO UPDATE
            SET count = old.count + excluded.count, flagged = old.flagged + excluded.flagged,
                blocked = old.blocked + excluded.blocked";
    transaction
        .execute(statement, &[&node, &grains, &dimensions, &starts, &counted, &counts, &flagged, &blocked])
        .await
        .map_err(failed)?;
    Ok(())
}
