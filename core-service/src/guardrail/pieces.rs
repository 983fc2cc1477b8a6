//! A text that arrives in pieces, judged as it grows.
//!
//! After each piece the verdict is that of the text so far, as if it ended there. What is scanned again with each piece
//! is the end of the text, so that nothing is missed that is split over pieces, and no more of it than can matter: the
//! memory and the work of a piece do not grow with the text. A text of up to [`LOOK_BACK`] + [`SETTLED`] bytes is
//! judged whole, and so exactly like one that comes at once.

use std::{borrow::Cow, ops::Range, slice, sync::Arc, time::Instant};

use super::judge::{Excepted, Scan, earliest, objection, unchecked};
use crate::{
    detect::scanner::{RuleIndex, Told},
    domain::{
        coverage::{Coverage, CoverageStatus},
        decision::{Action, Decision, Violation},
        exchange::{CallContext, Direction},
        finding::Span,
        segment::{Role, Segment},
        timing::{Durations, Lap, Stage, Timings},
    },
    extract::Question,
    policy::set::{Bound, PolicySet, UnknownPolicy},
};

/// Bytes before the end of a settled finding that are still read with it: what is found may be so long, together with
/// what decides about it. At least the longest reach of a built-in rule.
pub const LOOK_BACK: usize = 16 << 10;
/// Bytes that have to follow a finding before nothing that comes can change it.
pub const SETTLED: usize = 4 << 10;
/// Where the window is cut, a place between words is looked for in so many bytes.
const BREAK: usize = 1 << 10;

/// How the text is judged.
#[derive(Debug)]
pub struct Terms {
    pub policies: Vec<String>,
    pub context: CallContext,
    /// The side on which the text stands.
    pub direction: Direction,
}

/// The state of one text.
#[derive(Debug)]
pub struct Pieces {
    terms: Terms,
    /// Whose words the text is.
    role: Role,
    /// All that select policies where the caller names no model, a line each.
    models: String,
    /// Names of the policies that judge it, once they are known: which they are does not change while the text grows, and
    /// to tell costs a look at all of them.
    chosen: Option<Vec<Arc<str>>>,
    /// The end of the text.
    window: String,
    /// Where in the text the window begins.
    base: usize,
    /// Findings that end here or before are in `settled` and are what they are.
    settled_to: usize,
    settled: Vec<Settled>,
    total: u64,
    scanned: u64,
    told: Told,
    timed_out: bool,
    overflowed: Vec<RuleIndex>,
    blocked: Option<(Decision, Coverage)>,
    /// Of all pieces so far.
    timings: Timings,
}

/// What one rule of one policy has found for good.
#[derive(Debug)]
struct Settled {
    policy: usize,
    rule: usize,
    count: usize,
    /// The first of them.
    violations: Vec<Violation>,
}

impl Pieces {
    pub fn new(terms: Terms) -> Self {
        let role = match terms.direction {
            Direction::Request => Role::User,
            Direction::Response => Role::Assistant,
        };
        Self {
            terms,
            role,
            models: String::new(),
            chosen: None,
            window: String::new(),
            base: 0,
            settled_to: 0,
            settled: Vec::new(),
            total: 0,
            scanned: 0,
            told: Told::default(),
            timed_out: false,
            overflowed: Vec::new(),
            blocked: None,
            timings: Timings::default(),
        }
    }

    /// What the text answers, said before the first piece.
    pub fn answer(&mut self, question: &Question) {
        self.models.clone_from(&question.models);
        self.chosen = None;
        if question.is_call && self.terms.direction == Direction::Response {
            self.role = Role::Tool;
        }
    }

    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// What judging took, of all pieces so far together.
    pub fn durations(&self) -> Durations {
        self.timings.durations()
    }

