use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use crate::{
    domain::decision::{Action, Category, Decision},
    domain::exchange::{Payload, Payloads},
    domain::finding::{Detector, Severity},
    record::{
        Analysis, Log, NewRecord, Note, RecordKind, RecordedOutcome,
        samples::{allowed, folder, judged, later, pending, record, violation},
    },
};

use super::{
    ActionCount, Bucket, EventError, EventFilter, EventStore, Latency, Notes, Opinion, Reveal, Review, RuleCount,
    TopCount,
};

async fn sequences(store: &EventStore, filter: &EventFilter, limit: u32) -> Vec<u64> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = store.list(filter.clone(), limit, &after).await.unwrap();
        assert!(page.events.len() <= limit as usize);
        found.extend(page.events.iter().map(|event| event.sequence));
        match page.next {
            Some(next) => after = next,
            None => return found,
        }
    }
}

/// Records that differ in everything that can be asked for.
fn varied() -> Vec<NewRecord> {
    let actions = [Action::Allow, Action::Alert, Action::Mask, Action::Block];
    (0..120_usize)
        .map(|n| {
            let judged = judged(actions[n % 4]);
            let outcome = match n % 3 {
                0 => RecordedOutcome::Pending,
                1 => RecordedOutcome::Judged(judged),
                _ => RecordedOutcome::Analysed(judged),
            };
            let mut record = record(outcome);
            record.kind = if n % 5 == 0 { RecordKind::Decision } else { RecordKind::Exchange };
            record.context.user = ["", "ann", "bob"][n % 3 * n % 3].to_owned();
            record.context.team = ["blue", "red"][n / 2 % 2].to_owned();
            record.context.model = ["one", "two", "three"][n / 3 % 3].to_owned();
            record.context.source = ["grpc", "truefoundry"][n / 7 % 2].to_owned();
            record.request_id = Uuid::from_u128((n / 2) as u128);
            record.context.metadata = [("session_id".to_owned(), ["", "s1", "s2"][n / 5 % 3].to_owned())].into();
            record.late = n % 11 == 0;
            record
        })
        .collect()
}

#[tokio::test]
async fn lists_and_watchers_agree_on_what_a_filter_means() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let store = EventStore::new(&log);
    log.append(varied(), later()).await.unwrap();
    let all = store.list(EventFilter::default(), 1000, "").await.unwrap().events;
    assert_eq!(all.len(), 120);
    let some = EventFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let mut filters = vec![
        some(),
        EventFilter { kind: Some(RecordKind::Decision), ..some() },
        EventFilter { user: text("ann"), ..some() },
        EventFilter { user: text(""), ..some() },
        EventFilter { user: text("ann"), action: Some(Action::Block), model: text("two"), ..some() },
        EventFilter { team: text("red"), source: text("grpc"), ..some() },
        EventFilter { model: text("three' OR 1=1 --"), ..some() },
        EventFilter { request_id: Some(Uuid::from_u128(7)), ..some() },
        EventFilter { request_id: Some(Uuid::from_u128(7)), action: Some(Action::Mask), ..some() },
        EventFilter { analysis: Some(Analysis::Pending), action: Some(Action::Allow), ..some() },
        EventFilter { session: text("s1"), ..some() },
        EventFilter { session: text("s2"), user: text("ann"), late: true, ..some() },
        EventFilter { session: text(""), ..some() },
        EventFilter { late: true, ..some() },
        EventFilter { category: Some(Category::Detector(Detector::Secrets)), ..some() },
        EventFilter { category: Some(Category::Session), ..some() },
        EventFilter { rule: text("tokens"), user: text("ann"), ..some() },
        EventFilter { rule: text("tokens"), action: Some(Action::Mask), ..some() },
        EventFilter { rule: text("some_token"), ..some() },
        EventFilter { severity: Some(Severity::High), ..some() },
        EventFilter { severity: Some(Severity::Low), ..some() },
        EventFilter { since: Some(all[60].time), ..some() },
        EventFilter { until: Some(all[60].time), action: Some(Action::Block), ..some() },
        EventFilter { since: Some(all[90].time), until: Some(all[3].time), team: text("red"), ..some() },
    ];
    filters.extend(
        [Action::Allow, Action::Alert, Action::Mask, Action::Block]
            .map(|action| EventFilter { action: Some(action), ..some() }),
    );
    filters.extend(
        [Analysis::None, Analysis::Pending, Analysis::Done]
            .map(|analysis| EventFilter { analysis: Some(analysis), ..some() }),
    );
    for filter in filters {
        let matching: Vec<u64> = all.iter().filter(|event| filter.matches(event)).map(|event| event.sequence).collect();
        for limit in [1, 7, 1000] {
            assert_eq!(sequences(&store, &filter, limit).await, matching, "{filter:?} by {limit}");
        }
    }
    log.close().await;
}

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
async fn cursors_and_ids_that_are_not_ours_are_refused() {
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
    let node = log.node().to_owned();
    for id in
        ["", "-", "1", "-1", &node, &format!("{node}-"), &format!("{node}-01"), &format!("{node}-1-1"), "ABCDEF01-1"]
    {
        assert_eq!(store.get(id).await, Err(EventError::InvalidId), "{id:?}");
    }
    assert_eq!(store.get(&format!("{node}-2")).await, Ok(None));
    let other = if node == "00000000" { "00000001" } else { "00000000" };
    assert_eq!(store.get(&format!("{other}-1")).await, Ok(None));
    log.close().await;
}

