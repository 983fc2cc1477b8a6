//! What the exceptions of a policy clear.

use crate::{
    domain::{
        finding::{Finding, Span},
        segment::Segment,
    },
    policy::{
        exception::{self, Exception},
        set::Bound,
    },
};

/// The exceptions of a policy that hold today, with the places of their phrases found once for each segment.
pub(in crate::guardrail) struct Excepted<'p> {
    exceptions: Vec<&'p Exception>,
    segment: Option<u32>,
    places: Vec<Vec<Span>>,
}

impl<'p> Excepted<'p> {
    pub(in crate::guardrail) fn new(bound: &'p Bound) -> Self {
        let all = &bound.policy.exceptions;
        let exceptions = if all.is_empty() {
            Vec::new()
        } else {
            let today = exception::today();
            all.iter().filter(|exception| exception.holds_on(today)).collect()
        };
        Self { exceptions, segment: None, places: Vec::new() }
    }

    pub(super) fn holds(&mut self, rule: &str, finding: &Finding, segment: &Segment<'_>) -> bool {
        if self.exceptions.is_empty() {
            return false;
        }
        let text = &segment.text[segment.context..];
        if self.segment != Some(finding.segment) {
            self.places = self.exceptions.iter().map(|exception| exception.places(text).collect()).collect();
            self.segment = Some(finding.segment);
        }
        let mut concerning = self.exceptions.iter().zip(&self.places).filter(|(exception, _)| exception.concerns(rule));
        concerning.any(|(_, places)| is_within(places, finding.span))
    }
}

/// Whether one of the places, sorted and apart, holds the span.
fn is_within(places: &[Span], span: Span) -> bool {
    let after = places.partition_point(|place| place.start <= span.start);
    after.checked_sub(1).is_some_and(|last| places[last].contains(span))
}
