//! What the classifiers tell apart.

use crate::domain::finding::{Detector, Severity};

/// One probability of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Head {
    PromptInjection,
    Jailbreak,
    PromptExtraction,
    IndirectInjection,
    Hate,
    Harassment,
    Violence,
    Sexual,
    SexualMinors,
    SelfHarm,
    Illicit,
    Profanity,
}

impl Head {
    /// Kinds of attack: one probability says that a text is an attack, and the likeliest kind names it.
    pub const ATTACKS: [Self; 4] =
        [Self::PromptInjection, Self::Jailbreak, Self::PromptExtraction, Self::IndirectInjection];

    /// Each with a probability of its own.
    pub const HARMS: [Self; 8] = [
        Self::Hate,
        Self::Harassment,
        Self::Violence,
        Self::Sexual,
        Self::SexualMinors,
        Self::SelfHarm,
        Self::Illicit,
        Self::Profanity,
    ];

    /// The entity that policies select and findings name.
    pub const fn entity(self) -> &'static str {
        match self {
            Self::PromptInjection => "prompt_injection",
            Self::Jailbreak => "jailbreak",
            Self::PromptExtraction => "prompt_extraction",
            Self::IndirectInjection => "indirect_injection",
            Self::Hate => "hate",
            Self::Harassment => "harassment",
            Self::Violence => "violence",
            Self::Sexual => "sexual",
            Self::SexualMinors => "sexual_minors",
            Self::SelfHarm => "self_harm",
            Self::Illicit => "illicit",
            Self::Profanity => "profanity",
        }
    }

    pub fn named(entity: &str) -> Option<Self> {
        Self::ATTACKS.into_iter().chain(Self::HARMS).find(|head| head.entity() == entity)
    }

    /// The head whose finding has this name.
    pub fn of_rule(id: &str) -> Option<Self> {
        Self::ATTACKS.into_iter().chain(Self::HARMS).find(|head| head.id() == id)
    }

    /// The name of the finding's rule: apart from the pattern rules, which share some entities.
    pub const fn id(self) -> &'static str {
        match self {
            Self::PromptInjection => "classifier_prompt_injection",
            Self::Jailbreak => "classifier_jailbreak",
            Self::PromptExtraction => "classifier_prompt_extraction",
            Self::IndirectInjection => "classifier_indirect_injection",
            Self::Hate => "classifier_hate",
            Self::Harassment => "classifier_harassment",
            Self::Violence => "classifier_violence",
            Self::Sexual => "classifier_sexual",
            Self::SexualMinors => "classifier_sexual_minors",
            Self::SelfHarm => "classifier_self_harm",
            Self::Illicit => "classifier_illicit",
            Self::Profanity => "classifier_profanity",
        }
    }

    pub const fn detector(self) -> Detector {
        match self {
            Self::PromptInjection | Self::Jailbreak | Self::PromptExtraction | Self::IndirectInjection => {
                Detector::PromptInjection
            }
            _ => Detector::Harm,
        }
    }

    pub const fn severity(self) -> Severity {
        match self {
            Self::SexualMinors => Severity::Critical,
            Self::Profanity => Severity::Low,
            Self::Harassment | Self::Sexual | Self::Violence => Severity::Medium,
            _ => Severity::High,
        }
    }
}

/// A probability in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Low,
    Medium,
    High,
}

impl Level {
    /// The least probability of each.
    pub const LOW: f32 = 0.2;
    pub const MEDIUM: f32 = 0.5;
    pub const HIGH: f32 = 0.8;

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// None below [`Self::LOW`].
    pub fn of(probability: f32) -> Option<Self> {
        match probability {
            p if p >= Self::HIGH => Some(Self::High),
            p if p >= Self::MEDIUM => Some(Self::Medium),
            p if p >= Self::LOW => Some(Self::Low),
            _ => None,
        }
    }
}
