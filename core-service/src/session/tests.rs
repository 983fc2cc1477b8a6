use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::domain::{exchange::Direction, segment::Segment};

/// Sessions whose clock a test turns, in seconds.
fn sessions(limits: Limits) -> (Sessions, Arc<AtomicU64>) {
    let clock = Arc::new(AtomicU64::new(0));
    let read = Arc::clone(&clock);
    (Sessions::with_clock(limits, move || Duration::from_secs(read.load(Ordering::Relaxed))), clock)
}

fn context(parts: [&str; 4]) -> CallContext {
    let [principal, user, source, session] = parts.map(str::to_owned);
    CallContext {
        principal,
        user,
        source,
        metadata: [("session_id".to_owned(), session)].into(),
        ..CallContext::default()
    }
}

fn key(sessions: &Sessions, session: &str) -> SessionKey {
    sessions.key(&context(["p", "u", "s", session])).unwrap()
}

fn turns(texts: &[&str]) -> Vec<Segment<'static>> {
    let turn = |(number, text): (usize, &&str)| Segment {
        pointer: format!("/messages/{number}/content"),
        ..Segment::bare(text.to_string())
    };
    texts.iter().enumerate().map(turn).collect()
}

/// How many turns are known of such a conversation.
fn known(sessions: &Sessions, key: SessionKey, policies: u64, texts: &[&str]) -> usize {
    sessions.recall(key, policies, &sessions.digests().chain(&turns(texts))).turns()
}

fn learn(sessions: &Sessions, key: SessionKey, policies: u64, texts: &[&str]) {
    let chain = sessions.digests().chain(&turns(texts));
    sessions.learn(key, policies, Turns::new(&chain, |_| true), &chain);
}

/// What stands in no turn.
fn add(sessions: &Sessions, key: SessionKey, policy: u64, score: f32, half_life: Duration) -> f32 {
    let hints = Hints { chain: &Chain::default(), scores: &[(None, score)] };
    sessions.add_score(key, policy, &hints, half_life)
}

#[test]
fn a_session_is_of_one_principal_user_and_source() {
    let (sessions, _) = sessions(Limits::default());
    let mine = sessions.key(&context(["p", "u", "s", "id"])).unwrap();
    assert_eq!(sessions.key(&context(["p", "u", "s", "id"])), Some(mine));
    for other in [
        ["q", "u", "s", "id"],
        ["p", "v", "s", "id"],
        ["p", "u", "t", "id"],
        ["p", "u", "s", "other"],
        ["pu", "", "s", "id"],
        ["", "pu", "s", "id"],
    ] {
        assert_ne!(sessions.key(&context(other)), Some(mine), "{other:?}");
    }
    assert_eq!(sessions.key(&context(["p", "u", "s", ""])), None);
    assert_eq!(sessions.key(&context(["p", "u", "s", &"x".repeat(257)])), None);
    assert_eq!(sessions.key(&CallContext::default()), None);
    let none = Sessions::new(Limits { sessions: 0, ..Limits::default() });
    assert_eq!(none.key(&context(["p", "u", "s", "id"])), None);
}

#[test]
fn a_conversation_is_known_as_far_as_it_is_the_same() {
    let (sessions, _) = sessions(Limits::default());
    let key = key(&sessions, "a");
    learn(&sessions, key, 1, &["a", "b", "c"]);
    for (texts, turns) in [
        (&["a", "b", "c"][..], 3),
        (&["a", "b", "c", "d", "e"], 3),
        (&["a", "b"], 0),
        (&["a", "B", "c", "d"], 0),
        (&["ab", "", "c"], 0),
        (&["b", "a", "c"], 0),
        (&[], 0),
    ] {
        assert_eq!(known(&sessions, key, 1, texts), turns, "{texts:?}");
    }
    assert_eq!(known(&sessions, key, 2, &["a", "b", "c"]), 0, "other policies");
    assert_eq!(known(&sessions, self::key(&sessions, "b"), 1, &["a", "b", "c"]), 0, "another session");
    learn(&sessions, key, 1, &["a", "b", "c", "d"]);
    learn(&sessions, key, 1, &["a", "x"]);
    assert_eq!(known(&sessions, key, 1, &["a", "b", "c", "d", "e"]), 4, "a branch leaves the other one");
    assert_eq!(known(&sessions, key, 1, &["a", "x", "y"]), 2);
}

