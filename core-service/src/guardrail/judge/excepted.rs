//! What the exceptions of a policy clear.

use std::{borrow::Cow, sync::Arc, time::Instant};

use super::Scan;
use crate::{
    detect::scanner::{Findings, RuleMask, Scratch},
    domain::{
        finding::{Finding, Span},
        segment::Segment,
    },
    policy::{
        compile::PolicyRule,
        exception::{self, Exception},
        set::{Bound, PolicySet},
    },
};

/// The exceptions of a policy that hold today, with the places of their phrases found once for each segment.
pub(in crate::guardrail) struct Excepted<'p> {
    exceptions: Vec<&'p Exception>,
    set: &'p PolicySet,
    deadline: Option<Instant>,
    segment: Option<u32>,
    places: Vec<Vec<Span>>,
    rest: Option<Rest>,
}

/// A segment without the phrases that concern a rule, as that rule reads it.
struct Rest {
    rule: Arc<str>,
    segment: u32,
    /// None when there was no time to read it, or the second stage had none.
    findings: Option<Vec<Finding>>,
}

impl<'p> Excepted<'p> {
    pub(in crate::guardrail) fn new(bound: &'p Bound, scan: &Scan<'p>) -> Self {
        let all = &bound.policy.exceptions;
        let exceptions = if all.is_empty() {
            Vec::new()
        } else {
            let today = exception::today();
            all.iter().filter(|exception| exception.holds_on(today)).collect()
        };
        let (set, deadline) = (scan.set, scan.deadline);
        Self { exceptions, set, deadline, segment: None, places: Vec::new(), rest: None }
    }

    /// What the exceptions leave of a finding. What a pattern finds inside a phrase is cleared, and says no more. A model has
    /// one opinion of a whole text and points at the worst window of it: where a phrase is part of that, the text is
    /// read again without the phrases, or whoever knows one could clear an attack by adding it. It costs a second scan
    /// of such a segment.
    pub(super) fn left<'f>(
        &mut self,
        (rule, mask): (&PolicyRule, &RuleMask),
        finding: &'f Finding,
        segment: &Segment<'_>,
    ) -> Option<Cow<'f, Finding>> {
        if self.exceptions.is_empty() {
            return Some(Cow::Borrowed(finding));
        }
        if self.segment != Some(finding.segment) {
            let text = &segment.text[segment.context..];
            self.places = self.exceptions.iter().map(|exception| exception.places(text).collect()).collect();
            self.segment = Some(finding.segment);
        }
        if !finding.rule.reads_whole() {
            let is_cleared = self.concerning(rule).any(|places| is_within(places, finding.span));
            return (!is_cleared).then_some(Cow::Borrowed(finding));
        }
        if !self.concerning(rule).any(|places| meets(places, finding.span)) {
            return Some(Cow::Borrowed(finding));
        }
        match self.rest((rule, mask), finding.segment, segment) {
            None => Some(Cow::Borrowed(finding)),
            Some(rest) => {
                // The phrase may have drawn to one kind of attack what is of another.
                let opinions = rest.iter().filter(|left| left.rule.reads_whole());
                opinions.max_by(|a, b| a.score.total_cmp(&b.score)).cloned().map(Cow::Owned)
            }
        }
    }

    fn concerning(&self, rule: &PolicyRule) -> impl Iterator<Item = &[Span]> {
        let all = self.exceptions.iter().zip(&self.places);
        all.filter(|(exception, _)| exception.concerns(&rule.name)).map(|(_, places)| places.as_slice())
    }

    fn rest(
        &mut self,
        (rule, mask): (&PolicyRule, &RuleMask),
        number: u32,
        segment: &Segment<'_>,
    ) -> Option<&[Finding]> {
        let is_known = self.rest.as_ref().is_some_and(|rest| rest.rule == rule.name && rest.segment == number);
        if !is_known {
            let findings = self.read_rest((rule, mask), number, segment);
            self.rest = Some(Rest { rule: Arc::clone(&rule.name), segment: number, findings });
        }
        self.rest.as_ref()?.findings.as_deref()
    }

    fn read_rest(
        &self,
        (rule, mask): (&PolicyRule, &RuleMask),
        number: u32,
        segment: &Segment<'_>,
    ) -> Option<Vec<Finding>> {
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return None;
        }
        let text = blanked(&segment.text, segment.context, self.concerning(rule).flatten());
        let segment = Segment { text: text.into(), ..segment.clone() };
        let (mut scratch, mut findings) = (Scratch::until(self.deadline), Findings::default());
        self.set.scanner.scan(number, &segment, mask, &mut scratch, &mut findings);
        let is_read = !scratch.told.second.outcome.is_passing() && !scratch.told.topic_encoder.outcome.is_passing();
        let is_listed = !findings.overflowed.iter().any(|&index| mask.contains(index));
        (is_read && is_listed).then_some(findings.list)
    }
}

/// The text with spaces in these places, so that everything else stays where it is and nothing meets that did not.
fn blanked<'a>(text: &str, context: usize, places: impl Iterator<Item = &'a Span>) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for place in places {
        bytes[context + place.start as usize..context + place.end as usize].fill(b' ');
    }
    // A phrase is whole characters, and so is what is left.
    String::from_utf8(bytes).unwrap_or_default()
}

/// Whether one of the places, sorted and apart, shares anything with the span.
fn meets(places: &[Span], span: Span) -> bool {
    let first = places.partition_point(|place| place.end <= span.start);
    places.get(first).is_some_and(|place| place.overlaps(span))
}

/// Whether one of the places, sorted and apart, holds the span.
fn is_within(places: &[Span], span: Span) -> bool {
    let after = places.partition_point(|place| place.start <= span.start);
    after.checked_sub(1).is_some_and(|last| places[last].contains(span))
}

#[cfg(test)]
mod tests;
