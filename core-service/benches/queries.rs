//! What the page asks for, over a month of records: how long each question takes.
//!
//! `cargo bench -p core-service --bench queries -- --rows 5000000 --dir /some/folder` fills the folder, or takes what an
//! earlier run with as many rows left there, and prints a table. Without arguments: 150,000 rows in a folder that is removed.
//!
//! **How it is filled.** The first of thirty days is written by the log itself. Its times are then spread over that day, its
//! counts made anew by SQL, and the day is copied twenty-nine times by SQL, with other request ids: the rows, the indexes, the
//! counts and the digests of payloads are those of a log in use, and the chain is not (`log verify` fails). The index of words is
//! filled as it is in use, but that texts are taken as they are: they hold nothing to mask, and to look for it takes most
//! of the time.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![allow(clippy::print_stdout, reason = "its table")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use core_service::{
    domain::{
        coverage::{Coverage, CoverageStatus, PolicyRef},
        decision::{Action, Category, Decision, Violation},
        exchange::{CallContext, Direction, Payload, Payloads},
        finding::{Detector, Severity},
        timing::Durations,
    },
    events::{EventFilter, EventStore, Page},
    record::{Judged, KeepPayloads, Log, LogSettings, NewRecord, RecordKind, RecordedOutcome},
    search::{self, Query, Said, Search, SearchMode},
};
use jiff::Timestamp;
use rusqlite::Connection;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const DAYS: usize = 30;
const BATCH: usize = 1000;
/// Runs of each question.
const RUNS: usize = 7;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let value = |name: &str| words.iter().position(|word| word == name).and_then(|at| words.get(at + 1));
    let rows: usize = value("--rows").map_or(150_000, |rows| rows.parse().unwrap());
    let (_temporary, dir) = match value("--dir") {
        Some(dir) => (None, PathBuf::from(dir)),
        None => {
            let folder = tempfile::tempdir_in(".").unwrap();
            let path = folder.path().to_path_buf();
            (Some(folder), path)
        }
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let rows = rows.div_ceil(DAYS * BATCH) * DAYS * BATCH;
    runtime.block_on(async {
        if !is_filled(&dir, rows) {
            fill(&dir, rows).await;
        }
        measure(&dir, rows).await;
    });
}

fn is_filled(dir: &Path, rows: usize) -> bool {
    let path = dir.join("portcullis.db");
    path.exists()
        && Connection::open(path)
            .and_then(|connection| connection.query_row("SELECT max(seq) FROM record", [], |row| row.get::<_, i64>(0)))
            .is_ok_and(|tip| tip == rows as i64)
}

/// Of five thousand, the first much more often than the last.
fn word() -> String {
    let place = (5000.0 * fastrand::f64().powi(3)) as usize;
    format!("{}{}", ["ka", "lo", "mi", "ru", "te", "sha", "vo", "ni", "pe", "du"][place % 10], place)
}

fn text(words: usize) -> String {
    (0..words).map(|_| word()).collect::<Vec<_>>().join(" ")
}

fn violation(action: Action) -> Violation {
    let category = match fastrand::u8(0..10) {
        0..5 => Detector::Pii,
        5..8 => Detector::PromptInjection,
        8 => Detector::Secrets,
        _ => Detector::Keywords,
    };
    let severity = match action {
        Action::Block => Severity::Critical,
        Action::Mask => Severity::High,
        Action::Alert | Action::Allow => Severity::Low,
    };
    Violation {
        policy: "default".into(),
        rule: format!("rule-{}", fastrand::u8(0..40)).into(),
        category: Category::Detector(category),
        severity,
        action,
        score: 0.9,
        base_score: 0.9,
        decoded_from: Vec::new(),
        explanation: "".into(),
        detector_rule: "a_rule".to_owned(),
        entity: String::new(),
        location: None,
        message: "a message of some length, as rules have".into(),
    }
}

