//! What every event store has to do, whatever it is.
//!
//! A [`Rig`] is a store with the log that fills it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(async_fn_in_trait, reason = "a rig lives in one task")]
#![allow(missing_docs, reason = "a case's name says what has to hold")]

use std::{path::Path, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    domain::{
        decision::{Action, Category, Decision},
        exchange::{Payload, Payloads},
        finding::{Detector, Severity},
    },
    record::{
        NewRecord, RecordedOutcome,
        samples::{allowed, judged, later, pending, record, violation},
    },
};

use super::{
    ActionCount, Analysis, Bucket, EventError, EventFilter, EventId, EventStore, Latency, Log, Note, Notes, Opinion,
    RecordKind, Reveal, Review, RuleCount, TopCount,
};

/// A log and a store that nothing else fills, both empty.
pub trait Rig {
    fn log(&self) -> &Log;
    fn store(&self) -> &EventStore;
    /// Comes back when the store has what the log has, what is pending included.
    async fn settle(&self);
}

/// A log that keeps everything.
pub fn log(folder: &Path) -> Log {
    Log::open(folder).unwrap()
}

pub(super) async fn sequences(store: &EventStore, filter: &EventFilter, limit: u32) -> Vec<u64> {
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
            record.enforced = n % 8 > 3;
            record
        })
        .collect()
}

pub async fn lists_and_watchers_agree_on_what_a_filter_means(rig: &impl Rig) {
    let (log, store) = (rig.log(), rig.store());
    log.append(varied(), later()).await.unwrap();
    rig.settle().await;
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
        EventFilter { enforced: Some(true), ..some() },
        EventFilter { enforced: Some(false), action: Some(Action::Block), ..some() },
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
            assert_eq!(sequences(store, &filter, limit).await, matching, "{filter:?} by {limit}");
        }
    }
}

/// A refusal is a decision and the exchange that stands for it; a canary is nobody's call; what is pending is counted once.
/// What passed was not blocked, and nobody waited for what was judged behind.
pub async fn what_the_page_counts_is_each_check_once(rig: &impl Rig) {
    let (log, store) = (rig.log(), rig.store());
    let of = |kind, outcome| NewRecord { kind, ..record(outcome) };
    let block = || RecordedOutcome::Judged(judged(Action::Block));
    let records = vec![
        of(RecordKind::Decision, block()),
        of(RecordKind::Exchange, block()),
        of(RecordKind::Canary, block()),
        of(RecordKind::Decision, RecordedOutcome::Judged(judged(Action::Allow))),
        pending(),
        pending(),
        NewRecord { enforced: false, ..of(RecordKind::Exchange, block()) },
        pending(),
    ];
    log.append(records, later()).await.unwrap();
    log.complete(vec![(5, judged(Action::Mask)), (8, judged(Action::Block))], later()).await.unwrap();
    rig.settle().await;
    let summary = store.summarize(Duration::from_secs(3600), None).await.unwrap();
    let sum = |of: fn(&Bucket) -> u64| summary.buckets.iter().map(of).sum::<u64>();
    let counts = [
        sum(|bucket| bucket.allowed),
        sum(|bucket| bucket.alerts),
        sum(|bucket| bucket.masks),
        sum(|bucket| bucket.blocks),
        sum(|bucket| bucket.would_block),
        sum(|bucket| bucket.pending),
    ];
    assert_eq!((counts, summary.bucket), ([1, 0, 1, 1, 2, 1], 60));
    let top = |name: &str, count, flagged, blocked| TopCount { name: name.to_owned(), count, flagged, blocked };
    assert_eq!(summary.users, [top("ann@example.com", 6, 4, 1)]);
    assert_eq!(summary.categories, [top("secrets", 4, 4, 1)]);
    assert_eq!(summary.coverage, [top("partial", 5, 0, 0)]);
    assert_eq!(summary.not_run, [top("keywords failed", 5, 0, 0), top("secrets timed_out", 5, 0, 0)]);
    // 41 µs, and at most an eighth more.
    let Latency { count, p50_us, p99_us, .. } = summary.latency;
    assert_eq!((count, p50_us, p99_us), (3, 43, 43));
    // The hours say the same as the minutes.
    let day = store.summarize(Duration::from_secs(86_400), None).await.unwrap();
    assert_eq!((&day.users, day.latency), (&summary.users, summary.latency));
    let before = store.summarize(Duration::from_secs(3600), Some(Timestamp::UNIX_EPOCH)).await.unwrap();
    assert_eq!((before.users, before.latency.count), (vec![], 0));
}

