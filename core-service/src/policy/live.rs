//! The policies in force, swapped whole: a check holds one generation from its start to its end, and never waits.

use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;

use super::{compile::Policy, parse::Problem, set::PolicySet};

/// What became of one policy file.
#[derive(Debug, Clone)]
pub struct PolicyStatus {
    /// Empty when the file is too broken to tell.
    pub name: String,
    /// Empty for the built-in policy.
    pub file: String,
    pub state: State,
    /// What is wrong with the file on disk.
    pub problems: Vec<Problem>,
}

/// Of a policy file.
#[derive(Debug, Clone)]
pub enum State {
    /// In force as it is on disk.
    Active(Loaded),
    /// Broken on disk; the last version that compiled is in force.
    Stale(Loaded),
    /// Broken, and nothing of it is in force.
    Failed,
}

#[derive(Debug, Clone)]
pub struct Loaded {
    pub policy: Arc<Policy>,
    pub at: Timestamp,
}

impl State {
    pub const fn loaded(&self) -> Option<&Loaded> {
        match self {
            Self::Active(loaded) | Self::Stale(loaded) => Some(loaded),
            Self::Failed => None,
        }
    }

    pub const fn is_active(&self) -> bool {
        matches!(self, Self::Active(_))
    }
}

/// One load of the folder.
#[derive(Debug)]
pub struct Generation {
    pub set: PolicySet,
    pub statuses: Vec<PolicyStatus>,
}

#[derive(Debug)]
pub struct Live(ArcSwap<Generation>);

impl Live {
    pub fn new(generation: Generation) -> Self {
        Self(ArcSwap::from_pointee(generation))
    }

    pub fn view(&self) -> Arc<Generation> {
        self.0.load_full()
    }

    pub fn swap(&self, generation: Generation) {
        self.0.store(Arc::new(generation));
    }
}
