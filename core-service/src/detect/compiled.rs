//! Rules ready to run, each compiled once and shared between generations of the scanner.

use std::sync::{Arc, LazyLock};

use regex_automata::meta;

use super::{
    figures::Figure,
    pattern,
    rule::{Rule, Wake},
    rules,
    validate::Candidate,
};
use crate::{
    classify::{head::Head, topics::profile::Profile},
    domain::finding::{Detector, RuleIdentity, Severity},
    normalize::Mark,
};

pub(super) type Validator = fn(&Candidate<'_>) -> Option<f32>;
pub(super) type FigureFilter = fn(&Figure<'_>) -> bool;

/// A rule ready to run; shared between generations of the scanner.
#[derive(Debug)]
pub struct CompiledRule {
    pub identity: Arc<RuleIdentity>,
    pub(super) keywords: Vec<String>,
    pub(super) figures: Option<FigureFilter>,
    pub(super) reach: usize,
    pub(super) matcher: Matcher,
    pub(super) score: f32,
    pub(super) yields: bool,
    pub(super) validate: Option<Validator>,
}

#[derive(Debug)]
pub(super) enum Matcher {
    Pattern {
        regex: meta::Regex,
        group: Option<usize>,
    },
    /// The keyword itself is the finding, as a whole word or anywhere.
    Literal {
        whole_word: bool,
    },
    /// What the normaliser sees; no pattern could.
    Mark(Mark),
    /// What a trained classifier says.
    Head(Head),
    /// What the text is about.
    Topic(Arc<Profile>),
}

impl CompiledRule {
    fn built_in(rule: &Rule) -> Result<Self, String> {
        let (keywords, figures) = match rule.wake {
            Wake::Keywords(keywords) => (keywords.iter().map(|&keyword| keyword.to_owned()).collect(), None),
            Wake::Figures(filter) => (Vec::new(), Some(filter)),
            Wake::Always => (Vec::new(), None),
        };
        let identity = RuleIdentity {
            id: rule.id.into(),
            detector: rule.detector,
            entity: rule.entity.into(),
            severity: rule.severity,
        };
        let regex = pattern::compile_built_in(rule.pattern).map_err(|why| format!("{}: {why}", rule.id))?;
        let matcher = Matcher::of(regex);
        Ok(Self {
            identity: Arc::new(identity),
            keywords,
            figures,
            reach: rule.reach,
            matcher,
            score: rule.score,
            yields: rule.yields,
            validate: rule.validate,
        })
    }

    /// A policy's own pattern. Without keywords it reads every text whole.
    pub fn regex(identity: RuleIdentity, pattern: &str) -> Result<Self, String> {
        let matcher = Matcher::of(pattern::compile(pattern)?);
        Ok(Self {
            identity: Arc::new(identity),
            keywords: Vec::new(),
            figures: None,
            reach: 0,
            matcher,
            score: 1.0,
            yields: false,
            validate: None,
        })
    }

    /// A policy's own words, found ignoring the case of ASCII letters.
    pub fn keywords(identity: RuleIdentity, words: Vec<String>, whole_word: bool) -> Self {
        let matcher = Matcher::Literal { whole_word };
        Self {
            identity: Arc::new(identity),
            keywords: words,
            figures: None,
            reach: 0,
            matcher,
            score: 1.0,
            yields: false,
            validate: None,
        }
    }
}

impl CompiledRule {
    /// A policy's own topic.
    pub fn topic_of(identity: RuleIdentity, profile: Profile) -> Self {
        Self {
            identity: Arc::new(identity),
            keywords: Vec::new(),
            figures: None,
            reach: 0,
            matcher: Matcher::Topic(Arc::new(profile)),
            score: 0.0,
            yields: false,
            validate: None,
        }
    }

    fn mark(mark: Mark) -> Self {
        let identity = RuleIdentity {
            id: mark.as_str().into(),
            detector: Detector::Obfuscation,
            entity: mark.as_str().into(),
            severity: Severity::Medium,
        };
        // How seldom it is innocent: nobody writes in tag characters, but code is full of encodings.
        let score = match mark {
            Mark::TagCharacters | Mark::VariationSelectors => 0.9,
            Mark::Bidi | Mark::Homoglyphs => 0.7,
            Mark::ZeroWidth => 0.6,
            Mark::StackedMarks => 0.5,
            Mark::SpacedLetters => 0.4,
            Mark::Encoded => 0.3,
        };
        Self {
            identity: Arc::new(identity),
            keywords: Vec::new(),
            figures: None,
            reach: 0,
            matcher: Matcher::Mark(mark),
            score,
            yields: false,
            validate: None,
        }
    }
}

impl CompiledRule {
    /// Bytes of heap that the rule takes, without its keywords and the tables that searches build.
    pub(super) fn memory(&self) -> usize {
        match &self.matcher {
            Matcher::Pattern { regex, .. } => regex.memory_usage(),
            Matcher::Literal { .. } | Matcher::Mark(_) | Matcher::Head(_) | Matcher::Topic(_) => 0,
        }
    }

    fn classifier(head: Head) -> Self {
        let identity = RuleIdentity {
            id: head.id().into(),
            detector: head.detector(),
            entity: head.entity().into(),
            severity: head.severity(),
        };
        Self {
            identity: Arc::new(identity),
            keywords: Vec::new(),
            figures: None,
            reach: 0,
            matcher: Matcher::Head(head),
            score: 0.0,
            yields: false,
            validate: None,
        }
    }

    pub(super) const fn head(&self) -> Option<Head> {
        match self.matcher {
            Matcher::Head(head) => Some(head),
            _ => None,
        }
    }

    pub(super) const fn topic(&self) -> Option<&Arc<Profile>> {
        match &self.matcher {
            Matcher::Topic(profile) => Some(profile),
            _ => None,
        }
    }
}

impl Matcher {
    fn of(regex: meta::Regex) -> Self {
        let group = regex.group_info().to_index(regex_automata::PatternID::ZERO, "hit");
        Self::Pattern { regex, group }
    }
}

/// The built-in rules, compiled once in the life of the process.
static BUILT_IN: LazyLock<Result<Vec<Arc<CompiledRule>>, String>> = LazyLock::new(|| {
    let marks = MARKS.into_iter().map(|mark| Ok(Arc::new(CompiledRule::mark(mark))));
    let heads = Head::ATTACKS.into_iter().chain(Head::HARMS);
    let heads = heads.map(|head| Ok(Arc::new(CompiledRule::classifier(head))));
    rules::all().map(|rule| CompiledRule::built_in(rule).map(Arc::new)).chain(marks).chain(heads).collect()
});

const MARKS: [Mark; 8] = [
    Mark::ZeroWidth,
    Mark::Bidi,
    Mark::TagCharacters,
    Mark::VariationSelectors,
    Mark::Homoglyphs,
    Mark::StackedMarks,
    Mark::SpacedLetters,
    Mark::Encoded,
];

pub fn built_in() -> Result<&'static [Arc<CompiledRule>], String> {
    BUILT_IN.as_deref().map_err(Clone::clone)
}