/// As a list of the same period has it.
pub async fn a_period_that_is_told_its_end_stops_there(rig: &impl Rig) {
    let (log, store) = (rig.log(), rig.store());
    log.append(vec![allowed()], later()).await.unwrap();
    rig.settle().await;
    let events = store.list(EventFilter::default(), 1, "").await.unwrap().events;
    let begun = events[0].time.as_second() / 60 * 60;
    for (until, wanted) in [(begun, 0_u64), (begun + 60, 1), (begun + 120, 0)] {
        let until = Timestamp::from_second(until).unwrap();
        let summary = store.summarize(Duration::from_secs(60), Some(until)).await.unwrap();
        let bars: Vec<u64> = summary.buckets.iter().map(|bucket| bucket.allowed).collect();
        assert_eq!(bars, [wanted], "until {until}");
        let any = usize::from(wanted > 0);
        let counted = (summary.actions.len(), summary.users.len(), summary.latency.count);
        assert_eq!(counted, (any, any, wanted), "until {until}");
    }
}

pub async fn a_summary_counts_actions_rules_and_what_waits(rig: &impl Rig) {
    let (log, store) = (rig.log(), rig.store());
    let hour = Duration::from_secs(3600);
    rig.settle().await;
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
    rig.settle().await;
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
    let before = store.summarize(hour, Some(Timestamp::UNIX_EPOCH)).await.unwrap();
    assert_eq!((before.actions, before.rules, before.pending), (vec![], vec![], 1));
}

