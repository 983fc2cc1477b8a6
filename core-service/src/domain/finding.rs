//! What a detector found, and where: never the text itself.

use std::{borrow::Cow, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Every detector of this build. A receipt names each of them, run or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Detector {
    PromptInjection,
    Secrets,
    Pii,
    /// Commands and code that destroy, exfiltrate or take over.
    CodeSafety,
    /// Writing that hides text from a reader: invisible characters, lookalikes, encodings.
    Obfuscation,
    /// Hate, violence, self-harm and other content that harms, by the trained classifiers.
    Harm,
    Keywords,
    Regex,
    /// What a text is about: topics that a policy names under `denied_topics`.
    DeniedTopics,
}

impl Detector {
    pub const ALL: [Self; 9] = [
        Self::PromptInjection,
        Self::Secrets,
        Self::Pii,
        Self::CodeSafety,
        Self::Obfuscation,
        Self::Harm,
        Self::Keywords,
        Self::Regex,
        Self::DeniedTopics,
    ];

    /// Those whose rules are built in; the others take theirs from policies.
    pub const BUILT_IN: [Self; 6] =
        [Self::PromptInjection, Self::Secrets, Self::Pii, Self::CodeSafety, Self::Obfuscation, Self::Harm];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PromptInjection => "prompt_injection",
            Self::Secrets => "secrets",
            Self::Pii => "pii",
            Self::CodeSafety => "code_safety",
            Self::Obfuscation => "obfuscation",
            Self::Harm => "harm",
            Self::Keywords => "keywords",
            Self::Regex => "regex",
            Self::DeniedTopics => "denied_topics",
        }
    }
}

/// Bytes of the unescaped UTF-8, half open. Payloads are far below 4 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(range: std::ops::Range<usize>) -> Self {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { start: narrow(range.start), end: narrow(range.end) }
    }

    pub const fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// Which rule of which detector: shared by all of its findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleIdentity {
    pub id: Cow<'static, str>,
    pub detector: Detector,
    /// What is found, for example `EMAIL_ADDRESS`; empty when the category says it.
    pub entity: Cow<'static, str>,
    pub severity: Severity,
}

impl RuleIdentity {
    /// Whether it has one opinion of a text, made of all of it, and its place is only the worst of it.
    pub fn reads_whole(&self) -> bool {
        self.detector == Detector::DeniedTopics || self.id.starts_with("classifier_")
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Index into the exchange's segments.
    pub segment: u32,
    pub span: Span,
    pub rule: Arc<RuleIdentity>,
    /// Number of the rule in the scanner that ran it: what a policy selects by.
    pub rule_index: u32,
    /// 0 to 1.
    pub score: f32,
    /// The rule's own score, before its validator looked at checksum and context.
    pub base_score: f32,
    /// What had to be undone to find it, the outermost first; None when it stands there as it is.
    pub decoded_from: Option<DecodedFrom>,
    /// In words, where the rule's name does not say all.
    pub explanation: Option<Arc<str>>,
    /// Number of another rule that found all that this says. It is there for those who do not ask for that rule.
    pub behind: Option<u32>,
}

impl Finding {
    /// [`Self::decoded_from`], name by name.
    pub fn decoders(&self) -> impl Iterator<Item = &'static str> {
        self.decoded_from.iter().flat_map(|names| names.iter().copied())
    }
}

/// Names of decoders; shared by the findings of one view.
pub type DecodedFrom = Arc<[&'static str]>;