#[test]
fn who_says_it_and_where_is_part_of_what_is_the_same() {
    let (sessions, _) = sessions(Limits::default());
    let chain = |segment: Segment<'static>| sessions.digests().chain(&[segment]).digests;
    let base = || turns(&["text"]).remove(0);
    let same = chain(base());
    assert_eq!(chain(base()), same);
    for other in [
        Segment { role: crate::domain::segment::Role::System, ..base() },
        Segment { pointer: "/messages/0/name".to_owned(), ..base() },
        Segment { inner_pointer: "/a".to_owned(), ..base() },
        Segment { is_key: true, ..base() },
        Segment { context: 1, ..base() },
    ] {
        assert_ne!(chain(other.clone()), same, "{other:?}");
    }
    assert!(chain(Segment { direction: Direction::Response, ..base() }).is_empty(), "responses have no turns");
    assert!(chain(Segment { pointer: "/messages/x/content".to_owned(), ..base() }).is_empty());
}

#[test]
fn a_long_conversation_is_known_by_its_beginning() {
    let (sessions, _) = sessions(Limits::default());
    let key = key(&sessions, "a");
    let texts = vec!["hello"; MAX_TURNS + 10];
    learn(&sessions, key, 1, &texts);
    assert_eq!(known(&sessions, key, 1, &texts), MAX_TURNS);
}

#[test]
fn a_session_that_is_not_heard_of_is_forgotten() {
    let (sessions, clock) = sessions(Limits { idle: Duration::from_secs(100), ..Limits::default() });
    let key = key(&sessions, "a");
    learn(&sessions, key, 1, &["a"]);
    clock.store(99, Ordering::Relaxed);
    learn(&sessions, key, 2, &["a"]);
    clock.store(198, Ordering::Relaxed);
    assert_eq!(known(&sessions, key, 1, &["a"]), 1);
    clock.store(199, Ordering::Relaxed);
    assert_eq!(known(&sessions, key, 1, &["a"]), 0);
    learn(&sessions, key, 2, &["b"]);
    assert_eq!(known(&sessions, key, 1, &["a"]), 0, "and does not come back");
}

#[test]
fn a_million_sessions_take_the_room_of_as_many_as_are_remembered() {
    let (sessions, _) = sessions(Limits { sessions: 10_000, ..Limits::default() });
    let quarantine =
        |policy: &str| Quarantine { policy: policy.into(), reason: "block", lasts: Duration::from_secs(60) };
    let bad = key(&sessions, "bad");
    sessions.quarantine(bad, quarantine("p"));
    for number in 0..1_000_000_u128 {
        sessions.answered(SessionKey(number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)), &[1]);
    }
    assert!((5_000..=10_064).contains(&sessions.count()), "{}", sessions.count());
    assert_eq!(sessions.quarantined(bad), Some(quarantine("p")), "a flood lifts no quarantine");
    // One session takes no more, whatever it does.
    for number in 0..10_000_u64 {
        learn(&sessions, bad, number, &["a"]);
        sessions.answered(bad, &[number]);
        add(&sessions, bad, number, 1.0, Duration::from_secs(1));
    }
    let mut shard = sessions.shard(bad);
    let entry = shard.young.get_mut(&bad).unwrap();
    assert_eq!(entry.sizes(), [4, 32, 8]);
}

#[test]
fn a_score_halves_with_time() {
    let (sessions, clock) = sessions(Limits::default());
    let key = key(&sessions, "a");
    let half_life = Duration::from_secs(60);
    let near = |is: f32, wanted: f32| assert!((is - wanted).abs() < 1e-3, "{is}");
    near(add(&sessions, key, 1, 0.8, half_life), 0.8);
    clock.store(60, Ordering::Relaxed);
    near(add(&sessions, key, 1, 0.4, half_life), 0.8);
    near(add(&sessions, key, 2, 0.1, half_life), 0.1);
    clock.store(180, Ordering::Relaxed);
    near(add(&sessions, key, 1, 0.0, half_life), 0.2);
}

