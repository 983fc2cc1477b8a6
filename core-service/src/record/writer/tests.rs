//! A disk that takes a part of what comes, and a process that ends before the disk takes anything.

use std::{fs, sync::Arc};

use jiff::Timestamp;
use rusqlite::Connection;

use super::kept::{BLOCK, FILE};
use crate::{
    domain::{
        decision::{Action, Decision},
        exchange::{Payload, Payloads},
    },
    record::{
        Begin, DeliveryChange, HealthStatus, Judged, Log, LogError, LogSettings, NewRecord, OnFull, Retention,
        StorageFault, Undelivered, UndeliveredState,
        full_tests::{incidents, small},
        samples::{allowed, folder, judged, later, pending, sequences, violation},
        verify::verify,
    },
    telemetry::DeliveryFailure,
};

/// That has no room in it.
fn huge() -> NewRecord {
    NewRecord { payloads: Payloads::Request(Payload::Json(vec![b' '; 4 << 20].into())), ..allowed() }
}

/// Holds the file's write lock from outside, so that the writer cannot commit.
fn hold(log: &Log) -> Connection {
    let holder = Connection::open(log.path()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    holder
}

/// Lets go of it once so many records are queued: they share a commit, but for some of the first.
async fn release(log: &Log, holder: Connection, queued: usize) {
    while log.queued() < queued {
        tokio::task::yield_now().await;
    }
    drop(holder);
}

fn register() -> DeliveryChange {
    DeliveryChange::Register { sink: "sink".into(), begin: Begin::Oldest }
}

fn is_full(error: &LogError) -> bool {
    matches!(error, LogError::Storage(StorageFault::DiskFull | StorageFault::Quota))
}

#[tokio::test]
async fn a_record_that_does_not_fit_undoes_nothing_but_itself() {
    for on_full in [OnFull::Refuse, OnFull::Shed] {
        let dir = folder();
        let log = small(dir.path(), on_full);
        let holder = hold(&log);
        let (behind, before, large, cursor, after, ()) = tokio::join!(
            log.append_behind(allowed(), later()),
            log.append(vec![allowed()], later()),
            log.append(vec![huge()], later()),
            log.deliver(register(), later()),
            log.append(vec![allowed(), allowed()], later()),
            release(&log, holder, 6),
        );
        behind.unwrap();
        cursor.unwrap();
        let given = [sequences(before.unwrap()), sequences(after.unwrap())].concat();
        assert!(given.len() == 3 && given.is_sorted(), "the order is that of the queue: {given:?}");
        let sheds = on_full == OnFull::Shed;
        match large {
            Ok(appended) => assert!(sheds && appended.len() == 1 && appended[0].is_shed()),
            Err(error) => assert!(!sheds && is_full(&error), "{error:?}"),
        }
        // Told at once: nothing else would come.
        let found = incidents(&log).await;
        assert_eq!(found.len(), usize::from(sheds), "{found:?}");
        for (_, gap) in &found {
            assert_eq!((gap["records"].as_u64(), gap["at_least"].as_bool()), (Some(1), Some(false)));
        }
        let health = log.health();
        assert_eq!((health.status, health.lost, health.shed), (HealthStatus::Ok, 0, u64::from(sheds)));
        log.close().await;
        let verified = verify(dir.path(), None).unwrap();
        assert_eq!(verified.problems, []);
        assert_eq!(verified.records, 4 + u64::from(sheds));
    }
}

#[tokio::test]
async fn a_commit_of_which_nothing_fits_fails_the_log() {
    let dir = folder();
    let log = small(dir.path(), OnFull::Refuse);
    let holder = hold(&log);
    let (one, two, ()) = tokio::join!(
        log.append(vec![huge()], later()),
        log.append(vec![allowed(), huge()], later()),
        release(&log, holder, 3),
    );
    assert!(is_full(&one.unwrap_err()) && is_full(&two.unwrap_err()), "an append is on disk whole or not at all");
    assert!(matches!(log.health().status, HealthStatus::Failing(_)));
    assert_eq!(sequences(log.append(vec![allowed()], later()).await.unwrap()), [1]);
    assert_eq!(log.health().status, HealthStatus::Ok);
    log.close().await;
}

#[tokio::test]
async fn a_gap_outlives_the_process() {
    for is_killed in [false, true] {
        let dir = folder();
        let file = dir.path().join(FILE);
        let settings = LogSettings { on_full: OnFull::Shed, ..LogSettings::default() };
        let open = || Log::open_with(dir.path(), &settings).unwrap();
        let log = open();
        let database = log.path().to_path_buf();
        let sql = |text: &str| Connection::open(&database).unwrap().execute_batch(text).unwrap();
        sql("CREATE TRIGGER no BEFORE INSERT ON record BEGIN SELECT raise(ABORT, ''); END");
        for _ in 0..3 {
            assert!(log.append(vec![allowed()], later()).await.unwrap()[0].is_shed());
        }
        let when_killed = fs::read(&file).unwrap();
        assert_ne!(when_killed, [0; BLOCK], "kept before the first of them was answered");
        log.close().await;
        if is_killed {
            fs::write(&file, when_killed).unwrap();
        }
        // Still no room: the gap goes on.
        let log = open();
        assert!(log.append(vec![allowed()], later()).await.unwrap()[0].is_shed());
        log.close().await;
        sql("DROP TRIGGER no");
        let before = fs::read(&file).unwrap();
        let log = Log::open_for_command(dir.path()).unwrap();
        log.deliver(register(), later()).await.unwrap();
        log.close().await;
        assert!(fs::read(&file).unwrap() == before, "it is not a command's to tell");

        let log = open();
        let found = incidents(&log).await;
        let [(1, gap)] = &found[..] else { panic!("{found:?}") };
        assert_eq!((&gap["incident"], &gap["at_least"]), (&"gap".into(), &is_killed.into()));
        let records = gap["records"].as_u64().unwrap();
        assert!(if is_killed { (2..=4).contains(&records) } else { records == 4 }, "{records}");
        assert_eq!(gap["fault"], "storage error 1811");
        assert!(gap["from"].as_str() < gap["until"].as_str());
        assert_eq!(fs::read(&file).unwrap(), [0; BLOCK]);
        assert_eq!(sequences(log.append(vec![allowed()], later()).await.unwrap()), [2]);
        log.close().await;
        let log = open();
        assert_eq!(incidents(&log).await.len(), 1, "once");
        log.close().await;
    }
}

#[tokio::test]
async fn a_log_goes_on_where_no_gap_can_be_kept() {
    let dir = folder();
    fs::create_dir(dir.path().join(FILE)).unwrap();
    let log = Log::open(dir.path()).unwrap();
    assert_eq!(sequences(log.append(vec![allowed()], later()).await.unwrap()), [1]);
    assert_eq!(log.health().status, HealthStatus::Ok);
    log.close().await;
}

/// Until not even a small record fits; the last that did.
async fn fill(log: &Log) -> u64 {
    let large = || NewRecord { payloads: Payloads::Request(Payload::Json(vec![b' '; 128 << 10].into())), ..allowed() };
    let mut last = 0;
    for make in [large as fn() -> NewRecord, allowed] {
        loop {
            match log.append(vec![make()], later()).await {
                Ok(given) if given[0].is_shed() => break,
                Ok(given) => last = given[0].sequence,
                Err(error) => {
                    assert_eq!(error, LogError::Storage(StorageFault::Quota));
                    break;
                }
            }
        }
    }
    last
}

/// Cursors, dead letters and verdicts need pages too, and retention waits for them.
#[tokio::test]
async fn a_full_log_whose_retention_waits_for_a_sink_and_a_verdict_comes_back() {
    for on_full in [OnFull::Refuse, OnFull::Shed] {
        let (dir, sink) = (folder(), Arc::<str>::from("sink"));
        let retention = Retention { bytes: Some(1 << 20), sinks: vec![Arc::clone(&sink)], ..Retention::default() };
        let settings = LogSettings { on_full, max_bytes: Some(2 << 20), retention, ..LogSettings::default() };
        let log = Log::open_with(dir.path(), &settings).unwrap();
        log.deliver(register(), later()).await.unwrap();
        assert_eq!(sequences(log.append(vec![pending()], later()).await.unwrap()), [1]);
        let last = fill(&log).await;
        assert_eq!(log.health().status, HealthStatus::Failing(StorageFault::Quota));
        let (state, reason, time) = (UndeliveredState::Dead, DeliveryFailure::Internal, Timestamp::now());
        // Some pages of them, as of a log that was delivered for long.
        let set = (1..=1000).map(|sequence| Undelivered { sequence, state, reason, attempts: 1, time }).collect();
        let change = DeliveryChange::Progress { sink, cursor: last, set, cleared: Vec::new() };
        assert_eq!(log.deliver(change, later()).await, Ok(last));
        log.complete(vec![(1, judged(Action::Alert))], later()).await.unwrap();
        log.health.status.clone().wait_for(|status| *status == HealthStatus::Ok).await.unwrap();
        loop {
            match log.append(vec![allowed()], later()).await {
                Ok(given) if !given[0].is_shed() => break,
                _ => tokio::task::yield_now().await,
            }
        }
        assert_eq!(incidents(&log).await.is_empty(), on_full == OnFull::Refuse, "the gap is told once records fit");
        log.close().await;
        assert_eq!(verify(dir.path(), None).unwrap().problems, []);
    }
}

#[tokio::test]
async fn verdicts_that_do_not_fit_together_are_written_as_far_as_they_fit() {
    let dir = folder();
    let log = small(dir.path(), OnFull::Refuse);
    log.append((0..32).map(|_| pending()).collect(), later()).await.unwrap();
    fill(&log).await;
    // Some 20 KB each, and 128 KiB are in reserve.
    let violations = (0..60).map(|number| violation(&format!("rule-{number}"), Action::Alert)).collect();
    let large = Judged { decision: Decision::fold(violations), ..judged(Action::Alert) };
    let results = (1..=32).map(|sequence| (sequence, large.clone())).collect();
    assert_eq!(log.complete(results, later()).await, Err(LogError::Storage(StorageFault::Quota)));
    let left = log.pending(0, 100).await.unwrap().len();
    assert!((1..32).contains(&left), "{left}");
    log.close().await;
    assert_eq!(verify(dir.path(), None).unwrap().problems, []);
}
