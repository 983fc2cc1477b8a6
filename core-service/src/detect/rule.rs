//! A rule as a value that carries its own proof: samples that it must match and samples that it must not.

use super::{figures::Figure, validate::Candidate};
use crate::domain::finding::{Detector, Severity};

/// What has to be in a text before a rule is worth running. The contract of a cheap filter: it may wake a
/// rule in vain, it may never let one sleep that would match.
#[derive(Debug, Clone, Copy)]
pub enum Wake {
    /// One of these literals, ASCII letters in either case. A match lies within [`Rule::reach`] bytes of one.
    Keywords(&'static [&'static str]),
    /// A number of a kind. A match lies within [`Rule::reach`] bytes of the word or the figure.
    Figures(fn(&Figure<'_>) -> bool),
    /// Every text, whole.
    Always,
}

/// A built-in rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Stable: policies, exceptions and records name it. Lower snake case.
    pub id: &'static str,
    pub detector: Detector,
    /// What is found, for example `EMAIL_ADDRESS`; empty when the detector's name says it.
    pub entity: &'static str,
    pub severity: Severity,
    /// 0 to 1: how sure a match is, before the validator has its say.
    pub score: f32,
    pub wake: Wake,
    /// A group named `hit`, when there is one, is the finding; otherwise the whole match is.
    pub pattern: &'static str,
    /// Gives way to another rule of the same detector that is as sure of a text which holds all of its own: a rule that
    /// knows a token's provider says more than one that saw a word like `key` before it.
    pub yields: bool,
    /// Looks at a match: None rejects it, Some is its score.
    pub validate: Option<fn(&Candidate<'_>) -> Option<f32>>,
    /// Bytes before and after a keyword or a figure within which the whole match lies.
    pub reach: usize,
    pub matches: &'static [&'static str],
    pub misses: &'static [&'static str],
}

impl Rule {
    /// What most rules share, for struct update syntax.
    pub const BASE: Self = Self {
        id: "",
        detector: Detector::Regex,
        entity: "",
        severity: Severity::High,
        score: 1.0,
        wake: Wake::Always,
        pattern: "",
        yields: false,
        validate: None,
        reach: 512,
        matches: &[],
        misses: &[],
    };
}
