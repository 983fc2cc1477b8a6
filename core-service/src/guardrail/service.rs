//! Check and ingest.

mod aside;
mod bearing;
mod decided;
mod unfinished;

use std::{sync::Arc, time::Instant};

use portcullis_api::trace::Seen;
use tokio::sync::Semaphore;
use uuid::Uuid;

pub(super) use self::decided::Decided;
use self::{
    bearing::Bearing,
    decided::{BLOCKED, passed, traffic},
    unfinished::Unfinished,
};
use super::{
    canary::runs::Runs,
    judge::{self, Blocking, JudgeError, Judgement, LateAnswer, Memory, Repeat, ToMask},
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

/// Payloads from here on are judged, masked and read off the runtime's own threads: 64 KiB take about a millisecond, and
/// who else is served by that thread must not wait longer.
const LARGE: usize = 64 << 10;

#[derive(Debug, thiserror::Error)]
pub enum GuardrailError {
    #[error(transparent)]
    Judge(#[from] JudgeError),
    #[error(transparent)]
    Log(#[from] LogError),
    /// No room to read a large payload before the deadline.
    #[error("too many large payloads are being read; nothing was recorded, try again")]
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
    pub(super) const fn class(&self) -> CheckFailure {
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
    /// The HTTP status of the model's answer, for the exchange.
    pub status: u16,
    pub deadline: Instant,
}

#[derive(Debug)]
pub struct Checked {
    pub request_id: Uuid,
    pub decision: Decision,
    pub coverage: Coverage,
    pub masked: Masked,
    /// The disk did not take the record, as far as that is known by now.
    pub shed: bool,
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
        let Check { request_id, operation, payloads, side, mut context, policies, recording, status, deadline } = check;
        let session = self.sessions.key(&context);
        let asks = side.unwrap_or(payloads.direction()) == Direction::Request;
        let quarantine = asks.then(|| self.quarantined(&context)).flatten();
        let (payloads, judgement) = match quarantine {
            Some(quarantine) => {
                let judgement = self.suspended(&quarantine, payloads.request()).await;
                (payloads, judgement)
            }
            None => self.judge(payloads, side, &context, &policies, deadline, session).await?,
        };
        *timings = judgement.timings;
        let Judgement {
            decision, coverage, model, tool, to_mask, late, lesson, quarantines, repeats, answered, ..
        } = judgement;
        context.name_model(model);
        context.name_tool(tool);
        if let Some(check) = Seen::current(decision.action == Action::Block) {
            describe(&context, &check);
        }
        let (payloads, masked) = if operation == Operation::Mutate && decision.action == Action::Mask {
            self.mask(payloads, to_mask, repeats, deadline).await?
        } else {
            (payloads, Masked::default())
        };
        let is_told = if recording == Recording::Never {
            drop(self.bearing(session, late.into_iter().flat_map(|answer| answer.quarantines)));
            true
        } else {
            self.record_late(late, &context, &policies, session, deadline).await?
        };
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
        let decided = Decided { request_id, operation, direction, context, policies, payloads, status, judged };
        let mut bearing = self.bearing(session, quarantines);
        let shed = self.keep(decided, recording, deadline).await.inspect_err(|_| bearing.lift())?;
        if shed {
            bearing.lift();
        }
        drop(bearing);
        // An answer of which nothing was recorded is judged when it comes back: the caller may have let it pass unchecked.
        if let Some(key) = session
            && !shed
        {
            self.sessions.answered(key, &answered);
        }
        if recording != Recording::Never {
            timings.ended(Stage::Record, &mut lap);
        }
        Ok(Checked { request_id, decision, coverage, masked, shed })
    }

    /// Whether these answers are on disk. Their session bears what was not there before.
    async fn record_late(
        &self,
        late: Vec<LateAnswer>,
        context: &CallContext,
        policies: &[String],
        session: Option<SessionKey>,
        deadline: Instant,
    ) -> Result<bool, LogError> {
        let passed = late.into_iter().map(|answer| passed(answer, context, policies));
        let (late, quarantines): (Vec<_>, Vec<_>) = passed.unzip();
        let mut bearing = self.bearing(session, quarantines.iter().flatten().cloned());
        let appended = self.log.append(late, deadline.into()).await.inspect_err(|_| bearing.lift())?;
        bearing.lift();
        let is_new = |appended: &Appended| appended.duplicate_of.is_none() && !appended.is_shed();
        let new = appended.iter().zip(quarantines).filter(|(appended, _)| is_new(appended));
        drop(self.bearing(session, new.flat_map(|(_, quarantines)| quarantines)));
        Ok(!appended.into_iter().any(Appended::is_shed))
    }

    /// What a session has to bear from when this is dropped.
    fn bearing(&self, session: Option<SessionKey>, quarantines: impl IntoIterator<Item = Quarantine>) -> Bearing<'_> {
        let quarantines = if session.is_some() { quarantines.into_iter().collect() } else { Vec::new() };
        Bearing { sessions: &self.sessions, session, quarantines }
    }

    /// Records what was decided, when that is wanted. Whether it is known to be shed.
    pub(super) async fn keep(
        &self,
        decided: Decided,
        recording: Recording,
        deadline: Instant,
    ) -> Result<bool, LogError> {
        let wanted = match recording {
            Recording::Always | Recording::Decision => true,
            Recording::IfViolated => decided.judged.decision.action > Action::Allow,
            Recording::Never => false,
        };
        if wanted { self.record(decided, recording, deadline).await } else { Ok(false) }
    }

    /// A refusal and an exchange are on disk before the answer; what lets a request pass is written behind.
    async fn record(&self, decided: Decided, recording: Recording, deadline: Instant) -> Result<bool, LogError> {
        let answered = decided.status;
        let decision = NewRecord::from(decided);
        let blocked = decision.status == BLOCKED;
        let traffic = if recording == Recording::Decision { None } else { traffic(&decision, answered) };
        let records = match traffic {
            None if !blocked => return self.log.append_behind(decision, deadline.into()).await.map(|()| false),
            None => vec![decision],
            // The exchange says what the decision would: the payloads need not be kept twice.
            Some(exchange) if !blocked => vec![exchange],
            Some(exchange) => vec![decision, exchange],
        };
        let appended = self.log.append(records, deadline.into()).await?;
        Ok(appended.into_iter().any(Appended::is_shed))
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
        let (context, policies, sessions) = (context.clone(), policies.to_vec(), Arc::clone(&self.sessions));
        let work = move || {
            let memory = session.map(|key| Memory { sessions: &sessions, key });
            judge::judge_in_session(&view.set, &policies, &payloads, side, &context, Some(deadline), memory)
                .map(|judgement| (payloads, judgement))
        };
        Ok(self.aside(deadline, work).await??)
    }

    /// The payloads, and what masking makes of them.
    async fn mask(
        &self,
        payloads: Payloads,
        to_mask: Vec<ToMask>,
        repeats: Vec<Repeat>,
        deadline: Instant,
    ) -> Result<(Payloads, Masked), GuardrailError> {
        let (key, bytes) = (self.mask_key, payloads.len());
        let work = move || masked::mask(key, &payloads, &to_mask, &repeats).map(|masked| (payloads, masked));
        Ok(self.aside_if_large(bytes, deadline, work).await??)
    }

    /// Records what has happened, all of it in one transaction or none. An exchange whose key was used before is not
    /// recorded again.
    pub async fn ingest(&self, exchanges: Vec<Exchange>, deadline: Instant) -> Result<Vec<Appended>, GuardrailError> {
        let bytes = exchanges.iter().map(|Exchange(record)| record.payloads.len()).sum();
        let sessions = Arc::clone(&self.sessions);
        let work = move || {
            let all = exchanges.into_iter().map(|exchange| read(exchange, &sessions));
            all.unzip::<_, _, Vec<_>, Vec<_>>()
        };
        let (records, answers) = self.aside_if_large(bytes, deadline, work).await?;
        let appended = self.log.append(records, deadline.into()).await?;
        // What was shed nobody judges.
        let judged = appended.iter().zip(answers).filter(|(appended, _)| !appended.is_shed());
        for (key, pieces) in judged.filter_map(|(_, answer)| answer) {
            self.sessions.answered(key, &pieces);
        }
        Ok(appended)
    }

    /// Whether the requests of this call's session are refused.
    pub(super) fn quarantined(&self, context: &CallContext) -> Option<Quarantine> {
        self.sessions.quarantined(self.sessions.key(context)?)
    }

    /// What an answer that is judged by itself is known by when it comes back in a request: its session need not judge it
    /// then. A large one for which there is no room at once is judged again, since nobody should wait for this.
    pub(super) async fn answered(&self, context: &CallContext, payloads: &Payloads) -> Option<(SessionKey, Vec<u64>)> {
        let key = self.sessions.key(context)?;
        let (bytes, sessions, payloads) = (payloads.len(), Arc::clone(&self.sessions), payloads.clone());
        let read = move || answer(&sessions, key, &payloads);
        let pieces = self.aside_if_large(bytes, Instant::now(), read).await.ok()??;
        Some((key, pieces))
    }

    /// That it was judged, and that this is recorded as it was wanted.
    pub(super) fn remember(&self, (key, pieces): &(SessionKey, Vec<u64>)) {
        self.sessions.answered(*key, pieces);
    }

    /// A request of a session in quarantine. What it names is for the record: of a large one only where there is room to
    /// read it at once, since a refusal waits for nothing.
    async fn suspended(&self, quarantine: &Quarantine, request: Option<&Payload>) -> Judgement {
        let (mut timings, mut lap) = (Timings::default(), Lap::start());
        let (mut model, mut tool) = (None, None);
        if let Some(Payload::Json(json)) = request {
            let (bytes, request) = (json.len(), Payload::Json(json.clone()));
            let read = move || (extract::model(&request), extract::tool(&request));
            (model, tool) = self.aside_if_large(bytes, Instant::now(), read).await.unwrap_or_default();
        }
        timings.ended(Stage::Extract, &mut lap);
        let (decision, coverage) = refusal(quarantine);
        timings.ended(Stage::Decide, &mut lap);
        Judgement {
            decision,
            coverage,
            model,
            tool,
            to_mask: Vec::new(),
            late: Vec::new(),
            lesson: None,
            quarantines: Vec::new(),
            blocking: Blocking::default(),
            repeats: Vec::new(),
            answered: Vec::new(),
            timings,
        }
    }

    /// An exchange is judged later, so one that nobody can read is recorded all the same: it did happen. Its payloads
    /// are not read yet, whatever their size.
    pub fn exchange(&self, ingest: Ingest) -> Result<Exchange, UnknownPolicy> {
        let Ingest { payloads, context, policies, sync, late, status, idempotency_key } = ingest;
        known(&self.policies.view(), &policies)?;
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

/// An exchange with the names that its payloads tell, and its answer as [`answer`] says.
fn read(Exchange(mut record): Exchange, sessions: &Sessions) -> (NewRecord, Option<(SessionKey, Vec<u64>)>) {
    let NewRecord { context, payloads, .. } = &mut record;
    if context.model.is_empty() {
        context.name_model(payloads.request().or(payloads.response()).and_then(extract::model));
    }
    if context.tool().is_empty() {
        context.name_tool(payloads.request().and_then(extract::tool));
    }
    let answer = sessions.key(context).and_then(|key| Some((key, answer(sessions, key, payloads)?)));
    (record, answer)
}

/// When an answer that is handed in comes back in a request, it is known by these pieces. One that cannot be read is
/// not, and the analysis will say so.
fn answer(sessions: &Sessions, key: SessionKey, payloads: &Payloads) -> Option<Vec<u64>> {
    let response = extract::answer(payloads)?.ok()?;
    Some(Memory { sessions, key }.pieces(&response.segments))
}

/// A request of a session in quarantine is refused as it is: nothing in it could change that.
pub(super) fn refusal(quarantine: &Quarantine) -> (Decision, Coverage) {
    let decision = Decision::fold(vec![judge::refusal(quarantine)]);
    (decision, Coverage::none(CoverageStatus::NotChecked, "the session is in quarantine"))
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

#[cfg(test)]
mod tests;
