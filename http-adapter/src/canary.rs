//! Canary runs: whether the gateway in front of this service obeys what it is told.
//!
//! A run is issued here, by a name that nobody can guess. Its probes carry that name through the gateway and back to
//! this process, where they are known again by it: so a run learns whether the gateway asked at all, and by which of
//! the contracts a refusal reaches it.
//!
//! **What a marker can do.** Three kinds of probe are texts without an attack, and a check of them is answered *as if*
//! it had been blocked by status, blocked by verdict, or not made. Only a call that the policies let pass is ever
//! answered so, by name, once issued, for five minutes: whoever gets hold of a name can have his own harmless calls
//! refused, and nothing else. What the policies block is answered as ever.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    response::Response,
};
use http::StatusCode;
use memchr::memmem;
use portcullis_api::{
    error::{ApiError, ErrorCode},
    v1::{
        Action, CheckRequest, CheckResponse, RecordCanaryRequest, Recording, Severity, Verdict, Violation,
        payload::Content,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{Adapter, Call, error::Failure, reply, settings::Contract};

/// In front of a run's name wherever a probe carries it. Letters, digits and hyphens: no escaping changes them.
const PREFIX: &str = "portcullis-canary-";
const CATEGORY: &str = "canary";
const NAME_BYTES: usize = 32;
const LIFETIME: Duration = Duration::from_secs(300);
/// A new run ends the oldest above so many.
const MAX_RUNS: usize = 16;
/// Places of one payload that are looked at: a text full of prefixes costs no more.
const MAX_PLACES: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probe {
    /// A known attack, answered as any other.
    Attack,
    /// A known good prompt, answered as any other.
    Good,
    /// Harmless, and answered as if blocked under this contract.
    Contract(Contract),
    /// Harmless, and answered as if no check could be made.
    Outage,
}

impl Probe {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Attack, "attack"),
        (Self::Good, "good"),
        (Self::Contract(Contract::Status), "status"),
        (Self::Contract(Contract::Verdict), "verdict"),
        (Self::Outage, "outage"),
    ];

    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(known, _)| *known == self).map_or("", |(_, word)| word)
    }

    /// What is answered to a probe that the policies let pass; what they block is answered as ever.
    fn stage(self, decided: CheckResponse) -> Result<CheckResponse, ApiError> {
        if decided.verdict() == Verdict::Fail || decided.action() == Action::Block {
            return Ok(decided);
        }
        match self {
            Self::Attack | Self::Good => Ok(decided),
            Self::Outage => Err(ApiError::new(ErrorCode::Unavailable, "a canary asked for an outage")),
            Self::Contract(_) => Ok(CheckResponse {
                verdict: Verdict::Fail.into(),
                action: Action::Block.into(),
                message: "A canary asked for this block.".to_owned(),
                violations: vec![Violation {
                    policy: CATEGORY.to_owned(),
                    rule: self.word().to_owned(),
                    category: CATEGORY.to_owned(),
                    severity: Severity::Low.into(),
                    action: Action::Block.into(),
                    ..Violation::default()
                }],
                violations_total: 1,
                masked_request: None,
                masked_response: None,
                ..decided
            }),
        }
    }
}

/// The contract in which a staged block is to be answered. No policy makes a violation of this category.
pub(crate) fn contract(decided: &CheckResponse) -> Option<Contract> {
    let staged = decided.violations.iter().find(|violation| violation.category == CATEGORY)?;
    staged.rule.parse().ok()
}

#[derive(Debug)]
struct Run {
    name: String,
    ends: Instant,
    seen: Vec<Probe>,
}

/// The runs of this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Canaries(Arc<Runs>);

#[derive(Debug, Default)]
struct Runs {
    /// While no run is under way, which is nearly always, a call pays for reading this and nothing more.
    any: AtomicBool,
    runs: Mutex<VecDeque<Run>>,
}

impl Canaries {
    fn issue(&self) -> String {
        // 122 random bits.
        let name = Uuid::new_v4().simple().to_string();
        self.with(|runs| {
            if runs.len() >= MAX_RUNS {
                runs.pop_front();
            }
            runs.push_back(Run { name: name.clone(), ends: Instant::now() + LIFETIME, seen: Vec::new() });
        });
        name
    }

    fn with<T>(&self, act: impl FnOnce(&mut VecDeque<Run>) -> T) -> T {
        let mut runs = self.0.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        runs.retain(|run| run.ends > now);
        let outcome = act(&mut runs);
        self.0.any.store(!runs.is_empty(), Ordering::Release);
        outcome
    }

