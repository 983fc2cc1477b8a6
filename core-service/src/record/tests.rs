use std::{path::Path, time::Duration};

use bytes::Bytes;
use rusqlite::Connection;
use tokio::time::Instant;

use crate::{
    domain::{
        decision::{Action, Decision},
        exchange::{CallContext, Payload, Payloads},
    },
    events::EventStore,
};

use super::{
    HealthStatus, Log, LogError, RecordedOutcome, SchemaProblem, StorageFault,
    samples::{allowed, folder, judged, later, pending, record, sequences, violation},
};

fn rows(log: &Log) -> i64 {
    Connection::open(log.path()).unwrap().query_row("SELECT count(*) FROM record", [], |row| row.get(0)).unwrap()
}

fn sql(log: &Log, text: &str) {
    Connection::open(log.path()).unwrap().execute_batch(text).unwrap();
}

#[tokio::test]
async fn what_was_appended_comes_back_in_every_field() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let mut not_a_number = judged(Action::Alert);
    not_a_number.decision = Decision::fold(vec![violation("tokens", Action::Alert)]);
    let records = vec![
        record(RecordedOutcome::Judged(judged(Action::Block))),
        record(RecordedOutcome::Analysed(judged(Action::Allow))),
        record(RecordedOutcome::Judged(not_a_number)),
        pending(),
        super::NewRecord {
            context: CallContext::default(),
            policies: Vec::new(),
            payloads: Payloads::Request(Payload::Text(String::new())),
            ..allowed()
        },
        super::NewRecord { payloads: Payloads::Response(Payload::Json(Bytes::new())), ..pending() },
    ];
    let sequences = sequences(log.append(records.clone(), later()).await.unwrap());
    assert_eq!(sequences, [1, 2, 3, 4, 5, 6]);
    let store = EventStore::new(&log);
    for (sequence, record) in sequences.iter().zip(&records) {
        let stored = store.get(&format!("{}-{sequence}", log.node())).await.unwrap().unwrap();
        let event = stored.event;
        assert_eq!(event.sequence, *sequence);
        assert_eq!((event.kind, event.request_id), (record.kind, record.request_id));
        assert_eq!((event.sync, event.direction, event.status), (record.sync, record.direction, record.status));
        assert_eq!((event.outcome, event.enforced), (record.outcome.clone().without_durations(), record.enforced));
        let durations = record.outcome.judged().map(|judged| judged.durations.clone()).unwrap_or_default();
        assert_eq!(stored.durations, durations);
        let context = &record.context;
        assert_eq!((&event.source, &event.user, &event.team), (&context.source, &context.user, &context.team));
        assert_eq!((&event.model, &event.client_ip), (&context.model, &context.client_ip));
        assert_eq!((&event.principal, event.session.as_str()), (&context.principal, context.session()));
        assert_eq!(event.late, record.late);
        assert_eq!(stored.request.as_ref(), record.payloads.request());
        assert_eq!(stored.response.as_ref(), record.payloads.response());
        assert_eq!(stored.envelope, context.envelope);
    }
    for (found, record) in log.pending(0, 10).await.unwrap().iter().zip([&records[3], &records[5]]) {
        assert_eq!(found.context, CallContext { envelope: Bytes::new(), ..record.context.clone() });
        assert_eq!((found.request_id, &found.policies), (record.request_id, &record.policies));
        assert_eq!(found.payloads.as_ref(), Ok(&record.payloads));
    }
    log.close().await;
}

/// JSON has no number for it, and a list must not break over one of its events.
#[tokio::test]
async fn a_score_that_is_not_a_number_is_read_as_none() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let mut judged = judged(Action::Block);
    judged.decision.violations[0].score = f32::NAN;
    log.append(vec![record(RecordedOutcome::Judged(judged))], later()).await.unwrap();
    let page = EventStore::new(&log).list(crate::events::EventFilter::default(), 0, "").await.unwrap();
    let judged = page.events[0].outcome.judged().unwrap();
    assert_eq!(judged.decision.violations[0].score.to_bits(), 0.0_f32.to_bits());
    log.close().await;
}

