//! A disk that takes nothing, and files that cannot be read.

use std::{
    fs,
    path::{Path, PathBuf},
};

use proptest::{
    prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest},
    test_runner::Config,
};
use rusqlite::Connection;

use crate::{
    domain::exchange::{Payload, Payloads},
    events::{EventFilter, EventStore},
};

use super::{
    Begin, DeliveryChange, HealthStatus, Log, LogError, LogSettings, MasterKeys, NewRecord, OnFull, RecordKind,
    SchemaProblem, StorageFault, StoredRecord,
    samples::{allowed, folder, later, sequences},
};

const FILE: &str = "portcullis.db";

fn large() -> NewRecord {
    NewRecord { payloads: Payloads::Request(Payload::Json(vec![b' '; 256 << 10].into())), ..allowed() }
}

/// A log of 2 MiB.
pub(super) fn small(dir: &Path, on_full: OnFull) -> Log {
    Log::open_with(dir, &LogSettings { on_full, max_bytes: Some(2 << 20), ..LogSettings::default() }).unwrap()
}

fn make_room(log: &Log) {
    Connection::open(log.path()).unwrap().execute_batch("DELETE FROM record").unwrap();
}

async fn comes_back(log: &Log) {
    log.health.status.clone().wait_for(|status| *status == HealthStatus::Ok).await.unwrap();
}

pub(super) async fn incidents(log: &Log) -> Vec<(u64, serde_json::Value)> {
    // What the writer has to tell of itself comes before everything that it is asked for.
    let _ = log.flush().await;
    let store = EventStore::new(log);
    let only = EventFilter { kind: Some(RecordKind::Log), ..EventFilter::default() };
    let mut found = Vec::new();
    for event in store.list(only, 0, "").await.unwrap().events {
        let Some(StoredRecord { request: Some(Payload::Json(json)), .. }) = store.get(&event.id()).await.unwrap()
        else {
            panic!("an incident without its details")
        };
        found.push((event.sequence, serde_json::from_slice(&json).unwrap()));
    }
    found
}

#[tokio::test]
async fn a_full_log_refuses_and_goes_on_when_there_is_room() {
    let dir = folder();
    let log = small(dir.path(), OnFull::Refuse);
    let mut recorded = 0;
    let refused = loop {
        match log.append(vec![large()], later()).await {
            Ok(appended) => recorded = sequences(appended)[0],
            Err(error) => break error,
        }
    };
    assert_eq!(refused, LogError::Storage(StorageFault::Quota));
    assert!(recorded > 2, "{recorded}");
    assert_eq!(log.health().status, HealthStatus::Failing(StorageFault::Quota));
    assert_eq!(log.append_behind(allowed(), later()).await, Err(refused), "nothing is answered that cannot be kept");
    // As long as there is no room, no probe says that there is.
    assert_eq!(log.append(vec![large()], later()).await, Err(LogError::Storage(StorageFault::Quota)));
    make_room(&log);
    comes_back(&log).await;
    assert_eq!(sequences(log.append(vec![large()], later()).await.unwrap()), [recorded + 1]);
    log.append_behind(allowed(), later()).await.unwrap();
    log.flush().await.unwrap();
    assert_eq!((log.health().lost, log.health().shed), (0, 0));
    assert_eq!(incidents(&log).await, [], "who was refused knows it: that is no gap");
    log.close().await;
}

