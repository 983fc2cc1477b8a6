//! Check and ingest.

mod unfinished;

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use portcullis_api::trace::Seen;
use tokio::sync::Semaphore;
use uuid::Uuid;

use self::unfinished::Unfinished;
use super::{
    canary::runs::Runs,
    judge::{self, JudgeError, Judgement, LateAnswer, Memory},
    masked::{self, Masked},
};
use crate::{
    domain::{
        coverage::{Coverage, CoverageStatus},
        decision::{Action, Decision},
        exchange::{CallContext, Direction, Payload, Payloads},
        timing::{Lap, Stage, Timings, micros},
    },
    extract,
    mask::MaskError,
    policy::{
        live::{Generation, Live},
        set::UnknownPolicy,
    },
    record::{Appended, IdempotencyKey, Judged, Log, LogError, NewRecord, RecordKind, RecordedOutcome},
    session::{Quarantine, SessionKey, Sessions},
    telemetry::{self, CheckEnded, CheckFailure, Source, Verdict},
};

/// Payloads from here on are judged off the runtime's own threads: 64 KiB take about a millisecond, and who else
/// is served by that thread must not wait longer.
const LARGE: usize = 64 << 10;

/// HTTP status of a call that was refused.
const BLOCKED: u16 = 400;

#[derive(Debug, thiserror::Error)]
pub enum GuardrailError {
    #[error(transparent)]
    Judge(#[from] JudgeError),
    #[error(transparent)]
    Log(#[from] LogError),
    /// No room to judge a large payload before the deadline.
    #[error("too many large payloads are being judged")]
    Overloaded,
    #[error("the judgement did not end as it should")]
    Failed,
    /// The check was made.
    #[error("a canary asked for an outage")]
    StagedOutage,
    /// What had to be masked could not be: it must not pass as masked.
    #[error(transparent)]
    Unmasked(#[from] MaskError),
}

impl GuardrailError {
    const fn class(&self) -> CheckFailure {
        match self {
            Self::Judge(JudgeError::Unreadable { .. }) => CheckFailure::Unreadable,
            Self::Judge(JudgeError::UnknownPolicy(_)) => CheckFailure::UnknownPolicy,
            Self::Log(LogError::Full) | Self::Overloaded => CheckFailure::Overloaded,
            Self::Log(_) => CheckFailure::Storage,
            Self::Unmasked(_) => CheckFailure::Unmasked,
            Self::Failed | Self::StagedOutage => CheckFailure::Internal,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recording {
    Always,
    /// Always, and no traffic: that is handed in by the caller.
    Decision,
    IfViolated,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Validate,
    /// Also give the payloads back with findings masked.
    Mutate,
}

#[derive(Debug)]
pub struct Check {
    /// New for each.
    pub request_id: Uuid,
    pub operation: Operation,
    pub payloads: Payloads,
    /// The side to judge: all that is there when none is named.
    pub side: Option<Direction>,
    pub context: CallContext,
    pub policies: Vec<String>,
    pub recording: Recording,
    pub deadline: Instant,
}

#[derive(Debug)]
pub struct Checked {
    pub request_id: Uuid,
    pub decision: Decision,
    pub coverage: Coverage,
    pub masked: Masked,
}

#[derive(Debug)]
pub struct Ingest {
    pub payloads: Payloads,
    pub context: CallContext,
    pub policies: Vec<String>,
    pub sync: bool,
    /// The answer was first seen when the next request brought it back.
    pub late: bool,
    pub status: u16,
    /// The caller's own name for the exchange, unique for its principal.
    pub idempotency_key: Option<String>,
}

/// What is ready to be recorded.
#[derive(Debug)]
pub struct Exchange(NewRecord);

impl Exchange {
    pub const fn request_id(&self) -> Uuid {
        self.0.request_id
    }
}

/// The engine: policies that are in force, and the log.
#[derive(Debug)]
pub struct Guardrail {
    policies: Arc<Live>,
    log: Arc<Log>,
    large: Arc<Semaphore>,
    mask_key: [u8; 32],
    sessions: Arc<Sessions>,
    canaries: Runs,
}

impl Guardrail {
    /// `mask_key` is what [`crate::mask::Style::Hash`] depends on.
    pub fn new(policies: Arc<Live>, log: Arc<Log>, mask_key: [u8; 32], sessions: Arc<Sessions>) -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self { policies, log, large: Arc::new(Semaphore::new(threads)), mask_key, sessions, canaries: Runs::default() }
    }

    pub fn policies(&self) -> &Arc<Live> {
        &self.policies
    }

    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    pub const fn canaries(&self) -> &Runs {
        &self.canaries
    }

    /// Judges now. What stands in the way of a call is on disk before the answer; what lets it pass is written
    /// behind.
    pub async fn check(&self, mut check: Check) -> Result<Checked, GuardrailError> {
        let probe = self.canaries.recognise(&mut check);
        let source = Source::of(&check.context.source).unwrap_or(Source::Other);
        let (request_id, begun) = (check.request_id, Instant::now());
        let direction = check.side.unwrap_or(check.payloads.direction());
        let mut timings = Timings::default();
        let unfinished = Unfinished::new(request_id, source, direction, begun);
        let checked = self.decide(check, begun, &mut timings).await;
        unfinished.over();
        let outcome = match &checked {
            Ok(Checked { decision, coverage, .. }) => Ok(Verdict { decision, coverage }),
            Err(error) => Err(error.class()),
        };
        let (elapsed, timings) = (begun.elapsed(), Some(&timings));
        telemetry::emit(CheckEnded { request_id, source, direction, elapsed, timings, outcome });
        match probe {
            Some(probe) => probe.stage(checked?),
            None => checked,
        }
    }

    async fn decide(&self, check: Check, begun: Instant, timings: &mut Timings) -> Result<Checked, GuardrailError> {
        let Check { request_id, operation, payloads, side, mut context, policies, recording, deadline } = check;
        let session = self.sessions.key(&context);
        let asks = side.unwrap_or(payloads.direction()) == Direction::Request;
        let quarantine = asks.then(|| self.quarantined(&context)).flatten();
        let (payloads, judgement) = match quarantine {
            Some(quarantine) => {
                let judgement = suspended(&quarantine, &payloads);
                (payloads, judgement)
            }
            None => self.judge(payloads, side, &context, &policies, deadline, session).await?,
        };
        let Judgement { decision, coverage, model, tool, to_mask, late, lesson, repeats, timings: judging } = judgement;
        *timings = judging;
        context.name_model(model);
        context.name_tool(tool);
        if let Some(check) = Seen::current(decision.action == Action::Block) {
            describe(&context, &check);
        }
        let masked = if operation == Operation::Mutate && decision.action == Action::Mask {
            masked::mask(self.mask_key, &payloads, &to_mask, &repeats)?
        } else {
            Masked::default()
        };
        let is_told = recording == Recording::Never || self.record_late(late, &context, &policies, deadline).await?;
        if let (Some(lesson), Some(key), true) = (lesson, session, is_told) {
            Memory { sessions: &self.sessions, key }.learn(lesson);
        }
        let mut lap = Lap::start();
        let judged = Judged {
            decision: decision.clone(),
            coverage: coverage.clone(),
            duration_us: micros(lap.latest().duration_since(begun)),
            durations: timings.durations(),
        };
        let direction = side.unwrap_or(payloads.direction());
        let decided = Decided { request_id, operation, direction, context, policies, payloads, judged };
        self.keep(decided, recording, deadline).await?;
        if recording != Recording::Never {
            timings.ended(Stage::Record, &mut lap);
        }
        Ok(Checked { request_id, decision, coverage, masked })
    }

    /// Whether these answers are on disk.
    async fn record_late(
        &self,
        late: Vec<LateAnswer>,
        context: &CallContext,
        policies: &[String],
        deadline: Instant,
    ) -> Result<bool, LogError> {
        let late = late.into_iter().map(|answer| passed(answer, context, policies)).collect();
        let appended = self.log.append(late, deadline.into()).await?;
        Ok(!appended.into_iter().any(Appended::is_shed))
    }

    /// Records what was decided, when that is wanted.
    pub(super) async fn keep(&self, decided: Decided, recording: Recording, deadline: Instant) -> Result<(), LogError> {
        let wanted = match recording {
            Recording::Always | Recording::Decision => true,
            Recording::IfViolated => decided.judged.decision.action > Action::Allow,
            Recording::Never => false,
        };
        if wanted { self.record(decided.into(), recording, deadline).await } else { Ok(()) }
    }

    /// A refusal and an exchange are on disk before the answer; what lets a request pass is written behind.
    async fn record(&self, decision: NewRecord, recording: Recording, deadline: Instant) -> Result<(), LogError> {
        let blocked = decision.status == BLOCKED;
        let traffic = if recording == Recording::Decision { None } else { traffic(&decision) };
        let records = match traffic {
            None if !blocked => return self.log.append_behind(decision, deadline.into()).await,
            None => vec![decision],
            // The exchange says what the decision would: the payloads need not be kept twice.
            Some(exchange) if !blocked => vec![exchange],
            Some(exchange) => vec![decision, exchange],
        };
        self.log.append(records, deadline.into()).await.map(drop)
    }

    async fn judge(
        &self,
        payloads: Payloads,
        side: Option<Direction>,
        context: &CallContext,
        policies: &[String],
        deadline: Instant,
        session: Option<SessionKey>,
    ) -> Result<(Payloads, Judgement), GuardrailError> {
        let view = self.policies.view();
        if payloads.len() < LARGE {
            let memory = session.map(|key| Memory { sessions: &self.sessions, key });
            let judgement =
                judge::judge_in_session(&view.set, policies, &payloads, side, context, Some(deadline), memory)?;
            return Ok((payloads, judgement));
        }
        let waiting = telemetry::metrics().large_waits();
        let permit = tokio::time::timeout_at(deadline.into(), Arc::clone(&self.large).acquire_owned()).await;
        let permit = permit.map_err(|_| GuardrailError::Overloaded)?.map_err(|_| GuardrailError::Failed)?;
        drop(waiting);
        let (context, policies, sessions) = (context.clone(), policies.to_vec(), Arc::clone(&self.sessions));
        let task = tokio::task::spawn_blocking(move || {
            // Held here and not by the caller: a caller that goes away does not end the work.
            let _permit = permit;
            let memory = session.map(|key| Memory { sessions: &sessions, key });
            judge::judge_in_session(&view.set, &policies, &payloads, side, &context, Some(deadline), memory)
                .map(|judgement| (payloads, judgement))
        });
        Ok(task.await.map_err(|_| GuardrailError::Failed)??)
    }

    /// Records what has happened, all of it in one transaction or none. An exchange whose key was used before is not
    /// recorded again.
    pub async fn ingest(&self, exchanges: Vec<Exchange>, deadline: Instant) -> Result<Vec<Appended>, LogError> {
        self.log.append(exchanges.into_iter().map(|Exchange(record)| record).collect(), deadline.into()).await
    }

    /// Whether the requests of this call's session are refused.
    pub(super) fn quarantined(&self, context: &CallContext) -> Option<Quarantine> {
        self.sessions.quarantined(self.sessions.key(context)?)
    }

    /// That an answer is judged by itself: its session need not judge it when it comes back in a request.
    pub(super) fn answered(&self, context: &CallContext, payloads: &Payloads) {
        if let Some(key) = self.sessions.key(context) {
            answered(Memory { sessions: &self.sessions, key }, payloads);
        }
    }

    /// An exchange is judged later, so one that nobody can read is recorded all the same: it did happen.
    pub fn exchange(&self, ingest: Ingest) -> Result<Exchange, UnknownPolicy> {
        let Ingest { payloads, mut context, policies, sync, late, status, idempotency_key } = ingest;
        known(&self.policies.view(), &policies)?;
        if context.model.is_empty() {
            context.name_model(payloads.request().or(payloads.response()).and_then(extract::model));
        }
        if context.tool().is_empty() {
            context.name_tool(payloads.request().and_then(extract::tool));
        }
        self.answered(&context, &payloads);
        Ok(Exchange(NewRecord {
            kind: RecordKind::Exchange,
            request_id: Uuid::now_v7(),
            idempotency: idempotency_key.map(|key| IdempotencyKey::named(&context.principal, &key)),
            sync,
            late,
            direction: payloads.direction(),
            status,
            context,
            policies,
            outcome: RecordedOutcome::Pending,
            enforced: false,
            payloads,
        }))
    }
}

fn known(view: &Generation, names: &[String]) -> Result<(), UnknownPolicy> {
    match names.iter().find(|name| view.set.get(name).is_none()) {
        Some(name) => Err(UnknownPolicy(name.clone())),
        None => Ok(()),
    }
}

/// When an answer that is handed in comes back in a request, it is known. One that cannot be read is not, and the
/// analysis will say so.
fn answered(memory: Memory<'_>, payloads: &Payloads) {
    let response = payloads.response().map(|response| extract::extract(Direction::Response, response));
    if let Some(Ok(response)) = response {
        memory.answered(&response.segments);
    }
}

/// A request of a session in quarantine is refused as it is: nothing in it could change that.
pub(super) fn refusal(quarantine: &Quarantine) -> (Decision, Coverage) {
    let decision = Decision::fold(vec![judge::refusal(quarantine)]);
    (decision, Coverage::none(CoverageStatus::NotChecked, "the session is in quarantine"))
}

fn suspended(quarantine: &Quarantine, payloads: &Payloads) -> Judgement {
    let (mut timings, mut lap) = (Timings::default(), Lap::start());
    let (decision, coverage) = refusal(quarantine);
    timings.ended(Stage::Decide, &mut lap);
    Judgement {
        decision,
        coverage,
        model: payloads.request().and_then(extract::model),
        tool: payloads.request().and_then(extract::tool),
        to_mask: Vec::new(),
        late: Vec::new(),
        lesson: None,
        repeats: Vec::new(),
        timings,
    }
}

/// The call on its span, by OpenTelemetry's conventions for generative AI.
fn describe(context: &CallContext, check: &Seen) {
    check.note_name("gen_ai.request.model", &context.model);
    check.note_name("gen_ai.conversation.id", context.session());
    if context.tool().is_empty() {
        check.note("gen_ai.operation.name", "chat");
    } else {
        check.note("gen_ai.operation.name", "execute_tool");
        check.note_name("gen_ai.tool.name", context.tool());
    }
}

/// The record of an answer that had passed before it was seen.
fn passed(answer: LateAnswer, context: &CallContext, policies: &[String]) -> NewRecord {
    let LateAnswer { exchange, judged, idempotency } = answer;
    NewRecord {
        kind: RecordKind::Exchange,
        request_id: Uuid::now_v7(),
        idempotency: Some(idempotency),
        sync: true,
        late: true,
        direction: Direction::Response,
        status: 200,
        context: CallContext { envelope: Bytes::new(), ..context.clone() },
        policies: policies.to_vec(),
        outcome: RecordedOutcome::Judged(judged),
        enforced: false,
        payloads: exchange,
    }
}

/// What was judged, and how it came out.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) request_id: Uuid,
    pub(super) operation: Operation,
    pub(super) direction: Direction,
    pub(super) context: CallContext,
    pub(super) policies: Vec<String>,
    pub(super) payloads: Payloads,
    pub(super) judged: Judged,
}

impl From<Decided> for NewRecord {
    fn from(decided: Decided) -> Self {
        let Decided { request_id, operation, direction, context, policies, payloads, judged } = decided;
        let action = judged.decision.action;
        Self {
            kind: RecordKind::Decision,
            request_id,
            idempotency: None,
            sync: true,
            late: false,
            direction,
            status: if action == Action::Block { BLOCKED } else { 200 },
            context,
            policies,
            outcome: RecordedOutcome::Judged(judged),
            enforced: match action {
                Action::Block => true,
                Action::Mask => operation == Operation::Mutate,
                Action::Allow | Action::Alert => false,
            },
            payloads,
        }
    }
}

/// What has happened by the time of a decision. A request and its answer, as they are: an answer that is refused was
/// given by the model all the same, and who refused it is in the record's status and violations. A request that is
/// refused has no other answer than the refusal. A request that may pass has not happened yet.
fn traffic(decision: &NewRecord) -> Option<NewRecord> {
    let (direction, payloads) = match &decision.payloads {
        both @ Payloads::Both { .. } => (decision.direction, both.clone()),
        Payloads::Request(request) if decision.status == BLOCKED => {
            let by = decision.outcome.judged()?.decision.violations.first()?;
            let by = serde_json::json!({ "x-blocked-by": format!("{}/{}", by.policy, by.rule) });
            let response = Payload::Json(Bytes::from(by.to_string()));
            (Direction::Response, Payloads::Both { request: request.clone(), response })
        }
        Payloads::Request(_) | Payloads::Response(_) => return None,
    };
    Some(NewRecord { kind: RecordKind::Exchange, direction, payloads, ..decision.clone() })
}

#[cfg(test)]
mod tests;