#[tokio::test]
async fn an_answer_comes_after_the_commit() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    for count in 1..=20 {
        log.append(vec![allowed()], later()).await.unwrap();
        assert_eq!(rows(&log), count);
    }
    log.append_behind(allowed(), later()).await.unwrap();
    log.flush().await.unwrap();
    assert_eq!(rows(&log), 21);
    assert!(log.append(Vec::new(), later()).await.unwrap().is_empty());
    log.close().await;
}

#[tokio::test]
async fn a_record_written_behind_gets_to_disk_by_itself() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let mut watch = EventStore::new(&log).watch();
    log.append_behind(allowed(), later()).await.unwrap();
    // Announced once committed, and nobody asked for it.
    assert_eq!(watch.recv().await.unwrap().sequence, 1);
    assert_eq!(rows(&log), 1);
    log.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_appenders_get_sequences_of_their_own() {
    let dir = folder();
    let log = std::sync::Arc::new(Log::open(dir.path()).unwrap());
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let log = std::sync::Arc::clone(&log);
            tokio::spawn(
                async move { sequences(log.append(vec![allowed(), pending(), allowed()], later()).await.unwrap()) },
            )
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        let mine = task.await.unwrap();
        assert!(mine.windows(2).all(|pair| pair[0] + 1 == pair[1]), "one append is in one piece");
        all.extend(mine);
    }
    all.sort_unstable();
    assert_eq!(all, (1..=96).collect::<Vec<u64>>());
    log.close().await;
}

/// Holds the file's write lock from outside, so that the writer cannot commit.
fn hold(log: &Log) -> Connection {
    let holder = Connection::open(log.path()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    holder
}

#[tokio::test]
async fn a_full_queue_refuses_at_the_deadline_and_takes_again_afterwards() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let holder = hold(&log);
    // Larger than the bound in bytes: it takes all of it.
    let large = Payloads::Request(Payload::Json(vec![b' '; 65 << 20].into()));
    log.append_behind(super::NewRecord { payloads: large, ..allowed() }, later()).await.unwrap();
    assert_eq!(log.append_behind(allowed(), Instant::now()).await, Err(LogError::Full));
    let soon = Instant::now() + Duration::from_millis(20);
    assert_eq!(log.append(vec![allowed()], soon).await, Err(LogError::Full));
    drop(holder);
    log.append(vec![allowed()], later()).await.unwrap();
    assert_eq!(rows(&log), 2);

    let holder = hold(&log);
    for _ in 0..4096 {
        log.append_behind(allowed(), later()).await.unwrap();
    }
    assert_eq!(log.append_behind(allowed(), Instant::now()).await, Err(LogError::Full));
    drop(holder);
    log.flush().await.unwrap();
    assert_eq!(rows(&log), 2 + 4096);
    assert_eq!(log.health().lost, 0);
    log.close().await;
}

#[tokio::test]
async fn a_failed_transaction_is_told_counted_and_gone_over() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    sql(&log, "CREATE TRIGGER no BEFORE INSERT ON record BEGIN SELECT raise(ABORT, 'private'); END");
    log.append_behind(allowed(), later()).await.unwrap();
    log.append_behind(allowed(), later()).await.unwrap();
    let _ = log.flush().await;
    assert_eq!(log.health().lost, 2);
    assert!(matches!(log.health().status, HealthStatus::Failing(_)));
    let failed = log.append(vec![allowed()], later()).await.unwrap_err();
    assert!(matches!(failed, LogError::Storage(StorageFault::Other(_))), "{failed:?}");
    assert!(!format!("{failed} {failed:?}").contains("private"));
    assert_eq!(log.append_behind(allowed(), later()).await, Err(failed), "it is not answered what cannot be kept");
    assert_eq!(log.health().lost, 2);
    sql(&log, "DROP TRIGGER no");
    // The receipt's number was given in a transaction that was undone. The first record tells of the gap.
    assert_eq!(sequences(log.append(vec![allowed()], later()).await.unwrap()), [2]);
    assert_eq!(log.health().status, HealthStatus::Ok);
    let store = EventStore::new(&log);
    store.get(&format!("{}-2", log.node())).await.unwrap().unwrap();
    let gap = store.get(&format!("{}-1", log.node())).await.unwrap().unwrap();
    assert_eq!(gap.event.kind, super::RecordKind::Log);
    let Some(Payload::Json(told)) = gap.request else { panic!("{:?}", gap.request) };
    assert!(String::from_utf8_lossy(&told).contains("\"records\":2"), "{told:?}");
    log.close().await;
}