#[tokio::test]
async fn a_summary_counts_actions_rules_and_what_waits() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let store = EventStore::new(&log);
    let hour = Duration::from_secs(3600);
    let empty = store.summarize(hour, None).await.unwrap();
    assert_eq!((empty.actions, empty.rules, empty.pending), (vec![], vec![], 0));
    let with = |violations| {
        let mut judged = judged(Action::Allow);
        judged.decision = Decision::fold(violations);
        NewRecord { enforced: false, ..record(RecordedOutcome::Judged(judged)) }
    };
    let records = vec![
        with(vec![
            violation("tokens", Action::Block),
            violation("tokens", Action::Block),
            violation("a", Action::Alert),
        ]),
        with(vec![violation("tokens", Action::Mask)]),
        NewRecord { kind: RecordKind::Decision, ..with(Vec::new()) },
        pending(),
        pending(),
    ];
    log.append(records, later()).await.unwrap();
    log.complete(vec![(4, judged(Action::Block))], later()).await.unwrap();
    let summary = store.summarize(hour, None).await.unwrap();
    let count = |kind, action, count| ActionCount { kind, action, count };
    assert_eq!(
        summary.actions,
        [
            count(RecordKind::Decision, Some(Action::Allow), 1),
            count(RecordKind::Exchange, None, 1),
            count(RecordKind::Exchange, Some(Action::Mask), 1),
            count(RecordKind::Exchange, Some(Action::Block), 2),
        ]
    );
    let rule = |rule: &str, count| RuleCount {
        policy: "default".to_owned(),
        rule: rule.to_owned(),
        category: "secrets".to_owned(),
        count,
    };
    assert_eq!(summary.rules, [rule("tokens", 3), rule("a", 1)]);
    assert_eq!(summary.pending, 1);
    assert!(summary.bytes_on_disk > 0);
    // As if it were long ago.
    let age = "UPDATE tally SET second = second - 7200; UPDATE record SET time = time - 7200000000;
        UPDATE aggregate SET start = start - 7200";
    rusqlite::Connection::open(log.path()).unwrap().execute_batch(age).unwrap();
    let summary = store.summarize(hour, None).await.unwrap();
    assert_eq!((summary.actions, summary.rules, summary.pending), (vec![], vec![], 1));
    let ever = store.summarize(Duration::MAX, None).await.unwrap();
    assert_eq!(ever.rules.len(), 2);
    log.close().await;
}

