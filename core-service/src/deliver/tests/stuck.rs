//! What fails again and again, and nothing else in hand: whoever comes then gets a turn all the same.

use super::{Bench, DOWN, of, plan};
use crate::{
    deliver::{Outcome, memory::MemorySink},
    record::samples::folder,
};

/// Records of these users, all of which fail until nothing else was tried for a while; then one of somebody else, which is
/// taken, and then the others. Answers in which order they arrived.
async fn passed(users: impl Fn(usize) -> String) -> Vec<u64> {
    let sink = MemorySink::new(|delivery| match delivery.key.as_deref() {
        Some("token-1/eve") => Outcome::Delivered,
        _ => DOWN,
    });
    let dir = folder();
    let bench = Bench::open(&dir, &sink, plan());
    bench.append((0..40).map(|at| of(&users(at))).collect()).await;
    while sink.batches().len() < 5 {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.append(vec![of("eve")]).await, [41]);
    assert_eq!(sink.arrived(1).await, [41]);
    sink.decides(|_| Outcome::Delivered);
    let arrived = sink.arrived(41).await;
    bench.close().await;
    arrived
}

#[tokio::test]
async fn more_users_who_fail_than_are_tried_at_a_time_stop_nobody_else() {
    let mut arrived = passed(|at| format!("user-{at}")).await;
    arrived.sort_unstable();
    assert_eq!(arrived, (1..=41).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_record_that_fails_with_all_that_follows_it_stops_nobody_else() {
    let arrived = passed(|_| "ann".to_owned()).await;
    assert_eq!(arrived[1..], (1..=40).collect::<Vec<_>>());
}

/// Though nothing new comes that could be tried in their place.
#[tokio::test]
async fn who_waits_behind_those_who_still_fail_gets_a_turn_too() {
    let (dir, sink) = (folder(), MemorySink::new(|_| DOWN));
    let bench = Bench::open(&dir, &sink, plan());
    bench.append((0..40).map(|at| of(&format!("user-{at}"))).collect()).await;
    while sink.batches().len() < 5 {
        tokio::task::yield_now().await;
    }
    sink.decides(|delivery| if delivery.sequence() <= 16 { DOWN } else { Outcome::Delivered });
    let mut arrived = sink.arrived(24).await;
    arrived.sort_unstable();
    assert_eq!(arrived, (17..=40).collect::<Vec<_>>());
    bench.close().await;
}