    /// The probe that this question carries, which is thereby seen. A staged one goes nowhere, so there is no traffic
    /// to record, unless the policies object to it.
    fn recognise(&self, question: &mut CheckRequest) -> Option<Probe> {
        if !self.0.any.load(Ordering::Acquire) {
            return None;
        }
        let probe = match question.request.as_ref()?.content.as_ref()? {
            Content::Json(json) => self.find(json),
            Content::Text(text) => self.find(text.as_bytes()),
            Content::Document(_) => None,
        }?;
        if matches!(probe, Probe::Contract(_) | Probe::Outage) && question.recording() != Recording::Never {
            question.recording = Recording::IfViolated.into();
        }
        Some(probe)
    }

    fn find(&self, payload: &[u8]) -> Option<Probe> {
        let marks: Vec<_> = memmem::find_iter(payload, PREFIX)
            .take(MAX_PLACES)
            .filter_map(|at| mark(payload.get(at + PREFIX.len()..)?))
            .collect();
        if marks.is_empty() {
            return None;
        }
        self.with(|runs| {
            marks.into_iter().find_map(|(name, probe)| {
                let run = runs.iter_mut().find(|run| run.name.as_bytes() == name)?;
                if !run.seen.contains(&probe) {
                    run.seen.push(probe);
                }
                Some(probe)
            })
        })
    }
}

/// A check that may be a probe's.
pub(crate) async fn check<F>(
    canaries: &Canaries,
    mut question: CheckRequest,
    ask: impl FnOnce(CheckRequest) -> F,
) -> Result<CheckResponse, Failure>
where
    F: Future<Output = Result<CheckResponse, Failure>>,
{
    let probe = canaries.recognise(&mut question);
    let decided = ask(question).await?;
    match probe {
        None => Ok(decided),
        Some(probe) => Ok(probe.stage(decided)?),
    }
}

/// The run's name and the probe's word behind a prefix.
fn mark(rest: &[u8]) -> Option<(&[u8], Probe)> {
    let (name, rest) = rest.split_at_checked(NAME_BYTES)?;
    let word = rest.strip_prefix(b"-")?;
    let probe = Probe::ALL.iter().find(|(_, known)| {
        word.strip_prefix(known.as_bytes()).is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_alphanumeric))
    })?;
    Some((name, probe.0))
}

#[derive(Serialize)]
struct Issued {
    id: String,
    prefix: &'static str,
    contract: &'static str,
    expires_in_s: u64,
}

/// `POST /v1/canary`: begins a run.
pub(crate) async fn begin(State(adapter): State<Arc<Adapter>>) -> Response {
    let id = adapter.core.canaries().issue();
    let contract = match adapter.contract {
        Contract::Status => "status",
        Contract::Verdict => "verdict",
    };
    reply::json(StatusCode::OK, &Issued { id, prefix: PREFIX, contract, expires_in_s: LIFETIME.as_secs() })
}

#[derive(Serialize)]
struct Seen {
    seen: Vec<&'static str>,
}

/// `GET /v1/canary/{id}`: which probes of the run came to this process.
pub(crate) async fn seen(
    State(adapter): State<Arc<Adapter>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let Path(id) = id.map_err(|_| unknown())?;
    let found = adapter.core.canaries().with(|runs| {
        let run = runs.iter().find(|run| run.name == id)?;
        Some(run.seen.iter().map(|probe| probe.word()).collect())
    });
    let seen = found.ok_or_else(unknown)?;
    Ok(reply::json(StatusCode::OK, &Seen { seen }))
}

fn unknown() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "there is no canary run of this id, or its time is over").at("id")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ended<'a> {
    #[serde(default)]
    gateway: String,
    #[serde(default)]
    model: String,
    problems: Vec<String>,
    #[serde(borrow)]
    report: &'a RawValue,
}

#[derive(Serialize)]
struct Recorded<'a> {
    event: &'a str,
}

/// `POST /v1/canary/{id}`: ends the run and records what it found.
pub(crate) async fn end(
    State(adapter): State<Arc<Adapter>>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Failure> {
    let Path(id) = id.map_err(|_| unknown())?;
    let Call { body, .. } = adapter.read(request).await?;
    let malformed = |error| ApiError::new(ErrorCode::MalformedPayload, format!("the body cannot be read: {error}"));
    let Ended { gateway, model, problems, report } = serde_json::from_slice(&body.bytes).map_err(malformed)?;
    let ended = adapter.core.canaries().with(|runs| {
        let at = runs.iter().position(|run| run.name == id)?;
        runs.remove(at)
    });
    ended.ok_or_else(unknown)?;
    let report = body.bytes.slice_ref(report.get().as_bytes());
    let recorded = adapter.core.record_canary(RecordCanaryRequest { gateway, model, problems, report }).await?;
    Ok(reply::json(StatusCode::OK, &Recorded { event: &recorded.event_id }))
}

#[cfg(test)]
mod tests;
