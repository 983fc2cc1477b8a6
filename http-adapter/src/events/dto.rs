//! The JSON of an event, written straight from the gRPC message.

use portcullis_api::v1;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::names;

#[derive(Serialize)]
pub(super) struct Page<'a> {
    events: Vec<Event<'a>>,
    next: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct Detail<'a> {
    #[serde(flatten)]
    event: Event<'a>,
    request: Option<Box<RawValue>>,
    response: Option<Box<RawValue>>,
    context: Option<&'a RawValue>,
    config: Option<&'a RawValue>,
    /// What stood beside the payloads in a flat record.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Event<'a> {
    id: &'a str,
    time: &'a str,
    kind: Option<&'static str>,
    source: &'a str,
    sync: bool,
    direction: Option<&'static str>,
    action: Option<&'static str>,
    /// None is undecided, which is not a pass.
    verdict: Option<bool>,
    enforced: bool,
    analysis: Option<&'static str>,
    late: bool,
    status: u32,
    user: &'a str,
    team: &'a str,
    model: &'a str,
    request_id: &'a str,
    client_ip: &'a str,
    principal: &'a str,
    session: &'a str,
    duration_us: u32,
    violations: Vec<Violation<'a>>,
    coverage: Option<Coverage<'a>>,
}

#[derive(Serialize)]
struct Violation<'a> {
    policy: &'a str,
    rule: &'a str,
    category: &'a str,
    severity: Option<&'static str>,
    action: Option<&'static str>,
    score: f32,
    base_score: f32,
    decoded_from: &'a [String],
    detector_rule: &'a str,
    entity: &'a str,
    // Together None when it is the whole exchange that is objected to.
    direction: Option<&'static str>,
    pointer: Option<&'a str>,
    inner_pointer: Option<&'a str>,
    start: Option<u32>,
    end: Option<u32>,
}

#[derive(Serialize)]
struct Coverage<'a> {
    status: Option<&'static str>,
    reason: &'a str,
    policies: Vec<Policy<'a>>,
    detectors: Vec<Detector<'a>>,
    segments_total: u32,
    segments_scanned: u32,
    bytes_total: u64,
    bytes_scanned: u64,
    segments_unchanged: u32,
    bytes_unchanged: u64,
    decoders: &'a [String],
}

#[derive(Serialize)]
struct Policy<'a> {
    name: &'a str,
    digest: &'a str,
}

#[derive(Serialize)]
struct Detector<'a> {
    name: &'a str,
    outcome: Option<&'static str>,
    reason: &'a str,
}

#[derive(Default, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    context: Option<&'a RawValue>,
    #[serde(borrow)]
    config: Option<&'a RawValue>,
    #[serde(borrow)]
    record: Option<&'a RawValue>,
}

impl<'a> From<&'a v1::ListEventsResponse> for Page<'a> {
    fn from(found: &'a v1::ListEventsResponse) -> Self {
        let next = Some(found.next.as_str()).filter(|next| !next.is_empty());
        Self { events: found.events.iter().map(Event::from).collect(), next }
    }
}

impl<'a> Detail<'a> {
    pub(super) fn new(event: &'a v1::Event, found: &'a v1::GetEventResponse) -> Self {
        // An envelope of another gateway need not be an object of these members.
        let Envelope { context, config, record } = serde_json::from_slice(&found.envelope).unwrap_or_default();
        let (request, response) = (embedded(&found.request), embedded(&found.response));
        Self { event: event.into(), request, response, context, config, record }
    }
}

/// A recorded payload as a part of an answer. One that is not JSON is shown as text: an answer that a stored record
/// can break would hide exactly the odd ones.
fn embedded(payload: &[u8]) -> Option<Box<RawValue>> {
    if payload.is_empty() {
        return None;
    }
    serde_json::from_slice(payload).or_else(|_| to_raw_value(&String::from_utf8_lossy(payload))).ok()
}

impl<'a> From<&'a v1::Event> for Event<'a> {
    fn from(event: &'a v1::Event) -> Self {
        Self {
            id: &event.id,
            time: &event.time,
            kind: names::of(names::KINDS, event.kind()),
            source: &event.source,
            sync: event.sync,
            direction: names::of(names::DIRECTIONS, event.direction()),
            action: names::of(names::ACTIONS, event.action()),
            verdict: match event.verdict() {
                v1::Verdict::Pass => Some(true),
                v1::Verdict::Fail => Some(false),
                v1::Verdict::Unspecified => None,
            },
            enforced: event.enforced,
            analysis: names::of(names::ANALYSES, event.analysis()),
            late: event.late,
            status: event.status,
            user: &event.user,
            team: &event.team,
            model: &event.model,
            request_id: &event.request_id,
            client_ip: &event.client_ip,
            principal: &event.principal,
            session: &event.session,
            duration_us: event.duration_us,
            violations: event.violations.iter().map(Violation::from).collect(),
            coverage: event.coverage.as_ref().map(Coverage::from),
        }
    }
}

impl<'a> From<&'a v1::Violation> for Violation<'a> {
    fn from(violation: &'a v1::Violation) -> Self {
        let at = violation.location.as_ref();
        Self {
            policy: &violation.policy,
            rule: &violation.rule,
            category: &violation.category,
            severity: names::of(names::SEVERITIES, violation.severity()),
            action: names::of(names::ACTIONS, violation.action()),
            score: violation.score,
            base_score: violation.base_score,
            decoded_from: &violation.decoded_from,
            detector_rule: &violation.detector_rule,
            entity: &violation.entity,
            direction: at.and_then(|at| names::of(names::DIRECTIONS, at.direction())),
            pointer: at.map(|at| at.pointer.as_str()),
            inner_pointer: at.map(|at| at.inner_pointer.as_str()),
            start: at.map(|at| at.start),
            end: at.map(|at| at.end),
        }
    }
}

impl<'a> From<&'a v1::Coverage> for Coverage<'a> {
    fn from(coverage: &'a v1::Coverage) -> Self {
        let policy = |policy: &'a v1::PolicyRef| Policy { name: &policy.name, digest: &policy.digest };
        let detector = |run: &'a v1::DetectorRun| Detector {
            name: &run.name,
            outcome: names::of(names::OUTCOMES, run.outcome()),
            reason: &run.reason,
        };
        Self {
            status: names::of(names::COVERAGES, coverage.status()),
            reason: &coverage.reason,
            policies: coverage.policies.iter().map(policy).collect(),
            detectors: coverage.detectors.iter().map(detector).collect(),
            segments_total: coverage.segments_total,
            segments_scanned: coverage.segments_scanned,
            bytes_total: coverage.bytes_total,
            bytes_scanned: coverage.bytes_scanned,
            segments_unchanged: coverage.segments_unchanged,
            bytes_unchanged: coverage.bytes_unchanged,
            decoders: &coverage.decoders,
        }
    }
}
