//! Payloads that are encrypted, from their recording to the loss of their key.

use std::{fs, path::Path, time::Duration};

use jiff::Timestamp;
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::{
    domain::{
        decision::Action,
        exchange::{CallContext, Payload, Payloads},
    },
    events::EventStore,
};

use super::{
    Analysis, Erased, KeepPayloads, Log, LogError, LogSettings, Masking, MasterKeys, NewRecord, PayloadFault,
    RecordKind, Rewrapped, SEARCH_INDEX, SchemaProblem, StorageFault, StoredRecord, delivery, read_searchable,
    samples::{allowed, folder, judged, later, pending, sequences},
    schema, vault,
    verify::{Problem, verify},
};

fn keys(words: &[&str]) -> MasterKeys {
    MasterKeys::parse(&words.iter().map(|word| word.repeat(32)).collect::<Vec<_>>().join("\n")).unwrap()
}

fn open(dir: &Path, words: &[&str]) -> Log {
    let keys = Some(words).filter(|words| !words.is_empty()).map(keys);
    Log::open_with(dir, &LogSettings { keys, ..LogSettings::default() }).unwrap()
}

fn of(tenant: &str) -> NewRecord {
    let record = pending();
    let context = CallContext { principal: tenant.to_owned(), ..record.context.clone() };
    NewRecord { context, ..record }
}

async fn read(log: &Log, sequence: u64) -> StoredRecord {
    EventStore::new(log).get(&format!("{}-{sequence}", log.node())).await.unwrap().unwrap()
}

/// It comes back as it was recorded.
async fn is_whole(log: &Log, sequence: u64) {
    let stored = read(log, sequence).await;
    assert_eq!(stored.fault, None);
    assert_eq!(stored.request.as_ref(), pending().payloads.request());
    assert_eq!(stored.response.as_ref(), pending().payloads.response());
    assert_eq!(stored.envelope, pending().context.envelope);
}

async fn is_away(log: &Log, sequence: u64, fault: PayloadFault) {
    let stored = read(log, sequence).await;
    assert_eq!((stored.fault, stored.request, stored.response), (Some(fault), None, None));
    assert!(stored.envelope.is_empty() && stored.event.sequence == sequence, "the event itself is listed as before");
}

/// Whether the bytes stand anywhere in the folder.
fn holds(dir: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(dir).unwrap().any(|entry| {
        let file = fs::read(entry.unwrap().path()).unwrap();
        file.windows(bytes.len()).any(|window| window == bytes)
    })
}

#[tokio::test]
async fn what_is_encrypted_comes_back_and_stands_nowhere_in_the_folder() {
    let dir = folder();
    let plain = b"a bare\0text";
    let log = open(dir.path(), &["aa"]);
    assert_eq!(sequences(log.append(vec![of("acme"), of("acme"), of("")], later()).await.unwrap()), [1, 2, 3]);
    log.append_behind(of("other"), later()).await.unwrap();
    log.flush().await.unwrap();
    assert!(!holds(dir.path(), plain));
    for sequence in 1..=4 {
        is_whole(&log, sequence).await;
    }
    let waiting = log.pending(0, 10).await.unwrap();
    assert!(waiting.iter().all(|one| one.payloads.as_ref() == Ok(&pending().payloads)));
    log.complete(vec![(1, judged(Action::Allow))], later()).await.unwrap();
    log.close().await;
    let log = open(dir.path(), &["aa"]);
    is_whole(&log, 1).await;
    log.append(vec![of("acme")], later()).await.unwrap();
    log.close().await;
    let keys: i64 = Connection::open(dir.path().join("portcullis.db"))
        .unwrap()
        .query_row("SELECT count(*) FROM data_key", [], |row| row.get(0))
        .unwrap();
    assert_eq!(keys, 3, "one for each tenant");
    assert!(verify(dir.path(), None).unwrap().is_whole());
}

#[tokio::test]
async fn without_its_master_key_a_payload_is_locked_and_recording_goes_on_under_the_new_one() {
    let dir = folder();
    let log = open(dir.path(), &["aa"]);
    log.append(vec![of("acme")], later()).await.unwrap();
    log.close().await;
    let log = open(dir.path(), &["bb"]);
    is_away(&log, 1, PayloadFault::Locked).await;
    assert_eq!((log.pending(0, 1).await.unwrap(), log.locked().await.unwrap()), (Vec::new(), 1));
    let found = log.readers().run(|connection, node| delivery::find(connection, node, 1)).await.unwrap();
    assert!(matches!(found, delivery::Found::Unreadable(1)), "a sink must not take it for a record without payloads");
    let next = sequences(log.append(vec![of("acme")], later()).await.unwrap())[0];
    is_whole(&log, next).await;
    log.close().await;
    let log = open(dir.path(), &["bb", "aa"]);
    is_whole(&log, 1).await;
    log.close().await;
}

