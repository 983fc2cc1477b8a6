//! What retention took before a sink had it.

use std::sync::Arc;

use super::{Bench, many, plan};
use crate::{
    deliver::{DeliveryFailure, Plan, memory::MemorySink},
    record::{
        Log,
        samples::{folder, later},
    },
    telemetry::metrics,
};

#[tokio::test]
async fn what_was_removed_before_a_sink_had_it_is_counted_and_told_once() {
    // Metrics belong to the process: no other test has this name.
    let plan = || Plan { name: "left-behind".into(), ..plan() };
    let gone = |count: u64| {
        let line = format!("portcullis_delivery_dead_letters_total{{sink=\"left-behind\",reason=\"gone\"}} {count}");
        let page = metrics().render(None);
        assert!(page.lines().any(|found| found == line), "{line} in\n{page}");
    };
    let (dir, sink) = (folder(), MemorySink::willing());
    let bench = Bench::open(&dir, &sink, plan());
    bench.append(many(2)).await;
    bench.until(|row| row.cursor == 2).await;
    assert_eq!(bench.status().last_failure, None);
    bench.close().await;
    gone(0);
    // Nobody serves it, and retention goes on.
    let log = Arc::new(Log::open(dir.path()).unwrap());
    log.append(many(3), later()).await.unwrap();
    rusqlite::Connection::open(log.path()).unwrap().execute("DELETE FROM record WHERE seq < 5", []).unwrap();
    let bench = Bench::over(log, &sink, plan());
    assert_eq!(sink.arrived(3).await, [1, 2, 5]);
    bench.until(|row| row.cursor == 5).await;
    assert_eq!(bench.status().last_failure.map(|(reason, _)| reason), Some(DeliveryFailure::Gone));
    gone(2);
    bench.close().await;
    let bench = Bench::open(&dir, &sink, plan());
    bench.append(many(1)).await;
    assert_eq!(sink.arrived(4).await, [1, 2, 5, 6]);
    bench.until(|row| row.cursor == 6).await;
    assert_eq!(bench.status().last_failure, None);
    gone(2);
    bench.close().await;
}