fn record(number: usize, of: usize) -> NewRecord {
    let action = match fastrand::u8(0..100) {
        0..94 => Action::Allow,
        94..97 => Action::Alert,
        97..99 => Action::Mask,
        _ => Action::Block,
    };
    let violations = if action == Action::Allow { Vec::new() } else { vec![violation(action)] };
    let mut coverage = Coverage::none(CoverageStatus::Complete, "");
    coverage.policies = vec![PolicyRef { name: "default".into(), digest: "ab".repeat(32).into() }];
    let (decision, duration_us) = (Decision::fold(violations), fastrand::u32(20..900));
    let judged = Judged { decision, coverage, duration_us, durations: Durations::default() };
    // One of a day's records has the rare words.
    let rare = if number == of / 2 { " needle haystack" } else { "" };
    NewRecord {
        kind: RecordKind::Exchange,
        request_id: Uuid::now_v7(),
        idempotency: None,
        sync: true,
        late: false,
        direction: Direction::Response,
        status: 200,
        context: CallContext {
            source: ["truefoundry", "litellm", "grpc"][fastrand::usize(0..3)].to_owned(),
            user: format!("user-{}@example.com", if number == of / 2 { 0 } else { fastrand::usize(1..500) }),
            team: format!("team-{}", fastrand::usize(0..25)),
            model: format!("provider/model-{}", fastrand::usize(0..12)),
            metadata: BTreeMap::from([("session_id".to_owned(), format!("s-{}", number / 8))]),
            principal: "token:0123456789abcdef".to_owned(),
            ..CallContext::default()
        },
        policies: Vec::new(),
        outcome: RecordedOutcome::Analysed(judged),
        enforced: false,
        payloads: Payloads::Both { request: Payload::Text(text(70) + rare), response: Payload::Text(text(30)) },
    }
}

async fn fill(dir: &Path, rows: usize) {
    let (begun, day) = (Instant::now(), rows / DAYS);
    let log = Log::open_with(dir, &LogSettings::default()).unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(3600);
    for batch in 0..day / BATCH {
        let records = (0..BATCH).map(|number| record(batch * BATCH + number, day)).collect();
        log.append(records, deadline).await.unwrap();
    }
    let path = log.path().to_path_buf();
    log.close().await;
    println!("one day of {day} records, by the log: {:.1} s", begun.elapsed().as_secs_f64());
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; PRAGMA wal_autocheckpoint = 20000;")
        .unwrap();
    // Whole days, so that counts can be copied; the last ends with today.
    let today = Timestamp::now().as_second().div_euclid(86_400) * 86_400;
    let first = today - (DAYS as i64 - 1) * 86_400;
    let step = 86_400_000_000 / day as i64;
    connection.execute("UPDATE record SET time = ?1 + (seq - 1) * ?2", [first * 1_000_000, step]).unwrap();
    connection.execute_batch(COUNTS).unwrap();
    let columns: Vec<String> = connection
        .prepare("SELECT name FROM pragma_table_info('record') WHERE name NOT IN ('seq', 'time', 'request_id')")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let columns = columns.join(", ");
    for copy in 1..DAYS {
        connection
            .execute_batch(&format!(
                "BEGIN;
                 INSERT INTO record (time, request_id, {columns})
                     SELECT time + {copy} * 86400000000, randomblob(16), {columns} FROM record WHERE seq <= {day} ORDER BY seq;
                 INSERT INTO tally SELECT second + {copy} * 86400, kind, action, count, first_seq + {copy} * {day}
                     FROM tally WHERE second < {first} + 86400;
                 INSERT INTO aggregate SELECT grain, dimension, start + {copy} * 86400, name, count, flagged, blocked
                     FROM aggregate WHERE start < {first} + 86400;
                 COMMIT;"
            ))
            .unwrap();
    }
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    println!("{rows} records, by copies: {:.1} s", begun.elapsed().as_secs_f64());
}

