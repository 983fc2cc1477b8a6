//! The tables, and their history.

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use tokio_postgres::{Client, GenericClient, Transaction};

use super::connect::failed;
use crate::events::StoreFault;

/// Held by whoever changes tables: "PCLS" and a number.
const LOCK: i64 = 0x5043_4c53_0001;

/// Oldest first. What was released is never changed: the next step is added. Nodes of the version before may still write
/// while one of the next makes its step: a step leaves room for both, or says that it does not.
const MIGRATIONS: &[&str] = &[FIRST, DURATIONS];

/// Names sort by bytes, as in the log. Texts that callers choose may be longer than an index takes: it has their beginning.
const FIRST: &str = r#"
    CREATE TABLE portcullis.receipt (
        id uuid PRIMARY KEY,            -- of its text: the first half of a SHA-256
        json text NOT NULL
    );
    CREATE TABLE portcullis.record (
        time timestamptz NOT NULL,
        node text COLLATE "C" NOT NULL,
        seq bigint NOT NULL,
        kind smallint NOT NULL,
        request_id uuid NOT NULL,
        sync boolean NOT NULL,
        late boolean NOT NULL,
        direction smallint NOT NULL,
        status integer NOT NULL,
        source text NOT NULL,
        user_name text NOT NULL,
        team text NOT NULL,
        model text NOT NULL,
        client_ip text NOT NULL,
        principal text NOT NULL,
        session text NOT NULL,
        tool text NOT NULL,
        server text NOT NULL,
        enforced boolean NOT NULL,
        analysis smallint NOT NULL,
        -- Null while pending:
        action smallint,
        verdict smallint,
        duration_us bigint,
        violations_total bigint,
        message text,
        violations text,                -- JSON; null when there are none
        receipt uuid,
        segments_total bigint,
        segments_scanned bigint,
        segments_unchanged bigint,
        bytes_total bigint,
        bytes_scanned bigint,
        bytes_unchanged bigint,
        -- Why there is no payload where there was one:
        fault smallint,
        masked boolean NOT NULL,
        request_is_text boolean NOT NULL,
        request bytea,
        response_is_text boolean NOT NULL,
        response bytea,
        envelope bytea,
        PRIMARY KEY (time, node, seq)
    ) PARTITION BY RANGE (time);
    CREATE INDEX record_id ON portcullis.record (node, seq);
    CREATE INDEX record_request ON portcullis.record (request_id);
    CREATE INDEX record_user ON portcullis.record (left(user_name, 200), time) WHERE user_name <> '';
    CREATE INDEX record_session ON portcullis.record (left(session, 200), time) WHERE session <> '';
    CREATE INDEX record_flagged ON portcullis.record (time) WHERE action > 0;
    CREATE INDEX record_late ON portcullis.record (time) WHERE late;

    CREATE TABLE portcullis.aggregate (
        node text COLLATE "C" NOT NULL,
        grain bigint NOT NULL,          -- seconds: 60 or 3600
        dimension bigint NOT NULL,
        start bigint NOT NULL,          -- seconds since 1970
        name text COLLATE "C" NOT NULL,
        count bigint NOT NULL,
        flagged bigint NOT NULL,
        blocked bigint NOT NULL,
        PRIMARY KEY (grain, dimension, start, name, node)
    );
    CREATE TABLE portcullis.tally (
        node text COLLATE "C" NOT NULL,
        second bigint NOT NULL,
        kind bigint NOT NULL,
        action bigint NOT NULL,         -- -1: pending
        count bigint NOT NULL,
        PRIMARY KEY (second, kind, action, node)
    );
    CREATE TABLE portcullis.review (
        node text COLLATE "C" NOT NULL,
        seq bigint NOT NULL,
        opinion smallint NOT NULL,
        note text NOT NULL,
        who text NOT NULL,
        time timestamptz NOT NULL,
        PRIMARY KEY (node, seq)
    );
    CREATE TABLE portcullis.reveal (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        node text COLLATE "C" NOT NULL,
        seq bigint NOT NULL,
        who text NOT NULL,
        time timestamptz NOT NULL
    );
    CREATE INDEX reveal_record ON portcullis.reveal (node, seq, id);
"#;

/// Nodes of the version before leave it null.
const DURATIONS: &str = "
    ALTER TABLE portcullis.record ADD COLUMN took bytea;    -- microseconds by part, as in the log; null: not timed
