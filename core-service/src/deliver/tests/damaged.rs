//! A file that is damaged in its middle, and one that has no room.

use std::{fs, sync::Arc};

use super::{Bench, DOWN, many, plan};
use crate::{
    deliver::{DeliveryFailure, Outcome, memory::MemorySink},
    record::{
        HealthStatus, Log, StorageFault,
        samples::{folder, later},
    },
};

#[tokio::test]
async fn a_damaged_page_keeps_no_other_record_from_a_sink() {
    let (dir, sink) = (folder(), MemorySink::willing());
    let log = Log::open(dir.path()).unwrap();
    log.append(many(600), later()).await.unwrap();
    let file = log.path().to_path_buf();
    log.close().await;
    let mut bytes = fs::read(&file).unwrap();
    let pages = bytes.len() / 8192;
    let is_of_records = |page: &[u8]| page.windows(6).any(|window| window == b"a bare");
    let hit = bytes.chunks_mut(8192).skip(pages / 2).find(|page| is_of_records(page)).unwrap();
    hit.fill(0);
    fs::write(&file, &bytes).unwrap();
    let bench = Bench::over(Arc::new(Log::open(dir.path()).unwrap()), &sink, plan());
    assert_eq!(bench.log.health().status, HealthStatus::Ok, "the ends are whole");
    let row = bench.until(|row| row.cursor == 600).await;
    let (dead, delivered) = (bench.dead().await, sink.delivered());
    assert!(!dead.is_empty() && dead.len() < 60, "{}", dead.len());
    assert_eq!((row.dead, dead.len() + delivered.len()), (dead.len() as u64, 600));
    assert!(dead.iter().all(|one| one.reason == DeliveryFailure::Unreadable && !delivered.contains(&one.sequence)));
    assert_eq!(bench.status().dead, row.dead);
    assert_eq!(bench.log.health().status, HealthStatus::Failing(StorageFault::Corrupt));
    bench.close().await;
}

/// No row more fits beside the cursor, so that what is held stands in memory alone.
#[tokio::test]
async fn the_cursor_goes_up_to_what_cannot_be_held() {
    let sink = MemorySink::new(|delivery| if delivery.sequence() == 3 { DOWN } else { Outcome::Delivered });
    let dir = folder();
    let log = Arc::new(Log::open(dir.path()).unwrap());
    // What fits nowhere.
    let full = "CREATE TABLE filler (x);
        CREATE TRIGGER no BEFORE INSERT ON undelivered BEGIN INSERT INTO filler VALUES (zeroblob(2000000000)); END";
    rusqlite::Connection::open(log.path()).unwrap().execute_batch(full).unwrap();
    let bench = Bench::over(log, &sink, plan());
    bench.append(many(5)).await;
    bench.until(|row| row.cursor == 2 && row.held == 0).await;
    let mut arrived = sink.arrived(4).await;
    arrived.sort_unstable();
    assert_eq!(arrived, [1, 2, 4, 5]);
    sink.decides(|_| Outcome::Delivered);
    bench.until(|row| row.cursor == 5).await;
    bench.close().await;
}
