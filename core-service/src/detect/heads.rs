//! The classifier's part in a scan: which heads are asked for, and their findings.

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
        Asked, Classifier, Opinion, Scratch, SecondOpinion, Suspect,
        head::Head,
        second::{self, SecondStage},
    },
    domain::{
        coverage::{Missed, SecondRun},
        finding::Detector,
        segment::Role,
    },
};

/// A text that the rules have read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanned<'m> {
    pub(super) role: Role,
    /// What is asked for.
    pub(super) mask: &'m RuleMask,
    /// Where its findings begin.
    pub(super) from: usize,
}

/// What the second stage may take, and what it did.
#[derive(Debug)]
pub(super) struct Second<'c> {
    pub(super) deadline: Option<Instant>,
    pub(super) run: &'c mut SecondRun,
    /// Time that it took.
    pub(super) spent: &'c mut Duration,
}

impl Second<'_> {
    /// Reads the worst windows of a text if the first stage is unsure of it, and notes it.
    fn opinion<'a>(
        self,
        margin: f32,
        suspects: &[Suspect],
        reading: impl Fn(usize) -> Option<Reading<'a>>,
    ) -> Option<SecondOpinion> {
        let stage = match second::current() {
            Ok(stage) if !stage.wants(margin) => return None,
            Ok(stage) => stage,
            Err(missed) => {
                self.run.missed(missed);
                return None;
            }
        };
        let begun = Instant::now();
        let read = Self::read(stage, suspects, reading, self.deadline);
        *self.spent += begun.elapsed();
        match read {
            // The first stage's word holds, and the receipt tells of it: any text can be written so.
            Ok(None) => {
                self.run.missed(Missed::Unreadable);
                None
            }
            Ok(Some(logits)) => {
                self.run.ran(logits.len());
                let worst = logits.into_iter().max_by(|(a, _), (b, _)| a.total_cmp(b));
                worst.map(|(logit, suspect)| SecondOpinion { probability: stage.probability(margin, logit), suspect })
            }
            Err(missed) => {
                self.run.missed(missed);
                None
            }
        }
    }

    /// The windows that the stage can read, if the worst one is among them: what it says of others is no answer to that.
    fn read<'a>(
        stage: &SecondStage,
        suspects: &[Suspect],
        reading: impl Fn(usize) -> Option<Reading<'a>>,
        deadline: Option<Instant>,
    ) -> Result<Option<Vec<(f32, Suspect)>>, Missed> {
        let (mut readable, mut windows) = (Vec::new(), Vec::new());
        for (number, suspect) in suspects.iter().enumerate() {
            let text = reading(suspect.reading)
                .and_then(|reading| reading.text.get(suspect.start as usize..suspect.end as usize));
            match text.map(|text| stage.pieces(text)).transpose()?.flatten() {
                Some(pieces) => {
                    readable.push(*suspect);
                    windows.push(pieces);
                }
                None if number == 0 => return Ok(None),
                None => {}
            }
        }
        let logits = stage.read(&windows, deadline)?;
        Ok(Some(logits.into_iter().zip(readable).collect()))
    }
}

#[derive(Debug)]
pub(super) struct Heads {
    /// None while weights are being made.
    classifier: Option<&'static Classifier>,
    /// The rules of a scanner that stand for a head.
    rules: Vec<(Head, RuleIndex, Arc<CompiledRule>)>,
    /// The pattern rules whose findings count for attacks.
    pub(super) evidence: RuleMask,
}

impl Heads {
    pub(super) fn new<'r>(
        rules: impl ExactSizeIterator<Item = &'r Arc<CompiledRule>>,
        classifier: Option<&'static Classifier>,
    ) -> Self {
        let mut heads = Self { classifier, rules: Vec::new(), evidence: RuleMask::none_of(rules.len()) };
        for (index, rule) in (0..).zip(rules) {
            match rule.head() {
                Some(head) => heads.rules.push((head, index, Arc::clone(rule))),
                None if rule.identity.detector == Detector::PromptInjection => heads.evidence.insert(index),
                None => {}
            }
        }
        heads
    }

    pub(super) fn asked(&self, mask: &RuleMask) -> Asked {
        let mut asked = Asked::default();
        if self.classifier.is_none() {
            return asked;
        }
        for (head, ..) in self.rules.iter().filter(|(_, index, _)| mask.contains(*index)) {
            match head.detector() {
                Detector::Harm => asked.harm = true,
                _ => asked.attacks = true,
            }
        }
        asked
    }

    pub(super) fn begin(&self, scratch: &mut Scratch) {
        if let Some(classifier) = self.classifier {
            classifier.begin(scratch);
        }
    }

    pub(super) fn read(&self, number: usize, text: &str, asked: Asked, scratch: &mut Scratch) {
        if let Some(classifier) = self.classifier {
            classifier.read(number, text, asked, scratch);
        }
    }

    /// Adds what the heads found in a text. `reading` gives its readings by number.
    pub(super) fn conclude<'a>(
        &self,
        scratch: &Scratch,
        Scanned { role, mask, from }: Scanned<'_>,
        reading: impl Fn(usize) -> Option<Reading<'a>>,
        second: Second<'_>,
        findings: &mut Findings,
    ) {
        let Some(classifier) = self.classifier else { return };
        let mut rules: Vec<(&str, f32)> = Vec::new();
        for finding in findings.list[from..].iter().filter(|finding| self.evidence.contains(finding.rule_index)) {
            match rules.iter_mut().find(|(entity, _)| *entity == finding.rule.entity) {
                Some((_, score)) => *score = score.max(finding.score),
                None => rules.push((finding.rule.entity.as_ref(), finding.score)),
            }
        }
        let mut told = Vec::new();
        let second = |margin, suspects: &[Suspect]| second.opinion(margin, suspects, &reading);
        classifier.opinions(scratch, &rules, second, |opinion| told.push(opinion));
        for Opinion { head, probability, alone, reading: number, span } in told {
            // An attack in what a tool gave back was not written by who asks.
            let attack = head.detector() == Detector::PromptInjection;
            let head = if attack && role == Role::Tool { Head::IndirectInjection } else { head };
            let asked = self.rules.iter().find(|(of, index, _)| *of == head && mask.contains(*index));
            if let (Some((_, index, rule)), Some(reading)) = (asked, reading(number)) {
                let judged = Judged { score: probability, base_score: alone, explanation: None };
                findings.push_judged(*index, rule, reading, span, judged);
            }
        }
    }
}
