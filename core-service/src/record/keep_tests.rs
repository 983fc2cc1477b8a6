//! What is kept, what goes, and that nothing is changed unseen.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, params, types::ValueRef};

use crate::{
    domain::{
        decision::Action,
        exchange::{Payload, Payloads},
    },
    events::EventStore,
};

use super::{
    Begin, CommitBounds, DeliveryChange, Log, LogError, LogSettings, NewRecord, PayloadFault, Retention, StorageFault,
    row::{JUDGED, JUDGED_COLUMNS, RECORDED, RECORDED_AT_FIRST, RECORDED_COLUMNS},
    samples::{allowed, folder, judged, later, pending},
    seal,
    verify::{Problem, Verified, verify},
};

fn sql(dir: &Path, text: &str) {
    Connection::open(dir.join("portcullis.db")).unwrap().execute_batch(text).unwrap();
}

fn whole(dir: &Path) -> Verified {
    let found = verify(dir, None).unwrap();
    assert_eq!(found.problems, [], "{found:?}");
    assert!(found.is_whole());
    found
}

/// Records 1 and 2 in one commit, judged; 3, pending, and judged later; 4, pending; 5, judged.
async fn made(dir: &Path) {
    let log = Log::open(dir).unwrap();
    log.append(vec![allowed(), allowed()], later()).await.unwrap();
    log.append(vec![pending(), pending()], later()).await.unwrap();
    log.complete(vec![(3, judged(Action::Block))], later()).await.unwrap();
    log.append(vec![allowed()], later()).await.unwrap();
    log.close().await;
}

#[tokio::test]
async fn a_log_that_nobody_touched_is_whole_and_its_head_can_be_asked_for_later() {
    let dir = folder();
    made(dir.path()).await;
    let first = whole(dir.path());
    assert_eq!((first.records, first.commits, first.unsealed), (5, 4, 0));
    assert_eq!((first.first, first.last, first.removed_to), (1, 5, 0));
    let log = Log::open(dir.path()).unwrap();
    log.append(vec![allowed()], later()).await.unwrap();
    // Beside a running service.
    let second = whole(dir.path());
    assert_ne!(first.head, second.head);
    log.close().await;
    assert!(verify(dir.path(), Some(&first.head)).unwrap().is_whole());
    assert!(verify(dir.path(), Some(&second.head.to_uppercase())).unwrap().is_whole());
    assert_eq!(verify(dir.path(), Some("beef")).unwrap().problems, [Problem::Head]);
    // Who cuts the end off and leaves no trace of it in the file is found by the head that was noted.
    sql(
        dir.path(),
        "DELETE FROM record WHERE seq = 6; DELETE FROM chain WHERE id = 5; UPDATE sqlite_sequence SET seq = 5",
    );
    whole(dir.path());
    assert_eq!(verify(dir.path(), Some(&second.head)).unwrap().problems, [Problem::Head]);
}

/// Other payloads, with a digest of what was kept that fits them.
fn forge(sequence: u64) -> String {
    let digest = seal::of_payloads(ValueRef::Null, [ValueRef::Text(b"x"), ValueRef::Null, ValueRef::Null]);
    let kept = seal::hex(&digest);
    format!(
        "UPDATE record SET request = 'x', response = NULL, envelope = NULL, kept = x'{kept}' WHERE seq = {sequence};"
    )
}