/// Its next records would be stored in the clear, and nothing would show it.
#[tokio::test]
async fn an_encrypted_log_is_not_opened_without_a_master_key_until_it_is_erased() {
    let dir = folder();
    let log = open(dir.path(), &["aa"]);
    log.append(vec![of("acme"), of("other")], later()).await.unwrap();
    log.close().await;
    for _ in 0..2 {
        let refused = Log::open_with(dir.path(), &LogSettings::default()).unwrap_err();
        assert!(matches!(refused, LogError::Schema { problem: SchemaProblem::Keyless, .. }), "{refused:?}");
        assert!(refused.to_string().contains("PORTCULLIS_LOG_KEY"), "{refused}");
        // A command needs none, and the folder is free for it.
        let log = Log::open_for_command(dir.path()).unwrap();
        is_away(&log, 2, PayloadFault::Locked).await;
        log.close().await;
        drop(log);
        Log::erase(dir.path(), "acme").unwrap();
    }
    Log::erase(dir.path(), "other").unwrap();
    let log = open(dir.path(), &[]);
    is_away(&log, 1, PayloadFault::Erased).await;
    log.append(vec![of("acme")], later()).await.unwrap();
    log.close().await;
    open(dir.path(), &[]).close().await;
}

#[tokio::test]
async fn a_master_key_is_rotated_without_touching_a_record() {
    let dir = folder();
    let log = open(dir.path(), &["aa"]);
    log.append(vec![of("acme"), of("other")], later()).await.unwrap();
    assert!(matches!(Log::rewrap(dir.path(), &keys(&["bb"])), Err(LogError::InUse { .. })));
    log.close().await;
    let locked = Rewrapped { locked: 2, ..Rewrapped::default() };
    assert_eq!(Log::rewrap(dir.path(), &keys(&["bb"])).unwrap(), locked);
    let rewrapped = Rewrapped { rewrapped: 2, ..Rewrapped::default() };
    assert_eq!(Log::rewrap(dir.path(), &keys(&["bb", "aa"])).unwrap(), rewrapped);
    let current = Rewrapped { current: 2, ..Rewrapped::default() };
    assert_eq!(Log::rewrap(dir.path(), &keys(&["bb"])).unwrap(), current);
    let log = open(dir.path(), &["bb"]);
    is_whole(&log, 1).await;
    is_whole(&log, 2).await;
    log.close().await;
}

#[tokio::test]
async fn an_erased_tenant_is_gone_for_good_and_the_chain_holds() {
    let dir = folder();
    let log = open(dir.path(), &[]);
    log.append(vec![of("acme")], later()).await.unwrap();
    log.close().await;
    let log = open(dir.path(), &["aa"]);
    log.append(vec![of("acme"), of("other")], later()).await.unwrap();
    log.close().await;
    let wrapped: Vec<u8> = Connection::open(dir.path().join("portcullis.db"))
        .unwrap()
        .query_row("SELECT wrapped FROM data_key WHERE tenant = 'acme'", [], |row| row.get(0))
        .unwrap();
    assert!(holds(dir.path(), &wrapped));
    assert_eq!(Log::erase(dir.path(), "acme").unwrap(), Erased { keys: 1, before: 0, unprotected: 1 });
    assert_eq!(Log::erase(dir.path(), "acme").unwrap(), Erased { keys: 0, before: 1, unprotected: 1 });
    assert!(!holds(dir.path(), &wrapped), "nor in a page that is free, nor in the write-ahead log");
    let log = open(dir.path(), &["aa"]);
    is_away(&log, 2, PayloadFault::Erased).await;
    let found = log.readers().run(|connection, node| delivery::find(connection, node, 2)).await.unwrap();
    assert!(matches!(found, delivery::Found::Record(record) if record.fault == Some(PayloadFault::Erased)));
    is_whole(&log, 3).await;
    assert_eq!(sequences(log.append(vec![of("acme")], later()).await.unwrap()), [4]);
    is_whole(&log, 4).await;
    log.close().await;
    assert!(verify(dir.path(), None).unwrap().is_whole());
}

