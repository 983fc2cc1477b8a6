//! One pass of the detectors over an exchange.

use std::{sync::Arc, time::Instant};

use super::memory::Recalled;
use crate::{
    detect::{
        known::Asker,
        scanner::{Findings, RuleMask, Scratch, Told},
    },
    domain::{
        coverage::{Coverage, CoverageStatus, Missed, Outcome, SecondRun, StageOutcome},
        exchange::Direction,
        finding::Detector,
        segment::{Role, Segment},
        timing::ScanTimes,
    },
    policy::set::{Bound, PolicySet},
    telemetry,
};

/// Bytes between two looks at the clock: some 100 µs.
const CLOCK_EVERY: usize = 64 << 10;

/// One pass over all segments for all policies.
pub(in crate::guardrail) struct Scan<'s> {
    pub(super) set: &'s PolicySet,
    pub(super) deadline: Option<Instant>,
    pub(in crate::guardrail) findings: Findings,
    /// Union of what was looked for.
    asked: RuleMask,
    pub(in crate::guardrail) segments_scanned: u32,
    pub(in crate::guardrail) bytes_scanned: u64,
    segments_unchanged: u32,
    bytes_unchanged: u64,
    pub(in crate::guardrail) timed_out: bool,
    /// The segment before which the time was over.
    pub(super) ended_at: Option<usize>,
    pub(in crate::guardrail) told: Told,
    pub(in crate::guardrail) times: ScanTimes,
}

/// What is looked for in text of one origin.
pub(super) struct Asked {
    origin: (Direction, Role),
    pub(super) mask: RuleMask,
    /// When texts are known again.
    asker: Option<Asker>,
    /// Rule by rule, each once.
    pub(super) askers: Arc<[RuleMask]>,
}

impl Asked {
    pub(super) fn of(set: &PolicySet, chosen: &[&Bound], origin: (Direction, Role)) -> Self {
        let (direction, role) = origin;
        let (mut mask, mut askers) = (set.scanner.empty_mask(), Vec::<RuleMask>::new());
        for bound in chosen.iter().filter(|bound| bound.covers(direction, role)) {
            for (_, asks) in bound.rules().filter(|(rule, _)| rule.concerns(direction, role)) {
                mask.union(asks);
                if !askers.contains(asks) {
                    askers.push(asks.clone());
                }
            }
        }
        Self { origin, mask, asker: None, askers: askers.into() }
    }
}

impl<'s> Scan<'s> {
    /// Of nothing yet but these.
    pub(super) fn of(set: &'s PolicySet, findings: Findings) -> Self {
        Self {
            set,
            deadline: None,
            findings,
            asked: set.scanner.empty_mask(),
            segments_scanned: 0,
            bytes_scanned: 0,
            segments_unchanged: 0,
            bytes_unchanged: 0,
            timed_out: false,
            ended_at: None,
            told: Told::default(),
            times: ScanTimes::default(),
        }
    }

    /// `tenant` may know texts again that were clean when he sent them before; None: each is read.
    pub(in crate::guardrail) fn run(
        set: &'s PolicySet,
        tenant: Option<&str>,
        chosen: &[&Bound],
        segments: &[Segment<'_>],
        side: Option<Direction>,
        recalled: Option<&Recalled>,
        deadline: Option<Instant>,
    ) -> Self {
        let mut scan = Self { deadline, ..Self::of(set, Findings::default()) };
        let mut all: Vec<Asked> = Vec::new();
        let mut scratch = Scratch::until(deadline);
        let (mut since_clock, mut read, mut known_again) = (0, 0, 0);
        for (number, segment) in (0..).zip(segments) {
            if side.is_some_and(|side| side != segment.direction) {
                continue;
            }
            let origin = (segment.direction, segment.role);
            let known = all.iter().position(|asked| asked.origin == origin).unwrap_or_else(|| {
                let mut asked = Asked::of(set, chosen, origin);
                asked.asker = tenant.and_then(|tenant| Some(set.known.as_ref()?.asker(tenant, origin.1, &asked.mask)));
                scan.asked.union(&asked.mask);
                all.push(asked);
                all.len() - 1
            });
            let Asked { mask, askers, asker, .. } = &all[known];
            if mask.is_empty() {
                continue;
            }
            if recalled.is_some_and(|recalled| recalled.is_unchanged(number as usize)) {
                scan.segments_unchanged += 1;
                scan.bytes_unchanged += segment.len() as u64;
                continue;
            }
            since_clock += segment.len();
            if since_clock >= CLOCK_EVERY {
                since_clock = 0;
                if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    scan.timed_out = true;
                    scan.ended_at = Some(number as usize);
                    break;
                }
            }
            scan.findings.begin(segment, askers);
            let is_read = match set.known.as_ref().zip(*asker) {
                Some((known, asker)) => {
                    known.scan(asker, &set.scanner, (number, segment, mask), &mut scratch, &mut scan.findings)
                }
                None => {
                    set.scanner.scan(number, segment, mask, &mut scratch, &mut scan.findings);
                    true
                }
            };
            let bytes = if is_read { &mut read } else { &mut known_again };
            *bytes += segment.len() as u64;
            scan.segments_scanned += 1;
            scan.bytes_scanned += segment.len() as u64;
        }
        telemetry::metrics().scanned(read, known_again);
        scan.told = scratch.told;
        scan.times = scratch.times;
        scan
    }

