//! All rules behind one Aho-Corasick pass.
//!
//! Every rule of every policy shares one automaton: a text is walked once, whatever the number of
//! policies. A keyword hit also tells where to look, so a woken rule reads the neighbourhood of its
//! keywords and not the whole text.

use std::{
    ops::Range,
    sync::{Arc, LazyLock},
};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex_automata::{Input, meta};

use super::{
    pattern,
    rule::{Rule, Wake},
    rules,
    validate::Candidate,
};
use crate::domain::{
    finding::{Detector, Finding, RuleIdentity, Span},
    segment::Segment,
};

type Validator = fn(&Candidate<'_>) -> Option<f32>;

/// A rule ready to run; shared between generations of the scanner.
#[derive(Debug)]
pub struct CompiledRule {
    pub identity: Arc<RuleIdentity>,
    keywords: Vec<String>,
    digits: usize,
    reach: usize,
    matcher: Matcher,
    score: f32,
    validate: Option<Validator>,
}

#[derive(Debug)]
enum Matcher {
    Pattern {
        regex: meta::Regex,
        group: Option<usize>,
    },
    /// The keyword itself is the finding, as a whole word or anywhere.
    Literal {
        whole_word: bool,
    },
}

impl CompiledRule {
    fn built_in(rule: &Rule) -> Result<Self, String> {
        let (keywords, digits) = match rule.wake {
            Wake::Keywords(keywords) => (keywords.iter().map(|&keyword| keyword.to_owned()).collect(), 0),
            Wake::Digits(digits) => (Vec::new(), digits),
        };
        let identity = RuleIdentity {
            id: rule.id.into(),
            detector: rule.detector,
            entity: rule.entity.into(),
            severity: rule.severity,
        };
        let matcher = Matcher::pattern(rule.pattern).map_err(|why| format!("{}: {why}", rule.id))?;
        Ok(Self {
            identity: Arc::new(identity),
            keywords,
            digits,
            reach: rule.reach,
            matcher,
            score: rule.score,
            validate: rule.validate,
        })
    }

    /// A policy's own pattern. Without keywords it reads every text whole.
    pub fn regex(identity: RuleIdentity, pattern: &str) -> Result<Self, String> {
        let matcher = Matcher::pattern(pattern)?;
        Ok(Self {
            identity: Arc::new(identity),
            keywords: Vec::new(),
            digits: 0,
            reach: 0,
            matcher,
            score: 1.0,
            validate: None,
        })
    }

    /// A policy's own words, found ignoring the case of ASCII letters.
    pub fn keywords(identity: RuleIdentity, words: Vec<String>, whole_word: bool) -> Self {
        let matcher = Matcher::Literal { whole_word };
        Self { identity: Arc::new(identity), keywords: words, digits: 0, reach: 0, matcher, score: 1.0, validate: None }
    }
}

impl Matcher {
    fn pattern(pattern: &str) -> Result<Self, String> {
        let regex = pattern::compile(pattern)?;
        let group = regex.group_info().to_index(regex_automata::PatternID::ZERO, "hit");
        Ok(Self::Pattern { regex, group })
    }
}

/// The built-in rules, compiled once in the life of the process.
static BUILT_IN: LazyLock<Result<Vec<Arc<CompiledRule>>, String>> =
    LazyLock::new(|| rules::all().map(|rule| CompiledRule::built_in(rule).map(Arc::new)).collect());

pub fn built_in() -> Result<&'static [Arc<CompiledRule>], String> {
    BUILT_IN.as_deref().map_err(Clone::clone)
}

/// Index of a rule in its scanner.
pub type RuleIndex = u32;

/// Which rules of a scanner a check asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleMask(Vec<u64>);

impl RuleMask {
    pub fn insert(&mut self, index: RuleIndex) {
        self.0[index as usize / 64] |= 1 << (index % 64);
    }

    pub fn contains(&self, index: RuleIndex) -> bool {
        self.0[index as usize / 64] & (1 << (index % 64)) != 0
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }

    fn intersects(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(mine, theirs)| mine & theirs != 0)
    }

    pub fn union(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }
}

