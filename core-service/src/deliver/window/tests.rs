use std::time::Duration;

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::deliver::conformance::deliveries;

fn window(records: &[(&str, u64)]) -> Window {
    let mut window = Window::default();
    for delivery in deliveries(records) {
        window.add(delivery.record, None);
    }
    window
}

fn sequences(batch: &[Delivery]) -> Vec<u64> {
    batch.iter().map(Delivery::sequence).collect()
}

#[test]
fn a_probe_has_the_oldest_of_each_key_and_first_what_was_tried_least() {
    let mut window = window(&[("ann", 1), ("ann", 2), ("bob", 3), ("bob", 4), ("cid", 5), ("dan", 6), ("ann", 7)]);
    let (now, time) = (Instant::now(), Timestamp::UNIX_EPOCH);
    let fails = |window: &mut Window, due: Option<Instant>| {
        let batch = window.probe(now, 2, usize::MAX);
        let tried = sequences(&batch);
        for delivery in batch {
            window.put_back(delivery, DeliveryFailure::Unavailable, time, |_| due);
        }
        tried
    };
    assert_eq!(fails(&mut window, None), [1, 3]);
    assert_eq!(fails(&mut window, None), [5, 6]);
    // All were tried as often.
    assert_eq!(fails(&mut window, None), [1, 3]);
    // The next of a key is behind it for as long as it is there.
    window.remove(1);
    assert_eq!(fails(&mut window, Some(now + Duration::from_secs(1))), [2, 5]);
    // And one that has to wait holds up its key.
    assert_eq!(fails(&mut window, None), [3, 6]);
    let later = now + Duration::from_secs(1);
    assert_eq!(sequences(&window.probe(later, 9, usize::MAX)), [2, 3, 5, 6]);
}

#[test]
fn a_probe_is_bounded_by_bytes_and_takes_one_at_least() {
    let mut window = window(&[("ann", 1), ("bob", 2)]);
    assert_eq!(sequences(&window.probe(Instant::now(), 16, 1)), [1]);
}

const USERS: [&str; 4] = ["ann", "bob", "cid", "dan"];
const RECORDS: u64 = 24;

/// Whether it is a probe, how many records it may have, which of its records are taken, and for how long the others wait.
type Round = (bool, usize, Vec<bool>, Option<u64>);

fn round() -> impl Strategy<Value = Round> {
    (any::<bool>(), 1_usize..9, vec(any::<bool>(), 8), proptest::option::of(1_u64..4))
}

proptest! {
    /// Whatever is tried, fails and waits: what is handed over of a user is the oldest that he has, without a gap.
    #[test]
    fn nothing_is_handed_over_before_what_it_follows(rounds in vec(round(), 1..40)) {
        let user = |sequence: u64| USERS[usize::try_from(sequence * 7 % 4).unwrap()];
        let records: Vec<_> = (1..=RECORDS).map(|sequence| (user(sequence), sequence)).collect();
        let mut window = window(&records);
        let mut left: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for (user, sequence) in records {
            left.entry(user).or_default().push(sequence);
        }
        let mut now = Instant::now();
        for (is_probe, count, taken, wait) in rounds {
            now += Duration::from_secs(1);
            let batch =
                if is_probe { window.probe(now, count, usize::MAX) } else { window.take(now, count, usize::MAX) };
            prop_assert!(batch.len() <= count && sequences(&batch).is_sorted());
            let mut stuck: HashSet<&str> = HashSet::new();
            let mut handed: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
            for delivery in &batch {
                handed.entry(user(delivery.sequence())).or_default().push(delivery.sequence());
            }
            for (user, handed) in handed {
                prop_assert!(left[user].starts_with(&handed), "{user}: {handed:?} of {:?}", left[user]);
                prop_assert!(!is_probe || handed.len() == 1);
            }
            for (delivery, taken) in batch.into_iter().zip(taken) {
                let (sequence, user) = (delivery.sequence(), user(delivery.sequence()));
                if taken && !stuck.contains(user) {
                    window.remove(sequence);
                    left.entry(user).or_default().retain(|&one| one != sequence);
                } else {
                    stuck.insert(user);
                    let due = wait.map(|seconds| now + Duration::from_secs(seconds));
                    window.put_back(delivery, DeliveryFailure::Unavailable, Timestamp::UNIX_EPOCH, |_| due);
                }
            }
        }
        prop_assert_eq!(window.len(), left.values().map(Vec::len).sum::<usize>());
    }
}