#[tokio::test]
async fn health_comes_back_without_traffic() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    sql(&log, "CREATE TRIGGER no BEFORE INSERT ON record BEGIN SELECT raise(ABORT, ''); END");
    log.append(vec![allowed()], later()).await.unwrap_err();
    let mut status = log.health.status.clone();
    status.wait_for(|status| *status == HealthStatus::Ok).await.unwrap();
    log.close().await;
}

#[tokio::test]
async fn pending_records_survive_and_are_completed_once() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let notify = log.pending_notify();
    log.append(vec![pending(), allowed(), pending()], later()).await.unwrap();
    notify.notified().await;
    let node = log.node().to_owned();
    log.close().await;

    let log = Log::open(dir.path()).unwrap();
    assert_eq!(log.node(), node);
    let waiting = |found: Vec<super::PendingRecord>| found.iter().map(|one| one.sequence).collect::<Vec<_>>();
    assert_eq!(waiting(log.pending(0, 10).await.unwrap()), [1, 3]);
    assert_eq!(waiting(log.pending(0, 1).await.unwrap()), [1]);
    assert_eq!(log.pending(0, 0).await.unwrap(), []);
    log.complete(vec![(1, judged(Action::Block)), (2, judged(Action::Block)), (99, judged(Action::Mask))], later())
        .await
        .unwrap();
    log.complete(vec![(1, judged(Action::Allow))], later()).await.unwrap();
    assert_eq!(waiting(log.pending(0, 10).await.unwrap()), [3]);
    let store = EventStore::new(&log);
    let first = store.get(&format!("{node}-1")).await.unwrap().unwrap();
    assert_eq!(first.event.outcome, RecordedOutcome::Analysed(judged(Action::Block)).without_durations());
    assert_eq!(first.durations, judged(Action::Block).durations);
    assert_eq!(first.request, pending().payloads.request().cloned());
    let second = store.get(&format!("{node}-2")).await.unwrap().unwrap();
    assert_eq!(second.event.outcome, RecordedOutcome::Judged(judged(Action::Allow)).without_durations());
    log.close().await;
}

#[tokio::test]
async fn pending_takes_a_bounded_share_of_memory_and_never_none() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let large =
        || super::NewRecord { payloads: Payloads::Request(Payload::Json(vec![b' '; 9 << 20].into())), ..pending() };
    log.append(vec![large(), large(), large()], later()).await.unwrap();
    assert_eq!(log.pending(0, 10).await.unwrap().len(), 2);
    log.close().await;
}

#[tokio::test]
async fn closing_writes_what_is_queued_and_refuses_the_rest() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    for _ in 0..100 {
        log.append_behind(allowed(), later()).await.unwrap();
    }
    log.close().await;
    assert_eq!(log.append(vec![allowed()], later()).await, Err(LogError::Closed));
    assert_eq!(log.append_behind(allowed(), later()).await, Err(LogError::Closed));
    assert_eq!(log.complete(vec![(1, judged(Action::Allow))], later()).await, Err(LogError::Closed));
    assert_eq!(log.flush().await, Err(LogError::Closed));
    assert_eq!(log.health().status, HealthStatus::Closed);
    log.close().await;
    assert_eq!(rows(&log), 100);
    let again = Log::open(dir.path()).unwrap();
    assert_eq!(sequences(again.append(vec![allowed()], later()).await.unwrap()), [101]);
    again.close().await;
}

#[tokio::test]
async fn a_sequence_is_never_given_twice() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    log.append(vec![allowed(), allowed()], later()).await.unwrap();
    sql(&log, "DELETE FROM record");
    assert_eq!(sequences(log.append(vec![allowed()], later()).await.unwrap()), [3]);
    log.close().await;
}

