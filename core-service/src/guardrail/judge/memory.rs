//! A request judged with the memory of its session.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Excepted, Scan, Verdicts, late::LateAnswer};
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
    session::{Chain, Known, Quarantine, SessionKey, Sessions, Turns},
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

    fn is_seen(&self, segment: usize) -> bool {
        self.chain.turn(segment).is_some_and(|turn| turn < self.known.turns())
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

    /// What rules found and did not report, added to the session's score; an objection where that is too much.
    pub(super) fn score(
        self,
        recalled: &Recalled,
        chosen: &[&Bound],
        segments: &[Segment<'_>],
        scan: &Scan<'_>,
        verdicts: &mut Verdicts,
    ) {
        for bound in chosen {
            let Some(score) = &bound.policy.session.score else { continue };
            let mut excepted = Excepted::new(bound, scan);
            let mut hints = BTreeMap::<(Option<usize>, u32), f32>::new();
            for finding in &scan.findings.list {
                let (at, segment) = (finding.segment as usize, &segments[finding.segment as usize]);
                let mut weak = |(rule, mask): (&PolicyRule, &RuleMask)| {
                    let counts = mask.contains(finding.rule_index)
                        && finding.score < rule.threshold
                        && rule.action > Action::Allow
                        && rule.concerns(Direction::Request, segment.role);
                    let left = counts.then(|| excepted.left((rule, mask), finding, segment)).flatten()?;
                    Some(left.score.min(finding.score))
                };
                let counts = segment.direction == Direction::Request
                    && score.detectors.contains(&finding.rule.detector)
                    && !recalled.is_seen(at)
                    && bound.covers(segment.direction, segment.role);
                if let Some(score) = counts.then(|| bound.rules().find_map(&mut weak)).flatten() {
                    let hint = hints.entry((recalled.chain.turn(at), finding.rule_index)).or_default();
                    *hint = hint.max(score);
                }
            }
            let policy = self.sessions.digests().short([&*bound.policy.reference.name]);
            let sum = self.sessions.add_score(self.key, policy, hints.values().sum(), score.half_life());
            if sum >= score.limit {
                verdicts.violations.push(objection(bound, score));
                self.quarantine(bound, Trigger::Score);
            }
        }
    }

    /// What the session has to bear for this request, and what it is to remember of it: that is learned here, and given back
    /// where there are late answers, which have to be recorded first.
    pub(super) fn conclude(
        self,
        recalled: Recalled,
        chosen: &[&Bound],
        scan: &Scan<'_>,
        (action, status): (Action, CoverageStatus),
        violations: &[Violation],
        late: &[LateAnswer],
    ) -> Option<Lesson> {
        let Recalled { policies, chain, known } = recalled;
        for bound in chosen {
            let blocked = |violation: &Violation| {
                violation.action == Action::Block
                    && matches!(violation.category, Category::Detector(_))
                    && violation.policy == bound.policy.reference.name
            };
            if violations.iter().any(blocked) {
                self.quarantine(bound, Trigger::Block);
            }
        }
        // What was refused comes back whole or not at all; what was not read to its end is not known.
        let is_unread = scan.second.outcome.is_passing() || scan.topic_encoder.outcome.is_passing();
        if action == Action::Block || status == CoverageStatus::Partial || is_unread || chain.digests.is_empty() {
            return None;
        }
        let found = scan.findings.list.iter().filter_map(|finding| chain.turn(finding.segment as usize));
        let found: BTreeSet<usize> = found.collect();
        let turns = Turns::new(&chain, |turn| known.is_clean(turn) || !found.contains(&turn));
        let lesson = Lesson { policies, turns, chain };
        if !late.is_empty() {
            return Some(lesson);
        }
        self.learn(lesson);
        None
    }

    pub fn learn(self, lesson: Lesson) {
        let Lesson { policies, turns, chain } = lesson;
        self.sessions.learn(self.key, policies, turns, &chain);
    }

    /// That these answers had passed.
    pub(super) fn late(self, bounds: &[&Bound], answers: &[LateAnswer]) {
        let violations = || answers.iter().flat_map(|answer| &answer.judged.decision.violations);
        for bound in bounds {
            quarantine_for_late(self, bound, violations());
        }
    }

    /// That an answer is judged as a response, when it comes back in a request.
    pub(crate) fn answered(self, segments: &[Segment<'_>]) {
        let from_model = |segment: &&Segment<'_>| {
            segment.direction == Direction::Response && matches!(segment.role, Role::Assistant | Role::ToolCall)
        };
        let said = |segment: &&Segment<'_>| {
            ["/choices/", "/content"].iter().any(|start| segment.pointer.starts_with(start))
                || segment.pointer.is_empty()
        };
        let digests = self.sessions.digests();
        let pieces: Vec<u64> =
            segments.iter().filter(from_model).filter(said).take(32).map(|said| digests.piece(said)).collect();
        self.sessions.answered(self.key, &pieces);
    }

    fn quarantine(self, bound: &Bound, trigger: Trigger) {
        if let Some(lasts) = bound.policy.session.quarantine(trigger) {
            let policy = Arc::clone(&bound.policy.reference.name);
            self.sessions.quarantine(self.key, Quarantine { policy, reason: trigger.as_str(), lasts });
        }
    }
}

/// What a policy would have blocked had passed.
pub(crate) fn quarantine_for_late<'v>(
    memory: Memory<'_>,
    bound: &Bound,
    violations: impl IntoIterator<Item = &'v Violation>,
) {
    let passed = |violation: &Violation| {
        violation.action == Action::Block
            && matches!(violation.category, Category::Detector(_))
            && violation.policy == bound.policy.reference.name
            && violation.location.as_ref().is_none_or(|at| at.direction == Direction::Response)
    };
    if violations.into_iter().any(passed) {
        memory.quarantine(bound, Trigger::Late);
    }
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