#[tokio::test]
async fn whatever_is_changed_is_named() {
    let judge_by_hand = "UPDATE record SET analysis = 2, (action, verdict, duration_us, violations_total, receipt,
        segments_total, segments_scanned, segments_unchanged, bytes_total, bytes_scanned, bytes_unchanged, took) =
        (SELECT action, verdict, duration_us, violations_total, receipt, segments_total, segments_scanned,
            segments_unchanged, bytes_total, bytes_scanned, bytes_unchanged, took FROM record WHERE seq = 1) WHERE seq = 4";
    let insert = "CREATE TABLE copy AS SELECT * FROM record WHERE seq = 1; UPDATE copy SET seq = 6;
        INSERT INTO record SELECT * FROM copy; DROP TABLE copy";
    let as_if_later = format!("{} UPDATE record SET analysis = 2 WHERE seq = 2", forge(2));
    for (change, expected) in [
        ("UPDATE record SET user = 'eve' WHERE seq = 2", vec![Problem::Record(2)]),
        ("UPDATE record SET principal = '' WHERE seq = 4", vec![Problem::Record(4)]),
        ("UPDATE record SET time = time + 1 WHERE seq = 5", vec![Problem::Record(5)]),
        ("UPDATE record SET action = 0, violations = NULL WHERE seq = 3", vec![Problem::Judgement(3)]),
        ("UPDATE record SET verdict = 2 WHERE seq = 1", vec![Problem::Record(1)]),
        ("UPDATE record SET took = NULL WHERE seq = 2", vec![Problem::Record(2)]),
        ("UPDATE record SET storage = 2 WHERE seq = 2", vec![Problem::Record(2)]),
        ("UPDATE record SET storage = 1 WHERE seq = 3", vec![Problem::Record(3)]),
        ("UPDATE record SET storage = 2 WHERE seq = 4", vec![Problem::Record(4)]),
        ("UPDATE record SET data_key = zeroblob(16) WHERE seq = 5", vec![Problem::Record(5)]),
        ("UPDATE record SET violates = 5 WHERE seq = 1", vec![Problem::Record(1)]),
        ("UPDATE record SET violates = ~violates WHERE seq = 3", vec![Problem::Judgement(3)]),
        ("UPDATE record SET took = x'0001' WHERE seq = 3", vec![Problem::Judgement(3)]),
        ("UPDATE record SET request = 'x' WHERE seq = 2", vec![Problem::Payload(2)]),
        ("UPDATE record SET envelope = NULL WHERE seq = 4", vec![Problem::Payload(4)]),
        ("UPDATE record SET digest = NULL, request = 'x' WHERE seq = 2", vec![Problem::Record(2)]),
        (&forge(2), vec![Problem::Payload(2)]),
        (&as_if_later, vec![Problem::Payload(2)]),
        (&forge(3), vec![Problem::Judgement(3)]),
        (&forge(4), vec![Problem::Payload(4)]),
        ("UPDATE record SET kept = digest WHERE seq = 5", vec![Problem::Payload(5)]),
        (
            "UPDATE record SET analysis = 1 WHERE seq = 3",
            vec![Problem::Judgement(3), Problem::Judgements { stored: 0, chained: 0 }],
        ),
        (judge_by_hand, vec![Problem::Judgements { stored: 2, chained: 1 }]),
        ("DELETE FROM record WHERE seq = 2", vec![Problem::Missing(2..=2)]),
        ("DELETE FROM record WHERE seq IN (1, 2, 5)", vec![Problem::Missing(1..=2), Problem::Missing(5..=5)]),
        ("DELETE FROM record WHERE seq = 5; DELETE FROM chain WHERE id = 4", vec![Problem::Missing(5..=5)]),
        (insert, vec![Problem::Foreign(6), Problem::Missing(6..=6)]),
        (
            "UPDATE chain SET leaves = zeroblob(length(leaves)) WHERE id = 1",
            vec![Problem::Link { commit: 1, first: 1 }],
        ),
        ("UPDATE chain SET removed = 2 WHERE id = 2", vec![Problem::Link { commit: 2, first: 3 }]),
        ("DELETE FROM chain WHERE id = 1", vec![Problem::Link { commit: 2, first: 3 }]),
        (
            "UPDATE receipt SET json = replace(json, 'partial', 'complete')",
            vec![Problem::Record(1), Problem::Record(2), Problem::Judgement(3), Problem::Record(5)],
        ),
    ] {
        let dir = folder();
        made(dir.path()).await;
        sql(dir.path(), change);
        let mut found = verify(dir.path(), None).unwrap().problems;
        // How many judgements there are tells little beside which one is wrong.
        if found.len() > 1 {
            found.retain(|problem| !matches!(problem, Problem::Judgements { .. }));
        }
        let mut expected = expected;
        expected.retain(|problem| !matches!(problem, Problem::Judgements { stored: 0, .. }));
        assert_eq!(found, expected, "{change}");
    }
}