    /// Judges the text with one piece more, under the same policies each time. A text that is blocked stays so: nothing of it is scanned any more.
    pub fn push(
        &mut self,
        set: &PolicySet,
        piece: &str,
        deadline: Option<Instant>,
    ) -> Result<(Decision, Coverage), UnknownPolicy> {
        self.total += piece.len() as u64;
        if let Some((decision, coverage)) = &self.blocked {
            let coverage = Coverage {
                status: CoverageStatus::Partial,
                reason: "the text was blocked before it ended".to_owned(),
                bytes_total: self.total,
                ..coverage.clone()
            };
            return Ok((decision.clone(), coverage));
        }
        self.window.push_str(piece);
        // Taken out while it is read, so that the rest can change.
        let window = std::mem::take(&mut self.window);
        let judged = self.judge(set, &window, deadline);
        self.window = window;
        self.slide();
        let (decision, coverage) = judged?;
        if decision.action == Action::Block {
            self.blocked = Some((decision.clone(), coverage.clone()));
            self.window = String::new();
        }
        Ok((decision, coverage))
    }

    fn judge(
        &mut self,
        set: &PolicySet,
        window: &str,
        deadline: Option<Instant>,
    ) -> Result<(Decision, Coverage), UnknownPolicy> {
        let mut lap = Lap::start();
        let Terms { policies, context, direction } = &self.terms;
        let (direction, role) = (*direction, self.role);
        let models = if context.model.is_empty() { &self.models } else { &context.model };
        // What a tool gives back goes to the model as well.
        let chosen: Vec<&Bound> = match &self.chosen {
            Some(names) => names.iter().filter_map(|name| set.get(name)).collect(),
            None => set.resolve(policies, context, models, |judged| role.flows(direction).contains(&judged))?,
        };
        if self.chosen.is_none() {
            self.chosen = Some(chosen.iter().map(|bound| Arc::clone(&bound.policy.reference.name)).collect());
        }
        let deadline = earliest(&chosen, deadline, lap.latest());
        let segment = Segment { direction, role, ..Segment::bare(Cow::Borrowed(window)) };
        let mut scan = Scan::run(set, None, &chosen, slice::from_ref(&segment), None, None, deadline);
        self.timings.ended(Stage::Detect, &mut lap);
        self.timings.scan.join(&scan.times);
        self.merge(&mut scan);
        let cut = self.next_cut(window);
        let mut violations = Vec::new();
        let mut uncounted = 0;
        for (number, bound) in chosen.iter().enumerate() {
            uncounted += self.evaluate((number, bound), &segment, &scan, cut, &mut violations);
        }
        self.settled_to = self.settled_to.max(self.base + window.len().saturating_sub(SETTLED));
        let mut decision = Decision::fold(violations);
        decision.violations_total += uncounted as u64;
        let coverage = scan.coverage(&chosen, u32::from(self.total > 0), self.total);
        self.timings.ended(Stage::Decide, &mut lap);
        Ok((decision, coverage))
    }

    /// What was seen of the text before is seen of it.
    fn merge(&mut self, scan: &mut Scan<'_>) {
        if scan.segments_scanned > 0 {
            self.scanned = self.total;
        }
        self.timed_out |= scan.timed_out;
        self.told.add(&scan.told);
        self.overflowed.append(&mut scan.findings.overflowed);
        self.overflowed.sort_unstable();
        self.overflowed.dedup();
        scan.segments_scanned = u32::from(self.scanned > 0);
        scan.bytes_scanned = self.scanned;
        scan.timed_out = self.timed_out;
        scan.told.clone_from(&self.told);
        scan.findings.overflowed.clone_from(&self.overflowed);
    }

