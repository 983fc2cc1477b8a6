//! Answers that are first seen when the next request brings them back: what a gateway streams comes through no output
//! hook. They are judged like responses, once, by what the session remembers.

use std::{borrow::Cow, collections::BTreeMap, time::Instant};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Scan, Verdicts, evaluate,
    memory::{Blocking, Memory, Recalled},
    size, told,
};
use crate::{
    domain::{
        coverage::Coverage,
        decision::{Action, Decision, Violation},
        exchange::{CallContext, Direction, Payload, Payloads},
        segment::{Role, Segment},
        timing::{Lap, Stage, Timings, micros},
    },
    policy::{
        session::Late,
        set::{Bound, PolicySet},
    },
    record::{IdempotencyKey, Judged},
    session::{Quarantine, turn_of},
};

/// Of one request, the newest: a conversation that begins with a hundred answers is a sample, not a hundred streams.
const ANSWERS: usize = 16;

/// One that objects, with the question before it.
#[derive(Debug)]
pub struct LateAnswer {
    pub exchange: Payloads,
    pub judged: Judged,
    /// The same whenever the same conversation brings it back.
    pub idempotency: IdempotencyKey,
    /// That its session has to bear for it, once it is recorded for the first time.
    pub quarantines: Vec<Quarantine>,
}

/// What became of the late answers of a request.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) objected_to: Vec<LateAnswer>,
    /// Some of them may be read next time: they are not known to be clean, whatever was found.
    pub(super) is_unread: bool,
}

/// What a request is judged with.
pub(super) struct Call<'c> {
    pub(super) set: &'c PolicySet,
    pub(super) names: &'c [String],
    pub(super) context: &'c CallContext,
    pub(super) model: &'c str,
    pub(super) request: &'c Payload,
    pub(super) deadline: Option<Instant>,
}

/// The late answers, with those that a policy objects to. Where a policy wants it, they object to the request too.
pub(super) fn judge(
    call: &Call<'_>,
    memory: Memory<'_>,
    recalled: &Recalled,
    segments: &[Segment<'_>],
    verdicts: &mut Verdicts,
) -> Answers {
    let bounds = call.set.resolve(call.names, call.context, call.model, |side| side == Direction::Response);
    let mut bounds = bounds.unwrap_or_default();
    bounds.retain(|bound| bound.policy.session.late != Late::Off);
    if bounds.is_empty() {
        return Answers::default();
    }
    let mut answers = Answers::default();
    for (turn, said) in new_answers(memory, recalled, segments) {
        let (mut timings, mut lap) = (Timings::default(), Lap::start());
        let begun = lap.latest();
        let as_response: Vec<Segment<'_>> = said.iter().map(|&at| moved(&segments[at], turn)).collect();
        let scan = Scan::run(call.set, None, &bounds, &as_response, None, None, call.deadline);
        timings.ended(Stage::Detect, &mut lap);
        timings.scan = scan.times;
        answers.is_unread |= scan.is_unread();
        let mut found = Verdicts::default();
        bounds.iter().for_each(|bound| evaluate(bound, &as_response, &scan, &mut found));
        if found.violations.is_empty() {
            continue;
        }
        verdicts.violations.extend(blocking(&bounds, &found.violations, turn));
        let quarantines = Blocking::of(&found.violations).late_quarantines(&bounds).collect();
        let mut decision = Decision::fold(found.violations);
        told::violations(&mut decision.violations, &as_response);
        let (total, bytes) = size(&as_response);
        let coverage: Coverage = scan.coverage(&bounds, total, bytes);
        timings.ended(Stage::Decide, &mut lap);
        let (duration_us, durations) = (micros(lap.latest().duration_since(begun)), timings.durations());
        answers.objected_to.push(LateAnswer {
            exchange: exchange(call.request, turn, &as_response),
            judged: Judged { decision, coverage, duration_us, durations },
            idempotency: idempotency(call.context, &segments[..=said.last().copied().unwrap_or_default()]),
            quarantines,
        });
    }
    answers
}

/// Turns of the model that the session has not seen and that were not handed in as a response, by the start of their
/// pointers, with their segments.
fn new_answers<'a>(
    memory: Memory<'_>,
    recalled: &Recalled,
    segments: &'a [Segment<'_>],
) -> impl Iterator<Item = (&'a str, Vec<usize>)> {
    let mut turns = BTreeMap::<usize, (&'a str, Vec<usize>)>::new();
    for (at, segment) in segments.iter().enumerate() {
        let from_model = matches!(segment.role, Role::Assistant | Role::ToolCall);
        let Some(turn) = recalled.new_turn(at).filter(|_| from_model) else { continue };
        let Some(pointer) = turn_of(segment).filter(|pointer| pointer.starts_with(MESSAGES)) else { continue };
        turns.entry(turn).or_insert((pointer, Vec::new())).1.push(at);
    }
    turns.retain(|_, (_, said)| !said.iter().all(|&at| recalled.was_answered(memory, &segments[at])));
    let first = turns.len().saturating_sub(ANSWERS);
    turns.into_values().skip(first)
}

const MESSAGES: &str = "/messages/";
const ANSWER: &str = "/choices/0/message";

/// The segment where it stands in the response that is recorded.
fn moved<'a>(segment: &'a Segment<'_>, turn: &str) -> Segment<'a> {
    Segment {
        direction: Direction::Response,
        pointer: format!("{ANSWER}{}", &segment.pointer[turn.len()..]),
        inner_pointer: segment.inner_pointer.clone(),
        text: Cow::Borrowed(&segment.text),
        ..*segment
    }
}

/// What refuses the request that brings an answer back, told by its place in the request.
fn blocking<'a>(
    bounds: &'a [&Bound],
    violations: &'a [Violation],
    turn: &'a str,
) -> impl Iterator<Item = Violation> + use<'a> {
    let refuses = |violation: &&Violation| {
        let refuses = |bound: &&Bound| {
            bound.policy.session.late == Late::Block && bound.policy.reference.name == violation.policy
        };
        violation.action == Action::Block && bounds.iter().any(refuses)
    };
    violations.iter().filter(refuses).cloned().map(move |mut violation| {
        if let Some(at) = &mut violation.location {
            at.direction = Direction::Request;
            at.pointer = format!("{turn}{}", at.pointer.strip_prefix(ANSWER).unwrap_or_default());
        }
        violation
    })
}

