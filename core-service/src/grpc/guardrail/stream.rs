//! Many questions over one stream, answered in their order.

use std::{pin::Pin, sync::Arc};

use futures_util::{Stream, StreamExt as _, stream};
use portcullis_api::{
    access::Principal,
    error::{self, ApiError, ErrorCode},
    v1::{CheckRequest, CheckResponse, CheckStreamRequest, CheckStreamResponse},
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::{GuardrailApi, outcome};
use crate::grpc::{convert, pieces::Texts, status};

/// Questions of one stream that are judged at the same time.
const IN_FLIGHT: usize = 16;
/// Bytes of a question's id.
const MAX_ID: usize = 128;

pub(super) type Answers = Pin<Box<dyn Stream<Item = Result<CheckStreamResponse, Status>> + Send>>;

enum Turn {
    Whole(Option<Box<CheckRequest>>),
    Piece(oneshot::Receiver<Result<CheckResponse, ApiError>>),
}

/// A text's task ended without an answer: that is a defect, and never a pass.
fn lost() -> ApiError {
    ApiError::new(ErrorCode::Internal, "the check failed; the log has the cause")
}

/// Answers what comes until it ends, breaks off, or the service stops.
pub(super) fn answers<S>(api: GuardrailApi, caller: Option<Principal>, questions: S) -> Answers
where
    S: Stream<Item = Result<CheckStreamRequest, Status>> + Send + Unpin + 'static,
{
    let guardrail = Arc::clone(&api.guardrail);
    let mut texts = Texts::new(guardrail, api.payload_bytes, IN_FLIGHT, caller.clone(), api.texts.clone());
    let questions = until_stop(questions, api.stop.clone());
    // Called for each question in its order, and not when its turn comes: pieces are in order before anybody waits.
    let answers = questions.map(move |item| {
        let (api, caller) = (api.clone(), caller.clone());
        let routed = match item {
            Ok(question) => Ok(route(&mut texts, question)),
            Err(status) => {
                // Nothing more comes: what was judged is recorded now, and not when the caller has taken the last answer.
                texts.end();
                Err(status)
            }
        };
        async move {
            let (turn, id) = routed?;
            let answer = match turn {
                Ok(Turn::Whole(check)) => api.answer(check.map(|check| *check), caller.as_ref()).await,
                Ok(Turn::Piece(answered)) => answered.await.unwrap_or_else(|_| Err(lost())),
                Err(error) => Err(error),
            };
            Ok(CheckStreamResponse { id, outcome: Some(outcome(answer)) })
        }
    });
    Box::pin(answers.buffered(IN_FLIGHT))
}

/// What comes, up to an error; and one when the service stops.
fn until_stop<S>(
    questions: S,
    stop: CancellationToken,
) -> impl Stream<Item = Result<CheckStreamRequest, Status>> + Send + 'static
where
    S: Stream<Item = Result<CheckStreamRequest, Status>> + Send + Unpin + 'static,
{
    stream::unfold(Some((questions, stop)), |open| async move {
        let (mut questions, stop) = open?;
        let next = tokio::select! {
            biased;
            () = stop.cancelled() => Some(Err(status::stopping().into())),
            next = questions.next() => next,
        };
        Some(match next? {
            Ok(question) => (Ok(question), Some((questions, stop))),
            Err(status) => (Err(error::unread(&status).unwrap_or(status)), None),
        })
    })
}

/// The question's turn, and its id. One that is too long is refused, and not sent back.
fn route(texts: &mut Texts, question: CheckStreamRequest) -> (Result<Turn, ApiError>, String) {
    let CheckStreamRequest { id, check, piece } = question;
    if id.len() > MAX_ID {
        return (Err(convert::invalid("id", format_args!("longer than {MAX_ID} bytes"))), String::new());
    }
    let turn = match piece {
        Some(piece) => texts.route(&id, check, piece).map(Turn::Piece),
        None => Ok(Turn::Whole(check.map(Box::new))),
    };
    (turn, id)
}

#[cfg(test)]
mod tests;