#[tokio::test]
async fn a_full_log_sheds_when_that_is_chosen_and_shows_the_gap_where_it_is() {
    let dir = folder();
    let log = small(dir.path(), OnFull::Shed);
    let mut recorded = 0;
    loop {
        let appended = log.append(vec![large()], later()).await.unwrap()[0];
        if appended.is_shed() {
            break;
        }
        recorded = appended.sequence;
    }
    for appended in log.append(vec![large(), large()], later()).await.unwrap() {
        assert!(appended.is_shed());
    }
    log.append_behind(large(), later()).await.unwrap();
    let _ = log.flush().await;
    let health = log.health();
    assert_eq!((health.status, health.lost), (HealthStatus::Failing(StorageFault::Quota), 0));
    assert_eq!(health.shed, 4);
    make_room(&log);
    comes_back(&log).await;
    let next = sequences(log.append(vec![allowed()], later()).await.unwrap())[0];
    let found = incidents(&log).await;
    let [(at, gap)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((recorded + 1, *at + 1), (*at, next), "between what was before and what came after");
    assert_eq!((&gap["incident"], &gap["records"]), (&"gap".into(), &4.into()));
    assert_eq!(gap["fault"], StorageFault::Quota.to_string());
    assert!(gap["from"].as_str() <= gap["until"].as_str());
    log.close().await;
}

/// It would stay pending for ever when it was believed to be written.
#[tokio::test]
async fn the_result_of_an_analysis_is_refused_and_never_shed() {
    let dir = folder();
    let log = small(dir.path(), OnFull::Shed);
    log.append(vec![super::samples::pending()], later()).await.unwrap();
    let trigger = "CREATE TRIGGER no BEFORE UPDATE ON record BEGIN SELECT raise(ABORT, ''); END";
    Connection::open(log.path()).unwrap().execute_batch(trigger).unwrap();
    let judged = super::samples::judged(crate::domain::decision::Action::Allow);
    assert!(log.complete(vec![(1, judged)], later()).await.is_err());
    assert_eq!((log.health().lost, log.health().shed), (0, 0));
    log.close().await;
}

/// A log of some records, closed: its file.
async fn made(dir: &Path, records: usize) -> PathBuf {
    let log = Log::open(dir).unwrap();
    for _ in 0..records {
        log.append_behind(allowed(), later()).await.unwrap();
    }
    log.close().await;
    dir.join(FILE)
}

async fn begins_anew(dir: &Path, found: &str) -> Log {
    let log = Log::open(dir).unwrap();
    let told = incidents(&log).await;
    let [(1, damage)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((&damage["incident"], &damage["found"]), (&"file_damaged".into(), &found.into()));
    assert_eq!(log.damaged_files(), [damage["moved_to"].as_str().unwrap()]);
    assert_eq!(sequences(log.append(vec![allowed()], later()).await.unwrap()), [2]);
    log
}

#[tokio::test]
async fn a_file_that_is_no_database_is_moved_aside_whole() {
    let dir = folder();
    let text = "not a database. ".repeat(1000);
    fs::write(dir.path().join(FILE), &text).unwrap();
    let log = begins_anew(dir.path(), "at_start").await;
    assert_eq!(fs::read_to_string(dir.path().join(&log.damaged_files()[0])).unwrap(), text);
    log.close().await;
    // It is over with that: the next start finds a good file, and the other one is still told of.
    let log = Log::open(dir.path()).unwrap();
    assert_eq!((incidents(&log).await.len(), log.damaged_files().len()), (1, 1));
    log.close().await;
}

#[tokio::test]
async fn a_file_that_was_cut_or_overwritten_is_moved_aside() {
    for damage in ["first page", "half of it", "schema", "roots"] {
        let dir = folder();
        let file = made(dir.path(), 500).await;
        let mut bytes = fs::read(&file).unwrap();
        match damage {
            "first page" => bytes[..100].fill(0),
            "half of it" => bytes.truncate(bytes.len() / 2),
            "schema" => bytes[100..8192].fill(0xff),
            _ => bytes[8192..20 * 8192].fill(0),
        }
        fs::write(&file, &bytes).unwrap();
        let log = begins_anew(dir.path(), "at_start").await;
        assert_eq!(fs::read(dir.path().join(&log.damaged_files()[0])).unwrap(), bytes, "{damage}");
        log.close().await;
    }
}

#[tokio::test]
async fn damage_that_is_found_later_fails_health_and_moves_the_file_at_the_next_start() {
    let dir = folder();
    let file = made(dir.path(), 2000).await;
    let mut bytes = fs::read(&file).unwrap();
    let pages = bytes.len() / 8192;
    // Pages of records, and of nothing else whose ends are looked at.
    for page in bytes.chunks_mut(8192).take(pages / 5 * 3).skip(pages / 5 * 2) {
        if page.windows(6).any(|window| window == b"a bare") {
            page.fill(0);
        }
    }
    fs::write(&file, &bytes).unwrap();
    let log = Log::open(dir.path()).unwrap();
    assert_eq!(log.health().status, HealthStatus::Ok, "the ends are whole");
    let store = EventStore::new(&log);
    let mut found = None;
    for sequence in 1..=2000 {
        found = found.or(store.get(&format!("{}-{sequence}", log.node())).await.err());
    }
    assert_eq!(found, Some(LogError::Storage(StorageFault::Corrupt).into()));
    assert_eq!(log.health().status, HealthStatus::Failing(StorageFault::Corrupt));
    log.close().await;
    begins_anew(dir.path(), "while_running").await.close().await;
}

#[tokio::test]
async fn a_damaged_page_keeps_no_other_record_from_its_analysis() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    for _ in 0..4 {
        log.append((0..500).map(|_| super::samples::pending()).collect(), later()).await.unwrap();
    }
    let file = log.path().to_path_buf();
    log.close().await;
    let mut bytes = fs::read(&file).unwrap();
    let pages = bytes.len() / 8192;
    let is_of_records = |page: &[u8]| page.windows(6).any(|window| window == b"a bare");
    bytes.chunks_mut(8192).skip(pages / 5 * 2).find(|page| is_of_records(page)).unwrap().fill(0);
    fs::write(&file, &bytes).unwrap();
    let log = Log::open(dir.path()).unwrap();
    let mut found = Vec::new();
    loop {
        let more = log.pending(found.last().copied().unwrap_or(0), 100).await.unwrap();
        if more.is_empty() {
            break;
        }
        found.extend(more.into_iter().map(|one| one.sequence));
    }
    assert!(found.is_sorted() && (1900..2000).contains(&found.len()), "{}", found.len());
    assert_eq!((found.first(), found.last()), (Some(&1), Some(&2000)));
    assert_eq!(log.health().status, HealthStatus::Failing(StorageFault::Corrupt));
    log.close().await;
}

#[tokio::test]
async fn what_a_damaged_file_had_not_delivered_is_told_where_it_can_be_read() {
    let (dir, sink) = (folder(), std::sync::Arc::<str>::from("kafka"));
    let log = Log::open(dir.path()).unwrap();
    log.append((0..10).map(|_| allowed()).collect(), later()).await.unwrap();
    let register = DeliveryChange::Register { sink: sink.clone(), begin: Begin::Oldest };
    log.deliver(register, later()).await.unwrap();
    let progress = DeliveryChange::Progress { sink, cursor: 4, set: Vec::new(), cleared: Vec::new() };
    log.deliver(progress, later()).await.unwrap();
    log.close().await;
    fs::write(dir.path().join("portcullis.damaged"), "20260101T000000000Z while_running").unwrap();
    let log = begins_anew(dir.path(), "while_running").await;
    assert_eq!(incidents(&log).await[0].1["undelivered"], serde_json::json!({"kafka": 6}));
    log.close().await;
    fs::write(dir.path().join(FILE), "not a database. ".repeat(1000)).unwrap();
    let log = Log::open(dir.path()).unwrap();
    assert_eq!(incidents(&log).await[0].1["undelivered"], serde_json::Value::Null);
    log.close().await;
}

/// A crash between the moves leaves a part of the files.
#[tokio::test]
async fn a_move_that_was_interrupted_is_ended() {
    let dir = folder();
    let file = made(dir.path(), 10).await;
    fs::write(dir.path().join("portcullis.damaged"), "20260101T000000000Z at_start").unwrap();
    fs::write(dir.path().join("portcullis.db-wal"), "of the old file").unwrap();
    fs::rename(&file, dir.path().join("portcullis.db.damaged-20260101T000000000Z")).unwrap();
    let log = begins_anew(dir.path(), "at_start").await;
    let wal = dir.path().join("portcullis.db.damaged-20260101T000000000Z-wal");
    assert_eq!(fs::read_to_string(wal).unwrap(), "of the old file");
    log.close().await;
}

#[tokio::test]
async fn a_head_that_no_version_understands_is_damage() {
    let dir = folder();
    let file = made(dir.path(), 10).await;
    let mut bytes = fs::read(&file).unwrap();
    // The format of the schema: 4 is the highest that there is.
    bytes[44..48].fill(5);
    fs::write(&file, &bytes).unwrap();
    begins_anew(dir.path(), "at_start").await.close().await;
}

/// Every file of the folder but the lock, by name.
fn contents(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |path: PathBuf| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap());
    let mut files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| read(entry.unwrap().path())).collect();
    files.retain(|(name, _)| name != "portcullis.lock");
    files.sort_unstable();
    files
}

