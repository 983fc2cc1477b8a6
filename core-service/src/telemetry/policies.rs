//! What happens to policies.

use super::{Event, Metrics, PolicyReload, PolicyState};

/// The policies folder was read, at the start or after a change.
#[derive(Debug, Clone, Copy)]
pub struct PoliciesLoaded {
    pub active: usize,
    /// Broken, with an earlier version in force.
    pub stale: usize,
    /// Broken, with nothing of it in force.
    pub failed: usize,
    pub is_reload: bool,
}

impl Event for PoliciesLoaded {
    fn log(&self) {
        let Self { active, stale, failed, is_reload } = *self;
        if is_reload {
            tracing::info!(active, stale, failed, "policies loaded");
        }
    }

    fn count(&self, metrics: &Metrics) {
        let Self { active, stale, failed, is_reload } = *self;
        let result = if stale + failed == 0 { PolicyReload::Loaded } else { PolicyReload::Broken };
        let counts = [(PolicyState::Active, active), (PolicyState::Stale, stale), (PolicyState::Failed, failed)];
        metrics.policies(is_reload.then_some(result), counts);
    }
}

/// A change of the policies folder came to nothing.
#[derive(Debug, Clone, Copy)]
pub struct PoliciesRefused<'a> {
    pub why: &'a str,
}

impl Event for PoliciesRefused<'_> {
    fn log(&self) {
        tracing::error!(why = self.why, "the policies cannot be compiled; those in force stay as they are");
    }

    fn count(&self, metrics: &Metrics) {
        metrics.policies_failed();
    }
}