/// As the writer counts, of the times as they are now.
const COUNTS: &str = "
    DELETE FROM tally;
    DELETE FROM aggregate;
    INSERT INTO tally SELECT time / 1000000, kind, action, count(*), min(seq) FROM record GROUP BY 1, 2, 3;
    CREATE TEMP TABLE grain AS SELECT 60 AS seconds UNION ALL SELECT 3600 UNION ALL SELECT 86400;
    CREATE TEMP VIEW counted AS
        SELECT seconds, time / 1000000 / seconds * seconds AS start, r.* FROM temp.grain, main.record AS r;
    INSERT INTO aggregate SELECT seconds, 0, start,
        CASE action WHEN 0 THEN 'allow' WHEN 1 THEN 'alert' WHEN 2 THEN 'mask' ELSE 'block' END, count(*), 0, 0
        FROM counted GROUP BY 1, 3, 4;
    INSERT INTO aggregate
        SELECT seconds, 1, start, CAST(24 + duration_us / 32 AS TEXT), count(*), 0, 0 FROM counted GROUP BY 1, 3, 4;
    INSERT INTO aggregate SELECT seconds, 2, start, 'complete', count(*), 0, 0 FROM counted GROUP BY 1, 3, 4;
    INSERT INTO aggregate
        SELECT seconds, 4, start, source, count(*), total(action > 0), total(action = 3) FROM counted GROUP BY 1, 3, 4;
    INSERT INTO aggregate
        SELECT seconds, 5, start, user, count(*), total(action > 0), total(action = 3) FROM counted GROUP BY 1, 3, 4;
    INSERT INTO aggregate
        SELECT seconds, 6, start, team, count(*), total(action > 0), total(action = 3) FROM counted GROUP BY 1, 3, 4;
    INSERT INTO aggregate
        SELECT seconds, 7, start, model, count(*), total(action > 0), total(action = 3) FROM counted GROUP BY 1, 3, 4;
    INSERT INTO aggregate SELECT seconds, 8, start, violations ->> '$[0].category', count(*), count(*), total(action = 3)
        FROM counted WHERE violations IS NOT NULL GROUP BY 1, 3, 4;
    INSERT INTO aggregate SELECT seconds, 9, start, json_array(violations ->> '$[0].policy', violations ->> '$[0].rule',
        violations ->> '$[0].category'), count(*), count(*), total(action = 3)
        FROM counted WHERE violations IS NOT NULL GROUP BY 1, 3, 4;
    INSERT INTO aggregate SELECT seconds, 10, start, kind || ' ' || action, count(*), 0, 0 FROM counted GROUP BY 1, 3, 4;
";

/// The texts as they are.
fn plain(payloads: &Payloads, _: usize) -> Option<Said> {
    let text = |payload: Option<&Payload>| match payload {
        Some(Payload::Text(text)) => text.clone(),
        _ => String::new(),
    };
    Some(Said { text: format!("{}\n{}", text(payloads.request()), text(payloads.response())), whole: true })
}