pub async fn a_search_reads_every_record_whatever_is_in_it(rig: &impl Rig) {
    let (log, store) = (rig.log(), rig.store());
    let said = |text: &str| NewRecord { payloads: Payloads::Request(Payload::Text(text.to_owned())), ..allowed() };
    let of = |sequence: u64| if sequence.is_multiple_of(400) { "the falcon flies" } else { "nothing" };
    log.append((1..=1200).map(|sequence| said(of(sequence))).collect(), later()).await.unwrap();
    rig.settle().await;
    let (mut all, mut after) = (Vec::new(), String::new());
    // How many one call reads is each store's own choice.
    loop {
        let read = store.records(EventFilter::default(), &after).await.unwrap();
        for record in &read.records {
            let text = Payload::Text(of(record.event.sequence).to_owned());
            assert_eq!(record.request, Some(text), "{}", record.event.sequence);
        }
        all.extend(read.records.iter().map(|record| record.event.sequence));
        match read.next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(all, (1..=1200).rev().collect::<Vec<_>>());
    // A search that has found enough goes on behind any of them.
    let first = store.records(EventFilter::default(), "").await.unwrap();
    let behind = store.records(EventFilter::default(), &store.cursor(&first.records[2].event)).await.unwrap();
    assert_eq!(behind.records[0].event.sequence, 1197);
}

pub async fn what_people_note_is_kept(rig: &impl Rig) {
    let (log, store) = (rig.log(), rig.store());
    log.append(vec![allowed()], later()).await.unwrap();
    rig.settle().await;
    let id = EventId { node: log.node().into(), sequence: 1 };
    assert_eq!(store.notes(&id).await.unwrap(), Notes::default());
    let time = Timestamp::from_second(1).unwrap();
    let review = |opinion| Review { opinion, note: "a drill".to_owned(), who: "basic:ann".to_owned(), time };
    let reveal = |who: &str| Reveal { who: who.to_owned(), time };
    for note in [
        Note::Review { sequence: 1, review: review(Opinion::TruePositive) },
        Note::Reveal { sequence: 1, reveal: reveal("a") },
        Note::Review { sequence: 1, review: review(Opinion::FalsePositive) },
        Note::Reveal { sequence: 1, reveal: reveal("b") },
    ] {
        store.note(log, log.node(), note, later()).await.unwrap();
    }
    let notes = store.notes(&id).await.unwrap();
    assert_eq!(notes.review, Some(review(Opinion::FalsePositive)));
    assert_eq!(notes.reveals, [reveal("b"), reveal("a")]);
    assert!(!format!("{notes:?}").contains("drill"), "a note may quote");
}

/// A record is the same wherever it is read.
pub async fn a_record_comes_back_as_it_was_recorded(rig: &impl Rig) {
    let (log, store) = (rig.log(), rig.store());
    let own = EventStore::new(log);
    let mut odd = allowed();
    // What no text of a database may hold is not worth a record.
    odd.context.user = "\u{1f947}".repeat(4000);
    odd.context.model = "' OR '1'='1".to_owned();
    odd.payloads = Payloads::Response(Payload::Json(Bytes::from_static(b"\xff\0 no JSON at all")));
    let records =
        vec![allowed(), pending(), record(RecordedOutcome::Judged(judged(Action::Block))), canary(), odd.clone()];
    log.append(records, later()).await.unwrap();
    log.complete(vec![(2, judged(Action::Mask))], later()).await.unwrap();
    rig.settle().await;
    for sequence in 1..=5 {
        let id = format!("{}-{sequence}", log.node());
        assert_eq!(store.get(&id).await.unwrap(), own.get(&id).await.unwrap(), "{id}");
    }
    let named = EventFilter { user: Some(odd.context.user), ..EventFilter::default() };
    assert_eq!(sequences(store, &named, 10).await, [5]);
}

fn canary() -> NewRecord {
    NewRecord { kind: RecordKind::Canary, ..allowed() }
}

pub async fn ids_and_cursors_that_are_not_ours_are_refused(rig: &impl Rig) {
    let (log, store) = (rig.log(), rig.store());
    log.append(vec![allowed(), allowed(), allowed()], later()).await.unwrap();
    rig.settle().await;
    let first = store.list(EventFilter::default(), 1, "").await.unwrap();
    let next = first.next.unwrap();
    let bent = [
        format!(" {next}"),
        format!("{next} "),
        format!("+{next}"),
        format!("0{next}"),
        format!("{next}0-"),
        format!("{next}.0"),
    ];
    let others = ["0", "01", "-1", "x", "\u{661}", "9223372036854775808", "1' OR '1'='1"].map(str::to_owned);
    for cursor in bent.into_iter().chain(others) {
        let refused = store.list(EventFilter::default(), 1, &cursor).await;
        assert_eq!(refused, Err(EventError::InvalidCursor), "{cursor:?}");
    }
    let second = store.list(EventFilter::default(), 1, &next).await.unwrap();
    assert_eq!(second.events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [2]);
    let node = log.node().to_owned();
    for id in
        ["", "-", "1", "-1", &node, &format!("{node}-"), &format!("{node}-01"), &format!("{node}-1-1"), "ABCDEF01-1"]
    {
        assert_eq!(store.get(id).await, Err(EventError::InvalidId), "{id:?}");
    }
    let other = if node == "00000000" { "00000001" } else { "00000000" };
    for id in [format!("{node}-4"), format!("{other}-1")] {
        assert_eq!(store.get(&id).await, Ok(None));
    }
}

/// All of them, each with a rig of its own.
#[macro_export]
macro_rules! event_store_conforms {
    (@cases #[$attribute:meta] $rig:expr; $($case:ident)*) => {$(
        #[$attribute]
        async fn $case() {
            let rig = $rig.await;
            $crate::events::conformance::$case(&rig).await;
        }
    )*};
    (#[$attribute:meta] $rig:expr) => {
        $crate::event_store_conforms! { @cases #[$attribute] $rig;
            lists_and_watchers_agree_on_what_a_filter_means
            what_the_page_counts_is_each_check_once
            a_period_that_is_told_its_end_stops_there
            a_summary_counts_actions_rules_and_what_waits
            a_search_reads_every_record_whatever_is_in_it
            what_people_note_is_kept
            a_record_comes_back_as_it_was_recorded
            ids_and_cursors_that_are_not_ours_are_refused
        }
    };
}