#[derive(Debug)]
pub struct Scanner {
    rules: Vec<Arc<CompiledRule>>,
    /// None when no rule has a keyword.
    prefilter: Option<AhoCorasick>,
    /// For each pattern of the prefilter, the rules that it wakes.
    wakes: Vec<Vec<RuleIndex>>,
    /// Rules that wait for digits or for nothing, by how many digits.
    unkeyed: Vec<(RuleIndex, usize)>,
    /// The rules of each detector.
    detectors: Vec<(Detector, RuleMask)>,
}

/// What was found, and which rules found more than is listed.
#[derive(Debug, Default)]
pub struct Findings {
    pub list: Vec<Finding>,
    /// Findings of each rule so far.
    counts: Vec<usize>,
    /// Rules that reached the limit.
    pub overflowed: Vec<RuleIndex>,
    /// [`Segment::context`] of the segment that is being scanned.
    context: usize,
}

impl Findings {
    /// Of one rule in one exchange. Per rule, so that a flood of one kind cannot hide another.
    pub const LIMIT: usize = 10_000;

    fn push(&mut self, index: RuleIndex, segment: u32, hit: Range<usize>, rule: &CompiledRule, score: f32) {
        // What ends within the key alone is no finding; what begins there is one from the value on.
        let (Some(end), start) = (hit.end.checked_sub(self.context), hit.start.saturating_sub(self.context)) else {
            return;
        };
        if start >= end {
            return;
        }
        let slot = index as usize;
        if self.counts.len() <= slot {
            self.counts.resize(slot + 1, 0);
        }
        self.counts[slot] += 1;
        match self.counts[slot] {
            1..=Self::LIMIT => {
                let (span, rule) = (Span::new(start..end), Arc::clone(&rule.identity));
                self.list.push(Finding { segment, span, rule, rule_index: index, score });
            }
            count if count == Self::LIMIT + 1 => self.overflowed.push(index),
            _ => {}
        }
    }
}

/// Buffers of one check, reused from segment to segment.
#[derive(Debug, Default)]
pub struct Scratch {
    /// For each rule, the part of the text around its keywords.
    woken: Vec<Window>,
    order: Vec<RuleIndex>,
}

/// A range, or nothing while the start is behind the end: half the size of an `Option<Range>`, and every check
/// begins with one for each rule.
#[derive(Debug, Clone, Copy)]
struct Window {
    start: u32,
    end: u32,
}

impl Window {
    const ASLEEP: Self = Self { start: u32::MAX, end: 0 };

    const fn is_asleep(self) -> bool {
        self.start > self.end
    }

    fn widen(&mut self, range: Range<usize>) {
        let Span { start, end } = Span::new(range);
        self.start = self.start.min(start);
        self.end = self.end.max(end);
    }
}

impl Scratch {
    fn wake(&mut self, index: RuleIndex, range: Range<usize>) {
        let window = &mut self.woken[index as usize];
        if window.is_asleep() {
            self.order.push(index);
        }
        window.widen(range);
    }
}

impl Scanner {
    /// The built-in rules, then `own` in their order.
    pub fn new(own: impl IntoIterator<Item = Arc<CompiledRule>>) -> Result<Self, String> {
        let mut rules = built_in()?.to_vec();
        rules.extend(own);
        let mut literals: Vec<&str> = Vec::new();
        let mut wakes: Vec<Vec<RuleIndex>> = Vec::new();
        let mut seen = std::collections::HashMap::new();
        let mut unkeyed = Vec::new();
        for (index, rule) in (0..).zip(&rules) {
            if rule.keywords.is_empty() {
                unkeyed.push((index, rule.digits));
            }
            for keyword in &rule.keywords {
                let slot = *seen.entry(keyword.to_ascii_lowercase()).or_insert_with(|| {
                    literals.push(keyword);
                    wakes.push(Vec::new());
                    wakes.len() - 1
                });
                wakes[slot].push(index);
            }
        }
        let prefilter = if literals.is_empty() {
            None
        } else {
            // Overlapping matches, hence Standard: of "system" and "system prompt" both must wake their rules.
            let built = AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .kind(Some(AhoCorasickKind::DFA))
                .build(&literals);
            Some(built.map_err(|error| error.to_string())?)
        };
        let mut scanner = Self { rules, prefilter, wakes, unkeyed, detectors: Vec::new() };
        scanner.detectors =
            Detector::ALL.into_iter().map(|detector| (detector, scanner.mask_of(&[detector]))).collect();
        Ok(scanner)
    }

