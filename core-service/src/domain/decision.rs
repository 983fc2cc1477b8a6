//! Findings folded into one decision. Pure: the same findings give the same decision in any order.

use std::{
    borrow::Cow,
    cmp::{Ordering, Reverse},
    sync::Arc,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    exchange::Direction,
    finding::{Detector, Severity, Span},
};

/// Ordered by strictness: of several the greatest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Allow,
    Alert,
    Mask,
    Block,
}

impl Action {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Alert => "alert",
            Self::Mask => "mask",
            Self::Block => "block",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    Fail,
    /// Nothing was decided: never to be read as a pass.
    Undecided,
}

impl Verdict {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Undecided => "undecided",
        }
    }
}

/// What objected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    Detector(Detector),
    /// A check that a policy demands could not be made.
    Coverage,
    /// A canary run found that what should be is not.
    Canary,
    /// What its session did before, and not the exchange itself.
    Session,
    /// Something befell the log of records.
    Log,
}

impl Category {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Detector(detector) => detector.as_str(),
            Self::Coverage => "coverage",
            Self::Canary => "canary",
            Self::Session => "session",
            Self::Log => "log",
        }
    }

    /// By [`Self::as_str`].
    pub fn of(name: &str) -> Option<Self> {
        let others = [Self::Coverage, Self::Canary, Self::Session, Self::Log];
        let mut all = Detector::ALL.map(Self::Detector).into_iter().chain(others);
        all.find(|category| category.as_str() == name)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    pub direction: Direction,
    pub pointer: String,
    pub inner_pointer: String,
    pub span: Span,
}

/// One rule of one policy that objected to one place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    pub policy: Arc<str>,
    pub rule: Arc<str>,
    pub category: Category,
    pub severity: Severity,
    pub action: Action,
    #[serde(deserialize_with = "finite")]
    pub score: f32,
    /// Before checksum and context were looked at.
    #[serde(default)]
    pub base_score: f32,
    /// What had to be undone to find it, the outermost first.
    #[serde(default)]
    pub decoded_from: Vec<Cow<'static, str>>,
    pub detector_rule: String,
    pub entity: String,
    /// In words, where the rule's name does not say all: of a denied topic its name and the kind of similarity.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub explanation: Arc<str>,
    /// None when it is the whole exchange that is objected to.
    pub location: Option<Location>,
    /// What the end user is told when this violation decides.
    pub message: Arc<str>,
}

/// JSON has no word for a score that is not a number: it is written as null and must be readable again.
fn finite<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl Violation {
    /// Total, so that a decision does not depend on the order in which detectors ran.
    fn strictest_first(a: &Self, b: &Self) -> Ordering {
        let rank = |v: &Self| (Reverse(v.action), Reverse(v.severity));
        rank(a).cmp(&rank(b)).then(b.score.total_cmp(&a.score)).then_with(|| a.place().cmp(&b.place()))
    }

    fn place(&self) -> impl Ord {
        let at = self.location.as_ref();
        let at = at.map(|at| (at.direction, at.pointer.as_str(), at.inner_pointer.as_str(), at.span));
        (&self.policy, &self.rule, &self.detector_rule, at)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub action: Action,
    pub verdict: Verdict,
    /// Empty when the end user is not concerned: on Allow and Alert.
    pub message: Arc<str>,
    /// Strictest first; at most [`Decision::MAX_VIOLATIONS`].
    pub violations: Vec<Violation>,
    /// Before the list was cut.
    pub violations_total: u64,
}

impl Decision {
    /// What an answer and a record hold: an exchange of a million e-mail addresses is one decision, not a
    /// million lines.
    pub const MAX_VIOLATIONS: usize = 100;

    /// For what was not looked at.
    pub fn undecided() -> Self {
        Self {
            action: Action::Allow,
            verdict: Verdict::Undecided,
            message: Arc::from(""),
            violations: Vec::new(),
            violations_total: 0,
        }
    }

    pub fn fold(mut violations: Vec<Violation>) -> Self {
        violations.sort_by(Violation::strictest_first);
        let total = violations.len() as u64;
        let action = violations.first().map_or(Action::Allow, |strictest| strictest.action);
        let message = violations
            .first()
            .filter(|_| action >= Action::Mask)
            .map_or_else(|| Arc::from(""), |strictest| Arc::clone(&strictest.message));
        violations.truncate(Self::MAX_VIOLATIONS);
        let verdict = if action == Action::Block { Verdict::Fail } else { Verdict::Pass };
        Self { action, verdict, message, violations, violations_total: total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_is_known_by_its_name() {
        let others = [Category::Coverage, Category::Canary, Category::Session, Category::Log];
        for category in Detector::ALL.map(Category::Detector).into_iter().chain(others) {
            assert_eq!(Category::of(category.as_str()), Some(category));
        }
    }
}