#[tokio::test]
async fn what_was_chained_before_the_storage_was_covered_is_whole() {
    let dir = folder();
    made(dir.path()).await;
    let connection = Connection::open(dir.path().join("portcullis.db")).unwrap();
    let all = RECORDED_COLUMNS + JUDGED_COLUMNS;
    let leaf = connection
        .query_row(&format!("SELECT {RECORDED}, {JUDGED} FROM record WHERE seq = 5"), [], |row| {
            let digest = |columns: std::ops::Range<usize>| seal::of(columns.map(|at| row.get_ref(at).unwrap()));
            Ok(seal::leaf(&digest(0..RECORDED_AT_FIRST), Some(&digest(RECORDED_COLUMNS..all))))
        })
        .unwrap();
    let before: seal::Digest =
        connection.query_row("SELECT hash FROM chain WHERE id = 3", [], |row| row.get(0)).unwrap();
    let link = seal::Link { first: 5, records: 1, leaves: leaf.to_vec(), ..seal::Link::default() };
    let change = "UPDATE chain SET leaves = ?1, hash = ?2 WHERE id = 4";
    assert_eq!(connection.execute(change, params![link.leaves, link.hash(&before)]).unwrap(), 1);
    whole(dir.path());
}

#[tokio::test]
async fn a_damaged_payload_is_an_error_and_keeps_no_other_from_its_analysis() {
    let dir = folder();
    made(dir.path()).await;
    sql(dir.path(), "UPDATE record SET request = 'private' WHERE seq = 4");
    sql(dir.path(), &forge(2));
    let log = Log::open(dir.path()).unwrap();
    log.append(vec![pending()], later()).await.unwrap();
    let found: Vec<_> = log.pending(0, 10).await.unwrap().into_iter().map(|one| (one.sequence, one.payloads)).collect();
    assert_eq!(found, [(4, Err(PayloadFault::Damaged)), (6, Ok(pending().payloads))]);
    for sequence in [2, 4] {
        let error = EventStore::new(&log).get(&format!("{}-{sequence}", log.node())).await.unwrap_err();
        assert_eq!(error, LogError::Storage(StorageFault::Corrupt).into());
    }
    log.close().await;
}

#[tokio::test]
async fn a_log_from_before_the_chain_is_taken_over_and_said_not_to_be_covered() {
    let dir = folder();
    super::schema::first_format(&dir.path().join("portcullis.db"));
    let log = Log::open(dir.path()).unwrap();
    assert_eq!(whole(dir.path()).unsealed, 2);
    log.append(vec![allowed(), pending()], later()).await.unwrap();
    log.complete(vec![(4, judged(Action::Alert)), (11, judged(Action::Allow))], later()).await.unwrap();
    let found = whole(dir.path());
    assert_eq!((found.records, found.unsealed, found.first, found.last), (4, 2, 2, 11));
    log.close().await;
}

fn keep(dir: &Path, retention: Retention) -> Log {
    Log::open_with(dir, &LogSettings { retention, ..LogSettings::default() }).unwrap()
}

