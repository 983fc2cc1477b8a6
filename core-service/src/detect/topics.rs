//! Denied topics' part in a scan: which are asked for, and their findings.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    compiled::CompiledRule,
    findings::{Findings, Judged, Reading},
    rule_mask::{RuleIndex, RuleMask},
};
use crate::{
    classify::{
        second::{self, Missed, SecondStage},
        topics::{
            Likeness, Scratch, Topics,
            meaning::{self, Meaning, Window},
            profile::Profile,
        },
    },
    domain::coverage::SecondRun,
};

/// What the encoder may take, and what it did.
#[derive(Debug)]
pub(super) struct Comparison<'c> {
    pub(super) deadline: Option<Instant>,
    pub(super) run: &'c mut SecondRun,
    /// Time that it took.
    pub(super) spent: &'c mut Duration,
}

#[derive(Debug)]
pub(super) struct TopicRules {
    topics: Topics,
    /// The rule of each topic.
    rules: Vec<(RuleIndex, Arc<CompiledRule>)>,
    mask: RuleMask,
}

/// The stage that gives vectors, or why there is none.
fn encoder() -> Result<&'static SecondStage, Missed> {
    let stage = second::current()?;
    if stage.embeds() { Ok(stage) } else { Err(Missed::NotInstalled) }
}

impl TopicRules {
    pub(super) fn new<'r>(rules: impl ExactSizeIterator<Item = &'r Arc<CompiledRule>>) -> Result<Self, String> {
        let mut mask = RuleMask::none_of(rules.len());
        let (mut profiles, mut own) = (Vec::new(), Vec::new());
        for (index, rule) in (0..).zip(rules) {
            if let Some(profile) = rule.topic() {
                profiles.push(Arc::clone(profile));
                own.push((index, Arc::clone(rule)));
                mask.insert(index);
            }
        }
        if !profiles.is_empty()
            && let Ok(encoder) = encoder()
        {
            profiles.iter().for_each(|profile| profile.encode(encoder));
        }
        Ok(Self { topics: Topics::new(profiles)?, rules: own, mask })
    }

    pub(super) fn asked(&self, mask: &RuleMask) -> bool {
        !self.topics.is_empty() && self.mask.intersects(mask)
    }

    pub(super) fn begin(&self, mask: &RuleMask, scratch: &mut Scratch) {
        self.topics.begin(scratch, |topic| mask.contains(self.rules[topic].0));
    }

    pub(super) fn read(&self, number: usize, text: &str, scratch: &mut Scratch) {
        self.topics.read(number, text, scratch);
    }

    /// Adds what the text is near to. `reading` gives its readings by number.
    pub(super) fn conclude<'a>(
        &self,
        scratch: &Scratch,
        reading: impl Fn(usize) -> Option<Reading<'a>>,
        comparison: Comparison<'_>,
        findings: &mut Findings,
    ) {
        let text = |number| reading(number).map(|reading| reading.text);
        let compare = |open: &[Window<'_>], profiles: &[Arc<Profile>]| comparison.of(open, profiles);
        self.topics.conclude(scratch, text, compare, |likeness| {
            let Likeness { topic, score, lexical, explanation, reading: number, span } = likeness;
            if let (Some((index, rule)), Some(reading)) = (self.rules.get(topic), reading(number)) {
                let judged = Judged { score, base_score: lexical, explanation: Some(explanation) };
                findings.push_judged(*index, rule, reading, span, judged);
            }
        });
    }
}

impl Comparison<'_> {
    fn of(self, open: &[Window<'_>], profiles: &[Arc<Profile>]) -> Option<Vec<Meaning>> {
        let begun = Instant::now();
        let compared = match encoder() {
            Ok(encoder) => meaning::compare(open, profiles, encoder, self.deadline)?,
            Err(missed) => Err(missed),
        };
        *self.spent += begun.elapsed();
        match compared {
            Ok((meanings, windows)) => {
                self.run.ran(windows);
                Some(meanings)
            }
            Err(missed) => {
                self.run.missed(missed);
                None
            }
        }
    }
}
