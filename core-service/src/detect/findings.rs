//! What was found in one exchange, as it gathers.

use std::{ops::Range, sync::Arc};

use super::{
    compiled::CompiledRule,
    rule_mask::{RuleIndex, RuleMask},
    scanner::Scanner,
};
use crate::{
    domain::finding::{DecodedFrom, Finding, Span},
    normalize::View,
};

/// Findings over the same text that one is compared with.
const CLUSTER: usize = 32;

/// A text as it is scanned, and where its pieces stand in the segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    /// Number of the segment in the exchange.
    pub(super) segment: u32,
    pub(super) text: &'a str,
    /// [`crate::domain::segment::Segment::context`].
    pub(super) context: usize,
    /// Set for what had to be undone first.
    pub(super) view: Option<(&'a View, &'a DecodedFrom)>,
}

impl Reading<'_> {
    /// The range in the segment's own string; None when it lies in the key before it alone.
    fn place(&self, hit: Range<usize>) -> Option<Span> {
        let hit = self.view.map_or(hit.clone(), |(view, _)| view.origin(hit));
        let end = hit.end.checked_sub(self.context)?;
        let start = hit.start.saturating_sub(self.context);
        (start < end).then(|| Span::new(start..end))
    }
}

/// How sure a finding is.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) score: f32,
    /// Before what else was looked at.
    pub(super) base_score: f32,
    pub(super) explanation: Option<Arc<str>>,
}

/// Findings, and which rules found more than is listed.
#[derive(Debug, Default)]
pub struct Findings {
    pub list: Vec<Finding>,
    /// Findings of each rule so far.
    counts: Vec<usize>,
    /// Rules that reached the limit.
    pub overflowed: Vec<RuleIndex>,
}

impl Findings {
    /// Of one rule in one exchange. Per rule, so that a flood of one kind cannot hide another.
    pub const LIMIT: usize = 10_000;

    pub(super) fn push(
        &mut self,
        index: RuleIndex,
        rule: &CompiledRule,
        reading: Reading<'_>,
        hit: Range<usize>,
        score: f32,
    ) {
        let judged = Judged { score, base_score: rule.score, explanation: None };
        self.push_judged(index, rule, reading, hit, judged);
    }

    /// With a score of its own before what else was looked at.
    pub(super) fn push_judged(
        &mut self,
        index: RuleIndex,
        rule: &CompiledRule,
        reading: Reading<'_>,
        hit: Range<usize>,
        Judged { score, base_score, explanation }: Judged,
    ) {
        let Some(span) = reading.place(hit) else { return };
        let slot = index as usize;
        if self.counts.len() <= slot {
            self.counts.resize(slot + 1, 0);
        }
        self.counts[slot] += 1;
        match self.counts[slot] {
            1..=Self::LIMIT => self.list.push(Finding {
                segment: reading.segment,
                span,
                rule: Arc::clone(&rule.identity),
                rule_index: index,
                score,
                base_score,
                decoded_from: reading.view.map(|(_, decoded_from)| Arc::clone(decoded_from)),
                explanation,
            }),
            count if count == Self::LIMIT + 1 => self.overflowed.push(index),
            _ => {}
        }
    }

    /// Drops those from `from` on that nobody asked for.
    pub(super) fn keep(&mut self, from: usize, wanted: &RuleMask) {
        let mut new = self.list.split_off(from);
        new.retain(|finding| wanted.contains(finding.rule_index));
        self.list.append(&mut new);
        self.overflowed.retain(|index| wanted.contains(*index));
    }

    /// Of findings of one detector over the same text, from `from` on: those of a rule that yields go when there is
    /// another, and of one rule or entity what stands there as it is stays before what was decoded, then the surest,
    /// then the longest. It takes in the place of another that is as sure, so that masking leaves no part of
    /// either.
    pub(super) fn settle(&mut self, from: usize, scanner: &Scanner) {
        if self.list.len() < from + 2 {
            return;
        }
        let mut new = self.list.split_off(from);
        new.sort_by_key(|finding| (finding.rule.detector, finding.span, finding.rule_index));
        let mut reach = 0;
        let touching = |a: &Finding, b: &Finding| {
            reach = if a.rule.detector == b.rule.detector { a.span.end.max(reach) } else { 0 };
            b.span.start < reach
        };
        for cluster in new.chunk_by(touching) {
            self.list.extend(best_of(cluster, scanner));
        }
        self.list[from..].sort_by_key(|finding| (finding.span, finding.rule_index));
    }
}

fn best_of(cluster: &[Finding], scanner: &Scanner) -> Vec<Finding> {
    let yields = |finding: &Finding| scanner.rule(finding.rule_index).yields;
    let length = |finding: &Finding| finding.span.end - finding.span.start;
    let same = |a: &Finding, b: &Finding| {
        let same_entity = !a.rule.entity.is_empty() && a.rule.entity == b.rule.entity;
        same_entity || a.rule_index == b.rule_index
    };
    let mut best: Vec<&Finding> = cluster.iter().collect();
    best.sort_by(|a, b| {
        let decoded = |finding: &Finding| finding.decoded_from.is_some();
        yields(a)
            .cmp(&yields(b))
            .then(decoded(a).cmp(&decoded(b)))
            .then(b.score.total_cmp(&a.score))
            .then(length(b).cmp(&length(a)))
    });
    let mut kept: Vec<Finding> = Vec::with_capacity(best.len());
    for finding in best {
        // Bounded: a text made to give one long chain of findings must not cost their square.
        let stays = kept
            .iter_mut()
            .take(CLUSTER)
            .find(|other| finding.span.overlaps(other.span) && (yields(finding) || same(finding, other)));
        match stays {
            None => kept.push(finding.clone()),
            // What is less sure adds nothing: a threshold that it does not reach must not see it masked.
            Some(other) if same(finding, other) && finding.score >= other.score => {
                other.span.start = other.span.start.min(finding.span.start);
                other.span.end = other.span.end.max(finding.span.end);
            }
            Some(_) => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests;
