use std::{fs, sync::Arc};

use rusqlite::Connection;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    domain::{
        decision::Action,
        exchange::{Payload, Payloads},
    },
    events::{EventError, EventFilter, EventStore},
    guardrail::display,
    record::{
        LogSettings, MasterKeys, NewRecord, RecordedOutcome, Retention, SEARCH_INDEX,
        samples::{folder, judged, later, record},
    },
};

/// A log with its index, which is being filled.
struct Bench {
    dir: TempDir,
    settings: LogSettings,
    mode: SearchMode,
    running: Option<Running>,
}

struct Running {
    log: Arc<Log>,
    store: EventStore,
    filling: JoinHandle<()>,
    stop: CancellationToken,
}

fn said(text: &str) -> NewRecord {
    let payloads = Payloads::Request(Payload::Text(text.to_owned()));
    NewRecord { payloads, ..record(RecordedOutcome::Judged(judged(Action::Allow))) }
}

fn waiting(text: &str) -> NewRecord {
    NewRecord { outcome: RecordedOutcome::Pending, ..said(text) }
}

impl Bench {
    fn new(settings: LogSettings, mode: SearchMode) -> Self {
        let mut bench = Self { dir: folder(), settings, mode, running: None };
        bench.start();
        bench
    }

    fn plain() -> Self {
        Self::new(LogSettings::default(), SearchMode::Auto)
    }

    fn start(&mut self) {
        let log = Arc::new(Log::open_with(self.dir.path(), &self.settings).unwrap());
        let search = Search::open(&log, self.mode, self.settings.keys.is_some(), self.settings.payloads).unwrap();
        let stop = CancellationToken::new();
        let filling = match search.index() {
            Ok(index) => tokio::spawn(run(Arc::clone(&log), Arc::clone(index), Arc::new(display::said), stop.clone())),
            Err(_) => tokio::spawn(async {}),
        };
        let store = EventStore::with_search(&log, search);
        self.running = Some(Running { log, store, filling, stop });
    }

    async fn stop(&mut self) {
        let Running { log, filling, stop, .. } = self.running.take().unwrap();
        stop.cancel();
        filling.await.unwrap();
        log.close().await;
    }

