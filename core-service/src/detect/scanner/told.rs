//! What a scan says of texts beside its findings.

use std::collections::BTreeSet;

use crate::domain::coverage::{SecondRun, StageOutcome};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Names of what was undone.
    pub decoders: BTreeSet<&'static str>,
    /// Whether one unfolds to more than was scanned.
    pub exhausted: bool,
    /// What the second stage did.
    pub second: SecondRun,
    /// And for denied topics.
    pub topic_encoder: SecondRun,
}

impl Told {
    pub fn add(&mut self, other: &Self) {
        self.decoders.extend(&other.decoders);
        self.exhausted |= other.exhausted;
        self.second.add(other.second);
        self.topic_encoder.add(other.topic_encoder);
    }

    /// Whether all was read that a scan ever reads.
    pub fn is_whole(&self) -> bool {
        let is_missed = |run: SecondRun| matches!(run.outcome, StageOutcome::Missed(_));
        !self.exhausted && !is_missed(self.second) && !is_missed(self.topic_encoder)
    }
}