#[tokio::test]
async fn no_copy_of_an_erased_key_stays_in_a_page_that_was_divided() {
    let dir = folder();
    let settings = LogSettings { keys: Some(keys(&["aa"])), ..LogSettings::default() };
    let secured = |connection: &Connection| {
        connection.pragma_query_value(None, "secure_delete", |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(secured(&schema::open(dir.path(), &settings, schema::Opening::Service).unwrap().connection), 1);
    // As versions before left it, which overwrote nothing.
    let connection = Connection::open(dir.path().join("portcullis.db")).unwrap();
    connection.pragma_update_and_check(None, "secure_delete", false, |_| Ok(())).unwrap();
    let made: Vec<_> = (0..100).map(|number| (format!("tenant-{number}"), random(16), random(72))).collect();
    for (tenant, id, wrapped) in &made {
        let row = "INSERT INTO data_key (id, tenant, master, wrapped, made) VALUES (?1, ?2, x'01234567', ?3, 0)";
        connection.execute(row, params![id, tenant, wrapped]).unwrap();
    }
    drop(connection);
    let mut opened = schema::open(dir.path(), &LogSettings::default(), schema::Opening::Command).unwrap();
    for (tenant, ..) in &made[1..] {
        let erased = vault::erase(&mut opened.connection, tenant).unwrap();
        assert_eq!(erased, Erased { keys: 1, before: 0, unprotected: 0 });
    }
    drop(opened);
    let left = made.iter().filter(|(_, _, wrapped)| holds(dir.path(), wrapped)).map(|(tenant, ..)| tenant.as_str());
    assert_eq!(left.collect::<Vec<_>>(), ["tenant-0"]);
}

fn random(bytes: usize) -> Vec<u8> {
    let mut drawn: Vec<u8> = (0..bytes.div_ceil(16)).flat_map(|_| Uuid::new_v4().into_bytes()).collect();
    drawn.truncate(bytes);
    drawn
}

#[tokio::test]
async fn the_words_of_an_erased_tenant_go_before_its_key() {
    let dir = folder();
    let log = open(dir.path(), &["aa"]);
    log.append(vec![of("acme")], later()).await.unwrap();
    log.close().await;
    let index = dir.path().join(SEARCH_INDEX);
    // Cannot be removed as a file is.
    fs::create_dir(&index).unwrap();
    assert!(matches!(Log::erase(dir.path(), "acme"), Err(LogError::Io { .. })));
    fs::remove_dir(&index).unwrap();
    assert_eq!(Log::erase(dir.path(), "acme").unwrap().keys, 1, "it was not touched");
    // As a crash behind the key's end would have left it.
    fs::write(&index, "words").unwrap();
    assert_eq!(Log::erase(dir.path(), "acme").unwrap().keys, 0);
    assert!(!index.exists());
}

#[tokio::test]
async fn an_erasure_that_a_reader_keeps_from_the_file_fails() {
    let dir = folder();
    let log = open(dir.path(), &["aa"]);
    log.append(vec![of("acme")], later()).await.unwrap();
    log.close().await;
    let mut opened = schema::open(dir.path(), &LogSettings::default(), schema::Opening::Command).unwrap();
    opened.connection.busy_timeout(Duration::ZERO).unwrap();
    let mut reader = Connection::open(dir.path().join("portcullis.db")).unwrap();
    let view = reader.transaction().unwrap();
    let records: i64 = view.query_row("SELECT count(*) FROM record", [], |row| row.get(0)).unwrap();
    assert_eq!(records, 1);
    let refused = vault::erase(&mut opened.connection, "acme").unwrap_err();
    assert_eq!(refused, LogError::Storage(StorageFault::Busy));
    drop(view);
    let done = vault::erase(&mut opened.connection, "acme").unwrap();
    assert_eq!(done, Erased { keys: 0, before: 1, unprotected: 0 }, "the first run destroyed it");
}

fn reduced(dir: &Path, payloads: KeepPayloads, keys: Option<MasterKeys>) -> Log {
    // Stands for the detectors: a word is what must not stay.
    let masking = Masking::new(|payloads| {
        let mask = |payload: &Payload| match payload {
            Payload::Text(text) => Payload::Text(text.replace("text", "[WORD]")),
            Payload::Json(json) => Payload::Json(json.clone()),
        };
        let Payloads::Both { request, response } = payloads else { return None };
        Some(Payloads::Both { request: mask(request), response: mask(response) })
    });
    let settings = LogSettings { payloads, masking: Some(masking), keys, ..LogSettings::default() };
    Log::open_with(dir, &settings).unwrap()
}

async fn finish(log: &Log) {
    let waiting = log.pending(0, 10).await.unwrap();
    let finished = waiting.iter().map(|record| log.finish(record, judged(Action::Allow)).unwrap()).collect();
    log.complete_all(finished, later()).await.unwrap();
}

#[tokio::test]
async fn what_waits_for_its_key_loses_nothing_and_holds_up_nobody() {
    for mode in [KeepPayloads::Full, KeepPayloads::Masked, KeepPayloads::Metadata] {
        let dir = folder();
        let log = reduced(dir.path(), mode, Some(keys(&["aa"])));
        log.append(vec![pending()], later()).await.unwrap();
        log.close().await;
        let log = reduced(dir.path(), mode, Some(keys(&["bb"])));
        log.append(vec![pending()], later()).await.unwrap();
        finish(&log).await;
        assert_eq!(log.locked().await.unwrap(), 1);
        let analyses = [read(&log, 1).await, read(&log, 2).await].map(|stored| stored.event.outcome.analysis());
        assert_eq!(analyses, [Analysis::Pending, Analysis::Done], "{mode:?}");
        let wanted = delivery::Wanted {
            after: 0,
            kinds: vec![RecordKind::Exchange],
            records: 10,
            bytes: 1 << 20,
            pending_before: Timestamp::MIN,
            reduces: log.reduces_payloads(),
        };
        let ahead =
            log.readers().run(move |connection, node| delivery::ahead(connection, node, &wanted)).await.unwrap();
        assert_eq!((ahead.read_to, ahead.pending), (2, None));
        assert!(matches!(&ahead.found[..], [delivery::Found::Unreadable(1), delivery::Found::Record(_)]));
        let words = log.readers().run(|connection, _| read_searchable(connection, 0, 10, 1 << 20)).await.unwrap();
        assert_eq!((words.reached, words.records.len()), (2, 2));
        log.close().await;
        let log = reduced(dir.path(), mode, Some(keys(&["bb", "aa"])));
        is_whole(&log, 1).await;
        assert_eq!(log.locked().await.unwrap(), 0);
        finish(&log).await;
        assert_eq!(log.pending(0, 10).await.unwrap(), []);
        assert_eq!(read(&log, 1).await.is_masked, mode == KeepPayloads::Masked);
        log.close().await;
        assert!(verify(dir.path(), None).unwrap().is_whole());
    }
}

#[tokio::test]
async fn what_is_not_to_be_kept_goes_with_the_judgement_and_the_chain_holds() {
    for with_keys in [false, true] {
        for mode in [KeepPayloads::Masked, KeepPayloads::Metadata] {
            let dir = folder();
            let log = reduced(dir.path(), mode, with_keys.then(|| keys(&["aa"])));
            // Judged at once, and judged later; and one that cannot be masked.
            let half = NewRecord { payloads: Payloads::Request(Payload::Text("text".to_owned())), ..allowed() };
            log.append(vec![allowed(), pending(), half], later()).await.unwrap();
            assert!(verify(dir.path(), None).unwrap().is_whole());
            is_whole(&log, 2).await;
            finish(&log).await;
            for sequence in [1, 2] {
                let stored = read(&log, sequence).await;
                assert!(stored.envelope.is_empty());
                if mode == KeepPayloads::Masked {
                    assert_eq!((stored.fault, stored.is_masked), (None, true));
                    let Some(Payload::Text(text)) = &stored.request else { panic!("{stored:?}") };
                    assert!(text.contains("[WORD]") && !text.contains("text"), "{text}");
                    assert_eq!(stored.response.as_ref(), pending().payloads.response());
                } else {
                    is_away(&log, sequence, PayloadFault::NotKept).await;
                }
            }
            is_away(&log, 3, PayloadFault::NotKept).await;
            log.close().await;
            let found = verify(dir.path(), None).unwrap();
            assert!(found.is_whole(), "{:?}", found.problems);
            assert!(!holds(dir.path(), b"a bare\0text"));
            // What stayed is covered as what was recorded is.
            let connection = Connection::open(dir.path().join("portcullis.db")).unwrap();
            connection.execute_batch("UPDATE record SET request = 'x' WHERE seq = 2").unwrap();
            assert_eq!(verify(dir.path(), None).unwrap().problems, [Problem::Payload(2)]);
            connection.execute_batch("UPDATE record SET kept = NULL WHERE seq = 2").unwrap();
            assert!(verify(dir.path(), None).unwrap().problems.contains(&Problem::Judgement(2)));
        }
    }
}