    /// Like the judge's own, over what is settled and what is in the window. Returns how many violations there are
    /// besides those that are listed.
    fn evaluate(
        &mut self,
        (number, bound): (usize, &Bound),
        segment: &Segment<'_>,
        scan: &Scan<'_>,
        cut: usize,
        violations: &mut Vec<Violation>,
    ) -> usize {
        let mut excepted = Excepted::new(bound, scan);
        let before = violations.len();
        let mut uncounted = 0;
        let final_to = self.base + segment.text.len().saturating_sub(SETTLED);
        for (of, (rule, mask)) in bound.rules().enumerate() {
            let mut open = Vec::new();
            for finding in &scan.findings.list {
                let span = self.base + finding.span.start as usize..self.base + finding.span.end as usize;
                if span.end <= self.settled_to || self.is_settled((number, of), finding.rule.id.as_ref(), &span) {
                    continue;
                }
                let Some(mut violation) = objection(bound, (rule, mask), finding, segment, &mut excepted) else {
                    continue;
                };
                if let Some(location) = &mut violation.location {
                    let at = location.span;
                    location.span = Span::new(self.base + at.start as usize..self.base + at.end as usize);
                }
                // What will not be seen whole again is settled, too.
                if span.end <= final_to || span.start < cut {
                    self.settle((number, of), violation);
                } else {
                    open.push(violation);
                }
            }
            let settled = self.settled.iter().find(|settled| (settled.policy, settled.rule) == (number, of));
            let (listed, count) = settled.map_or((&[][..], 0), |settled| (&settled.violations[..], settled.count));
            let found = count + open.len() >= rule.min_matches;
            if found {
                uncounted += count - listed.len();
                violations.extend(listed.iter().cloned());
                violations.append(&mut open);
            }
            // A list that was cut may lack just the finding that no exception covers.
            let cut = scan.findings.overflowed.iter().any(|&index| mask.contains(index));
            if cut && (!found || rule.action == Action::Mask) {
                violations.extend(unchecked(bound, "overflow"));
            }
        }
        if let Some(why) = scan.left_open(bound)
            && violations[before..].iter().all(|violation| violation.action < Action::Block)
        {
            violations.extend(unchecked(bound, why));
        }
        uncounted
    }

    fn settle(&mut self, (policy, rule): (usize, usize), violation: Violation) {
        let known = self.settled.iter().position(|settled| (settled.policy, settled.rule) == (policy, rule));
        let known = known.unwrap_or_else(|| {
            self.settled.push(Settled { policy, rule, count: 0, violations: Vec::new() });
            self.settled.len() - 1
        });
        let settled = &mut self.settled[known];
        settled.count += 1;
        if settled.violations.len() < Decision::MAX_VIOLATIONS {
            settled.violations.push(violation);
        }
    }

    /// Whether it is what is left in the window of something that was settled when it reached out of it.
    fn is_settled(&self, (policy, rule): (usize, usize), id: &str, span: &Range<usize>) -> bool {
        let span = Span::new(span.clone());
        let settled = self.settled.iter().find(|settled| (settled.policy, settled.rule) == (policy, rule));
        settled.is_some_and(|settled| {
            settled.violations.iter().any(|violation| {
                let at = violation.location.as_ref();
                violation.detector_rule == id && at.is_some_and(|at| at.span.overlaps(span))
            })
        })
    }

    /// Where the window begins after this piece, in the text.
    fn next_cut(&self, window: &str) -> usize {
        let Some(least) = window.len().checked_sub(LOOK_BACK + SETTLED).filter(|&least| least > 0) else {
            return self.base;
        };
        let least = window.floor_char_boundary(least);
        let near = &window[least..window.ceil_char_boundary(least + BREAK)];
        if let Some(space) = near.find(char::is_whitespace) {
            return self.base + least + space;
        }
        // Inside of what may be an encoding: its groups are of two, three or four characters, from its start.
        let encoded = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_' | '%');
        let run = window[..least].rfind(|c| !encoded(c)).map_or(0, |at| window.ceil_char_boundary(at + 1));
        self.base + window.floor_char_boundary(run + (least - run) / 12 * 12)
    }

    fn slide(&mut self) {
        let cut = self.next_cut(&self.window) - self.base;
        self.window.drain(..cut);
        self.base += cut;
    }
}

#[cfg(test)]
mod tests;
