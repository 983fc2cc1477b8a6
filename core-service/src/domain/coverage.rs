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

/// Why the second stage did not read what it was asked to. Ordered: what holds for every text before what is of this
/// moment, and last what makes a check partial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Missed {
    /// Of signs that the model does not know.
    Unreadable,
    Off,
    NotInstalled,
    /// Too many texts wait.
    Busy,
    Failed,
    /// The deadline came first, or would have.
    Late,
}

impl Missed {
    const ALL: [Self; 6] = [Self::Unreadable, Self::Off, Self::NotInstalled, Self::Busy, Self::Failed, Self::Late];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "switched off",
            Self::NotInstalled => "not installed",
            Self::Busy => "busy",
            Self::Late => "late",
            Self::Unreadable => "unreadable",
            Self::Failed => "the model failed",
        }
    }
}

/// Ordered: the worst stands for all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "Outcome", from = "Outcome")]
pub enum StageOutcome {
    /// Nothing was unsure, or nobody asked for attacks.
    #[default]
    Skipped,
    Ran,
    Missed(Missed),
}

impl StageOutcome {
    /// Whether the model may well read next time what it did not read now. What it can never read is no such case: a
    /// text of which nothing could be learned would be scanned with each request.
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Missed(Missed::Busy | Missed::Failed | Missed::Late))
    }
}

impl From<StageOutcome> for Outcome {
    fn from(outcome: StageOutcome) -> Self {
        match outcome {
            StageOutcome::Skipped => Self::Skipped,
            StageOutcome::Ran => Self::Ran,
            StageOutcome::Missed(Missed::Late) => Self::TimedOut,
            StageOutcome::Missed(missed) => Self::Failed(missed.as_str().into()),
        }
    }
}

impl From<Outcome> for StageOutcome {
    fn from(stored: Outcome) -> Self {
        match stored {
            Outcome::Skipped => Self::Skipped,
            Outcome::Ran => Self::Ran,
            Outcome::TimedOut => Self::Missed(Missed::Late),
            Outcome::Failed(why) => {
                let known = Missed::ALL.into_iter().find(|missed| missed.as_str() == why);
                Self::Missed(known.unwrap_or(Missed::Failed))
            }
        }
    }
}

/// What the second stage of the classifiers did: it reads only what the first is unsure of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondRun {
    pub outcome: StageOutcome,
    /// Windows that it read.
    pub windows: u32,
}

impl SecondRun {
    pub const NAME: &str = "second_stage";
    /// Of the one for denied topics.
    pub const TOPICS: &str = "topic_encoder";

    pub fn ran(&mut self, windows: usize) {
        self.add(Self { outcome: StageOutcome::Ran, windows: u32::try_from(windows).unwrap_or(u32::MAX) });
    }

    pub fn missed(&mut self, why: Missed) {
        self.add(Self { outcome: StageOutcome::Missed(why), windows: 0 });
    }

    pub fn add(&mut self, other: Self) {
        self.outcome = self.outcome.max(other.outcome);
        self.windows = self.windows.saturating_add(other.windows);
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

    /// Something was not looked at that should have been, besides what the receipt says already.
    pub fn leave_out(&mut self, why: &str) {
        if self.status == CoverageStatus::Complete {
            self.status = CoverageStatus::Partial;
            why.clone_into(&mut self.reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_several_runs_stands_for_all_in_any_order() {
        let worse = [Missed::Unreadable, Missed::Busy, Missed::Late];
        for (first, second) in [(0, 1), (1, 0), (1, 2), (2, 0)] {
            let mut run = SecondRun::default();
            run.missed(worse[first]);
            run.ran(3);
            run.missed(worse[second]);
            let expected = SecondRun { outcome: StageOutcome::Missed(worse[first.max(second)]), windows: 3 };
            assert_eq!(run, expected);
        }
    }

    #[test]
    fn a_run_is_stored_like_that_of_a_detector() {
        let stored = |outcome| serde_json::to_string(&SecondRun { outcome, windows: 2 }).unwrap();
        assert_eq!(stored(StageOutcome::Ran), r#"{"outcome":"ran","windows":2}"#);
        assert_eq!(stored(StageOutcome::Missed(Missed::Late)), r#"{"outcome":"timed_out","windows":2}"#);
        assert_eq!(stored(StageOutcome::Missed(Missed::Busy)), r#"{"outcome":{"failed":"busy"},"windows":2}"#);
        for missed in Missed::ALL {
            let run = SecondRun { outcome: StageOutcome::Missed(missed), windows: 0 };
            let json = serde_json::to_string(&run).unwrap();
            assert_eq!(serde_json::from_str::<SecondRun>(&json).unwrap(), run, "{json}");
        }
        let unknown = r#"{"outcome":{"failed":"of a later version"},"windows":0}"#;
        let read: SecondRun = serde_json::from_str(unknown).unwrap();
        assert_eq!(read.outcome, StageOutcome::Missed(Missed::Failed));
    }
}
