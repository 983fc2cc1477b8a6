//! How long to wait after a failure.

use std::time::Duration;

/// Full jitter: a random time up to a bound that doubles with each failure, up to the ceiling. So many services that lost the
/// same sink do not come back at the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    pub base: Duration,
    pub ceiling: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { base: Duration::from_millis(200), ceiling: Duration::from_secs(30) }
    }
}

impl Retry {
    /// So that bad luck is no busy loop.
    const LEAST: Duration = Duration::from_millis(10);
    /// What the other side may ask for: a clock that is wrong must not silence a sink for ever.
    const LONGEST_ASKED: Duration = Duration::from_secs(3600);

    /// The wait after so many failures in a row, at least one. It is never shorter than what the other side asked for.
    pub(super) fn wait(&self, failures: u32, asked: Option<Duration>) -> Duration {
        let jitter = self.bound(failures).mul_f64(fastrand::f64());
        jitter.max(Self::LEAST).max(asked.unwrap_or_default().min(Self::LONGEST_ASKED))
    }

    fn bound(&self, failures: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.base.saturating_mul(doubled).min(self.ceiling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_the_ceiling() {
        let retry = Retry::default();
        let bounds: Vec<_> = [1, 2, 3, 8, 9, 40, u32::MAX].map(|failures| retry.bound(failures).as_millis()).into();
        assert_eq!(bounds, [200, 400, 800, 25_600, 30_000, 30_000, 30_000]);
    }

    #[test]
    fn a_wait_lies_below_the_bound_and_above_what_was_asked_for() {
        let retry = Retry::default();
        for failures in 1..100 {
            let wait = retry.wait(failures, None);
            assert!(wait >= Retry::LEAST && wait <= retry.bound(failures), "{failures}: {wait:?}");
            let asked = Duration::from_secs(120);
            assert_eq!(retry.wait(failures, Some(asked)), asked);
        }
        assert_eq!(retry.wait(1, Some(Duration::MAX)), Retry::LONGEST_ASKED);
    }
}