    fn now(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    async fn append(&self, records: Vec<NewRecord>) {
        self.now().log.append(records, later()).await.unwrap();
    }

    /// Waits until everything up to there is indexed.
    async fn indexed(&self, sequence: u64) -> SearchStatus {
        loop {
            let status = self.now().store.search_status();
            if status.indexed >= sequence && status.state == SearchState::On {
                return status;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn page(&self, filter: EventFilter, text: &str, limit: u32, after: &str) -> (Vec<u64>, Option<String>) {
        let page = self.now().store.search(filter, Query::parse(text).unwrap(), limit, after).await.unwrap();
        (page.events.iter().map(|event| event.sequence).collect(), page.next)
    }

    /// All that is found, page by page.
    async fn find(&self, text: &str) -> Vec<u64> {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let (found, next) = self.page(EventFilter::default(), text, 7, &after).await;
            all.extend(found);
            match next {
                Some(next) => after = next,
                None => return all,
            }
        }
    }

    fn index(&self) -> Connection {
        Connection::open(self.dir.path().join(SEARCH_INDEX)).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_and_phrases_are_found_newest_first_over_all_parts() {
    let mut bench = Bench::plain();
    let texts = (1..=450).map(|number| match number {
        number if number % 90 == 7 => said("The grey FALCON flies"),
        number if number % 90 == 8 => said("a falcon, grey; na\u{ef}ve \u{6211}\u{4eec}\u{597d}"),
        _ => said("nothing of note"),
    });
    bench.append(texts.collect()).await;
    let status = bench.indexed(450).await;
    assert_eq!((status.waiting, status.missing.len()), (0, 0));
    assert!(status.bytes > 0 && status.indexed_time.is_some());
    let grey: Vec<u64> = (0..5).rev().flat_map(|turn| [turn * 90 + 8, turn * 90 + 7]).collect();
    let only = |place: u64| grey.iter().copied().filter(|number| number % 90 == place).collect::<Vec<_>>();
    for (text, expected) in [
        ("falcon", grey.clone()),
        ("GREY Falcon", grey.clone()),
        ("\"grey falcon\"", only(7)),
        ("naive", only(8)),
        ("\u{4eec}\u{597d}", only(8)),
        ("\u{597d}\u{4eec}", vec![]),
        ("falcon nothing", vec![]),
        ("fal", vec![]),
        ("note", (1..=450).rev().filter(|number| !grey.contains(number)).collect()),
    ] {
        assert_eq!(bench.find(text).await, expected, "{text}");
    }
    let parts: i64 = bench.index().query_row("SELECT count(*) FROM part", [], |row| row.get(0)).unwrap();
    assert_eq!(parts, 5);
    let other = EventFilter { user: Some("bob".to_owned()), ..EventFilter::default() };
    assert_eq!(bench.page(other, "falcon", 5, "").await, (vec![], None));
    // What was indexed is there after a start, and what comes then is added.
    bench.stop().await;
    bench.start();
    assert_eq!(bench.now().store.search_status().indexed, 450);
    bench.append(vec![said("falcon")]).await;
    bench.indexed(451).await;
    assert_eq!(bench.find("falcon").await.len(), 11);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_private_has_no_words_and_what_waits_for_its_judgement_is_not_there_yet() {
    let mut bench = Bench::plain();
    bench.append(vec![said("mail ann.falcon@example.org now"), waiting("an eagle"), said("an owl")]).await;
    let status = bench.indexed(1).await;
    assert_eq!((status.indexed, status.waiting), (1, 2));
    assert_eq!(bench.find("mail").await, [1]);
    for text in ["falcon", "example", "eagle", "owl"] {
        assert_eq!(bench.find(text).await, Vec::<u64>::new(), "{text}");
    }
    bench.now().log.complete(vec![(2, judged(Action::Allow))], later()).await.unwrap();
    bench.indexed(3).await;
    assert_eq!(bench.find("an").await, [3, 2]);
    // Nor anywhere in the file.
    bench.stop().await;
    assert!(!bench.dir.path().join("search.db-wal").exists());
    let bytes = fs::read(bench.dir.path().join(SEARCH_INDEX)).unwrap();
    let holds = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    assert!(holds(b"eagle") && !holds(b"falcon") && !holds(b"example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_payload_is_counted_and_fails_nothing() {
    let mut bench = Bench::plain();
    bench.stop().await;
    bench.start();
    bench.append(vec![waiting("a falcon"), waiting("a falcon"), said("x ".repeat(40_000).as_str())]).await;
    let damage = "UPDATE record SET request = 'another falcon' WHERE seq = 2";
    Connection::open(bench.now().log.path()).unwrap().execute_batch(damage).unwrap();
    bench.now().log.complete(vec![(1, judged(Action::Allow)), (2, judged(Action::Allow))], later()).await.unwrap();
    let status = bench.indexed(3).await;
    assert_eq!(status.missing, [(Missing::Damaged, 1), (Missing::Cut, 1)]);
    assert_eq!(bench.find("falcon").await, [1]);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_encrypted_payloads_are_indexed_only_where_that_is_allowed() {
    let settings = || LogSettings { keys: MasterKeys::parse(&"ab".repeat(32)).ok(), ..LogSettings::default() };
    let mut bench = Bench::new(settings(), SearchMode::On);
    bench.append(vec![said("a falcon")]).await;
    bench.indexed(1).await;
    assert_eq!(bench.find("falcon").await, [1]);
    bench.stop().await;
    bench.mode = SearchMode::Auto;
    bench.start();
    assert!(!bench.dir.path().join(SEARCH_INDEX).exists(), "it is taken away");
    let refused = bench.now().store.search(EventFilter::default(), Query::parse("falcon").unwrap(), 1, "").await;
    assert_eq!(refused, Err(EventError::NoSearch(SearchOff::Encrypted)));
    assert_eq!(bench.now().store.search_status().state, SearchState::Off(SearchOff::Encrypted));
    bench.stop().await;
    // What cannot be read is said, and what is erased leaves no words behind.
    bench.mode = SearchMode::On;
    bench.settings.keys = MasterKeys::parse(&"cd".repeat(32)).ok();
    bench.start();
    assert_eq!(bench.indexed(1).await.missing, [(Missing::Locked, 1)]);
    bench.stop().await;
    bench.settings = settings();
    fs::remove_file(bench.dir.path().join(SEARCH_INDEX)).unwrap();
    bench.start();
    bench.indexed(1).await;
    assert_eq!(bench.find("falcon").await, [1]);
    bench.stop().await;
    assert_eq!(Log::erase(bench.dir.path(), "token-1").unwrap().keys, 1);
    assert!(!bench.dir.path().join(SEARCH_INDEX).exists());
    bench.start();
    assert_eq!(bench.indexed(1).await.missing, [(Missing::Erased, 1)]);
    assert_eq!(bench.find("falcon").await, Vec::<u64>::new());
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_that_are_not_kept_have_no_words() {
    let settings = LogSettings { payloads: KeepPayloads::Metadata, ..LogSettings::default() };
    let mut bench = Bench::new(settings, SearchMode::Auto);
    let refused = bench.now().store.search(EventFilter::default(), Query::parse("a").unwrap(), 1, "").await;
    assert_eq!(refused, Err(EventError::NoSearch(SearchOff::NotKept)));
    bench.stop().await;
    bench.mode = SearchMode::On;
    bench.start();
    bench.append(vec![said("a falcon")]).await;
    assert_eq!(bench.indexed(1).await.missing, [(Missing::NotKept, 1)]);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_go_with_the_records() {
    let mut bench = Bench::plain();
    bench.append((0..250).map(|_| said("falcon")).collect()).await;
    bench.indexed(250).await;
    bench.stop().await;
    // As if they were older, all but the last.
    let age = "UPDATE record SET time = time - 7200000000 WHERE seq <= 210";
    Connection::open(bench.dir.path().join("portcullis.db")).unwrap().execute_batch(age).unwrap();
    let keep = Some(std::time::Duration::from_secs(3600));
    bench.settings.retention = Retention { keep, ..Retention::default() };
    bench.start();
    let expected: Vec<u64> = (211..=250).rev().collect();
    while bench.find("falcon").await != expected {
        tokio::task::yield_now().await;
    }
    // Both parts of which nothing is left.
    let parts = "SELECT group_concat(id), (SELECT count(*) FROM sqlite_schema WHERE name LIKE 'words!_1%' ESCAPE '!') FROM part";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?));
    while bench.index().query_row(parts, [], read).unwrap() != ("3".to_owned(), 0) {
        tokio::task::yield_now().await;
    }
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_damaged_or_anothers_is_made_anew() {
    let mut bench = Bench::plain();
    bench.append(vec![said("a falcon")]).await;
    bench.indexed(1).await;
    bench.stop().await;
    let path = bench.dir.path().join(SEARCH_INDEX);
    for bad in [b"not a database at all, and long enough to be read as the head of one".repeat(100), Vec::new()] {
        fs::write(&path, bad).unwrap();
        bench.start();
        bench.indexed(1).await;
        assert_eq!(bench.find("falcon").await, [1]);
        bench.stop().await;
    }
    for other in ["UPDATE state SET node = 'another'", "UPDATE state SET cursor = 99", "PRAGMA user_version = 99"] {
        bench.index().execute_batch(&format!("{other}; DROP TABLE words_1")).unwrap();
        bench.start();
        bench.indexed(1).await;
        assert_eq!(bench.find("falcon").await, [1], "{other}");
        bench.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_is_met_in_a_search_is_the_indexs_alone() {
    let mut bench = Bench::plain();
    bench.append(vec![said("a falcon")]).await;
    bench.indexed(1).await;
    // As if a page had been lost: 1 and 10 are what FTS5 keeps of the whole.
    bench.index().execute_batch("DELETE FROM words_1_data WHERE id > 10").unwrap();
    let mut found = bench.now().store.search(EventFilter::default(), Query::parse("falcon").unwrap(), 1, "").await;
    while !matches!(&found, Ok(page) if page.events.len() == 1) {
        assert!(matches!(found, Ok(_) | Err(EventError::Search(_))), "{found:?}");
        found = bench.now().store.search(EventFilter::default(), Query::parse("falcon").unwrap(), 1, "").await;
    }
    assert_eq!(bench.now().log.health().status, crate::record::HealthStatus::Ok);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_masked_is_said_and_one_that_breaks_the_mask_stops_nothing() {
    let dir = folder();
    let log = Arc::new(Log::open(dir.path()).unwrap());
    let search = Search::open(&log, SearchMode::Auto, false, KeepPayloads::Full).unwrap();
    let mask = |payloads: &Payloads, _: usize| match payloads.request() {
        Some(Payload::Text(text)) if text == "panic" => panic!("a defect"),
        Some(Payload::Text(text)) if text == "none" => None,
        _ => Some(Said { text: "falcon".to_owned(), whole: true }),
    };
    let stop = CancellationToken::new();
    let filling =
        tokio::spawn(run(Arc::clone(&log), Arc::clone(search.index().unwrap()), Arc::new(mask), stop.clone()));
    log.append(vec![said("a"), said("panic"), said("none"), said("b")], later()).await.unwrap();
    while search.status().indexed < 4 {
        tokio::task::yield_now().await;
    }
    assert_eq!(search.status().missing, [(Missing::Unmasked, 2)]);
    let store = EventStore::with_search(&log, search);
    let page = store.search(EventFilter::default(), Query::parse("falcon").unwrap(), 9, "").await.unwrap();
    assert_eq!(page.events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [4, 1]);
    stop.cancel();
    filling.await.unwrap();
    log.close().await;
}
