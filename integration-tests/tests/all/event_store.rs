//! PostgreSQL as the event store: what every store and every sink has to do, and what only this one can do wrong.

use std::{sync::Arc, time::Duration};

use core_service::{
    deliver::{
        self, Deliveries, Plan,
        conformance::{self as sinks, Mood},
    },
    event_store_conforms,
    events::{EventStore, conformance as stores},
    postgres::{Postgres as Shared, PostgresSettings, PostgresSink},
    record::{Log, RecordKind},
};
use integration_tests::{Client, Database, Fault, Postgres, Setup, authority::Authority, until};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// The event store's tables, filled by one log.
struct Rig {
    log: Arc<Log>,
    store: EventStore,
    shared: Shared,
    _database: Database,
    _folder: tempfile::TempDir,
}

async fn rig() -> Rig {
    let database = Postgres::shared().await.database().await;
    let shared = Shared::new(PostgresSettings::new(&database.url()).unwrap()).unwrap();
    shared.prepare().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let log = Arc::new(stores::log(folder.path()));
    let store = EventStore::shared(&log, shared.store().unwrap());
    Rig { log, store, shared, _database: database, _folder: folder }
}

impl stores::Rig for Rig {
    fn log(&self) -> &Log {
        &self.log
    }

    fn store(&self) -> &EventStore {
        &self.store
    }

    async fn settle(&self) {
        let (stop, mut deliveries) = (CancellationToken::new(), Deliveries::default());
        let kinds = vec![RecordKind::Decision, RecordKind::Exchange, RecordKind::Canary, RecordKind::Log];
        // What is pending is not waited for: it is shown, too.
        let plan = Plan { kinds, linger: Duration::ZERO, analysis_wait: Duration::ZERO, ..Plan::new("settling") };
        let task = deliver::start(self.shared.sink(), plan, Arc::clone(&self.log), &mut deliveries, stop.clone());
        let tip = *self.log.tip().borrow();
        until(|| async {
            let status = deliveries.statuses().pop().unwrap();
            (status.lag == 0 && status.cursor >= tip).then_some(())
        })
        .await;
        stop.cancel();
        task.await.unwrap();
    }
}

