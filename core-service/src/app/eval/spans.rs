//! Whether the right thing was found in the right place.

use std::{collections::BTreeMap, ops::Range};

use serde::Serialize;

use super::{row::Labelled, tally::ratio};
use crate::domain::finding::Finding;

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    labelled: usize,
    /// Labelled places that a finding of the same name overlaps.
    labelled_found: usize,
    /// Labelled places that only findings of another name overlap. No hits, but often two names for one thing.
    named_otherwise: usize,
    found: usize,
    found_rightly: usize,
}

/// By what is labelled and what is found, in lower case.
#[derive(Debug, Default)]
pub(super) struct Spans {
    rows: usize,
    outside: usize,
    types: BTreeMap<String, Counts>,
}

/// A finding's name, in lower case, and its place in bytes.
pub(super) struct Found {
    name: String,
    range: Range<usize>,
}

impl From<&Finding> for Found {
    fn from(finding: &Finding) -> Self {
        let rule = &finding.rule;
        let name = if rule.entity.is_empty() { rule.detector.as_str() } else { &rule.entity };
        Self { name: name.to_ascii_lowercase(), range: finding.span.start as usize..finding.span.end as usize }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct SpanReport {
    /// Rows whose places are labelled: findings in others are neither right nor wrong.
    pub(super) rows: usize,
    /// Labels that name no place in their text.
    pub(super) outside: usize,
    pub(super) types: Vec<TypeReport>,
}

#[derive(Debug, Serialize)]
pub(super) struct TypeReport {
    #[serde(rename = "type")]
    pub(super) name: String,
    pub(super) labelled: usize,
    pub(super) recall: Option<f64>,
    pub(super) named_otherwise: usize,
    pub(super) found: usize,
    pub(super) precision: Option<f64>,
}

impl Spans {
    pub(super) fn push(&mut self, text: &str, labels: &[Labelled], found: &[Found]) {
        self.rows += 1;
        let places = Places::of(text);
        let mut labelled: Vec<(String, Range<usize>)> = Vec::new();
        for label in labels {
            match places.bytes(label.start, label.end) {
                Some(range) => labelled.push((label.kind.to_ascii_lowercase(), range)),
                None => self.outside += 1,
            }
        }
        for (name, range) in &labelled {
            let counts = self.types.entry(name.clone()).or_default();
            counts.labelled += 1;
            if found.iter().any(|found| found.name == *name && overlap(&found.range, range)) {
                counts.labelled_found += 1;
            } else if found.iter().any(|found| overlap(&found.range, range)) {
                counts.named_otherwise += 1;
            }
        }
        for Found { name, range } in found {
            let right = labelled.iter().any(|(other, at)| other == name && overlap(at, range));
            let counts = self.types.entry(name.clone()).or_default();
            counts.found += 1;
            counts.found_rightly += usize::from(right);
        }
    }

    /// None when no row has labelled places.
    pub(super) fn report(self) -> Option<SpanReport> {
        let types = self.types.into_iter().map(|(name, counts)| TypeReport {
            name,
            labelled: counts.labelled,
            recall: ratio(counts.labelled_found, counts.labelled),
            named_otherwise: counts.named_otherwise,
            found: counts.found,
            precision: ratio(counts.found_rightly, counts.found),
        });
        (self.rows > 0).then(|| SpanReport { rows: self.rows, outside: self.outside, types: types.collect() })
    }
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// From characters to bytes.
enum Places {
    /// Every character is a byte, of so many.
    Same(usize),
    /// Where each character begins, and where the text ends.
    Starts(Vec<usize>),
}

impl Places {
    fn of(text: &str) -> Self {
        if text.is_ascii() {
            return Self::Same(text.len());
        }
        Self::Starts(text.char_indices().map(|(at, _)| at).chain([text.len()]).collect())
    }

    fn bytes(&self, start: usize, end: usize) -> Option<Range<usize>> {
        let at = |place: usize| match self {
            Self::Same(len) => (place <= *len).then_some(place),
            Self::Starts(starts) => starts.get(place).copied(),
        };
        if start >= end {
            return None;
        }
        Some(at(start)?..at(end)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, range: Range<usize>) -> Found {
        Found { name: name.to_owned(), range }
    }

    fn label(kind: &str, range: Range<usize>) -> Labelled {
        Labelled { start: range.start, end: range.end, kind: kind.to_owned() }
    }

    #[test]
    fn characters_become_bytes() {
        let text = "é😀ab";
        let places = Places::of(text);
        assert_eq!(places.bytes(0, 1), Some(0..2));
        assert_eq!(places.bytes(1, 2), Some(2..6));
        assert_eq!(places.bytes(2, 4).map(|range| &text[range]), Some("ab"));
        assert_eq!(places.bytes(3, 5), None);
        assert_eq!(places.bytes(2, 2), None);
        assert_eq!(Places::of("abc").bytes(1, 3), Some(1..3));
        assert_eq!(Places::of("abc").bytes(1, 4), None);
    }

    #[test]
    fn another_name_over_the_same_place_is_no_hit() {
        let mut spans = Spans::default();
        // The e-mail's label lies behind two characters of two bytes each.
        let text = "éé ann@example.org 10.1.2.3";
        let labels = [label("EMAIL_ADDRESS", 3..18), label("PHONE_NUMBER", 19..27), label("PERSON", 90..99)];
        let found = [found("email_address", 5..20), found("ip_address", 21..29), found("phone_number", 0..4)];
        spans.push(text, &labels, &found);
        let report = spans.report().unwrap();
        assert_eq!((report.rows, report.outside), (1, 1));
        let of = |name: &str| report.types.iter().find(|of| of.name == name).unwrap();
        assert_eq!((of("email_address").recall, of("email_address").precision), (Some(1.0), Some(1.0)));
        assert_eq!((of("phone_number").recall, of("phone_number").named_otherwise), (Some(0.0), 1));
        assert_eq!(of("phone_number").precision, Some(0.0));
        assert_eq!((of("ip_address").labelled, of("ip_address").recall), (0, None));
    }
}
