//! The tables of the event store: who makes them, what becomes of those that are there, and where a day ends.

use std::{collections::HashSet, time::Duration};

use core_service::{
    deliver::{Delivery, Outcome, Sink as _},
    domain::exchange::{CallContext, Direction, Payload, Payloads},
    events::{EventFilter, EventStore, conformance as stores},
    postgres::{Postgres as Shared, PostgresSettings},
    record::{NewRecord, RecordKind, RecordedOutcome},
};
use futures_util::future::join_all;
use integration_tests::{Client, Database, Postgres, Setup};
use serde_json::json;
use tokio::{task::spawn_blocking, time::Instant};

use crate::event_store::{said, shown};

const VERSION_1: &str = include_str!("event_store_v1.sql");
/// Tables with their columns, indexes, and steps, but for the days'.
const SHAPES: [&str; 3] = [
    "SELECT concat_ws(' ', table_name, ordinal_position, column_name, data_type, is_nullable, collation_name)
        FROM information_schema.columns WHERE table_schema = 'portcullis' AND table_name !~ '^record_[0-9]' ORDER BY 1",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'portcullis' AND tablename !~ '^record_[0-9]' ORDER BY 1",
    "SELECT version::text FROM portcullis.migration ORDER BY 1",
];
const DAY: i128 = 86_400_000_000_000;

fn node(database: &Database) -> Shared {
    Shared::new(PostgresSettings::new(&database.url()).unwrap()).unwrap()
}

