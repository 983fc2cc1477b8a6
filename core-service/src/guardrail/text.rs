//! A text in pieces as a use case: judged piece by piece, recorded once.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use uuid::Uuid;

use super::{
    masked::Masked,
    pieces::{Pieces, Terms},
    service::{Checked, Decided, Guardrail, GuardrailError, Operation, Recording, refusal},
};
use crate::{
    domain::{
        coverage::Coverage,
        decision::{Action, Decision},
        exchange::{Direction, Payload, Payloads},
        timing::micros,
    },
    extract,
    policy::{live::Generation, set::UnknownPolicy},
    record::{Judged, LogError},
    telemetry::{self, CheckEnded, Source, Verdict},
};

/// Bytes of a text that are recorded: a stream has no end that could be waited for. The receipt counts all of it.
pub const RECORDED: usize = 1 << 20;

/// How a text is opened.
#[derive(Debug)]
pub struct Open {
    pub terms: Terms,
    /// What the text answers, for the record.
    pub request: Option<Payload>,
    pub recording: Recording,
}

/// One text, under the policies that were in force when it began.
#[derive(Debug)]
pub struct Text {
    guardrail: Arc<Guardrail>,
    view: Arc<Generation>,
    pieces: Pieces,
    request: Option<Payload>,
    recording: Recording,
    request_id: Uuid,
    text: String,
    spent: Duration,
    last: Option<(Decision, Coverage)>,
    /// Once its session was in quarantine.
    refusal: Option<(Decision, Coverage)>,
    recorded: bool,
}

impl Text {
    pub fn open(guardrail: &Arc<Guardrail>, open: Open) -> Result<Self, UnknownPolicy> {
        let Open { mut terms, request, recording } = open;
        let view = guardrail.policies().view();
        if terms.context.model.is_empty() {
            terms.context.name_model(request.as_ref().and_then(extract::model));
        }
        if let Some(name) = terms.policies.iter().find(|name| view.set.get(name).is_none()) {
            return Err(UnknownPolicy(name.clone()));
        }
        Ok(Self {
            guardrail: Arc::clone(guardrail),
            view,
            pieces: Pieces::new(terms),
            request,
            recording,
            request_id: Uuid::now_v7(),
            text: String::new(),
            spent: Duration::ZERO,
            last: None,
            refusal: None,
            recorded: false,
        })
    }

    pub const fn request_id(&self) -> Uuid {
        self.request_id
    }

    /// The verdict on the text so far. With the last piece, or as soon as it is blocked, it is recorded, and that is
    /// on disk or not as it is with any other check.
    pub async fn piece(&mut self, piece: &str, last: bool, deadline: Instant) -> Result<Checked, GuardrailError> {
        let begun = Instant::now();
        let (decision, coverage) = match self.refused() {
            Some(refusal) => refusal,
            None => self
                .pieces
                .push(&self.view.set, piece, Some(deadline))
                .map_err(|unknown| GuardrailError::Judge(unknown.into()))?,
        };
        self.spent += begun.elapsed();
        let room = RECORDED.saturating_sub(self.text.len()).min(piece.len());
        self.text.push_str(&piece[..piece.floor_char_boundary(room)]);
        self.last = Some((decision.clone(), coverage.clone()));
        if last || decision.action == Action::Block {
            self.record(deadline).await?;
        }
        Ok(Checked { request_id: self.request_id, decision, coverage, masked: Masked::default() })
    }

    /// A text to a model is refused while its session is in quarantine, and from then on, like any other request.
    fn refused(&mut self) -> Option<(Decision, Coverage)> {
        let Terms { context, direction, .. } = self.pieces.terms();
        if self.refusal.is_none() && *direction == Direction::Request {
            let quarantine = self.guardrail.quarantined(context);
            self.refusal = quarantine.map(|quarantine| refusal(&quarantine));
        }
        self.refusal.clone()
    }

    /// Nothing more comes. What was judged of a text without a last piece is recorded.
    pub async fn end(mut self, deadline: Instant) -> Result<(), LogError> {
        self.record(deadline).await
    }

    async fn record(&mut self, deadline: Instant) -> Result<(), LogError> {
        if self.recorded {
            return Ok(());
        }
        let Some((decision, coverage)) = self.last.clone() else { return Ok(()) };
        let Terms { policies, context, direction } = self.pieces.terms();
        let text = Payload::Text(self.text.clone());
        let payloads = match (direction, self.request.clone()) {
            (Direction::Request, _) => Payloads::Request(text),
            (Direction::Response, Some(request)) => Payloads::Both { request, response: text },
            (Direction::Response, None) => Payloads::Response(text),
        };
        let decided = Decided {
            request_id: self.request_id,
            operation: Operation::Validate,
            direction: *direction,
            context: context.clone(),
            policies: policies.clone(),
            payloads,
            judged: Judged { decision, coverage, duration_us: micros(self.spent), durations: self.pieces.durations() },
        };
        self.guardrail.answered(&decided.context, &decided.payloads);
        let source = Source::of(&decided.context.source).unwrap_or(Source::Other);
        let direction = decided.direction;
        self.guardrail.keep(decided, self.recording, deadline).await?;
        if let Some((decision, coverage)) = &self.last {
            let outcome = Ok(Verdict { decision, coverage });
            telemetry::emit(CheckEnded {
                request_id: self.request_id,
                source,
                direction,
                elapsed: self.spent,
                timings: None,
                outcome,
            });
        }
        self.recorded = true;
        Ok(())
    }
}