/// A refusal is a decision and the exchange that stands for it; a canary is nobody's call; what is pending is counted once.
#[tokio::test]
async fn what_the_page_counts_is_each_check_once() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let store = EventStore::new(&log);
    let of = |kind, outcome| NewRecord { kind, ..record(outcome) };
    let block = || RecordedOutcome::Judged(judged(Action::Block));
    let records = vec![
        of(RecordKind::Decision, block()),
        of(RecordKind::Exchange, block()),
        of(RecordKind::Canary, block()),
        of(RecordKind::Decision, RecordedOutcome::Judged(judged(Action::Allow))),
        pending(),
        pending(),
    ];
    log.append(records, later()).await.unwrap();
    log.complete(vec![(5, judged(Action::Mask))], later()).await.unwrap();
    let summary = store.summarize(Duration::from_secs(3600), None).await.unwrap();
    let sum = |of: fn(&Bucket) -> u64| summary.buckets.iter().map(of).sum::<u64>();
    let counts = [
        sum(|bucket| bucket.allowed),
        sum(|bucket| bucket.alerts),
        sum(|bucket| bucket.masks),
        sum(|bucket| bucket.blocks),
        sum(|bucket| bucket.pending),
    ];
    assert_eq!((counts, summary.bucket), ([1, 0, 1, 1, 1], 60));
    let top = |name: &str, count, flagged, blocked| TopCount { name: name.to_owned(), count, flagged, blocked };
    assert_eq!(summary.users, [top("ann@example.com", 4, 2, 1)]);
    assert_eq!(summary.categories, [top("secrets", 2, 2, 1)]);
    assert_eq!(summary.coverage, [top("partial", 3, 0, 0)]);
    assert_eq!(summary.not_run, [top("keywords failed", 3, 0, 0), top("secrets timed_out", 3, 0, 0)]);
    // 41 µs, and at most an eighth more.
    let Latency { count, p50_us, p99_us, .. } = summary.latency;
    assert_eq!((count, p50_us, p99_us), (3, 43, 43));
    // The hours say the same as the minutes.
    let day = store.summarize(Duration::from_secs(86_400), None).await.unwrap();
    assert_eq!((&day.users, day.latency), (&summary.users, summary.latency));
    let before = store.summarize(Duration::from_secs(3600), Some(Timestamp::UNIX_EPOCH)).await.unwrap();
    assert_eq!((before.users, before.latency.count), (vec![], 0));
    log.close().await;
}

#[tokio::test]
async fn a_text_is_looked_for_in_payloads_and_the_list_goes_on() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let store = EventStore::new(&log);
    let said = |text: &str| NewRecord { payloads: Payloads::Request(Payload::Text(text.to_owned())), ..allowed() };
    let texts = (0..1200).map(|number| said(if number % 400 == 7 { "the Falcon flies" } else { "nothing" }));
    log.append(texts.collect(), later()).await.unwrap();
    let found = async |limit, after: &str| {
        let found = store.candidates(EventFilter::default(), "a FALCON!", limit, after).await.unwrap();
        (found.records.iter().map(|record| record.event.sequence).collect::<Vec<_>>(), found.next)
    };
    assert_eq!(found(10, "").await, (vec![808, 408, 8], None));
    let (first, next) = found(2, "").await;
    assert_eq!(first, [808, 408]);
    assert_eq!(found(2, &next.unwrap()).await, (vec![8], None));
    log.close().await;
}

#[tokio::test]
async fn what_people_note_is_kept() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let store = EventStore::new(&log);
    log.append(vec![allowed()], later()).await.unwrap();
    assert_eq!(store.notes(1).await.unwrap(), Notes::default());
    let time = Timestamp::from_second(1).unwrap();
    let review = |opinion| Review { opinion, note: "a drill".to_owned(), who: "basic:ann".to_owned(), time };
    let reveal = |who: &str| Reveal { who: who.to_owned(), time };
    for note in [
        Note::Review { sequence: 1, review: review(Opinion::TruePositive) },
        Note::Reveal { sequence: 1, reveal: reveal("a") },
        Note::Review { sequence: 1, review: review(Opinion::FalsePositive) },
        Note::Reveal { sequence: 1, reveal: reveal("b") },
    ] {
        log.note(note, later()).await.unwrap();
    }
    let notes = store.notes(1).await.unwrap();
    assert_eq!(notes.review, Some(review(Opinion::FalsePositive)));
    assert_eq!(notes.reveals, [reveal("b"), reveal("a")]);
    assert!(!format!("{notes:?}").contains("drill"), "a note may quote");
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