async fn measure(dir: &Path, rows: usize) {
    let begun = Instant::now();
    let log = Arc::new(Log::open_with(dir, &LogSettings::default()).unwrap());
    println!("opened in {:.3} s", begun.elapsed().as_secs_f64());
    let search = Search::open(&log, SearchMode::Auto, false, KeepPayloads::Full).unwrap();
    let (begun, stop) = (Instant::now(), CancellationToken::new());
    let index = Arc::clone(search.index().unwrap());
    let filling = tokio::spawn(search::run(Arc::clone(&log), index, Arc::new(plain), stop.clone()));
    while search.status().waiting > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let bytes = search.status().bytes;
    println!("index of words: {:.1} s", begun.elapsed().as_secs_f64());
    stop.cancel();
    filling.await.unwrap();
    let store = EventStore::with_search(&log, search);
    println!("{rows} records: log {} MB, index of words {} MB\n", log.bytes_on_disk() >> 20, bytes >> 20);
    println!("| question | first, ms | median, ms | slowest, ms | events |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    let ask = Ask { store, rows };
    for (name, seconds) in
        [("15 min", 900), ("1 h", 3600), ("24 h", 86_400), ("7 d", 7 * 86_400), ("30 d", 30 * 86_400)]
    {
        // Up to the newest, whatever the time of day is now.
        let end = Timestamp::from_second(Timestamp::now().as_second().div_euclid(86_400) * 86_400 + 86_399).unwrap();
        let summarize = async || {
            ask.store.summarize(Duration::from_secs(seconds), Some(end)).await.unwrap();
            0
        };
        ask.time(&format!("overview, {name}"), summarize).await;
    }
    ask.lists().await;
    ask.searches().await;
    log.close().await;
}

struct Ask {
    store: EventStore,
    rows: usize,
}

impl Ask {
    async fn time(&self, name: &str, question: impl AsyncFn() -> usize) {
        let (mut times, mut events) = (Vec::new(), 0);
        for _ in 0..RUNS {
            let begun = Instant::now();
            events = question().await;
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        let first = times[0];
        times.sort_unstable_by(f64::total_cmp);
        println!("| {name} | {first:.1} | {:.1} | {:.1} | {events} |", times[RUNS / 2], times[RUNS - 1]);
    }

    async fn list(&self, name: &str, filter: EventFilter, after: usize) {
        let after = if after == 0 { String::new() } else { after.to_string() };
        let page = async || told(&self.store.list(filter.clone(), 100, &after).await.unwrap());
        self.time(name, page).await;
    }

    async fn lists(&self) {
        let some = EventFilter::default;
        let text = |text: &str| Some(text.to_owned());
        let rule = |rule: &str| EventFilter { rule: text(rule), ..some() };
        let category = |detector| EventFilter { category: Some(Category::Detector(detector)), ..some() };
        self.list("events, no filter", some(), 0).await;
        self.list("events, no filter, in the middle", some(), self.rows / 2).await;
        self.list("events, no filter, the oldest", some(), 101).await;
        for (name, action) in [("allow", Action::Allow), ("mask", Action::Mask), ("block", Action::Block)] {
            self.list(&format!("action {name}"), EventFilter { action: Some(action), ..some() }, 0).await;
        }
        self.list("category pii", category(Detector::Pii), 0).await;
        self.list("category that nothing has", category(Detector::CodeSafety), 0).await;
        self.list("rule", rule("rule-7"), 0).await;
        self.list("rule that nothing has", rule("none"), 0).await;
        self.list("severity critical", EventFilter { severity: Some(Severity::Critical), ..some() }, 0).await;
        self.list("severity that nothing has", EventFilter { severity: Some(Severity::Medium), ..some() }, 0).await;
        for (name, value) in
            [("one of 500", "user-7@example.com"), ("rare", "user-0@example.com"), ("unknown", "nobody")]
        {
            self.list(&format!("user, {name}"), EventFilter { user: text(value), ..some() }, 0).await;
        }
        for (name, value) in [("one of 25", "team-7"), ("unknown", "nobody")] {
            self.list(&format!("team, {name}"), EventFilter { team: text(value), ..some() }, 0).await;
        }
        for (name, value) in [("one of 12", "provider/model-7"), ("unknown", "nobody")] {
            self.list(&format!("model, {name}"), EventFilter { model: text(value), ..some() }, 0).await;
        }
        for (name, value) in [("one of 3", "grpc"), ("unknown", "nobody")] {
            self.list(&format!("source, {name}"), EventFilter { source: text(value), ..some() }, 0).await;
        }
        self.list("kind canary, of which there is none", EventFilter { kind: Some(RecordKind::Canary), ..some() }, 0)
            .await;
        self.list("session of 8 a day", EventFilter { session: text("s-77"), ..some() }, 0).await;
        self.list("session, unknown", EventFilter { session: text("none"), ..some() }, 0).await;
        let week = Timestamp::from_second(Timestamp::now().as_second() - 7 * 86_400).unwrap();
        self.list("before a week ago", EventFilter { until: Some(week), ..some() }, 0).await;
        let both = EventFilter { user: text("user-7@example.com"), action: Some(Action::Block), ..some() };
        self.list("user and action", both, 0).await;
    }

    async fn searches(&self) {
        let common = "ka0";
        for (name, words, user) in [
            ("text, one record a day", "needle", None),
            ("text, a phrase, one record a day", "\"needle haystack\"", None),
            ("text, a word of most records", common, None),
            ("text, two common words", "ka0 lo1", None),
            ("text, a phrase of common words that never was", "\"ka0 ka0 ka0 ka0 ka0 ka0\"", None),
            ("text, a word that nobody said", "unheard", None),
            ("text, a common word of one user", common, Some("user-7@example.com")),
            ("text, a common word of nobody", common, Some("nobody")),
        ] {
            let filter = EventFilter { user: user.map(str::to_owned), ..EventFilter::default() };
            let words = Query::parse(words).unwrap();
            let page = async || told(&self.store.search(filter.clone(), words.clone(), 100, "").await.unwrap());
            self.time(name, page).await;
        }
    }
}

fn told(page: &Page) -> usize {
    page.events.len()
}
