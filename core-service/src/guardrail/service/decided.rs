//! What is recorded of a check.

use bytes::Bytes;
use uuid::Uuid;

use super::{super::judge::LateAnswer, Operation};
use crate::{
    domain::{
        decision::Action,
        exchange::{CallContext, Direction, Payload, Payloads},
    },
    record::{Judged, NewRecord, RecordKind, RecordedOutcome},
    session::Quarantine,
};

/// HTTP status of a call that was refused.
pub(super) const BLOCKED: u16 = 400;

/// The record of an answer that had passed before it was seen, and what its session has to bear for it.
pub(super) fn passed(answer: LateAnswer, context: &CallContext, policies: &[String]) -> (NewRecord, Vec<Quarantine>) {
    let LateAnswer { exchange, judged, idempotency, quarantines } = answer;
    let record = NewRecord {
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
    };
    (record, quarantines)
}

/// What was judged, and how it came out.
#[derive(Debug)]
pub(in crate::guardrail) struct Decided {
    pub(in crate::guardrail) request_id: Uuid,
    pub(in crate::guardrail) operation: Operation,
    pub(in crate::guardrail) direction: Direction,
    pub(in crate::guardrail) context: CallContext,
    pub(in crate::guardrail) policies: Vec<String>,
    pub(in crate::guardrail) payloads: Payloads,
    /// HTTP status of the model's answer.
    pub(in crate::guardrail) status: u16,
    pub(in crate::guardrail) judged: Judged,
}

impl From<Decided> for NewRecord {
    fn from(decided: Decided) -> Self {
        let Decided { request_id, operation, direction, context, policies, payloads, status: _, judged } = decided;
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
/// refused has no other answer than the refusal. A request that may pass has not happened yet. `answered` is the status of
/// the model's answer: of what is refused, that of the refusal stands.
pub(super) fn traffic(decision: &NewRecord, answered: u16) -> Option<NewRecord> {
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
    let status = if decision.status == BLOCKED { BLOCKED } else { answered };
    Some(NewRecord { kind: RecordKind::Exchange, direction, status, payloads, ..decision.clone() })
}