#[tokio::test]
async fn a_folder_has_one_writer() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let refused = Log::open(dir.path()).unwrap_err();
    assert_eq!(refused, LogError::InUse { path: dir.path().to_path_buf() });
    log.close().await;
    Log::open(dir.path()).unwrap().close().await;
}

fn problem(dir: &Path) -> SchemaProblem {
    match Log::open(dir).unwrap_err() {
        LogError::Schema { problem, .. } => problem,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_refused_and_left_alone() {
    let dir = folder();
    let file = dir.path().join("portcullis.db");
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let theirs = std::fs::read(&file).unwrap();
    assert_eq!(problem(dir.path()), SchemaProblem::Foreign);
    assert_eq!(std::fs::read(&file).unwrap(), theirs);

    std::fs::remove_file(&file).unwrap();
    let log = Log::open(dir.path()).unwrap();
    sql(&log, "PRAGMA user_version = 99");
    log.close().await;
    assert!(matches!(problem(dir.path()), SchemaProblem::Newer { found: 99, .. }));
}

#[tokio::test]
async fn a_damaged_row_is_an_error_without_its_content() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    log.append(vec![record(RecordedOutcome::Judged(judged(Action::Block)))], later()).await.unwrap();
    sql(&log, "UPDATE record SET violations = '[\"private\"'");
    let error = EventStore::new(&log).get(&format!("{}-1", log.node())).await.unwrap_err();
    assert_eq!(error, LogError::Storage(StorageFault::Corrupt).into());
    assert!(!format!("{error} {error:?}").contains("private"));
    log.close().await;
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_what_is_made() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = folder();
    let data = dir.path().join("a").join("data");
    let log = Log::open(&data).unwrap();
    log.append(vec![allowed()], later()).await.unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let files: Vec<_> = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 3, "{files:?}");
    assert!(files.iter().all(|file| mode(file) == 0o600), "{files:?}");
    log.close().await;
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_an_error() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = folder();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o500)).unwrap();
    if std::fs::write(dir.path().join("probe"), "").is_ok() {
        return; // Root may write anywhere.
    }
    assert!(matches!(Log::open(dir.path()), Err(LogError::Io { .. })));
}

#[test]
fn a_folder_that_is_a_file_is_an_error() {
    let dir = folder();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(Log::open(&file), Err(LogError::Io { .. })));
}

#[tokio::test]
async fn a_key_is_recorded_once_for_each_principal_and_survives() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let keyed = |principal, key| super::NewRecord {
        idempotency: Some(super::IdempotencyKey::named(principal, key)),
        ..pending()
    };
    let mut watch = EventStore::new(&log).watch();
    let first = keyed("ann", "k");
    let first_id = first.request_id;
    let batch = vec![first, keyed("ann", "k"), keyed("bob", "k"), keyed("an", "nk"), pending(), pending()];
    let appended = log.append(batch, later()).await.unwrap();
    let duplicate = super::Appended { sequence: 1, duplicate_of: Some(first_id) };
    assert_eq!(appended[1], duplicate);
    assert_eq!(appended.iter().map(|one| one.sequence).collect::<Vec<_>>(), [1, 1, 2, 3, 4, 5]);
    log.close().await;

    let log = Log::open(dir.path()).unwrap();
    assert_eq!(log.append(vec![keyed("ann", "k")], later()).await.unwrap(), [duplicate]);
    log.append_behind(keyed("ann", "k"), later()).await.unwrap();
    log.flush().await.unwrap();
    assert_eq!(rows(&log), 5);
    for sequence in 1..=5 {
        assert_eq!(watch.recv().await.unwrap().sequence, sequence, "what was not recorded is not announced");
    }
    // A record that is gone takes its key with it.
    sql(&log, "DELETE FROM record WHERE seq = 1");
    assert_eq!(sequences(log.append(vec![keyed("ann", "k")], later()).await.unwrap()), [6]);
    log.close().await;
}

