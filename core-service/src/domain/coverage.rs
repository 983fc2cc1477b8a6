//! The receipt: what was looked at, by what, under which policies.

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};

use super::finding::Detector;

/// Ordered: the whole is as good as its worst part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoverageStatus {
    NotChecked,
    Pending,
    Partial,
    Complete,
}

impl CoverageStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotChecked => "not_checked",
            Self::Pending => "pending",
            Self::Partial => "partial",
            Self::Complete => "complete",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Ran,
    /// Not asked for by any policy that applied, or nothing was in its scope.
    Skipped,
    Failed(Cow<'static, str>),
    TimedOut,
}

/// What the second stage of the classifiers did: it reads only what the first is unsure of, and nothing where nobody
/// asks for attacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondRun {
    pub outcome: Outcome,
    /// Windows that it read.
    pub windows: u32,
}

impl Default for SecondRun {
    fn default() -> Self {
        Self { outcome: Outcome::Skipped, windows: 0 }
    }
}

impl SecondRun {
    pub const NAME: &str = "second_stage";
    /// Of the one for denied topics.
    pub const TOPICS: &str = "topic_encoder";

    /// The worst outcome stands for all.
    pub fn add(&mut self, outcome: Outcome, windows: usize) {
        const fn badness(outcome: &Outcome) -> u8 {
            match outcome {
                Outcome::Skipped => 0,
                Outcome::Ran => 1,
                Outcome::TimedOut => 2,
                Outcome::Failed(_) => 3,
            }
        }
        if badness(&outcome) > badness(&self.outcome) {
            self.outcome = outcome;
        }
        self.windows = self.windows.saturating_add(u32::try_from(windows).unwrap_or(u32::MAX));
    }

    pub fn is_idle(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRef {
    pub name: Arc<str>,
    pub digest: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    pub status: CoverageStatus,
    /// Why `status` is not complete; empty when it is.
    pub reason: String,
    pub policies: Vec<PolicyRef>,
    pub detectors: Vec<(Detector, Outcome)>,
    pub second_stage: SecondRun,
    /// The same model's part in denied topics: it compares by meaning what the words leave open.
    pub topic_encoder: SecondRun,
    pub segments_total: u32,
    pub segments_scanned: u32,
    pub bytes_total: u64,
    pub bytes_scanned: u64,
    /// Of those that were not scanned now: what the same session brought before, and was clean then under the same
    /// policies.
    pub segments_unchanged: u32,
    pub bytes_unchanged: u64,
    /// Names of what was undone to read the text.
    pub decoders: Vec<Cow<'static, str>>,
}

impl Coverage {
    /// For what was not looked at, or not yet.
    pub fn none(status: CoverageStatus, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
            policies: Vec::new(),
            detectors: Detector::ALL.iter().map(|&detector| (detector, Outcome::Skipped)).collect(),
            second_stage: SecondRun::default(),
            topic_encoder: SecondRun::default(),
            segments_total: 0,
            segments_scanned: 0,
            bytes_total: 0,
            bytes_scanned: 0,
            segments_unchanged: 0,
            bytes_unchanged: 0,
            decoders: Vec::new(),
        }
    }
}