event_store_conforms! { #[tokio::test(flavor = "multi_thread")] rig() }

struct Far(Database);

impl sinks::Rig for Far {
    type Sink = PostgresSink;

    fn sink(&self) -> PostgresSink {
        Shared::new(PostgresSettings::new(&self.0.url()).unwrap()).unwrap().sink()
    }

    async fn mood(&mut self, mood: Mood) {
        self.0.faults.set(if mood == Mood::Down { Fault::Reset } else { Fault::Through });
        if mood == Mood::Choosy {
            let refuse = "ALTER TABLE portcullis.record ADD CONSTRAINT choosy CHECK (seq % 3 <> 0) NOT VALID";
            self.0.client().await.batch_execute(refuse).await.unwrap();
        }
    }

    async fn arrived(&self) -> Vec<u64> {
        // As they were written: a table that nothing was taken from grows at its end.
        let rows = self.0.query("SELECT seq FROM portcullis.record ORDER BY tableoid, ctid").await;
        rows.unwrap_or_default().iter().map(|row| row.get::<_, i64>(0).unsigned_abs()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sink_conforms() {
    let database = Postgres::shared().await.database().await;
    sinks::conforms(Far(database), "conforming-postgres").await;
}

fn exchange(text: &str) -> Value {
    json!({
        "requestBody": {"messages": [{"role": "user", "content": text}]},
        "responseBody": {"choices": [{"message": {"role": "assistant", "content": "an answer"}}]},
        "context": {"user": {"subjectId": "ann"}}
    })
}

pub(crate) async fn said(client: &Client, text: &str) -> String {
    let answer = client.guard("sync=true", &exchange(text)).await;
    assert_eq!(answer.status, 200);
    answer.json()["request_id"].as_str().unwrap().to_owned()
}

/// The event of a call, once the store has it.
pub(crate) async fn shown(client: &Client, request_id: &str) -> Value {
    until(|| async {
        let answer = client.get(&format!("/v1/events?request_id={request_id}")).await;
        // Until the tables are there, or the server is again.
        let events = (answer.status == 200).then(|| answer.json()["events"].clone());
        events.and_then(|events| events.as_array().unwrap().last().cloned())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_may_be_away_and_calls_are_answered_all_the_same() {
    let database = Postgres::shared().await.database().await;
    database.faults.set(Fault::Reset);
    let program = Setup::portcullis().env("PORTCULLIS_STORE_URL", &database.url()).start();
    assert!(program.printed().contains("store to PostgreSQL test_"), "{}", program.printed());
    let client = Client::of(&program);
    let first = said(&client, "while it is away").await;
    let refused = client.get("/v1/events").await;
    assert_eq!((refused.status, &refused.json()["error"]), (503, &json!("storage_unavailable")));
    assert!(refused.json()["message"].as_str().unwrap().contains("the event store: it cannot be reached"));
    let page = client.get("/").await;
    assert_ne!(page.status, 200, "a page without its events is no page of them");
    assert!(String::from_utf8_lossy(&page.body).contains("the event store"));
    assert_eq!(client.get("/readyz").await.status, 200);

    database.faults.set(Fault::Through);
    let event = shown(&client, &first).await;
    // What goes on when it goes away in the middle.
    database.faults.set(Fault::Reset);
    let second = said(&client, "while it is away again").await;
    database.faults.set(Fault::HalfOpen);
    let third = said(&client, "while it takes everything and answers nothing").await;
    database.faults.set(Fault::Reset);
    database.faults.set(Fault::Through);
    for id in [&second, &third] {
        shown(&client, id).await;
    }
    let detail = client.get(&format!("/v1/events/{}", event["id"].as_str().unwrap())).await.json();
    assert_eq!(detail["request"]["messages"][0]["content"], "while it is away");
    assert_eq!(database.number("SELECT count(*) FROM portcullis.record").await, Some(3));
    assert_eq!(database.number("SELECT sum(count)::bigint FROM portcullis.tally").await, Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn reviews_and_reveals_are_in_the_store_and_any_node_shows_them() {
    let database = Postgres::shared().await.database().await;
    let node = || Setup::portcullis().env("PORTCULLIS_STORE_URL", &database.url());
    let (one, other) = (node().start(), node().start());
    let (one, other) = (Client::of(&one), Client::of(&other));
    let id = said(&one, "hello").await;
    let event = shown(&other, &id).await;
    let id = event["id"].as_str().unwrap();
    // To look at it through the other is recorded before it is shown.
    let detail = other.get(&format!("/v1/events/{id}")).await.json();
    assert_eq!(detail["request"]["messages"][0]["content"], "hello");
    assert_eq!(database.number("SELECT count(*) FROM portcullis.reveal").await, Some(1));
    database.faults.set(Fault::Reset);
    let away = other.get(&format!("/v1/events/{id}")).await;
    assert_eq!(away.status, 503, "what cannot be recorded is not shown");
    assert!(!String::from_utf8_lossy(&away.body).contains("hello"));
}

/// Who may not see what was recorded could else read a key out of it, letter by letter.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_of_the_store_does_not_tell_what_is_behind_the_stars() {
    let database = Postgres::shared().await.database().await;
    let program =
        Setup::portcullis().env("PORTCULLIS_STORE_URL", &database.url()).env("PORTCULLIS_REVEAL", "false").start();
    let client = Client::of(&program);
    for text in ["the grey falcon flies", "write to ann.sparrow@example.org"] {
        shown(&client, &said(&client, text).await).await;
    }
    let found = async |text: &str| {
        let answer = client.get(&format!("/v1/events?limit=1&text={text}")).await.json();
        (answer["events"].as_array().unwrap().len(), answer["next"].clone())
    };
    assert_eq!(found("falcon").await.0, 1);
    for text in ["sparrow", "swallow", "ann.s", "ann.t"] {
        assert_eq!(found(text).await, (0, Value::Null), "{text}");
    }
}

/// To write in the clear what the log encrypts would undo the encryption, and the erasure with it.
#[tokio::test(flavor = "multi_thread")]
async fn payloads_that_the_log_encrypts_never_reach_the_store() {
    let database = Postgres::shared().await.database().await;
    let sealed =
        Setup::portcullis().env("PORTCULLIS_STORE_URL", &database.url()).env("PORTCULLIS_LOG_KEY", &"ab".repeat(32));
    let (sealed, open) = (sealed.start(), Setup::portcullis().env("PORTCULLIS_STORE_URL", &database.url()).start());
    let (own, other) = (Client::of(&sealed), Client::of(&open));
    let id = said(&own, "a very private word").await;
    let event = shown(&other, &id).await;
    let path = format!("/v1/events/{}", event["id"].as_str().unwrap());
    let elsewhere = other.get(&path).await.json();
    assert_eq!((&elsewhere["payload_fault"], &elsewhere["request"]), (&json!("elsewhere"), &Value::Null));
    assert_eq!(own.get(&path).await.json()["request"]["messages"][0]["content"], "a very private word");
    let found = "SELECT count(*) FROM portcullis.record
        WHERE record::text LIKE '%private%' OR encode(request, 'escape') LIKE '%private%'
            OR encode(envelope, 'escape') LIKE '%private%' OR request IS NOT NULL OR response IS NOT NULL";
    assert_eq!(database.number(found).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_log_masks_is_masked_in_the_store() {
    let database = Postgres::shared().await.database().await;
    let setup =
        Setup::portcullis().env("PORTCULLIS_STORE_URL", &database.url()).env("PORTCULLIS_LOG_PAYLOADS", "masked");
    let program = setup.start();
    let client = Client::of(&program);
    shown(&client, &said(&client, "write to ann@example.org").await).await;
    let clear = "SELECT count(*) FROM portcullis.record WHERE encode(request, 'escape') LIKE '%ann@example.org%'";
    assert_eq!(database.number(clear).await, Some(0));
    let masked = "SELECT count(*) FROM portcullis.record WHERE masked AND request IS NOT NULL";
    assert_eq!(database.number(masked).await, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn days_that_are_no_longer_kept_are_dropped() {
    let database = Postgres::shared().await.database().await;
    let setup = Setup::portcullis().env("PORTCULLIS_STORE_URL", &database.url()).settings("[log]\nkeep_days = 2\n");
    let program = setup.start();
    let client = Client::of(&program);
    shown(&client, &said(&client, "today").await).await;
    program.kill();
    // As if one node had been there for a while.
    let old = "CREATE TABLE portcullis.record_20200102 PARTITION OF portcullis.record
            FOR VALUES FROM ('2020-01-02 00:00:00+00') TO ('2020-01-03 00:00:00+00');
        CREATE TABLE portcullis.record_mine PARTITION OF portcullis.record
            FOR VALUES FROM ('2020-02-02 00:00:00+00') TO ('2020-02-03 00:00:00+00');";
    database.client().await.batch_execute(old).await.unwrap();
    let program = setup.start();
    let there = "SELECT count(*) FROM pg_class WHERE relname = 'record_20200102'";
    until(|| async { (database.number(there).await == Some(0)).then_some(()) }).await;
    let kept = "SELECT count(*) FROM pg_class WHERE relname IN ('record_mine')";
    assert_eq!(database.number(kept).await, Some(1), "what it did not make it does not drop");
    assert_eq!(Client::of(&program).events("").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_reached_by_tls_and_only_with_a_certificate_that_is_known() {
    let authority = Authority::default();
    let server = Postgres::start(Some(&authority)).await;
    let database = server.database().await;
    let url = format!("{}?sslmode=require", database.url());
    let setup = |ca: &str| Setup::portcullis().env("PORTCULLIS_STORE_URL", &url).env("PORTCULLIS_STORE_CA", ca);
    let program = setup(&authority.file("ca.crt")).start();
    let client = Client::of(&program);
    shown(&client, &said(&client, "hello").await).await;
    let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE application_name = 'portcullis' AND NOT ssl";
    assert_eq!(database.number(encrypted).await, Some(0));

    let stranger = setup(&Authority::default().file("ca.crt")).start();
    let refused = Client::of(&stranger).get("/v1/events").await;
    assert_eq!(refused.status, 503);
    assert!(refused.json()["message"].as_str().unwrap().contains("refuses this service"), "{:?}", refused.json());
    // A password that is wrong, or a URL that is, is told without being repeated.
    let (status, said) = Setup::portcullis().env("PORTCULLIS_STORE_URL", "db://ann:hunter2@127.0.0.1").refused();
    assert!(status != 0 && said.contains("store.url") && !said.contains("hunter2"), "{said}");
}