/// The user's turn before the answer as the request, and the answer as the response to it, both as they were written.
fn exchange(request: &Payload, turn: &str, said: &[Segment<'_>]) -> Payloads {
    let plain = || {
        let said: Vec<&str> = said.iter().map(|segment| &segment.text[segment.context..]).collect();
        Payloads::Response(Payload::Text(said.join("\n")))
    };
    let Payload::Json(json) = request else { return plain() };
    let Ok(conversation) = serde_json::from_slice::<Conversation<'_>>(json) else { return plain() };
    let number = turn[MESSAGES.len()..].parse::<usize>().unwrap_or(usize::MAX);
    let Some(answer) = conversation.messages.get(number) else { return plain() };
    let response = format!(r#"{{"choices":[{{"message":{answer}}}]}}"#);
    let asked = conversation.messages[..number].iter().rev().find(|message| is_users(message));
    let request = match (conversation.model, asked) {
        (Some(model), Some(asked)) => format!(r#"{{"model":{model},"messages":[{asked}]}}"#),
        (None, Some(asked)) => format!(r#"{{"messages":[{asked}]}}"#),
        (_, None) => return Payloads::Response(Payload::Json(Bytes::from(response))),
    };
    Payloads::Both { request: Payload::Json(Bytes::from(request)), response: Payload::Json(Bytes::from(response)) }
}

#[derive(Deserialize)]
struct Conversation<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    messages: Vec<&'a RawValue>,
}

fn is_users(message: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Turn<'a> {
        #[serde(borrow)]
        role: Option<Cow<'a, str>>,
    }
    serde_json::from_str::<Turn<'_>>(message.get()).is_ok_and(|turn| turn.role.as_deref() == Some("user"))
}

/// Of the session and all that was said up to here, so that the same small talk twice in one conversation is two records.
fn idempotency(context: &CallContext, said: &[Segment<'_>]) -> IdempotencyKey {
    let CallContext { principal, user, source, .. } = context;
    let head = [principal, user, source, context.session()];
    let turns = said.iter().filter(|segment| turn_of(segment).is_some());
    let turns = turns.flat_map(|segment| [segment.pointer.as_str(), &segment.inner_pointer, &segment.text]);
    IdempotencyKey::conversation(head.into_iter().chain(turns))
}
