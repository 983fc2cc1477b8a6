//! Who may use the model, and who waits: one text a core at a time, and a short queue.

use std::{
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::Missed;

/// Texts that may wait for each core: at two milliseconds a window about as long as a caller would.
const WAITING: usize = 16;
/// Taken for a window before one was read, in microseconds.
const FIRST_GUESS: u64 = 3_000;

#[derive(Debug)]
pub(super) struct Gate {
    state: Mutex<State>,
    freed: Condvar,
    most_waiting: usize,
    /// Microseconds of a window, the last ones counting most.
    pace: AtomicU64,
}

#[derive(Debug)]
struct State {
    /// Numbers of the cores that are free.
    free: Vec<usize>,
    waiting: usize,
}

/// The right to use one core.
#[derive(Debug)]
pub(super) struct Turn<'g> {
    gate: &'g Gate,
    slot: usize,
    windows: usize,
    begun: Instant,
}

pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

impl Gate {
    pub(super) fn new() -> Self {
        Self::of(cores(), WAITING)
    }

    fn of(cores: usize, waiting: usize) -> Self {
        Self {
            state: Mutex::new(State { free: (0..cores).collect(), waiting: 0 }),
            freed: Condvar::new(),
            most_waiting: cores * waiting,
            pace: AtomicU64::new(FIRST_GUESS),
        }
    }

    pub(super) fn pace(&self) -> Duration {
        Duration::from_micros(self.pace.load(Ordering::Relaxed))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a core is free, for as long as the windows could still be read before the deadline.
    pub(super) fn enter(&self, windows: usize, deadline: Option<Instant>) -> Result<Turn<'_>, Missed> {
        let takes = self.pace() * u32::try_from(windows).unwrap_or(u32::MAX);
        let latest = deadline.map(|deadline| deadline.checked_sub(takes).unwrap_or(deadline));
        let is_late = || latest.is_some_and(|latest| Instant::now() >= latest);
        let mut state = self.state();
        if is_late() {
            return Err(Missed::Late);
        }
        if state.free.is_empty() && state.waiting >= self.most_waiting {
            return Err(Missed::Busy);
        }
        state.waiting += 1;
        let slot = loop {
            if let Some(slot) = state.free.pop() {
                break Ok(slot);
            }
            state = match latest {
                None => self.freed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(_) if is_late() => break Err(Missed::Late),
                Some(latest) => {
                    let left = latest.saturating_duration_since(Instant::now());
                    self.freed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        };
        state.waiting -= 1;
        Ok(Turn { gate: self, slot: slot?, windows: windows.max(1), begun: Instant::now() })
    }
}

impl Turn<'_> {
    pub(super) const fn slot(&self) -> usize {
        self.slot
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let taken = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX) / self.windows as u64;
        let pace = self.gate.pace.load(Ordering::Relaxed);
        self.gate.pace.store((7 * pace + taken) / 8, Ordering::Relaxed);
        self.gate.state().free.push(self.slot);
        self.gate.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_is_used_by_one_and_given_back() {
        let gate = Gate::of(2, 1);
        let (first, second) = (gate.enter(1, None).unwrap(), gate.enter(1, None).unwrap());
        assert_ne!(first.slot(), second.slot());
        let soon = Instant::now() + 10 * Duration::from_micros(FIRST_GUESS);
        assert_eq!(gate.enter(1, Some(soon)).unwrap_err(), Missed::Late);
        drop(first);
        gate.enter(1, Some(Instant::now() + Duration::from_secs(3600))).unwrap();
        assert_eq!(gate.state().waiting, 0);
    }

    #[test]
    fn who_waits_is_served_and_who_would_make_the_queue_longer_is_not() {
        let gate = Gate::of(1, 1);
        let taken = gate.enter(1, None).unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.enter(1, None).map(|turn| turn.slot()));
            while gate.state().waiting == 0 {
                thread::yield_now();
            }
            assert_eq!(gate.enter(1, None).unwrap_err(), Missed::Busy);
            drop(taken);
            assert_eq!(waiting.join().unwrap(), Ok(0));
        });
    }

    #[test]
    fn no_core_is_taken_for_what_would_end_too_late() {
        let gate = Gate::of(1, 1);
        let short = Instant::now() + Duration::from_micros(FIRST_GUESS);
        assert_eq!(gate.enter(4, Some(short)).unwrap_err(), Missed::Late);
        assert_eq!(gate.state().free, [0]);
    }
}