#[tokio::test]
async fn a_failed_transaction_takes_its_keys_with_it() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let keyed = || super::NewRecord { idempotency: Some(super::IdempotencyKey::named("", "k")), ..allowed() };
    sql(&log, "CREATE TRIGGER no BEFORE INSERT ON record WHEN new.status = 500 BEGIN SELECT raise(ABORT, ''); END");
    let batch = vec![keyed(), super::NewRecord { status: 500, ..allowed() }];
    log.append(batch, later()).await.unwrap_err();
    assert_eq!(sequences(log.append(vec![keyed()], later()).await.unwrap()), [1]);
    log.close().await;
}

#[tokio::test]
async fn a_log_of_the_first_format_is_taken_over_whole() {
    let dir = folder();
    let file = dir.path().join("portcullis.db");
    super::schema::first_format(&file);
    let log = Log::open(dir.path()).unwrap();
    let page = EventStore::new(&log).list(crate::events::EventFilter::default(), 0, "").await.unwrap();
    let seen: Vec<_> = page.events.iter().map(|event| (event.sequence, event.status, event.user.as_str())).collect();
    assert_eq!(seen, [(4, 200, "ann"), (2, 400, "ann")]);
    let judged = page.events[1].outcome.judged().unwrap();
    assert_eq!((judged.coverage.segments_total, judged.coverage.segments_unchanged), (7, 0));
    assert!(page.events.iter().all(|event| !event.late && event.session.is_empty()));
    assert_eq!(log.pending(0, 10).await.unwrap().len(), 1);
    assert_eq!(sequences(log.append(vec![pending()], later()).await.unwrap()), [10], "9 was given before");
    log.close().await;
}

/// What `Ok` promises: without these a power cut takes what was answered. Of the connection that the writer gets.
#[test]
fn the_writer_syncs_each_commit() {
    let dir = folder();
    for _ in ["a new file", "one that is there"] {
        let opened = super::schema::open(dir.path(), &super::LogSettings::default(), super::schema::Opening::Service);
        let opened = opened.unwrap();
        let pragma = |name: &str| opened.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        // 2 is FULL.
        assert_eq!(pragma("synchronous"), 2);
        let mode: String = opened.connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
    }
}

/// One of the steps writes all records anew, for which a file near its bound has no room.
#[tokio::test]
async fn a_file_near_its_bound_is_brought_up_to_date_all_the_same() {
    let dir = folder();
    let file = dir.path().join("portcullis.db");
    super::schema::first_format(&file);
    let large = "UPDATE record SET request = hex(zeroblob(700000)) WHERE seq = 2";
    Connection::open(&file).unwrap().execute_batch(large).unwrap();
    let settings = super::LogSettings { max_bytes: Some(2 << 20), ..super::LogSettings::default() };
    let log = Log::open_with(dir.path(), &settings).unwrap();
    assert_eq!(rows(&log), 2);
    log.close().await;
}

/// It takes as long as to check.
#[tokio::test]
async fn what_is_large_is_masked_off_the_runtimes_threads() {
    let (dir, here) = (folder(), std::thread::current().id());
    let seen = std::sync::Arc::<std::sync::Mutex<Vec<bool>>>::default();
    let told = std::sync::Arc::clone(&seen);
    let masking = super::Masking::new(move |payloads| {
        told.lock().unwrap().push(std::thread::current().id() == here);
        Some(payloads.clone())
    });
    let settings = super::LogSettings {
        payloads: super::KeepPayloads::Masked,
        masking: Some(masking),
        ..super::LogSettings::default()
    };
    let log = Log::open_with(dir.path(), &settings).unwrap();
    let of =
        |bytes: usize| super::NewRecord { payloads: Payloads::Request(Payload::Text("a".repeat(bytes))), ..allowed() };
    log.append(vec![of(100)], later()).await.unwrap();
    log.append(vec![of(1 << 20)], later()).await.unwrap();
    log.append_behind(of(1 << 20), later()).await.unwrap();
    log.flush().await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [true, false, false]);
    assert_eq!(rows(&log), 3);
    log.close().await;
}