    /// Whether a mask asks for any rule of a detector.
    pub fn asks_for(&self, mask: &RuleMask, detector: Detector) -> bool {
        self.detectors.iter().any(|(of, rules)| *of == detector && rules.intersects(mask))
    }

    pub fn rules(&self) -> impl Iterator<Item = (RuleIndex, &CompiledRule)> {
        (0..).zip(self.rules.iter().map(AsRef::as_ref))
    }

    pub fn rule(&self, index: RuleIndex) -> &CompiledRule {
        &self.rules[index as usize]
    }

    pub fn empty_mask(&self) -> RuleMask {
        RuleMask(vec![0; self.rules.len().div_ceil(64)])
    }

    pub fn mask_of(&self, detectors: &[Detector]) -> RuleMask {
        let mut mask = self.empty_mask();
        for (index, rule) in self.rules() {
            if detectors.contains(&rule.identity.detector) {
                mask.insert(index);
            }
        }
        mask
    }

    /// Runs the rules of `mask` over one segment.
    pub fn scan(
        &self,
        number: u32,
        segment: &Segment<'_>,
        mask: &RuleMask,
        scratch: &mut Scratch,
        findings: &mut Findings,
    ) {
        let text: &str = &segment.text;
        if segment.is_empty() {
            return;
        }
        findings.context = segment.context;
        scratch.order.clear();
        scratch.woken.resize(self.rules.len(), Window::ASLEEP);
        self.wake(number, text, mask, scratch, findings);
        for &index in &scratch.order {
            let Window { start, end } = std::mem::replace(&mut scratch.woken[index as usize], Window::ASLEEP);
            self.run(number, text, index, start as usize..end as usize, findings);
        }
    }

    fn wake(&self, number: u32, text: &str, mask: &RuleMask, scratch: &mut Scratch, findings: &mut Findings) {
        if let Some(prefilter) = &self.prefilter {
            for hit in prefilter.find_overlapping_iter(text) {
                for &index in &self.wakes[hit.pattern().as_usize()] {
                    if !mask.contains(index) {
                        continue;
                    }
                    let rule = self.rule(index);
                    if let Matcher::Literal { whole_word } = rule.matcher {
                        if !whole_word || stands_alone(text, hit.range()) {
                            findings.push(index, number, hit.range(), rule, rule.score);
                        }
                        continue;
                    }
                    let start = hit.start().saturating_sub(rule.reach);
                    let end = (hit.end() + rule.reach).min(text.len());
                    scratch.wake(index, start..end);
                }
            }
        }
        let digits = LazyLock::<usize, _>::new(|| text.bytes().filter(u8::is_ascii_digit).count());
        for &(index, needed) in &self.unkeyed {
            if mask.contains(index) && (needed == 0 || *digits >= needed) {
                scratch.wake(index, 0..text.len());
            }
        }
    }

    fn run(&self, number: u32, text: &str, index: RuleIndex, range: Range<usize>, findings: &mut Findings) {
        let rule = self.rule(index);
        let Matcher::Pattern { regex, group } = &rule.matcher else { return };
        let range = text.floor_char_boundary(range.start)..text.ceil_char_boundary(range.end);
        let input = Input::new(text).range(range);
        let mut keep = |hit: Range<usize>| {
            let candidate = Candidate { text, start: hit.start, end: hit.end };
            if let Some(score) = rule.validate.map_or(Some(rule.score), |validate| validate(&candidate)) {
                findings.push(index, number, hit, rule, score);
            }
        };
        match group {
            None => regex.find_iter(input).for_each(|found| keep(found.range())),
            Some(group) => {
                for captures in regex.captures_iter(input) {
                    if let Some(hit) = captures.get_group(*group) {
                        keep(hit.range());
                    }
                }
            }
        }
    }
}

/// Whether no letter, digit or underscore touches the range.
fn stands_alone(text: &str, range: Range<usize>) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    !text[..range.start].chars().next_back().is_some_and(word) && !text[range.end..].chars().next().is_some_and(word)
}
