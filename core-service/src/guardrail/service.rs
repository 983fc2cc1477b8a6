//! Check and ingest.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::judge::{self, JudgeError, Judgement};
use crate::{
    domain::{
        coverage::Coverage,
        decision::{Action, Decision},
        exchange::{CallContext, Direction, Payload, Payloads},
    },
    extract,
    policy::{
        live::{Generation, Live},
        set::UnknownPolicy,
    },
    record::{Judged, Log, LogError, NewRecord, RecordKind, RecordedOutcome},
};

/// Payloads from here on are judged off the runtime's own threads: 64 KiB take about a millisecond, and who else
/// is served by that thread must not wait longer.
const LARGE: usize = 64 << 10;

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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recording {
    Always,
    IfViolated,
    Never,
}

#[derive(Debug)]
pub struct Check {
    pub payloads: Payloads,
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
}

#[derive(Debug)]
pub struct Ingest {
    pub payloads: Payloads,
    pub context: CallContext,
    pub policies: Vec<String>,
    pub sync: bool,
    pub status: u16,
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
}

impl Guardrail {
    pub fn new(policies: Arc<Live>, log: Arc<Log>) -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self { policies, log, large: Arc::new(Semaphore::new(threads)) }
    }

    pub fn policies(&self) -> &Arc<Live> {
        &self.policies
    }

    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// Judges now. What stands in the way of a call is on disk before the answer; what lets it pass is written
    /// behind.
    pub async fn check(&self, check: Check) -> Result<Checked, GuardrailError> {
        let Check { payloads, mut context, policies, recording, deadline } = check;
        let request_id = Uuid::now_v7();
        let begun = Instant::now();
        let (payloads, judgement) = self.judge(payloads, &context, &policies, deadline).await?;
        let Judgement { decision, coverage, model } = judgement;
        if context.model.is_empty() {
            context.model = model.unwrap_or_default();
        }
        let wanted = match recording {
            Recording::Always => true,
            Recording::IfViolated => decision.action > Action::Allow,
            Recording::Never => false,
        };
        if wanted {
            let judged =
                Judged { decision: decision.clone(), coverage: coverage.clone(), duration_us: micros(begun.elapsed()) };
            self.record(request_id, context, policies, payloads, judged, deadline).await?;
        }
        Ok(Checked { request_id, decision, coverage })
    }

    async fn record(
        &self,
        request_id: Uuid,
        context: CallContext,
        policies: Vec<String>,
        payloads: Payloads,
        judged: Judged,
        deadline: Instant,
    ) -> Result<(), LogError> {
        let blocked = judged.decision.action == Action::Block;
        let decision = NewRecord {
            kind: RecordKind::Decision,
            request_id,
            sync: true,
            direction: payloads.direction(),
            status: if blocked { 400 } else { 200 },
            context,
            policies,
            outcome: RecordedOutcome::Judged(judged),
            enforced: blocked,
            payloads,
        };
        if blocked {
            let traffic = refused(&decision);
            self.log.append([Some(decision), traffic].into_iter().flatten().collect(), deadline.into()).await.map(drop)
        } else {
            self.log.append_behind(decision, deadline.into()).await
        }
    }

    async fn judge(
        &self,
        payloads: Payloads,
        context: &CallContext,
        policies: &[String],
        deadline: Instant,
    ) -> Result<(Payloads, Judgement), GuardrailError> {
        let view = self.policies.view();
        if payloads.len() < LARGE {
            let judgement = judge::judge(&view.set, policies, &payloads, context, Some(deadline))?;
            return Ok((payloads, judgement));
        }
        let permit = tokio::time::timeout_at(deadline.into(), Arc::clone(&self.large).acquire_owned()).await;
        let permit = permit.map_err(|_| GuardrailError::Overloaded)?.map_err(|_| GuardrailError::Failed)?;
        let (context, policies) = (context.clone(), policies.to_vec());
        let task = tokio::task::spawn_blocking(move || {
            // Held here and not by the caller: a caller that goes away does not end the work.
            let _permit = permit;
            judge::judge(&view.set, &policies, &payloads, &context, Some(deadline))
                .map(|judgement| (payloads, judgement))
        });
        Ok(task.await.map_err(|_| GuardrailError::Failed)??)
    }

    /// Records what has happened, all of it in one transaction or none, and answers with the sequences.
    pub async fn ingest(&self, exchanges: Vec<Exchange>, deadline: Instant) -> Result<Vec<u64>, LogError> {
        self.log.append(exchanges.into_iter().map(|Exchange(record)| record).collect(), deadline.into()).await
    }

    /// An exchange is judged later, so one that nobody can read is recorded all the same: it did happen.
    pub fn exchange(&self, ingest: Ingest) -> Result<Exchange, UnknownPolicy> {
        let Ingest { payloads, mut context, policies, sync, status } = ingest;
        known(&self.policies.view(), &policies)?;
        if context.model.is_empty() {
            context.model = payloads.request().or(payloads.response()).and_then(extract::model).unwrap_or_default();
        }
        Ok(Exchange(NewRecord {
            kind: RecordKind::Exchange,
            request_id: Uuid::now_v7(),
            sync,
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

/// The traffic record of a call that was refused: the request, and the refusal in the place of the response.
fn refused(decision: &NewRecord) -> Option<NewRecord> {
    let Payloads::Request(request) = &decision.payloads else { return None };
    let by = decision.outcome.judged()?.decision.violations.first()?;
    let by = serde_json::json!({ "x-blocked-by": format!("{}/{}", by.policy, by.rule) });
    Some(NewRecord {
        kind: RecordKind::Exchange,
        direction: Direction::Response,
        payloads: Payloads::Both { request: request.clone(), response: Payload::Json(Bytes::from(by.to_string())) },
        ..decision.clone()
    })
}

pub(super) fn micros(elapsed: Duration) -> u32 {
    u32::try_from(elapsed.as_micros()).unwrap_or(u32::MAX)
}