/// Once the oldest record that is there is this one.
async fn begins_with(log: &Log, first: i64) {
    let connection = Connection::open(log.path()).unwrap();
    loop {
        let oldest: i64 =
            connection.query_row("SELECT coalesce(min(seq), 0) FROM record", [], |row| row.get(0)).unwrap();
        if oldest == first {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

#[tokio::test]
async fn what_is_too_old_goes_and_the_gap_is_no_loss() {
    let dir = folder();
    made(dir.path()).await;
    sql(
        dir.path(),
        "UPDATE record SET time = time - 8 * 24 * 3600000000 WHERE seq < 4;
         INSERT INTO review VALUES (3, 0, '', 'ann', 0), (4, 0, '', 'ann', 0);
         INSERT INTO reveal VALUES (1, 2, 'ann', 0), (2, 4, 'ann', 0)",
    );
    let log = keep(dir.path(), Retention { keep: Some(WEEK), ..Retention::default() });
    begins_with(&log, 4).await;
    let notes: String = Connection::open(log.path())
        .unwrap()
        .query_row(
            "SELECT (SELECT group_concat(seq) FROM review) || ' ' || (SELECT group_concat(seq) FROM reveal)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(notes, "4 4", "what was said of a record goes with it");
    let found = whole(dir.path());
    assert_eq!((found.removed_to, found.records), (3, 2));
    assert_eq!(found.removed, [(1, 3, 3, "age".to_owned())]);
    log.complete(vec![(4, judged(Action::Allow))], later()).await.unwrap();
    assert_eq!(super::samples::sequences(log.append(vec![allowed()], later()).await.unwrap()), [6]);
    whole(dir.path());
    log.close().await;
    // A record that is lost behind it is a loss.
    sql(dir.path(), "DELETE FROM record WHERE seq = 4");
    assert_eq!(verify(dir.path(), None).unwrap().problems, [Problem::Missing(4..=4)]);
}

#[tokio::test]
async fn a_clock_that_was_ahead_does_not_keep_the_log_for_ever() {
    let dir = folder();
    made(dir.path()).await;
    sql(
        dir.path(),
        "UPDATE record SET time = time + 400 * 24 * 3600000000 WHERE seq < 3;
         UPDATE record SET time = time - 8 * 24 * 3600000000 WHERE seq = 3",
    );
    let log = keep(dir.path(), Retention { keep: Some(WEEK), ..Retention::default() });
    begins_with(&log, 4).await;
    assert_eq!(whole(dir.path()).removed, [(1, 3, 3, "age".to_owned())]);
    log.close().await;
}

#[tokio::test]
async fn what_waits_for_analysis_or_for_a_sink_stays() {
    let dir = folder();
    made(dir.path()).await;
    sql(dir.path(), "UPDATE record SET time = time - 8 * 24 * 3600000000");
    let sink = std::sync::Arc::<str>::from("kafka");
    let by_age = Retention { keep: Some(WEEK), sinks: vec![sink.clone()], ..Retention::default() };
    let log = Log::open(dir.path()).unwrap();
    // Of which nothing was heard since, and which is served no more.
    let old = DeliveryChange::Register { sink: "old".into(), begin: Begin::Oldest };
    log.deliver(old, later()).await.unwrap();
    log.deliver(DeliveryChange::Register { sink: sink.clone(), begin: Begin::Oldest }, later()).await.unwrap();
    log.deliver(DeliveryChange::Progress { sink, cursor: 2, set: Vec::new(), cleared: Vec::new() }, later())
        .await
        .unwrap();
    log.close().await;
    let log = keep(dir.path(), by_age.clone());
    begins_with(&log, 3).await;
    log.close().await;
    let log = keep(dir.path(), Retention { undelivered: true, ..by_age.clone() });
    begins_with(&log, 4).await;
    log.close().await;
    let log = Log::open(dir.path()).unwrap();
    log.complete(vec![(4, judged(Action::Allow))], later()).await.unwrap();
    log.close().await;
    let log = keep(dir.path(), Retention { undelivered: true, ..by_age });
    begins_with(&log, 0).await;
    let found = whole(dir.path());
    assert_eq!((found.records, found.removed_to), (0, 5));
    assert_eq!(super::samples::sequences(log.append(vec![allowed()], later()).await.unwrap()), [6]);
    log.close().await;
    whole(dir.path());
}

#[tokio::test]
async fn a_dead_letter_goes_with_its_record() {
    let dir = folder();
    made(dir.path()).await;
    sql(
        dir.path(),
        "UPDATE record SET time = time - 8 * 24 * 3600000000 WHERE seq < 4;
         INSERT INTO sink VALUES ('kafka', 5), ('old', 5);
         INSERT INTO undelivered VALUES ('kafka', 1, 1, 0, 1, 0), ('kafka', 2, 2, 0, 1, 0), ('kafka', 4, 1, 0, 1, 0),
             ('kafka', 5, 1, 0, 1, 0), ('old', 2, 1, 0, 1, 0), ('old', 3, 0, 0, 1, 0)",
    );
    let left = || -> String {
        let all = "SELECT group_concat(sink || ' ' || seq || ' ' || state, ', ')
            FROM (SELECT sink, seq, state FROM undelivered ORDER BY sink, seq)";
        Connection::open(dir.path().join("portcullis.db")).unwrap().query_row(all, [], |row| row.get(0)).unwrap()
    };
    let by_age = Retention { keep: Some(WEEK), ..Retention::default() };
    let log = keep(dir.path(), by_age.clone());
    begins_with(&log, 4).await;
    assert_eq!(left(), "kafka 2 2, kafka 4 1, kafka 5 1, old 3 0", "a sink is still to be told what it waits for");
    log.complete(vec![(4, judged(Action::Allow))], later()).await.unwrap();
    log.close().await;
    // They were told, or an earlier version left them.
    sql(
        dir.path(),
        "UPDATE record SET time = time - 8 * 24 * 3600000000 WHERE seq = 4; UPDATE undelivered SET state = 1",
    );
    let log = keep(dir.path(), by_age);
    begins_with(&log, 5).await;
    assert_eq!(left(), "kafka 5 1");
    log.close().await;
}

#[tokio::test]
async fn a_log_keeps_its_size_by_letting_the_oldest_go() {
    let dir = folder();
    let large = || NewRecord { payloads: Payloads::Request(Payload::Json(vec![b' '; 100_000].into())), ..allowed() };
    let log = keep(dir.path(), Retention { bytes: Some(2 << 20), ..Retention::default() });
    let mut most = 0;
    let connection = Connection::open(log.path()).unwrap();
    let pages = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    for round in 1..=20 {
        log.append((0..10).map(|_| large()).collect(), later()).await.unwrap();
        // 1 MB a round, and two of them are kept.
        while (pages("page_count") - pages("freelist_count")) * 8192 > 2 << 20 {
            log.append(vec![allowed()], later()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if round == 5 {
            most = pages("page_count");
        }
    }
    assert!(pages("page_count") <= most + 64, "{most} pages, then {}: free pages are used again", pages("page_count"));
    let found = whole(dir.path());
    assert!(found.removed_to > 100, "{found:?}");
    assert!(found.removed.len() == 1 && found.removed[0].3 == "size", "{:?}", found.removed);
    let commits = found.commits;
    assert!(commits <= found.records + 30, "what speaks of removed records alone goes with them: {commits}");
    log.close().await;
    whole(dir.path());
}

/// Callers choose how many there are and how long they are.
#[tokio::test]
async fn names_that_were_counted_go_before_any_record() {
    let dir = folder();
    made(dir.path()).await;
    sql(
        dir.path(),
        "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 20000)
         INSERT INTO aggregate SELECT 60 + 3540 * (n % 2), 4 + n % 4, n / 200 * 3600, printf('%0128d', n), 1, 0, 0 FROM number",
    );
    let names = || -> i64 {
        let old = "SELECT count(*) FROM aggregate WHERE start < 1000000";
        Connection::open(dir.path().join("portcullis.db")).unwrap().query_row(old, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(names(), 20_000);
    let log = keep(dir.path(), Retention { bytes: Some(2 << 20), ..Retention::default() });
    let connection = Connection::open(log.path()).unwrap();
    let pages = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    while (pages("page_count") - pages("freelist_count")) * 8192 > 2 << 20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(names() < 20_000);
    let found = whole(dir.path());
    assert_eq!((found.records, found.removed_to), (5, 0), "no record had to go");
    log.close().await;
}

/// A file that may not outgrow what is kept would never let a record go, and be full for good.
#[tokio::test]
async fn a_log_with_a_bound_goes_on_for_ever_beside_what_it_keeps() {
    const KEEP: u64 = 2 << 20;
    let dir = folder();
    let commit = CommitBounds { bytes: 1 << 20, ..CommitBounds::default() };
    let retention = Retention { bytes: Some(KEEP), ..Retention::default() };
    let max_bytes = Some(Retention::least_file(KEEP, commit));
    let settings = LogSettings { max_bytes, commit, retention, ..LogSettings::default() };
    let log = Log::open_with(dir.path(), &settings).unwrap();
    let large = || NewRecord { payloads: Payloads::Request(Payload::Json(vec![b' '; 100_000].into())), ..allowed() };
    let (mut recorded, mut refused) = (0, 0);
    while recorded < 80 {
        match log.append(vec![large()], later()).await {
            Ok(_) => recorded += 1,
            // Records came faster than they go, which passes.
            Err(error) => {
                assert_eq!(error, LogError::Storage(StorageFault::Quota));
                refused += 1;
                assert!(refused < 1000, "{recorded} were recorded, and nothing makes room for more");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
    log.close().await;
    assert!(whole(dir.path()).removed_to > 0);
}
