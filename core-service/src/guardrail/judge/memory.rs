//! A request judged with the memory of its session.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Excepted, Scan, Verdicts, counts, late::Answers};
use crate::{
    detect::scanner::RuleMask,
    domain::{
        coverage::CoverageStatus,
        decision::{Action, Category, Violation},
        exchange::Direction,
        finding::Severity,
        segment::{Role, Segment},
    },
    policy::{
        compile::PolicyRule,
        session::{ScoreFile, Trigger},
        set::Bound,
    },
    session::{Chain, Hints, Known, Quarantine, SessionKey, Sessions, Turns},
};

/// The session that a request belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Memory<'m> {
    pub sessions: &'m Sessions,
    pub key: SessionKey,
}

/// That a conversation has been judged this far. Its late answers are not judged again then: who drops this instead, for
/// whatever reason, sees them once more, and the log recognises what it has by its key.
#[derive(Debug)]
pub struct Lesson {
    policies: u64,
    turns: Turns,
    chain: Chain,
}

/// What the session knows of a request before it is scanned.
#[derive(Debug)]
pub(in crate::guardrail) struct Recalled {
    /// Of the policies that judge it: what was clean for one set of policies says nothing for another.
    policies: u64,
    chain: Chain,
    known: Known,
}

impl Recalled {
    /// Whether the segment stands in a turn that the session brought before, after the same turns, and in which no rule
    /// of the same policies found anything, not even what is below a threshold or excepted.
    pub(super) fn is_unchanged(&self, segment: usize) -> bool {
        self.chain.turn(segment).is_some_and(|turn| self.known.is_clean(turn))
    }

    /// The segment's turn, when the session has not seen it.
    pub(super) fn new_turn(&self, segment: usize) -> Option<usize> {
        self.chain.turn(segment).filter(|&turn| turn >= self.known.turns())
    }

    /// Whether an answer of this text was handed in as a response.
    pub(super) fn was_answered(&self, memory: Memory<'_>, segment: &Segment<'_>) -> bool {
        self.known.was_answered(memory.sessions.digests().piece(segment))
    }
}

impl Memory<'_> {
    pub(super) fn recall(self, chosen: &[&Bound], segments: &[Segment<'_>]) -> Recalled {
        let digests = self.sessions.digests();
        let policies = digests.short(chosen.iter().map(|bound| &*bound.policy.reference.digest));
        let chain = digests.chain(segments);
        let known = self.sessions.recall(self.key, policies, &chain);
        Recalled { policies, chain, known }
    }

    /// What rules found and did not report, added to the session's score: each turn once for each policy, whatever else
    /// judges it. An objection where that is too much, and what the session has to bear for it.
    pub(super) fn score(
        self,
        recalled: &Recalled,
        chosen: &[&Bound],
        segments: &[Segment<'_>],
        scan: &Scan<'_>,
        verdicts: &mut Verdicts,
    ) -> Vec<Quarantine> {
        let chain = &recalled.chain;
        // Turns from here on are counted when they are read to their end.
        let unread = scan.ended_at.and_then(|at| (at..segments.len()).find_map(|segment| chain.turn(segment)));
        let is_read = |turn: Option<usize>| turn.is_none_or(|turn| unread.is_none_or(|unread| turn < unread));
        let mut quarantines = Vec::new();
        for bound in chosen {
            let Some(score) = &bound.policy.session.score else { continue };
            let mut excepted = Excepted::new(bound, scan);
            let mut hints = BTreeMap::<(Option<usize>, u32), f32>::new();
            for finding in &scan.findings.list {
                let (at, segment) = (finding.segment as usize, &segments[finding.segment as usize]);
                let mut weak = |(rule, mask): (&PolicyRule, &RuleMask)| {
                    let is_weak = counts(mask, finding)
                        && finding.score < rule.threshold
                        && rule.action > Action::Allow
                        && rule.concerns(Direction::Request, segment.role);
                    let left = is_weak.then(|| excepted.left((rule, mask), finding, segment)).flatten()?;
                    Some(left.score.min(finding.score))
                };
                let is_counted = segment.direction == Direction::Request
                    && score.detectors.contains(&finding.rule.detector)
                    && is_read(chain.turn(at))
                    && bound.covers(segment.direction, segment.role);
                if let Some(score) = is_counted.then(|| bound.rules().find_map(&mut weak)).flatten() {
                    let hint = hints.entry((chain.turn(at), finding.rule_index)).or_default();
                    *hint = hint.max(score);
                }
            }
            let policy = self.sessions.digests().short([&*bound.policy.reference.name]);
            let scores: Vec<_> = hints.into_iter().map(|((turn, _), score)| (turn, score)).collect();
            let hints = Hints { chain, scores: &scores };
            let sum = self.sessions.add_score(self.key, policy, &hints, score.half_life());
            if sum >= score.limit {
                verdicts.violations.push(objection(bound, score));
                quarantines.extend(quarantine(bound, Trigger::Score));
            }
        }
        quarantines
    }

    /// What the session is to remember of this request: that is learned here, and given back where there are late
    /// answers, which have to be recorded first.
    pub(super) fn conclude(
        self,
        recalled: Recalled,
        scan: &Scan<'_>,
        (action, status): (Action, CoverageStatus),
        late: &Answers,
    ) -> Option<Lesson> {
        let Recalled { policies, chain, known } = recalled;
        // What was refused comes back whole or not at all; what was not read to its end is not known.
        let is_unread = scan.is_unread() || late.is_unread;
        if action == Action::Block || status == CoverageStatus::Partial || is_unread || chain.digests.is_empty() {
            return None;
        }
        let found = scan.findings.list.iter().filter_map(|finding| chain.turn(finding.segment as usize));
        let found: BTreeSet<usize> = found.collect();
        let turns = Turns::new(&chain, |turn| known.is_clean(turn) || !found.contains(&turn));
        let lesson = Lesson { policies, turns, chain };
        if !late.objected_to.is_empty() {
            return Some(lesson);
        }
        self.learn(lesson);
        None
    }

    pub fn learn(self, lesson: Lesson) {
        let Lesson { policies, turns, chain } = lesson;
        self.sessions.learn(self.key, policies, turns, &chain);
    }

    /// Of an answer, what [`Sessions::answered`] takes.
    pub(crate) fn pieces(self, segments: &[Segment<'_>]) -> Vec<u64> {
        let from_model = |segment: &&Segment<'_>| {
            segment.direction == Direction::Response && matches!(segment.role, Role::Assistant | Role::ToolCall)
        };
        let said = |segment: &&Segment<'_>| {
            ["/choices/", "/content"].iter().any(|start| segment.pointer.starts_with(start))
                || segment.pointer.is_empty()
        };
        let digests = self.sessions.digests();
        segments.iter().filter(from_model).filter(said).take(32).map(|said| digests.piece(said)).collect()
    }
}

