//! An exchange, judged: resolve, extract, detect, decide. Pure but for the clock, and for the memory of its session when
//! there is one.

mod excepted;
mod joined;
mod late;
mod memory;
mod repeats;
mod scan;

use std::{borrow::Cow, sync::Arc, time::Instant};

use self::late::Answers;
use super::told;
use crate::{
    detect::scanner::RuleMask,
    domain::{
        coverage::Coverage,
        decision::{Action, Category, Decision, Location, Violation},
        exchange::{CallContext, Direction, Payload, Payloads},
        finding::{Finding, RuleIdentity, Severity, Span},
        segment::{Role, Segment},
        timing::{Lap, Stage, Timings},
    },
    extract::{self, Unreadable},
    mask::Style,
    policy::{
        compile::PolicyRule,
        schema::OnFailure,
        set::{Bound, PolicySet, UnknownPolicy},
    },
    session::Quarantine,
};

pub use self::memory::{Blocking, Lesson, Memory};
pub(super) use self::{
    excepted::Excepted,
    memory::{quarantine_for_late, refusal},
    scan::Scan,
};
pub use self::{late::LateAnswer, repeats::Repeat};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JudgeError {
    #[error(transparent)]
    UnknownPolicy(#[from] UnknownPolicy),
    #[error("{}: {cause}", direction.as_str())]
    Unreadable { direction: Direction, cause: Unreadable },
}

#[derive(Debug)]
pub struct Judgement {
    pub decision: Decision,
    pub coverage: Coverage,
    /// The payload's own `model`.
    pub model: Option<String>,
    /// The tool that an MCP call is for.
    pub tool: Option<String>,
    /// All that rules with the action `mask` found, however long the decision's list is.
    pub to_mask: Vec<ToMask>,
    /// Answers that the request brought back and that a policy objects to.
    pub late: Vec<LateAnswer>,
    /// To be learned once they are recorded.
    pub lesson: Option<Lesson>,
    /// That its session has to bear for it, once it is recorded; what a late answer brings is told with the answer.
    pub quarantines: Vec<Quarantine>,
    /// Of all violations, however long the decision's list is.
    pub blocking: Blocking,
    /// What would still tell what is masked.
    pub repeats: Vec<Repeat>,
    /// What an answer that was judged is known by when it comes back in a request, once that it was judged is recorded.
    pub answered: Vec<u64>,
    pub timings: Timings,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ToMask {
    /// With the pointers as they are in the payload, even where the key in them is what was found.
    pub location: Location,
    pub is_key: bool,
    /// Names the placeholder.
    pub name: String,
    pub style: Style,
}

/// `side` is the one to judge: all that is there when none is named. The other is counted, and not scanned.
pub fn judge(
    set: &PolicySet,
    names: &[String],
    payloads: &Payloads,
    side: Option<Direction>,
    context: &CallContext,
    deadline: Option<Instant>,
) -> Result<Judgement, JudgeError> {
    judge_in_session(set, names, payloads, side, context, deadline, None)
}

/// The same, with what is remembered of the session. It never changes what is decided of a request's own text.
pub fn judge_in_session(
    set: &PolicySet,
    names: &[String],
    payloads: &Payloads,
    side: Option<Direction>,
    context: &CallContext,
    deadline: Option<Instant>,
    memory: Option<Memory<'_>>,
) -> Result<Judgement, JudgeError> {
    let (mut timings, mut lap) = (Timings::default(), Lap::start());
    let Read { segments, model, models, tool, tokens } = read(payloads, side)?;
    timings.ended(Stage::Extract, &mut lap);
    let named = if context.model.is_empty() { models.as_str() } else { &context.model };
    let is_judged = |direction| payloads.get(direction).is_some() && side.is_none_or(|side| side == direction);
    let is_input = |segment: &Segment<'_>| segment.role.flows(segment.direction).contains(&Direction::Request);
    let input = is_judged(Direction::Request)
        || segments.iter().any(|segment| is_judged(segment.direction) && is_input(segment));
    let chosen = set.resolve(names, context, named, |direction| match direction {
        Direction::Request => input,
        Direction::Response => is_judged(direction),
    })?;
    let deadline = earliest(&chosen, deadline, lap.latest());
    let request = payloads.request().filter(|_| side != Some(Direction::Response));
    let recalled = memory.filter(|_| request.is_some()).map(|memory| memory.recall(&chosen, &segments));
    let scan = Scan::run(set, Some(&context.principal), &chosen, &segments, side, recalled.as_ref(), deadline);
    timings.ended(Stage::Detect, &mut lap);
    timings.scan = scan.times;
    let mut verdicts = Verdicts::default();
    for bound in &chosen {
        evaluate(bound, &segments, &scan, &mut verdicts);
    }
    joined::judge(set, &chosen, &segments, side, &mut verdicts);
    let (mut answers, mut quarantines) = (Answers::default(), Vec::new());
    if let (Some(memory), Some(recalled), Some(request)) = (memory, &recalled, request) {
        quarantines = memory.score(recalled, &chosen, &segments, &scan, &mut verdicts);
        let call = late::Call { set, names, context, model: named, request, deadline };
        answers = late::judge(&call, memory, recalled, &segments, &mut verdicts);
    }
    let Verdicts { violations, to_mask } = verdicts;
    let (repeats, blocking) = (repeats::of(&segments, &to_mask), Blocking::of(&violations));
    let (total, bytes) = size(&segments);
    let (mut decision, mut coverage) = (Decision::fold(violations), scan.coverage(&chosen, total, bytes));
    if tokens {
        coverage.leave_out(TOKENS);
    }
    told::violations(&mut decision.violations, &segments);
    let (mut lesson, mut answered) = (None, Vec::new());
    if let Some(memory) = memory {
        if let Some(recalled) = recalled {
            quarantines.extend(blocking.quarantines(&chosen));
            lesson = memory.conclude(recalled, &scan, (decision.action, coverage.status), &answers);
        }
        if is_judged(Direction::Response) {
            answered = memory.pieces(&segments);
        }
    }
    timings.ended(Stage::Decide, &mut lap);
    let late = answers.objected_to;
    Ok(Judgement {
        decision,
        coverage,
        model,
        tool,
        to_mask,
        late,
        lesson,
        quarantines,
        blocking,
        repeats,
        answered,
        timings,
    })
}

/// How many they are, and of how many bytes.
fn size(segments: &[Segment<'_>]) -> (u32, u64) {
    let bytes = segments.iter().map(|segment| segment.len() as u64).sum();
    (u32::try_from(segments.len()).unwrap_or(u32::MAX), bytes)
}

/// The caller's deadline, or that of a policy when it comes before.
pub(super) fn earliest(chosen: &[&Bound], deadline: Option<Instant>, now: Instant) -> Option<Instant> {
    let limits = chosen.iter().filter_map(|bound| bound.policy.deadline);
    limits.map(|limit| now + limit).chain(deadline).min()
}

#[derive(Default)]
struct Verdicts {
    violations: Vec<Violation>,
    to_mask: Vec<ToMask>,
}

/// Both payloads.
struct Read<'a> {
    segments: Vec<Segment<'a>>,
    model: Option<String>,
    /// All that select policies, a line each.
    models: String,
    tool: Option<String>,
    /// Whether tokens are on a side that is judged.
    tokens: bool,
}

/// Why a check is not complete of which a part was given as numbers.
const TOKENS: &str = "a prompt is given as tokens, which are numbers that only its model reads";

fn read(payloads: &Payloads, side: Option<Direction>) -> Result<Read<'_>, JudgeError> {
    let (mut segments, mut model, mut models) = (Vec::new(), None, String::new());
    let (mut tool, mut tokens) = (None, false);
    for (direction, payload, extracted) in extract::sides(payloads) {
        match extracted {
            Ok(extracted) => {
                if models.is_empty() {
                    (model, models) = (extracted.model.map(Cow::into_owned), extracted.models);
                }
                tool = tool.or(extracted.tool);
                tokens |= extracted.tokens && side.is_none_or(|side| side == direction);
                segments.extend(extracted.segments);
            }
            // Nobody asked for it to be read.
            Err(_) if side.is_some_and(|side| side != direction) => segments.push(unread(direction, payload)),
            Err(cause) => return Err(told::unreadable(direction, cause)),
        }
    }
    Ok(Read { segments, model, models, tool, tokens })
}

/// All of a payload that cannot be read as one piece, for the receipt's totals.
fn unread(direction: Direction, payload: &Payload) -> Segment<'_> {
    let text = match payload {
        Payload::Text(text) => Cow::Borrowed(text.as_str()),
        Payload::Json(json) => String::from_utf8_lossy(json),
    };
    Segment { direction, role: Role::Other, ..Segment::bare(text) }
}

