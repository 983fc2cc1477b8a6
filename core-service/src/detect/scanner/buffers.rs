//! What a scan writes into, used again by the next.

use std::ops::Range;

use crate::{
    classify::{self, topics},
    detect::rule_mask::RuleIndex,
    domain::finding::Span,
};

/// Bytes between two windows of a rule that are rather read than begun anew.
const GAP: u32 = 32;

#[derive(Debug, Default)]
pub(in crate::detect) struct Buffers {
    /// For each rule, the number of its last window, counted from one; zero while it sleeps.
    last: Vec<u32>,
    windows: Vec<Window>,
    pub(super) classify: classify::Scratch,
    pub(super) topics: topics::Scratch,
}

/// A part of the text that a rule reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) index: RuleIndex,
    pub(super) span: Span,
}

impl Buffers {
    pub(super) fn begin(&mut self, rules: usize) {
        self.last.resize(rules, 0);
    }

    pub(super) fn wake(&mut self, index: RuleIndex, range: Range<usize>) {
        let span = Span::new(range);
        let last = &mut self.last[index as usize];
        match self.windows.get_mut((*last as usize).wrapping_sub(1)) {
            Some(Window { span: known, .. }) if span.start <= known.end.saturating_add(GAP) => {
                known.start = known.start.min(span.start);
                known.end = known.end.max(span.end);
            }
            _ => {
                self.windows.push(Window { index, span });
                *last = u32::try_from(self.windows.len()).unwrap_or(u32::MAX);
            }
        }
    }

    /// The windows that were woken, rule by rule, so that a rule's tables stay near.
    pub(super) fn woken(&mut self) -> &[Window] {
        self.windows.sort_unstable_by_key(|window| (window.index, window.span.start));
        for Window { index, .. } in &self.windows {
            self.last[*index as usize] = 0;
        }
        &self.windows
    }

    pub(super) fn end(&mut self) {
        self.windows.clear();
    }
}
