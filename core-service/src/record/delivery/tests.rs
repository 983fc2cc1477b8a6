use rusqlite::StatementStatus;

use super::*;
use crate::record::{
    samples::{allowed, folder, later, pending},
    stored::SELECT_STORED,
};

/// How many were found, up to where it looked, and how many are missing.
async fn look(log: &Log, after: u64, records: usize) -> (usize, u64, u64) {
    let kinds = vec![RecordKind::Exchange];
    let wanted = Wanted { after, kinds, records, bytes: usize::MAX, pending_before: Timestamp::MIN, reduces: false };
    let found = log.readers().run(move |connection, node| ahead(connection, node, &wanted)).await.unwrap();
    (found.found.len(), found.read_to, found.removed)
}

fn remove(log: &Log, up_to: u64) {
    Connection::open(log.path()).unwrap().execute("DELETE FROM record WHERE seq <= ?1", [integer(up_to)]).unwrap();
}

#[tokio::test]
async fn what_was_removed_is_counted_once_wherever_the_look_ends() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    log.append(vec![allowed(), allowed(), allowed(), pending(), allowed()], later()).await.unwrap();
    assert_eq!(look(&log, 1, 10).await, (2, 3, 0));
    remove(&log, 3);
    // Before one that waits for its analysis, and before one for which there is no room.
    assert_eq!(look(&log, 1, 10).await, (0, 3, 2));
    assert_eq!(look(&log, 1, 0).await, (0, 3, 2));
    assert_eq!(look(&log, 3, 10).await, (0, 3, 0));
    remove(&log, 4);
    assert_eq!(look(&log, 3, 10).await, (1, 5, 1));
    assert_eq!(look(&log, 5, 10).await, (0, 5, 0));
    log.close().await;
}

#[tokio::test]
async fn a_statement_is_prepared_once_whatever_it_is_asked() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    log.append(vec![allowed(), allowed(), allowed()], later()).await.unwrap();
    let again = |connection: &mut Connection, node: &Arc<str>| {
        let prepared = |connection: &Connection| {
            connection.prepare_cached(&SELECT_STORED).map(|statement| statement.get_status(StatementStatus::RePrepare))
        };
        let before = prepared(connection)?;
        for sequence in 1..4 {
            assert!(read_stored(connection, node, sequence)?.is_some());
        }
        Ok(prepared(connection)? - before)
    };
    assert_eq!(log.readers().run(again).await.unwrap(), 0);
    log.close().await;
}

#[tokio::test]
async fn a_sink_that_begins_with_the_oldest_record_has_missed_nothing() {
    let dir = folder();
    let log = Log::open(dir.path()).unwrap();
    let register = async |sink: &str| {
        let change = DeliveryChange::Register { sink: sink.into(), begin: Begin::Oldest };
        log.deliver(change, later()).await.unwrap()
    };
    assert_eq!(register("first").await, 0);
    log.append(vec![allowed(), allowed(), allowed()], later()).await.unwrap();
    remove(&log, 2);
    assert_eq!(register("second").await, 2);
    remove(&log, 3);
    assert_eq!(register("third").await, 3);
    // One that is known keeps its place, and is told what it missed.
    assert_eq!(register("first").await, 0);
    log.append(vec![allowed()], later()).await.unwrap();
    assert_eq!(look(&log, 0, 10).await, (1, 4, 3));
    assert_eq!(look(&log, 3, 10).await, (1, 4, 0));
    log.close().await;
}