/// What one policy makes of the findings.
fn evaluate(bound: &Bound, segments: &[Segment<'_>], scan: &Scan<'_>, verdicts: &mut Verdicts) {
    let Verdicts { violations, to_mask } = verdicts;
    let mut excepted = Excepted::new(bound, scan);
    let before = violations.len();
    for (rule, mask) in bound.rules() {
        let (before_rule, before_mask) = (violations.len(), to_mask.len());
        for finding in &scan.findings.list {
            let segment = &segments[finding.segment as usize];
            let Some(violation) = objection(bound, (rule, mask), finding, segment, &mut excepted) else { continue };
            if rule.action == Action::Mask {
                let RuleIdentity { detector, entity, .. } = &*finding.rule;
                let name = if entity.is_empty() { detector.as_str() } else { entity };
                let span = violation.location.as_ref().map_or(finding.span, |location| location.span);
                let location = location(segment, span);
                let name = name.to_ascii_uppercase();
                to_mask.push(ToMask { location, is_key: segment.is_key, name, style: rule.mask });
            }
            violations.push(violation);
        }
        if violations.len() - before_rule < rule.min_matches {
            violations.truncate(before_rule);
            to_mask.truncate(before_mask);
        }
        // A list that was cut may lack just the finding that no exception covers, or one that had to be masked.
        let cut = scan.findings.overflowed.iter().any(|&index| mask.contains(index));
        if cut && (violations.len() == before_rule || rule.action == Action::Mask) {
            violations.extend(unchecked(bound, "overflow"));
        }
    }
    if let Some(why) = scan.left_open(bound)
        && violations[before..].iter().all(|violation| violation.action < Action::Block)
    {
        violations.extend(unchecked(bound, why));
    }
}

/// What one rule of a policy makes of one finding.
pub(super) fn objection(
    bound: &Bound,
    (rule, mask): (&PolicyRule, &RuleMask),
    finding: &Finding,
    segment: &Segment<'_>,
    excepted: &mut Excepted<'_>,
) -> Option<Violation> {
    let selected = counts(mask, finding)
        && finding.score >= rule.threshold
        && rule.concerns(segment.direction, segment.role)
        && bound.covers(segment.direction, segment.role);
    if !selected {
        return None;
    }
    let finding = excepted.left((rule, mask), finding, segment).filter(|left| left.score >= rule.threshold)?;
    let policy = &bound.policy;
    Some(Violation {
        policy: Arc::clone(&policy.reference.name),
        rule: Arc::clone(&rule.name),
        category: Category::Detector(finding.rule.detector),
        severity: rule.severity.unwrap_or(policy.severity),
        action: rule.action,
        score: finding.score,
        base_score: finding.base_score,
        decoded_from: finding.decoders().map(Into::into).collect(),
        detector_rule: finding.rule.id.to_string(),
        entity: finding.rule.entity.to_string(),
        explanation: finding.explanation.clone().unwrap_or_else(|| "".into()),
        location: Some(shown(segment, finding.span)),
        message: Arc::clone(&rule.message),
    })
}

/// Whether it counts for whoever asks for these rules: what another finding says for him as well does not count twice.
fn counts(mask: &RuleMask, finding: &Finding) -> bool {
    mask.contains(finding.rule_index) && finding.behind.is_none_or(|other| !mask.contains(other))
}

fn location(segment: &Segment<'_>, span: Span) -> Location {
    let Segment { direction, pointer, inner_pointer, .. } = segment;
    Location { direction: *direction, pointer: pointer.clone(), inner_pointer: inner_pointer.clone(), span }
}

/// Where a finding is said to be: of a key that is text itself the place of its object, since a pointer to it would
/// repeat the key. The keys above stay until the list of violations is cut: see [`told`].
fn shown(segment: &Segment<'_>, span: Span) -> Location {
    let mut location = location(segment, span);
    if segment.is_key {
        let Location { pointer, inner_pointer, .. } = &mut location;
        let last = if inner_pointer.is_empty() { pointer } else { inner_pointer };
        last.truncate(last.rfind('/').unwrap_or_default());
    }
    location
}

/// A policy's wish for the case that it could not be applied.
pub(super) fn unchecked(bound: &Bound, why: &str) -> Option<Violation> {
    let action = match bound.policy.on_failure {
        OnFailure::Block => Action::Block,
        OnFailure::Alert => Action::Alert,
        OnFailure::Allow => return None,
    };
    Some(Violation {
        policy: Arc::clone(&bound.policy.reference.name),
        rule: Arc::from("on_failure"),
        category: Category::Coverage,
        severity: Severity::High,
        action,
        score: 1.0,
        base_score: 1.0,
        decoded_from: Vec::new(),
        explanation: "".into(),
        detector_rule: why.to_owned(),
        entity: String::new(),
        location: None,
        message: Arc::from(
            "This content could not be checked completely, and the policy does not let it pass unchecked.",
        ),
    })
}

#[cfg(test)]
mod bearing_tests;
#[cfg(test)]
mod ordinary_tests;
#[cfg(test)]
mod session_tests;
#[cfg(test)]
mod tests;
