//! Those who wait for an answer go before what nobody waits for: both share the cores of this process.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

/// Calls that are being answered in this process.
static CALLS: AtomicUsize = AtomicUsize::new(0);

/// Times what it worked that background work rests while calls are being answered.
const REST: u32 = 2;
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
        CALLS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether nobody waits for an answer right now.
pub fn is_idle() -> bool {
    CALLS.load(Ordering::Relaxed) == 0
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
    if calls == 0 || behind > FARTHEST { Duration::ZERO } else { worked * REST }
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
    fn a_call_counts_until_it_is_dropped() {
        // Other tests of this process make calls too: what is counted is never less than this one.
        let call = Call::begin();
        assert!(CALLS.load(Ordering::Relaxed) >= 1);
        drop(call);
    }
}
