//! What a scan says of texts beside its findings.

use std::collections::BTreeSet;

use crate::domain::coverage::SecondRun;

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
    pub const fn is_whole(&self) -> bool {
        !self.exhausted && !self.second.outcome.is_passing() && !self.topic_encoder.outcome.is_passing()
    }
}
