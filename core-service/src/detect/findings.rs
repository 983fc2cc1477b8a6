//! What was found in one exchange, as it gathers.

use std::{ops::Range, slice, sync::Arc};

use super::{
    compiled::CompiledRule,
    rule_mask::{RuleIndex, RuleMask},
    scanner::Scanner,
};
use crate::{
    domain::{
        finding::{DecodedFrom, Finding, Span},
        segment::Segment,
    },
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
    /// Findings of each rule so far; [`Self::LIMIT`] and one more once it found more than is listed.
    counts: Vec<usize>,
    /// Rules that reached the limit.
    pub overflowed: Vec<RuleIndex>,
    /// What each rule of each policy asks for in the text that is scanned next: a finding stands for another only where
    /// all that ask for the other ask for it too. None, and one asks for all that is looked for.
    askers: Arc<[RuleMask]>,
    /// Bytes of the path to that text, and of the paths of all findings so far.
    path: usize,
    paths: usize,
}

impl Findings {
    /// Of one rule in one exchange. Per rule, so that a flood of one kind cannot hide another.
    pub const LIMIT: usize = 10_000;
    /// Bytes of the paths of all findings: who tells of a finding copies its path, which may be 64 KiB for each of many
    /// words in one string.
    pub const PATHS: usize = 32 << 20;
    /// Findings of one rule that are listed however long their paths are, for the same reason as the limit is per rule.
    const FIRST: usize = 8;

    /// What is known of the text that is scanned next.
    pub fn begin(&mut self, segment: &Segment<'_>, askers: &Arc<[RuleMask]>) {
        self.askers = Arc::clone(askers);
        self.path = segment.pointer.len() + segment.inner_pointer.len();
    }

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
        let count = &mut self.counts[slot];
        if *count > Self::LIMIT {
            return;
        }
        *count += 1;
        let paths = self.paths + self.path;
        if *count > Self::LIMIT || *count > Self::FIRST && paths > Self::PATHS {
            *count = Self::LIMIT + 1;
            self.overflowed.push(index);
            return;
        }
        self.paths = paths;
        self.list.push(Finding {
            segment: reading.segment,
            span,
            rule: Arc::clone(&rule.identity),
            rule_index: index,
            score,
            base_score,
            decoded_from: reading.view.map(|(_, decoded_from)| Arc::clone(decoded_from)),
            explanation,
            behind: None,
        });
    }

    /// Drops those from `from` on that nobody asked for. That a rule found too many stays: another text may be asked for
    /// it. Who reads that looks for what he asks for.
    pub(super) fn keep(&mut self, from: usize, wanted: &RuleMask) {
        let mut new = self.list.split_off(from);
        new.retain(|finding| wanted.contains(finding.rule_index));
        self.list.append(&mut new);
    }

    /// Of findings of one detector over the same text, from `from` on: those of a rule that yields go when another that
    /// is as sure holds all of their text, and of one rule or entity what stands there as it is stays before what was
    /// decoded, then the surest, then the longest. It takes in the place of another that is as sure, so that masking
    /// leaves no part of either. `wanted` is what is asked for where [`Self::askers`] are not told.
    pub(super) fn settle(&mut self, from: usize, scanner: &Scanner, wanted: &RuleMask) {
        if self.list.len() < from + 2 {
            return;
        }
        let told = Arc::clone(&self.askers);
        let askers = if told.is_empty() { slice::from_ref(wanted) } else { &told[..] };
        let mut new = self.list.split_off(from);
        new.sort_by_key(|finding| (finding.rule.detector, finding.span, finding.rule_index));
        let mut reach = 0;
        let touching = |a: &Finding, b: &Finding| {
            reach = if a.rule.detector == b.rule.detector { a.span.end.max(reach) } else { 0 };
            b.span.start < reach
        };
        for cluster in new.chunk_by(touching) {
            self.list.extend(best_of(cluster, scanner, askers));
        }
        self.list[from..].sort_by_key(|finding| (finding.span, finding.rule_index));
    }
}

fn best_of(cluster: &[Finding], scanner: &Scanner, askers: &[RuleMask]) -> Vec<Finding> {
    let yields = |finding: &Finding| scanner.rule(finding.rule_index).yields;
    let length = |finding: &Finding| finding.span.end - finding.span.start;
    let same = |a: &Finding, b: &Finding| {
        let same_entity = !a.rule.entity.is_empty() && a.rule.entity == b.rule.entity;
        same_entity || a.rule_index == b.rule_index
    };
    // Who asks for it hears of the other, under the same threshold and the same exceptions.
    let is_heard = |finding: &Finding, other: &Finding| {
        let hears = |mask: &RuleMask| !mask.contains(finding.rule_index) || mask.contains(other.rule_index);
        finding.rule_index == other.rule_index || askers.iter().all(hears)
    };
    let is_asked_with = |finding: &Finding, other: &Finding| {
        askers.iter().any(|mask| mask.contains(finding.rule_index) && mask.contains(other.rule_index))
    };
    // What is only in part the other's, or surer than it, is more than the other says: a password before a token.
    let gives_way = |finding: &Finding, other: &Finding| {
        yields(finding) && other.span.contains(finding.span) && other.score >= finding.score
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
        let meets =
            |other: &Finding| finding.span.overlaps(other.span) && (gives_way(finding, other) || same(finding, other));
        // Bounded: a text made to give one long chain of findings must not cost their square. What makes the other surer
        // must be asked for by all that hear of the other.
        let stays = kept.iter_mut().take(CLUSTER).find(|other| {
            meets(other) && is_heard(finding, other) && (finding.score <= other.score || is_heard(other, finding))
        });
        match stays {
            None => {
                // Only where the other would leave nothing of it, and is itself there for whoever asks for both.
                let replaces = |other: &&Finding| {
                    let is_all = other.span.contains(finding.span) && other.score >= finding.score;
                    let is_surer = other.score > finding.score;
                    meets(other) && (is_all || is_surer) && other.behind.is_none() && is_asked_with(finding, other)
                };
                let behind = kept.iter().take(CLUSTER).find(replaces).map(|other| other.rule_index);
                kept.push(Finding { behind, ..finding.clone() });
            }
            // What is less sure adds nothing: a threshold that it does not reach must not see it masked.
            Some(other) if same(finding, other) && finding.score >= other.score => {
                other.span.start = other.span.start.min(finding.span.start);
                other.span.end = other.span.end.max(finding.span.end);
                // Kept for what it is, it is as sure as the surest: no threshold may lose both.
                other.score = finding.score;
            }
            Some(_) => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests;
