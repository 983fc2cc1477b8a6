//! Those who wait for an answer go before what nobody waits for: both share the cores of this process.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Calls that are being answered in this process.
static CALLS: AtomicUsize = AtomicUsize::new(0);
/// When the last one ended, in microseconds since [`BEGUN`].
static LAST: AtomicU64 = AtomicU64::new(0);
static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Times what it worked that background work rests while calls are being answered.
const REST: u32 = 2;
/// Calls that come one after the other are no pause for whoever makes them.
const PAUSE: Duration = Duration::from_millis(100);
/// Background work that is so far behind rests no longer: under a load without end its findings would never come.
const FARTHEST: Duration = Duration::from_secs(60);

/// Somebody waits for an answer as long as this lives.
#[derive(Debug)]
pub struct Call(());

impl Call {
    pub fn begin() -> Self {
        CALLS.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        LAST.store(now(), Ordering::Relaxed);
        CALLS.fetch_sub(1, Ordering::Relaxed);
    }
}

fn now() -> u64 {
    u64::try_from(BEGUN.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// Whether nobody waits for an answer, nor did a moment ago.
pub fn is_idle() -> bool {
    CALLS.load(Ordering::Relaxed) == 0 && is_pause(now(), LAST.load(Ordering::Relaxed))
}

fn is_pause(now: u64, last: u64) -> bool {
    last == 0 || u128::from(now.saturating_sub(last)) >= PAUSE.as_micros()
}

/// Whether background work is so far behind that it makes way for nobody.
pub fn is_too_far(behind: Duration) -> bool {
    behind > FARTHEST
}

/// After a piece of background work on a thread of its own: `worked` is what it took, `behind` how old the oldest is that waits
/// for it. Whoever answers a call is woken onto a busy core else, and waits for the end of this thread's slice, milliseconds.
#[expect(clippy::disallowed_methods, reason = "background work has threads of its own")]
pub fn give_way(worked: Duration, behind: Duration) {
    match rest(CALLS.load(Ordering::Relaxed), worked, behind) {
        Duration::ZERO => thread::yield_now(),
        rest => thread::sleep(rest),
    }
}

fn rest(calls: usize, worked: Duration, behind: Duration) -> Duration {
    if calls == 0 || is_too_far(behind) { Duration::ZERO } else { worked * REST }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKED: Duration = Duration::from_micros(200);

    #[test]
    fn only_while_somebody_waits_and_not_for_ever() {
        assert_eq!(rest(0, WORKED, Duration::ZERO), Duration::ZERO);
        assert_eq!(rest(1, WORKED, Duration::ZERO), WORKED * REST);
        assert_eq!(rest(1, WORKED, FARTHEST + WORKED), Duration::ZERO);
    }

    #[test]
    fn a_pause_is_some_time_after_the_last_call() {
        let pause = u64::try_from(PAUSE.as_micros()).unwrap();
        assert!(is_pause(5, 0), "there was none yet");
        assert!(!is_pause(pause + 4, 5) && is_pause(pause + 5, 5));
    }

    #[test]
    fn a_call_counts_until_it_is_dropped() {
        // Other tests of this process make calls too: what is counted is never less than this one.
        let call = Call::begin();
        assert!(CALLS.load(Ordering::Relaxed) >= 1);
        drop(call);
    }
}