";

/// Makes what is missing. Two nodes that start at the same moment do it one after the other.
pub(super) async fn prepare(client: &mut Client) -> Result<(), StoreFault> {
    let known = i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX);
    if version(client).await? == Some(known) {
        return Ok(());
    }
    let transaction = locked(client).await?;
    let schema = transaction.query_one("SELECT to_regnamespace('portcullis') IS NULL", &[]).await.map_err(failed)?;
    if schema.try_get(0).map_err(failed)? {
        // Not asked for where it is there: who may make tables in it may not make another.
        transaction.batch_execute("CREATE SCHEMA portcullis").await.map_err(failed)?;
    }
    let history = "CREATE TABLE IF NOT EXISTS portcullis.migration
        (version integer PRIMARY KEY, made timestamptz NOT NULL DEFAULT now())";
    transaction.batch_execute(history).await.map_err(failed)?;
    let found = version(&transaction).await?.unwrap_or(0);
    if found > known {
        return Err(StoreFault::Newer { found, known });
    }
    for (step, number) in MIGRATIONS.iter().zip(1_i32..).skip(usize::try_from(found).unwrap_or(0)) {
        transaction.batch_execute(step).await.map_err(failed)?;
        let note = "INSERT INTO portcullis.migration (version) VALUES ($1)";
        transaction.execute(note, &[&number]).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}

async fn version(client: &impl GenericClient) -> Result<Option<i32>, StoreFault> {
    let there = "SELECT to_regclass('portcullis.migration') IS NOT NULL";
    if !client.query_one(there, &[]).await.map_err(failed)?.try_get::<_, bool>(0).map_err(failed)? {
        return Ok(None);
    }
    let newest = client.query_one("SELECT max(version) FROM portcullis.migration", &[]).await.map_err(failed)?;
    newest.try_get(0).map_err(failed)
}

async fn locked(client: &mut Client) -> Result<Transaction<'_>, StoreFault> {
    let transaction = client.transaction().await.map_err(failed)?;
    transaction.query_one("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(failed)?;
    Ok(transaction)
}

/// The day of a record's partition, in UTC.
pub(super) fn day(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

fn partition(day: Date) -> String {
    format!("record_{:04}{:02}{:02}", day.year(), day.month(), day.day())
}

/// Makes the partition of a day. It is attached and not made in place: that would wait for every reader.
pub(super) async fn make_day(client: &mut Client, day: Date) -> Result<(), StoreFault> {
    let Ok(next) = day.checked_add(1.day()) else { return Err(StoreFault::Rejected) };
    let name = partition(day);
    let transaction = locked(client).await?;
    let there = transaction
        .query_one("SELECT to_regclass($1) IS NOT NULL", &[&format!("portcullis.{name}")])
        .await
        .map_err(failed)?;
    if !there.try_get::<_, bool>(0).map_err(failed)? {
        transaction
            .batch_execute(&format!(
                "CREATE TABLE portcullis.{name} (LIKE portcullis.record INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
                 ALTER TABLE portcullis.record ATTACH PARTITION portcullis.{name}
                     FOR VALUES FROM ('{day} 00:00:00+00') TO ('{next} 00:00:00+00');"
            ))
            .await
            .map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}

/// Drops the partitions that end before this. Answers how many.
pub(super) async fn drop_days(client: &mut Client, before: Timestamp) -> Result<usize, StoreFault> {
    let first = partition(day(before));
    let transaction = locked(client).await?;
    let rows = transaction
        .query(
            "SELECT child.relname::text FROM pg_inherits
             JOIN pg_class AS child ON child.oid = inhrelid
             WHERE inhparent = to_regclass('portcullis.record') ORDER BY 1",
            &[],
        )
        .await
        .map_err(failed)?;
    let names = rows.iter().map(|row| row.try_get::<_, String>(0)).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    // Others' partitions are nobody's here. Names of one length sort as their days do.
    let is_day = |name: &str| name.len() == first.len() && name.starts_with("record_");
    let old: Vec<_> = names.into_iter().filter(|name| is_day(name) && *name < first).collect();
    for name in &old {
        if name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
            transaction.batch_execute(&format!("DROP TABLE portcullis.{name}")).await.map_err(failed)?;
        }
    }
    transaction.commit().await.map_err(failed)?;
    Ok(old.len())
}