#[test]
fn a_quarantine_begins_and_ends() {
    let (sessions, clock) = sessions(Limits { idle: Duration::from_secs(10), ..Limits::default() });
    let key = key(&sessions, "a");
    let of = |seconds| Quarantine { policy: "p".into(), reason: "late", lasts: Duration::from_secs(seconds) };
    assert_eq!(sessions.quarantined(key), None);
    add(&sessions, key, 1, 5.0, Duration::from_secs(60));
    sessions.quarantine(key, of(100));
    sessions.quarantine(key, of(50));
    clock.store(99, Ordering::Relaxed);
    assert_eq!(sessions.quarantined(key), Some(of(100)), "a shorter one does not end it, nor does idleness");
    assert_eq!(sessions.quarantined(self::key(&sessions, "b")), None);
    clock.store(100, Ordering::Relaxed);
    assert_eq!(sessions.quarantined(key), None);
    assert!(add(&sessions, key, 1, 0.0, Duration::from_secs(60)) < 0.1, "the score had its consequence");
}

#[test]
fn quarantines_are_bounded_too() {
    let (sessions, _) = sessions(Limits::default());
    let lasts = |number: u64| Duration::from_secs(1000 + number);
    let of = |number| Quarantine { policy: "p".into(), reason: "late", lasts: lasts(number) };
    // All in one shard.
    let key = |number: u64| SessionKey(u128::from(number) * SHARDS as u128);
    for number in 0..5000 {
        sessions.quarantine(key(number), of(number));
    }
    assert_eq!(sessions.shard(key(0)).quarantined.len(), QUARANTINED);
    assert_eq!(sessions.quarantined(key(4999)), Some(of(4999)));
    assert_eq!(sessions.quarantined(key(0)), None, "the one that ends first makes room");
}

#[test]
fn a_turn_is_counted_once_whatever_else_is_forgotten() {
    let (sessions, _) = sessions(Limits::default());
    let key = key(&sessions, "a");
    // Each text with a hint in it adds one.
    let count = |policy: u64, texts: &[&str]| {
        let chain = sessions.digests().chain(&turns(texts));
        let hint = |(turn, text): (usize, &&str)| text.starts_with('!').then_some((Some(turn), 1.0));
        let scores: Vec<_> = texts.iter().enumerate().filter_map(hint).collect();
        let sum = sessions.add_score(key, policy, &Hints { chain: &chain, scores: &scores }, Duration::from_secs(60));
        sum.round()
    };
    let is = |sum: f32, wanted: f32| assert!((sum - wanted).abs() < f32::EPSILON, "{sum}");
    is(count(1, &["!a", "b"]), 1.0);
    is(count(1, &["!a", "b"]), 1.0);
    is(count(1, &["!a", "b", "!c"]), 2.0);
    is(count(1, &["!a", "b"]), 2.0);
    is(count(2, &["!a", "b", "!c"]), 2.0);
    is(count(1, &["!a", "b", "!d"]), 3.0);
    is(count(1, &["!a", "b", "!c", "e", "!f"]), 4.0);
    sessions.quarantine(key, Quarantine { policy: "p".into(), reason: "score", lasts: Duration::from_secs(1) });
    is(count(1, &["!a", "b", "!c", "e", "!f"]), 0.0);
    is(count(1, &["!a", "b", "!c", "e", "!f", "!g"]), 1.0);
    // A branch of what came in one request, and both again.
    is(count(3, &["!a", "!b", "!c"]), 3.0);
    is(count(3, &["!a", "!b", "d", "!e"]), 4.0);
    is(count(3, &["!a", "!b", "!c"]), 4.0);
    let long = |end: &'static str| [&["!"; 9][..], &[end]].concat();
    is(count(4, &long("!c")), 10.0);
    is(count(4, &long("!d")), 11.0);
    is(count(4, &long("!c")), 11.0);
    is(count(4, &long("!d")), 11.0);
}

#[test]
fn a_session_that_is_heard_of_is_not_lost_when_the_generations_change() {
    // Two of a generation in each shard.
    let (sessions, _) = sessions(Limits { sessions: 4 * SHARDS, ..Limits::default() });
    let key = |number: u64| SessionKey(u128::from(number) * SHARDS as u128);
    learn(&sessions, key(0), 1, &["a"]);
    for other in 1..=3 {
        sessions.answered(key(other), &[1]);
    }
    // It stands in the old generation, and the young one is full.
    sessions.answered(key(0), &[1]);
    assert_eq!(known(&sessions, key(0), 1, &["a"]), 1);
}
