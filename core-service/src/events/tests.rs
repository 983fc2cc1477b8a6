use std::{sync::Arc, time::Duration};

use tokio::sync::broadcast::error::RecvError;

use crate::{
    domain::decision::Action,
    record::{
        Analysis, Log, NewRecord, RecordedOutcome,
        samples::{allowed, folder, judged, later, pending, record},
    },
};

use super::{
    EventError, EventFilter, EventStore,
    conformance::{self, sequences},
};

#[tokio::test]
async fn one_call_looks_through_so_much_and_the_next_goes_on() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let store = EventStore::new(&log);
    log.append(vec![allowed()], later()).await.unwrap();
    // As after a long time: what lies between was taken away.
    let raise = "UPDATE sqlite_sequence SET seq = 50000000 WHERE name = 'record'";
    rusqlite::Connection::open(log.path()).unwrap().execute_batch(raise).unwrap();
    log.append(vec![allowed()], later()).await.unwrap();
    let ann = EventFilter { user: Some("ann@example.com".to_owned()), ..EventFilter::default() };
    let first = store.list(ann.clone(), 10, "").await.unwrap();
    assert_eq!(first.events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [50_000_001]);
    assert!(first.next.is_some());
    assert_eq!(sequences(&store, &ann, 10).await, [50_000_001, 1]);
    let unindexed = EventFilter { team: Some("blue".to_owned()), ..EventFilter::default() };
    assert_eq!(sequences(&store, &unindexed, 10).await, [50_000_001, 1]);
    log.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paging_meets_every_event_once_while_others_are_appended() {
    let dir = folder();
    let log = Arc::new(Log::open(dir.path()).unwrap());
    let store = EventStore::new(&log);
    log.append((0..300).map(|_| allowed()).collect(), later()).await.unwrap();
    let appending = tokio::spawn({
        let log = Arc::clone(&log);
        async move {
            for _ in 0..50 {
                log.append(vec![allowed(), pending()], later()).await.unwrap();
            }
        }
    });
    for filter in [
        EventFilter::default(),
        EventFilter { user: Some("ann@example.com".to_owned()), ..EventFilter::default() },
        EventFilter { action: Some(Action::Allow), ..EventFilter::default() },
    ] {
        let found = sequences(&store, &filter, 17).await;
        assert!(found.windows(2).all(|pair| pair[0] > pair[1]));
        let old: Vec<u64> = found.into_iter().filter(|&sequence| sequence <= 300).collect();
        assert_eq!(old, (1..=300).rev().collect::<Vec<u64>>());
    }
    appending.await.unwrap();
    assert_eq!(sequences(&store, &EventFilter::default(), 1000).await.len(), 400);
    log.close().await;
}

#[tokio::test]
async fn cursors_are_sequences() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let store = EventStore::new(&log);
    log.append(vec![allowed()], later()).await.unwrap();
    for cursor in ["0", "01", "+1", "-1", " 1", "1 ", "x", "\u{661}", "9223372036854775808", "1' OR '1'='1", "1.0"] {
        let refused = store.list(EventFilter::default(), 1, cursor).await;
        assert_eq!(refused, Err(EventError::InvalidCursor), "{cursor:?}");
    }
    let page = store.list(EventFilter::default(), 1, "9223372036854775807").await.unwrap();
    assert_eq!(page.events.len(), 1);
    log.close().await;
}

#[tokio::test]
async fn a_watcher_sees_new_and_changed_events_as_a_reader_would() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let store = EventStore::new(&log);
    let mut watch = store.watch();
    log.append(vec![pending(), allowed()], later()).await.unwrap();
    for sequence in [1, 2] {
        let event = watch.recv().await.unwrap();
        assert_eq!(event.sequence, sequence);
        assert_eq!(*event, store.get(&event.id()).await.unwrap().unwrap().event);
    }
    log.complete(vec![(1, judged(Action::Block)), (2, judged(Action::Block))], later()).await.unwrap();
    let changed = watch.recv().await.unwrap();
    assert_eq!((changed.sequence, changed.outcome.analysis()), (1, Analysis::Done));
    assert_eq!(*changed, store.get(&changed.id()).await.unwrap().unwrap().event);
    log.close().await;
    assert_eq!(watch.recv().await, Err(RecvError::Closed));
    assert_eq!(store.watch().recv().await, Err(RecvError::Closed));
    // What is on disk can still be read.
    assert_eq!(sequences(&store, &EventFilter::default(), 10).await, [2, 1]);
}

#[tokio::test]
async fn a_slow_watcher_is_told_what_he_missed() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let mut watch = EventStore::new(&log).watch();
    for _ in 0..5 {
        log.append((0..1000).map(|_| allowed()).collect(), later()).await.unwrap();
    }
    log.flush().await.unwrap();
    log.close().await;
    assert!(matches!(watch.recv().await, Err(RecvError::Lagged(missed)) if missed >= 5000 - 4096));
    log.close().await;
}

#[tokio::test]
async fn what_is_long_ago_is_in_no_summary_but_waits_all_the_same() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let store = EventStore::new(&log);
    let hour = Duration::from_secs(3600);
    let monitored = NewRecord { enforced: false, ..record(RecordedOutcome::Judged(judged(Action::Block))) };
    log.append(vec![monitored, pending()], later()).await.unwrap();
    assert_eq!(store.summarize(hour, None).await.unwrap().rules.len(), 1);
    // As if it were long ago.
    let age = "UPDATE tally SET second = second - 7200; UPDATE record SET time = time - 7200000000;
        UPDATE aggregate SET start = start - 7200";
    rusqlite::Connection::open(log.path()).unwrap().execute_batch(age).unwrap();
    let summary = store.summarize(hour, None).await.unwrap();
    assert_eq!((summary.actions, summary.rules, summary.pending), (vec![], vec![], 1));
    let ever = store.summarize(Duration::MAX, None).await.unwrap();
    assert_eq!(ever.rules.len(), 1);
    log.close().await;
}

mod embedded_conforms {
    use super::*;

    struct Embedded {
        log: Log,
        store: EventStore,
        _folder: tempfile::TempDir,
    }

    impl conformance::Rig for Embedded {
        fn log(&self) -> &Log {
            &self.log
        }

        fn store(&self) -> &EventStore {
            &self.store
        }

        async fn settle(&self) {}
    }

    fn rig() -> std::future::Ready<Embedded> {
        let folder = folder();
        let log = conformance::log(folder.path());
        std::future::ready(Embedded { store: EventStore::new(&log), log, _folder: folder })
    }

    crate::event_store_conforms! { #[tokio::test] rig() }
}