/// What it answered would be about the new file, and what became of the old one nobody would be told.
#[tokio::test]
async fn a_command_leaves_a_damaged_file_where_it_is_and_says_so() {
    for is_marked in [false, true] {
        let dir = folder();
        if is_marked {
            made(dir.path(), 10).await;
            fs::write(dir.path().join("portcullis.damaged"), "20260101T000000000Z while_running").unwrap();
        } else {
            fs::write(dir.path().join(FILE), "not a database. ".repeat(1000)).unwrap();
        }
        let before = contents(dir.path());
        let keys = MasterKeys::parse(&"ab".repeat(32)).unwrap();
        for refused in [
            Log::open_for_command(dir.path()).map(drop),
            Log::erase(dir.path(), "acme").map(drop),
            Log::rewrap(dir.path(), &keys).map(drop),
        ] {
            let refused = refused.unwrap_err();
            assert!(matches!(refused, LogError::Schema { problem: SchemaProblem::Damaged, .. }), "{refused:?}");
            assert!(contents(dir.path()) == before, "nothing is moved, marked or begun");
        }
        begins_anew(dir.path(), if is_marked { "while_running" } else { "at_start" }).await.close().await;
    }
}

/// Where, how much, and with what it is overwritten; or where it is cut.
#[derive(Debug, Clone)]
enum Blow {
    Overwrite(prop::sample::Index, usize, u8),
    Cut(prop::sample::Index),
}