/// The policies of which a detector blocks. Made before the list of violations is cut: a hundred of one policy must not
/// hide that another one wants the session suspended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blocking {
    policies: BTreeSet<Arc<str>>,
    /// Those of them that block an answer.
    of_answers: BTreeSet<Arc<str>>,
}

impl Blocking {
    pub(super) fn of(violations: &[Violation]) -> Self {
        let note = |policies: &mut BTreeSet<Arc<str>>, policy: &Arc<str>| {
            if !policies.contains(policy) {
                policies.insert(Arc::clone(policy));
            }
        };
        let blocks = |violation: &&Violation| {
            violation.action == Action::Block && matches!(violation.category, Category::Detector(_))
        };
        let mut blocking = Self::default();
        for Violation { policy, location, .. } in violations.iter().filter(blocks) {
            note(&mut blocking.policies, policy);
            if location.as_ref().is_none_or(|at| at.direction == Direction::Response) {
                note(&mut blocking.of_answers, policy);
            }
        }
        blocking
    }

    /// What the session has to bear for a request that is refused.
    pub(super) fn quarantines(&self, bounds: &[&Bound]) -> impl Iterator<Item = Quarantine> {
        let blocks = move |bound: &&&Bound| self.policies.contains(&bound.policy.reference.name);
        bounds.iter().filter(blocks).filter_map(|bound| quarantine(bound, Trigger::Block))
    }

    /// What it has to bear for an answer that had passed.
    pub(super) fn late_quarantines(&self, bounds: &[&Bound]) -> impl Iterator<Item = Quarantine> {
        bounds.iter().filter_map(move |bound| self.late_quarantine(bound))
    }

    fn late_quarantine(&self, bound: &Bound) -> Option<Quarantine> {
        let blocks = self.of_answers.contains(&bound.policy.reference.name);
        blocks.then(|| quarantine(bound, Trigger::Late)).flatten()
    }
}

/// What a policy would have blocked had passed.
pub(crate) fn quarantine_for_late(memory: Memory<'_>, bound: &Bound, blocking: &Blocking) {
    if let Some(quarantine) = blocking.late_quarantine(bound) {
        memory.sessions.quarantine(memory.key, quarantine);
    }
}

fn quarantine(bound: &Bound, trigger: Trigger) -> Option<Quarantine> {
    let lasts = bound.policy.session.quarantine(trigger)?;
    Some(Quarantine { policy: Arc::clone(&bound.policy.reference.name), reason: trigger.as_str(), lasts })
}

fn objection(bound: &Bound, score: &ScoreFile) -> Violation {
    Violation {
        policy: Arc::clone(&bound.policy.reference.name),
        rule: Arc::from("session_score"),
        category: Category::Session,
        severity: bound.policy.severity,
        action: score.action,
        score: 1.0,
        base_score: 1.0,
        decoded_from: Vec::new(),
        explanation: "".into(),
        detector_rule: "score".to_owned(),
        entity: String::new(),
        location: None,
        message: Arc::clone(&bound.policy.message),
    }
}

/// Why a request of a session in quarantine is refused.
pub(crate) fn refusal(quarantine: &Quarantine) -> Violation {
    Violation {
        policy: Arc::clone(&quarantine.policy),
        rule: Arc::from("session_quarantined"),
        category: Category::Session,
        severity: Severity::High,
        action: Action::Block,
        score: 1.0,
        base_score: 1.0,
        decoded_from: Vec::new(),
        explanation: "".into(),
        detector_rule: quarantine.reason.to_owned(),
        entity: String::new(),
        location: None,
        message: Arc::from("This conversation is suspended for a while by your organisation's policy."),
    }
}
