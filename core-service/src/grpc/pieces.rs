//! Texts that come in pieces over one stream of `CheckStream`.
//!
//! Each text has a task of its own that judges its pieces in their order, and that records what was judged when no
//! more can come: also when the caller is gone.

use std::{collections::HashMap, sync::Arc, time::Duration};

use portcullis_api::{
    access::Principal,
    error::{ApiError, ErrorCode},
    v1::{self, CheckRequest, CheckResponse, CoverageView, Direction, Operation, Piece},
};
use tokio::{
    sync::{mpsc, mpsc::error::TrySendError, oneshot},
    time::timeout,
};
use tracing::Instrument as _;

use super::{convert, deadline, guardrail::recording, span::behind_caller, status};
use crate::{
    domain::exchange,
    foreground::Call,
    guardrail::{
        pieces::Terms,
        service::{Checked, Guardrail},
        text::{Open, OpenTexts, Text},
    },
};

/// Texts of one stream that are open at the same time.
const OPEN: usize = 16;
/// Bytes of one piece: about half a millisecond.
const PIECE_BYTES: usize = 32 << 10;

/// A text that gets no piece for so long is at its end: what is kept of it would be kept for as long as the stream.
const IDLE: Duration = Duration::from_secs(120);

type Answer = Result<CheckResponse, ApiError>;

struct Ask {
    piece: Piece,
    answer: oneshot::Sender<Answer>,
}

/// The texts of one stream.
#[derive(Debug)]
pub(super) struct Texts {
    guardrail: Arc<Guardrail>,
    payload_bytes: usize,
    /// Answers that can wait in a text's task.
    waiting: usize,
    /// Whose stream it is.
    caller: Option<Principal>,
    /// Those of all streams.
    all: OpenTexts,
    open: HashMap<String, mpsc::Sender<Ask>>,
    idle: Duration,
}

impl Texts {
    pub(super) fn new(
        guardrail: Arc<Guardrail>,
        payload_bytes: usize,
        waiting: usize,
        caller: Option<Principal>,
        all: OpenTexts,
    ) -> Self {
        Self { guardrail, payload_bytes, waiting, caller, all, open: HashMap::new(), idle: IDLE }
    }

    /// No piece comes any more.
    pub(super) fn end(&mut self) {
        self.open.clear();
    }

    /// Hands the piece to its text. After an error the text is at its end: it lacks a piece.
    pub(super) fn route(
        &mut self,
        id: &str,
        check: Option<CheckRequest>,
        piece: Piece,
    ) -> Result<oneshot::Receiver<Answer>, ApiError> {
        let known = self.open.remove(id);
        self.open.retain(|_, text| !text.is_closed());
        let text = match (known, check) {
            (Some(_), Some(_)) => return Err(convert::invalid("check", "only the first piece of a text has it")),
            (Some(text), None) => text,
            (None, None) => return Err(convert::invalid("check", "the first piece of a text says how to judge it")),
            (None, Some(_)) if self.open.len() == OPEN => {
                return Err(convert::invalid("id", format_args!("more than {OPEN} texts are open")));
            }
            (None, Some(check)) => self.start(check)?,
        };
        if piece.text.len() > PIECE_BYTES {
            return Err(convert::invalid("piece.text", format_args!("longer than {PIECE_BYTES} bytes")));
        }
        let last = piece.last;
        let (answer, answered) = oneshot::channel();
        let asked = text.try_send(Ask { piece, answer });
        asked.map_err(|error| match error {
            TrySendError::Full(_) => ApiError::new(ErrorCode::Overloaded, "too many pieces of this text are waiting"),
            TrySendError::Closed(_) => ended(),
        })?;
        if !last {
            self.open.insert(id.to_owned(), text);
        }
        Ok(answered)
    }

    fn start(&self, check: CheckRequest) -> Result<mpsc::Sender<Ask>, ApiError> {
        let view =
            CoverageView::try_from(check.coverage_view).map_err(|_| convert::invalid("coverage_view", "unknown"))?;
        // Not part of the stream, which has other texts.
        let span = tracing::info_span!(parent: None, "check", request_id = tracing::field::Empty);
        let span = behind_caller(span, check.context.as_ref(), None);
        let open = span.in_scope(|| open(check, self.payload_bytes, self.caller.as_ref()))?;
        let text = Text::open(&self.guardrail, open, &self.all).map_err(status::from_unknown_policy)?;
        span.record("request_id", tracing::field::display(text.request_id()));
        let (asks, asked) = mpsc::channel(self.waiting);
        tokio::spawn(run(text, asked, view, self.idle).instrument(span));
        Ok(asks)
    }
}

/// To a piece that came too late.
fn ended() -> ApiError {
    ApiError::new(ErrorCode::RequestTimeout, "the text was ended: a piece of it failed, or none came for too long")
}

async fn run(mut text: Text, mut asked: mpsc::Receiver<Ask>, view: CoverageView, idle: Duration) {
    let mut failed = false;
    loop {
        let Ok(next) = timeout(idle, asked.recv()).await else {
            // What came just now is still answered.
            asked.close();
            continue;
        };
        let Some(Ask { piece, answer }) = next else { break };
        if failed {
            // It came before anybody knew.
            let _ = answer.send(Err(ended()));
            continue;
        }
        let call = Call::begin();
        let checked = text.piece(&piece.text, piece.last, deadline::default()).await;
        drop(call);
        if checked.is_err() {
            failed = true;
            asked.close();
        }
        let answered = checked.map_err(status::from_guardrail).map(|checked| {
            let Checked { request_id, decision, coverage, masked: _, shed } = checked;
            CheckResponse { shed, ..convert::check_response(request_id.to_string(), decision, coverage, view) }
        });
        // A caller that is gone needs no answer.
        let _ = answer.send(answered);
    }
    if let Err(error) = text.end(deadline::default()).await {
        tracing::error!(%error, "what was judged of a text in pieces could not be recorded");
    }
}

fn open(check: CheckRequest, payload_bytes: usize, caller: Option<&Principal>) -> Result<Open, ApiError> {
    if let Ok(Operation::Mutate) | Err(_) = Operation::try_from(check.operation) {
        return Err(convert::invalid("check.operation", "a text in pieces can be validated alone"));
    }
    let direction = match Direction::try_from(check.judge) {
        Ok(Direction::Unspecified | Direction::Response) => exchange::Direction::Response,
        Ok(Direction::Request) => exchange::Direction::Request,
        Err(_) => return Err(convert::invalid("check.judge", "unknown")),
    };
    let none = |field: &str, payload: &Option<v1::Payload>| match payload {
        None => Ok(()),
        Some(_) => Err(convert::invalid(field, "the pieces are what is judged")),
    };
    none("check.response", &check.response)?;
    if direction == exchange::Direction::Request {
        none("check.request", &check.request)?;
    }
    let request = check.request.map(|payload| convert::one("check.request", payload, payload_bytes)).transpose()?;
    Ok(Open {
        terms: Terms {
            policies: convert::policies(check.policies)?,
            context: convert::context(check.context, caller)?,
            direction,
        },
        request,
        recording: recording(check.recording)?,
        status: convert::http_status(check.status)?,
    })
}

#[cfg(test)]
mod tests;