fn blow() -> impl Strategy<Value = Blow> {
    prop_oneof![
        4 => (any::<prop::sample::Index>(), 1..20_000_usize, any::<u8>())
            .prop_map(|(at, length, with)| Blow::Overwrite(at, length, with)),
        1 => any::<prop::sample::Index>().prop_map(Blow::Cut),
    ]
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, ..Config::default() })]
    /// What befalls the file, the third start at the latest records again: never a start that fails for ever.
    #[test]
    fn no_damage_makes_a_crash_loop(blows in prop::collection::vec(blow(), 1..4)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let dir = folder();
            let file = made(dir.path(), 200).await;
            let mut bytes = fs::read(&file).unwrap();
            for blow in blows {
                match blow {
                    Blow::Cut(at) => bytes.truncate(1 + at.index(bytes.len())),
                    Blow::Overwrite(at, length, with) => {
                        let from = at.index(bytes.len());
                        let to = bytes.len().min(from + length);
                        // The version and whose file it is: what says "not for you" is not damage.
                        let kept: Vec<u8> = bytes.get(60..72).unwrap_or_default().to_vec();
                        bytes[from..to].fill(with);
                        if kept.len() == 12 {
                            bytes[60..72].copy_from_slice(&kept);
                        }
                    }
                }
            }
            fs::write(&file, &bytes).unwrap();
            let mut recorded = false;
            for _ in 0..3 {
                let log = Log::open(dir.path()).unwrap();
                recorded = log.append(vec![allowed()], later()).await.is_ok();
                log.close().await;
                if recorded {
                    break;
                }
            }
            prop_assert!(recorded);
            let moved = Log::open(dir.path()).unwrap();
            prop_assert_eq!(moved.health().status, HealthStatus::Ok);
            moved.close().await;
            Ok(())
        })?;
    }
}