    /// Whether some of the text may be read next time that was not read now. What unfolds to more than is scanned was
    /// read as far as it ever is.
    pub(super) fn is_unread(&self) -> bool {
        self.timed_out || self.told.second.outcome.is_passing() || self.told.topic_encoder.outcome.is_passing()
    }

    fn overflowed(&self, detector: Detector) -> bool {
        let is_of = |index| self.set.scanner.rule(index).identity.detector == detector;
        self.findings.overflowed.iter().any(|&index| self.asked.contains(index) && is_of(index))
    }

    fn outcome(&self, detector: Detector) -> Outcome {
        if !self.set.scanner.asks_for(&self.asked, detector) {
            Outcome::Skipped
        } else if self.timed_out {
            Outcome::TimedOut
        } else if self.overflowed(detector) {
            Outcome::Failed("more findings than can be listed".into())
        } else {
            Outcome::Ran
        }
    }

    /// Why a policy was not applied to all that it is about, if so. A text that unfolds to more than is scanned is no such
    /// case: it was read as far as any text is.
    pub(in crate::guardrail) fn left_open(&self, bound: &Bound) -> Option<&'static str> {
        let late = |run: SecondRun, detector| {
            run.outcome == StageOutcome::Missed(Missed::Late)
                && bound.rules().any(|(_, mask)| self.set.scanner.asks_for(mask, detector))
        };
        if self.timed_out {
            Some("deadline")
        } else if late(self.told.second, Detector::PromptInjection)
            || late(self.told.topic_encoder, Detector::DeniedTopics)
        {
            Some("second_stage")
        } else {
            None
        }
    }

    pub(in crate::guardrail) fn coverage(&self, chosen: &[&Bound], segments_total: u32, bytes_total: u64) -> Coverage {
        let detectors: Vec<_> = Detector::ALL.iter().map(|&detector| (detector, self.outcome(detector))).collect();
        let failed = detectors.iter().any(|(_, outcome)| matches!(outcome, Outcome::Failed(_)));
        let (status, reason) = if chosen.is_empty() {
            (CoverageStatus::NotChecked, "no policy applies")
        } else if self.timed_out {
            (CoverageStatus::Partial, "the deadline came before the end of the text")
        } else if self.segments_scanned + self.segments_unchanged == 0 {
            (CoverageStatus::NotChecked, "no text is in the scope of a policy")
        } else if failed {
            (CoverageStatus::Partial, "a detector found more than can be listed")
        } else if self.told.exhausted {
            (CoverageStatus::Partial, "the text unfolds to more than is scanned")
        } else if self.told.second.outcome == StageOutcome::Missed(Missed::Late) {
            (CoverageStatus::Partial, "the deadline came before the second stage")
        } else if self.told.topic_encoder.outcome == StageOutcome::Missed(Missed::Late) {
            (CoverageStatus::Partial, "the deadline came before topics were compared by meaning")
        } else {
            (CoverageStatus::Complete, "")
        };
        Coverage {
            status,
            reason: reason.to_owned(),
            policies: chosen.iter().map(|bound| bound.policy.reference.clone()).collect(),
            detectors,
            second_stage: self.told.second,
            topic_encoder: self.told.topic_encoder,
            segments_total,
            segments_scanned: self.segments_scanned,
            bytes_total,
            bytes_scanned: self.bytes_scanned,
            segments_unchanged: self.segments_unchanged,
            bytes_unchanged: self.bytes_unchanged,
            decoders: self.told.decoders.iter().map(|&name| name.into()).collect(),
        }
    }
}