async fn texts(database: &Database, statement: &str) -> Vec<String> {
    database.query(statement).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn shape(database: &Database) -> Vec<String> {
    let mut shape = Vec::new();
    for statement in SHAPES {
        shape.extend(texts(database, statement).await);
    }
    shape
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_find_the_same_empty_database_at_once_make_its_tables_once() {
    let server = Postgres::shared().await;
    let mut shapes = HashSet::new();
    for _ in 0..8 {
        let database = server.database().await;
        let nodes: Vec<_> = (0..6).map(|_| node(&database)).collect();
        let prepared = join_all(nodes.iter().map(Shared::prepare)).await;
        assert_eq!(prepared, vec![Ok(()); nodes.len()]);
        shapes.insert(shape(&database).await);
    }
    assert_eq!(shapes.len(), 1, "{shapes:?}");
}

/// With all that nodes do at their start, and with the day of their first records, which both have to make.
#[tokio::test(flavor = "multi_thread")]
async fn programs_that_start_at_once_over_an_empty_database_share_it() {
    let database = Postgres::shared().await.database().await;
    let start = || {
        let setup = Setup::portcullis().env("PORTCULLIS_STORE_URL", &database.url());
        spawn_blocking(move || setup.start())
    };
    let (one, other) = tokio::join!(start(), start());
    let (one, other) = (one.unwrap(), other.unwrap());
    let clients = [Client::of(&one), Client::of(&other)];
    let calls = tokio::join!(said(&clients[0], "to one"), said(&clients[1], "to the other"));
    for id in [&calls.0, &calls.1] {
        for client in &clients {
            shown(client, id).await;
        }
    }
    assert_eq!(database.number("SELECT count(DISTINCT node) FROM portcullis.record").await, Some(2));
    assert_eq!(database.number("SELECT sum(count)::bigint FROM portcullis.tally").await, Some(2));
    let days = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'portcullis.record'::regclass";
    let found = database.number("SELECT count(DISTINCT (time AT TIME ZONE 'UTC')::date) FROM portcullis.record").await;
    assert_eq!(database.number(days).await, found, "a day is made once");
    for program in [&one, &other] {
        assert!(!program.printed().contains("does not take records"), "{}", program.printed());
    }
}

/// As a node of that version writes it.
fn of_version_1(sequence: u64) -> String {
    format!(
        "INSERT INTO portcullis.record (time, node, seq, kind, request_id, sync, late, direction, status, source,
            user_name, team, model, client_ip, principal, session, tool, server, enforced, analysis, masked,
            request_is_text, request, response_is_text)
        VALUES ('2026-01-02 03:04:05+00', 'cafe0001', {sequence}, 1, '00000000-0000-4000-8000-00000000000{sequence}',
            true, false, 0, 200, 'truefoundry', 'ann', '', '', '', '', '', '', '', true, 1, false,
            true, 'said long ago', false)"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_the_first_version_is_brought_up_to_date_with_what_it_holds() {
    let server = Postgres::shared().await;
    let (old, new) = (server.database().await, server.database().await);
    let writer = old.client().await;
    writer.batch_execute(VERSION_1).await.unwrap();
    writer.batch_execute(&of_version_1(1)).await.unwrap();
    node(&new).prepare().await.unwrap();
    assert_ne!(shape(&old).await, shape(&new).await);

    let program = Setup::portcullis().env("PORTCULLIS_STORE_URL", &old.url()).start();
    let client = Client::of(&program);
    shown(&client, &said(&client, "hello").await).await;
    assert_eq!(shape(&old).await, shape(&new).await);
    let missing = "SELECT count(*) FROM pg_inherits AS day WHERE inhparent = 'portcullis.record'::regclass
        AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = day.inhrelid AND attname = 'took')";
    assert_eq!(old.number(missing).await, Some(0), "days that were there have it too");
    // A node of the version before goes on.
    writer.batch_execute(&of_version_1(2)).await.unwrap();
    for sequence in [1, 2] {
        let event = client.get(&format!("/v1/events/cafe0001-{sequence}")).await.json();
        assert_eq!((&event["request"], &event["user"]), (&json!("said long ago"), &json!("ann")), "{event}");
    }
    assert_eq!(client.events("").await.len(), 3);
}

fn exchange() -> NewRecord {
    let payload = |text: &str| Payload::Text(text.to_owned());
    NewRecord {
        kind: RecordKind::Exchange,
        request_id: Default::default(),
        idempotency: None,
        sync: true,
        late: false,
        direction: Direction::Response,
        status: 200,
        context: CallContext::default(),
        policies: Vec::new(),
        outcome: RecordedOutcome::Pending,
        enforced: false,
        payloads: Payloads::Both { request: payload("a question"), response: payload("an answer") },
    }
}

/// The last records of a day (UTC) and the first of the next, which are days apart for the tables.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_on_both_sides_of_midnight_is_taken_whole_into_two_days() {
    let database = Postgres::shared().await.database().await;
    let shared = node(&database);
    let folder = tempfile::tempdir().unwrap();
    let log = stores::log(folder.path());
    let deadline = Instant::now() + Duration::from_secs(3600);
    log.append((0..6).map(|_| exchange()).collect(), deadline).await.unwrap();
    let mut records = EventStore::new(&log).records(EventFilter::default(), "").await.unwrap().records;
    records.sort_by_key(|record| record.event.sequence);
    let begun = records[0].event.time;
    let midnight = begun - Duration::from_nanos(u64::try_from(begun.as_nanosecond() % DAY).unwrap());
    // Three microseconds before it, up to two behind it.
    let moved = records.into_iter().zip(0..).map(|(mut record, at)| {
        record.event.time = midnight - Duration::from_micros(3) + Duration::from_micros(at);
        Delivery { record, key: None, attempts: 0 }
    });
    let batch: Vec<Delivery> = moved.collect();
    // And once more, as after a crash: by another connection, to which no day is known.
    for _ in 0..2 {
        assert_eq!(shared.sink().deliver(&batch).await, [Outcome::Delivered; 6]);
    }

    let days = "SELECT tableoid::regclass::text, array_agg(seq ORDER BY seq)
        FROM portcullis.record GROUP BY 1 ORDER BY 1";
    let days: Vec<(String, Vec<i64>)> =
        database.query(days).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
    let day = |at: usize| {
        let time = batch[at].record.event.time.to_string();
        format!("portcullis.record_{}", time[..10].replace('-', ""))
    };
    assert_eq!(days, [(day(0), vec![1, 2, 3]), (day(5), vec![4, 5, 6])]);
    assert_eq!(database.number("SELECT sum(count)::bigint FROM portcullis.tally").await, Some(6));
    assert_eq!(database.number("SELECT count(DISTINCT second) FROM portcullis.tally").await, Some(2));

    // Lists go over it, and a period ends or begins there.
    let store = EventStore::shared(&log, shared.store().unwrap());
    let list = async |filter: EventFilter, after: &str| {
        let page = store.list(filter, 4, after).await.unwrap();
        let sequences: Vec<u64> = page.events.iter().map(|event| event.sequence).collect();
        (sequences, page.next.unwrap_or_default())
    };
    let (newest, next) = list(EventFilter::default(), "").await;
    assert_eq!((newest, list(EventFilter::default(), &next).await.0), (vec![6, 5, 4, 3], vec![2, 1]));
    let since = EventFilter { since: Some(midnight), ..EventFilter::default() };
    let until = EventFilter { until: Some(midnight), ..EventFilter::default() };
    assert_eq!((list(since, "").await.0, list(until, "").await.0), (vec![6, 5, 4], vec![3, 2, 1]));
    log.close().await;
}
